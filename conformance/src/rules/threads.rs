//! Threads: any of them may call.

mod closing;
mod objects;
mod program;
mod submitters;
mod watchers;

use crate::rule::{Rule, SINCE_2_29, SINCE_2_30, Source};
use crate::session::Session;
use crate::verdict::Outcome;

const OBSERVED: &str = "observed in 2.31.24: submissions of many threads are allowed";
const CLIENTS: &str = "command-line runners call from several threads";

/// A rule of the releases with the form of today.
const fn rule(
    id: &'static str,
    says: &'static str,
    source: Source,
    place: &'static str,
    check: fn(&Session) -> Outcome,
) -> Rule {
    Rule::new(id, says, source, place, check).sdks(SINCE_2_29)
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "NRTA-THREAD-001",
        "Threads that submit to the same transfer queue get each number once, and none is left out.",
        Source::Observed,
        OBSERVED,
        submitters::transfers,
    ),
    rule(
        "NRTA-THREAD-002",
        "Threads that submit to the same compute queue get each number once, and none is left out.",
        Source::Observed,
        OBSERVED,
        submitters::runs,
    ),
    rule(
        "NRTA-THREAD-003",
        "Threads that submit to different queues each get numbers that rise by one.",
        Source::Observed,
        OBSERVED,
        submitters::own_queues,
    ),
    rule(
        "NRTA-THREAD-004",
        "Status and bytes of a request come where its thread wants them.",
        Source::Observed,
        OBSERVED,
        submitters::own_bytes,
    ),
    rule(
        "NRTA-THREAD-005",
        "What one thread has submitted another can wait for, and finds status and bytes.",
        Source::ClientCode,
        CLIENTS,
        submitters::handed_over,
    ),
    rule(
        "NRTA-THREAD-006",
        "Threads that look at a queue while others submit see its number rise only.",
        Source::Documented,
        "guide, step 3",
        watchers::lookers,
    ),
    rule(
        "NRTA-THREAD-007",
        "With several submitters the eventfd of a queue counts every completion once.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        watchers::events_add_up,
    )
    .sdks(SINCE_2_30),
    rule(
        "NRTA-THREAD-008",
        "Registrations that come and go while requests complete lose none of the later events.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        watchers::registrations,
    )
    .sdks(SINCE_2_30),
    rule(
        "NRT-THREAD-009",
        "Tensors that threads allocate, write, read and free at the same time keep their own bytes.",
        Source::ClientCode,
        CLIENTS,
        objects::tensors,
    ),
    rule(
        "NRT-THREAD-010",
        "Models can be loaded and unloaded by several threads at the same time.",
        Source::ClientCode,
        CLIENTS,
        objects::models,
    ),
    rule(
        "NRT-THREAD-011",
        "Blocking runs of several threads each give the outputs of their inputs.",
        Source::ClientCode,
        CLIENTS,
        objects::runs,
    ),
    rule(
        "NRTA-THREAD-012",
        "Blocking and asynchronous calls on the same tensors mix between threads.",
        Source::Observed,
        "observed in 2.31.24",
        objects::mixed,
    ),
    rule(
        "NRTA-THREAD-013",
        "nrt_close while other threads poll leaves them with a status.",
        Source::Observed,
        "header nrt_status.h, observed in 2.31.24",
        closing::pollers,
    ),
    rule(
        "NRTA-THREAD-014",
        "nrt_close while other threads submit refuses what comes later.",
        Source::Observed,
        "header nrt_status.h, observed in 2.31.24",
        closing::submitters,
    ),
];
