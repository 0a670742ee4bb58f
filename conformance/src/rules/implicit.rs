//! Implicit async mode, which a variable turns on up to SDK 2.30, and its interlock with `nrta_*`.

mod callbacks;
mod interlock;
mod limits;
mod runs;

use crate::abi::{Sdk, Status};
use crate::rule::{Rule, Source};
use crate::session::{Buffer, Io, Model, Session};
use crate::verdict::{Outcome, Stop};

/// The releases that have the mode. Two of three sources say that 2.31 is the first without it, one says 2.32.
const WITH_MODE: (Sdk, Sdk) = (Sdk::V2_28, Sdk::V2_30);
/// The releases that have the mode and in whose libraries the interlock was seen, or that followed.
const WITH_INTERLOCK: (Sdk, Sdk) = (Sdk::V2_29, Sdk::V2_30);
/// The releases that are without the mode by all sources.
const WITHOUT_MODE: (Sdk, Sdk) = (Sdk::V2_32, Sdk::V2_33);
/// The mode with the limit that the guide advises.
const MODE: &[(&str, &str)] = &[("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3")];
const OFF: &[(&str, &str)] = &[("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "0")];
const TOO_MANY: &[(&str, &str)] = &[("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "100")];
const NO_NUMBER: &[(&str, &str)] = &[("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "three")];

const INTERLOCK: &str = "observed in 2.31.24: refused right after the check of the state";
const COUPLING: &str = "asynchronous API overview: reads wait for writers, writes for readers and writers";
const CALLBACK: &str = "header nrt_experimental.h, nrt_register_async_exec_callback";
const DRAIN: &str = "header nrt_experimental.h, nrt_async_drain_queued_execs";

/// A rule of the releases with the mode, which is on.
const fn on(id: &'static str, says: &'static str, source: Source, place: &'static str, check: Check) -> Rule {
    Rule::new(id, says, source, place, check).sdks(WITH_MODE).environment(MODE)
}

/// A rule of the interlock.
const fn locked(id: &'static str, says: &'static str, check: Check) -> Rule {
    on(id, says, Source::Observed, INTERLOCK, check).sdks(WITH_INTERLOCK)
}

type Check = fn(&Session) -> Outcome;

pub(super) const RULES: &[Rule] = &[
    locked(
        "NRTA-IMPLICIT-001",
        "nrta_execute_schedule answers NRT_FAILURE in implicit async mode.",
        interlock::schedule,
    ),
    locked(
        "NRTA-IMPLICIT-002",
        "nrta_tensor_write answers NRT_FAILURE in implicit async mode, and writes nothing.",
        interlock::write,
    ),
    locked(
        "NRTA-IMPLICIT-003",
        "nrta_tensor_read answers NRT_FAILURE in implicit async mode, and reads nothing.",
        interlock::read,
    ),
    locked(
        "NRTA-IMPLICIT-004",
        "nrta_tensor_copy answers NRT_FAILURE in implicit async mode, and copies nothing.",
        interlock::copy,
    ),
    locked(
        "NRTA-IMPLICIT-005",
        "nrta_is_completed answers NRT_FAILURE in implicit async mode.",
        interlock::is_completed,
    ),
    locked(
        "NRTA-IMPLICIT-006",
        "nrta_get_sequence answers NRT_FAILURE in implicit async mode.",
        interlock::get_sequence,
    ),
    locked(
        "NRTA-IMPLICIT-007",
        "An eventfd for a request cannot be registered in implicit async mode.",
        interlock::event_of_request,
    )
    .sdks((Sdk::V2_30, Sdk::V2_30)),
    locked(
        "NRTA-IMPLICIT-008",
        "An eventfd for a queue cannot be registered in implicit async mode.",
        interlock::event_of_queue,
    )
    .sdks((Sdk::V2_30, Sdk::V2_30)),
    locked(
        "NRTA-IMPLICIT-009",
        "In implicit async mode nrta_* are refused with NRT_FAILURE whatever their arguments.",
        interlock::any_arguments,
    ),
    locked(
        "NRTA-IMPLICIT-010",
        "Before nrt_init nrta_* answer NRT_UNINITIALIZED in implicit async mode too.",
        interlock::before_init,
    ),
    on(
        "NRT-IMPLICIT-011",
        "A blocking read right after nrt_execute sees what the run has written.",
        Source::Documented,
        COUPLING,
        runs::read_waits,
    ),
    on(
        "NRT-IMPLICIT-012",
        "A write to an input right after nrt_execute is not seen by that run.",
        Source::Documented,
        COUPLING,
        runs::write_waits,
    ),
    on(
        "NRT-IMPLICIT-013",
        "nrt_tensor_memset of an input right after nrt_execute is not seen by that run.",
        Source::Documented,
        COUPLING,
        runs::memset_waits,
    ),
    on(
        "NRT-IMPLICIT-014",
        "A copy to an input right after nrt_execute is not seen by that run.",
        Source::Observed,
        "observed in 2.31.24: copies are coupled as reads and writes",
        runs::copy_to_input_waits,
    ),
    on(
        "NRT-IMPLICIT-015",
        "A copy of an output right after nrt_execute has what the run has written.",
        Source::Observed,
        "observed in 2.31.24: copies are coupled as reads and writes",
        runs::copy_of_output_waits,
    ),
    on(
        "NRT-IMPLICIT-016",
        "A write to an output right after nrt_execute is not lost to that run.",
        Source::Documented,
        COUPLING,
        runs::write_to_output_waits,
    ),
    on(
        "NRT-IMPLICIT-017",
        "Inputs that are freed right after nrt_execute are there for that run.",
        Source::Observed,
        "observed in 2.31.24: runs keep what they were given; frees are coupled too",
        runs::free_waits,
    ),
    on(
        "NRT-IMPLICIT-018",
        "Runs of a core take effect in the order of their nrt_execute.",
        Source::Observed,
        "observed in 2.31.24: first in, first out",
        runs::order,
    ),
    on(
        "NRT-IMPLICIT-019",
        "nrt_execute answers NRT_INVALID where an input is in memory of the host.",
        Source::Documented,
        "asynchronous API overview: device allocated tensors only",
        runs::host_input,
    ),
    on(
        "NRT-IMPLICIT-020",
        "nrt_execute answers NRT_INVALID where an output is in memory of the host.",
        Source::Documented,
        "asynchronous API overview: device allocated tensors only",
        runs::host_output,
    ),
    on(
        "NRT-IMPLICIT-021",
        "The callback is called for each run, once.",
        Source::Documented,
        CALLBACK,
        callbacks::once_each,
    ),
    on(
        "NRT-IMPLICIT-022",
        "The callback is given what it was registered with, the core, and the status of the run.",
        Source::Documented,
        CALLBACK,
        callbacks::arguments,
    ),
    on(
        "NRT-IMPLICIT-023",
        "The callback is told of the core that the run was on.",
        Source::Documented,
        CALLBACK,
        callbacks::other_core,
    ),
    on(
        "NRT-IMPLICIT-024",
        "All runs of a model are told with the same model id, those of another model with another.",
        Source::Documented,
        CALLBACK,
        callbacks::models,
    ),
    on(
        "NRT-IMPLICIT-025",
        "A callback that is registered later replaces the one before.",
        Source::Documented,
        CALLBACK,
        callbacks::replaced,
    ),
    on(
        "NRT-IMPLICIT-026",
        "The callback of a run that fails is given its status, those of others are not.",
        Source::Documented,
        "release notes 2.21 and header nrt_experimental.h, nrt_register_async_exec_callback",
        callbacks::failure,
    ),
    on(
        "NRT-IMPLICIT-027",
        "The failure of a run surfaces at the next blocking call.",
        Source::Documented,
        "migration guide, step 4",
        callbacks::next_call,
    ),
    on(
        "NRT-IMPLICIT-028",
        "nrt_close completes the runs that are under way, and their callbacks are called.",
        Source::Observed,
        "observed in 2.31.24: closing drains queued work",
        callbacks::close,
    ),
    on(
        "NRT-IMPLICIT-029",
        "nrt_async_drain_queued_execs does not return while a run of that core is under way.",
        Source::Documented,
        DRAIN,
        limits::drain_blocks,
    ),
    on(
        "NRT-IMPLICIT-030",
        "nrt_async_drain_queued_execs succeeds on a core without runs.",
        Source::Documented,
        DRAIN,
        limits::drain_of_nothing,
    ),
    on(
        "NRT-IMPLICIT-031",
        "nrt_async_drain_queued_execs does not wait for runs of other cores.",
        Source::Documented,
        DRAIN,
        limits::drain_of_another_core,
    ),
    on(
        "NRT-IMPLICIT-032",
        "nrt_execute never answers NRT_QUEUE_FULL in implicit async mode.",
        Source::Observed,
        "observed in 2.31.24: it waits for a place",
        limits::never_full,
    ),
    on(
        "NRT-IMPLICIT-033",
        "nrt_execute returns while so many runs are under way as the variable says, and no more.",
        Source::Observed,
        "configuration guide; observed in 2.31.24: it waits for a place at the limit",
        limits::three,
    ),
    on(
        "NRT-IMPLICIT-034",
        "A limit of more than 63 runs is one of 63.",
        Source::Documented,
        "configuration guide; release notes 2.23",
        limits::clamped,
    )
    .environment(TOO_MANY),
    on(
        "NRT-IMPLICIT-035",
        "nrt_init answers NRT_INVALID where the variable is no number.",
        Source::Observed,
        "observed in 2.31.24: the worst status of all variables",
        limits::no_number,
    )
    .environment(NO_NUMBER),
    on(
        "NRTA-IMPLICIT-036",
        "With the variable at 0 nrta_* are taken.",
        Source::Documented,
        "configuration guide: 0 turns the mode off",
        limits::off,
    )
    .sdks((Sdk::V2_29, Sdk::V2_33))
    .environment(OFF),
    on(
        "NRT-IMPLICIT-037",
        "With the variable at 0 a run is over when nrt_execute returns, and takes tensors in memory of the host.",
        Source::Documented,
        "configuration guide: 0 turns the mode off",
        limits::blocking,
    )
    .sdks((Sdk::V2_28, Sdk::V2_33))
    .environment(OFF),
    on(
        "NRT-IMPLICIT-038",
        "Since the mode is gone the variable is no obstacle to nrt_init, and a run is over when nrt_execute returns.",
        Source::Documented,
        "release notes 2.32: implicit async mode was removed",
        limits::blocking,
    )
    .sdks(WITHOUT_MODE),
];

/// What most rules begin with: a model on the first core, with its tensors.
struct Start<'a> {
    s: &'a Session,
    model: Model,
    io: Io,
}

impl<'a> Start<'a> {
    fn new(s: &'a Session) -> Outcome<Start<'a>> {
        s.init()?;
        Start::on(s, 0)
    }

    fn on(s: &'a Session, core: u32) -> Outcome<Start<'a>> {
        let model = s.model(core)?;
        let io = s.io(&model)?;
        s.fill_inputs(&io, 1)?;
        Ok(Start { s, model, io })
    }

    /// A run that is taken, as the rule has it.
    fn run(&self) -> Outcome {
        self.s.run(&self.model, &self.io)?.is(Status::SUCCESS)
    }

    /// A run that is taken, as set-up.
    fn begin(&self) -> Outcome {
        self.s.run(&self.model, &self.io)?.needed()
    }

    fn drain(&self) -> Outcome {
        self.s.drain(self.model.core)?.needed()
    }

    /// What is in the outputs.
    fn outputs(&self) -> Outcome<Vec<Buffer>> {
        let each = self.io.outputs.iter().zip(&self.io.output_sizes);
        each.map(|(tensor, size)| self.s.read(*tensor, *size)).collect()
    }

    /// What the model gives for the inputs as they are, or as a pattern makes them.
    fn wanted(&self, seed: u8) -> Outcome<Vec<Buffer>> {
        self.s.fill_inputs(&self.io, seed)?;
        self.begin()?;
        self.drain()?;
        self.outputs()
    }

    /// Two patterns of inputs for which the model gives different outputs, and these.
    fn two(&self) -> Outcome<[Vec<Buffer>; 2]> {
        let two = [self.wanted(1)?, self.wanted(2)?];
        if two[0].iter().zip(&two[1]).all(|(a, b)| a.bytes() == b.bytes()) {
            return Err(Stop::undecided("the model gives the same outputs for two patterns of inputs"));
        }
        Ok(two)
    }

    /// Bytes in the outputs that no run has written.
    fn spoil(&self) -> Outcome {
        for (tensor, size) in self.io.outputs.iter().zip(&self.io.output_sizes) {
            let arguments = [(*tensor).into(), 0.into(), 0x5a.into(), (*size).into()];
            self.s.call("nrt_tensor_memset", arguments)?.needed()?;
        }
        Ok(())
    }

    /// The rule wants these outputs.
    fn are(&self, found: &[Buffer], wanted: &[Buffer]) -> Outcome {
        for (found, wanted) in found.iter().zip(wanted) {
            let in_c = format!("memcmp({}, {}, {}) == 0", found.name, wanted.name, wanted.len());
            self.s.check(found.bytes() == wanted.bytes(), in_c, "the outputs are not those of the run")?;
        }
        Ok(())
    }
}
