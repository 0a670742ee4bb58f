use super::{SIZE, reads, rises, runs};
use crate::abi::Status;
use crate::session::{Place, Queue, Request, Session};
use crate::verdict::Outcome;

/// Whenever a request has completed, so have those before it.
fn in_order(s: &Session, requests: &[Request]) -> Outcome {
    let Some((_, last)) = requests.last() else { return Ok(()) };
    let mut is_over = false;
    let mut looks = 0;
    while !is_over && looks < 20 {
        let mut later: Option<Place> = None;
        for (_, id) in requests.iter().rev() {
            let done = s.done(*id)?;
            if let Some(later) = later.filter(|later| later.value() != 0) {
                let what = format!("{:#018x} had not completed, and a later one had", id.value());
                s.check(done.value() != 0, format!("!{} || {}", later.name, done.name), what)?;
            }
            is_over |= id.name == last.name && done.value() != 0;
            later = Some(done);
        }
        looks += 1;
    }
    s.wait(*last)
}

pub(super) fn transfers_in_order(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 1 << 20, 3)?;
    let buffer = s.buffer(1 << 20);
    let start = |size| s.start_read(buffer, tensor, size, Queue::transfers(0, 0));
    let sizes = [1 << 20, 64, 1 << 16, 64, 1 << 20, 4096, 64, 64, 1 << 18, 64];
    let requests = sizes.into_iter().map(start).collect::<Outcome<Vec<_>>>()?;
    in_order(s, &requests)
}

pub(super) fn runs_in_order(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let count = s.compute_capacity().min(4);
    let requests = (0..count).map(|_| s.submit(&model, &io)).collect::<Outcome<Vec<_>>>()?;
    in_order(s, &requests)
}

pub(super) fn comparable(s: &Session) -> Outcome {
    s.init()?;
    let queue = Queue::transfers(0, 1);
    let requests = reads(s, queue, 8)?;
    for (_, id) in &requests {
        let last = s.last_of(queue)?;
        let done = s.done(*id)?;
        let holds = last.value() < id.value() || done.value() != 0;
        let what = format!("{:#018x} is the last, and {:#018x} has not completed", last.value(), id.value());
        s.check(holds, format!("{} < {} || {}", last.name, id.name, done.name), what)?;
        s.wait(*id)?;
        let last = s.last_of(queue)?;
        let what = format!("{:#018x} has completed, and {:#018x} is the last", id.value(), last.value());
        s.check(last.value() >= id.value(), format!("{} >= {}", last.name, id.name), what)?;
    }
    Ok(())
}

pub(super) fn last_write_stays(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 1 << 18)?;
    let mut last = None;
    for seed in 1..=8_u8 {
        // The longer ones first: where they were done at once, a short one would not be the last.
        let size = if seed % 2 == 1 { 1 << 18 } else { SIZE };
        let buffer = s.buffer(size);
        s.fill(buffer, seed);
        last = Some(s.start_write(tensor, buffer, size, Queue::transfers(0, 0))?);
    }
    let Some((_, id)) = last else { return Ok(()) };
    s.wait(id)?;
    let bytes = s.read(tensor, 1 << 18)?;
    s.holds(bytes, 0, SIZE, 8, 0)?;
    s.holds(bytes, SIZE, (1 << 18) - SIZE, 7, SIZE)
}

pub(super) fn chain(s: &Session) -> Outcome {
    s.init()?;
    let size = 1 << 18;
    let (first, second) = (s.filled_tensor(0, size, 1)?, s.filled_tensor(0, size, 2)?);
    let (from, to) = (s.buffer(size), s.buffer(size));
    s.fill(from, 9);
    let queue = Queue::transfers(0, 0);
    s.start_write(first, from, size, queue)?;
    s.start_copy(first, second, size, queue)?;
    let (_, id) = s.start_read(to, second, size, queue)?;
    s.wait(id)?;
    s.holds(to, 0, size, 9, 0)
}

pub(super) fn one_by_one(s: &Session) -> Outcome {
    s.init()?;
    let queue = Queue::transfers(0, 0);
    s.hold_queue(queue)?;
    let requests = reads(s, queue, 5)?;
    for (index, (_, id)) in requests.iter().enumerate() {
        s.step_queue(queue, 1)?;
        let last = s.last_of(queue)?;
        s.is_id(last, id.value())?;
        for (later, (_, other)) in requests.iter().enumerate() {
            let done = s.done(*other)?;
            let wanted = later <= index;
            let in_c = if wanted { done.name.to_owned() } else { format!("!{}", done.name) };
            let what = format!("after {} completions request {} is {}", index + 1, later + 1, done.value());
            s.check((done.value() != 0) == wanted, in_c, what)?;
        }
    }
    s.release_queue(queue)
}

pub(super) fn errors_count(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 2, 1003)?;
    let requests = runs(s, 4)?;
    s.holds_status(requests[1].0, Status(1003))?;
    rises(s, &requests)
}
