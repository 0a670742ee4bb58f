//! What looks wrong in a NEFF. None of it but what a gate refuses keeps a model from loading.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use sim_core::neff::{Contents, Dtype, FEATURE_LNC, FEATURES_KNOWN, Header, Neff, NeffError, TensorSpec};

use super::inspect::Inspection;

/// Of each kind, so many are named.
const NAMED_MAX: usize = 10;

/// Every problem, in one line each.
pub(super) fn of(inspection: &Inspection) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = &inspection.neff {
        problems.push(format!("no runtime reads this: {error}"));
    }
    if let Some(header) = &inspection.header {
        of_header(header, inspection, &mut problems);
    }
    match &inspection.contents {
        Ok(contents) => of_contents(contents, &mut problems),
        Err(error) if inspection.neff.as_ref().err() != Some(error) => problems.push(shown(error)),
        Err(_) => {}
    }
    if let Ok(neff) = &inspection.neff {
        of_model(neff, &mut problems);
    }
    problems
}

fn shown(error: &NeffError) -> String {
    format!("the archive cannot be listed: {error}")
}

fn of_header(header: &Header, inspection: &Inspection, problems: &mut Vec<String>) {
    if inspection.hash_matches == Some(false) {
        problems.push(
            "the hash in the header is not that of the data: the file was changed or damaged".to_owned(),
        );
    }
    let end = header.header_size.saturating_add(header.data_size);
    if inspection.bytes > end {
        problems.push(format!("{} bytes follow the archive; nobody reads them", inspection.bytes - end));
    }
    let unknown = header.feature_bits & !FEATURES_KNOWN;
    if unknown != 0 && inspection.neff.is_ok() {
        problems.push(format!("feature bits {unknown:#x} are unknown"));
    }
    if header.lnc_size > 1 && header.feature_bits & FEATURE_LNC == 0 {
        problems
            .push(format!("the header says LNC {}, but the feature bit of LNC is not set", header.lnc_size));
    }
    let name = inspection.info().name;
    if !name.is_empty() && !header.name.is_empty() && name != header.name {
        let (name, of_header) = (excerpt(&name), excerpt(&header.name));
        problems.push(format!("info.json has the name {name:?}, and the header {of_header:?}, which counts"));
    }
}

fn of_contents(contents: &Contents, problems: &mut Vec<String>) {
    if contents.others > 0 {
        problems.push(format!("{} links or devices are in the archive; nobody reads them", contents.others));
    }
    for (path, reason) in &contents.malformed {
        problems.push(format!("{path} is no JSON: {reason}"));
    }
    for path in ["hlo_stats.json", "info.json"] {
        if contents.bytes_of(path).is_none() {
            problems.push(format!("there is no {path}"));
        }
    }
    let stats = contents.descriptions.get("hlo_stats.json");
    let counts: Counts = stats.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default();
    for (name, number) in [("HloMacCount", counts.macs), ("Traffic", counts.traffic)] {
        if let Some(number) = number.filter(|number| !is_count(number.get())) {
            let number = excerpt(number.get());
            problems.push(format!("hlo_stats.json has {name} {number}, neither -1 for unknown nor a count"));
        }
    }
    let missing = contents.cores.iter().flat_map(|core| core.missing.iter().map(|name| (&core.folder, name)));
    for (folder, name) in missing.take(NAMED_MAX) {
        problems.push(format!("{folder}/def.json names {name:?}, which is not in the archive"));
    }
    for core in contents.cores.iter().filter(|core| !core.has_tensor_map).take(NAMED_MAX) {
        problems.push(format!("there is no {}/tensor_map.json", core.folder));
    }
}

/// The numbers of `hlo_stats.json` that are read, as they stand there.
#[derive(Default, Deserialize)]
struct Counts {
    #[serde(rename = "HloMacCount")]
    macs: Option<Box<RawValue>>,
    #[serde(rename = "Traffic")]
    traffic: Option<Box<RawValue>>,
}

fn is_count(json: &str) -> bool {
    json == "-1" || json.parse::<u64>().is_ok()
}

fn of_model(neff: &Neff, problems: &mut Vec<String>) {
    if neff.binaries != 1 && neff.binaries != neff.lnc {
        problems.push(format!("{} binaries for LNC {}, expected 1 or as many", neff.binaries, neff.lnc));
    }
    let mut names = BTreeSet::new();
    let mut named = |name: &str, what: String| problems.push(format!("{:?}: {what}", excerpt(name)));
    for tensor in neff.tensors.iter().filter(|tensor| !names.insert(&tensor.name)).take(NAMED_MAX) {
        named(&tensor.name, "both an input and an output have this name".to_owned());
    }
    let wrong = neff.tensors.iter().filter_map(|tensor| Some((tensor, of_tensor(tensor)?)));
    for (tensor, what) in wrong.take(NAMED_MAX) {
        named(&tensor.name, what);
    }
}

fn of_tensor(tensor: &TensorSpec) -> Option<String> {
    let TensorSpec { name, dtype, shape, size, .. } = tensor;
    if name.len() > 255 {
        return Some(format!("a name of {} bytes, C is shown 255 of them", name.len()));
    }
    let Some(element) = dtype.bytes().filter(|_| *dtype != Dtype::Unknown) else {
        return Some("its type is unknown".to_owned());
    };
    if shape.is_empty() && *size != element {
        return Some(format!("no shape is given for its {size} bytes"));
    }
    if let Some(dim) = shape.iter().find(|dim| u32::try_from(**dim).is_err()) {
        return Some(format!("a dimension of {dim}, C is shown 32 bits of it"));
    }
    let expected = shape.iter().try_fold(element, |bytes, dim| bytes.checked_mul(*dim));
    if expected != Some(*size) {
        let expected = expected.map_or("more than 64 bits hold".to_owned(), |bytes| bytes.to_string());
        return Some(format!("{size} bytes, but {} and shape {shape:?} make {expected}", dtype.name()));
    }
    None
}

/// The first 60 characters of `text`, without what a terminal would obey.
pub(super) fn excerpt(text: &str) -> String {
    let shown = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    let mut short: String = text.chars().take(60).map(shown).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}
