//! What a library is, before any rule is looked at.

use std::collections::BTreeMap;

use crate::abi::{Sdk, Status};
use crate::script::Line;
use crate::session::Session;
use crate::verdict::{Outcome, Stop, Verdict};
use crate::worker::Report;

/// The name of this look where rules have theirs.
pub const NAME: &str = "probe";

/// What was found out about a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Its version, in four parts, if it says one.
    pub version: Option<String>,
    /// The release that this version came with.
    pub sdk: Option<Sdk>,
    /// Whether queues can be held and time can be moved.
    pub steppable: bool,
    /// How many logical cores it has.
    pub cores: Option<u32>,
    /// What keeps it from beginning at all.
    pub trouble: Option<String>,
}

/// The look, in a process of its own.
///
/// # Errors
/// Stops where the library does not go on.
pub fn look(session: &Session) -> Outcome {
    session.found("steppable", session.offers("nrt_sim_pause"));
    if session.offers("nrt_get_version") {
        let version = session.buffer(224);
        let answer = session.call("nrt_get_version", [version.into(), 224.into()])?;
        if answer.status() == Status::SUCCESS {
            let part = |index: usize| version.u64(index * 8).to_string();
            session.found("version", [part(0), part(1), part(2), part(3)].join("."));
        }
    }
    let answer = session.call("nrt_init", [1.into(), "".into(), "".into()])?;
    if answer.status() != Status::SUCCESS {
        return Err(Stop::blocked(format!("nrt_init answered {}", answer.status())));
    }
    session.found("cores", session.cores()?);
    session.close()
}

impl Probe {
    /// Reads what a look came to.
    #[must_use]
    pub fn new(report: &Report) -> Probe {
        let found: BTreeMap<&str, &str> = report
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Found(what, value) => Some((what.as_str(), value.as_str())),
                _ => None,
            })
            .collect();
        let version = found.get("version").map(|version| (*version).to_owned());
        let sdk = version.as_ref().and_then(|version| {
            let mut parts = version.split('.').map(str::parse);
            Some(Sdk::of_library(parts.next()?.ok()?, parts.next()?.ok()?))
        });
        Probe {
            version,
            sdk,
            steppable: found.get("steppable") == Some(&"true"),
            cores: found.get("cores").and_then(|cores| cores.parse().ok()),
            trouble: match &report.verdict {
                Verdict::Passed => None,
                other => Some(other.why().to_owned()),
            },
        }
    }
}
