//! What is loaded, and where.

use crate::abi::Status;
use crate::rule::Rule;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::session::{Image, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-MODEL-001",
        "nrt_load of a good NEFF succeeds and gives a handle.",
        Documented,
        "header nrt.h, nrt_load",
        handle,
    ),
    Rule::new(
        "NRT-MODEL-002",
        "A model is loaded on the core that vnc names, and says so.",
        Documented,
        "header nrt.h, nrt_load and nrt_get_model_info",
        each_core,
    ),
    Rule::new(
        "NRT-MODEL-003",
        "vnc -1 loads a model on one of the visible cores.",
        Documented,
        "header nrt.h, nrt_load",
        any_core,
    ),
    Rule::new(
        "NRT-MODEL-004",
        "vnc -1 does not load two models on one core while another has none.",
        Observed,
        "observed in 2.31.24",
        spreads,
    ),
    Rule::new(
        "NRT-MODEL-005",
        "nrt_load takes (n, 1), (n, -1) and (-1, -1) as vnc and vnc_count.",
        ClientCode,
        "several programs pass these",
        core_counts,
    ),
    Rule::new(
        "NRT-MODEL-006",
        "The file may be overwritten once nrt_load has returned.",
        ClientCode,
        "runners drop the file before the first run",
        file_may_go,
    ),
    Rule::new(
        "NRT-MODEL-007",
        "Several models are on a core, and run in any order.",
        Observed,
        "observed in 2.31.24",
        share_a_core,
    ),
    Rule::new(
        "NRT-MODEL-008",
        "The same file loaded twice gives two models.",
        Observed,
        "observed in 2.31.24",
        handles_differ,
    ),
    Rule::new(
        "NRT-MODEL-009",
        "Loading and unloading a model leaves the bytes of tensors as they were.",
        Documented,
        "header nrt.h, nrt_load",
        tensors_are_kept,
    ),
];

/// Loads a file that has to be loaded.
fn loaded(s: &Session, image: &Image, core: i32) -> Outcome<Place> {
    let model = s.pointer('m');
    s.load(image, core, model)?.needed()?;
    Ok(model)
}

/// The core that a model says it is on.
fn core_of(s: &Session, model: Place) -> Outcome<Place> {
    let (info, size) = (s.int(), s.long());
    s.call("nrt_get_model_info", [model.into(), info.at(), 4.into(), size.at()])?.needed()?;
    Ok(info)
}

fn handle(s: &Session) -> Outcome {
    s.init()?;
    let (image, model) = (s.image()?, s.pointer('m'));
    s.load(&image, 0, model)?.is(Status::SUCCESS)?;
    s.check(model.value() != 0, model.name, "the handle is NULL")
}

fn each_core(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    for core in 0..s.cores()?.min(4) {
        let model = s.pointer('m');
        s.load(&image, core.cast_signed(), model)?.is(Status::SUCCESS)?;
        let is = core_of(s, model)?;
        let in_c = format!("{} == {core}", is.name);
        let what = format!("the model for core {core} is on {}", is.signed());
        s.check(is.value() == u64::from(core), in_c, what)?;
    }
    Ok(())
}

fn any_core(s: &Session) -> Outcome {
    s.init()?;
    let (image, cores) = (s.image()?, s.cores()?);
    let model = s.pointer('m');
    s.load(&image, -1, model)?.is(Status::SUCCESS)?;
    let core = core_of(s, model)?;
    let what = format!("it is on core {} of {cores}", core.signed());
    s.check(core.value() < cores.into(), format!("(unsigned){} < {cores}", core.name), what)
}

fn spreads(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let image = s.image()?;
    let models = [loaded(s, &image, -1)?, loaded(s, &image, -1)?];
    let [a, b] = [core_of(s, models[0])?, core_of(s, models[1])?];
    s.check(a.value() != b.value(), format!("{} != {}", a.name, b.name), "both are on the same core")
}

fn core_counts(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    for (core, count) in [(0, 1), (0, -1), (-1, -1)] {
        let model = s.pointer('m');
        let arguments = [image.address.clone(), image.size.clone(), core.into(), count.into(), model.at()];
        s.call("nrt_load", arguments)?.is(Status::SUCCESS)?;
    }
    Ok(())
}

fn file_may_go(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.execute(&model, &io)?;
    let size = io.output_sizes[0];
    let wanted = s.read(io.outputs[0], size)?;
    let image = s.image()?;
    let handle = loaded(s, &image, 0)?;
    s.wipe(&image);
    let other = crate::session::Model { handle, ..model };
    let outputs = s.io(&other)?;
    s.fill_inputs(&outputs, 1)?;
    let arguments = [handle.into(), outputs.input_set.into(), outputs.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
    let got = s.read(outputs.outputs[0], size)?;
    s.equal(got, wanted, "the model does not do what it did")
}

fn share_a_core(s: &Session) -> Outcome {
    s.init()?;
    let models = [s.model(0)?, s.model(0)?, s.model(0)?];
    let ios = [s.io(&models[0])?, s.io(&models[1])?, s.io(&models[2])?];
    let run = |index: usize| {
        let (model, io) = (&models[index], &ios[index]);
        let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
        s.call("nrt_execute", arguments)?.is(Status::SUCCESS)
    };
    [0, 1, 2, 0, 2, 1].into_iter().try_for_each(run)
}

fn handles_differ(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    let [a, b] = [loaded(s, &image, 0)?, loaded(s, &image, 0)?];
    s.check(a.value() != b.value(), format!("{} != {}", a.name, b.name), "both have the same handle")
}

fn tensors_are_kept(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 100_000, 1)?;
    let model = s.model(0)?;
    let kept = s.read(tensor, 100_000)?;
    s.holds(kept, 0, 100_000, 1, 0)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let kept = s.read(tensor, 100_000)?;
    s.holds(kept, 0, 100_000, 1, 0)
}
