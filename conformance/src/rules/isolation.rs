//! Isolation: queues, units and cores do not disturb each other.

mod memory;
mod trouble;

use super::sources::sourced;
use crate::rule::{Rule, SINCE_2_30, Source};

const APART: &str = "async overview: units work independently";
const HEALTH: &str = "observed in 2.31.24: health is one of a unit";

pub(super) const RULES: &[Rule] = &[
    sourced(
        "NRTA-ISO-001",
        "Transfers complete while the compute queue of their core stands still.",
        Source::Documented,
        APART,
        trouble::compute_held,
    ),
    sourced(
        "NRTA-ISO-002",
        "Runs complete while the transfer queues of their core stand still.",
        Source::Documented,
        APART,
        trouble::transfers_held,
    ),
    sourced(
        "NRTA-ISO-003",
        "One transfer queue goes on while the other stands still.",
        Source::Observed,
        "observed in 2.31.24: each queue has a worker of its own",
        trouble::other_queue_held,
    ),
    sourced(
        "NRTA-ISO-004",
        "Cores go on while another stands still.",
        Source::Documented,
        APART,
        trouble::other_core_held,
    ),
    sourced(
        "NRTA-ISO-005",
        "A full compute queue refuses neither transfers of its core nor runs of another.",
        Source::Documented,
        "guide, step 5: it is the queue that is full",
        trouble::full,
    ),
    sourced(
        "NRTA-ISO-006",
        "A dead compute unit does not keep transfers of its core from completing well.",
        Source::Observed,
        HEALTH,
        trouble::dead_unit,
    ),
    sourced(
        "NRTA-ISO-007",
        "A dead compute unit does not keep other cores from running models.",
        Source::Observed,
        HEALTH,
        trouble::dead_core,
    ),
    sourced(
        "NRTA-ISO-008",
        "A run that ends with an error leaves the statuses of runs beside it, and of transfers, what they are.",
        Source::Documented,
        "guide, step 4: each request has a status of its own",
        trouble::own_status,
    ),
    sourced(
        "NRTA-ISO-009",
        "A completion moves the number of its own queue and of no other.",
        Source::Documented,
        "header nrt_async.h: a number is one of its unit",
        trouble::own_number,
    ),
    sourced(
        "NRTA-ISO-010",
        "A dead unit signals no event of others.",
        Source::Observed,
        HEALTH,
        trouble::own_event,
    )
    .sdks(SINCE_2_30),
    sourced(
        "NRTA-ISO-011",
        "Unloading the model of one core leaves the models of others.",
        Source::Documented,
        "header nrt.h",
        trouble::unloaded,
    ),
    sourced(
        "NRTA-ISO-012",
        "A read writes the bytes that it was asked for, and none before or after them.",
        Source::Documented,
        "header nrt_async.h",
        memory::around_a_read,
    )
    .drawn(10),
    sourced(
        "NRTA-ISO-013",
        "A write changes the bytes that it was asked for, and no others of the tensor.",
        Source::Documented,
        "header nrt_async.h",
        memory::around_a_write,
    )
    .drawn(10),
    sourced(
        "NRTA-ISO-014",
        "A copy changes the bytes that it was asked for, and no others of either tensor.",
        Source::Documented,
        "header nrt_async.h",
        memory::around_a_copy,
    )
    .drawn(10),
    sourced(
        "NRTA-ISO-015",
        "Runs and transfers leave tensors alone that they do not name, on their core and on others.",
        Source::Documented,
        "header nrt_async.h",
        memory::other_tensors,
    ),
    sourced(
        "NRTA-ISO-016",
        "A run leaves its inputs what they are.",
        Source::Documented,
        "header nrt.h",
        memory::inputs,
    ),
    sourced(
        "NRTA-ISO-017",
        "With traffic on all queues of two cores, in any order, each request has its own status and bytes.",
        Source::Documented,
        APART,
        memory::traffic,
    )
    .drawn(20),
];
