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
}

impl<'a> Recorder<'a> {
    /// Extends the golden file at `path`, or makes a new one, by what `library` computes of the model in
    /// `neff`, which it shows with `signature`.
    ///
    /// # Errors
    /// When the NEFF is not understood, or the file is of another model.
    pub(super) fn open(
        path: &'a Path,
        library: String,
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
        Ok(Recorder { path, library, recording, new: 0 })
    }

    /// Records what run number `run` gave.
    pub(super) fn add(&mut self, run: u64, inputs: &[&[u8]], outputs: Vec<Vec<u8>>) {
        match self.recording.add(&self.library, inputs, outputs) {
            Added::New => self.new += 1,
            Added::Same => {}
            Added::Changed(names) => note(&format!(
                "run {run}: other values of {} were recorded for the same inputs, so the model is not deterministic; \
                 the newer ones are kept",
                names.join(", ")
            )),
        }
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
        say(&format!("{}: {count}, {} new", self.path.display(), self.new));
        Ok(())
    }
}
