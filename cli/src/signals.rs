//! Signals that reach nrt-sim while the program runs.
//!
//! Both are in one process group, so that Ctrl-Z, `fg` and `bg` work on both with nothing done here. What
//! the terminal sends (Ctrl-C, Ctrl-\, hang-up) goes to the whole group: the program has it already, and
//! nrt-sim has only to survive it. What another process sends goes to nrt-sim alone and is passed on. The
//! two differ in who the sender is: the kernel, or a process. (`kill` of the whole group looks like the
//! latter, so the program gets such a signal twice; nothing tells us so.)

use std::fs;
use std::process::Child;
use std::thread;

use anyhow::{Context, Result};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};

/// What is passed on.
const PASSED_ON: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM];

/// Holds signals back until there is a program to pass them on to.
#[derive(Debug)]
pub(crate) struct Signals(SignalsInfo<WithOrigin>);

impl Signals {
    /// Takes over the signals, so that from now on they do not end nrt-sim.
    ///
    /// Those that are ignored stay so, as `nohup` and shells without job control want it: a program
    /// inherits what is ignored, but not what is caught.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn take_over() -> Result<Signals> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status);
        let signals = PASSED_ON.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Ok(Signals(SignalsInfo::new(signals).context("cannot take over signals")?))
    }

    /// Passes them on to `program`, on a thread of its own, until the handle is closed.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn pass_on_to(self, program: &Child) -> Result<Handle> {
        let Signals(mut signals) = self;
        let handle = signals.handle();
        let pid = Pid::from_child(program);
        // The descriptor never means another process, even when the number is used again.
        let program = pidfd_open(pid, PidfdFlags::empty()).context("cannot watch the program")?;
        let pass_on = move || {
            for origin in signals.forever() {
                let sender = origin.process.map(|process| process.pid);
                let signal = Signal::from_named_raw(origin.signal);
                if let Some(signal) = signal.filter(|_| is_for_program(sender, pid)) {
                    // It fails only if the program has ended, which the main thread is about to notice.
                    let _ = pidfd_send_signal(&program, signal);
                }
            }
        };
        thread::Builder::new().name("signals".into()).spawn(pass_on).context("cannot start a thread")?;
        Ok(handle)
    }
}

/// Whether the program still has to be told of a signal; `sender` is the process that sent it, if one did.
///
/// What the program itself sends us it sent to its group, or it knows what it does.
fn is_for_program(sender: Option<i32>, program: Pid) -> bool {
    sender.is_some_and(|sender| sender != program.as_raw_nonzero().get())
}

/// The set of ignored signals in the text of `/proc/self/status`.
fn ignored(status: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rustix::process::Pid;

    use super::{ignored, is_for_program};

    #[test]
    fn only_what_another_process_sends_is_passed_on() {
        let program = Pid::from_raw(70).expect("not 0");
        assert!(is_for_program(Some(1), program));
        assert!(!is_for_program(Some(70), program), "from the program itself");
        assert!(!is_for_program(None, program), "from the terminal");
    }

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        assert_eq!(ignored("Name:\tx\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored(""), 0);
    }
}
