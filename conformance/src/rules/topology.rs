//! Cores, devices, and which of them a process has.

mod bounds;
mod choice;
mod machine;

use std::env;

use crate::abi::Sdk;
use crate::rule::{Rule, SINCE_2_29, Source};
use crate::session::{Answer, Place, Session};
use crate::verdict::{Outcome, Stop};
use Source::{ClientCode, Documented, Observed};

const VISIBLE: &str = "NEURON_RT_VISIBLE_CORES";
const NUMBER: &str = "NEURON_RT_NUM_CORES";
const LNC: &str = "NEURON_LOGICAL_NC_CONFIG";
const OLD_LNC: &str = "NEURON_RT_VIRTUAL_CORE_SIZE";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TOPO-001",
        "All four counts of cores answer before nrt_init.",
        Documented,
        "header nrt.h",
        machine::counts_before_init,
    ),
    Rule::new(
        "NRT-TOPO-002",
        "The total number of cores is the same before and after nrt_init, and after nrt_close.",
        Documented,
        "header nrt.h",
        machine::total_is_constant,
    ),
    Rule::new(
        "NRT-TOPO-003",
        "The nc and the vnc form of a count agree.",
        Observed,
        "2.31.24: they are the same functions",
        machine::forms_agree,
    ),
    Rule::new(
        "NRT-TOPO-004",
        "A process that asks for nothing gets all cores.",
        Documented,
        "configuration guide, NEURON_RT_NUM_CORES",
        machine::all_by_default,
    ),
    Rule::new(
        "NRT-TOPO-005",
        "The number of physical cores is a whole number of devices of the instance, and no more than it has.",
        Documented,
        "instance types; guide to logical cores",
        machine::machine,
    ),
    Rule::new(
        "NRT-TOPO-006",
        "Without a variable there are two physical cores to a logical one from trn2 on, and one before.",
        Documented,
        "guide to device memory",
        machine::default_size,
    ),
    Rule::new(
        "NRT-TOPO-007",
        "NEURON_LOGICAL_NC_CONFIG=1 makes every physical core a logical one.",
        Documented,
        "guide to logical cores",
        machine::smallest_size,
    )
    .environment(&[(LNC, "1")]),
    Rule::new(
        "NRT-TOPO-008",
        "NEURON_LOGICAL_NC_CONFIG wins over NEURON_RT_VIRTUAL_CORE_SIZE.",
        Observed,
        "2.31.24",
        machine::smallest_size,
    )
    .environment(&[(LNC, "1"), (OLD_LNC, "2")]),
    Rule::new(
        "NRT-TOPO-009",
        "Logical cores of more than two physical ones are refused with NRT_INVALID by nrt_init.",
        Observed,
        "2.31.24",
        machine::size_too_large,
    ),
    Rule::new(
        "NRT-TOPO-010",
        "NEURON_RT_VISIBLE_CORES=0 is one core.",
        Documented,
        "configuration guide; transfer benchmarks rely on it",
        |s| choice::visible(s, "0", 1),
    ),
    Rule::new(
        "NRT-TOPO-011",
        "A range in NEURON_RT_VISIBLE_CORES includes both of its ends.",
        Documented,
        "configuration guide",
        |s| choice::visible(s, "0-1", 2),
    ),
    Rule::new(
        "NRT-TOPO-012",
        "A list in NEURON_RT_VISIBLE_CORES names its cores one by one.",
        Documented,
        "configuration guide",
        |s| choice::visible(s, "0,1", 2),
    ),
    Rule::new(
        "NRT-TOPO-013",
        "Cores and ranges may be mixed in NEURON_RT_VISIBLE_CORES.",
        Documented,
        "configuration guide",
        |s| choice::visible(s, "0,1-2,3", 4),
    ),
    Rule::new(
        "NRT-TOPO-014",
        "A core that NEURON_RT_VISIBLE_CORES names twice counts once.",
        Observed,
        "2.31.24",
        |s| choice::visible(s, "0-1,1", 2),
    ),
    Rule::new(
        "NRT-TOPO-015",
        "NEURON_RT_VISIBLE_CORES need not begin with the first core.",
        Documented,
        "configuration guide",
        |s| choice::visible(s, "1", 1),
    ),
    Rule::new(
        "NRT-TOPO-016",
        "All cores of the machine may be named in NEURON_RT_VISIBLE_CORES.",
        Documented,
        "configuration guide",
        choice::whole_range,
    ),
    Rule::new(
        "NRT-TOPO-017",
        "nrt_init refuses visible cores with a gap with NRT_INVALID.",
        Documented,
        "developer guide: 3,5,6",
        choice::gap,
    ),
    Rule::new(
        "NRT-TOPO-018",
        "nrt_init fails if NEURON_RT_VISIBLE_CORES names a core that the machine does not have.",
        Observed,
        "2.31.24",
        choice::missing_core,
    ),
    Rule::new(
        "NRT-TOPO-019",
        "Before nrt_init the visible count is the number of cores in NEURON_RT_VISIBLE_CORES.",
        Observed,
        "2.31.24",
        choice::visible_before_init,
    ),
    Rule::new(
        "NRT-TOPO-020",
        "Visible cores are numbered from 0 in the process.",
        Documented,
        "developer guide",
        choice::renumbered,
    ),
    Rule::new(
        "NRT-TOPO-021",
        "NEURON_RT_NUM_CORES=1 is one core.",
        Documented,
        "configuration guide; transfer benchmarks rely on it",
        |s| choice::number(s, "1", |_| 1),
    ),
    Rule::new(
        "NRT-TOPO-022",
        "NEURON_RT_NUM_CORES=0 is all cores.",
        Documented,
        "configuration guide",
        |s| choice::number(s, "0", |total| total),
    ),
    Rule::new(
        "NRT-TOPO-023",
        "NEURON_RT_VISIBLE_CORES overrides NEURON_RT_NUM_CORES.",
        Documented,
        "configuration guide, developer guide",
        choice::visible_overrides,
    ),
    Rule::new(
        "NRT-TOPO-024",
        "nrt_init answers NRT_FAILURE to more cores than the machine has.",
        Observed,
        "2.31.24; configuration guide",
        choice::too_many,
    ),
    Rule::new(
        "NRT-TOPO-025",
        "From trn2 on NEURON_RT_NUM_CORES is one or whole devices, else nrt_init answers NRT_INVALID.",
        Observed,
        "2.31.24",
        choice::part_of_device,
    ),
    Rule::new(
        "NRT-TOPO-026",
        "A value of NEURON_RT_NUM_CORES that is no number is refused with NRT_INVALID by nrt_init.",
        Observed,
        "2.31.24",
        choice::no_number,
    ),
    Rule::new(
        "NRT-TOPO-027",
        "After nrt_init has refused a variable, it succeeds once the variable is right.",
        Observed,
        "2.31.24: a failed nrt_init leaves the state as it was",
        choice::second_attempt,
    ),
    Rule::new(
        "NRT-TOPO-030",
        "A tensor on a core past the visible ones is refused with NRT_INVALID.",
        ClientCode,
        "transfer benchmarks look for the last core so",
        bounds::tensor_past_last,
    ),
    Rule::new(
        "NRT-TOPO-031",
        "Every visible core takes a tensor.",
        Documented,
        "header nrt.h",
        bounds::tensor_everywhere,
    ),
    Rule::new(
        "NRT-TOPO-032",
        "A model that is to be loaded past the visible cores is refused with NRT_INVALID.",
        Documented,
        "troubleshooting guide: could not find VNC id, err: 2",
        bounds::model_past_last,
    ),
    Rule::new(
        "NRTA-TOPO-033",
        "nrta_* calls that name a core past the visible ones are refused with NRT_INVALID.",
        Observed,
        "2.31.24",
        bounds::requests_past_last,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-TOPO-040",
        "Family and size of the instance are numbers of the header, and the architecture has a name.",
        Documented,
        "header nrt.h",
        machine::instance,
    ),
    Rule::new(
        "NRT-TOPO-041",
        "nrt_get_instance_info tells the same before and after nrt_init.",
        Observed,
        "2.31.24: kept for the life of the process",
        machine::instance_is_constant,
    ),
    Rule::new(
        "NRT-TOPO-042",
        "nrt_get_device_id tells the device of each visible core.",
        Documented,
        "header nrt.h of 2.34.10",
        machine::devices,
    )
    .sdks((Sdk::V2_32, Sdk::V2_33)),
];

