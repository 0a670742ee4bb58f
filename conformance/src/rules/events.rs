//! Events: eventfds that are signalled at completions.

mod descriptor;
mod hammered;
mod program;
mod queue;
mod request;

use crate::rule::{Rule, SINCE_2_30, Source};
use crate::session::Session;
use crate::verdict::Outcome;

const CLIENTS: &str = "asynchronous runtimes rely on it; the function is in the release notes of 2.30";

/// A rule of the releases with events.
const fn rule(
    id: &'static str,
    says: &'static str,
    source: Source,
    place: &'static str,
    check: fn(&Session) -> Outcome,
) -> Rule {
    Rule::new(id, says, source, place, check).sdks(SINCE_2_30)
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "NRTA-EVENT-001",
        "An eventfd that is registered for a run right after its submission is signalled.",
        Source::Documented,
        "guide, step 3, option B",
        request::after_submission,
    ),
    rule(
        "NRTA-EVENT-002",
        "An eventfd that is registered for a transfer right after its submission is signalled.",
        Source::ClientCode,
        CLIENTS,
        request::transfer,
    ),
    rule(
        "NRTA-EVENT-003",
        "An eventfd that is registered while a request is pending is signalled when it completes, not before.",
        Source::Documented,
        "guide, step 3, option B",
        request::while_pending,
    ),
    rule(
        "NRTA-EVENT-004",
        "An eventfd that is registered for what has completed is signalled at once.",
        Source::Documented,
        "guide, step 3, option B, where a request may be over before it is registered; clients rely on it",
        request::after_completion,
    ),
    rule(
        "NRTA-EVENT-005",
        "A request signals its eventfd once, and later requests do not.",
        Source::ClientCode,
        CLIENTS,
        request::once,
    ),
    rule(
        "NRTA-EVENT-006",
        "When the event of a request comes, nrta_is_completed is true and the status is written.",
        Source::Observed,
        "observed in 2.31.24: status, then number, then event",
        request::is_last,
    ),
    rule(
        "NRTA-EVENT-007",
        "A negative descriptor takes the registration of a request back: nothing is signalled.",
        Source::ClientCode,
        CLIENTS,
        request::taken_back,
    ),
    rule(
        "NRTA-EVENT-008",
        "Requests with eventfds of their own each signal theirs, in the order of completion.",
        Source::ClientCode,
        CLIENTS,
        request::each_its_own,
    ),
    rule(
        "NRTA-EVENT-009",
        "An eventfd that is registered for several requests counts them.",
        Source::ClientCode,
        CLIENTS,
        request::counts_several,
    ),
    rule(
        "NRTA-EVENT-010",
        "A run that ends with an error signals like any other.",
        Source::Observed,
        "observed in 2.31.24: error completions count exactly like good ones",
        request::error,
    ),
    rule(
        "NRTA-EVENT-011",
        "Runs behind a fatal one signal when they are answered.",
        Source::Observed,
        "observed in 2.31.24: numbers and events of drained requests are published normally",
        request::behind_fatal,
    ),
    rule(
        "NRTA-EVENT-012",
        "Ids that name no unit cannot be registered for.",
        Source::ClientCode,
        "who is told that all is well waits for ever",
        request::no_such_unit,
    ),
    rule(
        "NRTA-EVENT-013",
        "An eventfd can be registered for a queue before anything is submitted to it.",
        Source::ClientCode,
        CLIENTS,
        queue::before_first,
    ),
    rule(
        "NRTA-EVENT-014",
        "The eventfd of a transfer queue counts its completions: none is missing, none is counted twice.",
        Source::ClientCode,
        CLIENTS,
        queue::transfers_add_up,
    ),
    rule(
        "NRTA-EVENT-015",
        "The eventfd of a compute queue counts its completions: none is missing, none is counted twice.",
        Source::ClientCode,
        CLIENTS,
        queue::runs_add_up,
    ),
    rule(
        "NRTA-EVENT-016",
        "The eventfd of a queue counts each completion when it happens.",
        Source::ClientCode,
        CLIENTS,
        queue::step_by_step,
    ),
    rule(
        "NRTA-EVENT-017",
        "A negative descriptor takes the registration of a queue back: nothing is signalled.",
        Source::ClientCode,
        CLIENTS,
        queue::taken_back,
    ),
    rule(
        "NRTA-EVENT-018",
        "Taking back a registration that is not there does no harm.",
        Source::ClientCode,
        CLIENTS,
        queue::taken_back_twice,
    ),
    rule(
        "NRTA-EVENT-019",
        "A queue whose registration was taken back can be registered for again.",
        Source::ClientCode,
        CLIENTS,
        queue::again,
    ),
    rule(
        "NRTA-EVENT-020",
        "The eventfd of a queue hears nothing of other queues, units and cores.",
        Source::ClientCode,
        CLIENTS,
        queue::foreign,
    ),
    rule(
        "NRTA-EVENT-021",
        "Eventfds of all queues of all cores at once each count what is theirs.",
        Source::ClientCode,
        "asynchronous runtimes have one for each queue in one epoll set",
        queue::all_at_once,
    ),
    rule(
        "NRTA-EVENT-022",
        "One request can signal two eventfds, its own and that of its queue.",
        Source::ClientCode,
        CLIENTS,
        queue::both_kinds,
    ),
    rule(
        "NRTA-EVENT-023",
        "The eventfd of a queue counts runs that end with an error.",
        Source::Observed,
        "observed in 2.31.24: error completions count exactly like good ones",
        queue::counts_errors,
    ),
    rule(
        "NRTA-EVENT-024",
        "Queues that are not there cannot be registered for.",
        Source::ClientCode,
        "who is told that all is well waits for ever",
        queue::no_such_queue,
    ),
    rule(
        "NRTA-EVENT-025",
        "An eventfd that blocks is signalled like one that does not.",
        Source::ClientCode,
        CLIENTS,
        descriptor::blocking,
    ),
    rule(
        "NRTA-EVENT-026",
        "An eventfd with the semantics of a semaphore counts completions one by one.",
        Source::ClientCode,
        CLIENTS,
        descriptor::semaphore,
    ),
    rule(
        "NRTA-EVENT-027",
        "Once its event has come, an eventfd can be closed, and who gets its number next hears nothing.",
        Source::Documented,
        "guide, step 3, option B: close after poll",
        descriptor::closed_after_event,
    ),
    rule(
        "NRTA-EVENT-028",
        "An eventfd of a request can be closed before its event comes, and who gets its number next hears nothing.",
        Source::ClientCode,
        "programs that close descriptors at any time",
        descriptor::closed_before_event,
    ),
    rule(
        "NRTA-EVENT-029",
        "An eventfd of a queue can be closed at any time, and a pipe that gets its number next is not written to.",
        Source::ClientCode,
        "programs that close descriptors at any time",
        descriptor::pipe_in_its_place,
    ),
    rule(
        "NRTA-EVENT-030",
        "The eventfd stays the program's: the library does not close it, nor change how it blocks.",
        Source::ClientCode,
        "guide, step 3, option B: the program closes it",
        descriptor::stays_open,
    ),
    rule(
        "NRTA-EVENT-031",
        "No event of a request is lost that is registered for while it completes.",
        Source::ClientCode,
        CLIENTS,
        hammered::registered_meanwhile,
    ),
    rule(
        "NRTA-EVENT-032",
        "Whoever sees the event of a transfer queue, of many, finds number and status, and the counts add up.",
        Source::Observed,
        "observed in 2.31.24: status, then number, then event",
        hammered::transfers_in_turn,
    ),
    rule(
        "NRTA-EVENT-033",
        "Whoever sees the event of a compute queue, of many, finds number and status, and the counts add up.",
        Source::Observed,
        "observed in 2.31.24: status, then number, then event",
        hammered::runs_in_turn,
    ),
    rule(
        "NRTA-EVENT-034",
        "Once a registration is taken back nothing is signalled, whatever completed meanwhile.",
        Source::ClientCode,
        CLIENTS,
        hammered::taken_back_meanwhile,
    ),
];
