//! What a model says of itself.

use std::collections::BTreeSet;

use crate::abi::Status;
use crate::abi::layout::{TensorInfo, tensor_infos};
use crate::rule::Rule;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::session::{Argument, Model, Place, Session};
use crate::verdict::{Outcome, Stop};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-MODEL-050",
        "The list of tensors has the inputs before the outputs.",
        Observed,
        "observed in 2.31.24",
        inputs_first,
    ),
    Rule::new(
        "NRT-MODEL-051",
        "The list of tensors has the inputs sorted by name, and the outputs.",
        Observed,
        "observed in 2.31.24",
        sorted,
    ),
    Rule::new(
        "NRT-MODEL-052",
        "Tensors of a model have names that differ, a size, and are inputs or outputs.",
        Documented,
        "header nrt_experimental.h, nrt_tensor_info_t",
        usable,
    ),
    Rule::new(
        "NRT-MODEL-053",
        "Tensors that are bound by the names and with the sizes of the list are what a run needs.",
        Documented,
        "header nrt_experimental.h, nrt_get_model_tensor_info",
        names_bind,
    ),
    Rule::new(
        "NRT-MODEL-054",
        "The list of tensors says what the NEFF says: names, uses, sizes, types and shapes.",
        Documented,
        "work with NEFF files",
        own_model,
    ),
    Rule::new(
        "NRT-MODEL-055",
        "Each list of tensors is the caller's: freeing one leaves others as they are.",
        Observed,
        "observed in 2.31.24",
        lists_are_apart,
    ),
    Rule::new(
        "NRT-MODEL-056",
        "A list of tensors outlives the model.",
        Observed,
        "observed in 2.31.24",
        list_outlives_the_model,
    ),
    Rule::new(
        "NRT-MODEL-057",
        "A model has at least one core, as both counts say, and at least one instance.",
        Documented,
        "header nrt.h, nrt_get_model_vnc_count",
        counts,
    ),
    Rule::new(
        "NRT-MODEL-058",
        "Calls that need a model and are given NULL fail, and do not crash.",
        ClientCode,
        "a crash probe calls with missing arguments",
        null_model,
    ),
];

/// A model, and its list of tensors, which is not freed.
fn listed(s: &Session) -> Outcome<(Model, Place, Vec<TensorInfo>)> {
    s.init()?;
    let model = s.model(0)?;
    let list = s.pointer('p');
    s.call("nrt_get_model_tensor_info", [model.handle.into(), list.at()])?.is(Status::SUCCESS)?;
    let infos = infos(list)?;
    Ok((model, list, infos))
}

fn infos(list: Place) -> Outcome<Vec<TensorInfo>> {
    // SAFETY: the library has just said that its list is there.
    let infos = unsafe { tensor_infos(list.value()) };
    infos.ok_or_else(|| Stop::failed("there is no usable list: no count, or a name without an end"))
}

/// Entries of a list in C: their number, and the entry at an index.
fn count_in_c(list: Place) -> String {
    format!("*(uint64_t *){}", list.name)
}

fn name_in_c(list: Place, index: usize) -> String {
    format!("((char *){} + {})", list.name, 8 + index * 296)
}

fn usage_in_c(list: Place, index: usize) -> String {
    format!("*(int *)((char *){} + {})", list.name, 8 + index * 296 + 256)
}

fn inputs_first(s: &Session) -> Outcome {
    let (_, list, infos) = listed(s)?;
    for (index, pair) in infos.windows(2).enumerate() {
        let in_c = format!("{} <= {}", usage_in_c(list, index), usage_in_c(list, index + 1));
        let what = format!("{:?} is behind {:?}", pair[1].name, pair[0].name);
        s.check(pair[0].usage <= pair[1].usage, in_c, what)?;
    }
    Ok(())
}

fn sorted(s: &Session) -> Outcome {
    let (_, list, infos) = listed(s)?;
    for (index, pair) in infos.windows(2).enumerate().filter(|(_, pair)| pair[0].usage == pair[1].usage) {
        let in_c = format!("strcmp({}, {}) < 0", name_in_c(list, index), name_in_c(list, index + 1));
        let what = format!("{:?} is behind {:?}", pair[1].name, pair[0].name);
        s.check(pair[0].name < pair[1].name, in_c, what)?;
    }
    Ok(())
}

fn usable(s: &Session) -> Outcome {
    let (_, list, infos) = listed(s)?;
    s.check(!infos.is_empty(), format!("{} > 0", count_in_c(list)), "the list is empty")?;
    let mut seen = BTreeSet::new();
    for (index, info) in infos.into_iter().enumerate() {
        let name = name_in_c(list, index);
        s.check(!info.name.is_empty(), format!("*{name}"), "a tensor has no name")?;
        let usage = usage_in_c(list, index);
        let in_c = format!("{usage} == 0 || {usage} == 1");
        s.check(info.usage < 2, in_c, format!("{:?} is used as {}", info.name, info.usage))?;
        let size = format!("*(uint64_t *)((char *){} + {})", list.name, 8 + index * 296 + 264);
        s.check(info.size > 0, format!("{size} > 0"), format!("{:?} has no bytes", info.name))?;
        let (name, usage) = (info.name.clone(), info.usage);
        let is_new = seen.insert((usage, name));
        s.check(is_new, "0 /* a name is there twice */", format!("{:?} is there twice", info.name))?;
    }
    Ok(())
}

