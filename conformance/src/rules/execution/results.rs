use proptest::prelude::any;

use crate::abi::Status;
use crate::session::{Argument, Session};
use crate::verdict::Outcome;

pub(super) fn outputs_are_written(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.fill_outputs(&io, 2)?;
    s.execute(&model, &io)?;
    let first = s.outputs(&io)?;
    s.fill_outputs(&io, 3)?;
    s.execute(&model, &io)?;
    s.same(&s.outputs(&io)?, &first)
}

pub(super) fn equal_inputs_equal_outputs(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let first = s.expected(&model, 1)?;
    s.expected(&model, 2)?;
    s.same(&s.expected(&model, 1)?, &first)
}

pub(super) fn inputs_stay(s: &Session) -> Outcome {
    let seed = s.draw(any::<u8>())?;
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, seed)?;
    s.execute(&model, &io)?;
    for (tensor, size) in io.inputs.iter().zip(&io.input_sizes) {
        s.holds(s.read(*tensor, *size)?, 0, *size, seed, 0)?;
    }
    Ok(())
}

pub(super) fn before_init(s: &Session) -> Outcome {
    let nothing = [Argument::null(), Argument::null(), Argument::null()];
    s.call("nrt_execute", nothing.clone())?.is(Status::UNINITIALIZED)?;
    let [model, inputs, outputs] = nothing;
    s.call("nrt_execute_repeat", [model, inputs, outputs, 1.into()])?.is(Status::UNINITIALIZED)
}

pub(super) fn unknown_model(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_outputs(&io, 5)?;
    let arguments = [Argument::wild(0x1234_5678_9abc), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::INVALID_HANDLE)?;
    s.outputs_hold(&io, 5)
}

pub(super) fn unloaded_model(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.execute(&model, &io)?;
    s.fill_outputs(&io, 5)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::INVALID_HANDLE)?;
    s.outputs_hold(&io, 5)
}

pub(super) fn other_model_runs_on(s: &Session) -> Outcome {
    s.init()?;
    let (first, second) = (s.model(0)?, s.model(0)?);
    let wanted = s.expected(&first, 7)?;
    s.call("nrt_unload", [first.handle.into()])?.needed()?;
    let io = s.io(&second)?;
    s.fill_inputs(&io, 7)?;
    let arguments = [second.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
    s.same(&s.outputs(&io)?, &wanted)
}

pub(super) fn repeat_once(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let wanted = s.expected(&model, 9)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 9)?;
    let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into(), 1.into()];
    s.call("nrt_execute_repeat", arguments)?.is(Status::SUCCESS)?;
    s.same(&s.outputs(&io)?, &wanted)
}
