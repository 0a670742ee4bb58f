//! What the writer makes, compared with what the compiler made of the same model.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::{
    Arch, Dtype, Header, Limits, NeffBuilder, NeffError, Stats, Target, TensorSpec, Usage, each_file,
};

/// The compiler's own NEFF and ours of the same signature, unless the sample is not at hand.
#[expect(clippy::disallowed_methods, reason = "where the sample is only the environment tells")]
fn both() -> Option<(Vec<u8>, Vec<u8>)> {
    let Some(folder) = std::env::var_os("NRT_SPEC_DIR") else {
        println!("skipped: NRT_SPEC_DIR is not set");
        return None;
    };
    let theirs = std::fs::read(Path::new(&folder).join("neff/matmul_small.neff")).expect("the sample");
    let spec = |name, usage, shape: [u64; 2]| TensorSpec::new(name, usage, Dtype::Fp16, shape);
    let builder = NeffBuilder::new("file.neff", Target::Arch(Arch::V3))
        .lnc(2)
        .tensor(spec("output0", Usage::Output, [128, 128])) // found to come after the inputs, however added
        .tensor(spec("x", Usage::Input, [128, 256]))
        .tensor(spec("y", Usage::Input, [256, 128]))
        .stats(Stats { macs: Some(4_194_304), traffic_bytes: Some(262_144) });
    Some((theirs, builder.build().expect("in memory")))
}

fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let all = each_file(bytes, &Limits::default(), |path, content| {
        let mut read = Vec::new();
        content.read_to_end(&mut read).expect("sound");
        files.push((path.to_owned(), read));
        Ok::<(), NeffError>(())
    });
    all.expect("sound");
    files
}

fn json(files: &[(String, Vec<u8>)], path: &str) -> Value {
    let (_, content) = files.iter().find(|(other, _)| other == path).expect("it is there");
    serde_json::from_slice(content).expect("JSON")
}

/// Checks that all of `ours` is in `theirs`: each key with its value, lists as a whole.
#[track_caller]
fn assert_within(ours: &Value, theirs: &Value, place: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours {
                let place = format!("{place}.{key}");
                assert_within(
                    value,
                    theirs.get(key).unwrap_or_else(|| panic!("{place}: no such key")),
                    &place,
                );
            }
        }
        _ => assert_eq!(ours, theirs, "{place}"),
    }
}

#[test]
fn the_header_is_the_compilers_but_for_what_follows_from_the_content() {
    let Some((theirs, ours)) = both() else { return };
    let read = |bytes: &[u8]| Header::parse(bytes).expect("sound");
    let expected = Header {
        data_size: read(&ours).data_size,
        hash: read(&ours).hash,
        uuid: read(&ours).uuid,
        feature_bits: read(&theirs).feature_bits & 0x400, // the others belong to instructions
        ..read(&theirs)
    };
    assert_eq!(read(&ours), expected);
    for bytes in [&theirs, &ours] {
        assert_eq!(read(bytes).check_hash(&bytes[1024..]), Ok(()));
        assert_eq!((bytes.len() - 1024) % 10_240, 0, "whole records");
    }
}

#[test]
fn archives_begin_alike() {
    let Some((theirs, ours)) = both() else { return };
    let gzip = |bytes: &[u8]| [&bytes[1024..1028], &bytes[1032..1034]].concat(); // without the time
    assert_eq!(gzip(&ours), gzip(&theirs));
    let entry = |bytes: &[u8]| {
        let mut entry = [0; 512];
        GzDecoder::new(&bytes[1024..]).read_exact(&mut entry).expect("sound");
        tar::Header::from_byte_slice(&entry).clone()
    };
    let (ours, theirs) = (entry(&ours), entry(&theirs));
    let about = |header: &tar::Header| {
        let numbers = (header.mode().ok(), header.uid().ok(), header.gid().ok(), header.mtime().ok());
        let names =
            (header.username_bytes().map(<[u8]>::to_vec), header.groupname_bytes().map(<[u8]>::to_vec));
        (numbers, names, header.entry_type(), header.as_ustar().map(|ustar| (ustar.magic, ustar.version)))
    };
    assert_eq!(about(&ours), about(&theirs));
}

#[test]
fn every_file_of_ours_is_one_of_the_compilers_and_in_its_place() {
    let Some((theirs, ours)) = both() else { return };
    let (theirs, ours) = (files(&theirs), files(&ours));
    let is_ours = |path: &String| ours.iter().any(|(other, _)| other == path);
    let expected: Vec<&String> = theirs.iter().map(|(path, _)| path).filter(|path| is_ours(path)).collect();
    assert_eq!(ours.iter().map(|(path, _)| path).collect::<Vec<_>>(), expected);
    assert_eq!(ours.len(), 4 + 2 * 12);
}

#[test]
fn descriptions_say_the_same_in_the_same_words() {
    let Some((theirs, ours)) = both() else { return };
    let (theirs, ours) = (files(&theirs), files(&ours));
    for (path, _) in ours.iter().filter(|(path, _)| path.ends_with(".json")) {
        let (mut ours, mut theirs) = (json(&ours, path), json(&theirs, path));
        // Who made it, and what a node is called, is said otherwise.
        if path == "info.json" {
            ours["tool_version"] = theirs["tool_version"].clone();
        }
        if path == "neff.json" {
            ours["nodes"][2]["name"] = theirs["nodes"][2]["name"].clone();
        }
        assert_within(&ours, &theirs, path);
        // What belongs to the whole model is complete.
        if !path.contains('/') {
            assert_within(&theirs, &ours, path);
        }
        for instructions in ["DGETable0", "identity_82_sg0000"] {
            theirs["var"].as_object_mut().map(|variables| variables.remove(instructions));
        }
        if path.ends_with("def.json") {
            assert_within(&theirs["var"], &ours["var"], path);
        }
    }
}