fn names_bind(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)
}

fn own_model(s: &Session) -> Outcome {
    if !s.settings.neffs.is_empty() {
        return Err(Stop::not_applicable("the model is the user's, and may have any tensors"));
    }
    let (_, list, infos) = listed(s)?;
    let wanted = [("x", 0, 4096), ("y", 0, 64), ("out", 1, 4096)];
    s.check(infos.len() == 3, format!("{} == 3", count_in_c(list)), format!("{} tensors", infos.len()))?;
    for (index, (info, (name, usage, size))) in infos.iter().zip(wanted).enumerate() {
        let at = format!("(char *){} + {}", list.name, 8 + index * 296);
        let is = (info.name.as_str(), info.usage, info.size);
        let is_right = is == (name, usage, size);
        let in_c = format!(
            "!strcmp({at}, \"{name}\") && *(int *)({at} + 256) == {usage} && *(uint64_t *)({at} + 264) == {size}"
        );
        s.check(is_right, in_c, format!("{is:?} is not {name}, {usage}, {size}"))?;
        // Each is a row of bytes.
        let is_right =
            info.dtype == 3 && info.shape.iter().map(|length| *length as usize).product::<usize>() == size;
        let in_c = format!("*(int *)({at} + 272) == 3 && **(uint32_t **)({at} + 280) == {size}");
        s.check(is_right, in_c, format!("{name} has type {} and shape {:?}", info.dtype, info.shape))?;
    }
    Ok(())
}

fn lists_are_apart(s: &Session) -> Outcome {
    let (model, first, before) = listed(s)?;
    let second = s.pointer('p');
    s.call("nrt_get_model_tensor_info", [model.handle.into(), second.at()])?.is(Status::SUCCESS)?;
    s.call("nrt_free_model_tensor_info", [first.into()])?.is(Status::SUCCESS)?;
    let in_c = format!("{} == {}", count_in_c(second), before.len());
    let is_same = infos(second)? == before;
    s.check(is_same, in_c, "the list changed when another was freed")?;
    s.call("nrt_free_model_tensor_info", [second.into()])?.is(Status::SUCCESS)
}

fn list_outlives_the_model(s: &Session) -> Outcome {
    let (model, list, before) = listed(s)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let is_same = infos(list)? == before;
    let in_c = format!("{} == {}", count_in_c(list), before.len());
    s.check(is_same, in_c, "the list changed when the model was unloaded")?;
    s.call("nrt_free_model_tensor_info", [list.into()])?.is(Status::SUCCESS)
}

fn counts(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let [cores, old, instances] = [s.int(), s.int(), s.int()];
    s.call("nrt_get_model_vnc_count", [model.handle.into(), cores.at()])?.is(Status::SUCCESS)?;
    s.call("nrt_get_model_nc_count", [model.handle.into(), old.at()])?.is(Status::SUCCESS)?;
    s.call("nrt_get_model_instance_count", [model.handle.into(), instances.at()])?.is(Status::SUCCESS)?;
    let (count, all) = (cores.signed(), s.cores()?.cast_signed());
    let in_c = format!("{c} >= 1 && {c} <= {all}", c = cores.name);
    s.check((1..=all).contains(&count), in_c, format!("it has {count} cores"))?;
    let in_c = format!("{} == {}", old.name, cores.name);
    s.check(old.value() == cores.value(), in_c, format!("both counts differ: {} and {count}", old.signed()))?;
    let (count, untouched) = (instances.signed(), instances.is_untouched());
    let in_c = format!("{i} >= 1 && {i} != 0x7fffffff", i = instances.name);
    s.check(count >= 1 && !untouched, in_c, format!("it has {count} instances"))
}

fn null_model(s: &Session) -> Outcome {
    s.init()?;
    let (count, list, size) = (s.int(), s.pointer('p'), s.long());
    s.fails("nrt_get_model_tensor_info", [Argument::null(), list.at()])?;
    s.fails("nrt_get_model_info", [Argument::null(), count.at(), 4.into(), size.at()])?;
    s.fails("nrt_get_model_vnc_count", [Argument::null(), count.at()])?;
    s.fails("nrt_get_model_nc_count", [Argument::null(), count.at()])?;
    s.fails("nrt_get_model_instance_count", [Argument::null(), count.at()])?;
    s.fails("nrt_unload", [Argument::null()])?;
    s.fails("nrt_execute", [Argument::null(), s.set()?.into(), s.set()?.into()])
}
