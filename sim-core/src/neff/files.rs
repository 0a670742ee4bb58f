use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::archive::{Item, walk};
use super::error::{NeffError, excerpt};
use super::{ATTACHMENTS, Limits};

/// The descriptions in an archive, by their path without a leading `./`.
#[derive(Debug, Default)]
pub(super) struct Files {
    contents: BTreeMap<String, Vec<u8>>,
    /// Bytes that count for [`Limits::kept_bytes`].
    kept: u64,
}

impl Files {
    /// Unpacks what [`is_kept`] names of the archive `data`.
    pub(super) fn unpack(data: &[u8], limits: &Limits) -> Result<Files, NeffError> {
        let mut files = Files::default();
        walk(data, limits, |mut item| files.take(&mut item, limits))?;
        Ok(files)
    }

    /// Keeps `item` if it is a file that the parser asks for.
    pub(super) fn take(&mut self, item: &mut Item<'_>, limits: &Limits) -> Result<(), NeffError> {
        if item.is_file && is_kept(&item.path) {
            self.count(item.bytes, limits)?;
            let content = item.content("bytes in a description", limits.file_bytes)?;
            self.contents.insert(item.path.clone(), content);
        }
        Ok(())
    }

    /// Counts `bytes` more that are kept.
    pub(super) fn count(&mut self, bytes: u64, limits: &Limits) -> Result<(), NeffError> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > limits.kept_bytes {
            let limit = limits.kept_bytes;
            return Err(NeffError::TooLarge { what: "bytes in all descriptions", limit });
        }
        Ok(())
    }

    /// The content of `path`.
    pub(super) fn get(&self, path: &str) -> Option<&[u8]> {
        self.contents.get(path).map(Vec::as_slice)
    }

    /// Every file that was kept, by rising path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.contents.iter().map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// The files for a simulator, by name.
    pub(super) fn take_attachments(&mut self) -> BTreeMap<String, Vec<u8>> {
        let named = |path: &str| Some(path.strip_prefix(ATTACHMENTS)?.strip_prefix('/')?.to_owned());
        let (ours, rest) =
            std::mem::take(&mut self.contents).into_iter().partition(|(path, _)| named(path).is_some());
        self.contents = rest;
        let ours: BTreeMap<String, Vec<u8>> = ours;
        ours.into_iter().filter_map(|(path, content)| Some((named(&path)?, content))).collect()
    }

    /// The content of `path` as what it describes.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, NeffError> {
        let content = self.get(path).ok_or_else(|| NeffError::MissingFile(excerpt(path)))?;
        serde_json::from_slice(content)
            .map_err(|error| NeffError::Json { file: excerpt(path), reason: excerpt(&error.to_string()) })
    }
}

/// Whether the parser asks for this file.
fn is_kept(path: &str) -> bool {
    match path.rsplit_once('/') {
        None => is_description(path),
        Some((folder, name)) => matches!(name, "def.json" | "tensor_map.json") || folder == ATTACHMENTS,
    }
}

/// Whether this is one of the files at the top that describe the whole model.
pub(super) fn is_description(path: &str) -> bool {
    matches!(path, "neff.json" | "kelp.json" | "info.json" | "hlo_stats.json")
        || path.strip_prefix("kelf-").is_some_and(|rest| rest.ends_with(".json") && !rest.contains('/'))
}
