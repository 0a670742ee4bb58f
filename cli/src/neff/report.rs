//! What was seen in a NEFF, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;
use sim_core::neff::{ENGINES, FEATURE_LNC, FEATURES_KNOWN, Header, Neff, Stats, Target, TensorSpec, Usage};
use sim_core::profile::Profile;
use sim_core::rates::Workload;
use sim_models::hexadecimal::hexadecimal;
use sim_models::signature::Signature;

use super::inspect::Inspection;
use super::problems::excerpt;
use crate::machine::{DEFAULT_INSTANCE, family};
use crate::summary::size;

/// Tensors and files that the text has lines for; the JSON has all.
const ROWS_MAX: usize = 64;

/// The form of the JSON; `inspect --help` describes it.
#[derive(Debug, Serialize)]
pub(super) struct Json<'a> {
    file: &'a str,
    bytes: u64,
    sha256: &'a str,
    name: Option<&'a str>,
    uuid: Option<String>,
    signature: Option<String>,
    target: Option<&'static str>,
    lnc: Option<u32>,
    binaries: Option<u32>,
    header: Option<HeaderJson<'a>>,
    features: Option<Features>,
    hash: Option<HashJson>,
    tensors: Option<Vec<TensorJson<'a>>>,
    stats: Option<StatsJson>,
    estimate: Option<EstimateJson>,
    cores: Option<Vec<CoreJson<'a>>>,
    files: Option<Vec<FileJson<'a>>>,
    attachments: Option<Vec<AttachmentJson<'a>>>,
    descriptions: Option<&'a BTreeMap<String, Box<RawValue>>>,
    problems: &'a [String],
}

#[derive(Debug, Serialize)]
struct HeaderJson<'a> {
    pkg_version: u64,
    header_size: u64,
    data_size: u64,
    major: u64,
    minor: u64,
    build_version: &'a str,
    num_tpb: u32,
    hash: String,
    uuid: String,
    name: &'a str,
    requested_tpb: u32,
    tpb_per_node: &'a [u8],
    feature_bits: u64,
    lnc_size: u32,
}

#[derive(Debug, Serialize)]
struct Features {
    bits: String,
    lnc: bool,
    other: String,
    unknown: String,
}

#[derive(Debug, Serialize)]
struct HashJson {
    stored: String,
    matches: Option<bool>,
}

#[derive(Debug, Serialize)]
struct TensorJson<'a> {
    name: &'a str,
    usage: &'static str,
    dtype: &'static str,
    shape: &'a [u64],
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct StatsJson {
    macs: Option<u64>,
    traffic_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct EstimateJson {
    instance: String,
    lnc: u32,
    launch_ns: u64,
    compute_ns: u64,
    memory_ns: u64,
    total_ns: u64,
}

#[derive(Debug, Serialize)]
struct CoreJson<'a> {
    folder: &'a str,
    engines: BTreeMap<&'static str, Option<u64>>,
    files: u64,
    bytes: u64,
    tensor_map: bool,
}

#[derive(Debug, Serialize)]
struct FileJson<'a> {
    path: &'a str,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct AttachmentJson<'a> {
    name: &'a str,
    bytes: u64,
}

impl<'a> Json<'a> {
    /// What is said of `inspection`, which was of the file `file`.
    pub(super) fn of(file: &'a str, inspection: &'a Inspection) -> Json<'a> {
        let header = inspection.header.as_ref();
        let neff = inspection.neff.as_ref().ok();
        let contents = inspection.contents.as_ref().ok();
        let attachment =
            |(name, content): (&'a String, &'a Vec<u8>)| AttachmentJson { name, bytes: content.len() as u64 };
        Json {
            file,
            bytes: inspection.bytes,
            sha256: &inspection.sha256,
            name: neff.map(|neff| neff.name.as_str()),
            uuid: header.map(|header| uuid(header.uuid)),
            signature: neff.map(|neff| Signature::of(&neff.tensors).to_string()),
            target: neff.map(|neff| target(neff.target)),
            lnc: neff.map(|neff| neff.lnc),
            binaries: neff.map(|neff| neff.binaries),
            header: header.map(header_json),
            features: header.map(|header| features(header.feature_bits)),
            hash: header.map(|header| HashJson {
                stored: hexadecimal(&header.hash),
                matches: inspection.hash_matches,
            }),
            tensors: neff.map(|neff| neff.tensors.iter().map(tensor_json).collect()),
            stats: neff.map(|neff| {
                let Stats { macs, traffic_bytes } = neff.stats;
                StatsJson { macs, traffic_bytes }
            }),
            estimate: neff.and_then(estimate),
            cores: contents.map(|contents| {
                let core = contents.cores.iter().map(|core| CoreJson {
                    folder: &core.folder,
                    engines: ENGINES.into_iter().zip(core.engines).collect(),
                    files: core.files,
                    bytes: core.bytes,
                    tensor_map: core.has_tensor_map,
                });
                core.collect()
            }),
            files: contents.map(|contents| {
                contents.files.iter().map(|file| FileJson { path: &file.path, bytes: file.bytes }).collect()
            }),
            attachments: neff.map(|neff| neff.attachments.iter().map(attachment).collect()),
            descriptions: contents.map(|contents| &contents.descriptions),
            problems: &inspection.problems,
        }
    }
}

