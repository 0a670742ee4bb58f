//! What fails, and what that does to a unit, its queue, and the rest. Faults have to be put in, so these rules
//! apply to libraries that offer that.

mod bench;
mod fatal;
mod survivors;

use super::sources::{observed, relied_on};
use crate::rule::Source::Observed;
use crate::rule::{Rule, SINCE_2_29, SINCE_2_30};
use crate::session::Session;
use crate::verdict::Outcome;

/// A run that hangs does so for a second at most, where time is real.
const ONE_SECOND: &[(&str, &str)] = &[("NEURON_RT_EXEC_TIMEOUT", "1")];

pub(super) const RULES: &[Rule] = &[
    observed("NRTA-FAULT-001", "A request that ends its unit reports its own status, whichever it is, and the unit is dead then.", fatal::own_status).drawn(16),
    observed("NRTA-FAULT-002", "Requests behind a fatal one end with NRT_EXEC_UNIT_UNRECOVERABLE, those before it as they would have.", fatal::behind_it).drawn(10),
    observed("NRTA-FAULT-003", "Requests behind a fatal one complete in their order, each with a status.", fatal::in_order),
    observed("NRTA-FAULT-004", "The sequence advances over a fatal request and those behind it, to the last that was accepted.", fatal::sequence_goes_on),
    observed("NRTA-FAULT-005", "A fatal request and those behind it signal their events.", fatal::events_come).sdks(SINCE_2_30),
    observed("NRTA-FAULT-006", "An eventfd that is registered for a request that has failed is signalled at once.", fatal::event_after_failure).sdks(SINCE_2_30),
    observed("NRTA-FAULT-007", "The status of a failing request is written before the sequence shows it.", fatal::status_before_sequence),
    observed("NRTA-FAULT-008", "A dead unit answers every new run NRT_EXEC_UNIT_UNRECOVERABLE at once, and writes neither status nor id.", fatal::refuses),
    observed("NRTA-FAULT-009", "What a dead unit refuses takes no number: its sequence stands still.", fatal::refusals_take_no_number),
    observed("NRTA-FAULT-010", "A dead unit does not heal: not by time, submissions, looks at it, loads, or other work of the core.", fatal::stays_dead),
    promised("NRTA-FAULT-011", "A run that ends with a fatal status writes no outputs.", fatal::writes_no_outputs),
    observed("NRTA-FAULT-012", "A run that was queued behind a fatal one writes no outputs.", fatal::behind_it_nothing_is_written),
    observed("NRTA-FAULT-013", "A run that completed before a fatal one keeps its status and its outputs.", fatal::before_it_all_is_well),
    observed("NRTA-FAULT-014", "A blocking run that ends the unit returns its own status, and the unit is dead for asynchronous ones.", fatal::blocking_run_reports),
    promised("NRTA-FAULT-015", "A blocking run on a dead unit is answered NRT_EXEC_UNIT_UNRECOVERABLE and writes nothing.", fatal::blocking_run_is_refused),
    observed("NRTA-FAULT-016", "A unit is dead for all models on the core, also for those that are loaded later.", fatal::other_models_are_refused),
    observed("NRTA-FAULT-017", "A run that hangs ends with NRT_TIMEOUT after its time limit, those behind it unrecoverably, and the unit is dead.", fatal::hang).environment(ONE_SECOND),
    observed("NRTA-FAULT-018", "The tensor-op unit of a core works on when its compute unit is dead.", survivors::transfers_of_the_core),
    observed("NRTA-FAULT-019", "Transfers that were queued when the compute unit died end as they would have.", survivors::transfers_queued_before),
    observed("NRTA-FAULT-020", "Other cores work on when a unit is dead.", survivors::other_cores),
    observed("NRTA-FAULT-021", "A model whose run has failed can be unloaded.", survivors::models_unload),
    observed("NRTA-FAULT-022", "Tensors keep their bytes when a unit dies, and more can be allocated on its core.", survivors::tensors_stay),
    observed("NRTA-FAULT-023", "nrt_close ends with a failing request in flight, and nrt_init works after it.", survivors::close_ends),
    observed("NRTA-FAULT-024", "After nrt_close and nrt_init a unit that was dead runs models again.", survivors::lives_after_init),
    observed("NRTA-FAULT-025", "A transfer that ends its queue reports its own status; those behind it move nothing and end unrecoverably.", survivors::transfer_fails),
    observed("NRTA-FAULT-026", "The compute unit works on when a tensor-op queue of its core is dead.", survivors::compute_after_transfers),
    observed("NRTA-FAULT-027", "A run that completes with numerical errors (1003) leaves the unit healthy, and those behind it run.", survivors::numerical_error),
    observed("NRTA-FAULT-028", "A run that completes with errors (1004) leaves the unit healthy, and those behind it run.", survivors::completed_with_error),
    observed("NRTA-FAULT-029", "A run with bad input (1002) leaves the unit healthy, and those behind it run.", survivors::bad_input),
    observed("NRTA-FAULT-030", "A run that completes with numerical errors writes its outputs.", survivors::numerical_error_writes_outputs),
    observed("NRTA-FAULT-031", "A blocking run with numerical errors returns 1003 with its outputs written, and the next one succeeds.", survivors::blocking_run_with_numerical_error),
    observed("NRTA-FAULT-032", "NRT_QUEUE_FULL that is put in changes nothing: the next attempt is accepted and takes the next number.", survivors::injected_full),
    relied_on("NRTA-FAULT-033", "An allocation that fails for lack of memory leaves no handle and no harm.", survivors::injected_out_of_memory),
];

/// What no source says of the vendor's library, and the interface for faults does.
const fn promised(id: &'static str, says: &'static str, check: fn(&Session) -> Outcome) -> Rule {
    Rule::new(id, says, Observed, "what a library that lets faults be put in says of them", check)
        .sdks(SINCE_2_29)
}
