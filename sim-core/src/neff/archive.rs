use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::error::{NeffError, excerpt};

/// The bytes with which gzip begins.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes of a path, and of the extensions that may carry one.
const PATH_BYTES_MAX: u64 = 4096;

/// The folder for what is meant for a simulator, which no compiler writes.
pub(super) const ATTACHMENTS: &str = "sim";

/// How much of an archive is read before it is refused with [`NeffError::TooLarge`].
///
/// The runtime has no such limits as far as is known; the defaults are chosen here, far above the models
/// that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, folders and skipped files included.
    pub entries: u64,
    /// Bytes of one file that is kept.
    pub file_bytes: u64,
    /// Bytes of all files that are kept.
    pub kept_bytes: u64,
    /// Bytes of the unpacked archive, whatever the packed one's size.
    pub unpacked_bytes: u64,
    /// How many times larger than the packed archive the unpacked one may be.
    pub unpacked_ratio: u64,
    /// Bytes of the unpacked archive that pass at any ratio: a small model may come with a table of zeros.
    pub unpacked_floor: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            entries: 1 << 16,
            file_bytes: 64 << 20,
            kept_bytes: 256 << 20,
            unpacked_bytes: 16 << 30,
            unpacked_ratio: 100,
            unpacked_floor: 256 << 20,
        }
    }
}

impl Limits {
    /// Unpacked bytes that are read of `packed` ones.
    fn budget(&self, packed: usize) -> u64 {
        let by_ratio = (packed as u64).saturating_mul(self.unpacked_ratio);
        by_ratio.max(self.unpacked_floor).min(self.unpacked_bytes)
    }
}

/// The descriptions in an archive, by their path without a leading `./`.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Unpacks a tar archive, gzip'd or not, to its very end, so that gzip's checksum is seen as well.
    ///
    /// Keeps what [`is_kept`] names. Links and devices are ignored, nothing is ever written to a disk.
    pub(super) fn unpack(data: &[u8], limits: &Limits) -> Result<Files, NeffError> {
        let budget = limits.budget(data.len());
        let plain: Box<dyn Read + '_> =
            if data.starts_with(&GZIP_MAGIC) { Box::new(GzDecoder::new(data)) } else { Box::new(data) };
        let mut reader = Metered { inner: plain, left: budget };
        let unpacked = Unpacking { limits, budget, declared: 0, kept: 0, long_name: None };
        let files = unpacked.run(&mut reader)?;
        io::copy(&mut reader, &mut io::sink()).map_err(|error| unreadable(&error, budget))?;
        Ok(files)
    }

    /// The content of `path`.
    pub(super) fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// The files for a simulator, by name.
    pub(super) fn take_attachments(&mut self) -> BTreeMap<String, Vec<u8>> {
        let named = |path: &str| Some(path.strip_prefix(ATTACHMENTS)?.strip_prefix('/')?.to_owned());
        let (ours, rest) =
            std::mem::take(&mut self.0).into_iter().partition(|(path, _)| named(path).is_some());
        self.0 = rest;
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
        None => {
            matches!(path, "neff.json" | "kelp.json" | "info.json" | "hlo_stats.json")
                || path.strip_prefix("kelf-").and_then(|rest| rest.strip_suffix(".json")).is_some()
        }
        Some((folder, name)) => matches!(name, "def.json" | "tensor_map.json") || folder == ATTACHMENTS,
    }
}

/// `path` without `.` and empty components, refused if it leads outside the archive.
pub(super) fn normalised(path: &str) -> Result<String, NeffError> {
    let refused = path.starts_with('/') || path.split('/').any(|component| component == "..");
    if refused {
        return Err(NeffError::Path(excerpt(path)));
    }
    let components: Vec<&str> = path.split('/').filter(|component| !matches!(*component, "" | ".")).collect();
    Ok(components.join("/"))
}

/// An archive halfway through.
struct Unpacking<'a> {
    limits: &'a Limits,
    budget: u64,
    /// Bytes that the entries so far claim.
    declared: u64,
    /// Bytes kept of them.
    kept: u64,
    /// The name of the next entry, if it did not fit its header.
    long_name: Option<Vec<u8>>,
}

