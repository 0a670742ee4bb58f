//! One case, in the process that was started for it.

use std::path::Path;

use anyhow::{Context, bail};

use crate::abi::Sdk;
use crate::library::Library;
use crate::script::{Line, Script};
use crate::session::{Session, Settings};
use crate::verdict::Verdict;
use crate::{probe, rules};

/// Runs the case that `settings` (JSON) name, and writes to `script` what it does and how it ends. The process
/// has to end right afterwards, without tidying up: requests may still be in flight.
///
/// # Errors
/// If the settings are not readable or the script is not writable.
pub fn run(settings: &str, script: &Path) -> anyhow::Result<()> {
    let settings: Settings = serde_json::from_str(settings).context("the settings of the case")?;
    let script = Script::append(script).context("the script of the case")?;
    // A crash is a result here, and nobody reads its core file.
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    // Nobody waits for a case whose suite is gone.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let verdict = match Library::load(&settings.library) {
        Ok(library) => {
            let sdk = settings.sdk.unwrap_or(Sdk::V2_30);
            let check = match rules::find(&settings.rule) {
                Some(rule) => rule.check,
                None if settings.rule == probe::NAME => probe::look,
                None => bail!("there is no rule {}", settings.rule),
            };
            let session = Session::new(settings, sdk, library, script);
            let verdict = match check(&session) {
                Ok(()) => Verdict::Passed,
                Err(stop) => stop.0,
            };
            session.end(verdict);
            return Ok(());
        }
        Err(why) => Verdict::Blocked(format!("{why:#}")),
    };
    script.write(&Line::End(verdict));
    Ok(())
}
