use super::digest;
use super::error::NeffError;

/// Bytes of the header as it is defined; the archive may begin later, never earlier.
pub const HEADER_BYTES: usize = 1024;

/// The feature bits that a runtime takes (observed).
pub const FEATURES_KNOWN: u64 = (1 << 27) - 1;

/// The feature bit of models that were compiled for logical cores of several physical ones (observed).
pub const FEATURE_LNC: u64 = 0x400;

/// The fixed fields in front of the archive: little-endian, in this order, without gaps (guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How the file was packaged: 1 hashes with SHA-256, 2 with MD5.
    pub pkg_version: u64,
    /// Bytes before the archive.
    pub header_size: u64,
    /// Bytes of the archive.
    pub data_size: u64,
    /// Major version of the format.
    pub major: u64,
    /// Minor version of the format.
    pub minor: u64,
    /// Version of the packaging tool, up to 127 bytes.
    pub build_version: String,
    /// Cores that run the model well.
    pub num_tpb: u32,
    /// Hash of the archive, see [`Header::check_hash`].
    pub hash: [u8; 32],
    /// Identity of this build of the model.
    pub uuid: [u8; 16],
    /// Name of the model, up to 255 bytes.
    pub name: String,
    /// Cores that were asked for when the model was compiled.
    pub requested_tpb: u32,
    /// Cores for each of up to 64 nodes.
    pub tpb_per_node: [u8; 64],
    /// What a runtime must know to run the model; only the low 27 bits have a meaning.
    pub feature_bits: u64,
    /// Physical cores for each logical core; 0 in files older than the field.
    pub lnc_size: u32,
}

impl Header {
    /// Reads the header at the start of `bytes`, a whole NEFF, and passes it through gates 3 to 6.
    ///
    /// # Errors
    /// The first gate that is closed.
    pub fn parse(bytes: &[u8]) -> Result<Header, NeffError> {
        let size = bytes.len() as u64;
        let header = Header::as_written(bytes).ok_or(NeffError::TooShort { size })?;
        header.check(size)?;
        Ok(header)
    }

    /// The fields as they stand, for whoever wants to see what is wrong with them. `None` if `bytes` is
    /// shorter than a header.
    #[must_use]
    pub fn as_written(bytes: &[u8]) -> Option<Header> {
        Header::fields(bytes.get(..HEADER_BYTES)?)
    }

