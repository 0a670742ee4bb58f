//! Kernels in shared libraries of the user: `include/nrt_sim/kernel.h`.

pub mod abi;
mod description;
mod kernel;
mod library;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::compute::Compute;
use crate::recipe::{Files, Recipe, Refusal, Subject};
use kernel::PluginKernel;

/// A kernel that a shared library computes: `{ use = "plugin", library = "libscale.so" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// The library's path, relative to the folder of the file that this stands in.
    pub library: String,
    /// A file whose content the plug-in is given.
    pub data: Option<String>,
    /// Settings that the plug-in is given.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

impl Recipe for Plugin {
    /// Opens the library, which runs what code it has for that, and has it make the kernel.
    ///
    /// # Errors
    /// The entry came with a NEFF, inside or beside it: code is run when the user's bindings name it, never
    /// since a file does that may have come from elsewhere. Or the library is missing, cut short, or built for
    /// another version; or it refuses the model.
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let Files::Folder(folder) = subject.files else {
            return Err(Refusal(format!(
                "neither a NEFF nor a file beside it may name a plug-in, as it does {:?}: name it in a bindings file",
                self.library
            )));
        };
        let data = self.data.as_deref().map(|name| subject.files.read(name)).transpose()?;
        prepare(&folder.join(&self.library), subject, &self.options, data.as_deref())
    }
}

/// What the plug-in at `library` computes for `subject`.
pub(crate) fn prepare(
    library: &Path,
    subject: &Subject<'_>,
    options: &BTreeMap<String, String>,
    data: Option<&[u8]>,
) -> Result<Box<dyn Compute>, Refusal> {
    let functions = library::open(library)?;
    Ok(Box::new(PluginKernel::create(functions, subject, options, data)?))
}
