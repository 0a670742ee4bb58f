//! Which cores a process asks for.

use super::{NUMBER, VISIBLE, allocate, count, init, is, is_trn2_or_later, kind, needs_total, needs_unset};
use crate::abi::Status;
use crate::session::Session;
use crate::verdict::{Outcome, Stop};

/// The rule wants so many visible cores where these are named, each with one digit.
pub(super) fn visible(s: &Session, cores: &str, wanted: u32) -> Outcome {
    let named = cores.bytes().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    needs_total(s, 1 + named.max().unwrap_or_default())?;
    s.set_variable(VISIBLE, cores);
    init(s)?.is(Status::SUCCESS)?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, wanted, "the visible count is")
}

pub(super) fn whole_range(s: &Session) -> Outcome {
    let total = needs_total(s, 2)?;
    s.set_variable(VISIBLE, &format!("0-{}", total - 1));
    init(s)?.is(Status::SUCCESS)?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, total, "the visible count is")
}

pub(super) fn gap(s: &Session) -> Outcome {
    needs_total(s, 3)?;
    s.set_variable(VISIBLE, "0,2");
    init(s)?.is(Status::INVALID)
}

pub(super) fn missing_core(s: &Session) -> Outcome {
    let total = needs_total(s, 1)?;
    s.set_variable(VISIBLE, &total.to_string());
    let status = s.int();
    s.assign(status, "nrt_init", [1.into(), "".into(), "".into()])?;
    let in_c = format!("{} != 0", status.name);
    s.check(status.signed() != 0, in_c, format!("nrt_init took core {total} of {total}"))
}

pub(super) fn visible_before_init(s: &Session) -> Outcome {
    needs_total(s, 2)?;
    s.set_variable(VISIBLE, "1");
    is(s, count(s, "nrt_get_visible_vnc_count")?, 1, "the visible count is")
}

pub(super) fn renumbered(s: &Session) -> Outcome {
    let last = needs_total(s, 2)? - 1;
    s.set_variable(VISIBLE, &last.to_string());
    s.init()?;
    allocate(s, 0)?.is(Status::SUCCESS)?;
    allocate(s, 1)?.is(Status::INVALID)
}

/// The rule wants so many visible cores, of those there are, where so many are asked for.
pub(super) fn number(s: &Session, value: &str, wanted: fn(u32) -> u32) -> Outcome {
    let total = needs_total(s, 1)?;
    s.set_variable(NUMBER, value);
    init(s)?.is(Status::SUCCESS)?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, wanted(total), "the visible count is")
}

pub(super) fn visible_overrides(s: &Session) -> Outcome {
    needs_total(s, 2)?;
    s.set_variable(NUMBER, "1");
    s.set_variable(VISIBLE, "0-1");
    init(s)?.is(Status::SUCCESS)?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, 2, "the visible count is")
}

pub(super) fn too_many(s: &Session) -> Outcome {
    let total = needs_total(s, 1)?;
    s.set_variable(NUMBER, &(2 * total).to_string());
    init(s)?.is(Status::FAILURE)
}

pub(super) fn part_of_device(s: &Session) -> Outcome {
    needs_total(s, 4)?;
    let (family, _) = kind(s)?;
    if !is_trn2_or_later(family) {
        return Err(Stop::not_applicable("it is for trn2 and later"));
    }
    s.set_variable(NUMBER, "3");
    init(s)?.is(Status::INVALID)
}

pub(super) fn no_number(s: &Session) -> Outcome {
    needs_unset(&[VISIBLE, NUMBER])?;
    s.set_variable(NUMBER, "several");
    init(s)?.is(Status::INVALID)
}

pub(super) fn second_attempt(s: &Session) -> Outcome {
    needs_unset(&[VISIBLE, NUMBER])?;
    s.set_variable(NUMBER, "several");
    let refused = init(s)?;
    if refused.status() == Status::SUCCESS {
        return Err(Stop::blocked("nrt_init refused nothing"));
    }
    refused.ignored();
    allocate(s, 0)?.is(Status::UNINITIALIZED)?;
    s.unset_variable(NUMBER);
    init(s)?.is(Status::SUCCESS)?;
    allocate(s, 0)?.is(Status::SUCCESS)
}
