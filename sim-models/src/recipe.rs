//! From what a user wrote to what a model computes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compute::Compute;
use crate::regular;
use crate::signature::Signature;

/// What is known of the model a recipe is for.
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uuid.
    pub uuid: [u8; 16],
    /// Its inputs and outputs.
    pub signature: &'a Signature,
    /// Where the files are that the recipe names.
    pub files: &'a Files<'a>,
    /// The plug-in that computes ONNX files, if it is known where that is.
    pub onnx_library: Option<&'a Path>,
}

/// Where a recipe's files are.
pub enum Files<'a> {
    /// In a folder: that of the user's bindings. Only a recipe of these may name code to be run.
    Folder(PathBuf),
    /// In a folder: that of a NEFF with the recipe beside it. Both may have come together, from anybody.
    Beside(PathBuf),
    /// In the NEFF that the recipe came with, by name.
    Archive(&'a BTreeMap<String, Vec<u8>>),
}

/// Why a recipe does not do for a model: what is wrong, and what to do. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// A kernel's name and settings, as a user writes them.
pub trait Recipe {
    /// What it computes for `subject`.
    ///
    /// # Errors
    /// What does not fit: a tensor's type or shape, a name, a file.
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal>;
}

impl Files<'_> {
    /// The content of `name`.
    ///
    /// # Errors
    /// Where it was looked for, and why it cannot be read: it is not there, say, or no regular file.
    pub fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Refusal> {
        match self {
            Files::Folder(folder) | Files::Beside(folder) => {
                let path = folder.join(name);
                let bytes = regular::read(&path).map(Cow::Owned);
                bytes.map_err(|error| Refusal(format!("{} cannot be read: {error}", path.display())))
            }
            Files::Archive(files) => {
                files.get(name).map(|bytes| Cow::Borrowed(&bytes[..])).ok_or_else(|| {
                    let has = files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    Refusal(format!("the NEFF has no file {name:?} in its folder sim; it has {has}"))
                })
            }
        }
    }
}
