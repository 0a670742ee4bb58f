use thiserror::Error;

use super::{Arch, Target};
use crate::status::Status;

/// Why a NEFF is refused: one variant for each gate, in the order in which the runtime asks.
///
/// The text of each is meant for the log. Whatever it quotes from the file is cleaned and cut short.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NeffError {
    /// Gate 3: no room for a header.
    #[error("NEFF of {size} bytes is too short: the header alone takes 1024")]
    TooShort {
        /// Bytes at hand.
        size: u64,
    },
    /// Gate 3: the header claims to be the whole file, or less than its own fields.
    #[error("NEFF header size is {header_size}, expected at least 1024 and less than the file's {size}")]
    HeaderSize {
        /// What the header says of itself.
        header_size: u64,
        /// Bytes at hand.
        size: u64,
    },
    /// Gate 4: a later format.
    #[error("NEFF version is {major}.{minor}, expected a major version of at most 2")]
    Version {
        /// Major version of the file.
        major: u64,
        /// Minor version of the file.
        minor: u64,
    },
    /// Gate 4: the model needs something this runtime has not heard of.
    #[error("NEFF feature bits {bits:#x} include {unknown:#x}, expected only the low 27 bits")]
    Features {
        /// All feature bits of the file.
        bits: u64,
        /// Those without a meaning.
        unknown: u64,
    },
    /// Gate 5: the file was cut short.
    #[error("NEFF data size is {data_size}, but only {available} bytes follow the header")]
    DataSize {
        /// What the header promises.
        data_size: u64,
        /// Bytes after the header.
        available: u64,
    },
    /// Gate 6: a packaging other than the two known.
    #[error("NEFF package version is {0}, expected 1 or 2")]
    PackageVersion(u64),
    /// Gate 7, only if asked for: the data is not what was packaged.
    #[error("NEFF {algorithm} is {computed}, expected {stored} as in the header")]
    Hash {
        /// `MD5` or `SHA-256`, depending on the package version.
        algorithm: &'static str,
        /// Hash of the data, in hexadecimal.
        computed: String,
        /// Hash in the header, in hexadecimal.
        stored: String,
    },
    /// Gate 9: neither tar nor gzip'd tar, or damaged.
    #[error("NEFF archive cannot be read: {0}")]
    Archive(String),
    /// Gate 9: an entry that would land outside the archive's own folder.
    #[error("NEFF archive has the path {0:?}, expected one below its root")]
    Path(String),
    /// Gate 9: more than one of the [`Limits`](super::Limits).
    #[error("NEFF archive has too many {what}, expected at most {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much would pass.
        limit: u64,
    },
    /// Gate 9: no graph.
    #[error("NEFF archive has no neff.json, nor the older kelp.json")]
    NoGraph,
    /// Gates 9 and 10: a description that is no JSON or not of the expected form.
    #[error("NEFF file {file:?} is malformed: {reason}")]
    Json {
        /// Path in the archive.
        file: String,
        /// What the parser said.
        reason: String,
    },
    /// Gate 9: the graph has nothing to run.
    #[error("NEFF graph has no node whose func_name is __kelf")]
    NoKelf,
    /// Gates 9 and 10: one description names another that is missing.
    #[error("NEFF archive has no {0:?}, which its graph refers to")]
    MissingFile(String),
    /// Gate 10: no version of the form `a.b`.
    #[error("NEFF kelf version is {0:?}, expected major.minor")]
    KelfVersion(String),
    /// Gate 10: compiled for hardware without a name here.
    #[error("NEFF target is {0:?}, expected sunda, v2, cayman, v3, mariana, v4, * or nothing")]
    Target(String),
    /// Gate 11: compiled for another generation.
    #[error("NEFF was compiled for {target}, expected {device} as the device is")]
    WrongTarget {
        /// For what it was compiled.
        target: Target,
        /// What there is.
        device: Arch,
    },
    /// Gate 12: binaries and physical cores do not pair up.
    #[error("NEFF has {binaries} binaries, expected 1 or one for each of its {lnc} physical cores")]
    Binaries {
        /// How many there are.
        binaries: u32,
        /// Physical cores of one logical core.
        lnc: u32,
    },
    /// Gate 12: fewer physical cores than one logical core needs.
    #[error("Insufficient number of pncs for the NEFF: required {required}, available {available}")]
    NotEnoughCores {
        /// Physical cores needed.
        required: u32,
        /// Physical cores of a device.
        available: u32,
    },
    /// Gate 13: the logical core it was compiled for has another size.
    #[error("NEFF was compiled for LNC {neff}, but the runtime is configured for LNC {runtime}")]
    Lnc {
        /// Physical cores for each logical core, in the NEFF.
        neff: u32,
        /// The same, in the runtime.
        runtime: u32,
    },
}

