use std::borrow::Cow;

use sim_core::neff::TensorSpec;

use super::random;
use super::tensor_file::Runs;

/// Where inputs come from.
pub(super) enum Inputs<'a> {
    /// A file.
    File(Runs<'a>),
    /// A seed, for so many runs of a model with these inputs.
    Random { specs: &'a [TensorSpec], runs: u64, seed: u64 },
}

impl<'a> Inputs<'a> {
    /// The numbers of the runs, rising.
    pub(super) fn runs(&self) -> Vec<u64> {
        match self {
            Inputs::File(runs) => runs.keys().copied().collect(),
            Inputs::Random { runs, .. } => (0..*runs).collect(),
        }
    }

    /// The inputs of one of them.
    pub(super) fn of_run(&self, run: u64) -> Vec<Cow<'a, [u8]>> {
        match self {
            Inputs::File(runs) => runs[&run].iter().map(|view| Cow::Borrowed(view.data())).collect(),
            Inputs::Random { specs, seed, .. } => {
                specs.iter().map(|spec| Cow::Owned(random::bytes(spec, *seed, run))).collect()
            }
        }
    }
}
