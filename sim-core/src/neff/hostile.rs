//! Archives that were damaged, or made to do damage.

use std::io::Write;

use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use proptest::sample::Index;
use tar::{Builder, EntryType};

use super::gates::{model, seal};
use super::writer::archive;
use super::{Limits, Neff, NeffError, NeffErrorKind, Policy};

/// Limits that a test reaches in no time.
const SMALL: Limits = Limits {
    entries: 40,
    file_bytes: 8 << 10,
    kept_bytes: 16 << 10,
    unpacked_bytes: 1 << 20,
    unpacked_ratio: 1,
    unpacked_floor: 64 << 10,
};

fn parse(bytes: &[u8]) -> Result<Neff, NeffError> {
    Neff::parse(bytes, &Policy::default())
}

fn parse_small(data: &[u8]) -> NeffError {
    let policy = Policy { validate_hash: false, limits: SMALL };
    Neff::parse(&seal(data), &policy).expect_err("refused")
}

/// The model's archive before compression, with further entries in front.
fn tar_with(add: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    add(&mut builder);
    for (path, content) in model().files().expect("in memory") {
        append(&mut builder, &path, EntryType::Regular, &content);
    }
    builder.into_inner().expect("in memory")
}

/// Appends an entry, whatever its path.
fn append(builder: &mut Builder<Vec<u8>>, path: &str, kind: EntryType, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    builder.append(&header, content).expect("in memory");
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A gzip stream of `head` and `mebibytes` of zeros, without its end.
///
/// A flushed block stands on its own, so one is made and then repeated.
fn gzip_of_zeros(head: &[u8], mebibytes: usize) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut compress = Compress::new(Compression::fast(), false);
    let mut block = |content: &[u8]| {
        let mut packed = Vec::with_capacity(content.len() + 1024);
        compress.compress_vec(content, &mut packed, FlushCompress::Full).expect("there is room");
        packed
    };
    stream.extend(block(head));
    stream.extend(block(&vec![0; 1 << 20]).repeat(mebibytes));
    stream
}

#[track_caller]
fn assert_too_large(error: &NeffError, expected: &str) {
    let NeffError::TooLarge { what, .. } = error else { panic!("{error}") };
    assert_eq!(*what, expected);
    assert_eq!(error.kind(), NeffErrorKind::Resource);
}

