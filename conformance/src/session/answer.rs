use super::Session;
use crate::abi::{Function, Returns, Status};
use crate::script::Line;
use crate::verdict::{Outcome, Stop};

/// What a call returned. It has to be judged, or set aside on purpose.
#[derive(Debug)]
#[must_use = "judge it, or set it aside with `ignored`"]
pub struct Answer<'a> {
    session: &'a Session,
    function: &'static Function,
    value: u64,
}

impl<'a> Answer<'a> {
    pub(super) fn new(session: &'a Session, function: &'static Function, value: u64) -> Answer<'a> {
        Answer { session, function, value }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        Status((self.value as u32).cast_signed())
    }

    /// All 64 bits, for functions that return addresses or sizes.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The rule wants this status.
    ///
    /// # Errors
    /// Stops the case if it is another.
    pub fn is(self, wanted: Status) -> Outcome {
        self.is_one_of(&[wanted])
    }

    /// The rule wants one of these.
    ///
    /// # Errors
    /// Stops the case if it is another.
    pub fn is_one_of(self, wanted: &[Status]) -> Outcome {
        self.write(wanted);
        if wanted.contains(&self.status()) { Ok(()) } else { Err(Stop::failed(self.complaint(wanted))) }
    }

    /// The rule needs this to work before it can look at anything.
    ///
    /// # Errors
    /// Stops the case if it did not work.
    pub fn needed(self) -> Outcome {
        if self.function.returns() != Returns::Status {
            return Ok(());
        }
        let wanted = [Status::SUCCESS];
        self.write(&wanted);
        if self.status() == wanted[0] { Ok(()) } else { Err(Stop::blocked(self.complaint(&wanted))) }
    }

    /// Nothing is asked of it.
    pub fn ignored(self) {}

    fn write(&self, wanted: &[Status]) {
        self.session.write(Line::Wanted(wanted.iter().map(|status| status.0).collect()));
    }

    fn complaint(&self, wanted: &[Status]) -> String {
        let wanted: Vec<String> = wanted.iter().map(Status::to_string).collect();
        format!("{} answered {}, not {}", self.function.name, self.status(), wanted.join(" or "))
    }
}
