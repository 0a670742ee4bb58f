//! Log lines in the layout of the real runtime, so that programs that scan logs find theirs.

use std::fmt::{self, Display, Write};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// How much a line matters; the numbers are the runtime's (observed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    Error = 1,
    Warn = 2,
    Info = 3,
    Debug = 4,
    Trace = 5,
}

/// Lines above this level are not written.
static THRESHOLD: AtomicU8 = AtomicU8::new(Level::Error as u8);
/// Longer lines are cut, as the runtime's are (observed).
const LINE_MAX: usize = 1024;

impl Level {
    /// The level a text names: the first word found in it counts, whatever else it says (observed).
    pub(crate) fn parse(text: &str) -> Option<Level> {
        let text = text.to_ascii_uppercase();
        let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
        levels.into_iter().find(|level| text.contains(level.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Level::Error => "ERROR",
            Level::Warn => "WARN",
            Level::Info => "INFO",
            Level::Debug => "DEBUG",
            Level::Trace => "TRACE",
        }
    }
}

/// Writes lines up to `level` from now on.
pub(crate) fn set_threshold(level: Level) {
    THRESHOLD.store(level as u8, Relaxed);
}

/// The part of the runtime that handles its API.
const API: &str = "NRT";

/// Writes one line for `function` of the API, if its level is wanted: errors to stderr, the rest to stdout.
pub(crate) fn write(level: Level, function: &str, message: impl Display) {
    write_of(API, level, function, message);
}

/// The same for a function of another part of the runtime, `module`.
pub(crate) fn write_of(module: &str, level: Level, function: &str, message: impl Display) {
    if level as u8 > THRESHOLD.load(Relaxed) {
        return;
    }
    let mut line = String::with_capacity(256);
    // Writing to a string cannot fail, and a failing Display only shortens the line.
    let _ = compose(&mut line, level, (module, function), &message);
    if line.len() >= LINE_MAX {
        let end = (0..LINE_MAX).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
        line.truncate(end);
    }
    line.push('\n');
    // A log that nobody can read is no reason to fail. One call a line keeps lines of threads apart.
    let _ = match level {
        Level::Error => rustix::io::write(rustix::stdio::stderr(), line.as_bytes()),
        _ => rustix::io::write(rustix::stdio::stdout(), line.as_bytes()),
    };
}

fn compose(
    line: &mut String,
    level: Level,
    (module, function): (&str, &str),
    message: &dyn Display,
) -> fmt::Result {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs()).unwrap_or(0);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let month = &at.month().to_string()[..3];
    let (pid, thread) = (std::process::id(), rustix::thread::gettid().as_raw_nonzero());
    write!(line, "{:04}-{month}-{:02} ", at.year(), at.day())?;
    write!(line, "{:02}:{:02}:{:02}.{:06} ", at.hour(), at.minute(), at.second(), now.subsec_micros())?;
    write!(line, "{pid:>5}:{thread:<5} {:>5} {module:>5}:{function:<40} {message}", level.name())
}

#[cfg(test)]
mod tests {
    use super::{Level, compose};

    #[test]
    fn a_line_has_the_layout_of_the_runtime() {
        let mut line = String::new();
        compose(&mut line, Level::Error, ("NRT", "nrt_load"), &"something").expect("a string");
        let (date, rest) = line.split_once(' ').expect("a date");
        assert_eq!(date.len(), "2026-Nov-22".len());
        let (time, rest) = rest.split_once(' ').expect("a time");
        assert_eq!(time.len(), "21:00:00.000000".len());
        assert!(rest.contains(&format!("{}:", std::process::id())));
        assert!(rest.contains(" ERROR   NRT:nrt_load                                 something"), "{rest}");
    }

    #[test]
    fn a_level_is_found_anywhere_in_the_text_in_a_fixed_order() {
        assert_eq!(Level::parse("warning"), Some(Level::Warn));
        assert_eq!(Level::parse("trace,error"), Some(Level::Error));
        assert_eq!(Level::parse("quiet"), None);
    }
}