/// How long a run takes on the smallest machine that the model is for, if there is one that has its LNC.
fn estimate(neff: &Neff) -> Option<EstimateJson> {
    let profile = Profile::named(family(neff).unwrap_or(DEFAULT_INSTANCE)).expect("built in");
    if neff.lnc == 0 || !profile.cores_per_device.is_multiple_of(neff.lnc) {
        return None;
    }
    let estimate = profile.rates(neff.lnc).estimate(&Workload::of(&neff.tensors, &neff.stats));
    Some(EstimateJson {
        instance: profile.name,
        lnc: neff.lnc,
        launch_ns: estimate.launch.0,
        compute_ns: estimate.compute.0,
        memory_ns: estimate.memory.0,
        total_ns: estimate.total.0,
    })
}

fn header_json(header: &Header) -> HeaderJson<'_> {
    HeaderJson {
        pkg_version: header.pkg_version,
        header_size: header.header_size,
        data_size: header.data_size,
        major: header.major,
        minor: header.minor,
        build_version: &header.build_version,
        num_tpb: header.num_tpb,
        hash: hexadecimal(&header.hash),
        uuid: uuid(header.uuid),
        name: &header.name,
        requested_tpb: header.requested_tpb,
        tpb_per_node: &header.tpb_per_node,
        feature_bits: header.feature_bits,
        lnc_size: header.lnc_size,
    }
}

fn features(bits: u64) -> Features {
    Features {
        bits: format!("{bits:#x}"),
        lnc: bits & FEATURE_LNC != 0,
        other: format!("{:#x}", bits & FEATURES_KNOWN & !FEATURE_LNC),
        unknown: format!("{:#x}", bits & !FEATURES_KNOWN),
    }
}

fn tensor_json(tensor: &TensorSpec) -> TensorJson<'_> {
    let TensorSpec { name, shape, size, .. } = tensor;
    TensorJson { name, usage: usage(tensor.usage), dtype: tensor.dtype.name(), shape, bytes: *size }
}

fn usage(usage: Usage) -> &'static str {
    match usage {
        Usage::Input => "input",
        Usage::Output => "output",
    }
}

/// The compiler's name of a target.
fn target(target: Target) -> &'static str {
    match target {
        Target::Any => "any",
        Target::Arch(arch) => arch.name(),
    }
}

/// A uuid as it is mostly written.
fn uuid(bytes: [u8; 16]) -> String {
    let digits = hexadecimal(&bytes);
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits[part].to_owned()).join("-")
}

