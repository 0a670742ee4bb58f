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
            let content = if is_attachment(&item.path) {
                self.count("bytes in descriptions and attachments", item.bytes, limits)?;
                item.content("bytes in an attachment", limits.kept_bytes)?
            } else {
                self.count("bytes in all descriptions", item.bytes, limits)?;
                item.content("bytes in a description", limits.file_bytes)?
            };
            self.contents.insert(item.path.clone(), content);
        }
        Ok(())
    }

    /// Counts `bytes` more that are kept; `what` a refusal says there is too much of.
    pub(super) fn count(&mut self, what: &'static str, bytes: u64, limits: &Limits) -> Result<(), NeffError> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > limits.kept_bytes {
            return Err(NeffError::TooLarge { what, limit: limits.kept_bytes });
        }
        Ok(())
    }

    /// The content of `path`, unless it is an attachment, which nobody parses.
    pub(super) fn get(&self, path: &str) -> Option<&[u8]> {
        self.contents.get(path).filter(|_| !is_attachment(path)).map(Vec::as_slice)
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
        Some((_, name)) => matches!(name, "def.json" | "tensor_map.json") || is_attachment(path),
    }
}

/// Whether this is a file for a simulator. Nobody parses it here, so it may be as large as all that is kept.
fn is_attachment(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| folder == ATTACHMENTS)
}

/// Whether this is one of the files at the top that describe the whole model.
pub(super) fn is_description(path: &str) -> bool {
    matches!(path, "neff.json" | "kelp.json" | "info.json" | "hlo_stats.json")
        || path.strip_prefix("kelf-").is_some_and(|rest| rest.ends_with(".json") && !rest.contains('/'))
}
