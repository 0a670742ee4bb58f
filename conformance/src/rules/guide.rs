//! What the migration guide says, step by step.

mod bench;
mod errors;
mod pressure;
mod tracking;

use super::sources::documented;
use crate::rule::{Rule, SINCE_2_30};

pub(super) const RULES: &[Rule] = &[
    documented(
        "NRTA-GUIDE-001",
        "guide, step 1",
        "Without the variable of the implicit mode nrta_execute_schedule and nrt_execute both work.",
        tracking::without_the_variable,
    ),
    documented(
        "NRTA-GUIDE-002",
        "guide, step 2",
        "nrta_execute_schedule is always non-blocking: it returns though nothing can complete.",
        tracking::schedule_does_not_block,
    ),
    documented(
        "NRTA-GUIDE-003",
        "guide, step 2",
        "exec_ret is populated after the request completes, and not before.",
        tracking::exec_ret_waits,
    ),
    documented(
        "NRTA-GUIDE-004",
        "guide, step 3",
        "Polling nrta_is_completed ends: each request comes to be completed.",
        tracking::polling_ends,
    ),
    documented(
        "NRTA-GUIDE-005",
        "guide, step 3",
        "If the completed sequence is at least the last submitted one, all submitted work is done.",
        tracking::sequence_covers_all,
    ),
    documented(
        "NRTA-GUIDE-006",
        "guide, step 3",
        "Ids of one execution unit are compared as they are: the completed one becomes the last submitted one.",
        tracking::ids_compare_as_they_are,
    ),
    documented(
        "NRTA-GUIDE-007",
        "guide, step 3",
        "The completed sequence does not run ahead: while a request is not done it is less than its id.",
        tracking::sequence_never_runs_ahead,
    ),
    documented(
        "NRTA-GUIDE-008",
        "guide, step 3",
        "The last completed sequence is of one execution unit: work of another does not move it.",
        tracking::sequence_is_of_one_unit,
    ),
    documented(
        "NRTA-GUIDE-009",
        "guide, step 3",
        "The last submitted id less the completed one is how many requests are in the queue.",
        tracking::difference_is_depth,
    ),
    documented(
        "NRTA-GUIDE-010",
        "guide, step 3",
        "An eventfd that is registered after the submission is signalled on completion.",
        tracking::event_after_submit,
    )
    .sdks(SINCE_2_30),
    documented(
        "NRTA-GUIDE-011",
        "guide, step 3",
        "An eventfd is not signalled before its request has completed.",
        tracking::event_not_before,
    )
    .sdks(SINCE_2_30),
    documented(
        "NRTA-GUIDE-012",
        "guide, step 3",
        "An eventfd that is registered after the completion is signalled all the same.",
        tracking::event_after_completion,
    )
    .sdks(SINCE_2_30),
    documented(
        "NRTA-GUIDE-013",
        "guide, step 3",
        "When the eventfd of a request is signalled, nrta_is_completed says true.",
        tracking::event_means_completed,
    )
    .sdks(SINCE_2_30),
    documented(
        "NRTA-GUIDE-014",
        "guide, step 3",
        "An eventfd may be closed once it was signalled, and later requests complete.",
        tracking::event_is_closed,
    )
    .sdks(SINCE_2_30),
    documented(
        "NRTA-GUIDE-015",
        "guide, step 3",
        "Nothing is synchronised implicitly: a blocking read returns though a run that writes the tensor is queued.",
        tracking::read_does_not_wait,
    ),
    documented(
        "NRTA-GUIDE-016",
        "guide, step 4",
        "Each of eight requests has a status and outputs of its own, and ends with NRT_SUCCESS.",
        errors::eight_requests,
    ),
    documented(
        "NRTA-GUIDE-017",
        "guide, step 4",
        "Of eight requests only the one that failed has its error in its status.",
        errors::each_has_its_own,
    )
    .drawn(8),
    documented(
        "NRTA-GUIDE-018",
        "guide, step 4",
        "A failure is in the status of its own request, and changes none of those before and after.",
        errors::statuses_stay,
    ),
    documented(
        "NRTA-GUIDE-019",
        "guide, step 4",
        "Waiting ends for requests that fail, and each has an error in its status.",
        errors::polling_ends_on_failure,
    ),
    documented(
        "NRTA-GUIDE-020",
        "guide, step 4",
        "A schedule call on a unit in a fatal state returns NRT_EXEC_UNIT_UNRECOVERABLE.",
        errors::unrecoverable,
    ),
    documented(
        "NRTA-GUIDE-021",
        "guide, step 5",
        "A schedule call returns NRT_QUEUE_FULL when the queue cannot accept more requests.",
        pressure::full,
    ),
    documented(
        "NRTA-GUIDE-022",
        "guide, step 5",
        "After NRT_QUEUE_FULL and a wait for one request in flight the retry succeeds.",
        pressure::retry,
    ),
    documented(
        "NRTA-GUIDE-023",
        "guide, step 5",
        "With the wait of the guide after each NRT_QUEUE_FULL all requests get in, and all succeed.",
        pressure::all_get_in,
    ),
    documented(
        "NRTA-GUIDE-024",
        "guide, confirm your work",
        "Schedule calls return NRT_SUCCESS and their sequence numbers rise.",
        tracking::numbers_rise,
    ),
    documented(
        "NRTA-GUIDE-025",
        "guide, confirm your work",
        "nrta_is_completed returns true after the execution has finished, and goes on to.",
        tracking::stays_completed,
    ),
    documented(
        "NRTA-GUIDE-026",
        "guide, common issues",
        "A program that keeps fewer requests in flight than fit is never answered NRT_QUEUE_FULL.",
        pressure::fewer_in_flight,
    )
    .drawn(8),
    documented(
        "NRTA-GUIDE-027",
        "guide, common issues",
        "A tensor read that is scheduled once the run has completed reads what the run wrote.",
        tracking::read_after_run,
    )
    .drawn(10),
    documented(
        "NRTA-GUIDE-028",
        "guide, common issues",
        "Stages that wait for each other through nrta_get_sequence read what the stage before wrote.",
        tracking::pipeline,
    )
    .drawn(5),
    documented(
        "NRTA-GUIDE-029",
        "guide, common issues",
        "The fatal state of a unit ends with a new start of the runtime.",
        errors::unrecoverable_until_init,
    ),
    documented(
        "NRTA-GUIDE-030",
        "guide, common issues",
        "Once nrta_is_completed says true, exec_ret is populated.",
        tracking::exec_ret_after_is_completed,
    ),
    documented(
        "NRTA-GUIDE-031",
        "guide, common issues",
        "Once nrta_get_sequence covers a request, its exec_ret is populated.",
        tracking::exec_ret_after_get_sequence,
    ),
    documented(
        "NRTA-GUIDE-032",
        "guide, common issues",
        "Once the event of a request has come, its exec_ret is populated.",
        tracking::exec_ret_after_event,
    )
    .sdks(SINCE_2_30),
];