/// What a refusal means to the caller of `nrt_load`; each has a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeffErrorKind {
    /// `NRT_INVALID`, 2.
    Invalid,
    /// `NRT_RESOURCE`, 4.
    Resource,
    /// `NRT_LOAD_NOT_ENOUGH_NC`, 9.
    NotEnoughCores,
    /// `NRT_UNSUPPORTED_NEFF_VERSION`, 10.
    UnsupportedVersion,
}

impl NeffError {
    /// Which gate it is, by its number in the runtime's order. A description that is missing or malformed
    /// counts for gate 10 if it lists the binaries, else for gate 9, though a binary's own is read last.
    #[must_use]
    pub fn gate(&self) -> u32 {
        let of_description = |file: &str| if file.starts_with("kelf-") { 10 } else { 9 };
        match self {
            NeffError::TooShort { .. } | NeffError::HeaderSize { .. } => 3,
            NeffError::Version { .. } | NeffError::Features { .. } => 4,
            NeffError::DataSize { .. } => 5,
            NeffError::PackageVersion(_) => 6,
            NeffError::Hash { .. } => 7,
            NeffError::Json { file, .. } | NeffError::MissingFile(file) => of_description(file),
            NeffError::Archive(_)
            | NeffError::Path(_)
            | NeffError::TooLarge { .. }
            | NeffError::NoGraph
            | NeffError::NoKelf => 9,
            NeffError::KelfVersion(_) | NeffError::Target(_) => 10,
            NeffError::WrongTarget { .. } => 11,
            NeffError::Binaries { .. } | NeffError::NotEnoughCores { .. } => 12,
            NeffError::Lnc { .. } => 13,
        }
    }

    /// The status that answers it.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.kind() {
            NeffErrorKind::Invalid => Status::Invalid,
            NeffErrorKind::Resource => Status::Resource,
            NeffErrorKind::NotEnoughCores => Status::LoadNotEnoughNc,
            NeffErrorKind::UnsupportedVersion => Status::UnsupportedNeffVersion,
        }
    }

    /// Which status answers this refusal. Observed, but for [`NeffError::TooLarge`], chosen here.
    #[must_use]
    pub fn kind(&self) -> NeffErrorKind {
        match self {
            NeffError::Version { .. } | NeffError::Features { .. } | NeffError::PackageVersion(_) => {
                NeffErrorKind::UnsupportedVersion
            }
            NeffError::NotEnoughCores { .. } => NeffErrorKind::NotEnoughCores,
            NeffError::TooLarge { .. } => NeffErrorKind::Resource,
            NeffError::TooShort { .. }
            | NeffError::HeaderSize { .. }
            | NeffError::DataSize { .. }
            | NeffError::Hash { .. }
            | NeffError::Archive(_)
            | NeffError::Path(_)
            | NeffError::NoGraph
            | NeffError::Json { .. }
            | NeffError::NoKelf
            | NeffError::MissingFile(_)
            | NeffError::KelfVersion(_)
            | NeffError::Target(_)
            | NeffError::WrongTarget { .. }
            | NeffError::Binaries { .. }
            | NeffError::Lnc { .. } => NeffErrorKind::Invalid,
        }
    }
}

/// The first 120 characters of `text`, without control characters: enough to recognise it in a log,
/// whatever a hostile file put there.
pub(super) fn excerpt(text: &str) -> String {
    let shown =
        |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    text.chars().take(120).map(shown).collect()
}
