//! A model described in a file in TOML.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sim_core::neff::Dtype;
use toml::{Spanned, Value};

use super::target::TargetName;
use super::tensor::{TensorText, dtype};
use crate::file;

/// What the file may say; every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) name: Option<String>,
    pub(crate) target: Option<TargetName>,
    lnc: Option<Spanned<u32>>,
    #[serde(default)]
    input: Vec<Spanned<Entry>>,
    #[serde(default)]
    output: Vec<Spanned<Entry>>,
    #[serde(default)]
    pub(crate) stats: Numbers,
    /// What the sidecar is to say; its form is that of a binding's kernel.
    pub(crate) kernel: Option<Value>,
    /// Files to attach, by path from the folder of this one.
    #[serde(default)]
    pub(crate) attach: Vec<PathBuf>,
}

/// The work of a run.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    /// Multiplications with addition.
    pub(crate) macs: Option<u64>,
    /// Bytes to and from device memory.
    pub(crate) traffic: Option<u64>,
}

/// One `[[input]]` or `[[output]]`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawEntry")]
struct Entry(TensorText);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    name: String,
    dtype: DtypeName,
    shape: Vec<u64>,
}

/// A type by its name; of its own, so that an error has its line.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct DtypeName(Dtype);

impl TryFrom<String> for DtypeName {
    type Error = anyhow::Error;

    fn try_from(name: String) -> Result<DtypeName> {
        dtype(&name).map(DtypeName)
    }
}

impl TryFrom<RawEntry> for Entry {
    type Error = anyhow::Error;

    fn try_from(raw: RawEntry) -> Result<Entry> {
        TensorText::new(&raw.name, raw.dtype.0, raw.shape).map(Entry)
    }
}

impl Spec {
    /// Reads the file `path`, or stdin if it is `-`; then paths in it start from the current folder.
    ///
    /// # Errors
    /// Its name, and the line and the key that are wrong.
    pub(crate) fn read(path: &Path) -> Result<Spec> {
        let text = String::from_utf8(file::read(path)?)
            .with_context(|| format!("{} is not UTF-8", path.display()))?;
        let mut spec = Spec::parse(&text).with_context(|| format!("{} is no model", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        spec.attach.iter_mut().for_each(|file| *file = folder.join(&*file));
        Ok(spec)
    }

    fn parse(text: &str) -> Result<Spec> {
        let spec: Spec =
            toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.to_string().trim_end()))?;
        let line = |at: usize| text.get(..at).unwrap_or(text).lines().count().max(1);
        if let Some(lnc) = spec.lnc.as_ref().filter(|lnc| !matches!(lnc.get_ref(), 1 | 2)) {
            bail!("line {}: lnc is {}, expected 1 or 2", line(lnc.span().end), lnc.get_ref());
        }
        let mut names = BTreeSet::new();
        for entry in spec.input.iter().chain(&spec.output) {
            let name = &entry.get_ref().0.name;
            if !names.insert(name) {
                bail!(
                    "line {}: the name `{name}` is taken; every input and output needs its own",
                    line(entry.span().end)
                );
            }
        }
        Ok(spec)
    }

    /// Physical cores to a logical one, 1 or 2.
    pub(crate) fn lnc(&self) -> Option<u32> {
        self.lnc.as_ref().map(|lnc| *lnc.get_ref())
    }

    /// The inputs.
    pub(crate) fn inputs(&self) -> Vec<TensorText> {
        self.input.iter().map(|entry| entry.get_ref().0.clone()).collect()
    }

    /// The outputs.
    pub(crate) fn outputs(&self) -> Vec<TensorText> {
        self.output.iter().map(|entry| entry.get_ref().0.clone()).collect()
    }
}

/// The text of a sidecar that says no more than which kernel is to run.
pub(crate) fn sidecar(kernel: Value) -> Result<String> {
    let table = toml::Table::from_iter([("kernel".to_owned(), kernel)]);
    toml::to_string(&table).context("kernel cannot be written as TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_spec_is_read() {
        let spec = Spec::parse(
            "name = \"m\"\ntarget = \"trn2\"\nlnc = 2\nattach = [\"a.bin\"]\nkernel = { use = \"onnx\", file = \"a.onnx\" }\n\
             [stats]\nmacs = 5\n[[input]]\nname = \"x\"\ndtype = \"f16\"\nshape = [2, 3]\n[[output]]\nname = \"y\"\ndtype = \"float32\"\nshape = []\n",
        )
        .expect("valid");
        assert_eq!((spec.name.as_deref(), spec.lnc(), spec.stats.macs), (Some("m"), Some(2), Some(5)));
        assert_eq!(spec.inputs(), ["x:f16[2,3]".parse().expect("valid")]);
        assert_eq!(spec.outputs(), ["y:f32[]".parse().expect("valid")]);
        let sidecar = sidecar(spec.kernel.expect("given")).expect("TOML");
        let table: toml::Table = sidecar.parse().expect("TOML");
        assert_eq!(table["kernel"]["file"].as_str(), Some("a.onnx"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_key() {
        let tensor = |rest: &str| format!("[[input]]\nname = \"x\"\n{rest}");
        let twice = tensor("dtype = \"f16\"\nshape = [1]\n").repeat(2);
        for (text, line, says) in [
            ("nam = \"m\"", "line 1", "nam"),
            ("\ntarget = \"p5\"", "line 2", "p5"),
            ("name = \"m\"\nlnc = 3", "line 2", "lnc is 3"),
            (&tensor("dtype = \"f99\"\nshape = [1]"), "line 3", "f99"),
            (&tensor("dtype = \"f16\"\nshape = [0]"), "line 1", "a dimension of 0"),
            (&tensor("dtype = \"f16\"\nshape = [-1]"), "line 4", "shape"),
            (&tensor("dtype = \"f16\""), "line 1", "shape"),
            (&twice, "line 5", "`x` is taken"),
            ("[stats]\nflops = 1", "line 2", "flops"),
        ] {
            let error = format!("{:#}", Spec::parse(text).expect_err(text));
            assert!(error.contains(line) && error.contains(says), "{text}\n{error}");
        }
    }
}