#[test]
fn a_neff_cut_anywhere_is_refused() {
    let bytes = model().build().expect("in memory");
    for end in 0..bytes.len() {
        assert!(parse(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn an_archive_cut_anywhere_is_refused_unless_only_padding_is_missing() {
    let whole = gzip(&tar_with(|_| {}));
    for end in (0..whole.len()).step_by(7).chain(whole.len() - 20..whole.len()) {
        assert!(parse(&seal(&whole[..end])).is_err(), "gzip cut at {end}");
    }
    let plain = tar_with(|_| {});
    let expected = parse(&seal(&plain)).expect("sound").tensors;
    for end in 0..plain.len() {
        if let Ok(neff) = parse(&seal(&plain[..end])) {
            assert_eq!(neff.tensors, expected, "tar cut at {end}");
        }
    }
}

#[test]
fn what_follows_the_archive_is_ignored() {
    let mut data = gzip(&tar_with(|_| {}));
    data.resize(data.len().next_multiple_of(10_240), 0);
    assert!(parse(&seal(&data)).is_ok());
}

#[test]
fn paths_out_of_the_archive_are_refused() {
    for path in ["../neff.json", "/etc/passwd", "sg00/../../neff.json", "./..", ".."] {
        let data = tar_with(|builder| append(builder, path, EntryType::Regular, b"{}"));
        assert_eq!(parse(&seal(&data)), Err(NeffError::Path(path.to_owned())));
    }
    let data = tar_with(|builder| append(builder, "./sg00//..weights", EntryType::Regular, b"{}"));
    assert!(parse(&seal(&data)).is_ok());
}

#[test]
fn links_and_devices_do_not_stand_for_files() {
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let data = tar_with(|builder| append(builder, "kelf-1.json", kind, b""));
        assert!(parse(&seal(&data)).is_ok(), "{kind:?}");
        let mut builder = Builder::new(Vec::new());
        append(&mut builder, "neff.json", kind, b"");
        let data = builder.into_inner().expect("in memory");
        assert_eq!(parse(&seal(&data)), Err(NeffError::NoGraph), "{kind:?}");
    }
}

#[test]
fn long_names_are_read_in_both_forms_and_bounded() {
    let long = format!("{}/def.json", "d".repeat(300));
    let pax = format!("{} path={long}\n", long.len() + 10);
    for (kind, name) in [(EntryType::GNULongName, format!("{long}\0")), (EntryType::XHeader, pax)] {
        let data = tar_with(|builder| {
            append(builder, "long", kind, name.as_bytes());
            append(builder, "kelf-0.json", EntryType::Regular, b"{}");
        });
        assert!(parse(&seal(&data)).is_ok(), "the entry has its long name, {kind:?}");
        let data = tar_with(|builder| append(builder, "long", kind, &[b'x'; 8192]));
        assert_too_large(&parse(&seal(&data)).expect_err("refused"), "bytes in a path");
        let outside = if kind == EntryType::XHeader { "13 path=../x\n" } else { "../x" };
        let data = tar_with(|builder| append(builder, "long", kind, outside.as_bytes()));
        assert_eq!(parse(&seal(&data)), Err(NeffError::Path("../x".to_owned())));
    }
    let data = tar_with(|builder| append(builder, "long", EntryType::XHeader, b"11 size=99\n"));
    assert!(matches!(parse(&seal(&data)), Err(NeffError::Archive(_))));
}

#[test]
fn each_limit_refuses_what_exceeds_it() {
    let zeros = |count| vec![0; count];
    let many = tar_with(|builder| {
        for _ in 0..40 {
            append(builder, "empty", EntryType::Regular, b"");
        }
    });
    assert_too_large(&parse_small(&gzip(&many)), "entries");
    let data = tar_with(|builder| append(builder, "sg02/def.json", EntryType::Regular, &zeros(8193)));
    assert_too_large(&parse_small(&gzip(&data)), "bytes in a description");
    let data = tar_with(|builder| {
        for path in ["sg02/def.json", "sg03/def.json", "sg04/def.json"] {
            append(builder, path, EntryType::Regular, &zeros(8000));
        }
    });
    assert_too_large(&parse_small(&gzip(&data)), "bytes in all descriptions");
    let data = tar_with(|builder| append(builder, "sg02/weights.npy", EntryType::Regular, &zeros(70_000)));
    assert_too_large(&parse_small(&gzip(&data)), "unpacked bytes");
    let mut data = tar_with(|_| {});
    data.extend(zeros(70_000));
    assert_too_large(&parse_small(&gzip(&data)), "unpacked bytes");
}

#[test]
fn an_attachment_may_be_as_large_as_all_that_is_kept_and_describes_nothing() {
    let small = Policy { validate_hash: false, limits: SMALL };
    let with = |path: &str, bytes: usize| {
        gzip(&tar_with(|builder| append(builder, path, EntryType::Regular, &vec![0; bytes])))
    };
    let neff = Neff::parse(&seal(&with("sim/model.onnx", 9000)), &small).expect("below kept_bytes");
    assert_eq!(neff.attachments["model.onnx"].len(), 9000);
    assert_too_large(&parse_small(&with("sim/model.onnx", 16_385)), "bytes in descriptions and attachments");
    let named = model().files().expect("in memory").into_iter().map(|(path, content)| {
        let content = String::from_utf8(content).expect("JSON").replace("sg00/def.json", "sim/def.json");
        (path.replace("sg00/def.json", "sim/def.json"), content.into_bytes())
    });
    let error = parse(&seal(&archive(&named.collect::<Vec<_>>()).expect("in memory")));
    assert_eq!(error, Err(NeffError::MissingFile("sim/def.json".to_owned())));
}

#[test]
fn four_gibibytes_of_zeros_are_refused_by_the_default_limits() {
    let mut header = tar::Header::new_gnu();
    header.set_path("sg00/weights.npy").expect("a short path");
    header.set_size(4 << 30);
    header.set_cksum();
    let bomb = gzip_of_zeros(header.as_bytes(), 4096);
    assert!(bomb.len() < 32 << 20, "{} bytes", bomb.len());
    assert_too_large(&parse(&seal(&bomb)).expect_err("refused"), "unpacked bytes");
}

#[test]
fn zeros_without_an_entry_end_at_the_limit() {
    assert_too_large(&parse_small(&gzip_of_zeros(&[0; 1024], 64)), "unpacked bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn flipped_bytes_are_refused_or_read_but_never_panic(
        packed: bool,
        validate_hash: bool,
        flips in vec((any::<Index>(), 1..=u8::MAX), 1..12),
    ) {
        let mut bytes = if packed { model().build().expect("in memory") } else { seal(&tar_with(|_| {})) };
        let sound = bytes.clone();
        for (index, flip) in flips {
            let index = index.index(bytes.len());
            bytes[index] ^= flip;
        }
        let parsed = Neff::parse(&bytes, &Policy { validate_hash, ..Policy::default() });
        if validate_hash && bytes[1024..] != sound[1024..] {
            prop_assert!(parsed.is_err());
        }
    }

    #[test]
    fn any_bytes_behind_a_sound_header_are_refused(data in vec(any::<u8>(), 0..4096)) {
        prop_assert!(parse(&seal(&data)).is_err());
    }

    #[test]
    fn any_description_is_refused_or_read_but_never_panics(file in 0..8_usize, content in "[\\[\\]{}\":,a-z0-9.-]{0,200}") {
        let mut files = model().files().expect("in memory");
        let file = file % files.len();
        files[file].1 = content.into_bytes();
        let _ = parse(&seal(&archive(&files).expect("in memory")));
    }
}