/// What a person reads.
pub(super) fn text(file: &str, inspection: &Inspection) -> String {
    let mut text = String::new();
    line(&mut text, "file", &format!("{file}, {}", size(inspection.bytes)));
    line(&mut text, "sha256", &inspection.sha256);
    if let Ok(neff) = &inspection.neff {
        line(&mut text, "name", &excerpt(&neff.name));
        let signature: String = Signature::of(&neff.tensors).to_string();
        line(&mut text, "signature", &signature.replace(char::is_control, "\u{fffd}"));
        line(&mut text, "target", &neff.target.to_string());
        let binaries = if neff.binaries == 1 { "binary" } else { "binaries" };
        line(&mut text, "LNC", &format!("{}, {} {binaries}", neff.lnc, neff.binaries));
        let count = |number: Option<u64>| number.map_or("unknown".to_owned(), |number| number.to_string());
        let Stats { macs, traffic_bytes } = neff.stats;
        line(
            &mut text,
            "work of a run",
            &format!("{} MACs, {} bytes of traffic", count(macs), count(traffic_bytes)),
        );
        if let Some(about) = estimate(neff) {
            let EstimateJson { instance, launch_ns, compute_ns, memory_ns, total_ns, .. } = about;
            let parts =
                format!("launch {launch_ns}, then the longer of compute {compute_ns} and memory {memory_ns}");
            line(&mut text, "takes", &format!("about {total_ns} ns on {instance}: {parts}"));
        }
    }
    if let Some(header) = &inspection.header {
        of_header(&mut text, header, inspection.hash_matches);
    }
    let compiler = inspection.info().tool_version;
    if !compiler.is_empty() {
        line(&mut text, "compiler", &excerpt(&compiler));
    }
    if let Ok(neff) = &inspection.neff {
        tensors(&mut text, &neff.tensors);
    }
    if let Ok(contents) = &inspection.contents {
        let engines = ENGINES.map(|engine| format!("{engine:>10}")).join("  ");
        _ = writeln!(text, "\nphysical core  files       bytes  {engines}  (bytes of instructions)");
        for core in contents.cores.iter().take(ROWS_MAX) {
            let cell = |bytes: Option<u64>| bytes.map_or("none".to_owned(), |bytes| bytes.to_string());
            let engines = core.engines.map(|bytes| format!("{:>10}", cell(bytes))).join("  ");
            _ = writeln!(
                text,
                "{:<13}  {:>5}  {:>10}  {engines}",
                excerpt(&core.folder),
                core.files,
                core.bytes
            );
        }
    }
    if let Ok(neff) = &inspection.neff
        && !neff.attachments.is_empty()
    {
        text.push_str("\nfor the simulator\n");
        for (name, content) in neff.attachments.iter().take(ROWS_MAX) {
            _ = writeln!(text, "  {}, {}", excerpt(name), size(content.len() as u64));
        }
    }
    if !inspection.problems.is_empty() {
        text.push_str("\nproblems\n");
        for problem in &inspection.problems {
            _ = writeln!(text, "  {problem}");
        }
    }
    text
}

/// Writing to a string cannot fail.
fn line(text: &mut String, title: &str, rest: &str) {
    _ = writeln!(text, "{title:<16}{rest}");
}

fn of_header(text: &mut String, header: &Header, hash_matches: Option<bool>) {
    line(text, "uuid", &uuid(header.uuid));
    let Header { pkg_version, major, minor, header_size, data_size, feature_bits, .. } = header;
    line(
        text,
        "format",
        &format!(
            "{major}.{minor}, package version {pkg_version}, header of {header_size} bytes, data of {data_size}"
        ),
    );
    let Features { bits, lnc, other, unknown } = features(*feature_bits);
    let parts = [
        (lnc, format!("{FEATURE_LNC:#x} LNC")),
        (other != "0x0", format!("{other} not public")),
        (unknown != "0x0", format!("{unknown} unknown")),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(is_set, _)| *is_set).map(|(_, part)| part).collect();
    line(text, "features", &if parts.is_empty() { bits } else { format!("{bits}: {}", parts.join(", ")) });
    let verdict = match hash_matches {
        Some(true) => "matches the data",
        Some(false) => "does not match the data",
        None => "cannot be compared: the data is not complete",
    };
    line(text, "hash", &format!("{verdict}, {}", hexadecimal(&header.hash)));
    line(text, "cores", &format!("{}, {} requested", header.num_tpb, header.requested_tpb));
}

fn tensors(text: &mut String, tensors: &[TensorSpec]) {
    let name = |tensor: &TensorSpec| excerpt(&tensor.name);
    let width =
        tensors.iter().take(ROWS_MAX).map(|tensor| name(tensor).chars().count()).max().unwrap_or(0).max(6);
    _ = writeln!(text, "\n{:<width$}  usage   type            bytes  shape", "tensor");
    for tensor in tensors.iter().take(ROWS_MAX) {
        let (usage, dtype) = (usage(tensor.usage), tensor.dtype.name());
        _ = writeln!(
            text,
            "{:<width$}  {usage:<6}  {dtype:<8}  {:>11}  {:?}",
            name(tensor),
            tensor.size,
            tensor.shape
        );
    }
    if tensors.len() > ROWS_MAX {
        _ = writeln!(text, "and {} more; --json has all", tensors.len() - ROWS_MAX);
    }
}
