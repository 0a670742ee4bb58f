use super::{Start, last, tracker};
use crate::abi::{COMPUTE, Status, number};
use crate::session::{Argument, Place, Session};
use crate::verdict::{Outcome, Stop};

/// Bytes of a transfer.
const SIZE: usize = 3000;
/// More requests than any queue is known to take.
const DEPTH_MAX: usize = 64;
const MASK: &str = "0xffffffffffff";

pub(super) fn first_number(s: &Session) -> Outcome {
    let id = Start::new(s)?.submit()?;
    let what = format!("the first id is {:#x}", id.value());
    s.check(number(id.value()) == 1, format!("({} & {MASK}) == 1", id.name), what)
}

pub(super) fn numbers(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let mut before = start.submit()?;
    for _ in 0..20 {
        let id = start.submit_when_free(before)?;
        let what = format!("{:#x} came after {:#x}", id.value(), before.value());
        s.check(id.value() == before.value() + 1, format!("{} == {} + 1", id.name, before.name), what)?;
        before = id;
    }
    Ok(())
}

impl Start<'_> {
    /// Schedules a run after another is over, so that there is a place for it.
    fn submit_when_free(&self, before: Place) -> Outcome<Place> {
        self.s.completes_old(before)?;
        self.submit()
    }
}

pub(super) fn run(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.execute(&start.model, &start.io)?;
    let outputs = || -> Outcome<Vec<_>> {
        let each = start.io.outputs.iter().zip(&start.io.output_sizes);
        each.map(|(tensor, size)| s.read(*tensor, *size)).collect()
    };
    let wanted = outputs()?;
    for (tensor, size) in start.io.outputs.iter().zip(&start.io.output_sizes) {
        let arguments = [(*tensor).into(), 0.into(), 0x5a.into(), (*size).into()];
        s.call("nrt_tensor_memset", arguments)?.needed()?;
    }
    let id = s.sequence();
    start.schedule(start.tracker, id)?.is(Status::SUCCESS)?;
    s.completes_old(id)?;
    for (found, wanted) in outputs()?.iter().zip(&wanted) {
        let in_c = format!("memcmp({}, {}, {}) == 0", found.name, wanted.name, wanted.len());
        s.check(found.bytes() == wanted.bytes(), in_c, "the outputs are not those of a blocking run")?;
    }
    Ok(())
}

/// A transfer that is accepted, of all of a tensor.
fn transfer<const N: usize>(s: &Session, name: &str, rest: [Argument; N]) -> Outcome<Place> {
    let (id, tracker) = (s.sequence(), tracker(s)?);
    let end = [0.into(), SIZE.into(), 0.into(), tracker.into(), id.at()];
    // Writes, reads and copies differ in what comes first only.
    let [offset, size, queue, tracker, at] = end;
    let answer = match (name, rest.to_vec().as_slice()) {
        ("nrta_tensor_copy", [from, to]) => {
            let arguments = [from.clone(), offset.clone(), to.clone(), offset, size, queue, tracker, at];
            s.call_old(name, arguments)?
        }
        (_, [first, second]) => {
            s.call_old(name, [first.clone(), second.clone(), offset, size, queue, tracker, at])?
        }
        _ => unreachable!("a transfer has two ends"),
    };
    answer.is(Status::SUCCESS)?;
    s.completes_old(id)?;
    Ok(id)
}

fn begin(s: &Session) -> Outcome {
    s.needs_old_forms()?;
    s.init()
}

pub(super) fn write(s: &Session) -> Outcome {
    begin(s)?;
    let (tensor, bytes) = (s.tensor(0, SIZE)?, s.buffer(SIZE));
    s.fill(bytes, 5);
    transfer(s, "nrta_tensor_write", [tensor.into(), bytes.into()])?;
    s.holds(s.read(tensor, SIZE)?, 0, SIZE, 5, 0)
}

pub(super) fn read(s: &Session) -> Outcome {
    begin(s)?;
    let (tensor, bytes) = (s.filled_tensor(0, SIZE, 6)?, s.buffer(SIZE));
    transfer(s, "nrta_tensor_read", [bytes.into(), tensor.into()])?;
    s.holds(bytes, 0, SIZE, 6, 0)
}

pub(super) fn copy(s: &Session) -> Outcome {
    begin(s)?;
    let (from, to) = (s.filled_tensor(0, SIZE, 7)?, s.tensor(0, SIZE)?);
    transfer(s, "nrta_tensor_copy", [from.into(), to.into()])?;
    s.holds(s.read(to, SIZE)?, 0, SIZE, 7, 0)
}

