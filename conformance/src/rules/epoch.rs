//! The first form of `nrta_*`, of SDK 2.28: error trackers in place of statuses, completion handles in place of events,
//! five kinds of units.

mod handles;
mod trackers;
mod units;

use crate::abi::Status;
use crate::rule::{Rule, Source};
use crate::session::{Answer, Io, Model, Place, Session};
use crate::verdict::Outcome;

const HEADER: &str = "header nrt_async.h of SDK 2.28";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRTA-EPOCH-001",
        "The first run of a core has number 1.",
        Source::Observed,
        "header nrt_async.h of SDK 2.28 for the place of the number; first number as in 2.31.24",
        units::first_number,
    ),
    Rule::new(
        "NRTA-EPOCH-002",
        "Runs of a core are numbered one by one, and differ in nothing but the number.",
        Source::Documented,
        HEADER,
        units::numbers,
    ),
    Rule::new(
        "NRTA-EPOCH-003",
        "A run that was scheduled gives what a blocking run gives.",
        Source::Documented,
        HEADER,
        units::run,
    ),
    Rule::new(
        "NRTA-EPOCH-004",
        "What nrta_tensor_write has written is in the tensor when it has completed.",
        Source::Documented,
        HEADER,
        units::write,
    ),
    Rule::new(
        "NRTA-EPOCH-005",
        "What nrta_tensor_read has read is in the buffer when it has completed.",
        Source::Documented,
        HEADER,
        units::read,
    ),
    Rule::new(
        "NRTA-EPOCH-006",
        "What nrta_tensor_copy has copied is in the other tensor when it has completed.",
        Source::Documented,
        HEADER,
        units::copy,
    ),
    Rule::new(
        "NRTA-EPOCH-007",
        "Reads are the work of unit 0.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_xu_t",
        units::read_unit,
    ),
    Rule::new(
        "NRTA-EPOCH-008",
        "Writes are the work of unit 1.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_xu_t",
        units::write_unit,
    ),
    Rule::new(
        "NRTA-EPOCH-009",
        "Copies are the work of unit 2.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_xu_t",
        units::copy_unit,
    ),
    Rule::new(
        "NRTA-EPOCH-010",
        "Runs are the work of unit 3.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_xu_t",
        units::compute_unit,
    ),
    Rule::new(
        "NRTA-EPOCH-011",
        "There is no unit 5.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, NRTA_XU_TYPE_NUM",
        units::no_unit,
    ),
    Rule::new(
        "NRTA-EPOCH-012",
        "nrta_is_completed succeeds and says false while a request is pending.",
        Source::Documented,
        HEADER,
        units::pending,
    ),
    Rule::new(
        "NRTA-EPOCH-013",
        "A queue that is full answers NRT_QUEUE_FULL, writes no id, and gives the number to the next request that it \
         takes.",
        Source::Documented,
        HEADER,
        units::full,
    ),
    Rule::new(
        "NRTA-EPOCH-014",
        "A run is refused with NRT_INVALID if its id has nowhere to go, and takes no number.",
        Source::Observed,
        "header nrt_async.h of SDK 2.28; the check as in 2.31.24",
        units::nowhere,
    ),
    Rule::new(
        "NRTA-EPOCH-015",
        "Both forms of nrta_* work in one process, on the same tensors and models.",
        Source::Documented,
        "release notes 2.29: the new form has a symbol version of its own",
        units::both_forms,
    ),
    Rule::new(
        "NRTA-EPOCH-016",
        "A new error tracker lists no errors.",
        Source::Documented,
        HEADER,
        trackers::new_one,
    ),
    Rule::new(
        "NRTA-EPOCH-017",
        "Requests that succeed leave no entry in their error tracker.",
        Source::Documented,
        HEADER,
        trackers::successes,
    ),
    Rule::new(
        "NRTA-EPOCH-018",
        "A request that fails has an entry in its error tracker when it has completed: its id and its status.",
        Source::Documented,
        HEADER,
        trackers::failure,
    ),
    Rule::new(
        "NRTA-EPOCH-019",
        "A request that succeeds after one that failed adds nothing to the list.",
        Source::Documented,
        HEADER,
        trackers::failure_among_successes,
    ),
    Rule::new(
        "NRTA-EPOCH-020",
        "Requests behind a fatal one complete, and each has an entry with NRT_EXEC_UNIT_UNRECOVERABLE.",
        Source::Observed,
        "header nrt_async.h of SDK 2.28; what becomes of them as in 2.31.24",
        trackers::behind_a_fatal_one,
    ),
    Rule::new(
        "NRTA-EPOCH-021",
        "nrta_error_tracker_get_list gives each error once.",
        Source::ClientCode,
        "a PyTorch back end reads the list as what is new",
        trackers::read_once,
    ),
    Rule::new(
        "NRTA-EPOCH-022",
        "An error is in the list of the tracker that its request was given, and in no other.",
        Source::Documented,
        HEADER,
        trackers::two_trackers,
    ),
    Rule::new(
        "NRTA-EPOCH-023",
        "The list of a tracker stays readable while another tracker is read and destroyed.",
        Source::Documented,
        HEADER,
        trackers::own_lists,
    ),
    Rule::new(
        "NRTA-EPOCH-024",
        "A request without an error tracker is refused and takes no number, or completes as any other.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28: what is refused changes nothing",
        trackers::none,
    ),
    Rule::new(
        "NRTA-EPOCH-025",
        "A completion handle becomes readable when its request has completed.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_get_completion_handle",
        handles::signals,
    ),
    Rule::new(
        "NRTA-EPOCH-026",
        "A completion handle is not readable before its request has completed.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_get_completion_handle",
        handles::waits,
    ),
    Rule::new(
        "NRTA-EPOCH-027",
        "The completion handle of a request that has completed is readable.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_get_completion_handle",
        handles::late,
    ),
    Rule::new(
        "NRTA-EPOCH-028",
        "A completion handle is for one request: those of later ones are not readable yet.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28, nrta_get_completion_handle",
        handles::one_each,
    ),
    Rule::new(
        "NRTA-EPOCH-029",
        "When a completion handle is readable, its request is known to have completed, and its bytes are there.",
        Source::Observed,
        "data, then number, then event, as in 2.31.24; asynchronous runtimes rely on it",
        handles::order,
    ),
    Rule::new(
        "NRTA-EPOCH-030",
        "A completion handle that is closed early takes nothing from the request or from other handles.",
        Source::Documented,
        "header nrt_async.h of SDK 2.28: the caller closes it",
        handles::closed_early,
    ),
    Rule::new(
        "NRTA-EPOCH-031",
        "The completion handle of a request that fails becomes readable too.",
        Source::Observed,
        "header nrt_async.h of SDK 2.28; failures complete as successes do, as in 2.31.24",
        handles::failure,
    ),
];

