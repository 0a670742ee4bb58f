//! `nrt_init`, once and again.

use super::gates::CLOSED;
use super::init;
use crate::abi::Status;
use crate::session::{Argument, Session};
use crate::verdict::Outcome;

pub(super) fn version_before_init(s: &Session) -> Outcome {
    let [before, after] = [s.buffer(224), s.buffer(224)];
    s.call("nrt_get_version", [before.into(), 224.into()])?.is(Status::SUCCESS)?;
    s.init()?;
    s.call("nrt_get_version", [after.into(), 224.into()])?.is(Status::SUCCESS)?;
    let in_c = format!("!memcmp({}, {}, 224)", before.name, after.name);
    s.check(before.bytes() == after.bytes(), in_c, "the version is another one after nrt_init")
}

pub(super) fn null_versions(s: &Session) -> Outcome {
    s.call("nrt_init", [0.into(), Argument::null(), Argument::null()])?.is(Status::SUCCESS)
}

pub(super) fn frameworks(s: &Session) -> Outcome {
    for framework in 1..6 {
        s.call("nrt_init", [framework.into(), "2.9".into(), "1".into()])?.is(Status::SUCCESS)?;
        s.close()?;
    }
    Ok(())
}

pub(super) fn twice(s: &Session) -> Outcome {
    s.init()?;
    init(s)?.is(Status::SUCCESS)?;
    s.call("nrt_init", [3.into(), "2.9".into(), "".into()])?.is(Status::SUCCESS)
}

pub(super) fn twice_keeps_tensors(s: &Session) -> Outcome {
    const SIZE: usize = 5000;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 7)?;
    init(s)?.needed()?;
    let buffer = s.buffer(SIZE);
    let arguments = [tensor.into(), buffer.into(), 0.into(), SIZE.into()];
    s.call("nrt_tensor_read", arguments)?.is(Status::SUCCESS)?;
    s.holds(buffer, 0, SIZE, 7, 0)
}

pub(super) fn twice_keeps_models(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    init(s)?.needed()?;
    let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)
}

pub(super) fn twice_keeps_numbers(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (_, first) = s.submit(&model, &io)?;
    init(s)?.needed()?;
    let (word, second) = (s.word(), s.sequence());
    s.schedule(&model, &io, word, second)?.is(Status::SUCCESS)?;
    let in_c = format!("{} == {} + 1", second.name, first.name);
    let otherwise = format!("{:#018x} is followed by {:#018x}", first.value(), second.value());
    s.check(second.value() == first.value() + 1, in_c, otherwise)?;
    s.completes(first)?;
    s.completes(second)
}

pub(super) fn twice_is_not_counted(s: &Session) -> Outcome {
    s.init()?;
    init(s)?.needed()?;
    s.close()?;
    let tensor = s.pointer('t');
    let arguments = [0.into(), 0.into(), 64.into(), "t".into(), tensor.at()];
    s.call("nrt_tensor_allocate", arguments)?.is_one_of(&CLOSED)
}
