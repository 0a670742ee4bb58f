//! Each gate, tripped by one change to a sound NEFF.

use super::writer::archive;
use super::{
    Arch, Dtype, Header, Machine, Neff, NeffBuilder, NeffError, NeffErrorKind, Policy, Target, TensorSpec,
    Usage,
};

const TRN2: Machine = Machine { arch: Arch::V3, lnc: 2, cores_per_device: 8, allow_legacy: false };

/// A matrix product for trn2.
pub(super) fn model() -> NeffBuilder {
    NeffBuilder::new("product", Target::Arch(Arch::V3))
        .lnc(2)
        .tensor(TensorSpec::new("y", Usage::Input, Dtype::Fp16, [256, 128]))
        .tensor(TensorSpec::new("x", Usage::Input, Dtype::Fp16, [128, 256]))
        .tensor(TensorSpec::new("product", Usage::Output, Dtype::Fp32, [128, 128]))
}

/// A NEFF of this archive, packed or not.
pub(super) fn seal(data: &[u8]) -> Vec<u8> {
    let mut neff = Header::describing(data, "product", 2).to_bytes().to_vec();
    neff.extend(data);
    neff
}

fn parse(bytes: &[u8]) -> Result<Neff, NeffError> {
    Neff::parse(bytes, &Policy::default())
}

fn sound() -> Vec<u8> {
    model().build().expect("in memory")
}

/// The model with another header in front of the same data.
fn with_header(edit: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut bytes = sound();
    let mut header = Header::parse(&bytes).expect("sound");
    edit(&mut header);
    bytes[..1024].copy_from_slice(&header.to_bytes());
    bytes
}

/// The model with `file` rewritten, or removed.
fn with_file(file: &str, edit: impl Fn(String) -> Option<String>) -> Vec<u8> {
    let files = model().files().expect("in memory").into_iter().filter_map(|(path, content)| {
        let edited = if path == file {
            edit(String::from_utf8(content).expect("JSON"))?.into_bytes()
        } else {
            content
        };
        Some((path, edited))
    });
    seal(&archive(&files.collect::<Vec<_>>()).expect("in memory"))
}

fn with_text(file: &str, from: &str, to: &str) -> Vec<u8> {
    with_file(file, |text| {
        assert!(text.contains(from), "{file} has no {from}");
        Some(text.replace(from, to))
    })
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(
    result: Result<T, NeffError>,
    expected: &NeffError,
    kind: NeffErrorKind,
) {
    let error = result.expect_err("refused");
    assert_eq!(&error, expected);
    assert_eq!(error.kind(), kind);
}

#[track_caller]
fn assert_malformed(bytes: &[u8], expected: &str) {
    let error = parse(bytes).expect_err("refused");
    let NeffError::Json { file, .. } = &error else { panic!("{error}") };
    assert_eq!(file, expected);
    assert_eq!(error.kind(), NeffErrorKind::Invalid);
}

#[test]
fn a_sound_neff_passes_every_gate() {
    let neff = Neff::parse(&sound(), &Policy { validate_hash: true, ..Policy::default() }).expect("sound");
    assert_eq!(neff.check_against(&TRN2), Ok(()));
    let names: Vec<&str> = neff.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["x", "y", "product"]);
}

#[test]
fn gate_3_wants_a_header_and_something_after_it() {
    let bytes = sound();
    let size = bytes.len() as u64;
    assert_refused(parse(&[]), &NeffError::TooShort { size: 0 }, NeffErrorKind::Invalid);
    assert_refused(parse(&bytes[..1023]), &NeffError::TooShort { size: 1023 }, NeffErrorKind::Invalid);
    for header_size in [0, 1023, size, u64::MAX] {
        let bytes = with_header(|header| header.header_size = header_size);
        let expected = NeffError::HeaderSize { header_size, size };
        assert_refused(parse(&bytes), &expected, NeffErrorKind::Invalid);
    }
}

#[test]
fn gate_4_wants_a_known_version_and_known_features() {
    let bytes = with_header(|header| (header.major, header.minor) = (3, 1));
    let expected = NeffError::Version { major: 3, minor: 1 };
    assert_refused(parse(&bytes), &expected, NeffErrorKind::UnsupportedVersion);

    let bits = 1 << 27 | 0x400;
    let bytes = with_header(|header| header.feature_bits = bits);
    let expected = NeffError::Features { bits, unknown: 1 << 27 };
    assert_refused(parse(&bytes), &expected, NeffErrorKind::UnsupportedVersion);

    let older = with_header(|header| (header.major, header.feature_bits) = (1, bits));
    assert!(parse(&older).is_ok(), "only version 2 has feature bits");
}

