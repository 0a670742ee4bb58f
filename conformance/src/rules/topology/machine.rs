//! What the machine says of itself.

use super::{
    LNC, NUMBER, OLD_LNC, VISIBLE, count, init, is, is_trn2_or_later, kind, lnc, needs_unset, total,
};
use crate::abi::Status;
use crate::session::Session;
use crate::verdict::{Outcome, Stop};

const COUNTS: [&str; 4] = [
    "nrt_get_total_nc_count",
    "nrt_get_total_vnc_count",
    "nrt_get_visible_nc_count",
    "nrt_get_visible_vnc_count",
];

pub(super) fn counts_before_init(s: &Session) -> Outcome {
    for function in COUNTS {
        let count = s.int();
        s.call(function, [count.at()])?.is(Status::SUCCESS)?;
        let seen = count.signed();
        let in_c = format!("{0} > 0 && {0} <= 4096", count.name);
        s.check((1..=4096).contains(&seen), in_c, format!("{function} counts {seen} cores"))?;
    }
    Ok(())
}

pub(super) fn total_is_constant(s: &Session) -> Outcome {
    let before = total(s)?;
    s.init()?;
    is(s, count(s, "nrt_get_total_vnc_count")?, before, "after nrt_init the total is")?;
    s.close()?;
    is(s, count(s, "nrt_get_total_vnc_count")?, before, "after nrt_close the total is")
}

pub(super) fn forms_agree(s: &Session) -> Outcome {
    let agree = |when: &str| {
        for [nc, vnc] in [[COUNTS[0], COUNTS[1]], [COUNTS[2], COUNTS[3]]] {
            let [nc, vnc_count] = [count(s, nc)?, count(s, vnc)?];
            let in_c = format!("{} == {}", nc.name, vnc_count.name);
            let otherwise =
                format!("{vnc} gives {} {when}, the other form {}", vnc_count.value(), nc.value());
            s.check(nc.value() == vnc_count.value(), in_c, otherwise)?;
        }
        Ok(())
    };
    agree("before nrt_init")?;
    s.init()?;
    agree("after nrt_init")
}

pub(super) fn all_by_default(s: &Session) -> Outcome {
    needs_unset(&[VISIBLE, NUMBER])?;
    let total = total(s)?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, total, "before nrt_init the visible count is")?;
    s.init()?;
    is(s, count(s, "nrt_get_visible_vnc_count")?, total, "the visible count is")
}

/// Physical cores of an instance, and of each of its devices, where that is documented.
fn physical_cores(family: u32, size: u32) -> Option<(u32, u32)> {
    let (devices, each) = match (family, size) {
        (2, 1) | (4, 0 | 4) => (1, 2),
        (2 | 3, 6) => (16, 2),
        (4, 5) => (6, 2),
        (4, 7) => (12, 2),
        (5, 8) => (1, 8),
        (5 | 9, 7) => (16, 8),
        _ => return None,
    };
    Some((devices * each, each))
}

pub(super) fn machine(s: &Session) -> Outcome {
    let (family, size) = kind(s)?;
    let Some((all, each)) = physical_cores(family, size) else {
        return Err(Stop::not_applicable(format!(
            "cores of family {family}, size {size} are not documented"
        )));
    };
    s.init()?;
    let (total, lnc) = (count(s, "nrt_get_total_vnc_count")?, lnc(s)?);
    let here = (total.value() * lnc.value()) as u32;
    let product = format!("{} * {}", total.name, lnc.name);
    let in_c = format!("{product} > 0 && {product} % {each} == 0 && {product} <= {all}");
    let otherwise = format!("it has {here} physical cores, and the instance {all}, {each} to a device");
    s.check(here > 0 && here.is_multiple_of(each) && here <= all, in_c, otherwise)
}

pub(super) fn default_size(s: &Session) -> Outcome {
    needs_unset(&[LNC, OLD_LNC])?;
    let (family, _) = kind(s)?;
    s.init()?;
    is(s, lnc(s)?, 1 + u32::from(is_trn2_or_later(family)), "physical cores to a logical one:")
}

pub(super) fn smallest_size(s: &Session) -> Outcome {
    s.init()?;
    is(s, lnc(s)?, 1, "physical cores to a logical one:")
}

pub(super) fn size_too_large(s: &Session) -> Outcome {
    let (family, _) = kind(s)?;
    if !is_trn2_or_later(family) {
        return Err(Stop::not_applicable("its logical cores have one physical core whatever the variable"));
    }
    s.set_variable(LNC, "4");
    init(s)?.is(Status::INVALID)
}

pub(super) fn instance(s: &Session) -> Outcome {
    let info = s.buffer(32);
    s.call("nrt_get_instance_info", [info.into(), 32.into()])?.is(Status::SUCCESS)?;
    let (family, size, name) = (info.u32(0), info.u32(4), info.name);
    s.check(
        (1..=17).contains(&family),
        format!("((uint32_t *){name})[0] - 1 < 17"),
        format!("the family is {family}"),
    )?;
    s.check(size <= 9, format!("((uint32_t *){name})[1] <= 9"), format!("the size is {size}"))?;
    s.check(info.byte(8) != 0, format!("{name}[8] != 0"), "the architecture has no name")
}

pub(super) fn instance_is_constant(s: &Session) -> Outcome {
    let [before, after] = [s.buffer(32), s.buffer(32)];
    s.call("nrt_get_instance_info", [before.into(), 32.into()])?.needed()?;
    s.init()?;
    s.call("nrt_get_instance_info", [after.into(), 32.into()])?.is(Status::SUCCESS)?;
    let in_c = format!("!memcmp({}, {}, 32)", before.name, after.name);
    s.check(before.bytes() == after.bytes(), in_c, "it tells something else after nrt_init")
}

pub(super) fn devices(s: &Session) -> Outcome {
    s.init()?;
    for core in 0..s.cores()? {
        let device = s.int();
        s.call("nrt_get_device_id", [core.into(), device.at()])?.is(Status::SUCCESS)?;
        let id = device.signed();
        let in_c = format!("{0} >= 0 && {0} <= 64", device.name);
        s.check((0..=64).contains(&id), in_c, format!("core {core} is on device {id}"))?;
    }
    Ok(())
}
