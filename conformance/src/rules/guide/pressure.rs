use super::bench::Bench;
use crate::abi::{COMPUTE, Status};
use crate::session::Session;
use crate::verdict::Outcome;

pub(super) fn full(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    bench.submit(s.compute_capacity())?;
    s.schedule(&bench.model, &bench.io, s.word(), s.sequence())?.is(Status::QUEUE_FULL)
}

/// The loop of the guide: look at the sequence until it has moved, then try again.
pub(super) fn retry(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    let (word, id) = (s.word(), s.sequence());
    for (_, oldest) in requests {
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&bench.model, &bench.io, word, id)?.is(Status::QUEUE_FULL)?;
        s.step(0, COMPUTE, 0, 1)?;
        s.reaches(0, COMPUTE, 0, oldest)?;
        s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
    }
    s.release(0, COMPUTE, 0)?;
    s.execute(&bench.model, &bench.io)?;
    s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}

/// The same without a hold: whether the queue is ever full is up to the library.
pub(super) fn all_get_in(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let count = s.effort(100);
    s.program_of_runs(
        &bench.model,
        &format!(
            "for (int i = 0; i < {count}; i++) {{\n    \
                 while (EXPECT(ret = nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]), 0, 7), ret == 7)\n        \
                     for (nrta_get_sequence(0, 1, 0, &before), done = before; done == before && before < id[i - 1];)\n            \
                         nrta_get_sequence(0, 1, 0, &done);\n}}\n\
             for (int i = 0; i < {count}; i++) {{\n    wait_for(id[i]);\n    CHECK(word[i] == 0);\n}}"
        ),
    );
    let mut requests = Vec::new();
    let mut full = 0;
    for _ in 0..count {
        let (word, id) = (s.word(), s.sequence());
        loop {
            let answer = s.schedule(&bench.model, &bench.io, word, id)?;
            let status = answer.status();
            answer.is_one_of(&[Status::SUCCESS, Status::QUEUE_FULL])?;
            if status == Status::SUCCESS {
                break;
            }
            full += 1;
            let next = s.completed(0)?;
            next.set(next.value() + 1);
            if requests
                .last()
                .is_some_and(|(_, last): &(_, crate::session::Place)| next.value() <= last.value())
            {
                s.reaches(0, COMPUTE, 0, next)?;
            }
        }
        requests.push((word, id));
    }
    for (word, id) in requests {
        s.completes(id)?;
        s.holds_status(word, Status::SUCCESS)?;
    }
    s.looked(full);
    Ok(())
}

/// A program that never has more in flight than fits is never refused.
pub(super) fn fewer_in_flight(s: &Session) -> Outcome {
    let cap = s.draw(1..=s.compute_capacity())?;
    let bench = Bench::new(s)?;
    let count = s.effort(60);
    s.program_of_runs(
        &bench.model,
        &format!(
            "for (int i = 0; i < {count}; i++) {{\n    \
                 if (i >= {cap})\n        wait_for(id[i - {cap}]);\n    \
                 EXPECT(nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]), 0);\n}}"
        ),
    );
    let mut ids = Vec::new();
    for index in 0..count {
        if let Some(oldest) = index.checked_sub(cap) {
            s.wait(ids[oldest as usize])?;
        }
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
        ids.push(id);
    }
    Ok(())
}
