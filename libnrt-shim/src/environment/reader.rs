//! Looking variables up, and collecting what is wrong with them.

use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use sim_models::written::Written;

/// The variables that a function finds.
pub(super) struct Reader<L> {
    pub(super) lookup: L,
    /// A line for each value that cannot be used.
    pub(super) wrong: Vec<String>,
}

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    /// The text of a variable; one that is empty counts as not set.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = (self.lookup)(name)?.into_string();
        if text.is_err() {
            self.wrong.push(format!("{name} is not valid UTF-8"));
        }
        text.ok().filter(|text| !text.is_empty())
    }

    pub(super) fn refuse(&mut self, name: &str, value: impl Display, expected: impl Display) {
        // A value may hold anything, and must not look like a line of ours.
        let value = value.to_string();
        self.wrong.push(format!("{name}={} is not valid, expected {expected}", value.escape_debug()));
    }

    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(text) = self.text(name) else { return default };
        text.trim().parse().unwrap_or_else(|_| {
            self.refuse(name, &text, expected);
            default
        })
    }

    pub(super) fn number(&mut self, name: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = (*range.start(), *range.end());
        let expected = match most {
            u64::MAX => format!("a number from {least}"),
            most => format!("a number from {least} to {most}"),
        };
        let value = self.parsed(name, default, &expected);
        if !range.contains(&value) {
            self.refuse(name, value, expected);
            return default;
        }
        value
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        let Some(text) = self.text(name) else { return default };
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => {
                self.refuse(name, &text, "0, 1, true or false");
                default
            }
        }
    }

    /// The settings of `name`: a file, or the text itself if there is no such file.
    pub(super) fn written(&mut self, name: &str, what: &str) -> Option<Written> {
        let text = self.text(name)?;
        let written = Written::find(&text);
        written.map_err(|error| self.refuse(name, &text, format!("{what} or the path of one ({error})"))).ok()
    }
}
