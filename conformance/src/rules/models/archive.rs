//! Archives that are refused: what is missing in them, and what they are for.

use crate::abi::Status;
use crate::neff::Neff;
use crate::rule::Rule;
use crate::rule::Source::{Documented, Observed};
use crate::session::Session;
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-MODEL-032",
        "Data that is no archive is refused.",
        Observed,
        "observed in 2.31.24",
        is_no_archive,
    ),
    Rule::new(
        "NRT-MODEL-033",
        "An archive without neff.json is refused.",
        Observed,
        "observed in 2.31.24",
        without_graph,
    ),
    Rule::new(
        "NRT-MODEL-034",
        "An archive without the file that describes its graphs is refused.",
        Observed,
        "observed in 2.31.24",
        without_description,
    ),
    Rule::new(
        "NRT-MODEL-035",
        "An archive without the definition of a graph is refused.",
        Observed,
        "observed in 2.31.24",
        without_definition,
    ),
    Rule::new(
        "NRT-MODEL-036",
        "A graph without a node that calls __kelf is refused.",
        Observed,
        "observed in 2.31.24",
        without_kernel,
    ),
    Rule::new(
        "NRT-MODEL-037",
        "A target that nobody knows is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        unknown_target,
    ),
    Rule::new(
        "NRT-MODEL-038",
        "A target other than the device is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        other_target,
    ),
    Rule::new(
        "NRT-MODEL-039",
        "A NEFF for logical cores of another size is refused.",
        Documented,
        "release notes 2.30; device memory guide",
        other_lnc,
    ),
];

/// Where fields of the header are.
const FEATURES: usize = 544;
const LNC: usize = 552;

fn is_no_archive(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    s.spoil(&image, 1024, &[0x5a; 64]);
    s.fails("nrt_load", [image.address, image.size, 0.into(), (-1).into(), s.pointer('m').at()])
}

/// The rule wants a model of the suite's own refused, whatever the status.
fn refuses_own(s: &Session, change: impl FnOnce(Neff) -> Neff) -> Outcome {
    s.init()?;
    let image = s.built(&change(s.own_neff()?));
    s.fails("nrt_load", [image.address, image.size, 0.into(), (-1).into(), s.pointer('m').at()])
}

fn without_graph(s: &Session) -> Outcome {
    refuses_own(s, |neff| neff.without("neff.json"))
}

fn without_description(s: &Session) -> Outcome {
    refuses_own(s, |neff| neff.without("kelf-0.json"))
}

fn without_definition(s: &Session) -> Outcome {
    refuses_own(s, |neff| neff.without("sg00/def.json"))
}

fn without_kernel(s: &Session) -> Outcome {
    refuses_own(s, |neff| neff.calling("__something_else"))
}

fn unknown_target(s: &Session) -> Outcome {
    s.init()?;
    let image = s.built(&s.own_neff()?.target("elsewhere"));
    s.load(&image, 0, s.pointer('m'))?.is(Status::INVALID)
}

fn other_target(s: &Session) -> Outcome {
    s.init()?;
    let own = s.own_neff()?;
    let other = if own.hardware() == "sunda" { "cayman" } else { "sunda" };
    let image = s.built(&own.target(other));
    s.load(&image, 0, s.pointer('m'))?.is(Status::INVALID)
}

fn other_lnc(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    let size = s.int();
    s.call("nec_get_virtual_core_size", [size.at()])?.needed()?;
    let other = if size.value() == 1 { 2_u32 } else { 1 };
    let features = s.image_word(&image, FEATURES);
    let features = if other == 2 { features | 0x400 } else { features & !0x400 };
    s.spoil(&image, FEATURES, &features.to_le_bytes());
    s.spoil(&image, LNC, &other.to_le_bytes());
    s.fails("nrt_load", [image.address, image.size, 0.into(), (-1).into(), s.pointer('m').at()])
}
