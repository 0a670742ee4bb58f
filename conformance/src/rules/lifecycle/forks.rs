//! Forked children: they have neither the device nor the threads of their parent.

use super::init;
use crate::abi::{COMPUTE, DEVICE, Status, sequence};
use crate::session::{Argument, Session};
use crate::verdict::Outcome;

/// The rule wants these calls to be refused in a child.
fn refuses(s: &Session, calls: &[(&str, Vec<Argument>)]) -> Outcome {
    for (function, arguments) in calls {
        let ended = s.in_child(function, arguments, None)?;
        s.child_ended(ended, Status::FAILURE.0, function)?;
    }
    Ok(())
}

pub(super) fn refused(s: &Session) -> Outcome {
    const SIZE: usize = 64;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (buffer, new, set) = (s.buffer(SIZE), s.pointer('t'), s.pointer('s'));
    let [inputs, outputs] = [io.input_set.into(), io.output_set.into()];
    refuses(
        s,
        &[
            ("nrt_tensor_allocate", vec![DEVICE.into(), 0.into(), 64.into(), "t".into(), new.at()]),
            ("nrt_tensor_read", vec![tensor.into(), buffer.into(), 0.into(), SIZE.into()]),
            ("nrt_tensor_write", vec![tensor.into(), buffer.into(), 0.into(), SIZE.into()]),
            ("nrt_allocate_tensor_set", vec![set.at()]),
            ("nrt_execute", vec![model.handle.into(), inputs, outputs]),
            ("nrt_unload", vec![model.handle.into()]),
        ],
    )
}

pub(super) fn requests_refused(s: &Session) -> Outcome {
    const SIZE: usize = 64;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (buffer, word, id) = (s.buffer(SIZE), s.word(), s.sequence());
    let [inputs, outputs] = [io.input_set.into(), io.output_set.into()];
    let transfer =
        [tensor.into(), buffer.into(), 0.into(), SIZE.into(), 0.into(), 0.into(), word.at(), id.at()];
    refuses(
        s,
        &[
            (
                "nrta_execute_schedule",
                vec![model.handle.into(), inputs, outputs, 0.into(), word.at(), id.at()],
            ),
            ("nrta_tensor_write", transfer.to_vec()),
            ("nrta_is_completed", vec![sequence(0, COMPUTE, 0, 1).into(), s.flag().at()]),
            ("nrta_get_sequence", vec![0.into(), COMPUTE.into(), 0.into(), id.at()]),
        ],
    )
}

const INIT: fn() -> [Argument; 3] = || [1.into(), "".into(), "".into()];

pub(super) fn no_new_beginning(s: &Session) -> Outcome {
    s.init()?;
    let ended = s.in_child("nrt_init", &INIT(), None)?;
    s.child_ended(ended, Status::FAILURE.0, "nrt_init")
}

pub(super) fn count(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?;
    let count = s.int();
    let ended = s.in_child("nrt_get_visible_vnc_count", &[count.at()], Some(count))?;
    s.child_ended(ended, cores.cast_signed() & 0xff, "nrt_get_visible_vnc_count")
}

pub(super) fn parent_keeps_tensors(s: &Session) -> Outcome {
    const SIZE: usize = 10_000;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 9)?;
    let ended = s.in_child("nrt_close", &[], None)?;
    s.child_ended(ended, 0, "nrt_close")?;
    let buffer = s.buffer(SIZE);
    let arguments = [tensor.into(), buffer.into(), 0.into(), SIZE.into()];
    s.call("nrt_tensor_read", arguments)?.is(Status::SUCCESS)?;
    s.holds(buffer, 0, SIZE, 9, 0)
}

pub(super) fn parent_goes_on(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(s.submit(&model, &io)?);
    }
    let ended = s.in_child("nrt_close", &[], None)?;
    s.child_ended(ended, 0, "nrt_close")?;
    runs.push(s.submit(&model, &io)?);
    for (word, id) in runs {
        s.completes(id)?;
        let in_c = format!("{} == 0", word.name);
        s.check(word.value() == 0, in_c, format!("its status is {}", word.signed()))?;
    }
    Ok(())
}

pub(super) fn before_init(s: &Session) -> Outcome {
    let ended = s.in_child("nrt_init", &INIT(), None)?;
    s.child_ended(ended, Status::SUCCESS.0, "nrt_init")?;
    init(s)?.is(Status::SUCCESS)
}
