use super::Session;
use super::argument::invoke;
use crate::abi::Status;
use crate::verdict::Outcome;

/// A function of the library for rules whose threads call it, or that call it too often to write each call
/// down. A rule that uses one gives the program that shows the same ([`Session::program`]).
#[derive(Debug, Clone, Copy)]
pub struct Direct(usize);

impl Session {
    /// The newest form of the function `name`, without a record of calls.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn direct(&self, name: &str) -> Outcome<Direct> {
        self.address(name).map(Direct)
    }
}

impl Direct {
    /// Calls it; what comes back, all 64 bits. The rule passes as many numbers and addresses as it takes.
    pub fn call(self, arguments: &[u64]) -> u64 {
        // SAFETY: the rule passes what the prototype asks for, and places that live for good.
        unsafe { invoke(self.0, arguments) }
    }

    /// Calls it; the status.
    #[must_use]
    pub fn status(self, arguments: &[u64]) -> Status {
        Status((self.call(arguments) as u32).cast_signed())
    }
}
