//! What a submission checks, in which order, and what its success means.

mod accepted;
mod arguments;
mod collective;
mod order;
mod request;

use self::order::Mistake;
use self::request::Op;
use super::sources::{documented, observed, relied_on};
use crate::abi::Sdk;
use crate::rule::Rule;
use crate::session::Session;
use crate::verdict::Outcome;

/// Releases that certainly have the implicit async mode and today's form of `nrta_*`.
const IMPLICIT_MODE: (Sdk, Sdk) = (Sdk::V2_29, Sdk::V2_30);
/// Turns that mode on.
const IMPLICIT: &[(&str, &str)] = &[("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3")];

pub(super) const RULES: &[Rule] = &[
    observed(
        "NRTA-SUBMIT-001",
        "Before nrt_init nrta_execute_schedule answers NRT_UNINITIALIZED, whatever else is wrong with it.",
        |s| arguments::before_init(s, Op::Run),
    ),
    observed(
        "NRTA-SUBMIT-002",
        "Before nrt_init nrta_tensor_read answers NRT_UNINITIALIZED, whatever else is wrong with it.",
        |s| arguments::before_init(s, Op::Read),
    ),
    observed(
        "NRTA-SUBMIT-003",
        "Before nrt_init nrta_tensor_write answers NRT_UNINITIALIZED, whatever else is wrong with it.",
        |s| arguments::before_init(s, Op::Write),
    ),
    observed(
        "NRTA-SUBMIT-004",
        "Before nrt_init nrta_tensor_copy answers NRT_UNINITIALIZED, whatever else is wrong with it.",
        |s| arguments::before_init(s, Op::Copy),
    ),
    documented(
        "NRTA-SUBMIT-005",
        "header nrt_status.h",
        "After nrt_close nrta_execute_schedule answers that the runtime is closed or not initialised, whatever else is wrong with it.",
        |s| arguments::after_close(s, Op::Run),
    ),
    documented(
        "NRTA-SUBMIT-006",
        "header nrt_status.h",
        "After nrt_close nrta_tensor_read answers that the runtime is closed or not initialised, whatever else is wrong with it.",
        |s| arguments::after_close(s, Op::Read),
    ),
    documented(
        "NRTA-SUBMIT-007",
        "header nrt_status.h",
        "After nrt_close nrta_tensor_write answers that the runtime is closed or not initialised, whatever else is wrong with it.",
        |s| arguments::after_close(s, Op::Write),
    ),
    documented(
        "NRTA-SUBMIT-008",
        "header nrt_status.h",
        "After nrt_close nrta_tensor_copy answers that the runtime is closed or not initialised, whatever else is wrong with it.",
        |s| arguments::after_close(s, Op::Copy),
    ),
    implicit(
        "NRTA-SUBMIT-009",
        "In implicit async mode nrta_execute_schedule answers NRT_FAILURE, whatever else is wrong with it.",
        |s| arguments::in_implicit_mode(s, Op::Run),
    ),
    implicit(
        "NRTA-SUBMIT-010",
        "In implicit async mode nrta_tensor_read answers NRT_FAILURE, whatever else is wrong with it.",
        |s| arguments::in_implicit_mode(s, Op::Read),
    ),
    implicit(
        "NRTA-SUBMIT-011",
        "In implicit async mode nrta_tensor_write answers NRT_FAILURE, whatever else is wrong with it.",
        |s| arguments::in_implicit_mode(s, Op::Write),
    ),
    implicit(
        "NRTA-SUBMIT-012",
        "In implicit async mode nrta_tensor_copy answers NRT_FAILURE, whatever else is wrong with it.",
        |s| arguments::in_implicit_mode(s, Op::Copy),
    ),
    observed(
        "NRTA-SUBMIT-013",
        "nrta_execute_schedule without one of its addresses is refused with NRT_INVALID and changes nothing.",
        |s| arguments::without_pointers(s, Op::Run),
    ),
    observed(
        "NRTA-SUBMIT-014",
        "nrta_tensor_read without one of its addresses is refused with NRT_INVALID and changes nothing.",
        |s| arguments::without_pointers(s, Op::Read),
    ),
    observed(
        "NRTA-SUBMIT-015",
        "nrta_tensor_write without one of its addresses is refused with NRT_INVALID and changes nothing.",
        |s| arguments::without_pointers(s, Op::Write),
    ),
    observed(
        "NRTA-SUBMIT-016",
        "nrta_tensor_copy without one of its addresses is refused with NRT_INVALID and changes nothing.",
        |s| arguments::without_pointers(s, Op::Copy),
    ),
    documented(
        "NRTA-SUBMIT-017",
        "header nrt_async.h",
        "nrta_execute_schedule on a queue other than 0 is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_queue(s, Op::Run),
    ),
    observed(
        "NRTA-SUBMIT-018",
        "nrta_tensor_read on a queue that the tensor-op unit does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_queue(s, Op::Read),
    ),
    observed(
        "NRTA-SUBMIT-019",
        "nrta_tensor_write on a queue that the tensor-op unit does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_queue(s, Op::Write),
    ),
    observed(
        "NRTA-SUBMIT-020",
        "nrta_tensor_copy on a queue that the tensor-op unit does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_queue(s, Op::Copy),
    ),
    observed(
        "NRTA-SUBMIT-021",
        "nrta_tensor_read on a core that the process does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_core(s, Op::Read),
    ),
    observed(
        "NRTA-SUBMIT-022",
        "nrta_tensor_write on a core that the process does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_core(s, Op::Write),
    ),
    observed(
        "NRTA-SUBMIT-023",
        "nrta_tensor_copy on a core that the process does not have is refused with NRT_INVALID and changes nothing.",
        |s| arguments::on_a_bad_core(s, Op::Copy),
    ),
    documented(
        "NRTA-SUBMIT-024",
        "overview of the async API",
        "An asynchronous run with a host tensor in either set is refused with NRT_INVALID and changes nothing.",
        arguments::run_with_host_tensors,
    ),
    documented(
        "NRTA-SUBMIT-025",
        "overview of the async API",
        "nrta_tensor_read of a host tensor is refused with NRT_INVALID and changes nothing.",
        |s| arguments::with_host_tensors(s, Op::Read),
    ),
    documented(
        "NRTA-SUBMIT-026",
        "overview of the async API",
        "nrta_tensor_write of a host tensor is refused with NRT_INVALID and changes nothing.",
        |s| arguments::with_host_tensors(s, Op::Write),
    ),
    observed(
        "NRTA-SUBMIT-027",
        "nrta_tensor_copy of a host tensor is refused with NRT_INVALID and changes nothing.",
        |s| arguments::with_host_tensors(s, Op::Copy),
    ),
    observed(
        "NRTA-SUBMIT-028",
        "An asynchronous run of a model that does not exist is refused with NRT_INVALID_HANDLE and changes nothing.",
        arguments::run_of_unknown_model,
    ),
    observed(
        "NRTA-SUBMIT-029",
        "An asynchronous run of a model that was unloaded is refused with NRT_INVALID_HANDLE and changes nothing.",
        arguments::run_of_unloaded_model,
    ),
    documented(
        "NRTA-SUBMIT-030",
        "header nrt_async.h",
        "An asynchronous run whose sets lack a tensor of the model's is refused and changes nothing.",
        arguments::run_with_missing_tensors,
    ),
    documented(
        "NRTA-SUBMIT-031",
        "header nrt_async.h",
        "An asynchronous run with a tensor shorter than the model's is refused and changes nothing.",
        arguments::run_with_short_tensors,
    ),
    observed(
        "NRTA-SUBMIT-032",
        "An asynchronous run with a tensor in another core's memory is refused with NRT_INVALID and changes nothing.",
        arguments::run_with_tensors_elsewhere,
    ),
    documented(
        "NRTA-SUBMIT-033",
        "header nrt_async.h",
        "nrta_tensor_copy between banks of memory is refused with NRT_INVALID and changes nothing.",
        arguments::copy_to_another_bank,
    ),
    observed(
        "NRTA-SUBMIT-034",
        "A missing address is noticed before a full queue: the answer is not NRT_QUEUE_FULL.",
        |s| order::before_full(s, Mistake::Pointer),
    ),
    observed(
        "NRTA-SUBMIT-035",
        "A wrong queue is noticed before a full queue: the answer is not NRT_QUEUE_FULL.",
        |s| order::before_full(s, Mistake::Queue),
    ),
    observed(
        "NRTA-SUBMIT-036",
        "A model that does not exist is noticed before a full queue: the answer is not NRT_QUEUE_FULL.",
        |s| order::before_full(s, Mistake::Model),
    ),
    observed(
        "NRTA-SUBMIT-037",
        "A missing tensor is noticed before a full queue: the answer is not NRT_QUEUE_FULL.",
        |s| order::before_full(s, Mistake::Tensors),
    ),
    observed(
        "NRTA-SUBMIT-038",
        "A missing address is noticed before a dead unit: the answer is not NRT_EXEC_UNIT_UNRECOVERABLE.",
        |s| order::before_dead(s, Mistake::Pointer),
    ),
    observed(
        "NRTA-SUBMIT-039",
        "A wrong queue is noticed before a dead unit: the answer is not NRT_EXEC_UNIT_UNRECOVERABLE.",
        |s| order::before_dead(s, Mistake::Queue),
    ),
    observed(
        "NRTA-SUBMIT-040",
        "A model that does not exist is noticed before a dead unit: the answer is not NRT_EXEC_UNIT_UNRECOVERABLE.",
        |s| order::before_dead(s, Mistake::Model),
    ),
    observed(
        "NRTA-SUBMIT-041",
        "A missing tensor is noticed before a dead unit: the answer is not NRT_EXEC_UNIT_UNRECOVERABLE.",
        |s| order::before_dead(s, Mistake::Tensors),
    ),
    observed(
        "NRTA-SUBMIT-042",
        "A dead unit answers NRT_EXEC_UNIT_UNRECOVERABLE though its queue was full.",
        order::dead_before_full,
    ),
    documented(
        "NRTA-SUBMIT-043",
        "guide, step 2",
        "NRT_SUCCESS of nrta_execute_schedule means queued: its status is not written before the request has completed.",
        |s| accepted::status_waits(s, Op::Run),
    ),
    documented(
        "NRTA-SUBMIT-044",
        "guide, step 2",
        "NRT_SUCCESS of nrta_tensor_read means queued: its status is not written before the request has completed.",
        |s| accepted::status_waits(s, Op::Read),
    ),
    documented(
        "NRTA-SUBMIT-045",
        "guide, step 2",
        "NRT_SUCCESS of nrta_tensor_write means queued: its status is not written before the request has completed.",
        |s| accepted::status_waits(s, Op::Write),
    ),
    documented(
        "NRTA-SUBMIT-046",
        "guide, step 2",
        "NRT_SUCCESS of nrta_tensor_copy means queued: its status is not written before the request has completed.",
        |s| accepted::status_waits(s, Op::Copy),
    ),
    observed(
        "NRTA-SUBMIT-047",
        "The status of a run is not written while the run before it on the queue has not completed.",
        accepted::later_status_waits,
    ),
    documented(
        "NRTA-SUBMIT-048",
        "guide, common issues",
        "nrta_execute_schedule writes nothing to where its data goes while its queue does not move.",
        |s| accepted::outputs_wait(s, Op::Run),
    ),
    documented(
        "NRTA-SUBMIT-049",
        "guide, common issues",
        "nrta_tensor_read writes nothing to where its data goes while its queue does not move.",
        |s| accepted::outputs_wait(s, Op::Read),
    ),
    documented(
        "NRTA-SUBMIT-050",
        "guide, common issues",
        "nrta_tensor_write writes nothing to where its data goes while its queue does not move.",
        |s| accepted::outputs_wait(s, Op::Write),
    ),
    documented(
        "NRTA-SUBMIT-051",
        "guide, common issues",
        "nrta_tensor_copy writes nothing to where its data goes while its queue does not move.",
        |s| accepted::outputs_wait(s, Op::Copy),
    ),
    relied_on(
        "NRTA-SUBMIT-052",
        "When nrta_execute_schedule returns NRT_SUCCESS, the id of the request is there: its unit, and 1 for the first.",
        |s| accepted::id_is_there_at_once(s, Op::Run),
    ),
    relied_on(
        "NRTA-SUBMIT-053",
        "When nrta_tensor_read returns NRT_SUCCESS, the id of the request is there: its unit, and 1 for the first.",
        |s| accepted::id_is_there_at_once(s, Op::Read),
    ),
    relied_on(
        "NRTA-SUBMIT-054",
        "When nrta_tensor_write returns NRT_SUCCESS, the id of the request is there: its unit, and 1 for the first.",
        |s| accepted::id_is_there_at_once(s, Op::Write),
    ),
    relied_on(
        "NRTA-SUBMIT-055",
        "When nrta_tensor_copy returns NRT_SUCCESS, the id of the request is there: its unit, and 1 for the first.",
        |s| accepted::id_is_there_at_once(s, Op::Copy),
    ),
    observed(
        "NRTA-SUBMIT-056",
        "The sets of a run may be destroyed as soon as it is queued.",
        accepted::sets_may_be_destroyed,
    ),
    observed(
        "NRTA-SUBMIT-057",
        "The sets of a run may be changed as soon as it is queued: it uses the tensors that they held.",
        accepted::sets_may_be_changed,
    ),
    observed(
        "NRTA-SUBMIT-058",
        "The inputs of a run may be freed as soon as it is queued.",
        accepted::inputs_may_be_freed,
    ),
    documented(
        "NRTA-SUBMIT-059",
        "header nrt_async.h",
        "nrta_tensor_read moves the bytes that it was told to, and no others.",
        accepted::read_moves_its_bytes,
    )
    .drawn(15),
    documented(
        "NRTA-SUBMIT-060",
        "header nrt_async.h",
        "nrta_tensor_write moves the bytes that it was told to, and no others.",
        accepted::write_moves_its_bytes,
    )
    .drawn(15),
    documented(
        "NRTA-SUBMIT-061",
        "header nrt_async.h",
        "nrta_tensor_copy moves the bytes that it was told to, and no others.",
        accepted::copy_moves_its_bytes,
    )
    .drawn(15),
    observed(
        "NRTA-SUBMIT-062",
        "Before nrt_init nrta_cc_prepare and nrta_cc_schedule answer NRT_UNINITIALIZED, whatever else is wrong.",
        collective::before_init,
    ),
    implicit(
        "NRTA-SUBMIT-063",
        "In implicit async mode nrta_cc_prepare and nrta_cc_schedule answer NRT_FAILURE, whatever else is wrong.",
        collective::in_implicit_mode,
    ),
    observed(
        "NRTA-SUBMIT-064",
        "nrta_cc_prepare without one of its addresses is refused with NRT_INVALID and makes no context.",
        collective::prepare_without_pointers,
    ),
    observed(
        "NRTA-SUBMIT-065",
        "nrta_cc_schedule without a context is refused with NRT_INVALID and writes nothing.",
        collective::schedule_without_context,
    ),
    observed(
        "NRTA-SUBMIT-066",
        "nrta_cc_schedule on a queue that the unit does not have is refused with NRT_INVALID, and the context stays.",
        collective::schedule_on_a_bad_queue,
    ),
    observed(
        "NRTA-SUBMIT-067",
        "nrta_cc_schedule without a place for the id is refused with NRT_INVALID, and the context stays.",
        collective::schedule_without_id,
    ),
    observed(
        "NRTA-SUBMIT-068",
        "A queued collective has taken its context: the caller's pointer is NULL.",
        collective::schedule_takes_the_context,
    ),
    documented(
        "NRTA-SUBMIT-069",
        "guide, step 2",
        "NRT_SUCCESS of nrta_cc_schedule means queued: its status is not written before the request has completed.",
        collective::status_waits,
    ),
];

const fn implicit(id: &'static str, says: &'static str, check: fn(&Session) -> Outcome) -> Rule {
    observed(id, says, check).sdks(IMPLICIT_MODE).environment(IMPLICIT)
}
