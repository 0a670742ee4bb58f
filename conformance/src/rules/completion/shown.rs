use proptest::prop_oneof;
use proptest::strategy::{Just, Strategy};

use crate::abi::number;
use crate::session::{Place, Queue, Session};
use crate::verdict::Outcome;

/// A number of bytes that a transfer may have: short ones, pages, long ones, and what is none of them.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![1..200_usize, 4000..4200_usize, 60_000..70_000_usize, Just(64), Just(4096), Just(1 << 20)]
}

pub(super) fn status_by_polling(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    for _ in 0..20 {
        let (word, id) = s.submit(&model, &io)?;
        s.wait(id)?;
        s.succeeded(word)?;
    }
    Ok(())
}

pub(super) fn status_by_number(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    for _ in 0..10 {
        let (word, id) = s.submit(&model, &io)?;
        reaches(s, id, Queue::compute(0))?;
        s.succeeded(word)?;
    }
    Ok(())
}

/// Asks for the last number of a queue until it is the one of a request. Where that does not come, this is a
/// case that cannot be looked at.
fn reaches(s: &Session, id: Place, queue: Queue) -> Outcome {
    let last = s.sequence();
    let ask = s.direct("nrta_get_sequence")?;
    let Queue { core, xu, index } = queue;
    let (at, wanted) = (last.name, id.name);
    s.statement(format!("do nrta_get_sequence({core}, {xu}, {index}, &{at}); while ({at} < {wanted})"));
    let is_there = s.until(|| {
        let status = ask.status(&[core.into(), xu.into(), index.into(), last.address()]);
        status.0 != 0 || last.value() >= id.value()
    });
    if is_there { Ok(()) } else { s.wait(id) }
}

pub(super) fn status_of_transfers(s: &Session) -> Outcome {
    s.init()?;
    let (from, to) = (s.filled_tensor(0, 4096, 1)?, s.tensor(0, 4096)?);
    let buffer = s.buffer(4096);
    for index in [0, 1] {
        let queue = Queue::transfers(0, index);
        let requests = [
            s.start_read(buffer, from, 4096, queue)?,
            s.start_write(to, buffer, 4096, queue)?,
            s.start_copy(from, to, 4096, queue)?,
        ];
        for (word, id) in requests {
            s.wait(id)?;
            s.succeeded(word)?;
        }
    }
    Ok(())
}

pub(super) fn read_bytes(s: &Session) -> Outcome {
    let size = s.draw(size())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 5)?;
    let buffer = s.buffer(size);
    let (_, id) = s.start_read(buffer, tensor, size, Queue::transfers(0, 0))?;
    s.wait(id)?;
    s.holds(buffer, 0, size, 5, 0)
}

pub(super) fn written_bytes(s: &Session) -> Outcome {
    let size = s.draw(size())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 5)?;
    let buffer = s.buffer(size);
    s.fill(buffer, 6);
    let (_, id) = s.start_write(tensor, buffer, size, Queue::transfers(0, 0))?;
    s.wait(id)?;
    let bytes = s.read(tensor, size)?;
    s.holds(bytes, 0, size, 6, 0)
}

pub(super) fn copied_bytes(s: &Session) -> Outcome {
    let size = s.draw(size())?;
    s.init()?;
    let (from, to) = (s.filled_tensor(0, size, 5)?, s.filled_tensor(0, size, 6)?);
    let (_, id) = s.start_copy(from, to, size, Queue::transfers(0, 0))?;
    s.wait(id)?;
    let bytes = s.read(to, size)?;
    s.holds(bytes, 0, size, 5, 0)?;
    let bytes = s.read(from, size)?;
    s.holds(bytes, 0, size, 5, 0)
}

pub(super) fn outputs(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let (blocking, other) = (s.io(&model)?, s.io(&model)?);
    for seed in 1..=4 {
        s.fill_inputs(&blocking, seed)?;
        s.fill_inputs(&other, seed)?;
        s.execute(&model, &blocking)?;
        let (_, id) = s.submit(&model, &other)?;
        s.wait(id)?;
        for (index, size) in other.output_sizes.iter().enumerate() {
            let wanted = s.read(blocking.outputs[index], *size)?;
            let seen = s.read(other.outputs[index], *size)?;
            let in_c = format!("memcmp({}, {}, {size}) == 0", wanted.name, seen.name);
            let what = format!("output {index} differs from that of a blocking run");
            s.check(wanted.bytes() == seen.bytes(), in_c, what)?;
        }
    }
    Ok(())
}

pub(super) fn stays(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let mut earlier = Vec::new();
    for _ in 0..6 {
        let (_, id) = s.submit(&model, &io)?;
        s.wait(id)?;
        earlier.push(id);
        for id in &earlier {
            let done = s.done(*id)?;
            s.check(done.value() != 0, done.name, format!("{:#018x} is pending again", id.value()))?;
        }
    }
    Ok(())
}

pub(super) fn numbers_never_fall(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 1 << 16, 3)?;
    let buffer = s.buffer(1 << 16);
    let queue = Queue::transfers(0, 0);
    let mut before: Option<Place> = None;
    let mut last_id = None;
    for round in 0..40 {
        let (_, id) = s.start_read(buffer, tensor, if round % 4 == 0 { 1 << 16 } else { 64 }, queue)?;
        last_id = Some(id);
        for _ in 0..2 {
            let now = s.last_of(queue)?;
            let what = format!("{:#018x}, and {:#018x} was submitted last", now.value(), id.value());
            s.check(now.value() <= id.value(), format!("{} <= {}", now.name, id.name), what)?;
            if let Some(before) = before.replace(now) {
                let what = format!("number {} came after {}", number(now.value()), number(before.value()));
                s.check(now.value() >= before.value(), format!("{} >= {}", now.name, before.name), what)?;
            }
        }
    }
    last_id.map_or(Ok(()), |id| s.wait(id))
}

pub(super) fn both_agree(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 1 << 16, 3)?;
    let buffer = s.buffer(1 << 16);
    let queue = Queue::transfers(0, 0);
    for round in 0..20 {
        let (_, id) = s.start_read(buffer, tensor, if round % 2 == 0 { 1 << 16 } else { 64 }, queue)?;
        let (last, done) = (s.last_of(queue)?, s.done(id)?);
        let holds = last.value() < id.value() || done.value() != 0;
        let what = "its number is out, and nrta_is_completed says that it is pending";
        s.check(holds, format!("{} < {} || {}", last.name, id.name, done.name), what)?;
        let (done, last) = (s.done(id)?, s.last_of(queue)?);
        let holds = done.value() == 0 || last.value() >= id.value();
        let what = "nrta_is_completed says that it has completed, and its number is not out";
        s.check(holds, format!("!{} || {} >= {}", done.name, last.name, id.name), what)?;
    }
    Ok(())
}
