//! The suite's copy of the interface against the specification, where that is: `NRT_SPEC_DIR` names the folder
//! that has it as `spec/abi.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use nrt_conformance::abi::{
    COLLECTIVES, COMPUTE, DEVICE, Function, HOST, Sdk, Status, TENSOR_OP, functions, layout, number, sequence,
};
use serde_json::Value;

/// Declared in headers, but exported by no library that was looked at, or in which is not clear.
const NOT_EXPORTED: [&str; 3] = [
    "nrt_get_status_as_str",
    "nec_get_version_info",
    "nrt_inspect_config_set_capture_enabled_for_event_type",
];

/// Lost their last argument in SDK 2.32. The suite goes on passing it, in a register that is not looked at.
const SHORTENED: [&str; 2] = ["nrt_tensor_read_batch", "nrt_tensor_write_batch"];

/// The specification; says so where there is none.
fn specification() -> Option<Value> {
    let Some(folder) = env::var_os("NRT_SPEC_DIR") else {
        eprintln!("skipped: NRT_SPEC_DIR is not set");
        return None;
    };
    let path = Path::new(&folder).join("spec/abi.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is a list")).iter()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

fn size(value: &Value, name: &str) -> usize {
    let size = value[name].as_u64().unwrap_or_else(|| panic!("{name} is a size"));
    usize::try_from(size).expect("a size")
}

/// The last release that a text like "2.30 to 2.32" names.
fn release(text: &str) -> u64 {
    let sure = text.split('(').next().unwrap_or(text);
    let minors =
        sure.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| word.strip_prefix("2."));
    minors.filter_map(|minor| minor.parse().ok()).max().unwrap_or_else(|| panic!("{text} names a release"))
}

#[test]
fn the_same_functions() {
    let Some(specification) = specification() else { return };
    let known = list(&specification, "functions").filter_map(|function| text(function, "name"));
    let known: BTreeSet<&str> = known.filter(|name| !NOT_EXPORTED.contains(name)).collect();
    let ours = functions().iter().filter(|function| function.sdks.is_some()).map(|function| function.name);
    assert_eq!(ours.collect::<BTreeSet<_>>(), known);
}

#[test]
fn functions_have_the_same_releases() {
    let Some(specification) = specification() else { return };
    let mut looked = 0;
    for function in list(&specification, "functions") {
        let name = text(function, "name").expect("a name");
        let ours: Vec<(Sdk, Sdk)> =
            functions().iter().filter(|ours| ours.name == name).filter_map(|f| f.sdks).collect();
        let (Some(first), Some(last)) = (ours.first(), ours.last()) else { continue };
        let since = release(text(function, "since").expect("since")).max(28);
        let until = text(function, "until").map_or(33, release);
        assert_eq!((first.0.minor(), last.1.minor()), (since, until), "{name}");
        looked += 1;
    }
    assert!(looked > 150, "{looked}");
}

/// How the table writes a type of the specification.
fn plain_type<'a>(kind: &'a str, specification: &Value) -> &'a str {
    match kind.trim() {
        "const char *" => "const char *",
        "NRT_ASYNC_EXEC_STATUS_CALLBACK" => "void *",
        "nrta_seq_t" => "uint64_t",
        pointer if pointer.ends_with(['*', ']']) => "void *",
        "int32_t" => "int",
        number if specification["enums"].get(number).is_some() => "int",
        other => other,
    }
}

/// What a signature returns and takes, as the table writes it.
fn prototype<'a>(signature: &'a str, specification: &Value) -> (&'a str, Vec<&'a str>) {
    let (before, arguments) = signature.trim_end_matches(';').split_once('(').expect("an argument list");
    // The name is what follows the last blank or star.
    let without_name = |text: &'a str| match text.strip_suffix(']') {
        Some(_) => "void *",
        None => text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    };
    let arguments = arguments.strip_suffix(')').expect("an end of the list");
    let arguments = arguments.split(',').map(str::trim).filter(|argument| !matches!(*argument, "" | "void"));
    let arguments = arguments.map(|argument| plain_type(without_name(argument), specification)).collect();
    (plain_type(without_name(before), specification), arguments)
}

