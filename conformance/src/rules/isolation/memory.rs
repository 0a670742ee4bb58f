use proptest::collection::vec;
use proptest::strategy::Strategy;

use crate::abi::Status;
use crate::session::{Buffer, Place, Queue, Session};
use crate::verdict::Outcome;

/// Bytes of the tensors here.
const SIZE: usize = 10_000;

/// A stretch of a tensor: offset and bytes.
fn stretch() -> impl Strategy<Value = (usize, usize)> {
    (0..SIZE, 1..SIZE).prop_map(|(offset, size)| (offset, size.min(SIZE - offset)))
}

fn queue() -> Queue {
    Queue::transfers(0, 0)
}

/// A transfer with its offset that has to complete well.
fn completes_well(s: &Session, word: Place, id: Place) -> Outcome {
    s.wait(id)?;
    s.succeeded(word)
}

/// The rule wants `inside` within a stretch, from its byte `from`, and `outside` around it.
fn is_only_there(
    s: &Session,
    bytes: Buffer,
    at: (usize, usize),
    inside: (u8, usize),
    outside: u8,
) -> Outcome {
    let (offset, size) = at;
    let end = offset + size;
    s.holds(bytes, offset, size, inside.0, inside.1)?;
    s.holds(bytes, 0, offset, outside, 0)?;
    s.holds(bytes, end, bytes.len() - end, outside, end)
}

pub(super) fn around_a_read(s: &Session) -> Outcome {
    let (offset, size) = s.draw(stretch())?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let buffer = s.buffer(3 * SIZE);
    s.fill(buffer, 2);
    let (word, id) = (s.word(), s.sequence());
    let arguments = [
        buffer.from(SIZE),
        tensor.into(),
        offset.into(),
        size.into(),
        0.into(),
        queue().index.into(),
        word.at(),
        id.at(),
    ];
    s.call("nrta_tensor_read", arguments)?.needed()?;
    completes_well(s, word, id)?;
    is_only_there(s, buffer, (SIZE, size), (1, offset), 2)
}

pub(super) fn around_a_write(s: &Session) -> Outcome {
    let (offset, size) = s.draw(stretch())?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let buffer = s.buffer(SIZE);
    s.fill(buffer, 2);
    let (word, id) = (s.word(), s.sequence());
    let arguments = [
        tensor.into(),
        buffer.into(),
        offset.into(),
        size.into(),
        0.into(),
        queue().index.into(),
        word.at(),
        id.at(),
    ];
    s.call("nrta_tensor_write", arguments)?.needed()?;
    completes_well(s, word, id)?;
    let seen = s.read(tensor, SIZE)?;
    is_only_there(s, seen, (offset, size), (2, 0), 1)
}

pub(super) fn around_a_copy(s: &Session) -> Outcome {
    let ((offset, size), from) = s.draw((stretch(), 0..SIZE))?;
    let from = from.min(SIZE - size);
    s.init()?;
    let (source, target) = (s.filled_tensor(0, SIZE, 1)?, s.filled_tensor(0, SIZE, 2)?);
    let (word, id) = (s.word(), s.sequence());
    let arguments = [
        source.into(),
        from.into(),
        target.into(),
        offset.into(),
        size.into(),
        0.into(),
        queue().index.into(),
        word.at(),
        id.at(),
    ];
    s.call("nrta_tensor_copy", arguments)?.needed()?;
    completes_well(s, word, id)?;
    let seen = s.read(target, SIZE)?;
    is_only_there(s, seen, (offset, size), (1, from), 2)?;
    let seen = s.read(source, SIZE)?;
    s.holds(seen, 0, SIZE, 1, 0)
}

pub(super) fn other_tensors(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?.min(4);
    let bystanders =
        |seed: u8| (0..cores).map(|core| s.filled_tensor(core, SIZE, seed)).collect::<Outcome<Vec<_>>>();
    let before = bystanders(1)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (source, target) = (s.filled_tensor(0, SIZE, 5)?, s.tensor(0, SIZE)?);
    let after = bystanders(2)?;
    let buffer = s.buffer(SIZE);
    s.fill(buffer, 6);
    for _ in 0..3 {
        let requests = [
            s.submit(&model, &io)?,
            s.start_copy(source, target, SIZE, queue())?,
            s.start_write(target, buffer, SIZE, queue())?,
        ];
        for (_, id) in requests {
            s.wait(id)?;
        }
    }
    for (tensors, seed) in [(before, 1), (after, 2)] {
        for tensor in tensors {
            let seen = s.read(tensor, SIZE)?;
            s.holds(seen, 0, SIZE, seed, 0)?;
        }
    }
    Ok(())
}

pub(super) fn inputs(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 4)?;
    for _ in 0..3 {
        let (_, id) = s.submit(&model, &io)?;
        s.wait(id)?;
    }
    for (tensor, size) in io.inputs.iter().zip(&io.input_sizes) {
        let seen = s.read(*tensor, *size)?;
        s.holds(seen, 0, *size, 4, 0)?;
    }
    Ok(())
}

pub(super) fn traffic(s: &Session) -> Outcome {
    let steps = s.draw(vec((0..2_u32, 0..2_u32, 0..4_u8, 1..SIZE), 1..30))?;
    s.init()?;
    let cores = s.cores()?.min(2);
    let models = (0..cores)
        .map(|core| {
            let model = s.model(core)?;
            let io = s.io(&model)?;
            Ok((model, io))
        })
        .collect::<Outcome<Vec<_>>>()?;
    let mut requests = Vec::new();
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    for ((core, index, kind, size), seed) in steps.into_iter().zip(10_u8..) {
        let core = core % cores;
        let queue = Queue::transfers(core, index);
        requests.push(match kind {
            0 => {
                let (model, io) = &models[core as usize];
                let request = s.submit(model, io)?;
                s.wait(request.1)?;
                request
            }
            1 => {
                let (tensor, buffer) = (s.tensor(core, size)?, s.buffer(size));
                s.fill(buffer, seed);
                writes.push((tensor, size, seed));
                s.start_write(tensor, buffer, size, queue)?
            }
            2 => {
                let (source, target) = (s.filled_tensor(core, size, seed)?, s.tensor(core, size)?);
                writes.push((target, size, seed));
                s.start_copy(source, target, size, queue)?
            }
            _ => {
                let (tensor, buffer) = (s.filled_tensor(core, size, seed)?, s.buffer(size));
                reads.push((buffer, size, seed));
                s.start_read(buffer, tensor, size, queue)?
            }
        });
    }
    for (word, id) in requests {
        s.wait(id)?;
        s.holds_status(word, Status::SUCCESS)?;
    }
    for (buffer, size, seed) in reads {
        s.holds(buffer, 0, size, seed, 0)?;
    }
    for (tensor, size, seed) in writes {
        let seen = s.read(tensor, size)?;
        s.holds(seen, 0, size, seed, 0)?;
    }
    Ok(())
}
