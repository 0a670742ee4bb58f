//! From flags to a file, to what is shown of it, to what a runtime makes of it.

use std::io::Read;

use proptest::collection::{btree_map, vec};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use sim_core::neff::{self, Arch, Dtype, Neff, Policy, Target, TensorSpec, Usage};

use super::build::{Options, neff as build};
use super::inspect::Inspection;
use super::report::{Json, text};
use super::tensor::TensorText;
use super::verify::verdict;

fn any_dtype() -> impl Strategy<Value = Dtype> {
    select(Dtype::ALL.into_iter().filter(|dtype| *dtype != Dtype::Unknown).collect::<Vec<_>>())
}

/// Names with colons, brackets, quotes and what else JSON and TOML have a meaning for.
fn any_tensors() -> impl Strategy<Value = Vec<(bool, TensorText)>> {
    let about = (any::<bool>(), any_dtype(), vec(1..=300_u64, 0..=6));
    btree_map("[a-zA-Zé:\\[\\]\"\\\\/. =_#-]{1,20}", about, 1..10).prop_map(|tensors| {
        let mut all: Vec<(bool, TensorText)> = Vec::new();
        for (name, (is_input, dtype, shape)) in tensors {
            // The first is an output: there has to be one.
            let is_input = is_input && !all.is_empty();
            all.push((is_input, TensorText::new(&name, dtype, shape).expect("small")));
        }
        all
    })
}

/// The same through the form of the flags.
fn flag(tensor: &TensorText) -> TensorText {
    let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
    let text = format!("{}:{}[{}]", tensor.name, tensor.dtype.name(), shape.join(","));
    text.parse().expect("well-formed")
}

fn inspect(bytes: &[u8]) -> (Inspection, Value) {
    let inspection = Inspection::of(bytes);
    let json = serde_json::to_string(&Json::of("m.neff", &inspection)).expect("texts and numbers");
    let json = serde_json::from_str(&json).expect("JSON");
    (inspection, json)
}

fn sound() -> Vec<u8> {
    let options = Options {
        output_file: "m.neff".into(),
        inputs: vec!["x:f16[128,256]".parse().expect("valid")],
        outputs: vec!["y:f16[128,256]".parse().expect("valid")],
        op: Some("relu".into()),
        ..Options::default()
    };
    build(&options).expect("valid")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_built_is_shown_and_loads(
        tensors in any_tensors(),
        target in select(vec!["any", "trn2", "trn3", "trn1"]),
        lnc in select(vec![None, Some(1), Some(2)]),
        macs: Option<u64>,
    ) {
        let of = |wanted| tensors.iter().filter(move |(is_input, _)| *is_input == wanted).map(|(_, tensor)| flag(tensor));
        let options = Options {
            output_file: "m.neff".into(),
            target: Some(target.parse().expect("a target")),
            lnc,
            inputs: of(true).collect(),
            outputs: of(false).collect(),
            macs,
            ..Options::default()
        };
        let built = build(&options);
        if (target, lnc) == ("trn1", Some(2)) {
            prop_assert!(built.is_err());
            return Ok(());
        }
        let bytes = built.expect("valid");
        prop_assert_eq!(&bytes, &build(&options).expect("valid"), "equal input, equal bytes");

        let mut expected: Vec<TensorSpec> = tensors
            .iter()
            .map(|(is_input, tensor)| tensor.spec(if *is_input { Usage::Input } else { Usage::Output }))
            .collect();
        expected.sort_by_key(|tensor| (tensor.usage, tensor.name.clone()));
        let neff = Neff::parse(&bytes, &Policy { validate_hash: true, ..Policy::default() }).expect("loads");
        prop_assert_eq!(&neff.tensors, &expected);

        let (inspection, json) = inspect(&bytes);
        let shown: Vec<Value> = expected
            .iter()
            .map(|tensor| {
                let usage = if tensor.usage == Usage::Input { "input" } else { "output" };
                json!({"name": tensor.name, "usage": usage, "dtype": tensor.dtype.name(), "shape": tensor.shape, "bytes": tensor.size})
            })
            .collect();
        prop_assert_eq!(&json["tensors"], &Value::from(shown));
        prop_assert_eq!(&json["stats"]["macs"], &json!(macs));
        prop_assert_eq!(&json["problems"], &json!([]));
        prop_assert!(text("m.neff", &inspection).contains(&expected[0].name.chars().take(60).collect::<String>()));

        let lnc = lnc.unwrap_or(if matches!(target, "trn2" | "trn3") { 2 } else { 1 });
        prop_assert_eq!((neff.lnc, neff.binaries), (lnc, lnc));
        let arch = match neff.target {
            Target::Any => Arch::V3,
            Target::Arch(arch) => arch,
        };
        let machine = neff::Machine { arch, lnc, cores_per_device: 8, allow_legacy: false };
        let (refusal, said) = verdict(&bytes, true, &machine);
        prop_assert!(refusal.is_none() && said.ends_with("loads\n"), "{}", said);
        let (refusal, said) = verdict(&bytes, true, &neff::Machine { lnc: 3 - lnc, ..machine });
        prop_assert!(refusal.is_some_and(|error| error.gate() == 13) && said.contains("NRT_INVALID (2)"), "{}", said);
    }

    #[test]
    fn any_change_is_shown_or_refused_but_nothing_panics(
        flips in vec((any::<Index>(), 1..=u8::MAX), 1..12),
        end in any::<Index>(),
        is_cut: bool,
    ) {
        let mut bytes = sound();
        for (index, flip) in flips {
            let index = index.index(bytes.len());
            bytes[index] ^= flip;
        }
        if is_cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let (inspection, json) = inspect(&bytes);
        prop_assert!(text("m.neff", &inspection).contains(&inspection.sha256));
        prop_assert_eq!(json["problems"].as_array().map(Vec::len), Some(inspection.problems.len()));
        prop_assert!(inspection.neff.is_ok() || !inspection.problems.is_empty());
        let machine = neff::Machine { arch: Arch::V2, lnc: 1, cores_per_device: 2, allow_legacy: false };
        let (refusal, _) = verdict(&bytes, false, &machine);
        let loads = Neff::parse(&bytes, &Policy::default()).and_then(|neff| neff.check_against(&machine));
        prop_assert_eq!(refusal, loads.err());
    }

    #[test]
    fn any_bytes_at_all_are_looked_at(bytes in vec(any::<u8>(), 0..2048)) {
        let (inspection, json) = inspect(&bytes);
        prop_assert!(inspection.neff.is_err() && json["problems"][0].is_string());
    }
}

