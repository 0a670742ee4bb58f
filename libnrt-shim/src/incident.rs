//! Faults that fire: the lines of the log that they come with on the device (observed), and our own on the rule.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sim_core::fault::watch::Subject;
use sim_core::fault::{Effect, Entry, Faults, Operation, Verdict};
use sim_core::seq::Seq;
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::error::ApiError;
use crate::leftover::Leftover;
use crate::log::{self, Level};
use crate::runtime::Runtime;

/// What is known when a rule fires and has to be told with it.
pub(crate) struct Teller {
    /// The source of all luck, with which the incident can be had again.
    pub(crate) seed: u64,
    /// The time limit of a run.
    pub(crate) limit: Nanos,
    /// Physical cores to a logical core, and cores to a device.
    pub(crate) cores: (u32, u32),
    /// Where what outlives the process is noted.
    pub(crate) leftover: Leftover,
    /// Where each incident is a line of JSON.
    pub(crate) journal: Option<Mutex<File>>,
}

/// Opens the file for the journal.
pub(crate) fn open_journal(path: &Path) -> Result<Mutex<File>, ApiError> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.map(Mutex::new).map_err(|error| {
        ApiError::Invalid(format!("NRT_SIM_JOURNAL={} cannot be written: {error}", path.display()))
    })
}

/// Fails a call as a fault plan wants it. `names` are those that rules can ask for.
pub(crate) fn strike(
    runtime: &Runtime,
    core: Option<u8>,
    operation: Operation,
    bytes: u64,
    names: &[&str],
) -> Result<(), ApiError> {
    let at = runtime.device.now();
    let subject = Subject { num: 0, at, operation, bytes, depth: 0, model: None, names, tensors: &[] };
    struck(runtime.device.faults(), core, subject)
}

/// The same, before there is a device.
pub(crate) fn struck(faults: &Faults, core: Option<u8>, subject: Subject<'_>) -> Result<(), ApiError> {
    let at = subject.at;
    let Some((strike, victim)) = faults.call(core, subject) else { return Ok(()) };
    let status = match strike.rule().verdict {
        Verdict::Status(status) => status,
        Verdict::CoreBusy => Status::Failure,
        _ => return Ok(()), // no other can be asked for at a call
    };
    faults.fired(&strike, victim, at, Effect::Failed(status));
    if strike.rule().verdict == Verdict::CoreBusy {
        return Err(ApiError::Failure(
            "Logical Neuron Core(s) not available - Requested:all Available:0 (by a fault of the plan)"
                .into(),
        ));
    }
    Err(ApiError::Fault(status))
}

impl Teller {
    /// Tells of `entry` in the log, in the journal, and to later processes.
    pub(crate) fn tell(&self, entry: &Entry) {
        for (module, function, line) in self.lines(entry) {
            log::write_of(module, Level::Error, function, line);
        }
        let seed = self.seed;
        let whom = whom(entry);
        log::write(
            Level::Error,
            "nrt_sim",
            format!("rule {:?} (seed {seed}): {whom} {}", entry.rule, entry.effect),
        );
        if let Some(journal) = &self.journal {
            let line = format!("{}\n", line(entry, seed));
            // One write a line keeps lines of threads and processes apart.
            if let Err(error) = journal.lock().write_all(line.as_bytes()) {
                log::write(Level::Error, "nrt_sim", format!("the journal lacks an incident: {error}"));
            }
        }
        if let Some(status) = entry.effect.status().filter(|_| entry.persists) {
            let noted = self.leftover.note(entry, status);
            if let Err(error) = noted {
                log::write(Level::Error, "nrt_sim", format!("later processes will not see this: {error}"));
            }
        }
    }

    /// Module, function and text of what the device's own runtime writes.
    fn lines(&self, entry: &Entry) -> Vec<(&'static str, &'static str, String)> {
        let Some(core) = entry.victim.core else { return Vec::new() };
        let (status, limit) = match entry.effect {
            Effect::Ended(status) => (status, self.limit),
            Effect::TimedOut(status, limit) => (status, limit),
            _ => return Vec::new(),
        };
        let (lnc, per_device) = self.cores;
        let physical = (self.leftover.first() + u32::from(core)) * lnc;
        let (nd, nc) = (physical / per_device, physical % per_device);
        let model = entry.victim.model.as_deref().unwrap_or("(none)");
        let mut lines: Vec<_> = detail(status, limit, (nd, nc), model)
            .into_iter()
            .map(|line| ("TDRV", "exec_wait_round_robin", line))
            .collect();
        if entry.victim.operation == Operation::Execute {
            let code = status.code();
            let line =
                format!("Inference completed with err: {code}. mode->h_nn={}, lnc={core}", entry.victim.num);
            lines.push(("NMGR", "dlr_infer", line));
        }
        lines
    }
}