#[test]
fn functions_have_the_same_versions_and_types() {
    let Some(specification) = specification() else { return };
    let mut looked = 0;
    for function in list(&specification, "functions") {
        let name = text(function, "name").expect("a name");
        for variant in list(function, "variants") {
            let sdk = release(text(variant, "sdk").expect("a release"));
            let node = text(variant, "node").unwrap_or_default();
            let Some(ours) = functions().iter().find(|ours| {
                ours.name == name
                    && Sdk::ALL.into_iter().any(|known| known.minor() == sdk && ours.is_in(known))
            }) else {
                continue; // older than what this suite is for, or not exported
            };
            assert_eq!(ours.version, node, "{name} of SDK 2.{sdk}");
            let wanted = text(variant, "signature").map(|signature| prototype(signature, &specification));
            let mut ours = ours.prototype.as_ref().map(|(returns, takes)| {
                (*returns, takes.iter().map(|kind| plain_type(kind, &specification)).collect::<Vec<_>>())
            });
            if SHORTENED.contains(&name) && sdk >= 32 {
                ours.as_mut().and_then(|(_, takes)| takes.pop());
            }
            assert_eq!(ours, wanted, "{name} of SDK 2.{sdk}");
            looked += 1;
        }
    }
    assert!(looked > 250, "{looked}");
}

#[test]
fn functions_without_a_public_type_have_none_here() {
    let Some(specification) = specification() else { return };
    for function in list(&specification, "functions").filter(|function| function["signature"].is_null()) {
        let name = text(function, "name").expect("a name");
        if let Some(ours) = Function::find(name, None) {
            assert_eq!(ours.prototype, None, "{name}");
        }
    }
}

#[test]
fn the_same_layouts() {
    let Some(specification) = specification() else { return };
    for (name, bytes, fields) in layout::STRUCTURES {
        let structure = &specification["structs"][name];
        assert_eq!(size(structure, "size"), *bytes, "{name}");
        let known: BTreeMap<&str, (usize, usize)> = list(structure, "fields")
            .filter(|field| field["size"].is_u64())
            .filter_map(|field| Some((text(field, "name")?, (size(field, "offset"), size(field, "size")))))
            .collect();
        for (field, offset, bytes) in *fields {
            assert_eq!(known.get(field), Some(&(*offset, *bytes)), "{name}.{field}");
        }
    }
}

/// Names and numbers of an enumeration.
fn enumeration(value: &Value) -> BTreeMap<&str, u64> {
    let members = value.as_object().expect("an enumeration").iter();
    members.map(|(name, number)| (name.as_str(), number.as_u64().expect("a number"))).collect()
}

#[test]
fn the_same_statuses() {
    let Some(specification) = specification() else { return };
    let known = enumeration(&specification["enums"]["NRT_STATUS"]);
    let ours = Status::names().iter().map(|(number, name)| (*name, u64::from(number.unsigned_abs())));
    assert_eq!(ours.collect::<BTreeMap<_, _>>(), known);
}

#[test]
fn the_same_units_and_placements() {
    let Some(specification) = specification() else { return };
    let units = enumeration(&specification["enum_variants"]["nrta_xu_t"]["2.29+"]);
    for (name, ours) in
        [("NRTA_XU_TENSOR_OP", TENSOR_OP), ("NRTA_XU_COMPUTE", COMPUTE), ("NRTA_XU_COLLECTIVES", COLLECTIVES)]
    {
        assert_eq!(units.get(name), Some(&ours.into()), "{name}");
    }
    let placements = enumeration(&specification["enums"]["nrt_tensor_placement_t"]);
    for (name, ours) in [("NRT_TENSOR_PLACEMENT_DEVICE", DEVICE), ("NRT_TENSOR_PLACEMENT_HOST", HOST)] {
        assert_eq!(placements.get(name), Some(&ours.into()), "{name}");
    }
}

#[test]
fn sequence_ids_have_the_same_parts() {
    let Some(specification) = specification() else { return };
    let mask = specification["macros"]["NRTA_SEQ_NUM_MAX"]["value"].as_u64().expect("a mask");
    assert_eq!(number(u64::MAX), mask);
    assert_eq!(sequence(0xff, 0xf, 0xf, mask), u64::MAX);
    assert_eq!(sequence(1, COMPUTE, 0, 1), 0x0101_0000_0000_0001);
}

#[test]
fn releases_came_with_the_same_libraries() {
    let Some(specification) = specification() else { return };
    let mut looked = 0;
    for pair in list(&specification["meta"], "sdk_runtime_versions") {
        let sdk = release(text(pair, "sdk").expect("a release"));
        let library = text(pair, "runtime").expect("a version");
        let Some(ours) = Sdk::ALL.into_iter().find(|known| known.minor() == sdk) else { continue };
        let mut parts = library.split('.').map(|part| part.parse().expect("a number"));
        let (major, minor) = (parts.next().expect("two parts"), parts.next().expect("two parts"));
        assert_eq!(Sdk::of_library(major, minor), ours, "{library}");
        looked += 1;
    }
    assert_eq!(looked, Sdk::ALL.len());
}
