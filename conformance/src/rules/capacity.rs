//! How much a queue takes, and what it means that it is full.

mod burst;
mod full;

use super::sources::{documented, observed};
use crate::rule::{Rule, SINCE_2_30};

pub(super) const RULES: &[Rule] = &[
    observed(
        "NRTA-QUEUE-001",
        "The compute queue takes 8 requests by default; the next is answered NRT_QUEUE_FULL.",
        full::by_default,
    ),
    observed(
        "NRTA-QUEUE-002",
        "With NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=1 the compute queue takes exactly so many requests.",
        full::as_set,
    )
    .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "1")]),
    observed(
        "NRTA-QUEUE-003",
        "With NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=3 the compute queue takes exactly so many requests.",
        full::as_set,
    )
    .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "3")]),
    observed(
        "NRTA-QUEUE-004",
        "With NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=32 the compute queue takes exactly so many requests.",
        full::as_set,
    )
    .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "32")]),
    observed(
        "NRTA-QUEUE-005",
        "With NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=63 the compute queue takes exactly so many requests.",
        full::as_set,
    )
    .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "63")]),
    observed("NRTA-QUEUE-006", "NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=64 counts as 63.", full::as_set)
        .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "64")]),
    observed("NRTA-QUEUE-007", "NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=1000 counts as 63.", full::as_set)
        .environment(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "1000")]),
    observed("NRTA-QUEUE-008", "NRT_QUEUE_FULL writes neither status nor id.", full::writes_nothing),
    observed(
        "NRTA-QUEUE-009",
        "NRT_QUEUE_FULL takes no number: the next accepted request follows the last accepted one.",
        full::takes_no_number,
    ),
    observed(
        "NRTA-QUEUE-010",
        "What is answered NRT_QUEUE_FULL is never run: its outputs and status stay as they are.",
        full::queues_nothing,
    ),
    observed(
        "NRTA-QUEUE-011",
        "As many requests complete as were accepted, however many were answered NRT_QUEUE_FULL.",
        full::completes_what_it_took,
    )
    .sdks(SINCE_2_30),
    observed(
        "NRTA-QUEUE-012",
        "A completion frees one place in the queue, and no more: until it is published the running request has one.",
        full::completion_frees_one_place,
    ),
    observed(
        "NRTA-QUEUE-013",
        "So many completions free so many places.",
        full::completions_free_as_many_places,
    ),
    observed(
        "NRTA-QUEUE-014",
        "Whether a run is accepted depends on submitted less completed requests, whatever their order.",
        full::depth_is_what_counts,
    )
    .drawn(10),
    observed(
        "NRTA-QUEUE-015",
        "Models on one core share its compute queue and its places.",
        full::models_share_a_queue,
    ),
    observed(
        "NRTA-QUEUE-016",
        "Each core has a compute queue of its own: one that is full leaves others with all their places.",
        full::cores_have_their_own,
    ),
    observed(
        "NRTA-QUEUE-017",
        "A full compute queue leaves the tensor-op unit of the core working.",
        full::transfers_go_on,
    ),
    observed(
        "NRTA-QUEUE-018",
        "In a burst with refusals the accepted requests have numbers without a gap.",
        burst::numbers_have_no_gap,
    ),
    observed(
        "NRTA-QUEUE-019",
        "In a burst nothing is ever written for a request that was answered NRT_QUEUE_FULL.",
        burst::refused_words_stay,
    ),
    documented(
        "NRTA-QUEUE-020",
        "guide, step 5",
        "In a burst with refusals each accepted request ends with NRT_SUCCESS in its own status.",
        burst::accepted_words_are_written,
    ),
    observed(
        "NRTA-QUEUE-021",
        "NRT_QUEUE_FULL is not answered while fewer requests than the capacity can be in the queue.",
        burst::never_full_too_early,
    ),
    observed(
        "NRTA-QUEUE-022",
        "There are never more accepted and not completed requests than the capacity.",
        burst::never_too_deep,
    ),
    documented(
        "NRTA-QUEUE-023",
        "guide, step 5",
        "After NRT_QUEUE_FULL and a completion that followed it, the only submitter's next attempt is accepted.",
        burst::retry_after_completion,
    ),
    observed(
        "NRTA-QUEUE-024",
        "Queues of the tensor-op unit take two hundred transfers without a pause.",
        burst::transfers_are_never_too_many,
    ),
    observed(
        "NRTA-QUEUE-025",
        "A tensor-op queue that does not move takes two hundred transfers.",
        burst::transfers_wait_without_bound,
    ),
];
