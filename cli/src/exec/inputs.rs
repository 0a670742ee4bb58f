use std::borrow::Cow;

use anyhow::Result;
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
    /// The numbers of the runs, rising. There may be more than memory could hold.
    pub(super) fn runs(&self) -> impl Iterator<Item = u64> {
        let (recorded, random) = match self {
            Inputs::File(runs) => (Some(runs.keys().copied()), 0..0),
            Inputs::Random { runs, .. } => (None, 0..*runs),
        };
        recorded.into_iter().flatten().chain(random)
    }

    /// The inputs of one of them.
    ///
    /// # Errors
    /// There is no memory for them.
    pub(super) fn of_run(&self, run: u64) -> Result<Vec<Cow<'a, [u8]>>> {
        match self {
            Inputs::File(runs) => Ok(runs[&run].iter().map(|view| Cow::Borrowed(view.data())).collect()),
            Inputs::Random { specs, seed, .. } => {
                specs.iter().map(|spec| Ok(Cow::Owned(random::bytes(spec, *seed, run)?))).collect()
            }
        }
    }
}
