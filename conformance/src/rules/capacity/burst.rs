use crate::abi::{Status, TENSOR_OP, number};
use crate::session::{Io, Model, Place, Session};
use crate::verdict::{Outcome, Stop};

/// Submissions in a burst.
const BURST: u64 = 200;

fn ready(s: &Session) -> Outcome<(Model, Io)> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    Ok((model, io))
}

/// Submits a run; whether it was accepted.
fn try_run(s: &Session, model: &Model, io: &Io, word: Place, id: Place) -> Outcome<bool> {
    let answer = s.schedule(model, io, word, id)?;
    let status = answer.status();
    answer.is_one_of(&[Status::SUCCESS, Status::QUEUE_FULL])?;
    Ok(status == Status::SUCCESS)
}

/// What came of a burst of submissions.
struct Burst {
    model: Model,
    io: Io,
    accepted: Vec<(Place, Place)>,
    refused: Vec<(Place, Place)>,
}

/// Submits runs without a pause, and waits for the last that was accepted. `in_c` sees `last`, the index of
/// that one.
fn burst(s: &Session, in_c: &str) -> Outcome<Burst> {
    let (model, io) = ready(s)?;
    let count = s.effort(BURST);
    s.program_of_runs(
        &model,
        &format!(
            "int last = 0, status[8192];\n\
             for (int i = 0; i < {count}; i++)\n    \
                 if ((status[i] = nrta_execute_schedule(m, in, out, 0, &word[i], &id[i])) == 0)\n        \
                     last = i;\n\
             wait_for(id[last]);\n{in_c}"
        ),
    );
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (word, id) = (s.word(), s.sequence());
        let list = if try_run(s, &model, &io, word, id)? { &mut accepted } else { &mut refused };
        list.push((word, id));
    }
    let Some((_, last)) = accepted.last() else {
        return Err(Stop::failed("not even the first request was accepted"));
    };
    s.completes(*last)?;
    s.looked(refused.len() as u64);
    Ok(Burst { model, io, accepted, refused })
}

pub(super) fn numbers_have_no_gap(s: &Session) -> Outcome {
    let in_c = format!(
        "uint64_t next = id[0];\n\
         for (int i = 0; i < {}; i++)\n    if (status[i] == 0)\n        CHECK(id[i] == next++);",
        s.effort(BURST)
    );
    for pair in burst(s, &in_c)?.accepted.windows(2) {
        let [(_, first), (_, second)] = pair else { continue };
        let rose = number(second.value()).wrapping_sub(number(first.value()));
        let in_c = format!("{} == {} + 1", second.name, first.name);
        s.check(rose == 1, in_c, format!("from one accepted request to the next the number rose by {rose}"))?;
    }
    Ok(())
}

