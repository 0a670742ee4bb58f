//! Headers that are refused, arguments too, and what a load leaves behind that fails.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::subsequence;

use crate::abi::Status;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::rule::{Rule, SINCE_2_29, SINCE_2_30};
use crate::session::{Argument, Image, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-MODEL-020",
        "A file that is NULL is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        no_file,
    ),
    Rule::new(
        "NRT-MODEL-021",
        "A file shorter than its header of 1024 bytes is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        too_short,
    )
    .drawn(10),
    Rule::new(
        "NRT-MODEL-022",
        "A header that is said to be as large as the file, or larger, is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        header_size,
    )
    .drawn(3),
    Rule::new(
        "NRT-MODEL-023",
        "A major version above 2 is refused with NRT_UNSUPPORTED_NEFF_VERSION.",
        Observed,
        "observed in 2.31.24",
        major_version,
    )
    .drawn(3),
    Rule::new(
        "NRT-MODEL-024",
        "A feature bit above the first 27 is refused with NRT_UNSUPPORTED_NEFF_VERSION.",
        Observed,
        "observed in 2.31.24",
        unknown_feature,
    )
    .drawn(10),
    Rule::new(
        "NRT-MODEL-025",
        "Data larger than the rest of the file is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        data_size,
    )
    .drawn(3),
    Rule::new(
        "NRT-MODEL-026",
        "A file that is cut off is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        cut_off,
    ),
    Rule::new(
        "NRT-MODEL-027",
        "A package version other than 1 and 2 is refused with NRT_UNSUPPORTED_NEFF_VERSION.",
        Observed,
        "observed in 2.31.24",
        package_version,
    )
    .drawn(3),
    Rule::new(
        "NRT-MODEL-028",
        "With NEURON_RT_VALIDATE_HASH a wrong hash is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24; configuration guide",
        hash,
    )
    .environment(&[("NEURON_RT_VALIDATE_HASH", "1")]),
    Rule::new(
        "NRT-MODEL-029",
        "A core that the process does not have is refused with NRT_INVALID.",
        Documented,
        "troubleshooting guide",
        core,
    ),
    Rule::new(
        "NRT-MODEL-030",
        "A vnc_count below -1 or above 2 is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24",
        core_count,
    )
    .drawn(3),
    Rule::new(
        "NRT-MODEL-031",
        "Of several faults of a header the first is answered: its size, versions of the format, size of \
         the data, version of the package, and then the core.",
        Observed,
        "observed in 2.31.24",
        order,
    )
    .drawn(15),
    Rule::new(
        "NRT-MODEL-040",
        "A place for the handle that is NULL is refused, without a crash.",
        ClientCode,
        "a crash probe calls with missing arguments",
        no_place,
    ),
    Rule::new(
        "NRT-MODEL-041",
        "A load that fails uses no memory.",
        Documented,
        "release notes 2.30",
        costs_nothing,
    )
    .drawn(5)
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-MODEL-042",
        "A load that fails does no harm: what is loaded runs, more can be loaded, and nrt_close works.",
        Documented,
        "release notes 2.29",
        does_no_harm,
    )
    .drawn(5)
    .sdks(SINCE_2_29),
];

/// Where fields of the header are.
const PACKAGE_VERSION: usize = 0;
const HEADER_SIZE: usize = 8;
const DATA_SIZE: usize = 16;
const MAJOR: usize = 24;
const HASH: usize = 172;
const FEATURES: usize = 544;

/// The rule wants this file refused with `status`.
fn refuses(s: &Session, image: &Image, status: Status) -> Outcome {
    s.load(image, 0, s.pointer('m'))?.is(status)
}

/// The rule wants the file refused with `status` once this field of its header is `value`.
fn refuses_field(s: &Session, at: usize, value: u64, status: Status) -> Outcome {
    s.init()?;
    let image = s.image()?;
    s.spoil(&image, at, &value.to_le_bytes());
    refuses(s, &image, status)
}

fn no_file(s: &Session) -> Outcome {
    s.init()?;
    let model = s.pointer('m');
    let arguments = [Argument::null(), 4096.into(), 0.into(), (-1).into(), model.at()];
    s.call("nrt_load", arguments)?.is(Status::INVALID)
}

fn no_place(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    s.fails("nrt_load", [image.address, image.size, 0.into(), (-1).into(), Argument::null()])
}

fn too_short(s: &Session) -> Outcome {
    let size = s.draw(0..1024_usize)?;
    s.init()?;
    let image = s.image()?;
    let model = s.pointer('m');
    let size = Argument { text: format!("{size} % neff_size"), value: size as u64 };
    s.call("nrt_load", [image.address, size, 0.into(), (-1).into(), model.at()])?.is(Status::INVALID)
}

fn header_size(s: &Session) -> Outcome {
    let more = s.draw(prop_oneof![Just(0), 1..1_000_000_u64, Just(1 << 40)])?;
    s.init()?;
    let image = s.image()?;
    let value = image.size.value + more;
    s.spoil(&image, HEADER_SIZE, &value.to_le_bytes());
    refuses(s, &image, Status::INVALID)
}