/// What the rules begin with: a model on the first core, with its tensors, and an error tracker.
struct Start<'a> {
    s: &'a Session,
    model: Model,
    io: Io,
    tracker: Place,
}

impl<'a> Start<'a> {
    fn new(s: &'a Session) -> Outcome<Start<'a>> {
        s.needs_old_forms()?;
        s.init()?;
        let model = s.model(0)?;
        let io = s.io(&model)?;
        s.fill_inputs(&io, 1)?;
        Ok(Start { s, model, io, tracker: tracker(s)? })
    }

    /// Schedules a run whose errors go to `tracker`.
    fn schedule(&self, tracker: Place, id: Place) -> Outcome<Answer<'a>> {
        let sets = [self.io.input_set.into(), self.io.output_set.into()];
        let [input, output] = sets;
        let arguments = [self.model.handle.into(), input, output, 0.into(), tracker.into(), id.at()];
        self.s.call_old("nrta_execute_schedule", arguments)
    }

    /// Schedules a run that is accepted.
    fn submit(&self) -> Outcome<Place> {
        let id = self.s.sequence();
        self.schedule(self.tracker, id)?.needed()?;
        Ok(id)
    }
}

/// A new error tracker of the first core.
fn tracker(s: &Session) -> Outcome<Place> {
    let tracker = s.pointer('p');
    s.call_old("nrta_error_tracker_create", [0.into(), tracker.at()])?.needed()?;
    Ok(tracker)
}

/// What has completed last on a queue of the first core.
fn last(s: &Session, unit: u32) -> Outcome<Place> {
    let id = s.sequence();
    s.call_old("nrta_get_sequence", [0.into(), unit.into(), 0.into(), id.at()])?.is(Status::SUCCESS)?;
    Ok(id)
}
