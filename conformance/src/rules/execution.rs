//! Blocking runs: `nrt_execute`, and how it shares a queue with asynchronous ones.

mod bindings;
mod queue;
mod results;

use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::rule::{Rule, SINCE_2_29};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-EXEC-001",
        "When nrt_execute returns NRT_SUCCESS, its outputs are written: nothing of what they held before is left.",
        Documented,
        "header nrt.h, nrt_execute",
        results::outputs_are_written,
    ),
    Rule::new(
        "NRT-EXEC-002",
        "Runs with equal inputs write equal outputs, whatever tensors they use and whatever ran between them.",
        ClientCode,
        "accuracy checks of compilers and frameworks rely on it",
        results::equal_inputs_equal_outputs,
    ),
    Rule::new(
        "NRT-EXEC-003",
        "A run leaves its inputs as they are.",
        Documented,
        "header nrt.h, nrt_execute",
        results::inputs_stay,
    )
    .drawn(4),
    Rule::new(
        "NRT-EXEC-004",
        "Before nrt_init nrt_execute answers NRT_UNINITIALIZED, whatever its arguments are.",
        Documented,
        "header nrt_status.h",
        results::before_init,
    ),
    Rule::new(
        "NRT-EXEC-005",
        "A run of a model that does not exist is answered NRT_INVALID_HANDLE.",
        Observed,
        "observed in 2.31.24",
        results::unknown_model,
    ),
    Rule::new(
        "NRT-EXEC-006",
        "A run of a model that was unloaded is answered NRT_INVALID_HANDLE and writes nothing.",
        Observed,
        "observed in 2.31.24",
        results::unloaded_model,
    ),
    Rule::new(
        "NRT-EXEC-007",
        "Unloading a model leaves another one on the same core able to run.",
        Documented,
        "header nrt.h, nrt_unload",
        results::other_model_runs_on,
    ),
    Rule::new(
        "NRT-EXEC-008",
        "A run without a set of inputs or outputs is refused with NRT_INVALID and writes nothing.",
        Observed,
        "observed in 2.31.24",
        bindings::no_sets,
    ),
    Rule::new(
        "NRT-EXEC-009",
        "A run whose inputs lack one of the model's is refused and writes nothing.",
        Documented,
        "header nrt.h, nrt_execute",
        bindings::missing_input,
    ),
    Rule::new(
        "NRT-EXEC-010",
        "A run whose outputs lack one of the model's is refused and writes nothing.",
        Documented,
        "header nrt.h, nrt_execute",
        bindings::missing_output,
    ),
    Rule::new(
        "NRT-EXEC-011",
        "A run whose input is shorter than the model's is refused and writes nothing.",
        Documented,
        "header nrt.h, nrt_execute",
        bindings::short_input,
    ),
    Rule::new(
        "NRT-EXEC-012",
        "A run whose output is shorter than the model's is refused and writes nothing.",
        Documented,
        "header nrt.h, nrt_execute",
        bindings::short_output,
    ),
    Rule::new(
        "NRT-EXEC-013",
        "An input may be larger than the model's: the bytes beyond do not matter.",
        Observed,
        "observed in 2.31.24",
        bindings::larger_input,
    ),
    Rule::new(
        "NRT-EXEC-014",
        "An output may be larger than the model's: the bytes beyond stay as they are.",
        Observed,
        "observed in 2.31.24",
        bindings::larger_output,
    ),
    Rule::new(
        "NRT-EXEC-015",
        "A blocking run with more inputs than the model has is refused and writes nothing.",
        Observed,
        "observed in 2.31.24",
        bindings::extra_input,
    ),
    Rule::new(
        "NRTA-EXEC-016",
        "An asynchronous run ignores tensors of its sets that the model does not name.",
        Observed,
        "observed in 2.31.24",
        bindings::extra_async,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-EXEC-017",
        "A blocking run takes host tensors, and writes the same as with device tensors.",
        Observed,
        "observed in 2.31.24",
        bindings::host_tensors,
    ),
    Rule::new(
        "NRT-EXEC-018",
        "A blocking run takes tensors that stand for the program's own memory: its outputs are there when it returns.",
        Documented,
        "developer guide, nrt_tensor_attach_buffer",
        bindings::attached_tensors,
    ),
    Rule::new(
        "NRT-EXEC-019",
        "A slice of a tensor serves as input and output; the bytes around an output slice stay as they are.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        bindings::slices,
    ),
    Rule::new(
        "NRT-EXEC-020",
        "What a set names at the time of the run counts: a tensor that replaced another is the one that is written.",
        Documented,
        "header nrt.h, nrt_add_tensor_to_tensor_set",
        bindings::replaced_output,
    ),
    Rule::new(
        "NRT-EXEC-021",
        "nrt_execute_repeat with a count of one does what nrt_execute does.",
        Documented,
        "developer guide, nrt_execute_repeat",
        results::repeat_once,
    ),
    Rule::new(
        "NRTA-EXEC-022",
        "An asynchronous run writes what a blocking run with the same inputs writes.",
        Documented,
        "guide, step 2",
        queue::asynchronous_writes_the_same,
    )
    .sdks(SINCE_2_29)
    .drawn(10),
    Rule::new(
        "NRTA-EXEC-023",
        "A blocking run waits its turn: when it returns, all asynchronous runs submitted before it have completed.",
        Observed,
        "observed in 2.31.24",
        queue::blocking_waits_its_turn,
    )
    .sdks(SINCE_2_29)
    .drawn(5),
    Rule::new(
        "NRTA-EXEC-024",
        "A blocking run takes a number of the compute queue, as an asynchronous one does.",
        Observed,
        "observed in 2.31.24",
        queue::blocking_takes_a_number,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-EXEC-025",
        "On a full queue a blocking run waits for a place: it never answers NRT_QUEUE_FULL.",
        Observed,
        "observed in 2.31.24",
        queue::blocking_never_full,
    )
    .sdks(SINCE_2_29)
    .drawn(5),
    Rule::new(
        "NRTA-EXEC-026",
        "A run sees what the runs before it on the queue have written to its tensors.",
        Observed,
        "observed in 2.31.24",
        queue::runs_follow_each_other,
    )
    .sdks(SINCE_2_29),
];
