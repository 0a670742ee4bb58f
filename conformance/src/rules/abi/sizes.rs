//! What is written through an address is as long as the caller knows it to be.

use proptest::prelude::Strategy;
use proptest::prop_oneof;

use crate::abi::{COMPUTE, Status};
use crate::session::{Answer, Buffer, Place, Session};
use crate::verdict::Outcome;

/// What stands where nothing may be written.
const GUARD: u8 = 0xa5;
/// Bytes of every guarded place: more than any structure has.
const ROOM: usize = 512;

/// A place full of guard bytes.
fn guarded(s: &Session) -> Buffer {
    let buffer = s.buffer(ROOM);
    s.statement(format!("memset({0}, {GUARD:#x}, sizeof {0})", buffer.name));
    buffer.write(0, &[GUARD; ROOM]);
    buffer
}

/// The rule wants nothing to be written from `offset` on.
fn untouched(s: &Session, buffer: Buffer, offset: usize) -> Outcome {
    let touched = (offset..ROOM).rev().find(|at| buffer.byte(*at) != GUARD);
    let name = buffer.name;
    let rest = ROOM - offset - 1;
    let in_c = format!(
        "{name}[{offset}] == {GUARD:#x} && !memcmp({name} + {offset}, {name} + {offset} + 1, {rest})"
    );
    let last = touched.unwrap_or_default();
    s.check(touched.is_none(), in_c, format!("byte {last} was written, of {offset} that may be"))
}

/// Sizes around those of the structures, small ones first.
fn any_size(structure: usize) -> impl Strategy<Value = usize> {
    prop_oneof![0..structure, 0..structure, structure..ROOM - 8]
}

fn version(s: &Session, size: usize) -> Outcome<(Buffer, Answer<'_>)> {
    let buffer = guarded(s);
    let answer = s.call("nrt_get_version", [buffer.into(), size.into()])?;
    Ok((buffer, answer))
}

pub(super) fn version_within_size(s: &Session) -> Outcome {
    let size = s.draw(prop_oneof![0..160_usize, 160..224_usize, 160..224_usize])?;
    let (buffer, answer) = version(s, size)?;
    answer.ignored();
    untouched(s, buffer, size)
}

pub(super) fn version_within_structure(s: &Session) -> Outcome {
    let (buffer, answer) = version(s, 400)?;
    answer.ignored();
    untouched(s, buffer, 224)
}

pub(super) fn version_too_small(s: &Session) -> Outcome {
    let size = s.draw(prop_oneof![0..160_usize, 152..160_usize])?;
    let (buffer, answer) = version(s, size)?;
    answer.is(Status::FAILURE)?;
    untouched(s, buffer, 0)
}

pub(super) fn version_of_any_size(s: &Session) -> Outcome {
    let size = s.draw(160..=224_usize)?;
    let (whole, answer) = version(s, 224)?;
    answer.needed()?;
    let (part, answer) = version(s, size)?;
    answer.is(Status::SUCCESS)?;
    let is_same = (0..4).all(|index| part.u64(index * 8) == whole.u64(index * 8));
    let in_c = format!("memcmp({}, {}, 32) == 0", part.name, whole.name);
    s.check(is_same, in_c, "the numbers are not those of the whole structure")
}

pub(super) fn version_text(s: &Session) -> Outcome {
    let (buffer, answer) = version(s, 224)?;
    answer.needed()?;
    let numbers: Vec<String> = (0..4).map(|index| buffer.u64(index * 8).to_string()).collect();
    let numbers = numbers.join(".");
    let text = text(buffer, 32, 128);
    let name = buffer.name;
    s.statement(format!(
        "snprintf((char *){name} + 256, 256, \"%lu.%lu.%lu.%lu\", \
         ((long *){name})[0], ((long *){name})[1], ((long *){name})[2], ((long *){name})[3])"
    ));
    let in_c = format!("strstr((char *){name} + 32, (char *){name} + 256) != NULL");
    s.check(text.contains(&numbers), in_c, format!("{text:?} does not name {numbers}"))
}