    /// The archive inside `bytes`, the NEFF that this header was read from.
    ///
    /// # Errors
    /// [`NeffError::DataSize`] if `bytes` is shorter than that NEFF.
    pub fn data<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], NeffError> {
        let rest = usize::try_from(self.header_size).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        usize::try_from(self.data_size)
            .ok()
            .and_then(|len| rest.get(..len))
            .ok_or(NeffError::DataSize { data_size: self.data_size, available: rest.len() as u64 })
    }

    /// Gate 7: compares the stored hash with that of `data`.
    ///
    /// Of package version 2, the compiler stores the MD5 with the bytes of each 32-bit word reversed, and
    /// 16 zeros after it (observed). The straight order passes as well, and both orders of a SHA-256.
    ///
    /// # Errors
    /// [`NeffError::Hash`] if neither order matches.
    pub fn check_hash(&self, data: &[u8]) -> Result<(), NeffError> {
        let computed = digest::stored(self.pkg_version, data);
        if self.hash == computed || self.hash == digest::words_reversed(computed) {
            return Ok(());
        }
        Err(NeffError::Hash {
            algorithm: digest::algorithm(self.pkg_version),
            computed: digest::hex(&computed),
            stored: digest::hex(&self.hash),
        })
    }

    /// Physical cores that make up a logical core of this model.
    ///
    /// Without a size in the header, the feature bit says whether it is 2 or 1 (chosen here).
    #[must_use]
    pub fn lnc(&self) -> u32 {
        match self.lnc_size {
            0 if self.feature_bits & FEATURE_LNC != 0 => 2,
            0 => 1,
            size => size,
        }
    }

    /// A header such as the compiler puts before `data`.
    ///
    /// The identity is taken from the data, so that equal models are equal files (chosen here).
    pub(super) fn describing(data: &[u8], name: &str, lnc: u32) -> Header {
        let hash = digest::stored(2, data);
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&digest::sha256(data)[..16]);
        // Version 8 of RFC 9562: what the other bits mean is the maker's business.
        uuid[6] = uuid[6] & 0x0f | 0x80;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        let mut tpb_per_node = [0; 64];
        tpb_per_node[0] = 1;
        Header {
            pkg_version: 2,
            header_size: HEADER_BYTES as u64,
            data_size: data.len() as u64,
            major: 2,
            minor: 0,
            build_version: String::new(),
            num_tpb: 1,
            hash,
            uuid,
            name: name.to_owned(),
            requested_tpb: 1,
            tpb_per_node,
            feature_bits: if lnc > 1 { FEATURE_LNC } else { 0 },
            lnc_size: lnc,
        }
    }

    /// The 1024 bytes of this header. Texts that are too long are cut between characters.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut fields = Vec::with_capacity(HEADER_BYTES);
        for number in [self.pkg_version, self.header_size, self.data_size, self.major, self.minor] {
            fields.extend(number.to_le_bytes());
        }
        fields.extend(padded::<128>(&self.build_version));
        fields.extend(self.num_tpb.to_le_bytes());
        fields.extend(self.hash);
        fields.extend(self.uuid);
        fields.extend(padded::<256>(&self.name));
        fields.extend(self.requested_tpb.to_le_bytes());
        fields.extend(self.tpb_per_node);
        fields.extend(self.feature_bits.to_le_bytes());
        fields.extend(self.lnc_size.to_le_bytes());
        let mut bytes = [0; HEADER_BYTES];
        bytes[..fields.len()].copy_from_slice(&fields);
        bytes
    }

    /// Gates 3 to 6 for a NEFF of `size` bytes.
    fn check(&self, size: u64) -> Result<(), NeffError> {
        let Header { header_size, data_size, major, minor, feature_bits, .. } = *self;
        if header_size >= size || header_size < HEADER_BYTES as u64 {
            return Err(NeffError::HeaderSize { header_size, size });
        }
        if major > 2 {
            return Err(NeffError::Version { major, minor });
        }
        let unknown = feature_bits & !FEATURES_KNOWN;
        if major == 2 && unknown != 0 {
            return Err(NeffError::Features { bits: feature_bits, unknown });
        }
        let available = size - header_size;
        if data_size > available {
            return Err(NeffError::DataSize { data_size, available });
        }
        if !matches!(self.pkg_version, 1 | 2) {
            return Err(NeffError::PackageVersion(self.pkg_version));
        }
        Ok(())
    }

    /// The fields as they stand, `None` if `bytes` ends before they do.
    fn fields(mut bytes: &[u8]) -> Option<Header> {
        let rest = &mut bytes;
        Some(Header {
            pkg_version: u64::from_le_bytes(take(rest)?),
            header_size: u64::from_le_bytes(take(rest)?),
            data_size: u64::from_le_bytes(take(rest)?),
            major: u64::from_le_bytes(take(rest)?),
            minor: u64::from_le_bytes(take(rest)?),
            build_version: text(&take::<128>(rest)?),
            num_tpb: u32::from_le_bytes(take(rest)?),
            hash: take(rest)?,
            uuid: take(rest)?,
            name: text(&take::<256>(rest)?),
            requested_tpb: u32::from_le_bytes(take(rest)?),
            tpb_per_node: take(rest)?,
            feature_bits: u64::from_le_bytes(take(rest)?),
            lnc_size: u32::from_le_bytes(take(rest)?),
        })
    }
}

/// Cuts the next `N` bytes off `rest`.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*field)
}

/// The text before the first zero.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// `text` in a field of `N` bytes, of which the last stays zero.
fn padded<const N: usize>(text: &str) -> [u8; N] {
    let len = (0..N).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut field = [0; N];
    field[..len].copy_from_slice(&text.as_bytes()[..len]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_comes_back_as_it_was_written() {
        let mut header = Header::describing(b"data", "a model", 2);
        header.build_version = "2.23".to_owned();
        header.tpb_per_node[63] = 7;
        header.minor = 5;
        let mut neff = header.to_bytes().to_vec();
        neff.extend(b"data");
        assert_eq!(Header::parse(&neff), Ok(header.clone()));
        assert_eq!(header.data(&neff), Ok(&b"data"[..]));
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_characters() {
        let name = "é".repeat(200);
        let header = Header::describing(b"", &name, 1);
        let read = Header::fields(&header.to_bytes()).map(|header| header.name);
        assert_eq!(read, Some("é".repeat(127)));
    }

    #[test]
    fn the_size_of_a_logical_core_comes_from_the_field_before_the_feature_bit() {
        let mut header = Header::describing(b"", "", 1);
        for (lnc_size, feature_bits, lnc) in [(0, 0, 1), (0, FEATURE_LNC, 2), (1, FEATURE_LNC, 1), (2, 0, 2)]
        {
            (header.lnc_size, header.feature_bits) = (lnc_size, feature_bits);
            assert_eq!(header.lnc(), lnc, "{lnc_size} {feature_bits:#x}");
        }
    }

    #[test]
    fn both_orders_of_both_hashes_pass_and_other_hashes_do_not() {
        for pkg_version in [1, 2] {
            let mut header = Header::describing(b"data", "", 1);
            header.pkg_version = pkg_version;
            header.hash = digest::stored(pkg_version, b"data");
            assert_eq!(header.check_hash(b"data"), Ok(()));
            header.hash = digest::words_reversed(header.hash);
            assert_eq!(header.check_hash(b"data"), Ok(()));
            assert!(matches!(header.check_hash(b"Data"), Err(NeffError::Hash { .. })));
        }
    }
}
