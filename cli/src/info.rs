//! `nrt-sim info`: what the simulated machine has.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use sim_core::config::COMPUTE_DEPTH;
use sim_core::neff::Arch;
use sim_core::profile::{Figures, Profile};
use sim_core::seq::UnitKind;

use crate::machine::{self, Machine};
use crate::summary::size;

/// The kinds of queue that programs built for SDK 2.29 and later have.
const KINDS: [UnitKind; 3] = [UnitKind::Compute, UnitKind::TensorOp, UnitKind::Collectives];

/// Shows what the simulated machine has: devices, cores, memory, queues.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    machine: machine::Options,

    /// List all built-in machines instead.
    #[arg(long)]
    list: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints what is asked for, and returns the exit code.
///
/// # Errors
/// When there is no such machine, or stdout cannot be written.
pub(crate) fn info(options: &Options) -> Result<u8> {
    let text = match (options.list, options.json) {
        (true, true) => pretty(&Profile::names().iter().filter_map(|name| summary_json(name)).collect()),
        (true, false) => list(),
        (false, true) => pretty(&machine_json(&Machine::choose(&options.machine)?)),
        (false, false) => machine_text(&Machine::choose(&options.machine)?),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0), // the reader has seen enough
        written => Ok(written.map(|()| 0)?),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn list() -> String {
    let mut text =
        String::from("instance        generation    devices  physical cores  LNC  device memory\n");
    for profile in Profile::names().iter().filter_map(|name| Profile::named(name)) {
        let (name, arch, devices) = (&profile.name, profile.arch.to_string(), profile.devices);
        let (cores, lnc) = (profile.logical_cores(1), profile.default_lnc);
        let memory = size(machine_bytes(&profile));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14}  {arch:<12}  {devices:>7}  {cores:>14}  {lnc:>3}  {memory:>13}");
    }
    text
}

fn summary_json(name: &str) -> Option<Value> {
    let profile = Profile::named(name)?;
    Some(json!({
        "instance": profile.name,
        "arch": profile.arch.name(),
        "devices": profile.devices,
        "physical_cores": profile.logical_cores(1),
        "default_lnc": profile.default_lnc,
        "memory_bytes": machine_bytes(&profile),
    }))
}

fn machine_bytes(profile: &Profile) -> u64 {
    u64::from(profile.devices * profile.banks_per_device) * profile.bank_bytes()
}

/// One logical core: where it is.
struct Core {
    device: u32,
    first_physical: u32,
    bank: u32,
}

/// The logical cores of the machine, in order; physical cores and banks are counted within their device.
fn cores(machine: &Machine) -> impl Iterator<Item = Core> {
    let (lnc, per_device, per_bank) =
        (machine.lnc, machine.profile.cores_per_device, machine.profile.cores_per_bank());
    (0..machine.profile.logical_cores(lnc)).map(move |core| {
        let first_physical = core * lnc % per_device;
        Core { device: core * lnc / per_device, first_physical, bank: first_physical / per_bank }
    })
}

fn machine_text(machine: &Machine) -> String {
    let Machine { profile, lnc, .. } = machine;
    let (devices, total, per_device) =
        (profile.devices, profile.logical_cores(*lnc), profile.cores_per_device / lnc);
    let counted = |count: u32, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut text = format!("{}, generation {}\n\n", profile.name, profile.arch);
    let mut line = |title: &str, rest: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title:<16}{rest}");
    };
    line("devices", devices.to_string());
    let physical = profile.cores_per_device;
    line("physical cores", format!("{}, {physical} on each device", profile.logical_cores(1)));
    let each = counted(*lnc, "physical core");
    line("logical cores", format!("{total}, {per_device} on each device; LNC {lnc}: each is {each}"));
    let (all, bank) = (size(machine_bytes(profile)), size(profile.bank_bytes()));
    let banks = counted(profile.banks_per_device, "bank");
    line("device memory", format!("{all}; each device has {banks} of {bank}"));
    line("taken at init", format!("{} of its bank for each logical core", size(machine.taken_at_init())));
    let queues = KINDS.map(|kind| format!("{} {}", kind.queues(), kind.name()));
    line("queues", format!("{} on each logical core", queues.join(", ")));
    line("queue depth", format!("{COMPUTE_DEPTH} requests for compute, no bound for the others"));
    let figures = &profile.time;
    let peaks = peaks(figures).map(|(name, rate)| format!("{name} {}", tera(rate)));
    line("peak rates", format!("{} of each device, in 10^12 operations a second", peaks.join(", ")));
    let (hbm, dma, host) = (figures.hbm_gb_per_s, figures.dma_gb_per_s, figures.host_gb_per_s);
    line("bandwidths", format!("memory {hbm} GB/s, copies {dma} GB/s, host {host} GB/s, of each device"));
    let us = |ns: u64| format!("{} µs", ns as f64 / 1000.0);
    let (launch, each) = (us(figures.launch_ns), us(figures.dma_ns));
    let jitter = figures.jitter_permille as f64 / 10.0;
    line("overheads", format!("{launch} a run, {each} a read, write or copy; all vary by {jitter} %"));

    let like = if devices > 1 { ", of the first device; the others are alike" } else { "" };
    let _ = writeln!(text, "\nlogical core  physical cores  bank{like}");
    for (core, place) in cores(machine).enumerate().take_while(|(_, place)| place.device == 0) {
        let last = place.first_physical + lnc - 1;
        let physical = if *lnc == 1 { last.to_string() } else { format!("{}-{last}", place.first_physical) };
        let _ = writeln!(text, "{core:>12}  {physical:>14}  {:>4}", place.bank);
    }
    let names: Vec<String> = Profile::names().into_iter().filter(|name| *name != profile.name).collect();
    let _ = writeln!(text, "\nOther instances: {}.", names.join(", "));
    if profile.arch != Arch::V2 {
        let _ = writeln!(text, "The other LNC: --lnc {}.", 3 - lnc);
    }
    text
}

