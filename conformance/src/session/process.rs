use std::ffi::{CString, c_int};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use super::argument::invoke;
use super::{Answer, Argument, Place, Session, known};
use crate::abi::Returns;
use crate::verdict::{Outcome, Stop, Verdict};

impl Session {
    /// [`Session::call`], for rules that have a table of calls.
    ///
    /// # Errors
    /// As there.
    pub fn call_with(&self, name: &str, arguments: &[Argument]) -> Outcome<Answer<'_>> {
        self.call_function(known(name, None), arguments, None)
    }

    /// Sets a variable of the environment, before the library looks at it.
    pub fn set_variable(&self, name: &str, value: &str) {
        self.statement(format!("setenv({name:?}, {value:?}, 1)"));
        // SAFETY: no thread looks at the environment but this one: the library has none before nrt_init.
        unsafe { std::env::set_var(name, value) };
    }

    /// Takes a variable out of the environment, before the library looks at it.
    pub fn unset_variable(&self, name: &str) {
        self.statement(format!("unsetenv({name:?})"));
        // SAFETY: as above.
        unsafe { std::env::remove_var(name) };
    }

    /// Calls the function in a forked child, which ends with its status, or with what it wrote to `value` if
    /// it succeeded; 255 stands for a failure then. Gives what `wait` says of the child.
    ///
    /// # Errors
    /// Stops the case if the library has no such function, or the child does not end.
    pub fn in_child(&self, name: &str, arguments: &[Argument], value: Option<Place>) -> Outcome<Place> {
        let function = known(name, None);
        let address = self.address(name)?;
        let texts: Vec<&str> = arguments.iter().map(|argument| &*argument.text).collect();
        let call = format!("{name}({})", texts.join(", "));
        let values: Vec<u64> = arguments.iter().map(|argument| argument.value).collect();
        let nothing = function.returns() == Returns::Nothing;
        let ending = match value {
            Some(value) => format!("_exit({call} ? 255 : {})", value.name),
            None if nothing => format!("{call}, _exit(0)"),
            None => format!("_exit({call})"),
        };
        self.fork(&ending, || {
            // SAFETY: as in `call_function`.
            let status = unsafe { invoke(address, &values) } as c_int;
            match value {
                Some(_) if status != 0 => 255,
                Some(value) => value.signed(),
                None if nothing => 0,
                None => status,
            }
        })
    }

    /// Forks, lets the child do what `in_c` says, and waits for it.
    fn fork(&self, in_c: &str, act: impl FnOnce() -> c_int) -> Outcome<Place> {
        let ended = self.int();
        self.statement(format!("if (fork() == 0) {in_c}; wait(&{})", ended.name));
        // SAFETY: the child has this thread only, calls the library as a rule says, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = act();
            // SAFETY: takes a number.
            unsafe { libc::_exit(code) }
        }
        if child < 0 {
            return Err(Stop::blocked("there is no process left to fork"));
        }
        let mut status: c_int = 0;
        // SAFETY: asks for a child that is there, and writes to an int.
        let is_over = self.until(|| unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == child);
        if !is_over {
            // SAFETY: the child is there, as nobody has waited for it.
            unsafe { libc::kill(child, libc::SIGKILL) };
            return Err(Stop::failed(format!("the forked child did not end: {in_c}")));
        }
        ended.set(status as u32 as u64);
        Ok(ended)
    }

    /// The rule wants the child to have ended by itself, with this code.
    ///
    /// # Errors
    /// Stops the case if it did not.
    pub fn child_ended(&self, ended: Place, code: c_int, what: &str) -> Outcome {
        let (status, name) = (ended.signed(), ended.name);
        let seen = if libc::WIFEXITED(status) {
            format!("{what} in a forked child came to {}, not {code}", libc::WEXITSTATUS(status))
        } else {
            format!("{what} in a forked child ended it by signal {}", libc::WTERMSIG(status))
        };
        let holds = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == code;
        self.check(holds, format!("WIFEXITED({name}) && WEXITSTATUS({name}) == {code}"), seen)
    }

    /// Closes the library as often as it was opened. Nothing of it may be called afterwards.
    ///
    /// # Errors
    /// Stops the case if the library was not opened.
    pub fn dlclose(&self) -> Outcome {
        let path = CString::new(self.settings.library.as_os_str().as_bytes());
        let path = path.map_err(|why| Stop::blocked(why.to_string()))?;
        // SAFETY: a text that ends with a zero byte.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) };
        if handle.is_null() {
            return Err(Stop::blocked("the library is not open"));
        }
        for _ in 0..2 {
            // SAFETY: it was opened here, and when the case began.
            unsafe { libc::dlclose(handle) };
        }
        Ok(())
    }

    /// Has the function called when the process ends by [`Session::exit`].
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn at_exit(&self, name: &str, arguments: &[Argument]) -> Outcome {
        self.statement(format!("atexit({name})"));
        let address = self.address(name)?;
        LATE.get_or_init(|| (address, arguments.iter().map(|argument| argument.value).collect()));
        // SAFETY: the function is there for good.
        unsafe { libc::atexit(late) };
        Ok(())
    }

    /// Ends the process as a program does that returns from `main`. The rule has held if it ends so.
    pub fn exit(&self) -> ! {
        self.statement("exit(0)");
        self.end(Verdict::Passed);
        // SAFETY: takes a number.
        unsafe { libc::exit(0) }
    }
}

/// What to call when the process ends, and with what.
static LATE: OnceLock<(usize, Vec<u64>)> = OnceLock::new();

extern "C" fn late() {
    if let Some((address, arguments)) = LATE.get() {
        // SAFETY: as in `call_function`.
        unsafe { invoke(*address, arguments) };
    }
}
