/// How much of an archive is read before it is refused with
/// [`NeffError::TooLarge`](super::NeffError::TooLarge).
///
/// The runtime has no such limits as far as is known; the defaults are chosen here, far above the models
/// that were seen.
///
/// They bound memory as well. Reading takes no more than four times [`kept_bytes`](Limits::kept_bytes) and
/// 64 MiB beside the file itself, 1088 MiB by default, whatever is in the archive: of descriptions that are
/// kept, names may be held three times more, and all lists and tables have a bound of their own. Attachments,
/// the files for a simulator, are held once and never parsed; one may have as many bytes as are kept, and its
/// growing buffer three times as many while it is read. Files that are not kept pass by in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, folders and skipped files included.
    pub entries: u64,
    /// Bytes of one file that is kept; for an attachment [`kept_bytes`](Limits::kept_bytes) counts alone.
    pub file_bytes: u64,
    /// Bytes of all files that are kept; of a listing also those of all paths.
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
    pub(super) fn budget(&self, packed: usize) -> u64 {
        let by_ratio = (packed as u64).saturating_mul(self.unpacked_ratio);
        by_ratio.max(self.unpacked_floor).min(self.unpacked_bytes)
    }
}
