//! How models end.

use crate::abi::Status;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::rule::{Rule, SINCE_2_29};
use crate::session::{Argument, Model, Session};
use crate::verdict::{Outcome, Stop};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-MODEL-060",
        "nrt_unload of a loaded model succeeds.",
        Documented,
        "header nrt.h, nrt_unload",
        ends,
    ),
    Rule::new(
        "NRT-MODEL-061",
        "nrt_unload of a model that was unloaded is answered with NRT_INVALID_HANDLE.",
        Observed,
        "observed in 2.31.24",
        twice,
    ),
    Rule::new(
        "NRT-MODEL-062",
        "nrt_unload of what never was a model is answered with NRT_INVALID_HANDLE.",
        Observed,
        "observed in 2.31.24",
        unknown,
    )
    .drawn(10),
    Rule::new(
        "NRT-MODEL-063",
        "A run of a model that was unloaded is refused at submission with NRT_INVALID_HANDLE.",
        Observed,
        "observed in 2.31.24",
        schedule,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-MODEL-064",
        "nrt_execute of a model that was unloaded is answered with NRT_INVALID_HANDLE.",
        Observed,
        "observed in 2.31.24",
        execute,
    ),
    Rule::new(
        "NRT-MODEL-065",
        "nrt_unload returns after the last run of the model has completed, and runs end as they would have.",
        Observed,
        "observed in 2.31.24",
        waits,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-MODEL-066",
        "Unloading a model leaves others on its core as they were.",
        Observed,
        "observed in 2.31.24",
        others_stay,
    ),
    Rule::new(
        "NRT-MODEL-067",
        "Unloading a model leaves runs of others on its core in the queue.",
        Observed,
        "observed in 2.31.24",
        others_go_on,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-MODEL-068",
        "Tensors outlive the model: they can be read and freed after nrt_unload.",
        ClientCode,
        "the vendor's sample unloads first",
        tensors_stay,
    ),
    Rule::new(
        "NRT-MODEL-069",
        "Loading, running and unloading a model again and again uses no more memory.",
        Observed,
        "observed in 2.31.24",
        again,
    ),
];

fn unload(s: &Session, model: &Model) -> Outcome {
    s.call("nrt_unload", [model.handle.into()])?.is(Status::SUCCESS)
}

fn ends(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    unload(s, &model)
}

fn twice(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    s.call("nrt_unload", [model.handle.into()])?.is(Status::INVALID_HANDLE)
}

fn unknown(s: &Session) -> Outcome {
    let handle = s.draw(0x1000..0x7fff_ffff_f000_u64)?;
    s.init()?;
    s.call("nrt_unload", [Argument::wild(handle)])?.is(Status::INVALID_HANDLE)
}

fn schedule(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let (word, sequence) = (s.word(), s.sequence());
    s.schedule(&model, &io, word, sequence)?.is(Status::INVALID_HANDLE)?;
    s.check(word.is_untouched(), format!("{} == 0x7fffffff", word.name), "the status was written to")
}

fn execute(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::INVALID_HANDLE)
}

fn waits(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let mut runs = Vec::new();
    for _ in 0..s.compute_capacity().min(6) {
        runs.push(s.submit(&model, &io)?);
    }
    unload(s, &model)?;
    for (word, sequence) in runs {
        let done = s.flag();
        s.call("nrta_is_completed", [sequence.into(), done.at()])?.is(Status::SUCCESS)?;
        s.check(done.value() == 1, done.name, "a run was still in flight after its model was unloaded")?;
        let status = word.signed();
        s.check(status == 0, format!("{} == 0", word.name), format!("it ended with {}", Status(status)))?;
    }
    Ok(())
}

fn others_stay(s: &Session) -> Outcome {
    s.init()?;
    let (gone, stays) = (s.model(0)?, s.model(0)?);
    let io = s.io(&stays)?;
    s.fill_inputs(&io, 1)?;
    s.execute(&stays, &io)?;
    let size = io.output_sizes[0];
    let wanted = s.read(io.outputs[0], size)?;
    s.call("nrt_unload", [gone.handle.into()])?.needed()?;
    let arguments = [stays.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
    let got = s.read(io.outputs[0], size)?;
    s.equal(got, wanted, "the model that stays does not do what it did")
}

fn others_go_on(s: &Session) -> Outcome {
    s.init()?;
    let (gone, stays) = (s.model(0)?, s.model(0)?);
    let io = s.io(&stays)?;
    let (word, sequence) = s.submit(&stays, &io)?;
    s.call("nrt_unload", [gone.handle.into()])?.needed()?;
    s.completes(sequence)?;
    let status = word.signed();
    s.check(status == 0, format!("{} == 0", word.name), format!("the run ended with {}", Status(status)))
}

fn tensors_stay(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    for (tensor, size) in io.inputs.iter().zip(&io.input_sizes) {
        let kept = s.read(*tensor, *size)?;
        s.holds(kept, 0, *size, 1, 0)?;
        s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    }
    Ok(())
}

fn again(s: &Session) -> Outcome {
    s.init()?;
    let cycle = || {
        let model = s.model(0)?;
        let io = s.io(&model)?;
        s.execute(&model, &io)?;
        s.call("nrt_unload", [model.handle.into()])?.needed()?;
        s.call("nrt_destroy_tensor_set", [io.input_set.at()])?.ignored();
        s.call("nrt_destroy_tensor_set", [io.output_set.at()])?.ignored();
        for tensor in io.inputs.iter().chain(&io.outputs) {
            s.call("nrt_tensor_free", [tensor.at()])?.ignored();
        }
        Ok::<(), Stop>(())
    };
    // What a library sets up for its first model may stay.
    cycle()?;
    let before = s.memory(0)?;
    for _ in 0..5 {
        cycle()?;
    }
    s.unchanged(before, s.memory(0)?)
}
