use std::collections::{BTreeMap, BTreeSet};

use safetensors::tensor::TensorView;

use super::key::Key;
use super::layout::{ENTRY, Model, Origin, digest, stored};
use super::recorded::Recorded;
use crate::recipe::Refusal;
use crate::signature::Signature;

/// A golden file in the making: what an older file holds, and what is added.
#[derive(Debug)]
pub struct Recording {
    signature: Signature,
    origin: Origin,
    older: Option<Recorded>,
    added: BTreeMap<Key, Vec<Vec<u8>>>,
}

/// What became of outputs that were to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// There were none for these inputs.
    New,
    /// There were the same already.
    Same,
    /// There were others, and the new ones are kept: the model is not deterministic. The outputs that differ.
    Changed(Vec<String>),
}

impl Recording {
    /// A file for `model` that holds nothing yet.
    pub fn new(model: &Model<'_>) -> Recording {
        Recording {
            signature: model.signature.clone(),
            origin: Origin::new(model),
            older: None,
            added: BTreeMap::new(),
        }
    }

    /// What the file with these `bytes` holds, to be extended by `model`.
    ///
    /// # Errors
    /// When it is not sound, or holds recordings of another model. The file's name is for the caller to add.
    pub fn extending(bytes: Vec<u8>, model: &Model<'_>) -> Result<Recording, Refusal> {
        let older = Recorded::read(bytes, model.signature)?;
        let ours = Origin::new(model);
        // A file that does not say which model it is of was made by hand, for any of this signature.
        if !older.origin.uuid.is_empty() && older.origin.uuid != ours.uuid {
            return Err(Refusal(format!(
                "it holds recordings of {:?} with uuid {}, and this is {:?} with uuid {}: record to another file, or \
                 remove this one if the model was compiled anew",
                older.origin.name, older.origin.uuid, ours.name, ours.uuid
            )));
        }
        let origin = Origin { recorded_with: older.origin.recorded_with.clone(), ..ours };
        Ok(Recording { origin, older: Some(older), ..Recording::new(model) })
    }

    /// Records that `inputs` gave `outputs` in a run by `library`, its version say. Both are in the order
    /// of the signature, and each tensor is as long as that says.
    pub fn add(&mut self, library: &str, inputs: &[&[u8]], outputs: Vec<Vec<u8>>) -> Added {
        let key = Key::of(&self.signature, inputs);
        let before = self.outputs(key);
        let added = match before {
            None => Added::New,
            Some(before) => {
                let pairs = before.iter().zip(&outputs).zip(&self.signature.outputs);
                let others: Vec<String> = pairs
                    .filter(|((before, now), _)| **before != now.as_slice())
                    .map(|(_, spec)| spec.name.clone())
                    .collect();
                if others.is_empty() { Added::Same } else { Added::Changed(others) }
            }
        };
        if added != Added::Same {
            self.added.insert(key, outputs);
            if !self.origin.recorded_with.iter().any(|known| known == library) {
                self.origin.recorded_with.push(library.to_owned());
            }
        }
        added
    }

    /// The libraries that outputs are known to have come from, as [`Recording::add`] was told.
    pub fn recorded_with(&self) -> &[String] {
        &self.origin.recorded_with
    }

    /// Sets of inputs with recorded outputs.
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the file. The same recordings, added in the same order, give the same bytes.
    ///
    /// # Errors
    /// When safetensors cannot hold them: outputs of a wrong length, or more than 100 MB of names.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let wrong = |error| Refusal(format!("the recordings cannot be stored: {error}"));
        let mut views = Vec::new();
        for key in self.keys() {
            let outputs = self.outputs(key).unwrap_or_default();
            for (spec, bytes) in self.signature.outputs.iter().zip(outputs) {
                let (dtype, shape) = stored(spec);
                let view = TensorView::new(dtype, shape, bytes);
                views.push((key.name(&spec.name), view.map_err(|error| wrong(error.to_string()))?));
            }
        }
        let all = self.keys();
        let outputs = all.iter().flat_map(|&key| self.outputs(key).unwrap_or_default());
        let origin = Origin { digest: Some(digest(outputs)), ..self.origin.clone() };
        let origin = serde_json::to_string(&origin).map_err(|error| wrong(error.to_string()))?;
        let metadata = [(ENTRY.to_owned(), origin)].into_iter().collect();
        safetensors::serialize(views, Some(metadata)).map_err(|error| wrong(error.to_string()))
    }

    fn keys(&self) -> BTreeSet<Key> {
        self.older.iter().flat_map(Recorded::keys).chain(self.added.keys().copied()).collect()
    }

    /// The outputs with `key`, the newest if there were several.
    fn outputs(&self, key: Key) -> Option<Vec<&[u8]>> {
        if let Some(outputs) = self.added.get(&key) {
            return Some(outputs.iter().map(Vec::as_slice).collect());
        }
        Some(self.older.as_ref()?.get(key)?.collect())
    }
}
