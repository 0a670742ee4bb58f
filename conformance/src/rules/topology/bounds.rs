//! The last core, and past it.

use std::fs;

use super::allocate;
use crate::abi::{COMPUTE, Status, TENSOR_OP};
use crate::session::{Answer, Argument, Session};
use crate::verdict::{Outcome, Stop};

/// Cores past the visible ones: the next, one that no machine has, and one whose lowest byte is a core.
fn past(cores: u32) -> [u32; 3] {
    [cores, 5000, 1 << 16]
}

pub(super) fn tensor_past_last(s: &Session) -> Outcome {
    s.init()?;
    for core in past(s.cores()?) {
        let tensor = s.pointer('t');
        let arguments = [0.into(), core.into(), 4096.into(), "t".into(), tensor.at()];
        s.call("nrt_tensor_allocate", arguments)?.is(Status::INVALID)?;
        let in_c = format!("{} == NULL", tensor.name);
        s.check(tensor.value() == 0, in_c, "it was refused and the tensor is written all the same")?;
    }
    Ok(())
}

pub(super) fn tensor_everywhere(s: &Session) -> Outcome {
    s.init()?;
    for core in 0..s.cores()?.min(128) {
        allocate(s, core)?.is(Status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn model_past_last(s: &Session) -> Outcome {
    s.init()?;
    for core in past(s.cores()?) {
        load(s, core)?.is(Status::INVALID)?;
    }
    Ok(())
}

fn load(s: &Session, core: u32) -> Outcome<Answer<'_>> {
    let path = s.neff()?;
    let bytes = fs::read(&path).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?.leak();
    let neff = Argument { text: "neff".to_owned(), value: bytes.as_ptr() as u64 };
    let size = Argument { text: "neff_size".to_owned(), value: bytes.len() as u64 };
    let model = s.pointer('m');
    s.call("nrt_load", [neff, size, core.into(), (-1).into(), model.at()])
}

pub(super) fn requests_past_last(s: &Session) -> Outcome {
    const SIZE: usize = 64;
    s.init()?;
    let tensor = s.tensor(0, SIZE)?;
    let (buffer, word, id) = (s.buffer(SIZE), s.word(), s.sequence());
    for core in past(s.cores()?) {
        for xu in [TENSOR_OP, COMPUTE] {
            let arguments = [core.into(), xu.into(), 0.into(), id.at()];
            s.call("nrta_get_sequence", arguments)?.is(Status::INVALID)?;
        }
        let size = SIZE.into();
        let arguments =
            [tensor.into(), buffer.into(), 0.into(), size, core.into(), 0.into(), word.at(), id.at()];
        s.call("nrta_tensor_write", arguments)?.is(Status::INVALID)?;
    }
    Ok(())
}
