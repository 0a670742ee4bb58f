//! A kernel that a plug-in made.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::ptr;

use parking_lot::Mutex;
use sim_core::status::Status;

use super::abi;
use super::description::Description;
use super::library::Functions;
use crate::compute::{Compute, Failure};
use crate::recipe::{Refusal, Subject};

/// One kernel of a plug-in, for one model.
pub(super) struct PluginKernel {
    functions: Functions,
    kernel: Mutex<Address>,
    counts: [usize; 2],
}

/// What `create` gave.
struct Address(*mut c_void);

// SAFETY: by the header, a kernel may be run and destroyed by other threads than the one that made it.
unsafe impl Send for Address {}

impl PluginKernel {
    /// Has the plug-in make the kernel of `subject`.
    ///
    /// # Errors
    /// What the plug-in says, under its name.
    pub(super) fn create(
        functions: Functions,
        subject: &Subject<'_>,
        options: &BTreeMap<String, String>,
        data: Option<&[u8]>,
    ) -> Result<PluginKernel, Refusal> {
        let description = Description::new(subject, options, data)?;
        let mut kernel = ptr::null_mut();
        let mut error = ErrorText::default();
        // SAFETY: all pointers are valid for the call, as the header promises the plug-in.
        let status = unsafe {
            (functions.create)(description.model(), &raw mut kernel, error.place(), abi::ERROR_BYTES)
        };
        if status != 0 {
            return Err(Refusal(format!("{}: {}", functions.title, error.read(status))));
        }
        let counts = [subject.signature.inputs.len(), subject.signature.outputs.len()];
        Ok(PluginKernel { functions, kernel: Mutex::new(Address(kernel)), counts })
    }
}

impl Compute for PluginKernel {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        assert_eq!([inputs.len(), outputs.len()], self.counts, "buffers for each tensor of the signature");
        let inputs: Vec<*const c_void> = inputs.iter().map(|bytes| bytes.as_ptr().cast()).collect();
        let outputs: Vec<*mut c_void> = outputs.iter_mut().map(|bytes| bytes.as_mut_ptr().cast()).collect();
        let mut error = ErrorText::default();
        // Runs do not overlap; the lock makes that certain, since the plug-in may rely on it.
        let kernel = self.kernel.lock();
        // SAFETY: `create` made the kernel for tensors of these numbers and sizes, and all pointers are
        // valid for the call.
        let status = unsafe {
            (self.functions.run)(kernel.0, inputs.as_ptr(), outputs.as_ptr(), error.place(), abi::ERROR_BYTES)
        };
        drop(kernel);
        if status == 0 {
            return Ok(());
        }
        let reason = error.read(status);
        let title = &self.functions.title;
        match Status::from_code(status).filter(|status| !status.is_fatal() && !status.has_run()) {
            Some(status) => Err(Failure { status, reason: format!("{title}: {reason}") }),
            None => Err(Failure {
                status: Status::Failure,
                reason: format!(
                    "{title}: {reason}; it ended with {status}, which no kernel can, see nrt_sim/kernel.h"
                ),
            }),
        }
    }
}

impl Drop for PluginKernel {
    fn drop(&mut self) {
        let kernel = self.kernel.get_mut().0;
        // SAFETY: `create` made it, and nothing can run it any more.
        unsafe { (self.functions.destroy)(kernel) };
    }
}

/// Room for what a plug-in has to say.
struct ErrorText([u8; abi::ERROR_BYTES]);

impl Default for ErrorText {
    fn default() -> ErrorText {
        ErrorText([0; abi::ERROR_BYTES])
    }
}

impl ErrorText {
    fn place(&mut self) -> *mut c_char {
        self.0.as_mut_ptr().cast()
    }

    /// What was written, as one line, whatever it is: the plug-in may have forgotten the zero, or cut a
    /// character in two.
    fn read(&self, status: u32) -> String {
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let line: Vec<&str> = text.split(|char: char| char.is_control()).map(str::trim).collect();
        let line = line.join(" ");
        if line.trim().is_empty() {
            format!("status {status}, without a reason")
        } else {
            line.trim().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorText;

    #[test]
    fn an_error_text_is_one_line_whatever_the_plug_in_wrote() {
        let said = |bytes: &[u8]| {
            let mut text = ErrorText::default();
            text.0[..bytes.len()].copy_from_slice(bytes);
            text.read(7)
        };
        assert_eq!(said(b""), "status 7, without a reason");
        assert_eq!(said(b"two\nlines\0rest"), "two lines");
        assert_eq!(said(b"cut \xc3"), "cut \u{fffd}");
        assert_eq!(ErrorText([b'x'; super::abi::ERROR_BYTES]).read(7).len(), super::abi::ERROR_BYTES);
    }
}