fn data_size(s: &Session) -> Outcome {
    let more = s.draw(prop_oneof![Just(1), 1..1_000_000_u64, Just(1 << 40)])?;
    s.init()?;
    let image = s.image()?;
    let value = image.size.value - 1024 + more;
    s.spoil(&image, DATA_SIZE, &value.to_le_bytes());
    refuses(s, &image, Status::INVALID)
}

fn cut_off(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    let value = 1024 + s.image_word(&image, DATA_SIZE) - 1;
    let size = Argument { text: format!("{value} % neff_size"), value };
    let model = s.pointer('m');
    s.call("nrt_load", [image.address, size, 0.into(), (-1).into(), model.at()])?.is(Status::INVALID)
}

fn major_version(s: &Session) -> Outcome {
    let major = s.draw(prop_oneof![Just(3), 4..1_000_000_u64])?;
    refuses_field(s, MAJOR, major, Status::UNSUPPORTED_NEFF_VERSION)
}

fn unknown_feature(s: &Session) -> Outcome {
    let bit = s.draw(27..64_u32)?;
    s.init()?;
    let image = s.image()?;
    let features = s.image_word(&image, FEATURES) | 1 << bit;
    s.spoil(&image, MAJOR, &2_u64.to_le_bytes());
    s.spoil(&image, FEATURES, &features.to_le_bytes());
    refuses(s, &image, Status::UNSUPPORTED_NEFF_VERSION)
}

fn package_version(s: &Session) -> Outcome {
    let version = s.draw(prop_oneof![Just(0), Just(3), 3..1_000_000_u64])?;
    refuses_field(s, PACKAGE_VERSION, version, Status::UNSUPPORTED_NEFF_VERSION)
}

fn hash(s: &Session) -> Outcome {
    refuses_field(s, HASH, 0x5555_5555_5555_5555, Status::INVALID)
}

fn core(s: &Session) -> Outcome {
    s.init()?;
    let image = s.image()?;
    let core = s.cores()?.cast_signed();
    for core in [core, core + 1000] {
        s.load(&image, core, s.pointer('m'))?.is(Status::INVALID)?;
    }
    Ok(())
}

fn core_count(s: &Session) -> Outcome {
    let count = s.draw(prop_oneof![3..1000_i32, -1000..-1_i32])?;
    s.init()?;
    let image = s.image()?;
    let model = s.pointer('m');
    let arguments = [image.address, image.size, 0.into(), count.into(), model.at()];
    s.call("nrt_load", arguments)?.is(Status::INVALID)
}

/// What is wrong with a header, in the order in which it is looked at, and what it is answered with.
const FAULTS: [(usize, u64, Status); 5] = [
    (HEADER_SIZE, 1 << 40, Status::INVALID),
    (MAJOR, 9, Status::UNSUPPORTED_NEFF_VERSION),
    (DATA_SIZE, 1 << 40, Status::INVALID),
    (PACKAGE_VERSION, 7, Status::UNSUPPORTED_NEFF_VERSION),
    (1024, 0x5a5a_5a5a_5a5a_5a5a, Status::INVALID),
];

fn order(s: &Session) -> Outcome {
    let faults = s.draw(subsequence(&FAULTS[..4], 1..=4))?;
    s.init()?;
    let image = s.image()?;
    for (at, value, _) in &faults {
        s.spoil(&image, *at, &value.to_le_bytes());
    }
    // A core that is not there is looked at only where the header is good.
    let core = s.cores()?.cast_signed();
    s.load(&image, core, s.pointer('m'))?.is(faults[0].2)
}

/// Loads that fail, of all kinds.
fn spoiled() -> impl Strategy<Value = Vec<(usize, u64)>> {
    let fault = prop_oneof![
        subsequence(&FAULTS[..], 1..=1).prop_map(|faults| (faults[0].0, faults[0].1)),
        any::<u64>().prop_map(|garbage| (1024, garbage | 0xff)),
    ];
    proptest::collection::vec(fault, 1..6)
}

/// Lets loads fail.
fn fail(s: &Session, faults: &[(usize, u64)]) -> Outcome {
    for (at, value) in faults {
        let image = s.image()?;
        let good = s.image_word(&image, *at);
        s.spoil(&image, *at, &value.to_le_bytes());
        s.load(&image, 0, s.pointer('m'))?.ignored();
        s.spoil(&image, *at, &good.to_le_bytes());
    }
    Ok(())
}

fn costs_nothing(s: &Session) -> Outcome {
    let faults = s.draw(spoiled())?;
    s.init()?;
    // What a library sets up for its first model may stay.
    let model = s.model(0)?;
    s.call("nrt_unload", [model.handle.into()])?.needed()?;
    let before = s.memory(0)?;
    fail(s, &faults)?;
    s.unchanged(before, s.memory(0)?)
}

fn does_no_harm(s: &Session) -> Outcome {
    let faults = s.draw(spoiled())?;
    s.init()?;
    let first = s.model(0)?;
    let io = s.io(&first)?;
    fail(s, &faults)?;
    let image = s.image()?;
    let second = s.pointer('m');
    s.load(&image, 0, second)?.is(Status::SUCCESS)?;
    for model in [first.handle, second] {
        let arguments = [model.into(), io.input_set.into(), io.output_set.into()];
        s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
    }
    s.close()?;
    s.call("nrt_init", [1.into(), "".into(), "".into()])?.is(Status::SUCCESS)
}
