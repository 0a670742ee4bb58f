//! Networks in ONNX files, computed by the plug-in `sim-onnx`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::compute::Compute;
use crate::plugin;
use crate::recipe::{Recipe, Refusal, Subject};

/// The file of the plug-in that computes networks.
pub const LIBRARY: &str = "libnrt_sim_onnx.so";

/// A network in an ONNX file: `{ use = "onnx", file = "model.onnx" }`.
///
/// Tensors of the NEFF and of the network belong together if they have the same name, or if `inputs` or
/// `outputs` say so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onnx {
    /// The ONNX file, with all weights inside: beside the file that this stands in, or in the same NEFF.
    pub file: String,
    /// Names of inputs in the network, by their names in the NEFF.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Names of outputs in the network, by their names in the NEFF.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// Threads that compute it, at least 1; as many as there are CPUs if not given.
    pub threads: Option<u32>,
}

impl Recipe for Onnx {
    /// Loads the plug-in from [`Subject::onnx_library`], and has it load the network.
    ///
    /// # Errors
    /// There is no plug-in; the file is missing or damaged; the network needs an operator that the plug-in lacks, or
    /// does not fit the NEFF's tensors.
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let network = subject.files.read(&self.file)?;
        let library = subject.onnx_library.filter(|path| path.is_file()).ok_or_else(|| {
            let place = subject.onnx_library.map_or_else(
                || "the simulator was not told where it is".to_owned(),
                |path| format!("there is no {}", path.display()),
            );
            Refusal(format!(
                "ONNX files need the plug-in {LIBRARY}, but {place}: build it with `cargo build -p sim-onnx`, \
                 and set NRT_SIM_ONNX_LIB to its path unless it is beside libnrt.so"
            ))
        })?;
        plugin::prepare(library, subject, &self.options(), Some(&network))
            .map_err(|Refusal(reason)| Refusal(format!("{:?}: {reason}", self.file)))
    }
}

impl Onnx {
    /// The same for the plug-in.
    fn options(&self) -> BTreeMap<String, String> {
        let side = |side: &'static str, names: &BTreeMap<String, String>| {
            names.iter().map(|(neff, onnx)| (format!("{side}.{neff}"), onnx.clone())).collect::<Vec<_>>()
        };
        let threads = self.threads.map(|threads| ("threads".to_owned(), threads.to_string()));
        [side("input", &self.inputs), side("output", &self.outputs)]
            .concat()
            .into_iter()
            .chain(threads)
            .collect()
    }
}