/// The text in a field, up to its zero byte, or all of the field if there is none.
fn text(buffer: Buffer, offset: usize, size: usize) -> String {
    let bytes = buffer.bytes();
    let field = &bytes[offset..offset + size];
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(size);
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// The rule wants a zero byte within a field.
fn ends(s: &Session, buffer: Buffer, (field, offset, size): (&str, usize, usize)) -> Outcome {
    let end = (offset..offset + size).any(|at| buffer.byte(at) == 0);
    let in_c = format!("memchr({} + {offset}, 0, {size})", buffer.name);
    s.check(end, in_c, format!("{field} has no end within its {size} bytes"))
}

pub(super) fn texts_end(s: &Session) -> Outcome {
    let (buffer, answer) = version(s, 224)?;
    answer.needed()?;
    ends(s, buffer, ("rt_detail", 32, 128))?;
    ends(s, buffer, ("git_hash", 160, 64))?;
    let (buffer, answer) = instance(s, 32)?;
    answer.needed()?;
    ends(s, buffer, ("arch_name", 8, 16))?;
    ends(s, buffer, ("device_revision", 24, 8))
}

fn instance(s: &Session, size: usize) -> Outcome<(Buffer, Answer<'_>)> {
    let buffer = guarded(s);
    let answer = s.call("nrt_get_instance_info", [buffer.into(), size.into()])?;
    Ok((buffer, answer))
}

pub(super) fn instance_within_size(s: &Session) -> Outcome {
    let size = s.draw(0..32_usize)?;
    let (buffer, answer) = instance(s, size)?;
    answer.ignored();
    untouched(s, buffer, size)
}

pub(super) fn instance_prefix(s: &Session) -> Outcome {
    let size = s.draw(8..32_usize)?;
    let (whole, answer) = instance(s, 32)?;
    answer.needed()?;
    let (part, answer) = instance(s, size)?;
    answer.is(Status::SUCCESS)?;
    let in_c = format!("!memcmp({}, {}, {size})", whole.name, part.name);
    let same = whole.bytes()[..size] == part.bytes()[..size];
    s.check(same, in_c, format!("the first {size} bytes are not those of the whole structure"))
}

pub(super) fn instance_within_structure(s: &Session) -> Outcome {
    let (buffer, answer) = instance(s, 400)?;
    answer.ignored();
    untouched(s, buffer, 32)
}

fn memory(s: &Session, size: usize) -> Outcome<(Buffer, Place, Answer<'_>)> {
    s.init()?;
    let (buffer, written) = (guarded(s), s.long());
    let arguments = [0.into(), buffer.into(), size.into(), written.at()];
    let answer = s.call("nrt_get_vnc_memory_stats", arguments)?;
    Ok((buffer, written, answer))
}

pub(super) fn memory_within_size(s: &Session) -> Outcome {
    let size = s.draw(any_size(16))?;
    let (buffer, _, answer) = memory(s, size)?;
    answer.ignored();
    untouched(s, buffer, size)
}

pub(super) fn memory_size_out(s: &Session) -> Outcome {
    let size = s.draw(prop_oneof![8..16_usize, 16..32_usize])?;
    let (buffer, written, answer) = memory(s, size)?;
    answer.is(Status::SUCCESS)?;
    let said = usize::try_from(written.value()).unwrap_or(usize::MAX);
    let name = written.name;
    // Newer libraries may know more fields than this suite.
    let in_c = format!("{name} <= {size} && {name} >= {}", size.min(16));
    s.check((size.min(16)..=size).contains(&said), in_c, format!("it says {said} of {size}"))?;
    untouched(s, buffer, said)
}

pub(super) fn model_within_size(s: &Session) -> Outcome {
    let size = s.draw(any_size(4))?;
    s.init()?;
    let model = s.model(0)?;
    let (buffer, written) = (guarded(s), s.long());
    let arguments = [model.handle.into(), buffer.into(), size.into(), written.at()];
    s.call("nrt_get_model_info", arguments)?.ignored();
    untouched(s, buffer, size)
}

pub(super) fn model_core(s: &Session) -> Outcome {
    s.init()?;
    let core = s.cores()? - 1;
    let model = s.model(core)?;
    let (buffer, written) = (guarded(s), s.long());
    let arguments = [model.handle.into(), buffer.into(), 4.into(), written.at()];
    s.call("nrt_get_model_info", arguments)?.is(Status::SUCCESS)?;
    let said = buffer.u32(0);
    let in_c = format!("*(uint32_t *){} == {core}", buffer.name);
    s.check(said == core, in_c, format!("it says core {said}, and the model is on {core}"))
}

pub(super) fn counts(s: &Session) -> Outcome {
    for function in [
        "nrt_get_total_nc_count",
        "nrt_get_total_vnc_count",
        "nrt_get_visible_nc_count",
        "nrt_get_visible_vnc_count",
    ] {
        let buffer = guarded(s);
        s.call(function, [buffer.into()])?.needed()?;
        untouched(s, buffer, 4)?;
        let count = buffer.u32(0);
        let in_c = format!("*(uint32_t *){} != 0xa5a5a5a5", buffer.name);
        s.check(count != 0xa5a5_a5a5, in_c, format!("{function} wrote less than 32 bits"))?;
    }
    Ok(())
}

pub(super) fn allocation(s: &Session) -> Outcome {
    const SIZE: usize = 10_000;
    s.init()?;
    let tensor = s.tensor(0, SIZE)?;
    let buffer = guarded(s);
    s.call("nrt_tensor_get_device_allocation_info", [tensor.into(), buffer.into()])?.is(Status::SUCCESS)?;
    untouched(s, buffer, 24)?;
    let (size, bank) = (buffer.u64(8), buffer.u32(16));
    let in_c = format!("((uint64_t *){})[1] >= {SIZE}", buffer.name);
    // A field that was not written still holds guard bytes, and no bank has so many.
    s.check(size >= SIZE as u64 && size < 1 << 40, in_c, format!("it says {size} bytes of {SIZE}"))?;
    let in_c = format!("((uint32_t *){})[4] < 64", buffer.name);
    s.check(bank < 64, in_c, format!("it says bank {bank}"))
}

pub(super) fn completed_flag(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (_, sequence) = s.submit(&model, &io)?;
    let buffer = guarded(s);
    s.call("nrta_is_completed", [sequence.into(), buffer.into()])?.is(Status::SUCCESS)?;
    let flag = buffer.byte(0);
    s.check(flag < 2, format!("{}[0] < 2", buffer.name), format!("it wrote {flag:#x}, which is no bool"))?;
    untouched(s, buffer, 1)
}

pub(super) fn status_word(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (buffer, sequence) = (guarded(s), s.sequence());
    let sets = [io.input_set.into(), io.output_set.into()];
    let [inputs, outputs] = sets;
    let arguments = [model.handle.into(), inputs, outputs, 0.into(), buffer.into(), sequence.at()];
    s.call("nrta_execute_schedule", arguments)?.needed()?;
    s.wait(sequence)?;
    let status = buffer.u32(0);
    s.check(status == 0, format!("*(int *){} == 0", buffer.name), format!("the status is {status:#x}"))?;
    untouched(s, buffer, 4)
}

pub(super) fn sequence_ids(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (submitted, word) = (guarded(s), s.word());
    let [inputs, outputs] = [io.input_set.into(), io.output_set.into()];
    let arguments = [model.handle.into(), inputs, outputs, 0.into(), word.at(), submitted.into()];
    s.call("nrta_execute_schedule", arguments)?.needed()?;
    let completed = guarded(s);
    s.call("nrta_get_sequence", [0.into(), COMPUTE.into(), 0.into(), completed.into()])?.needed()?;
    for buffer in [submitted, completed] {
        untouched(s, buffer, 8)?;
        let top = buffer.u32(4);
        let in_c = format!("((uint32_t *){})[1] != 0xa5a5a5a5", buffer.name);
        s.check(top != 0xa5a5_a5a5, in_c, "only 32 bits were written".to_owned())?;
    }
    Ok(())
}
