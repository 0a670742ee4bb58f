//! What a fault has broken for good: noted in a file of the user's, so that later processes find it, until
//! `nrt-sim reset` removes the file.
//!
//! The file is a fault plan. Its cores are those of the machine, not of a process.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use sim_core::fault::{Entry, Plan, Rule};
use sim_core::status::Status;
use sim_models::folder;
use sim_models::written::{Written, WrittenError};

/// The broken parts of one machine, as a process sees them that has its cores from `first` on.
#[derive(Debug, Clone)]
pub(crate) struct Leftover {
    machine: String,
    first: u32,
}

impl Leftover {
    /// Those of `machine`.
    pub(crate) fn of(machine: &str, first: u32) -> Leftover {
        Leftover { machine: machine.to_owned(), first }
    }

    /// The first logical core of the process, counted on the machine.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    fn file(&self) -> io::Result<PathBuf> {
        Ok(folder::of_user()?.join(format!("broken-{}.toml", folder::file_name(&self.machine))))
    }

    /// The rules that make the broken parts fail, for a process with `count` cores.
    ///
    /// # Errors
    /// When the file is damaged, in words.
    pub(crate) fn rules(&self, count: u32) -> Result<Vec<Rule>, String> {
        let Ok(path) = self.file() else { return Ok(Vec::new()) };
        let text = match Written::in_file(&path) {
            Ok(written) => written.text,
            Err(WrittenError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(format!("{}: {error}; `nrt-sim reset` removes it", path.display())),
        };
        let plan = Plan::parse(&text);
        let plan =
            plan.map_err(|error| format!("{}: {error}; `nrt-sim reset` removes it", path.display()))?;
        let here = |mut rule: Rule| {
            let core = u32::from(rule.matcher.core?).checked_sub(self.first).filter(|core| *core < count)?;
            rule.matcher.core = u8::try_from(core).ok();
            Some(rule)
        };
        Ok(plan.rules.into_iter().filter_map(here).collect())
    }

    /// Notes that the queue of `entry` stays broken.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn note(&self, entry: &Entry, status: Status) -> io::Result<()> {
        let Some(unit) = entry.victim.unit else { return Ok(()) };
        let path = self.file()?;
        let core = self.first + u32::from(unit.core);
        let name = format!("{} {} of core {core}, broken", unit.kind.name(), unit.queue);
        if fs::read_to_string(&path).is_ok_and(|text| text.contains(&name)) {
            return Ok(()); // broken once is enough
        }
        let text = format!(
            "[[rule]]\nname = \"{name} by process {}\"\nplace = \"start\"\ncore = {core}\nunit = \"{}\"\nqueue = {}\n\
             status = {}\n\n",
            std::process::id(),
            unit.kind.name(),
            unit.queue,
            status.code()
        );
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(nofollow).open(path);
        file?.write_all(text.as_bytes())
    }
}
