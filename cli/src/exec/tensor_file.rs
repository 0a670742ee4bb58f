use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use sim_core::neff::TensorSpec;
use sim_models::golden::stored;
use sim_models::signature::tensor;

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
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(TensorFile { path: path.to_owned(), bytes })
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
            found.entry(run).or_insert_with(|| vec![None; specs.len()])[at] = Some(view);
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

/// Writes `bytes` to `path`: at any time, it is the old file or the whole new one.
///
/// # Errors
/// What the system refuses.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays, and leads to the new file.
    let path = path.canonicalize().or_else(|_| std::path::absolute(path))?;
    if path.exists() && !path.is_file() {
        return fs::write(path, bytes); // a device or a pipe is not to be replaced by a file
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut builder = tempfile::Builder::new();
    // What the umask leaves of it, as for any file; a temporary file is its owner's alone by default.
    let mut file = builder.permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::replace;

    #[test]
    fn a_file_is_replaced_and_what_is_no_file_is_written_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        symlink(&file, &link).expect("writable");
        for content in ["first", "second"] {
            replace(&file, content.as_bytes()).expect("writable");
            assert_eq!(fs::read_to_string(&link).expect("it leads there"), content);
        }
        replace(&link, b"third").expect("writable");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("written through the link"), "third");
        let mode = |path| fs::metadata(path).expect("it is there").permissions().mode();
        let plain = folder.path().join("plain");
        fs::write(&plain, "").expect("writable");
        assert_eq!(mode(&file), mode(&plain), "others may read it if they may read any file");
        replace(Path::new("/dev/null"), b"nothing").expect("a device");
        assert!(!Path::new("/dev/null").is_file());
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 3, "nothing else is left");
    }
}
