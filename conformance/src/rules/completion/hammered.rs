use std::sync::atomic::{AtomicU8, Ordering};

use super::program;
use crate::session::{Direct, Hammer, Model, Place, Queue, Session, Slot};
use crate::verdict::{Outcome, Stop};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Read,
    Write,
    Copy,
}

/// Places for the data of transfers, and of runs. No multiples of three: a request finds what another of the
/// three kinds of data has left.
const PLACES: u64 = 16;
const RUN_PLACES: u64 = 4;

/// The byte at an address that the library may write to meanwhile.
fn byte(address: u64) -> u8 {
    // SAFETY: the rules pass addresses within buffers and tensors that stay.
    unsafe { AtomicU8::from_ptr(address as *mut u8) }.load(Ordering::Relaxed)
}

/// The address of a tensor's bytes; 0 if the library does not show them.
fn address(s: &Session, tensor: Place) -> Outcome<u64> {
    let address = s.pointer('p');
    s.assign(address, "nrt_tensor_get_va", [tensor.into()])?;
    Ok(address.value())
}

/// Many transfers, three kinds of bytes in turn.
pub(super) fn transfers(s: &Session, way: Way, size: usize, by_words: bool) -> Outcome {
    s.init()?;
    let queue = Queue::transfers(0, 0);
    let kinds: Vec<_> = (1..=3)
        .map(|seed| {
            let bytes = s.buffer(size);
            s.fill(bytes, seed);
            let source =
                if way == Way::Write { bytes.address() } else { s.filled_tensor(0, size, seed)?.value() };
            Ok((source, bytes))
        })
        .collect::<Outcome<_>>()?;
    let twin = s.twin(PLACES as usize)?;
    let targets: Vec<_> = (0..PLACES)
        .map(|place| match way {
            Way::Read if size <= 4096 => Ok((twin.written(place), twin.seen(place))),
            Way::Read => {
                let address = s.buffer(size).address();
                Ok((address, address))
            }
            Way::Write | Way::Copy => {
                let tensor = s.tensor(0, size)?;
                Ok((tensor.value(), address(s, tensor)?))
            }
        })
        .collect::<Outcome<_>>()?;
    let call: Direct = s.direct(match way {
        Way::Read => "nrta_tensor_read",
        Way::Write => "nrta_tensor_write",
        Way::Copy => "nrta_tensor_copy",
    })?;
    let warm = (s.filled_tensor(0, size, 9)?, s.buffer(size));
    let (_, id) = s.start_read(warm.1, warm.0, size, queue)?;
    s.wait(id)?;
    s.program(program::transfers(way, size, by_words));
    let size_of = size as u64;
    let submit = |number: u64, slot: &Slot| {
        let (source, target) = (kinds[(number % 3) as usize].0, targets[(number % PLACES) as usize].0);
        let (word, id) = (slot.word(), slot.id());
        twin.forget(number % PLACES);
        match way {
            Way::Read => call.status(&[target, source, 0, size_of, 0, 0, word, id]),
            Way::Write => call.status(&[target, source, 0, size_of, 0, 0, word, id]),
            Way::Copy => call.status(&[source, 0, target, 0, size_of, 0, 0, word, id]),
        }
    };
    let is_there = |number: u64| {
        let (bytes, seen) = (kinds[(number % 3) as usize].1, targets[(number % PLACES) as usize].1);
        let places = [size - 1, size / 2, 0];
        seen == 0 || places.into_iter().all(|at| byte(seen + at as u64) == bytes.byte(at))
    };
    let depth = if size > 4096 { 2 } else { 4 };
    let hammer = Hammer {
        queue,
        depth,
        rounds: s.effort(200_000),
        places: PLACES,
        by_words,
        submit: &submit,
        is_there: &is_there,
    };
    hammer.run(s)
}

/// What each of three kinds of inputs gives, as the blocking call says.
fn references(s: &Session, model: &Model, ios: &[crate::session::Io]) -> Outcome<Vec<Vec<u8>>> {
    let size = ios[0].output_sizes[0];
    let mut references = Vec::new();
    for (io, seed) in ios.iter().zip(1..=3) {
        s.fill_inputs(io, seed)?;
        s.execute(model, io)?;
        let first = s.read(io.outputs[0], size)?.bytes();
        s.execute(model, io)?;
        if s.read(io.outputs[0], size)?.bytes() != first {
            return Err(Stop::not_applicable("two runs of the model with the same inputs differ"));
        }
        references.push(first);
    }
    Ok(references)
}

/// Many runs, three kinds of inputs in turn.
pub(super) fn runs(s: &Session, by_words: bool) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let ios = (0..RUN_PLACES).map(|_| s.io(&model)).collect::<Outcome<Vec<_>>>()?;
    let references = references(s, &model, &ios[..3])?;
    let differ = |at: &usize| {
        let [a, b, c] = [0, 1, 2].map(|kind: usize| references[kind][*at]);
        a != b && b != c && a != c
    };
    let Some(at) = (0..references[0].len()).rev().find(differ) else {
        return Err(Stop::not_applicable("the model gives the same for different inputs"));
    };
    let seen = ios.iter().map(|io| address(s, io.outputs[0])).collect::<Outcome<Vec<_>>>()?;
    let call = s.direct("nrta_execute_schedule")?;
    s.program(program::runs(&model, at, by_words));
    let sets: Vec<[u64; 2]> = ios.iter().map(|io| [io.input_set.value(), io.output_set.value()]).collect();
    let handle = model.handle.value();
    let submit = |number: u64, slot: &Slot| {
        let inputs = sets[(number % 3) as usize][0];
        let outputs = sets[(number % RUN_PLACES) as usize][1];
        call.status(&[handle, inputs, outputs, 0, slot.word(), slot.id()])
    };
    let is_there = |number: u64| {
        let address = seen[(number % RUN_PLACES) as usize];
        address == 0 || byte(address + at as u64) == references[(number % 3) as usize][at]
    };
    let hammer = Hammer {
        queue: Queue::compute(0),
        depth: s.compute_capacity().min(3),
        rounds: s.effort(100_000),
        places: RUN_PLACES,
        by_words,
        submit: &submit,
        is_there: &is_there,
    };
    hammer.run(s)
}
