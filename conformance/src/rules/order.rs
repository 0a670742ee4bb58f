//! Order and sequence ids.

mod fifo;
mod number;

use crate::rule::{Rule, SINCE_2_29, Source};
use crate::session::{Queue, Request, Session};
use crate::verdict::Outcome;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRTA-ORDER-001",
        "The first request of a compute queue has number 1.",
        Source::Observed,
        "observed in 2.31.24",
        number::first_run,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-002",
        "The first request of a transfer queue has number 1, since 0 stands for none.",
        Source::ClientCode,
        "asynchronous runtimes rely on it",
        number::first_transfer,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-003",
        "Numbers of runs rise by one for each request that is accepted.",
        Source::Documented,
        "header nrt_async.h",
        number::runs_count,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-004",
        "Numbers of transfers rise by one for each request that is accepted.",
        Source::Documented,
        "header nrt_async.h",
        number::transfers_count,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-005",
        "A request that is refused takes no number.",
        Source::Documented,
        "header nrt_async.h: numbers rise by one",
        number::refused_takes_none,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-006",
        "Bits 48 to 51 of a sequence id are the kind of the unit.",
        Source::Observed,
        "header nrt_async.h for the upper 16 bits, observed in 2.31.24 for these",
        number::kind_bits,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-007",
        "Bits 52 to 55 of a sequence id are the queue.",
        Source::Observed,
        "header nrt_async.h for the upper 16 bits, observed in 2.31.24 for these",
        number::queue_bits,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-008",
        "Bits 56 to 63 of a sequence id are the core.",
        Source::Observed,
        "header nrt_async.h for the upper 16 bits, observed in 2.31.24 for these",
        number::core_bits,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-009",
        "A compute queue on which nothing has completed answers number 0 under the bits of its unit.",
        Source::Observed,
        "observed in 2.31.24",
        number::idle_is_zero,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-010",
        "nrta_get_sequence gives the whole id of the last request that has completed.",
        Source::Documented,
        "guide, step 3",
        number::whole_id,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-011",
        "The queues of a unit count each for itself.",
        Source::Observed,
        "observed in 2.31.24",
        number::queues_count_alone,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-012",
        "The cores count each for itself.",
        Source::Observed,
        "observed in 2.31.24",
        number::cores_count_alone,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-013",
        "Units of different kinds count each for itself.",
        Source::Documented,
        "header nrt_async.h: a number is one of its unit",
        number::kinds_count_alone,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-014",
        "Models on the same core share the numbers of its compute queue.",
        Source::Observed,
        "observed in 2.31.24",
        number::models_share,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-015",
        "In any order of submissions to any queues, each queue's numbers rise by one.",
        Source::Documented,
        "header nrt_async.h",
        number::any_order,
    )
    .sdks(SINCE_2_29)
    .drawn(20),
    Rule::new(
        "NRTA-ORDER-016",
        "Transfers of a queue complete in the order in which they were submitted.",
        Source::Observed,
        "observed in 2.31.24",
        fifo::transfers_in_order,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-017",
        "Runs of a core complete in the order in which they were submitted.",
        Source::Observed,
        "observed in 2.31.24",
        fifo::runs_in_order,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-018",
        "Ids of a unit can be compared whole: one that is not above the last completed has completed.",
        Source::Documented,
        "guide, step 3",
        fifo::comparable,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-019",
        "Of several writes of a queue to the same bytes the last one stays.",
        Source::Observed,
        "observed in 2.31.24: one request of a queue at a time, in order",
        fifo::last_write_stays,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-020",
        "A write, a copy and a read of a queue see each other's bytes without being waited for.",
        Source::Observed,
        "observed in 2.31.24: one request of a queue at a time, in order",
        fifo::chain,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-021",
        "Each completion moves the number of the queue by one, however many requests wait.",
        Source::Observed,
        "observed in 2.31.24",
        fifo::one_by_one,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ORDER-022",
        "A request that ends with an error has its number like any other.",
        Source::Observed,
        "observed in 2.31.24",
        fifo::errors_count,
    )
    .sdks(SINCE_2_29),
];

const SIZE: usize = 4096;

/// A few reads on a queue.
fn reads(s: &Session, queue: Queue, count: usize) -> Outcome<Vec<Request>> {
    let tensor = s.filled_tensor(queue.core, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    (0..count).map(|_| s.start_read(buffer, tensor, SIZE, queue)).collect()
}

/// A few runs on core 0, none of them while another is under way.
fn runs(s: &Session, count: usize) -> Outcome<Vec<Request>> {
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let mut runs = Vec::new();
    for _ in 0..count {
        let request = s.submit(&model, &io)?;
        s.wait(request.1)?;
        runs.push(request);
    }
    Ok(runs)
}

/// Each id one above the one before.
fn rises(s: &Session, requests: &[Request]) -> Outcome {
    for pair in requests.windows(2) {
        let [(_, before), (_, id)] = pair else { continue };
        let what = format!("{:#018x} came after {:#018x}", id.value(), before.value());
        let holds = id.value() == before.value().wrapping_add(1);
        s.check(holds, format!("{} == {} + 1", id.name, before.name), what)?;
    }
    Ok(())
}