/// Asks for a count.
fn count(s: &Session, function: &str) -> Outcome<Place> {
    let count = s.int();
    s.call(function, [count.at()])?.needed()?;
    Ok(count)
}

fn total(s: &Session) -> Outcome<u32> {
    Ok(count(s, "nrt_get_total_vnc_count")?.value() as u32)
}

/// The rule wants a number of cores.
fn is(s: &Session, count: Place, wanted: u32, what: &str) -> Outcome {
    let seen = count.value() as u32;
    s.check(seen == wanted, format!("{} == {wanted}", count.name), format!("{what} {seen}, not {wanted}"))
}

/// The rule looks at what the user has already decided.
fn needs_unset(names: &[&str]) -> Outcome {
    match names.iter().find(|name| env::var_os(name).is_some()) {
        Some(name) => Err(Stop::not_applicable(format!("{name} is set"))),
        None => Ok(()),
    }
}

/// Stops the case on machines with fewer cores in all.
fn needs_total(s: &Session, needed: u32) -> Outcome<u32> {
    needs_unset(&[VISIBLE, NUMBER])?;
    let here = total(s)?;
    if here < needed {
        return Err(Stop::not_applicable(format!("it needs {needed} logical cores, and here are {here}")));
    }
    Ok(here)
}

fn init(s: &Session) -> Outcome<Answer<'_>> {
    s.call("nrt_init", [1.into(), "".into(), "".into()])
}

/// Family and size.
fn kind(s: &Session) -> Outcome<(u32, u32)> {
    let info = s.buffer(32);
    s.call("nrt_get_instance_info", [info.into(), 32.into()])?.needed()?;
    Ok((info.u32(0), info.u32(4)))
}

/// Whether the instance has devices with more cores than two.
fn is_trn2_or_later(family: u32) -> bool {
    !matches!(family, 0..=4 | 7)
}

/// Physical cores to a logical one.
fn lnc(s: &Session) -> Outcome<Place> {
    count(s, "nec_get_virtual_core_size")
}

fn allocate(s: &Session, core: u32) -> Outcome<Answer<'_>> {
    let tensor = s.pointer('t');
    s.call("nrt_tensor_allocate", [0.into(), core.into(), 4096.into(), "t".into(), tensor.at()])
}