#[test]
fn gate_5_wants_all_of_the_data() {
    let bytes = sound();
    let available = bytes.len() as u64 - 1025;
    let expected = NeffError::DataSize { data_size: available + 1, available };
    assert_refused(parse(&bytes[..bytes.len() - 1]), &expected, NeffErrorKind::Invalid);
}

#[test]
fn gate_6_wants_a_known_package_version() {
    for version in [0, 3] {
        let bytes = with_header(|header| header.pkg_version = version);
        assert_refused(parse(&bytes), &NeffError::PackageVersion(version), NeffErrorKind::UnsupportedVersion);
    }
}

#[test]
fn gate_7_compares_the_hash_only_if_asked_to() {
    let bytes = with_header(|header| header.hash[0] ^= 1);
    assert!(parse(&bytes).is_ok());
    let error = Neff::parse(&bytes, &Policy { validate_hash: true, ..Policy::default() });
    let error = error.expect_err("refused");
    assert!(matches!(error, NeffError::Hash { algorithm: "MD5", .. }), "{error}");
    assert_eq!(error.kind(), NeffErrorKind::Invalid);
}

#[test]
fn gate_9_wants_a_graph_with_a_node_to_run() {
    let bytes = with_file("neff.json", |_| None);
    assert_refused(parse(&bytes), &NeffError::NoGraph, NeffErrorKind::Invalid);
    let bytes = with_text("neff.json", "__kelf", "__other");
    assert_refused(parse(&bytes), &NeffError::NoKelf, NeffErrorKind::Invalid);
    assert_malformed(&with_text("neff.json", "\"nodes\"", "\"edges\""), "neff.json");
    let error = parse(&seal(b"neither tar nor gzip")).expect_err("refused");
    assert!(matches!(error, NeffError::Archive(_)), "{error}");
}

#[test]
fn gate_9_wants_every_file_that_is_referred_to() {
    for file in ["kelf-0.json", "sg00/def.json", "sg01/def.json"] {
        let bytes = with_file(file, |_| None);
        assert_refused(parse(&bytes), &NeffError::MissingFile(file.to_owned()), NeffErrorKind::Invalid);
    }
    for file in ["sg00/tensor_map.json", "info.json", "hlo_stats.json"] {
        assert!(parse(&with_file(file, |_| None)).is_ok(), "{file} is not needed");
    }
}

#[test]
fn the_older_names_of_the_graph_and_of_the_kelf_file_are_found() {
    let files = model().files().expect("in memory").into_iter().map(|(path, content)| match path.as_str() {
        "neff.json" => {
            let text = String::from_utf8(content).expect("JSON");
            ("./kelp.json".to_owned(), text.replace("\"kelf\":", "\"unnamed\":").into_bytes())
        }
        "kelf-0.json" => ("kelf-a.json".to_owned(), content),
        _ => (path, content),
    });
    let bytes = seal(&archive(&files.collect::<Vec<_>>()).expect("in memory"));
    assert_eq!(parse(&bytes).expect("older").tensors, parse(&sound()).expect("sound").tensors);
}

#[test]
fn gate_10_wants_a_dotted_version_and_a_known_target() {
    let bytes = with_text("kelf-0.json", "0.5", "5");
    assert_refused(parse(&bytes), &NeffError::KelfVersion("5".to_owned()), NeffErrorKind::Invalid);
    let bytes = with_text("kelf-0.json", "cayman", "inferentia");
    assert_refused(parse(&bytes), &NeffError::Target("inferentia".to_owned()), NeffErrorKind::Invalid);
}

#[test]
fn gate_11_wants_the_same_generation_unless_told_otherwise() {
    let neff = parse(&sound()).expect("sound");
    let trn3 = Machine { arch: Arch::V4, ..TRN2 };
    let expected = NeffError::WrongTarget { target: Target::Arch(Arch::V3), device: Arch::V4 };
    assert_refused(neff.check_against(&trn3), &expected, NeffErrorKind::Invalid);
    assert_eq!(neff.check_against(&Machine { allow_legacy: true, ..trn3 }), Ok(()));
    let anywhere = Neff { target: Target::Any, ..neff };
    assert_eq!(anywhere.check_against(&trn3), Ok(()));
}

