//! Suppressions: findings that are known, each with a reason.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Deserialize;
use wildmatch::WildMatch;

use crate::kind::Kind;
use crate::record::Record;

/// The findings that are not told.
#[derive(Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
}

#[derive(Debug)]
struct Suppression {
    written: Written,
    is_used: AtomicBool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: String,
    reason: String,
    tensor: Option<String>,
    frame: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    suppress: Vec<Written>,
}

impl Suppressions {
    /// Reads TOML: `[[suppress]]` with `kind`, `reason` and, where wanted, `tensor` and `frame`, which are patterns.
    ///
    /// # Errors
    /// What is wrong with the text, in one line.
    pub fn parse(text: &str) -> Result<Suppressions, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        for (index, written) in file.suppress.iter().enumerate() {
            let number = index + 1;
            let pattern = WildMatch::new(&written.kind);
            if !Kind::ALL.iter().any(|kind| pattern.matches(kind.id())) {
                return Err(format!("suppression {number}: no kind of finding is called {:?}", written.kind));
            }
            if written.reason.trim().is_empty() {
                return Err(format!("suppression {number} has no reason"));
            }
        }
        let all = file.suppress.into_iter();
        Ok(Suppressions {
            all: all.map(|written| Suppression { written, is_used: AtomicBool::new(false) }).collect(),
        })
    }

    /// Whether `record` is one of those; notes which suppression covers it.
    pub(crate) fn covers(&self, record: &Record) -> bool {
        let mut covers = false;
        for one in self.all.iter().filter(|one| one.written.covers(record)) {
            one.is_used.store(true, Relaxed);
            covers = true;
        }
        covers
    }

    /// Those that have covered nothing, in words; each is told once.
    pub(crate) fn take_unused(&self) -> Vec<String> {
        let unused = self.all.iter().enumerate().filter(|(_, one)| !one.is_used.swap(true, Relaxed));
        unused
            .map(|(index, one)| {
                let Written { kind, reason, .. } = &one.written;
                format!("suppression {}, for {kind} ({reason})", index + 1)
            })
            .collect()
    }
}

impl Written {
    fn covers(&self, record: &Record) -> bool {
        let sides = || [&record.first, &record.second].into_iter().flatten();
        let has = |pattern: &Option<String>, is_there: &dyn Fn(&WildMatch) -> bool| {
            pattern.as_ref().is_none_or(|pattern| is_there(&WildMatch::new(pattern)))
        };
        let named = |memory: &str| memory.trim_start_matches("tensor ").trim_matches('"').to_owned();
        WildMatch::new(&self.kind).matches(&record.kind)
            && has(&self.tensor, &|pattern| {
                sides().any(|side| side.memory.as_ref().is_some_and(|memory| pattern.matches(&named(memory))))
            })
            && has(&self.frame, &|pattern| {
                let mut frames = sides().flat_map(|side| &side.stack);
                frames.any(|frame| {
                    pattern.matches(&frame.function)
                        || frame.file.as_ref().is_some_and(|file| pattern.matches(file))
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Suppressions;

    #[test]
    fn a_suppression_needs_a_kind_that_exists_and_a_reason() {
        for (text, wrong) in [
            ("[[suppress]]\nkind = 'SIM-NOTHING'\nreason = 'x'", "SIM-NOTHING"),
            ("[[suppress]]\nkind = 'SIM-HOST-RAW'\nreason = ' '", "no reason"),
            ("[[suppress]]\nkind = 'SIM-HOST-RAW'", "line 1"),
            ("[[suppress]]\nkind = 'SIM-HOST-RAW'\nreason = 'x'\nthread = 1", "line 4"),
        ] {
            let error = Suppressions::parse(text).expect_err(text);
            assert!(error.contains(wrong) && !error.contains('\n'), "{error}");
        }
        assert!(Suppressions::parse("[[suppress]]\nkind = 'SIM-PERF-*'\nreason = 'later'").is_ok());
    }
}