impl Unpacking<'_> {
    fn run(mut self, reader: impl Read) -> Result<Files, NeffError> {
        let budget = self.budget;
        let mut files = Files::default();
        let mut archive = Archive::new(reader);
        // Raw, because the crate would read a long name into memory whatever its size.
        let entries = archive.entries().map_err(|error| unreadable(&error, budget))?.raw(true);
        for (count, entry) in (1..).zip(entries) {
            if count > self.limits.entries {
                return Err(NeffError::TooLarge { what: "entries", limit: self.limits.entries });
            }
            self.entry(entry.map_err(|error| unreadable(&error, budget))?, &mut files)?;
        }
        Ok(files)
    }

    /// Keeps or skips one entry. What it claims counts before it is read, so a lie costs no time.
    fn entry(&mut self, mut entry: Entry<'_, impl Read>, files: &mut Files) -> Result<(), NeffError> {
        self.declared = self.declared.saturating_add(entry.size());
        if self.declared > self.budget {
            return Err(NeffError::TooLarge { what: "unpacked bytes", limit: self.budget });
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = self.content(&mut entry, "bytes in a path", PATH_BYTES_MAX)?;
                self.long_name = Some(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
                return Ok(());
            }
            EntryType::XHeader => {
                let extensions = self.content(&mut entry, "bytes in a path", PATH_BYTES_MAX)?;
                self.long_name = path_extension(&extensions)?.or(self.long_name.take());
                return Ok(());
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(()),
            _ => {}
        }
        let name = self.long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let path = normalised(&String::from_utf8_lossy(&name))?;
        if entry.header().entry_type().is_file() && is_kept(&path) {
            self.kept = self.kept.saturating_add(entry.size());
            if self.kept > self.limits.kept_bytes {
                let limit = self.limits.kept_bytes;
                return Err(NeffError::TooLarge { what: "bytes in all descriptions", limit });
            }
            let content = self.content(&mut entry, "bytes in a description", self.limits.file_bytes)?;
            files.0.insert(path, content);
        }
        Ok(())
    }

    /// All of an entry, if it is no larger than `limit` and as large as it claims.
    fn content<R: Read>(
        &self,
        entry: &mut Entry<'_, R>,
        what: &'static str,
        limit: u64,
    ) -> Result<Vec<u8>, NeffError> {
        if entry.size() > limit {
            return Err(NeffError::TooLarge { what, limit });
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| unreadable(&error, self.budget))?;
        if content.len() as u64 != entry.size() {
            return Err(NeffError::Archive("it ends inside an entry".to_owned()));
        }
        Ok(content)
    }
}

/// The path in the extensions of an entry, if there is one.
///
/// A size there would replace that of the header; no archive that passes the limits needs one.
fn path_extension(extensions: &[u8]) -> Result<Option<Vec<u8>>, NeffError> {
    let mut path = None;
    for extension in PaxExtensions::new(extensions) {
        let extension = extension.map_err(|error| NeffError::Archive(excerpt(&error.to_string())))?;
        match extension.key_bytes() {
            b"path" => path = Some(extension.value_bytes().to_vec()),
            b"size" => return Err(NeffError::Archive("an entry has two sizes".to_owned())),
            _ => {}
        }
    }
    Ok(path)
}

/// What a failure to read means, if at most `budget` bytes could be.
fn unreadable(error: &io::Error, budget: u64) -> NeffError {
    match error.kind() {
        ErrorKind::FileTooLarge => NeffError::TooLarge { what: "unpacked bytes", limit: budget },
        _ => NeffError::Archive(excerpt(&error.to_string())),
    }
}

/// A reader that fails with [`ErrorKind::FileTooLarge`] when there is more than `left`.
struct Metered<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if room == 0 && !buffer.is_empty() {
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(ErrorKind::FileTooLarge.into()),
            };
        }
        let read = self.inner.read(&mut buffer[..room])?;
        self.left -= read as u64;
        Ok(read)
    }
}