/// The peak rates by the kind of number.
fn peaks(figures: &Figures) -> [(&'static str, u64); 4] {
    [
        ("fp32", figures.fp32_gflops),
        ("fp16", figures.fp16_gflops),
        ("fp8", figures.fp8_gflops),
        ("int8", figures.int8_gops),
    ]
}

/// 10^9 operations as 10^12.
fn tera(giga: u64) -> f64 {
    giga as f64 / 1000.0
}

fn machine_json(machine: &Machine) -> Value {
    let Machine { profile, lnc, .. } = machine;
    let core = |(index, core): (usize, Core)| {
        json!({
            "core": index,
            "device": core.device,
            "physical_cores": (core.first_physical..core.first_physical + lnc).collect::<Vec<_>>(),
            "bank": core.bank,
        })
    };
    let queues = KINDS.map(|kind| (kind.name().to_owned(), Value::from(kind.queues())));
    json!({
        "instance": profile.name,
        "arch": profile.arch.name(),
        "generation": profile.arch.number(),
        "devices": profile.devices,
        "cores_per_device": profile.cores_per_device,
        "physical_cores": profile.logical_cores(1),
        "lnc": lnc,
        "logical_cores": profile.logical_cores(*lnc),
        "banks_per_device": profile.banks_per_device,
        "bank_bytes": profile.bank_bytes(),
        "taken_at_init_bytes": machine.taken_at_init(),
        "memory_bytes": machine_bytes(profile),
        "queues_per_core": Value::Object(queues.into_iter().collect()),
        "compute_depth": COMPUTE_DEPTH,
        "time": {
            "launch_ns": profile.time.launch_ns,
            "dma_ns": profile.time.dma_ns,
            "peak_gops": peaks(&profile.time).into_iter().collect::<BTreeMap<_, _>>(),
            "hbm_gb_per_s": profile.time.hbm_gb_per_s,
            "dma_gb_per_s": profile.time.dma_gb_per_s,
            "host_gb_per_s": profile.time.host_gb_per_s,
            "jitter_permille": profile.time.jitter_permille,
        },
        "cores": cores(machine).enumerate().map(core).collect::<Vec<_>>(),
        "instances": Profile::names(),
    })
}

#[cfg(test)]
mod tests {
    use sim_core::profile::Profile;

    use super::{list, machine_json, machine_text};
    use crate::machine::{Machine, Options};

    fn machine(instance: &str, lnc: u32) -> Machine {
        Machine::choose(&Options { instance: Some(instance.into()), lnc: Some(lnc) }).expect("built in")
    }

    #[test]
    fn logical_cores_are_laid_out_over_devices_and_banks() {
        let json = machine_json(&machine("trn2.48xlarge", 2));
        assert_eq!(json["logical_cores"], 64);
        let last = &json["cores"][63];
        assert_eq!((&last["device"], &last["physical_cores"]), (&15.into(), &serde_json::json!([6, 7])));
        assert_eq!(last["bank"], json["banks_per_device"].as_u64().expect("a number") - 1);
        assert_eq!(json["queues_per_core"]["compute"], 1);
    }

    #[test]
    fn the_text_names_what_matters() {
        let text = machine_text(&machine("trn2.3xlarge", 1));
        for said in [
            "trn2.3xlarge",
            "cayman (v3)",
            "1 compute, 2 tensor-op, 3 collectives",
            "--lnc 2",
            "fp16 667",
            "memory 2900 GB/s",
            "13 µs a run",
            "trn1.32xlarge",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn every_built_in_instance_is_listed() {
        let text = list();
        assert!(Profile::names().iter().all(|name| text.contains(name)), "{text}");
    }
}
