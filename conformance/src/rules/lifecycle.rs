//! From before `nrt_init` to after `nrt_close`, and what a forked child may do.

mod beginning;
mod closing;
mod forks;
mod gates;

use crate::rule::{Rule, SINCE_2_29, SINCE_2_30, Source};
use crate::session::{Answer, Session};
use crate::verdict::Outcome;
use Source::{ClientCode, Documented, Observed};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-LIFE-001",
        "Before nrt_init calls for tensors answer NRT_UNINITIALIZED.",
        Documented,
        "header nrt_status.h, developer guide, table of statuses",
        |s| gates::before_init(s, gates::tensors(s)),
    ),
    Rule::new(
        "NRT-LIFE-002",
        "Before nrt_init calls for tensor sets answer NRT_UNINITIALIZED.",
        Documented,
        "header nrt_status.h, developer guide, table of statuses",
        |s| gates::before_init(s, gates::sets(s)),
    ),
    Rule::new(
        "NRT-LIFE-003",
        "Before nrt_init calls for models answer NRT_UNINITIALIZED.",
        Documented,
        "header nrt_status.h, developer guide, table of statuses",
        |s| gates::before_init(s, gates::models(s)),
    ),
    Rule::new(
        "NRTA-LIFE-004",
        "Before nrt_init every nrta_* call answers NRT_UNINITIALIZED.",
        Documented,
        "header nrt_status.h, developer guide, table of statuses",
        |s| gates::before_init(s, gates::requests(s)),
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-LIFE-005",
        "Before nrt_init registering an event answers NRT_UNINITIALIZED.",
        Documented,
        "header nrt_status.h, developer guide, table of statuses",
        |s| gates::before_init(s, gates::events(s)),
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-LIFE-006",
        "A call that is refused before nrt_init writes nothing through its addresses.",
        Observed,
        "2.31.24: the state is looked at first",
        gates::writes_nothing,
    ),
    Rule::new(
        "NRTA-LIFE-007",
        "Before nrt_init the state is looked at before any argument of an nrta_* call.",
        Observed,
        "2.31.24",
        gates::state_comes_first,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-008",
        "The version answers before nrt_init, and the same afterwards.",
        Documented,
        "header nrt_version.h; Python runtimes rely on it",
        beginning::version_before_init,
    ),
    Rule::new(
        "NRT-LIFE-009",
        "Before nrt_init a tensor has no address.",
        Observed,
        "2.31.24",
        gates::no_address,
    ),
    Rule::new(
        "NRT-LIFE-010",
        "nrt_close before nrt_init does nothing, and nrt_init succeeds afterwards.",
        Observed,
        "2.31.24",
        closing::before_init,
    ),
    Rule::new(
        "NRT-LIFE-011",
        "After nrt_close calls for tensors answer NRT_CLOSED, or NRT_UNINITIALIZED as was observed.",
        Documented,
        "header nrt_status.h, developer guide; observed in 2.31.24",
        |s| gates::after_close(s, gates::tensors(s)),
    ),
    Rule::new(
        "NRT-LIFE-012",
        "After nrt_close calls for tensor sets answer NRT_CLOSED, or NRT_UNINITIALIZED as was observed.",
        Documented,
        "header nrt_status.h, developer guide; observed in 2.31.24",
        |s| gates::after_close(s, gates::sets(s)),
    ),
    Rule::new(
        "NRT-LIFE-013",
        "After nrt_close calls for models answer NRT_CLOSED, or NRT_UNINITIALIZED as was observed.",
        Documented,
        "header nrt_status.h, developer guide; observed in 2.31.24",
        |s| gates::after_close(s, gates::models(s)),
    ),
    Rule::new(
        "NRTA-LIFE-014",
        "After nrt_close every nrta_* call answers NRT_CLOSED, or NRT_UNINITIALIZED as was observed.",
        Documented,
        "header nrt_status.h, developer guide; observed in 2.31.24",
        |s| gates::after_close(s, gates::requests(s)),
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-LIFE-015",
        "After nrt_close registering an event answers NRT_CLOSED, or NRT_UNINITIALIZED as was observed.",
        Documented,
        "header nrt_status.h, developer guide; observed in 2.31.24",
        |s| gates::after_close(s, gates::events(s)),
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-LIFE-016",
        "Settings of the system trace can be made, changed and freed before nrt_init.",
        Observed,
        "2.31.24: plain allocations",
        gates::trace_settings,
    ),
    Rule::new(
        "NRT-LIFE-017",
        "Counters of outputs are asked for without a look at the state: no tensor is NRT_INVALID before nrt_init.",
        Observed,
        "2.31.24; header nrt.h",
        gates::counters,
    ),
    Rule::new(
        "NRT-LIFE-020",
        "nrt_init takes NULL for both versions, and 0 for the framework.",
        ClientCode,
        "several programs pass them",
        beginning::null_versions,
    ),
    Rule::new(
        "NRT-LIFE-021",
        "The framework that nrt_init is told has no effect.",
        Documented,
        "developer guide",
        beginning::frameworks,
    ),
    Rule::new(
        "NRT-LIFE-022",
        "A second nrt_init succeeds.",
        Observed,
        "2.31.24; Python runtimes rely on it",
        beginning::twice,
    ),
    Rule::new(
        "NRT-LIFE-023",
        "A second nrt_init leaves tensors and their contents alone.",
        Observed,
        "2.31.24: it does nothing",
        beginning::twice_keeps_tensors,
    ),
    Rule::new(
        "NRT-LIFE-024",
        "A second nrt_init leaves loaded models alone.",
        Observed,
        "2.31.24: it does nothing",
        beginning::twice_keeps_models,
    ),
    Rule::new(
        "NRTA-LIFE-025",
        "After a second nrt_init sequence numbers go on.",
        Observed,
        "2.31.24: it does nothing",
        beginning::twice_keeps_numbers,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-026",
        "One nrt_close ends what two nrt_init began.",
        Observed,
        "2.31.24: the second does nothing",
        beginning::twice_is_not_counted,
    ),
    Rule::new(
        "NRT-LIFE-027",
        "After nrt_close a process may begin again, and again.",
        Documented,
        "nrtpy, reset",
        closing::cycles,
    ),
    Rule::new(
        "NRTA-LIFE-028",
        "After each new beginning requests are accepted and completed.",
        Documented,
        "nrtpy, reset; migration guide: reinitialise the runtime",
        closing::cycles_of_requests,
    )
    .sdks(SINCE_2_29),
    Rule::new("NRT-LIFE-030", "nrt_close twice is as good as once.", Observed, "2.31.24", closing::twice),
    Rule::new(
        "NRTA-LIFE-031",
        "When nrt_close returns, the status of every run that was queued has been written.",
        Observed,
        "2.31.24: units are drained",
        closing::statuses_are_written,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-LIFE-032",
        "Runs that were queued at nrt_close are done: their status is NRT_SUCCESS.",
        Observed,
        "2.31.24: units are drained",
        closing::runs_are_done,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-LIFE-033",
        "Reads that were queued at nrt_close have delivered their bytes when it returns.",
        Observed,
        "2.31.24: units are drained",
        closing::reads_are_done,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-LIFE-034",
        "Events of requests that were in flight have been signalled when nrt_close returns.",
        Observed,
        "2.31.24: units are drained, and completions are published as ever",
        closing::events_are_signalled,
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRTA-LIFE-035",
        "Nothing is written to statuses and buffers of requests once nrt_close has returned.",
        Observed,
        "2.31.24: units are drained",
        closing::nothing_is_late,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-036",
        "nrt_close gives back the memory of tensors that were not freed.",
        Documented,
        "release notes 2.30: leaks in nrt_close fixed",
        closing::memory_of_tensors,
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-LIFE-037",
        "nrt_close gives back the memory of models that were not unloaded.",
        Documented,
        "release notes 2.30: leaks in nrt_close fixed",
        closing::memory_of_models,
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-LIFE-038",
        "nrt_close after a NEFF that could not be loaded does no harm.",
        Documented,
        "release notes 2.29: double free fixed",
        closing::after_failed_load,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-039",
        "Tensors, sets and models may be freed after nrt_close.",
        ClientCode,
        "destructors of several programs come late",
        closing::late_frees,
    ),
    Rule::new(
        "NRTA-LIFE-040",
        "A process may end with requests in flight, without nrt_close.",
        ClientCode,
        "benchmark tools do",
        closing::exit_in_flight,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-041",
        "nrt_close may be called while the process ends.",
        ClientCode,
        "Python runtimes close at exit",
        closing::close_at_exit,
    ),
    Rule::new(
        "NRT-LIFE-042",
        "A tensor may be freed while the process ends.",
        ClientCode,
        "libfabric frees from static destructors",
        closing::free_at_exit,
    ),
    Rule::new(
        "NRTA-LIFE-043",
        "The library may be closed with dlclose while requests are in flight, without nrt_close.",
        ClientCode,
        "libfabric and benchmark tools do",
        closing::dlclose_in_flight,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-050",
        "In a forked child calls answer NRT_FAILURE.",
        Observed,
        "2.31.24",
        forks::refused,
    ),
    Rule::new(
        "NRTA-LIFE-051",
        "In a forked child nrta_* calls answer NRT_FAILURE.",
        Observed,
        "2.31.24",
        forks::requests_refused,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-052",
        "In a forked child nrt_init answers NRT_FAILURE.",
        Observed,
        "2.31.24",
        forks::no_new_beginning,
    ),
    Rule::new(
        "NRT-LIFE-053",
        "In a forked child the visible count is still that of its parent.",
        Observed,
        "2.31.24",
        forks::count,
    ),
    Rule::new(
        "NRT-LIFE-054",
        "nrt_close in a forked child leaves the parent's tensors alone.",
        Observed,
        "2.31.24: nrt_close does nothing there",
        forks::parent_keeps_tensors,
    ),
    Rule::new(
        "NRTA-LIFE-055",
        "Requests that are in flight while the process forks complete in the parent.",
        Observed,
        "2.31.24: only the child is marked",
        forks::parent_goes_on,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-LIFE-056",
        "A child that was forked before nrt_init may begin by itself.",
        Observed,
        "2.31.24: nrt_init sets the watch for forks",
        forks::before_init,
    ),
];

fn init(s: &Session) -> Outcome<Answer<'_>> {
    s.call("nrt_init", [1.into(), "".into(), "".into()])
}
