use std::io::{self, ErrorKind, Read};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::Limits;
use super::error::{NeffError, excerpt};

/// The bytes with which gzip begins.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes of a path, and of the extensions that may carry one.
const PATH_BYTES_MAX: u64 = 4096;

/// One entry of an archive, while it is being read.
pub(super) struct Item<'a> {
    /// Where it would be, without a leading `./`.
    pub(super) path: String,
    /// Whether it is a regular file: no folder, link or device.
    pub(super) is_file: bool,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
    /// How many it claims to have.
    pub(super) bytes: u64,
    /// Those bytes, or fewer if the archive is cut short.
    pub(super) reader: &'a mut dyn Read,
    budget: u64,
}

impl Item<'_> {
    /// All of it, if it is no larger than `limit` and as large as it claims.
    pub(super) fn content(&mut self, what: &'static str, limit: u64) -> Result<Vec<u8>, NeffError> {
        content(&mut *self.reader, self.bytes, (what, limit), self.budget)
    }
}

/// Hands every entry of a tar archive, gzip'd or not, to `visit`, in its order. Reads to the very end, so that
/// gzip's checksum is seen as well. What `visit` does not read is skipped; nothing is ever written to a disk.
///
/// # Errors
/// A damaged archive, a path that leads out of it, one of the `limits`, or the first error of `visit`.
pub(super) fn walk<E: From<NeffError>>(
    data: &[u8],
    limits: &Limits,
    visit: impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let budget = limits.budget(data.len());
    let plain: Box<dyn Read + '_> =
        if data.starts_with(&GZIP_MAGIC) { Box::new(GzDecoder::new(data)) } else { Box::new(data) };
    let mut reader = Metered { inner: plain, left: budget };
    Walk { limits, budget, declared: 0, long_name: None, visit }.run(&mut reader)?;
    io::copy(&mut reader, &mut io::sink()).map_err(|error| unreadable(&error, budget))?;
    Ok(())
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
struct Walk<'a, V> {
    limits: &'a Limits,
    budget: u64,
    /// Bytes that the entries so far claim.
    declared: u64,
    /// The name of the next entry, if it did not fit its header.
    long_name: Option<Vec<u8>>,
    visit: V,
}

impl<E: From<NeffError>, V: FnMut(Item<'_>) -> Result<(), E>> Walk<'_, V> {
    fn run(mut self, reader: impl Read) -> Result<(), E> {
        let budget = self.budget;
        let mut archive = Archive::new(reader);
        // Raw, because the crate would read a long name into memory whatever its size.
        let entries = archive.entries().map_err(|error| unreadable(&error, budget))?.raw(true);
        for (count, entry) in (1..).zip(entries) {
            if count > self.limits.entries {
                return Err(NeffError::TooLarge { what: "entries", limit: self.limits.entries }.into());
            }
            self.entry(entry.map_err(|error| unreadable(&error, budget))?)?;
        }
        Ok(())
    }

    /// Visits one entry. What it claims counts before it is read, so a lie costs no time.
    fn entry(&mut self, mut entry: Entry<'_, impl Read>) -> Result<(), E> {
        let (bytes, kind) = (entry.size(), entry.header().entry_type());
        self.declared = self.declared.saturating_add(bytes);
        if self.declared > self.budget {
            return Err(NeffError::TooLarge { what: "unpacked bytes", limit: self.budget }.into());
        }
        let path_limit = ("bytes in a path", PATH_BYTES_MAX);
        match kind {
            EntryType::GNULongName => {
                let name = content(&mut entry, bytes, path_limit, self.budget)?;
                self.long_name = Some(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
                return Ok(());
            }
            EntryType::XHeader => {
                let extensions = content(&mut entry, bytes, path_limit, self.budget)?;
                self.long_name = path_extension(&extensions)?.or(self.long_name.take());
                return Ok(());
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(()),
            _ => {}
        }
        let name = self.long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let path = normalised(&String::from_utf8_lossy(&name))?;
        let (is_file, is_folder) = (kind.is_file() && !name.ends_with(b"/"), kind.is_dir());
        (self.visit)(Item { path, is_file, is_folder, bytes, reader: &mut entry, budget: self.budget })
    }
}

/// All of an entry of `bytes` bytes, if it is no larger than the limit of what it holds.
fn content(
    mut reader: impl Read,
    bytes: u64,
    (what, limit): (&'static str, u64),
    budget: u64,
) -> Result<Vec<u8>, NeffError> {
    if bytes > limit {
        return Err(NeffError::TooLarge { what, limit });
    }
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| unreadable(&error, budget))?;
    if content.len() as u64 != bytes {
        return Err(NeffError::Archive("it ends inside an entry".to_owned()));
    }
    Ok(content)
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
