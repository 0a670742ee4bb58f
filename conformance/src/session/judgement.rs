use super::{Argument, Buffer, Session};
use crate::script::Line;
use crate::verdict::Outcome;

impl Session {
    /// The rule wants this call to be answered with a status other than success, whichever.
    ///
    /// # Errors
    /// Stops the case if it succeeds, or the library has no such function.
    pub fn fails<const N: usize>(&self, name: &str, arguments: [Argument; N]) -> Outcome {
        let status = self.int();
        self.assign(status, name, arguments)?;
        let failed = status.value() != 0;
        self.check(failed, format!("{} != 0", status.name), format!("{name} answered NRT_SUCCESS"))
    }

    /// The same for a call that libraries may end the process on, as the vendor's does where a range leaves a
    /// tensor: an abort in this call ends the case well, and whatever would follow is not looked at.
    ///
    /// # Errors
    /// As [`Session::fails`].
    pub fn refuses<const N: usize>(&self, name: &str, arguments: [Argument; N]) -> Outcome {
        self.write(Line::MayAbort);
        self.fails(name, arguments)
    }

    /// The rule wants both buffers, of equal size, to hold the same bytes.
    ///
    /// # Errors
    /// Stops the case if they do not.
    pub fn equal(&self, a: Buffer, b: Buffer, what: &str) -> Outcome {
        let in_c = format!("memcmp({}, {}, sizeof {}) == 0", a.name, b.name, a.name);
        self.check(a.bytes() == b.bytes(), in_c, what)
    }
}
