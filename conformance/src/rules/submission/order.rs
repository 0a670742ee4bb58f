use super::request::{Bench, Op, Wrong};
use crate::abi::{COMPUTE, Status};
use crate::session::{Argument, Session};
use crate::verdict::{Outcome, Stop};

/// What a run can have wrong that is looked at before the queue is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mistake {
    Pointer,
    Queue,
    Model,
    Tensors,
}

impl Mistake {
    fn wrongs(self, bench: &Bench<'_>) -> Outcome<Vec<Wrong>> {
        Ok(match self {
            Mistake::Pointer => Op::Run.without_pointers(),
            Mistake::Queue => Op::Run.bad_queues(),
            Mistake::Model => vec![(0, Argument::wild(0x1234_5678_9abc))],
            Mistake::Tensors => {
                let empty = bench.s.set()?;
                vec![(1, empty.into()), (2, empty.into())]
            }
        })
    }

    fn answers(self) -> &'static [Status] {
        match self {
            Mistake::Pointer | Mistake::Queue => &[Status::INVALID],
            Mistake::Model => &[Status::INVALID_HANDLE],
            Mistake::Tensors => &[Status::INVALID, Status(1002)],
        }
    }
}

/// Fills the compute queue. It stays full only where the library lets it be held.
fn fill_queue(bench: &Bench<'_>) -> Outcome {
    let s = bench.s;
    let held = s.offers("nrt_sim_pause");
    if held {
        s.hold(0, COMPUTE, 0)?;
    }
    for _ in 0..=s.compute_capacity() * 2 {
        let answer = s.schedule(&bench.model, &s.io(&bench.model)?, s.word(), s.sequence())?;
        let status = answer.status();
        answer.is_one_of(&[Status::SUCCESS, Status::QUEUE_FULL])?;
        if status == Status::QUEUE_FULL {
            return Ok(());
        }
    }
    if held { Err(Stop::blocked("a queue that is held did not get full")) } else { Ok(()) }
}

pub(super) fn before_full(s: &Session, mistake: Mistake) -> Outcome {
    let bench = Bench::new(s)?;
    let wrongs = mistake.wrongs(&bench)?;
    fill_queue(&bench)?;
    for wrong in wrongs {
        bench.refused(Op::Run, &[wrong], mistake.answers())?;
    }
    bench.nothing_written(Op::Run)
}

/// Ends the compute unit of core 0.
pub(super) fn kill(bench: &Bench<'_>) -> Outcome {
    bench.s.inject_status(0, 1, 1202)?;
    let (word, id) = bench.good(Op::Run)?;
    bench.s.wait(id)?;
    bench.s.holds_status(word, Status(1202))
}

pub(super) fn before_dead(s: &Session, mistake: Mistake) -> Outcome {
    let bench = Bench::new(s)?;
    let wrongs = mistake.wrongs(&bench)?;
    kill(&bench)?;
    bench.refused(Op::Run, &[], &[Status::UNRECOVERABLE])?;
    for wrong in wrongs {
        bench.refused(Op::Run, &[wrong], mistake.answers())?;
    }
    bench.nothing_written(Op::Run)
}

pub(super) fn dead_before_full(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, 1202)?;
    s.hold(0, COMPUTE, 0)?;
    for _ in 0..s.compute_capacity() {
        bench.good(Op::Run)?;
    }
    bench.refused(Op::Run, &[], &[Status::QUEUE_FULL])?;
    s.step(0, COMPUTE, 0, 1)?;
    for _ in 0..s.compute_capacity() + 1 {
        bench.refused(Op::Run, &[], &[Status::UNRECOVERABLE])?;
    }
    bench.nothing_written(Op::Run)
}
