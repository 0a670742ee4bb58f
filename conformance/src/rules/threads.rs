//! Threads: any of them may call.

mod closing;
mod objects;
mod program;
mod submitters;
mod watchers;

use super::sources::sourced;
use crate::rule::{Rule, SINCE_2_30, Source};

const OBSERVED: &str = "observed in 2.31.24: submissions of many threads are allowed";
const CLIENTS: &str = "command-line runners call from several threads";

pub(super) const RULES: &[Rule] = &[
    sourced(
        "NRTA-THREAD-001",
        "Threads that submit to the same transfer queue get each number once, and none is left out.",
        Source::Observed,
        OBSERVED,
        submitters::transfers,
    ),
    sourced(
        "NRTA-THREAD-002",
        "Threads that submit to the same compute queue get each number once, and none is left out.",
        Source::Observed,
        OBSERVED,
        submitters::runs,
    ),
    sourced(
        "NRTA-THREAD-003",
        "Threads that submit to different queues each get numbers that rise by one.",
        Source::Observed,
        OBSERVED,
        submitters::own_queues,
    ),
    sourced(
        "NRTA-THREAD-004",
        "Status and bytes of a request come where its thread wants them.",
        Source::Observed,
        OBSERVED,
        submitters::own_bytes,
    ),
    sourced(
        "NRTA-THREAD-005",
        "What one thread has submitted another can wait for, and finds status and bytes.",
        Source::ClientCode,
        CLIENTS,
        submitters::handed_over,
    ),
    sourced(
        "NRTA-THREAD-006",
        "Threads that look at a queue while others submit see its number rise only.",
        Source::Documented,
        "guide, step 3",
        watchers::lookers,
    ),
    sourced(
        "NRTA-THREAD-007",
        "With several submitters the eventfd of a queue counts every completion once.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        watchers::events_add_up,
    )
    .sdks(SINCE_2_30),
    sourced(
        "NRTA-THREAD-008",
        "Registrations that come and go while requests complete lose none of the later events.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        watchers::registrations,
    )
    .sdks(SINCE_2_30),
    sourced(
        "NRT-THREAD-009",
        "Tensors that threads allocate, write, read and free at the same time keep their own bytes.",
        Source::ClientCode,
        CLIENTS,
        objects::tensors,
    ),
    sourced(
        "NRT-THREAD-010",
        "Models can be loaded and unloaded by several threads at the same time.",
        Source::ClientCode,
        CLIENTS,
        objects::models,
    ),
    sourced(
        "NRT-THREAD-011",
        "Blocking runs of several threads each give the outputs of their inputs.",
        Source::ClientCode,
        CLIENTS,
        objects::runs,
    ),
    sourced(
        "NRTA-THREAD-012",
        "Blocking and asynchronous calls on the same tensors mix between threads.",
        Source::Observed,
        "observed in 2.31.24",
        objects::mixed,
    ),
    sourced(
        "NRTA-THREAD-013",
        "nrt_close while other threads poll leaves them with a status.",
        Source::Observed,
        "header nrt_status.h, observed in 2.31.24",
        closing::pollers,
    ),
    sourced(
        "NRTA-THREAD-014",
        "nrt_close while other threads submit refuses what comes later.",
        Source::Observed,
        "header nrt_status.h, observed in 2.31.24",
        closing::submitters,
    ),
];