/// What the driver's part says of a fault.
fn detail(status: Status, limit: Nanos, (nd, nc): (u32, u32), model: &str) -> Vec<String> {
    let ms = limit.0 / 1_000_000;
    let place = format!("[ND {nd}][NC {nc}]");
    let timeout = format!("(FATAL-RT-UNDEFINED-STATE) {place} execution timeout ({ms} ms) on model {model}");
    match status {
        Status::Timeout => vec![format!("{timeout}, waiting for execution completion notification")],
        Status::ExecSwNqOverflow => {
            vec![format!("{timeout}, potentially caused by DGE notifications enabled")]
        }
        Status::ExecHwErrCollectives => vec![
            format!("(FATAL-RT-UNDEFINED-STATE) {place} missing collectives status on model {model}"),
            format!("{place} suspected hang in collectives operation 0 out of 1"),
        ],
        Status::ExecHwErrNcUe => {
            vec![format!("{place} Uncorrectable memory error is detected, metadata: 0x16")]
        }
        Status::ExecHwErrHbmUe => vec![format!(
            "{place} Uncorrectable HBM memory error is detected. Please terminate this instance"
        )],
        Status::ExecHwErrRepairableHbmUe => vec![format!(
            "{place} Uncorrectable HBM memory error is detected. Please reload the neuron driver or reboot"
        )],
        Status::ExecHwErrDmaAbort => {
            vec![format!("[MLA {nd}][NC {nc}] DMA TX engine 0 is in an abort state")]
        }
        Status::ExecOob => vec![
            "Received notification generated at runtime: failed to run scatter/gather (indirect memory copy), \
             due to out-of-bound access"
                .to_owned(),
            format!("Out of bounds access on model {model}"),
        ],
        Status::ExecCompletedWithNumErr => {
            vec![format!("Error notifications found on NC {nc}: INFER_ERROR_SUBTYPE_NUMERICAL")]
        }
        _ => Vec::new(),
    }
}

/// The victim in words.
fn whom(entry: &Entry) -> String {
    let victim = &entry.victim;
    match (victim.unit, victim.core) {
        (Some(unit), _) => format!("request {:#018x}", Seq::new(unit, victim.num).raw()),
        (None, Some(core)) => format!("{} {} on core {core}", victim.operation.name(), victim.num),
        (None, None) => format!("{} {}", victim.operation.name(), victim.num),
    }
}

/// An entry of the journal as JSON.
pub(crate) fn line(entry: &Entry, seed: u64) -> Value {
    let Entry { at, rule, place, victim, effect, .. } = entry;
    let status = effect.status();
    json!({
        "at_ns": at.0,
        "rule": **rule,
        "place": place.name(),
        "core": victim.core,
        "unit": victim.unit.map(|unit| unit.kind.name()),
        "queue": victim.unit.map(|unit| unit.queue),
        "num": victim.num,
        "seq": victim.unit.map(|unit| format!("{:#018x}", Seq::new(unit, victim.num).raw())),
        "operation": victim.operation.name(),
        "model": victim.model.as_deref(),
        "effect": effect.to_string(),
        "status": status.map(Status::code),
        "seed": seed,
        "pid": std::process::id(),
    })
}

/// What tells of the incidents of a runtime.
pub(crate) fn witness(teller: Teller) -> Box<dyn Fn(&Entry) + Send + Sync> {
    Box::new(move |entry| teller.tell(entry))
}

#[cfg(test)]
mod tests {
    use sim_core::status::Status;
    use sim_core::time::Nanos;

    use super::detail;

    /// What programs that scan logs look for, by status (observed, and the vendor's page on troubleshooting).
    #[test]
    fn each_fault_leaves_the_lines_that_programs_look_for() {
        for (status, fragments) in [
            (
                Status::Timeout,
                &[
                    "(FATAL-RT-UNDEFINED-STATE) [ND 1][NC 3] execution timeout (30000 ms) on model mlp",
                    "waiting for execution completion notification",
                ][..],
            ),
            (Status::ExecSwNqOverflow, &["potentially caused by DGE notifications enabled"]),
            (
                Status::ExecHwErrCollectives,
                &["missing collectives status", "suspected hang in collectives operation 0 out of 1"],
            ),
            (Status::ExecHwErrNcUe, &["[ND 1][NC 3] Uncorrectable memory error is detected, metadata: 0x16"]),
            (
                Status::ExecHwErrHbmUe,
                &["Uncorrectable HBM memory error is detected", "terminate this instance"],
            ),
            (
                Status::ExecHwErrRepairableHbmUe,
                &["Uncorrectable HBM memory error is detected", "reload the neuron driver or reboot"],
            ),
            (Status::ExecHwErrDmaAbort, &["[MLA 1][NC 3] DMA TX engine 0 is in an abort state"]),
            (
                Status::ExecOob,
                &[
                    "failed to run scatter/gather (indirect memory copy)",
                    "due to out-of-bound access",
                    "Out of bounds access on model mlp",
                ],
            ),
            (
                Status::ExecCompletedWithNumErr,
                &["Error notifications found on NC", "INFER_ERROR_SUBTYPE_NUMERICAL"],
            ),
        ] {
            let lines = detail(status, Nanos(30_000_000_000), (1, 3), "mlp").join("\n");
            for fragment in fragments {
                assert!(lines.contains(fragment), "{status:?} says\n{lines}\nwithout {fragment}");
            }
        }
    }
}
