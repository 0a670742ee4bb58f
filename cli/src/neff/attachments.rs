//! The files that a NEFF carries for the simulator, in its folder `sim`.

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use sim_core::neff::{Limits, NeffError};
use sim_models::bindings::Sidecar;
use sim_models::models::{SIDECAR, one_line};
use toml::Value;

use super::build::Options;
use super::spec::{Spec, sidecar};
use crate::file;
use crate::summary::size;

/// The attachment that `--onnx` makes.
pub(super) const ONNX: &str = "model.onnx";

/// What to do with files that are too large for a NEFF.
const ADVICE: &str = "That limit is the simulator's, not the runtime's. A bindings file takes larger files: build the NEFF \
                      without them, with --input and --output, and name them there (see docs/models.md)";

/// All files for the folder sim, by name.
///
/// # Errors
/// Which flag or key is wrong, or which file cannot be read, or that they are too large.
pub(super) fn all(options: &Options, spec: &Spec) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, content: Vec<u8>| {
        ensure!(files.iter().all(|(other, _)| other != name), "two files would be sim/{name} in the NEFF");
        files.push((name.to_owned(), content));
        Ok(())
    };
    let text = match (&options.op, &options.sidecar, &options.onnx, &spec.kernel) {
        (Some(op), ..) => Some(of_op(op)?.into_bytes()),
        (_, Some(path), ..) => {
            let content = file::read(path)?;
            let text = str::from_utf8(&content).with_context(|| format!("{} is not text", path.display()))?;
            let parsed = Sidecar::parse(text);
            parsed.map_err(|error| anyhow!("{}: {}", path.display(), one_line(&error)))?;
            Some(content)
        }
        (_, _, Some(path), _) => {
            add(ONNX, file::read(path)?)?;
            let kernel = [("use", "onnx"), ("file", ONNX)];
            let kernel = kernel.map(|(key, value)| (key.to_owned(), Value::from(value)));
            Some(sidecar(Value::Table(kernel.into_iter().collect()))?.into_bytes())
        }
        (.., Some(kernel)) => Some(sidecar(kernel.clone())?.into_bytes()),
        _ => None,
    };
    if let Some(text) = text {
        add(SIDECAR, text)?;
    }
    for path in spec.attach.iter().chain(&options.attach) {
        let name = path.file_name().and_then(|name| name.to_str());
        add(name.with_context(|| format!("{} has no plain file name", path.display()))?, file::read(path)?)?;
    }
    check_room(&files)?;
    Ok(files)
}

/// The sidecar that `--op` makes.
///
/// # Errors
/// There is no such kernel, or it has settings that must be given.
fn of_op(op: &str) -> Result<String> {
    let text = sidecar(Value::from(op))?;
    let Err(error) = Sidecar::parse(&text) else { return Ok(text) };
    let message = error.message();
    if let Some((_, known)) = message.split_once("expected one of ") {
        bail!("--op: there is no kernel `{op}`; there are {known}");
    }
    bail!(
        "--op {op}: {message}. It needs settings: give them in a file with --sidecar, or in SPEC.toml, such as \
         kernel = {{ use = \"reduce\", operation = \"sum\" }}; an ONNX model has --onnx"
    )
}

/// Bytes of all ONNX models among `files`.
pub(super) fn onnx_bytes(files: &[(String, Vec<u8>)]) -> u64 {
    let models = files.iter().filter(|(name, _)| name.ends_with(".onnx"));
    models.fold(0, |sum, (_, content)| sum.saturating_add(content.len() as u64))
}

/// Whether a NEFF can carry `files`: before they are packed, which takes its time.
fn check_room(files: &[(String, Vec<u8>)]) -> Result<()> {
    let bytes = files.iter().fold(0, |sum: u64, (_, content)| sum.saturating_add(content.len() as u64));
    let limit = Limits::default().kept_bytes;
    ensure!(
        bytes <= limit,
        "the files for the NEFF have {bytes} bytes, and it can carry {limit} ({}). {ADVICE}",
        size(limit)
    );
    Ok(())
}

/// Why a NEFF that was just made cannot be read, and what to do.
pub(super) fn explained(error: NeffError) -> Error {
    let advice = match error {
        NeffError::TooLarge { .. } => ADVICE,
        _ => "no runtime would load this",
    };
    Error::new(error).context(advice)
}

#[cfg(test)]
mod tests {
    use super::{check_room, of_op};

    #[test]
    fn a_kernel_that_a_name_is_not_enough_for_is_told_how_to_be_asked_for() {
        assert_eq!(of_op("relu").expect("it has no settings"), "kernel = \"relu\"\n");
        let said = of_op("frob").expect_err("no such kernel").to_string();
        assert!(said.starts_with("--op: there is no kernel `frob`; there are `mix`, `zeros`"), "{said}");
        let said = of_op("reduce").expect_err("which operation?").to_string();
        assert!(
            said.starts_with("--op reduce: missing field `operation`") && said.contains("--sidecar"),
            "{said}"
        );
    }

    #[test]
    fn a_large_network_fits_and_one_that_does_not_is_told_where_it_would() {
        let files = |bytes: usize| [("model.onnx".to_owned(), vec![0; bytes]), ("b".to_owned(), vec![0; 1])];
        check_room(&files(100 << 20)).expect("below the limit");
        let said = check_room(&files(256 << 20)).expect_err("a byte too large").to_string();
        assert!(said.contains("256 MiB") && said.contains("simulator's"), "{said}");
        assert!(said.contains("bindings file"), "{said}");
    }
}
