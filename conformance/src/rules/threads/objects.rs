use std::fs;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::program;
use super::submitters::{Asker, Complaints};
use crate::abi::Status;
use crate::session::{Buffer, Direct, Place, Session};
use crate::verdict::{Outcome, Stop};

const SIZE: usize = 4096;

/// Several threads do something again and again for a while: `work` is told which thread it is.
fn crowd(
    s: &Session,
    threads: u64,
    rounds: u64,
    work: &(dyn Fn(u64) -> Result<(), String> + Sync),
) -> Outcome {
    let complaints = Complaints::new();
    let (time, begin) = (Duration::from_millis(s.effort(200)), Instant::now());
    let looked = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (complaints, looked) = (&complaints, &looked);
            scope.spawn(move || {
                for _ in 0..rounds {
                    if complaints.is_over() || begin.elapsed() > time {
                        break;
                    }
                    if let Err(what) = work(thread) {
                        complaints.add(what);
                    }
                    looked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    s.looked(looked.into_inner());
    complaints.outcome()
}

/// The call has to succeed.
fn well(name: &str, call: Direct, arguments: &[u64]) -> Result<(), String> {
    let status = call.status(arguments);
    if status == Status::SUCCESS { Ok(()) } else { Err(format!("{name} answered {status}")) }
}

pub(super) fn tensors(s: &Session) -> Outcome {
    s.init()?;
    let cores = u64::from(s.cores()?);
    let names = ["nrt_tensor_allocate", "nrt_tensor_write", "nrt_tensor_read", "nrt_tensor_free"];
    let [allocate, write, read, free] = names.map(|name| s.direct(name));
    let (allocate, write, read, free) = (allocate?, write?, read?, free?);
    let places: Vec<[Buffer; 2]> = (0..4_u8)
        .map(|seed| {
            let places = [s.buffer(SIZE), s.buffer(SIZE)];
            s.fill(places[0], seed + 1);
            places
        })
        .collect();
    s.program(program::TENSORS);
    crowd(s, 4, 1000, &|thread| {
        let [bytes, back] = places[thread as usize];
        let core = thread % cores;
        let mut tensors = [0_u64; 4];
        for tensor in &mut tensors {
            let at: *mut u64 = tensor;
            well(names[0], allocate, &[0, core, SIZE as u64, 0, at as u64])?;
            well(names[1], write, &[*tensor, bytes.address(), 0, SIZE as u64])?;
        }
        for tensor in &mut tensors {
            back.write(SIZE - 8, &[0; 8]);
            well(names[2], read, &[*tensor, back.address(), 0, SIZE as u64])?;
            let at = [0, 1, SIZE / 2, SIZE - 2, SIZE - 1];
            if at.into_iter().any(|at| back.byte(at) != bytes.byte(at)) {
                return Err("a tensor does not hold what its thread wrote".to_owned());
            }
            let at: *mut u64 = tensor;
            free.call(&[at as u64]);
        }
        Ok(())
    })
}

pub(super) fn models(s: &Session) -> Outcome {
    s.init()?;
    let cores = u64::from(s.cores()?);
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.execute(&model, &io)?;
    let path = s.neff()?;
    let bytes = fs::read(&path).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
    let bytes: &[u8] = bytes.leak(); // a library may keep the address
    let (load, unload) = (s.direct("nrt_load")?, s.direct("nrt_unload")?);
    let count = s.direct("nrt_get_model_nc_count")?;
    s.program(program::models(&model, cores));
    crowd(s, 4, 50, &|thread| {
        let handle = AtomicU64::new(0);
        let core = thread % cores;
        let address = bytes.as_ptr() as u64;
        well("nrt_load", load, &[address, bytes.len() as u64, core, u64::MAX, handle.as_ptr() as u64])?;
        let handle = handle.into_inner();
        let of_model = AtomicU32::new(0);
        well("nrt_get_model_nc_count", count, &[handle, of_model.as_ptr() as u64])?;
        well("nrt_unload", unload, &[handle])
    })?;
    s.execute(&model, &io)
}

pub(super) fn runs(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let ios = (0..3).map(|_| s.io(&model)).collect::<Outcome<Vec<_>>>()?;
    let size = model.outputs[0].1;
    let mut wanted = Vec::new();
    for (io, seed) in ios.iter().zip(1..) {
        s.fill_inputs(io, seed)?;
        s.execute(&model, io)?;
        let first = s.read(io.outputs[0], size)?.bytes();
        s.execute(&model, io)?;
        if s.read(io.outputs[0], size)?.bytes() != first {
            return Err(Stop::not_applicable("two runs of the model with the same inputs differ"));
        }
        wanted.push((first, s.buffer(size)));
    }
    let (execute, read) = (s.direct("nrt_execute")?, s.direct("nrt_tensor_read")?);
    let write = s.direct("nrt_tensor_write")?;
    let sets: Vec<[u64; 3]> =
        ios.iter().map(|io| [io.input_set, io.output_set, io.outputs[0]].map(Place::value)).collect();
    let handle = model.handle.value();
    let zeros = s.buffer(size).address();
    s.program(program::runs(&model));
    crowd(s, 3, 200, &|thread| {
        let [inputs, outputs, first] = sets[thread as usize];
        let (wanted, back) = &wanted[thread as usize];
        well("nrt_tensor_write", write, &[first, zeros, 0, size as u64])?;
        well("nrt_execute", execute, &[handle, inputs, outputs])?;
        well("nrt_tensor_read", read, &[first, back.address(), 0, size as u64])?;
        let differs = back.bytes() != *wanted;
        if differs { Err("the outputs are not those of the thread's inputs".to_owned()) } else { Ok(()) }
    })
}

pub(super) fn mixed(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?.value();
    let buffers: Vec<Buffer> = (0..4).map(|_| s.buffer(SIZE)).collect();
    let (read, start) = (s.direct("nrt_tensor_read")?, s.direct("nrta_tensor_read")?);
    let asker = Asker::new(s)?;
    s.program(program::mixed());
    crowd(s, 4, 500, &|thread| {
        let buffer = buffers[thread as usize];
        buffer.write(SIZE - 8, &[0; 8]);
        if thread % 2 == 0 {
            well("nrt_tensor_read", read, &[tensor, buffer.address(), 0, SIZE as u64])?;
        } else {
            let (word, id) = (AtomicU32::new(Place::UNTOUCHED), AtomicU64::new(0));
            let (word, id) = (&*Box::leak(Box::new(word)), &*Box::leak(Box::new(id)));
            let marks = [word.as_ptr() as u64, id.as_ptr() as u64];
            let arguments = [buffer.address(), tensor, 0, SIZE as u64, 0, 0, marks[0], marks[1]];
            well("nrta_tensor_read", start, &arguments)?;
            if !asker.wait(id.load(Ordering::SeqCst)) || word.load(Ordering::Acquire) != 0 {
                return Err("a read did not complete well".to_owned());
            }
        }
        let right = |at: usize| buffer.byte(at) == Buffer::pattern(3, at);
        if [0, SIZE / 2, SIZE - 1].into_iter().all(right) {
            Ok(())
        } else {
            Err("wrong bytes were read".to_owned())
        }
    })
}
