use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use sim_core::neff::TensorSpec;
use sim_models::golden::stored;
use sim_models::signature::tensor;

use crate::file;

/// A safetensors file with tensors for one run, or for several: `0/x`, `1/x` and so on.
pub(super) struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// For each run its tensors, in the order of the signature.
pub(super) type Runs<'a> = BTreeMap<u64, Vec<TensorView<'a>>>;

/// Which types a tensor of a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// The model's.
    Same,
    /// Any of numbers.
    Any,
}

impl TensorFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(path: &Path) -> Result<TensorFile> {
        Ok(TensorFile { path: path.to_owned(), bytes: file::read(path)? })
    }

    /// Its tensors for `specs`, all `side`s (inputs or outputs) of a model.
    ///
    /// # Errors
    /// When it is not sound, or names, shapes or types are not those of the model.
    pub(super) fn runs(&self, specs: &[TensorSpec], side: &str, types: Types) -> Result<Runs<'_>> {
        let file = self.path.display();
        let tensors = SafeTensors::deserialize(&self.bytes)
            .with_context(|| format!("{file} is not a sound safetensors file"))?;
        let mut found: BTreeMap<u64, Vec<Option<TensorView<'_>>>> = BTreeMap::new();
        let mut names = tensors.names();
        names.sort_unstable();
        for name in names {
            let Some((run, at)) = place(name, specs) else {
                bail!(
                    "{file}: the tensor {name:?} is no {side} of the model; those are {}. For several runs the names \
                     are 0/NAME, 1/NAME and so on",
                    listed(specs.iter())
                )
            };
            let view = tensors.tensor(name).with_context(|| format!("{file}: cannot read {name:?}"))?;
            self.check(name, &view, &specs[at], side, types)?;
            let found = found.entry(run).or_insert_with(|| vec![None; specs.len()]);
            ensure!(
                found[at].replace(view).is_none(),
                "{file} has {:?} for run {run} twice, the second time as {name:?}; keep one of the two",
                specs[at].name
            );
        }
        if found.is_empty() && specs.is_empty() {
            found.insert(0, Vec::new());
        }
        if found.is_empty() {
            bail!("{file} has no tensors; the model's {side}s are {}", listed(specs.iter()));
        }
        for (run, views) in &found {
            let missing = specs.iter().zip(views).filter(|(_, view)| view.is_none());
            let missing = listed(missing.map(|(spec, _)| spec));
            ensure!(missing.is_empty(), "{file} has no tensor for {missing} in run {run}");
        }
        Ok(found.into_iter().map(|(run, views)| (run, views.into_iter().flatten().collect())).collect())
    }

    fn check(
        &self,
        name: &str,
        view: &TensorView<'_>,
        spec: &TensorSpec,
        side: &str,
        types: Types,
    ) -> Result<()> {
        let (dtype, shape) = stored(spec);
        if view.shape() != shape || types == Types::Same && view.dtype() != dtype {
            bail!(
                "{}: the tensor {name:?} is {} {:?}, but the {side} {} needs {dtype} {shape:?}",
                self.path.display(),
                view.dtype(),
                view.shape(),
                tensor(spec)
            );
        }
        Ok(())
    }
}

/// The run that a tensor called `name` is of, and its place in `specs`.
fn place(name: &str, specs: &[TensorSpec]) -> Option<(u64, usize)> {
    let find = |name: &str| specs.iter().position(|spec| spec.name == name);
    if let Some(at) = find(name) {
        return Some((0, at));
    }
    let (run, name) = name.split_once('/')?;
    Some((run.parse().ok()?, find(name)?))
}

fn listed<'a>(specs: impl Iterator<Item = &'a TensorSpec>) -> String {
    specs.map(tensor).collect::<Vec<_>>().join(", ")
}

/// The bytes of a file with the tensors of `runs`, which are in the order of `specs`: without numbers if it
/// is only one run.
///
/// # Errors
/// When safetensors cannot hold them.
pub(super) fn to_bytes(specs: &[TensorSpec], runs: &BTreeMap<u64, Vec<Vec<u8>>>) -> Result<Vec<u8>> {
    let mut views = Vec::new();
    for (run, tensors) in runs {
        for (spec, bytes) in specs.iter().zip(tensors) {
            let name = if runs.len() == 1 { spec.name.clone() } else { format!("{run}/{}", spec.name) };
            let (dtype, shape) = stored(spec);
            views.push((name, TensorView::new(dtype, shape, bytes)?));
        }
    }
    Ok(safetensors::serialize(views, None)?)
}