pub(super) fn refused_words_stay(s: &Session) -> Outcome {
    let in_c = format!(
        "EXPECT(nrt_execute(m, in, out), 0);\n\
         for (int i = 0; i < {}; i++)\n    \
             if (status[i] != 0)\n        CHECK(word[i] == 0x7f7f7f7f && id[i] == UINT64_MAX);",
        s.effort(BURST)
    );
    let burst = burst(s, &in_c)?;
    s.execute(&burst.model, &burst.io)?; // whatever else was queued is over when this is
    for (word, id) in burst.refused {
        s.untouched(word)?;
        let unset = id.value() == u64::MAX;
        s.check(unset, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")?;
    }
    Ok(())
}

pub(super) fn accepted_words_are_written(s: &Session) -> Outcome {
    let in_c = format!(
        "for (int i = 0; i < {}; i++)\n    if (status[i] == 0)\n        CHECK(word[i] == 0);",
        s.effort(BURST)
    );
    burst(s, &in_c)?.accepted.into_iter().try_for_each(|(word, _)| s.holds_status(word, Status::SUCCESS))
}

/// What had completed before the submission bounds the depth that it met, whatever the queue does meanwhile.
pub(super) fn never_full_too_early(s: &Session) -> Outcome {
    let (model, io) = ready(s)?;
    let (count, capacity) = (s.effort(BURST), s.compute_capacity());
    s.program_of_runs(
        &model,
        &format!(
            "for (uint64_t i = 0, submitted = 0; i < {count}; i++) {{\n    \
                 nrta_get_sequence(0, 1, 0, &before);\n    \
                 if (nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]) == 0)\n        submitted++;\n    \
                 else\n        CHECK(submitted - (before & 0xffffffffffff) >= {capacity});\n}}"
        ),
    );
    let (mut submitted, mut full) = (0_u64, 0);
    for _ in 0..count {
        let before = number(s.completed(0)?.value());
        if try_run(s, &model, &io, s.word(), s.sequence())? {
            submitted += 1;
            continue;
        }
        full += 1;
        let depth = submitted.saturating_sub(before);
        let what = format!("NRT_QUEUE_FULL with at most {depth} requests in a queue for {capacity}");
        s.check(depth >= capacity, "false", what)?;
    }
    s.looked(full);
    Ok(())
}

/// What has completed after a burst bounds the depth that it made.
pub(super) fn never_too_deep(s: &Session) -> Outcome {
    let (model, io) = ready(s)?;
    let capacity = s.compute_capacity();
    let (rounds, attempts) = (s.effort(20), capacity * 2);
    s.program_of_runs(
        &model,
        &format!(
            "for (uint64_t round = 0, submitted = 0; round < {rounds}; round++) {{\n    \
                 for (int i = 0; i < {attempts}; i++)\n        \
                     submitted += nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]) == 0;\n    \
                 nrta_get_sequence(0, 1, 0, &done);\n    \
                 CHECK(submitted - (done & 0xffffffffffff) <= {capacity});\n}}"
        ),
    );
    let mut submitted = 0_u64;
    for _ in 0..rounds {
        for _ in 0..attempts {
            submitted += u64::from(try_run(s, &model, &io, s.word(), s.sequence())?);
        }
        let depth = submitted.saturating_sub(number(s.completed(0)?.value()));
        let what = format!("{depth} requests are in a queue for {capacity}");
        s.check(depth <= capacity, "false", what)?;
    }
    Ok(())
}

/// One thread submits, so a place that has become free stays free.
pub(super) fn retry_after_completion(s: &Session) -> Outcome {
    let (model, io) = ready(s)?;
    let count = s.effort(BURST / 2);
    s.program_of_runs(
        &model,
        &format!(
            "for (uint64_t i = 0, last = 0; i < {count}; last = id[i], i++)\n    \
                 if (nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]) == 7) {{\n        \
                     nrta_get_sequence(0, 1, 0, &done);\n        \
                     if (done < last)\n            wait_for(done + 1);\n        \
                     EXPECT(nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]), 0);\n    }}"
        ),
    );
    let (mut last, mut full) = (0, 0);
    for _ in 0..count {
        let (word, id) = (s.word(), s.sequence());
        if !try_run(s, &model, &io, word, id)? {
            full += 1;
            let next = s.completed(0)?;
            if next.value() < last {
                next.set(next.value() + 1);
                s.wait(next)?;
            }
            s.schedule(&model, &io, word, id)?.is(Status::SUCCESS)?;
        }
        last = id.value();
    }
    s.looked(full);
    Ok(())
}

fn write(s: &Session, tensor: Place, queue: u32) -> Outcome<Place> {
    let (buffer, word, id) = (s.buffer(64), s.word(), s.sequence());
    let [a, b, c, d, e, f] = [tensor.into(), buffer.into(), 0.into(), 64.into(), 0.into(), queue.into()];
    s.call("nrta_tensor_write", [a, b, c, d, e, f, word.at(), id.at()])?.is(Status::SUCCESS)?;
    Ok(id)
}

/// The program that submits so many writes to a queue, between what comes before and after.
fn program_of_writes(s: &Session, queue: u32, count: u64, before: &str, after: &str) {
    s.program(format!(
        "    static void *t;\n    static int word[8192];\n    static uint64_t id[8192];\n    \
         static uint8_t bytes[64];\n    EXPECT(nrt_init(1, \"\", \"\"), 0);\n    \
         EXPECT(nrt_tensor_allocate(0, 0, 64, \"t\", &t), 0);\n    {before}\n    \
         for (int i = 0; i < {count}; i++)\n        \
         EXPECT(nrta_tensor_write(t, bytes, 0, 64, 0, {queue}, &word[i], &id[i]), 0);\n    \
         {after}\n    wait_for(id[{count} - 1]);\n"
    ));
}

pub(super) fn transfers_are_never_too_many(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 64)?;
    let count = s.effort(BURST);
    for queue in 0..2 {
        program_of_writes(s, queue, count, "", "");
        let mut last = s.sequence();
        for _ in 0..count {
            last = write(s, tensor, queue)?;
        }
        s.completes(last)?;
    }
    Ok(())
}

pub(super) fn transfers_wait_without_bound(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 64)?;
    s.hold(0, TENSOR_OP, 0)?;
    let count = s.effort(BURST);
    let [before, after] = ["pause", "resume"].map(|what| format!("EXPECT(nrt_sim_{what}(0, 0, 0), 0);"));
    program_of_writes(s, 0, count, &before, &after);
    let mut last = s.sequence();
    for _ in 0..count {
        last = write(s, tensor, 0)?;
    }
    s.release(0, TENSOR_OP, 0)?;
    s.completes(last)
}
