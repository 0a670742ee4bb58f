use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use sim_core::neff::{Neff, NeffError};
use sim_models::golden::{Added, Model, Recording};
use sim_models::signature::Signature;

use super::run::say;
use crate::file;
use crate::note;

/// A golden file that is being made.
pub(super) struct Recorder<'a> {
    path: &'a Path,
    /// What the outputs come from.
    library: String,
    recording: Recording,
    new: usize,
    replaced: usize,
}

/// What follows the version of the simulated library in a golden file.
const SIMULATED: &str = ", simulated";

impl<'a> Recorder<'a> {
    /// Extends the golden file at `path`, or makes a new one, by what the library of this `version` computes of
    /// the model in `neff`, which it shows with `signature`.
    ///
    /// # Errors
    /// When the NEFF is not understood, the file is of another model, or what is simulated would come among
    /// what may have been recorded on hardware.
    pub(super) fn open(
        path: &'a Path,
        version: String,
        is_simulated: bool,
        neff: &Result<Neff, NeffError>,
        signature: &Signature,
    ) -> Result<Recorder<'a>> {
        let neff = neff.as_ref().map_err(Clone::clone);
        let neff = neff.context("nothing can be recorded of a NEFF that is not understood")?;
        let ours = Signature::of(&neff.tensors);
        ensure!(
            ours == *signature,
            "the library takes the NEFF for {signature}, and nrt-sim for {ours}: what was recorded would not be found \
             again. Please report this"
        );
        let model = Model { name: &neff.name, uuid: neff.header.uuid, signature };
        let recording = if path.exists() {
            let older = Recording::extending(file::read(path)?, &model);
            older.map_err(|refusal| anyhow!("{}: {refusal}", path.display()))?
        } else {
            Recording::new(&model)
        };
        let are_simulated = !recording.recorded_with().is_empty()
            && recording.recorded_with().iter().all(|library| library.ends_with(SIMULATED));
        ensure!(
            !is_simulated || recording.is_empty() || are_simulated,
            "{} holds outputs of {}, and simulated ones would take their place: record to another file, or name \
             the real library with --lib",
            path.display(),
            match recording.recorded_with() {
                [] => "a library that it does not name".to_owned(),
                libraries => libraries.join("; "),
            }
        );
        let library = if is_simulated { version + SIMULATED } else { version };
        Ok(Recorder { path, library, recording, new: 0, replaced: 0 })
    }

    /// Records what run number `run` gave.
    pub(super) fn add(&mut self, run: u64, inputs: &[&[u8]], outputs: Vec<Vec<u8>>) {
        match self.recording.add(&self.library, inputs, outputs) {
            Added::New => self.new += 1,
            Added::Same => {}
            Added::Changed(names) => {
                self.replaced += 1;
                note(&format!(
                    "run {run}: other values of {} were recorded for the same inputs, so the model is not deterministic; \
                     the newer ones are kept",
                    names.join(", ")
                ));
            }
        }
    }

    /// Whether there is anything to write that the file does not hold.
    pub(super) fn has_changed(&self) -> bool {
        self.new + self.replaced > 0
    }

    /// Writes the file, and says how much is in it now.
    ///
    /// # Errors
    /// When the recordings cannot be stored, or the system refuses the file.
    pub(super) fn save(self) -> Result<()> {
        let bytes = self.recording.to_bytes().map_err(|refusal| anyhow!("{refusal}"))?;
        file::replace(self.path, &bytes)?;
        let count = match self.recording.len() {
            1 => "1 recording".to_owned(),
            count => format!("{count} recordings"),
        };
        say(&format!("{}: {count}, {} new, {} replaced", self.path.display(), self.new, self.replaced));
        Ok(())
    }
}
