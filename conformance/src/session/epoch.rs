use std::os::fd::RawFd;

use super::{Place, Session, argument, known};
use crate::abi::{NRT_2, NRT_3, Sdk, Status};
use crate::script::{Kind, Line};
use crate::verdict::{Outcome, Stop};

impl Session {
    /// The rule speaks of the form that `nrta_*` had in SDK 2.28: that release has it, and another library may still.
    ///
    /// # Errors
    /// The rule does not apply where there is no such form.
    pub fn needs_old_forms(&self) -> Outcome {
        // In a library without symbol versions a name says nothing about its form.
        let has = |name| self.library().versioned(name, NRT_2) != 0;
        if self.sdk == Sdk::V2_28 || (has("nrta_execute_schedule") && has("nrta_error_tracker_create")) {
            return Ok(());
        }
        Err(Stop::not_applicable("the library has no nrta_* in the form of SDK 2.28"))
    }

    /// The rule speaks of the form of `nrta_*` since SDK 2.29 too.
    ///
    /// # Errors
    /// The rule does not apply where there is no such form.
    pub fn needs_new_forms(&self) -> Outcome {
        if self.library().versioned("nrta_execute_schedule", NRT_3) != 0 {
            return Ok(());
        }
        Err(Stop::not_applicable("the library has nrta_* in the form of SDK 2.28 only"))
    }

    /// As [`Session::completes`], for a request of the form of SDK 2.28: its id is for functions of that form.
    ///
    /// # Errors
    /// Stops the case if the request does not complete in time.
    pub fn completes_old(&self, sequence: Place) -> Outcome {
        let function = known("nrta_is_completed", Some(NRT_2));
        let Some(asked) = self.library().find(function) else {
            return Err(Stop::blocked(format!("the library has no nrta_is_completed@{NRT_2}")));
        };
        let done = self.place('d', Kind::Flag, 0);
        let [name, call, id] = [done.name, &function.c_name(), sequence.name];
        self.statement(format!(
            "for (int i = 0; !{name} && i < 50000; i++, i > 1000 && usleep(50)) {call}({id}, &{name})"
        ));
        self.until(|| {
            // SAFETY: nrta_is_completed takes a number and an address.
            let answer = unsafe { argument::invoke(asked, &[sequence.value(), done.address()]) };
            Status((answer as u32).cast_signed()) != Status::SUCCESS || done.value() != 0
        });
        let what = format!("request {:#018x} did not complete", sequence.value());
        self.check(done.value() != 0, name, what)
    }

    /// Closes a descriptor.
    pub fn close_fd(&self, fd: Place) {
        self.write(Line::Statement(format!("close({})", fd.name)));
        // SAFETY: takes a number; the descriptor is the rule's to close.
        unsafe { libc::close(fd.value() as RawFd) };
    }
}
