//! `nrt-sim neff inspect`: what is in a NEFF.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sim_core::neff::{Contents, Header, Limits, Neff, NeffError, Policy};
use sim_models::hexadecimal::hexadecimal;

use super::{problems, report};
use crate::file;

const INSPECT_HELP: &str = "\
Examples:
  nrt-sim neff inspect model.neff
  nrt-sim neff inspect --json model.neff | jq .tensors

Exit code: 0; 1 if no runtime could read the file, what there is is shown all the same; 125 if there is no file.

Keys of the JSON; a key is null where the file does not say, and later versions only add keys:
  file, bytes, sha256, name, uuid, signature, target, lnc, binaries
  header        pkg_version, header_size, data_size, major, minor, build_version, num_tpb, hash, uuid, name,
                requested_tpb, tpb_per_node, feature_bits, lnc_size
  features      bits (in hexadecimal), lnc, other (bits whose meaning is not public), unknown (that none takes)
  hash          stored, matches
  tensors       list of name, usage (input, output), dtype, shape, bytes
  stats         macs, traffic_bytes
  estimate      instance, lnc, launch_ns, compute_ns, memory_ns, total_ns: how long a run takes there, without jitter
  cores         list of folder, engines (bytes of instructions by engine), files, bytes, tensor_map
  files         list of path, bytes: all of the archive, in its order
  attachments   list of name, bytes: the folder sim
  descriptions  neff.json, info.json, kelf-0.json, hlo_stats.json: as they stand in the archive
  problems      list of texts";

/// Shows what is in a NEFF: header, inputs and outputs, target, sizes, and what looks wrong.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_HELP)]
pub(crate) struct Options {
    /// The NEFF; `-` is stdin.
    file: PathBuf,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// All that can be seen of a file.
#[derive(Debug)]
pub(crate) struct Inspection {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// The header as it stands, if there is room for one.
    pub(crate) header: Option<Header>,
    /// Whether the hash in the header is that of the data, if there is both.
    pub(crate) hash_matches: Option<bool>,
    /// What a runtime makes of it.
    pub(crate) neff: Result<Neff, NeffError>,
    /// What else is in its archive.
    pub(crate) contents: Result<Contents, NeffError>,
    /// What looks wrong.
    pub(crate) problems: Vec<String>,
}

/// What `info.json` says; empty where it does not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) name: String,
    /// The compiler's version.
    pub(super) tool_version: String,
}

impl Inspection {
    /// What `info.json` says, if there is a sound one.
    pub(super) fn info(&self) -> Info {
        let json = self.contents.as_ref().ok().and_then(|contents| contents.descriptions.get("info.json"));
        json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
    }

    /// Looks at the file `bytes`, whatever it is.
    pub(crate) fn of(bytes: &[u8]) -> Inspection {
        let header = Header::as_written(bytes);
        let hash_matches =
            header.as_ref().and_then(|header| Some(header.check_hash(header.data(bytes).ok()?).is_ok()));
        let mut inspection = Inspection {
            bytes: bytes.len() as u64,
            sha256: hexadecimal(&Sha256::digest(bytes)),
            header,
            hash_matches,
            neff: Neff::parse(bytes, &Policy::default()),
            contents: Contents::read(bytes, &Limits::default()),
            problems: Vec::new(),
        };
        inspection.problems = problems::of(&inspection);
        inspection
    }
}

/// Prints it, and returns the exit code.
///
/// # Errors
/// When the file cannot be read, or stdout not be written.
pub(super) fn inspect(options: &Options) -> Result<u8> {
    let inspection = Inspection::of(&file::read(&options.file)?);
    let name = options.file.display().to_string();
    let text = if options.json {
        let mut json = serde_json::to_string_pretty(&report::Json::of(&name, &inspection))?;
        json.push('\n');
        json
    } else {
        report::text(&name, &inspection)
    };
    file::print(text.as_bytes())?;
    Ok(u8::from(inspection.neff.is_err()))
}