#[test]
fn gate_12_wants_a_binary_for_each_core_and_a_core_for_each_binary() {
    let mut neff = parse(&sound()).expect("sound");
    neff.binaries = 1;
    assert_eq!(neff.check_against(&TRN2), Ok(()));
    for binaries in [0, 3] {
        neff.binaries = binaries;
        let expected = NeffError::Binaries { binaries, lnc: 2 };
        assert_refused(neff.check_against(&TRN2), &expected, NeffErrorKind::Invalid);
    }
    neff.binaries = 2;
    let small = Machine { cores_per_device: 1, ..TRN2 };
    let expected = NeffError::NotEnoughCores { required: 2, available: 1 };
    assert_refused(neff.check_against(&small), &expected, NeffErrorKind::NotEnoughCores);
}

#[test]
fn gate_13_wants_the_lnc_of_the_runtime() {
    let neff = parse(&sound()).expect("sound");
    let expected = NeffError::Lnc { neff: 2, runtime: 1 };
    let refused = neff.check_against(&Machine { lnc: 1, ..TRN2 });
    assert_refused(refused, &expected, NeffErrorKind::Invalid);
    assert!(expected.to_string().contains("LNC 2") && expected.to_string().contains("LNC 1"));
}

#[test]
fn the_size_is_that_of_the_definition_and_the_larger_if_two_disagree() {
    let bytes = with_text("sg01/def.json", "65536", "65600");
    let neff = parse(&bytes).expect("sound");
    let sizes: Vec<u64> = neff.tensors.iter().map(|tensor| tensor.size).collect();
    assert_eq!(sizes, [65600; 3]);
    assert_eq!(neff.tensors[0].shape, [128, 256]);
}

#[test]
fn without_lists_in_the_graph_the_tensor_map_says_type_and_shape() {
    let bytes = with_text("neff.json", "\"dltype\"", "\"others\"");
    assert_eq!(parse(&bytes).expect("sound").tensors, parse(&sound()).expect("sound").tensors);
    let bytes = with_text("neff.json", "float32", "complex64");
    assert_eq!(parse(&bytes).expect("sound").tensors[2].dtype, Dtype::Unknown);
}

#[test]
fn counts_beyond_reason_are_refused() {
    let dims = |count| format!("[{}]", vec!["1"; count].join(","));
    let shapes = |count| {
        with_text("neff.json", "\"shape\": [", &format!("\"shape\": [{}, {}], \"x\": [", "\"\"", dims(count)))
    };
    assert_malformed(&shapes(33), "neff.json");
    let graphs = vec![r#"{"definition":"sg00"}"#; 65].join(",");
    let kelf = format!(r#"{{"version":"0.5","graphs":[{graphs}]}}"#);
    assert_malformed(&with_file("kelf-0.json", |_| Some(kelf.clone())), "kelf-0.json");
    let nodes = vec!["{}"; (1 << 16) + 1].join(",");
    let graph = format!(r#"{{"nodes":[{nodes}]}}"#);
    assert_malformed(&with_file("neff.json", |_| Some(graph.clone())), "neff.json");
    // Each list within its bound, all of them together not.
    let names = vec!["\"\""; 1 << 16].join(",");
    let graph = format!(r#"{{"nodes":[{{"output_names":[{names}]}},{{}}]}}"#);
    assert_malformed(&with_file("neff.json", |_| Some(graph.clone())), "neff.json");
    let variable = |index| format!(r#""{index}":{{"type":"input","size":1}}"#);
    let variables: Vec<String> = (0..=1 << 16).map(variable).collect();
    let definition = format!(r#"{{"var":{{{}}}}}"#, variables.join(","));
    assert_malformed(&with_file("sg00/def.json", |_| Some(definition.clone())), "sg00/def.json");
    let definition = format!(r#"{{"var":{{{}}}}}"#, variables[1..].join(","));
    let bytes = with_file("sg00/def.json", |_| Some(definition.clone()));
    let expected = NeffError::TooLarge { what: "inputs and outputs", limit: 1 << 16 };
    assert_refused(parse(&bytes), &expected, NeffErrorKind::Resource);
}

#[test]
fn a_tensor_without_a_size_is_refused() {
    for size in ["-1", "1.5", "null", "\"1\"", "18446744073709551616"] {
        let bytes = with_text("sg00/def.json", "65536", size);
        assert_malformed(&bytes, "sg00/def.json");
    }
}

#[test]
fn nesting_is_refused_where_it_matters_and_skipped_elsewhere() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert_malformed(&with_file("neff.json", |_| Some(deep.clone())), "neff.json");
    let nodes = format!(r#"{{"nodes":{deep}}}"#);
    assert_malformed(&with_file("neff.json", |_| Some(nodes.clone())), "neff.json");
    let bytes = with_text("sg00/def.json", "\"var\"", &format!("\"deep\": {deep}, \"var\""));
    assert!(parse(&bytes).is_ok());
}
