//! Completion: data, then status, then number; and how it is asked for.

mod hammered;
mod pending;
mod program;
mod shown;
mod trapped;

use super::sources::sourced;
use crate::rule::{Rule, Source};

use hammered::Way;

const GUIDE_STATUS: &str = "guide, step 2: exec_ret is populated when the request completes";
const ORDER: &str = "observed in 2.31.24: status, then number, then event";

pub(super) const RULES: &[Rule] = &[
    sourced(
        "NRTA-DONE-001",
        "The status of a run is written when nrta_is_completed says that it has completed.",
        Source::Documented,
        GUIDE_STATUS,
        shown::status_by_polling,
    ),
    sourced(
        "NRTA-DONE-002",
        "The status of a run is written when nrta_get_sequence has reached its id.",
        Source::Documented,
        GUIDE_STATUS,
        shown::status_by_number,
    ),
    sourced(
        "NRTA-DONE-003",
        "The status of a transfer is written when it has completed.",
        Source::Documented,
        "header nrt_async.h",
        shown::status_of_transfers,
    ),
    sourced(
        "NRTA-DONE-004",
        "The bytes of a read are there when it has completed.",
        Source::Documented,
        "guide, common issues: confirm completion before data are read",
        shown::read_bytes,
    )
    .drawn(10),
    sourced(
        "NRTA-DONE-005",
        "The bytes of a write are in the tensor when it has completed.",
        Source::Documented,
        "guide, common issues: confirm completion before data are read",
        shown::written_bytes,
    )
    .drawn(10),
    sourced(
        "NRTA-DONE-006",
        "The bytes of a copy are in the target when it has completed.",
        Source::Documented,
        "guide, common issues: confirm completion before data are read",
        shown::copied_bytes,
    )
    .drawn(10),
    sourced(
        "NRTA-DONE-007",
        "The outputs of a run are there when it has completed: the same as a blocking run gives.",
        Source::Documented,
        "guide, common issues: stale data",
        shown::outputs,
    ),
    sourced(
        "NRTA-DONE-008",
        "A request that has completed stays completed.",
        Source::Documented,
        "guide, step 3",
        shown::stays,
    ),
    sourced(
        "NRTA-DONE-009",
        "The number of a queue never falls, and never passes what was submitted.",
        Source::Documented,
        "guide, step 3",
        shown::numbers_never_fall,
    ),
    sourced(
        "NRTA-DONE-010",
        "nrta_is_completed and nrta_get_sequence say the same.",
        Source::Observed,
        "observed in 2.31.24: completed is what has a number up to the last",
        shown::both_agree,
    ),
    sourced(
        "NRTA-DONE-011",
        "A request that has not been submitted has not completed.",
        Source::Observed,
        "observed in 2.31.24: completed is what has a number up to the last",
        pending::future,
    ),
    sourced(
        "NRTA-DONE-012",
        "A run that has not completed has no status, no number and no answer of nrta_is_completed but false.",
        Source::Documented,
        GUIDE_STATUS,
        pending::held_run,
    ),
    sourced(
        "NRTA-DONE-013",
        "A transfer that has not completed has no status, no number and no answer of nrta_is_completed but false.",
        Source::Documented,
        "header nrt_async.h",
        pending::held_transfer,
    ),
    sourced(
        "NRTA-DONE-014",
        "A status is written once: what the program keeps there afterwards stays.",
        Source::Documented,
        GUIDE_STATUS,
        pending::written_once,
    ),
    sourced(
        "NRTA-DONE-015",
        "A status has four bytes, and nothing beside it is written.",
        Source::Documented,
        "header nrt_status.h",
        pending::four_bytes,
    ),
    sourced(
        "NRTA-DONE-016",
        "nrta_is_completed refuses ids of a kind of unit that there is not.",
        Source::Documented,
        "header nrt_async.h: NRT_INVALID for an invalid id",
        pending::no_such_kind,
    ),
    sourced(
        "NRTA-DONE-017",
        "nrta_is_completed refuses ids of a queue that there is not.",
        Source::Documented,
        "header nrt_async.h: NRT_INVALID for an invalid id",
        pending::no_such_queue,
    ),
    sourced(
        "NRTA-DONE-018",
        "nrta_is_completed refuses ids of a core that there is not.",
        Source::Documented,
        "header nrt_async.h: NRT_INVALID for an invalid id",
        pending::no_such_core,
    ),
    sourced(
        "NRTA-DONE-019",
        "nrta_is_completed writes one byte.",
        Source::Documented,
        "header nrt_async.h: a bool",
        pending::one_byte,
    ),
    sourced(
        "NRTA-DONE-020",
        "A run that ends with an error completes with its status, and those after it go on.",
        Source::Observed,
        "observed in 2.31.24",
        pending::error_completes,
    ),
    sourced(
        "NRTA-DONE-021",
        "A refused transfer never gets a status.",
        Source::Documented,
        "header nrt_async.h: the status is written when a request completes",
        pending::refused_has_none,
    ),
    sourced(
        "NRTA-DONE-022",
        "The status of a transfer is written before its number is out: nobody sees one without the other.",
        Source::Observed,
        ORDER,
        trapped::status_of_transfer,
    ),
    sourced(
        "NRTA-DONE-023",
        "The status of a run is written before its number is out: nobody sees one without the other.",
        Source::Observed,
        ORDER,
        trapped::status_of_run,
    ),
    sourced(
        "NRTA-DONE-024",
        "The bytes of a read are written before its status and its number are out.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        trapped::data_of_read,
    ),
    sourced(
        "NRTA-DONE-025",
        "Whoever sees the number of a short read, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Read, 64, false),
    ),
    sourced(
        "NRTA-DONE-026",
        "Whoever sees the number of a long read, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Read, 1 << 20, false),
    ),
    sourced(
        "NRTA-DONE-027",
        "Whoever sees the number of a short write, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Write, 64, false),
    ),
    sourced(
        "NRTA-DONE-028",
        "Whoever sees the number of a long write, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Write, 1 << 18, false),
    ),
    sourced(
        "NRTA-DONE-029",
        "Whoever sees the number of a short copy, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Copy, 64, false),
    ),
    sourced(
        "NRTA-DONE-030",
        "Whoever sees the number of a long copy, of many, finds its status and its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Copy, 1 << 20, false),
    ),
    sourced(
        "NRTA-DONE-031",
        "Whoever sees the number of a run, of many, finds its status and its outputs.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::runs(s, false),
    ),
    sourced(
        "NRTA-DONE-032",
        "Whoever sees the status of a read, of many, finds its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Read, 1 << 16, true),
    ),
    sourced(
        "NRTA-DONE-033",
        "Whoever sees the status of a copy, of many, finds its bytes.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::transfers(s, Way::Copy, 1 << 16, true),
    ),
    sourced(
        "NRTA-DONE-034",
        "Whoever sees the status of a run, of many, finds its outputs.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        |s| hammered::runs(s, true),
    ),
    sourced(
        "NRTA-DONE-035",
        "nrta_get_sequence refuses queues, units and cores that there are not.",
        Source::Observed,
        "header nrt_async.h, the status observed in 2.31.24",
        pending::no_such_sequence,
    ),
    sourced(
        "NRTA-DONE-036",
        "nrta_is_completed and nrta_get_sequence refuse to answer to no address.",
        Source::Observed,
        "observed in 2.31.24: pointers that are NULL are invalid in all of nrta_*",
        pending::nowhere,
    ),
];
