//! Fuzzing of what strangers may hand us: NEFF files, bindings files and sidecars. No input makes a reader
//! panic, or hold more memory than its bound.
//!
//! `cargo test -p nrt-tests --test fuzz` tries a fixed number of random inputs; one that fails is shrunk, and
//! printed with the seed that gives it again. `cargo bolero test` goes on for as long as wanted.

use std::sync::Mutex;

use bolero::check;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nrt_tests::neff;
use peak_alloc::PeakAlloc;
use sim_core::neff::{Arch, Contents, HEADER_BYTES, Header, Limits, Machine, Neff, Policy};
use sim_models::bindings::{Bindings, Sidecar};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Held by each measurement: the allocator counts the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// What is read of a NEFF here: less than by default, so that limits are met.
const LIMITS: Limits = Limits {
    entries: 64,
    file_bytes: 64 << 10,
    kept_bytes: 256 << 10,
    unpacked_bytes: 1 << 20,
    unpacked_ratio: 100,
    unpacked_floor: 1 << 20,
};

/// What reading a NEFF may hold beside the file itself, as the documentation of [`Limits`] has it.
const NEFF_BYTES: usize = 4 * (256 << 10) + (64 << 20);

/// What reading a bindings file may hold for each byte of it, and beside that. An empty entry has ten bytes.
const BINDINGS_BYTES: (usize, usize) = (512, 1 << 20);

/// Inputs that are tried of each kind.
const INPUTS: usize = 4000;

/// Runs `read`, which may hold at most `bound` bytes at once.
fn bounded(bound: usize, read: impl FnOnce()) {
    let _alone = ALONE.lock().unwrap_or_else(|failed| failed.into_inner());
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    read();
    let held = MEMORY.peak_usage().saturating_sub(before);
    assert!(held <= bound, "{held} bytes were held, {bound} are allowed");
}

/// Reads what may be a NEFF as `nrt_load` does.
fn load(bytes: &[u8]) {
    let policy = Policy { validate_hash: false, limits: LIMITS };
    // Whether it can be listed does not matter, only that it says so.
    bounded(NEFF_BYTES, || drop(Contents::read(bytes, &LIMITS)));
    bounded(NEFF_BYTES, || {
        let Ok(neff) = Neff::parse(bytes, &policy) else { return };
        // Refused or not: what matters is that it says so.
        let machine = Machine { arch: Arch::V3, lnc: 2, cores_per_device: 8, allow_legacy: true };
        let _ = neff.check_against(&machine);
        for text in neff.attachments.values().filter_map(|content| str::from_utf8(content).ok()) {
            let _ = Sidecar::parse(text);
        }
    });
}

/// Replaces bytes of `content`: of pairs of a place and a value, places count from either end.
fn mutate(content: &mut [u8], changes: impl Iterator<Item = (u16, u8)>) {
    for (place, value) in changes {
        let len = content.len().max(1);
        if let Some(byte) = content.get_mut(usize::from(place) % len) {
            *byte = value;
        }
    }
}

/// The files of a small NEFF, in their order.
fn files() -> Vec<(String, Vec<u8>)> {
    let neff = neff::small();
    let mut archive = tar::Archive::new(GzDecoder::new(&neff[HEADER_BYTES..]));
    let entries = archive.entries().expect("sound").map(|entry| {
        let mut entry = entry.expect("sound");
        let path = entry.path().expect("sound").to_str().expect("plain").to_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).expect("sound");
        (path, content)
    });
    let sidecar = b"kernel = { use = \"mix\" }\ntime = { min = \"1us\", max = \"2us\" }\n".to_vec();
    entries.chain([("sim/model.toml".to_owned(), sidecar)]).collect()
}

/// A NEFF of these files.
fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content.as_slice()).expect("in memory");
    }
    let data = builder.into_inner().and_then(GzEncoder::finish).expect("in memory");
    let mut header = Header::parse(&neff::small()).expect("sound");
    header.data_size = data.len() as u64;
    [&header.to_bytes(), data.as_slice()].concat()
}

#[test]
fn any_bytes_are_read_as_a_neff() {
    check!().with_iterations(INPUTS).for_each(load);
}

#[test]
fn any_change_of_a_neffs_bytes_is_borne() {
    let sound = neff::small();
    check!().with_iterations(INPUTS).with_type::<(Vec<(u16, u8)>, u16)>().for_each(|(changes, cut)| {
        let mut bytes = sound.clone();
        mutate(&mut bytes, changes.iter().copied());
        load(&bytes);
        bytes.truncate(usize::from(*cut));
        load(&bytes);
    });
}

#[test]
fn any_change_of_a_neffs_files_is_borne() {
    let sound = files();
    check!().with_iterations(INPUTS).with_type::<(Vec<(u8, u16, u8)>, Option<(u8, Vec<u8>)>)>().for_each(
        |(changes, replaced)| {
            let mut files = sound.clone();
            for (file, place, value) in changes {
                let count = files.len();
                mutate(&mut files[usize::from(*file) % count].1, std::iter::once((*place, *value)));
            }
            if let Some((file, content)) = replaced {
                let count = files.len();
                files[usize::from(*file) % count].1.clone_from(content);
            }
            load(&pack(&files));
        },
    );
}

/// Reads what may be a bindings file.
fn bind(text: &str) {
    let (each, floor) = BINDINGS_BYTES;
    bounded(each * text.len() + floor, || {
        // Valid or not: what matters is that it says so.
        let _ = Bindings::parse("b.toml", text);
        let _ = Sidecar::parse(text);
    });
}

/// Words of which bindings files are made, right and wrong.
const WORDS: [&str; 40] = [
    "[[model]]",
    "\n",
    "\n",
    " = ",
    "name",
    "uuid",
    "sha256",
    "signature",
    "kernel",
    "time",
    "default",
    "\"*\"",
    "\"00ff?\"",
    "'x:float16[2]->y:*'",
    "\"mix\"",
    "\"matmul\"",
    "'error'",
    "{ use = ",
    "\"softmax\"",
    ", axis = ",
    "-1",
    "9223372036854775807",
    "}",
    "\"120us\"",
    "{ min = \"1us\", ",
    "max = \"2us\" }",
    "{ mean = ",
    "deviation",
    "[",
    "]",
    "\"",
    "'''",
    "#",
    "\u{fffd}",
    "1e999",
    "nan",
    "inputs",
    "{ file = \"a\" }",
    "[model.kernel]",
    ",",
];

#[test]
fn any_text_is_read_as_bindings() {
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| bind(&String::from_utf8_lossy(bytes)));
    check!().with_iterations(INPUTS).with_type::<Vec<u8>>().for_each(|words| {
        let text: Vec<&str> = words.iter().map(|word| WORDS[usize::from(*word) % WORDS.len()]).collect();
        bind(&text.concat());
    });
    bind(&"[[model]]\n".repeat(1000));
    bind(&format!("model = [{}]", "{},".repeat(3000)));
}
