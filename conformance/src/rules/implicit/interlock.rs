use super::Start;
use crate::abi::{COMPUTE, Status};
use crate::session::{Argument, Session};
use crate::verdict::Outcome;

const SIZE: usize = 64;

pub(super) fn schedule(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&start.model, &start.io, word, id)?.is(Status::FAILURE)?;
    let kept = word.is_untouched() && id.value() == u64::MAX;
    let in_c = format!("{} == 0x7fffffff && {} == UINT64_MAX", word.name, id.name);
    s.check(kept, in_c, "a call that was refused wrote an output")
}

pub(super) fn write(s: &Session) -> Outcome {
    s.init()?;
    let (tensor, bytes) = (s.filled_tensor(0, SIZE, 1)?, s.buffer(SIZE));
    let (word, id) = (s.word(), s.sequence());
    let [offset, core, queue] = [0, 0, 0].map(Argument::from);
    let arguments = [tensor.into(), bytes.into(), offset, SIZE.into(), core, queue, word.at(), id.at()];
    s.call("nrta_tensor_write", arguments)?.is(Status::FAILURE)?;
    s.holds(s.read(tensor, SIZE)?, 0, SIZE, 1, 0)
}

pub(super) fn read(s: &Session) -> Outcome {
    s.init()?;
    let (tensor, bytes) = (s.filled_tensor(0, SIZE, 1)?, s.buffer(SIZE));
    s.fill(bytes, 2);
    let (word, id) = (s.word(), s.sequence());
    let [offset, core, queue] = [0, 0, 0].map(Argument::from);
    let arguments = [bytes.into(), tensor.into(), offset, SIZE.into(), core, queue, word.at(), id.at()];
    s.call("nrta_tensor_read", arguments)?.is(Status::FAILURE)?;
    s.holds(bytes, 0, SIZE, 2, 0)
}

pub(super) fn copy(s: &Session) -> Outcome {
    s.init()?;
    let (from, to) = (s.filled_tensor(0, SIZE, 1)?, s.filled_tensor(0, SIZE, 2)?);
    let (word, id) = (s.word(), s.sequence());
    let [offset, at, core, queue] = [0, 0, 0, 0].map(Argument::from);
    let size = SIZE.into();
    let arguments = [from.into(), offset, to.into(), at, size, core, queue, word.at(), id.at()];
    s.call("nrta_tensor_copy", arguments)?.is(Status::FAILURE)?;
    s.holds(s.read(to, SIZE)?, 0, SIZE, 2, 0)
}

/// The first run of the first core.
const FIRST: u64 = 0x0001_0000_0000_0001;

pub(super) fn is_completed(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    start.begin()?;
    let done = s.flag();
    s.call("nrta_is_completed", [FIRST.into(), done.at()])?.is(Status::FAILURE)
}

pub(super) fn get_sequence(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    start.begin()?;
    let id = s.sequence();
    s.call("nrta_get_sequence", [0.into(), COMPUTE.into(), 0.into(), id.at()])?.is(Status::FAILURE)?;
    s.check(
        id.value() == u64::MAX,
        format!("{} == UINT64_MAX", id.name),
        "a call that was refused wrote an id",
    )
}

pub(super) fn event_of_request(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    start.begin()?;
    let fd = s.eventfd()?;
    s.call("nrta_event_register_seq_id_completion", [FIRST.into(), fd.into()])?.is(Status::FAILURE)
}

pub(super) fn event_of_queue(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let fd = s.eventfd()?;
    let arguments = [0.into(), COMPUTE.into(), 0.into(), fd.into()];
    s.call("nrta_event_register_xu_completion", arguments)?.is(Status::FAILURE)?;
    start.begin()?;
    start.drain()?;
    s.silent(fd)
}

/// Calls functions of every kind with arguments that are wrong in more than one way.
fn wrong_calls(s: &Session, wanted: Status) -> Outcome {
    let null = Argument::null;
    let queue = || Argument::from(99);
    s.call("nrta_execute_schedule", [null(), null(), null(), queue(), null(), null()])?.is(wanted)?;
    let transfer = || [null(), null(), 0.into(), 0.into(), queue(), queue(), null(), null()];
    s.call("nrta_tensor_write", transfer())?.is(wanted)?;
    s.call("nrta_tensor_read", transfer())?.is(wanted)?;
    let arguments = [null(), 0.into(), null(), 0.into(), 0.into(), queue(), queue(), null(), null()];
    s.call("nrta_tensor_copy", arguments)?.is(wanted)?;
    s.call("nrta_is_completed", [u64::MAX.into(), null()])?.is(wanted)?;
    s.call("nrta_get_sequence", [queue(), queue(), queue(), null()])?.is(wanted)?;
    s.call("nrta_cc_schedule", [null(), queue(), null(), null()])?.is(wanted)
}

pub(super) fn any_arguments(s: &Session) -> Outcome {
    s.init()?;
    wrong_calls(s, Status::FAILURE)
}

pub(super) fn before_init(s: &Session) -> Outcome {
    wrong_calls(s, Status::UNINITIALIZED)
}
