//! Calls outside of the life of the runtime.

use crate::abi::{COMPUTE, DEVICE, Status, TENSOR_OP};
use crate::session::{Argument, Buffer, Session};
use crate::verdict::Outcome;

/// What calls may answer after `nrt_close`: documented, and observed.
pub(super) const CLOSED: [Status; 2] = [Status::CLOSED, Status::UNINITIALIZED];

/// A function and arguments that have nothing wrong about them but the time.
type Call = (&'static str, Vec<Argument>);

/// Whatever the library is handed for a handle: memory that it may look at.
fn room(s: &Session) -> Buffer {
    s.buffer(4096)
}

/// Calls for tensors.
pub(super) fn tensors(s: &Session) -> Vec<Call> {
    let (handle, data) = (room(s), room(s));
    let [tensor, bytes] = [Argument::from(handle), Argument::from(data)];
    let new = || s.pointer('t').at();
    vec![
        ("nrt_tensor_allocate", vec![DEVICE.into(), 0.into(), 64.into(), "t".into(), new()]),
        ("nrt_tensor_allocate_slice", vec![tensor.clone(), 0.into(), 8.into(), "s".into(), new()]),
        ("nrt_tensor_read", vec![tensor.clone(), bytes.clone(), 0.into(), 8.into()]),
        ("nrt_tensor_write", vec![tensor.clone(), bytes.clone(), 0.into(), 8.into()]),
        ("nrt_tensor_copy", vec![tensor.clone(), 0.into(), tensor.clone(), 8.into(), 8.into()]),
        ("nrt_tensor_memset", vec![tensor.clone(), 0.into(), 1.into(), 8.into()]),
        ("nrt_tensor_attach_buffer", vec![tensor, bytes, 64.into()]),
    ]
}

/// Calls for sets of tensors.
pub(super) fn sets(s: &Session) -> Vec<Call> {
    let [set, tensor] = [(); 2].map(|()| Argument::from(room(s)));
    vec![
        ("nrt_allocate_tensor_set", vec![s.pointer('s').at()]),
        ("nrt_add_tensor_to_tensor_set", vec![set.clone(), "x".into(), tensor]),
        ("nrt_get_tensor_from_tensor_set", vec![set, "x".into(), s.pointer('t').at()]),
    ]
}

/// Calls for models.
pub(super) fn models(s: &Session) -> Vec<Call> {
    let [model, inputs, outputs] = [(); 3].map(|()| Argument::from(room(s)));
    vec![
        ("nrt_load", vec![inputs.clone(), 4096.into(), 0.into(), (-1).into(), s.pointer('m').at()]),
        ("nrt_unload", vec![model.clone()]),
        ("nrt_get_model_tensor_info", vec![model.clone(), s.pointer('p').at()]),
        ("nrt_execute", vec![model.clone(), inputs.clone(), outputs.clone()]),
        ("nrt_execute_repeat", vec![model, inputs, outputs, 2.into()]),
    ]
}

/// Calls of the asynchronous interface.
pub(super) fn requests(s: &Session) -> Vec<Call> {
    let [model, inputs, outputs, bytes] = [(); 4].map(|()| Argument::from(room(s)));
    let word = || s.word().at();
    let id = || s.sequence().at();
    let (zero, eight) = (|| Argument::from(0), || Argument::from(8));
    let transfer = |first: &Argument, second: &Argument| {
        vec![first.clone(), second.clone(), zero(), eight(), zero(), zero(), word(), id()]
    };
    vec![
        ("nrta_execute_schedule", vec![model, inputs.clone(), outputs.clone(), zero(), word(), id()]),
        ("nrta_tensor_write", transfer(&inputs, &bytes)),
        ("nrta_tensor_read", transfer(&bytes, &inputs)),
        ("nrta_tensor_copy", vec![inputs, zero(), outputs, eight(), eight(), zero(), zero(), word(), id()]),
        ("nrta_is_completed", vec![first_run(), s.flag().at()]),
        ("nrta_get_sequence", vec![zero(), COMPUTE.into(), zero(), id()]),
    ]
}

/// The id of the first run on core 0.
fn first_run() -> Argument {
    crate::abi::sequence(0, COMPUTE, 0, 1).into()
}

/// Calls that register events. The descriptor is one that nothing can come of.
pub(super) fn events(_: &Session) -> Vec<Call> {
    vec![
        ("nrta_event_register_seq_id_completion", vec![first_run(), (-1).into()]),
        ("nrta_event_register_xu_completion", vec![0.into(), TENSOR_OP.into(), 0.into(), (-1).into()]),
    ]
}

pub(super) fn before_init(s: &Session, calls: Vec<Call>) -> Outcome {
    for (function, arguments) in calls {
        s.call_with(function, &arguments)?.is(Status::UNINITIALIZED)?;
    }
    Ok(())
}

pub(super) fn after_close(s: &Session, calls: Vec<Call>) -> Outcome {
    s.init()?;
    s.close()?;
    for (function, arguments) in calls {
        s.call_with(function, &arguments)?.is_one_of(&CLOSED)?;
    }
    Ok(())
}

pub(super) fn writes_nothing(s: &Session) -> Outcome {
    let (tensor, set, model) = (s.pointer('t'), s.pointer('s'), s.pointer('m'));
    let (neff, data) = (room(s), room(s));
    s.call("nrt_tensor_allocate", [DEVICE.into(), 0.into(), 64.into(), "t".into(), tensor.at()])?.ignored();
    s.call("nrt_allocate_tensor_set", [set.at()])?.ignored();
    s.call("nrt_load", [neff.into(), 4096.into(), 0.into(), (-1).into(), model.at()])?.ignored();
    s.call("nrt_tensor_read", [neff.into(), data.into(), 0.into(), 64.into()])?.ignored();
    for place in [tensor, set, model] {
        let in_c = format!("{} == NULL", place.name);
        s.check(place.value() == 0, in_c, format!("{} was written before nrt_init", place.name))?;
    }
    let in_c = format!("!memcmp({0}, {0} + 64, 64)", data.name);
    s.check(data.bytes().iter().all(|byte| *byte == 0), in_c, "bytes were read before nrt_init")
}

pub(super) fn state_comes_first(s: &Session) -> Outcome {
    let null = Argument::null;
    for (function, arguments) in requests(s) {
        let nothing: Vec<Argument> = arguments
            .into_iter()
            .map(|argument| if argument.text.starts_with(['&', 'b']) { null() } else { argument })
            .collect();
        s.call_with(function, &nothing)?.is(Status::UNINITIALIZED)?;
    }
    Ok(())
}

pub(super) fn no_address(s: &Session) -> Outcome {
    let address = s.pointer('p');
    address.set(1);
    s.assign(address, "nrt_tensor_get_va", [room(s).into()])?;
    let in_c = format!("{} == NULL", address.name);
    s.check(address.value() == 0, in_c, format!("the address is {:#x}", address.value()))
}

pub(super) fn trace_settings(s: &Session) -> Outcome {
    let settings = s.pointer('p');
    s.call("nrt_sys_trace_config_allocate", [settings.at()])?.is(Status::SUCCESS)?;
    let in_c = format!("{} != NULL", settings.name);
    s.check(settings.value() != 0, in_c, "there are no settings")?;
    s.call("nrt_sys_trace_config_set_defaults", [settings.into()])?.ignored();
    s.call("nrt_sys_trace_config_set_max_events_per_nc", [settings.into(), 2048.into()])?.ignored();
    s.call("nrt_sys_trace_config_free", [settings.into()])?.ignored();
    Ok(())
}

pub(super) fn counters(s: &Session) -> Outcome {
    s.call("nrt_tensor_check_output_completion", [Argument::null(), 0.into(), 1.into()])?
        .is(Status::INVALID)?;
    s.call("nrt_tensor_reset_output_completion", [Argument::null()])?.is(Status::INVALID)
}
