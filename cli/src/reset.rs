//! `nrt-sim reset`: what faults have left broken is whole again.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use clap::Args;
use sim_core::fault::Plan;
use sim_models::folder;

/// Makes whole what faults with `persist = true` have broken: as a reload of the driver or a reboot would.
///
/// Until then every later process of this user finds those queues broken, on the same simulated machine.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only say what is broken.
    #[arg(long)]
    list: bool,
}

/// Removes the files in which it is noted, and returns the exit code.
///
/// # Errors
/// The system's.
pub(crate) fn reset(options: &Options) -> Result<u8> {
    let folder = folder::of_user().context("cannot find the folder of simulated devices")?;
    let mut found = false;
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(machine) = name.strip_prefix("broken-").and_then(|name| name.strip_suffix(".toml")) else {
            continue;
        };
        found = true;
        let text = fs::read_to_string(&path).unwrap_or_default();
        match Plan::parse(&text) {
            Ok(plan) => plan.rules.iter().for_each(|rule| println!("{machine}: {}", rule.name)),
            Err(_) => println!("{machine}: {} is damaged", path.display()),
        }
        if !options.list {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| path.display().to_string());
                }
                _ => println!("{machine}: whole again"),
            }
        }
    }
    if !found {
        println!("nothing is broken");
    }
    Ok(0)
}
