//! Histories: programs of any steps against the reference model, and what several threads see against all legal orders.

mod blocking;
mod machine;
mod operation;
mod requests;
mod text;
mod threads;

use crate::abi::{COMPUTE, TENSOR_OP};
use crate::rule::{ANY, Rule, SINCE_2_29, SINCE_2_30, Source};
use crate::session::Session;
use crate::verdict::Outcome;

use machine::Machine;
pub(super) use text::load;
use threads::Shared;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-HISTORY-001",
        "Whatever is done to tensors one call at a time, each holds the bytes that it would as a view of plain memory.",
        Source::Documented,
        "developer guide and header nrt.h, tensors",
        tensors,
    )
    .sdks(ANY)
    .drawn(100),
    Rule::new(
        "NRT-HISTORY-002",
        "Whatever is called before, a blocking run gives what the same model gave for the same inputs, and a set the \
         tensor that got the name last.",
        Source::Documented,
        "developer guide and header nrt.h, nrt_execute and tensor sets",
        runs,
    )
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-003",
        "Whatever a program submits and waits for, each queue numbers its requests one by one, never takes back a \
         completion, and leaves the bytes that its requests leave when done in their order.",
        Source::Observed,
        "asynchronous API overview and header nrt_async.h; blocking runs take a number too, as in 2.31.24",
        requests,
    )
    .sdks(SINCE_2_29)
    .drawn(100),
    Rule::new(
        "NRTA-HISTORY-004",
        "Whatever a program registers, submits and waits for, a queue's eventfd counts each completion since then once, \
         and a request's eventfd is signalled.",
        Source::ClientCode,
        "migration guide, step 3; asynchronous runtimes count on it",
        events,
    )
    .sdks(SINCE_2_30)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-005",
        "Submissions of several threads to one queue get consecutive numbers, each a higher one than all that were \
         returned before it was made.",
        Source::Documented,
        "header nrt_async.h, nrta_seq_t; migration guide, confirm your work",
        numbers,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-006",
        "What threads learn from nrta_get_sequence fits one order of events: only what was submitted completes, and what \
         one has seen completed no other sees pending later.",
        Source::Documented,
        "header nrt_async.h, nrta_get_sequence",
        completions,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-007",
        "What threads learn from nrta_is_completed fits one order of events, in which requests complete in the order of \
         their numbers.",
        Source::Documented,
        "header nrt_async.h, nrta_is_completed",
        answers,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-008",
        "nrta_get_sequence and nrta_is_completed agree on transfers, whichever threads call them, and the status of a \
         request is there when either tells of its end.",
        Source::Documented,
        "migration guide, step 3 and common issues",
        agreement,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-009",
        "nrta_get_sequence and nrta_is_completed agree on runs, whichever threads call them, and the status of a request \
         is there when either tells of its end.",
        Source::Documented,
        "migration guide, step 3 and common issues",
        agreement_on_runs,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-010",
        "Queues that several threads use at once have an order each: their numbers and completions do not mix.",
        Source::Documented,
        "asynchronous API overview: no order across queues and units",
        queues,
    )
    .sdks(SINCE_2_29)
    .drawn(50),
    Rule::new(
        "NRTA-HISTORY-011",
        "Cores that several threads use at once number and complete their runs each for itself.",
        Source::Documented,
        "header nrt_async.h, nrta_seq_t: the core is part of an id",
        cores,
    )
    .sdks(SINCE_2_29)
    .drawn(30),
    Rule::new(
        "NRTA-HISTORY-012",
        "With several threads a compute queue refuses only where so many requests as it takes can have been in flight, \
         and never takes more.",
        Source::Observed,
        "migration guide, step 5; depth as in 2.31.24: submitted less completed, the running one counted",
        capacity,
    )
    .sdks(SINCE_2_29)
    .drawn(100),
];

fn tensors(s: &Session) -> Outcome {
    let operations = s.draw(operation::with_tensors())?;
    Machine::new(s)?.play(&operations)
}

fn runs(s: &Session) -> Outcome {
    let operations = s.draw(operation::with_runs())?;
    Machine::new(s)?.play(&operations)
}

fn requests(s: &Session) -> Outcome {
    let operations = s.draw(operation::with_requests())?;
    Machine::new(s)?.play(&operations)
}

fn events(s: &Session) -> Outcome {
    let operations = s.draw(operation::with_events())?;
    Machine::new(s)?.play(&operations)
}

/// The first queue for transfers on the first core. No bound of it is known.
const TRANSFERS: Shared = Shared { core: 0, xu: TENSOR_OP, index: 0, capacity: None };

/// The compute queue of a core, refusing and accepting as it likes.
const fn compute(core: u32) -> Shared {
    Shared { core, xu: COMPUTE, index: 0, capacity: None }
}

fn numbers(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(1, 0, 0))?;
    threads::judge(s, &[TRANSFERS], &plan)
}

fn completions(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(4, 6, 0))?;
    threads::judge(s, &[TRANSFERS], &plan)
}

fn answers(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(4, 0, 6))?;
    threads::judge(s, &[TRANSFERS], &plan)
}

fn agreement(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(4, 3, 3))?;
    threads::judge(s, &[TRANSFERS], &plan)
}

fn agreement_on_runs(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(4, 3, 3))?;
    threads::judge(s, &[compute(0)], &plan)
}

fn queues(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(5, 3, 2))?;
    threads::judge(s, &[TRANSFERS, Shared { index: 1, ..TRANSFERS }, compute(0)], &plan)
}

fn cores(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(5, 3, 2))?;
    threads::judge(s, &[compute(0), compute(1)], &plan)
}

fn capacity(s: &Session) -> Outcome {
    let plan = s.draw(threads::plans(7, 2, 1))?;
    let capacity = Some(s.compute_capacity());
    threads::judge(s, &[Shared { capacity, ..compute(0) }], &plan)
}