#[test]
fn problems_are_named() {
    use sim_core::neff::{HEADER_BYTES, Header, NeffBuilder};
    let tensor = |name: &str, dtype, shape: &[u64], size| TensorSpec {
        size,
        ..TensorSpec::new(name, Usage::Output, dtype, shape)
    };
    let bytes = NeffBuilder::new("m", Target::Any)
        .tensor(tensor("short", Dtype::U8, &[4], 3))
        .tensor(tensor("untyped", Dtype::Unknown, &[4], 4))
        .tensor(tensor("shapeless", Dtype::Fp16, &[], 64))
        .tensor(tensor("wide", Dtype::U8, &[1 << 33], 1 << 33))
        .build()
        .expect("in memory");
    let mut header = Header::parse(&bytes).expect("sound");
    header.hash[0] ^= 1;
    header.lnc_size = 2;
    let changed = [&header.to_bytes(), &bytes[HEADER_BYTES..], b"more"].concat();
    let problems = Inspection::of(&changed).problems.join("\n");
    for words in [
        "hash in the header is not",
        "4 bytes follow the archive",
        "feature bit of LNC is not set",
        "\"short\": 3 bytes, but uint8 and shape [4] make 4",
        "\"untyped\": its type is unknown",
        "\"shapeless\": no shape",
        "\"wide\": a dimension of 8589934592",
    ] {
        assert!(problems.contains(words), "{words}\n{problems}");
    }
    assert_eq!(problems.lines().count(), 7, "{problems}");
}

#[test]
fn contradictions_between_descriptions_are_named() {
    use sim_core::neff::{HEADER_BYTES, Header};
    let bytes = sound();
    let mut header = Header::parse(&bytes).expect("sound");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[HEADER_BYTES..]));
    let mut builder = tar::Builder::new(Vec::new());
    for entry in archive.entries().expect("sound") {
        let mut entry = entry.expect("sound");
        let path = entry.path().expect("sound").into_owned();
        let mut content = String::new();
        entry.read_to_string(&mut content).expect("text");
        let content = match path.to_str() {
            Some("sg00/PE.bin") => continue,
            Some("info.json") => content.replace("\"m\"", "\"n\""),
            Some("hlo_stats.json") => content.replace("\"HloMacCount\": -1", "\"HloMacCount\": 1.5"),
            _ => content,
        };
        let mut entry = tar::Header::new_gnu();
        entry.set_size(content.len() as u64);
        builder.append_data(&mut entry, path, content.as_bytes()).expect("in memory");
    }
    let data = builder.into_inner().expect("in memory");
    header.data_size = data.len() as u64;
    let inspection = Inspection::of(&[&header.to_bytes(), data.as_slice()].concat());
    let problems = inspection.problems.join("\n");
    for words in [
        "info.json has the name \"n\", and the header \"m\"",
        "hlo_stats.json has HloMacCount 1.5,",
        "sg00/def.json names \"PE.bin\", which is not in the archive",
    ] {
        assert!(problems.contains(words), "{words}\n{problems}");
    }
    assert!(text("m.neff", &inspection).contains("compiler        nrt-sim\n"));
}