/// The rule wants this unit to have completed that request last.
fn is_of(s: &Session, id: Place, unit: u32) -> Outcome {
    let shown = last(s, unit)?;
    let what = format!("unit {unit} has completed {:#x}, not {:#x}", shown.value(), id.value());
    s.check(shown.value() == id.value(), format!("{} == {}", shown.name, id.name), what)
}

pub(super) fn read_unit(s: &Session) -> Outcome {
    begin(s)?;
    let (tensor, bytes) = (s.filled_tensor(0, SIZE, 6)?, s.buffer(SIZE));
    is_of(s, transfer(s, "nrta_tensor_read", [bytes.into(), tensor.into()])?, 0)
}

pub(super) fn write_unit(s: &Session) -> Outcome {
    begin(s)?;
    let (tensor, bytes) = (s.tensor(0, SIZE)?, s.buffer(SIZE));
    is_of(s, transfer(s, "nrta_tensor_write", [tensor.into(), bytes.into()])?, 1)
}

pub(super) fn copy_unit(s: &Session) -> Outcome {
    begin(s)?;
    let (from, to) = (s.filled_tensor(0, SIZE, 7)?, s.tensor(0, SIZE)?);
    is_of(s, transfer(s, "nrta_tensor_copy", [from.into(), to.into()])?, 2)
}

pub(super) fn compute_unit(s: &Session) -> Outcome {
    let id = Start::new(s)?.submit()?;
    s.completes_old(id)?;
    is_of(s, id, 3)
}

pub(super) fn no_unit(s: &Session) -> Outcome {
    begin(s)?;
    let id = s.sequence();
    let answer = s.call_old("nrta_get_sequence", [0.into(), 5.into(), 0.into(), id.at()])?;
    let is_refused = answer.status() != Status::SUCCESS;
    let in_c = format!("old_nrta_get_sequence(0, 5, 0, &{}) != 0", id.name);
    s.check(is_refused, in_c, "nrta_get_sequence knows of a unit 5")
}

pub(super) fn pending(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let (id, done) = (start.submit()?, s.flag());
    s.call_old("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
    s.check(done.value() == 0, format!("!{}", done.name), "a request that is held has completed")
}

pub(super) fn full(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let first = start.submit()?;
    let mut before = first;
    for _ in 0..DEPTH_MAX {
        let id = s.sequence();
        let answer = start.schedule(start.tracker, id)?;
        if answer.status() == Status::SUCCESS {
            answer.needed()?;
            before = id;
            continue;
        }
        answer.is(Status::QUEUE_FULL)?;
        let in_c = format!("{} == UINT64_MAX", id.name);
        s.check(id.value() == u64::MAX, in_c, "a refused request has an id")?;
        s.release(0, COMPUTE, 0)?;
        s.completes_old(before)?;
        let next = start.submit()?;
        let what = format!("{:#x} came after {:#x}", next.value(), before.value());
        return s.check(
            next.value() == before.value() + 1,
            format!("{} == {} + 1", next.name, before.name),
            what,
        );
    }
    Err(Stop::undecided("the queue did not become full"))
}

pub(super) fn nowhere(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let sets = [start.io.input_set.into(), start.io.output_set.into()];
    let [input, output] = sets;
    let tracker = start.tracker.into();
    let arguments = [start.model.handle.into(), input, output, 0.into(), tracker, Argument::null()];
    s.call_old("nrta_execute_schedule", arguments)?.is(Status::INVALID)?;
    let id = start.submit()?;
    let what = format!("the first id is {:#x}", id.value());
    s.check(number(id.value()) == 1, format!("({} & {MASK}) == 1", id.name), what)
}

pub(super) fn both_forms(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.needs_new_forms()?;
    let old = start.submit()?;
    let (word, new) = s.submit(&start.model, &start.io)?;
    let after = start.submit()?;
    s.completes_old(old)?;
    s.completes(new)?;
    s.completes_old(after)?;
    s.check(word.value() == 0, format!("{} == 0", word.name), "the run of the new form did not succeed")?;
    // What one form writes, the other reads.
    let (tensor, bytes, found) = (s.tensor(0, SIZE)?, s.buffer(SIZE), s.buffer(SIZE));
    s.fill(bytes, 9);
    let (word, id) = (s.word(), s.sequence());
    let size = SIZE.into();
    let arguments = [tensor.into(), bytes.into(), 0.into(), size, 0.into(), 0.into(), word.at(), id.at()];
    s.call("nrta_tensor_write", arguments)?.needed()?;
    s.completes(id)?;
    transfer(s, "nrta_tensor_read", [found.into(), tensor.into()])?;
    s.holds(found, 0, SIZE, 9, 0)
}
