//! NEFFs that are almost sound.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nrt_tests::neff;
use sim_core::neff::{Arch, HEADER_BYTES, Header, NeffBuilder, Target};

/// A model without tensors.
pub(crate) fn for_arch(arch: Arch, lnc: u32) -> Vec<u8> {
    NeffBuilder::new("m", Target::Arch(arch)).lnc(lnc).build().expect("in memory")
}

/// The small model with another header.
pub(crate) fn with_header(edit: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut bytes = neff::small();
    let mut header = Header::parse(&bytes).expect("sound");
    edit(&mut header);
    bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
    bytes
}

/// The small model's header before other data.
pub(crate) fn with_data(data: &[u8]) -> Vec<u8> {
    let mut header = Header::parse(&neff::small()).expect("sound");
    header.data_size = data.len() as u64;
    [&header.to_bytes(), data].concat()
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).expect("in memory");
    encoder.finish().expect("in memory")
}

/// The small model with its files rewritten by `edit`, or left out; then `more` files.
pub(crate) fn with_files(edit: impl Fn(&str, String) -> Option<String>, more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(&neff::small()[HEADER_BYTES..]).read_to_end(&mut tar).expect("sound");
    let mut builder = tar::Builder::new(Vec::new());
    let mut append = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes()); // whatever the path
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).expect("in memory");
    };
    for entry in tar::Archive::new(&*tar).entries().expect("sound") {
        let mut entry = entry.expect("sound");
        let path = entry.path().expect("sound").to_str().expect("plain").to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("JSON");
        if let Some(text) = edit(&path, text) {
            append(&path, text.as_bytes());
        }
    }
    more.iter().for_each(|(path, content)| append(path, content));
    with_data(&gzip(&builder.into_inner().expect("in memory")))
}

/// The small model with `from` replaced in `file`.
pub(crate) fn with_text(file: &'static str, from: &'static str, to: &str) -> Vec<u8> {
    let replaced = |path: &str, text: String| {
        assert!(path != file || text.contains(from), "{file} has no {from}");
        Some(if path == file { text.replace(from, to) } else { text })
    };
    with_files(replaced, &[])
}
