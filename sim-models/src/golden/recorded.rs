use std::collections::BTreeMap;
use std::ops::Range;

use safetensors::SafeTensors;
use safetensors::tensor::TensorInfo;
use sim_core::neff::TensorSpec;

use super::key::Key;
use super::layout::{ENTRY, Origin, digest, shown, stored};
use crate::recipe::Refusal;
use crate::signature::{Signature, tensor};

/// How a file begins that git keeps elsewhere.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// The recordings in a file: its bytes, once, and where in them the outputs are.
#[derive(Debug)]
pub(super) struct Recorded {
    bytes: Vec<u8>,
    pub(super) origin: Origin,
    /// For each recording where its outputs are, in the order of the signature.
    places: BTreeMap<Key, Vec<Range<usize>>>,
}

impl Recorded {
    /// The recordings in `bytes`, a file of outputs of a model with `signature`.
    ///
    /// # Errors
    /// What is wrong with the file, whose name the caller knows, and what to do.
    pub(super) fn read(bytes: Vec<u8>, signature: &Signature) -> Result<Recorded, Refusal> {
        if bytes.starts_with(LFS_POINTER) {
            return Err(Refusal(
                "it is a pointer to a file that git keeps elsewhere: run `git lfs pull`".into(),
            ));
        }
        let (header_bytes, header) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let advice = "copy it again if it was cut short, or record the outputs anew";
            Refusal(format!("it is not a sound safetensors file ({error}): {advice}"))
        })?;
        let entry = header.metadata().as_ref().and_then(|metadata| metadata.get(ENTRY)).ok_or_else(|| {
            let advice = "give a file that `nrt-sim neff run MODEL.neff --record FILE` wrote";
            Refusal(format!("it has no metadata {ENTRY}, so it holds no recordings: {advice}"))
        })?;
        let origin = Origin::read(entry, signature)?;
        let begin = size_of::<u64>() + header_bytes;
        let tensors: BTreeMap<String, &TensorInfo> = header.tensors().into_iter().collect();
        let places = places(&tensors, &signature.outputs, begin)?;
        let outputs = places.values().flatten().map(|place| &bytes[place.clone()]);
        if origin.digest.as_ref().is_some_and(|expected| *expected != digest(outputs)) {
            return Err(Refusal(
                "it is damaged: its outputs are not those that were recorded (see digest in its metadata); copy it \
                 again, or record the outputs anew"
                    .into(),
            ));
        }
        Ok(Recorded { bytes, origin, places })
    }

    /// The outputs of the recording with `key`, in the order of the signature.
    pub(super) fn get(&self, key: Key) -> Option<impl Iterator<Item = &[u8]>> {
        let places = self.places.get(&key)?;
        Some(places.iter().map(|place| &self.bytes[place.clone()]))
    }

    /// The keys of all recordings.
    pub(super) fn keys(&self) -> impl ExactSizeIterator<Item = Key> {
        self.places.keys().copied()
    }
}

/// Where the outputs of each recording are, in a file whose tensors begin at `begin`.
fn places(
    tensors: &BTreeMap<String, &TensorInfo>,
    outputs: &[TensorSpec],
    begin: usize,
) -> Result<BTreeMap<Key, Vec<Range<usize>>>, Refusal> {
    let order: BTreeMap<&str, usize> =
        (0..).zip(outputs).map(|(at, spec)| (spec.name.as_str(), at)).collect();
    let mut found: BTreeMap<Key, Vec<Option<Range<usize>>>> = BTreeMap::new();
    for (name, info) in tensors {
        let (key, output) = Key::of_name(name).ok_or_else(|| {
            Refusal(format!("its tensor {name:?} is not called <hash of the inputs>/<output>: remove it"))
        })?;
        let &at = order.get(output).ok_or_else(|| {
            Refusal(format!("its tensor {name:?} is of no output of the model: record the outputs anew"))
        })?;
        let (dtype, shape) = stored(&outputs[at]);
        if (info.dtype, &info.shape) != (dtype, &shape) {
            return Err(Refusal(format!(
                "its tensor {name:?} is {}, but the output {} is stored as {}: record the outputs anew",
                shown(info.dtype, &info.shape),
                tensor(&outputs[at]),
                shown(dtype, &shape)
            )));
        }
        let (from, to) = info.data_offsets;
        found.entry(key).or_insert_with(|| vec![None; outputs.len()])[at] = Some(begin + from..begin + to);
    }
    found.into_iter().map(|(key, places)| Ok((key, complete(key, places, outputs)?))).collect()
}

/// The places of all outputs, if there are all.
fn complete(
    key: Key,
    places: Vec<Option<Range<usize>>>,
    outputs: &[TensorSpec],
) -> Result<Vec<Range<usize>>, Refusal> {
    let missing: Vec<&str> = places
        .iter()
        .zip(outputs)
        .filter(|(place, _)| place.is_none())
        .map(|(_, spec)| spec.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(places.into_iter().flatten().collect());
    }
    Err(Refusal(format!("its recording {key} lacks {}: record the outputs anew", missing.join(", "))))
}
