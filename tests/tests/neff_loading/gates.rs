//! Each gate trips, with its status and a line that says what was expected.

use nrt_tests::child::{Log, in_child};
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt};
use sim_core::neff::{Arch, HEADER_BYTES};

use crate::forge::{for_arch, gzip, with_data, with_files, with_header, with_text};

const INVALID: u32 = 2;
const RESOURCE: u32 = 4;
const NOT_ENOUGH_CORES: u32 = 9;
const UNSUPPORTED_VERSION: u32 = 10;

/// Loads what must be refused, and sees that nothing has changed.
struct Gates {
    nrt: &'static Nrt,
    log: Log,
}

impl Gates {
    fn start() -> Gates {
        Gates { nrt: Nrt::start(), log: Log::open() }
    }

    /// `nrt_load` answers `status` and logs one line that says `words`.
    #[track_caller]
    fn refuse(&mut self, neff: &[u8], status: u32, words: &str) {
        self.refuse_on(neff, 0, -1, status, words);
    }

    #[track_caller]
    fn refuse_on(&mut self, neff: &[u8], core: i32, count: i32, status: u32, words: &str) {
        let mut model = 77;
        let answer = (self.nrt.load)(neff.as_ptr(), neff.len(), core, count, &raw mut model);
        let lines = self.log.lines();
        let [line] = &*lines else { panic!("one line is expected: {answer} {lines:?}") };
        assert_eq!((answer, model, line.function.as_str()), (status, 77, "nrt_load"), "{line:?}");
        assert!(line.message.contains(words) && !line.message.contains("bug"), "{words}: {line:?}");
    }

    #[track_caller]
    fn accept(&mut self, neff: &[u8]) -> Handle {
        let model = self.nrt.model(neff, 0);
        assert_eq!(self.log.lines(), []);
        model
    }
}

#[test]
fn a_neff_cut_anywhere_is_refused() {
    in_child(&[], || {
        let mut gates = Gates::start();
        let bytes = with_files(|_, text| Some(text), &[]); // the same, without padding at the end
        for end in (0..HEADER_BYTES).step_by(31) {
            gates.refuse(&bytes[..end], INVALID, "too short");
        }
        gates.refuse(&bytes[..HEADER_BYTES], INVALID, "header size is 1024");
        for end in (HEADER_BYTES + 1..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            gates.refuse(&bytes[..end], INVALID, "data size is");
            // Cut just as far, with a header that admits it.
            gates.refuse(&with_data(&bytes[HEADER_BYTES..end]), INVALID, "archive cannot be read");
        }
        gates.accept(&bytes);
        gates.accept(&[&*bytes, b"whatever follows"].concat());
    });
}

#[test]
fn the_header_has_gates_of_its_own() {
    in_child(&[], || {
        let mut gates = Gates::start();
        for size in [0, 1023, 1 << 20, u64::MAX] {
            gates.refuse(&with_header(|h| h.header_size = size), INVALID, &format!("header size is {size}"));
        }
        for size in [1 << 20, u64::MAX] {
            gates.refuse(&with_header(|h| h.data_size = size), INVALID, &format!("data size is {size}"));
        }
        for major in [3, u64::MAX] {
            let says = format!("version is {major}");
            gates.refuse(&with_header(|h| h.major = major), UNSUPPORTED_VERSION, &says);
        }
        for bit in [27, 32, 63] {
            let newer = with_header(|h| h.feature_bits |= 1 << bit);
            gates.refuse(&newer, UNSUPPORTED_VERSION, "feature bits");
        }
        for version in [0, 3, u64::MAX] {
            let says = format!("package version is {version}");
            gates.refuse(&with_header(|h| h.pkg_version = version), UNSUPPORTED_VERSION, &says);
        }
        gates.accept(&with_header(|h| h.feature_bits |= 0x020_8000));
        gates.accept(&with_header(|h| (h.major, h.feature_bits) = (1, 1 << 40)));
        gates.accept(&with_header(|h| h.hash[0] ^= 1));
    });
}

#[test]
fn the_hash_is_compared_if_asked_for() {
    in_child(&[("NEURON_RT_VALIDATE_HASH", "TRUE")], || {
        let mut gates = Gates::start();
        gates.accept(&neff::small());
        gates.refuse(&with_header(|h| h.hash[3] ^= 1), INVALID, "MD5");
        gates.refuse(&with_header(|h| h.pkg_version = 1), INVALID, "SHA-256");
    });
}

#[test]
fn damaged_and_hostile_archives_are_refused() {
    in_child(&[], || {
        let mut gates = Gates::start();
        let small = with_files(|_, text| Some(text), &[]);
        let data = &small[HEADER_BYTES..];
        gates.refuse(&with_data(b"neither tar nor gzip"), INVALID, "archive cannot be read");
        for at in [data.len() / 2, data.len() - 8, data.len() - 1] {
            let mut damaged = data.to_vec();
            damaged[at] ^= 0x55;
            gates.refuse(&with_data(&damaged), INVALID, "archive cannot be read");
        }
        for path in ["../neff.json", "/etc/passwd", "sg00/../../neff.json"] {
            let neff = with_files(|_, text| Some(text), &[(path, b"{}")]);
            gates.refuse(&neff, INVALID, &format!("has the path {path:?}"));
        }
        // One description above the limit: some megabytes of zeros shrink to nothing in the file.
        let zeros = vec![0; (64 << 20) + 1];
        let bomb = with_files(|_, text| Some(text), &[("sg02/def.json", &zeros)]);
        assert!(bomb.len() < 1 << 20);
        gates.refuse(&bomb, RESOURCE, "too many bytes in a description");
        let lie = |path: &str, size| {
            let mut header = tar::Header::new_gnu();
            header.set_path(path).expect("short");
            header.set_size(size);
            header.set_cksum();
            with_data(&gzip(header.as_bytes()))
        };
        gates.refuse(&lie("sg00/weights.npy", 1 << 40), RESOURCE, "too many unpacked bytes");
        gates.refuse(&lie("neff.json", 1 << 20), INVALID, "archive cannot be read");
    });
}

#[test]
fn descriptions_have_gates_too() {
    in_child(&[], || {
        let mut gates = Gates::start();
        let without = |file: &'static str| with_files(move |path, text| (path != file).then_some(text), &[]);
        gates.refuse(&without("neff.json"), INVALID, "no neff.json");
        gates.refuse(&without("kelf-0.json"), INVALID, "which its graph refers to");
        gates.refuse(&without("sg00/def.json"), INVALID, "\"sg00/def.json\"");
        gates.accept(&without("info.json"));
        gates.refuse(&with_text("neff.json", "__kelf", "__other"), INVALID, "func_name");
        gates.refuse(&with_text("kelf-0.json", "0.5", "5"), INVALID, "kelf version is \"5\"");
        gates.refuse(&with_text("kelf-0.json", "\"*\"", "\"p5\""), INVALID, "target is \"p5\"");
        gates.refuse(&with_text("kelf-0.json", "\"*\"", "\"p5\\n2026-Jan-01\""), INVALID, "target is");
        gates.refuse(&with_text("sg00/def.json", "64", "-1"), INVALID, "malformed");
        gates.refuse(&with_text("sg00/def.json", "64", "1e400"), INVALID, "malformed");
        let deep = "[".repeat(100_000);
        gates.refuse(
            &with_text("neff.json", "\"nodes\":", &format!("\"nodes\": {deep}")),
            INVALID,
            "malformed",
        );
        let deep = format!("\"deep\": {deep}{}, \"nodes\":", "]".repeat(100_000));
        gates.accept(&with_text("neff.json", "\"nodes\":", &deep)); // nobody asks for it: skipped
        let dims = vec!["1"; 33].join(",");
        let shape = format!("\"shape\": [\"\", [[{dims}]]], \"other\": [");
        gates.refuse(&with_text("neff.json", "\"shape\": [", &shape), INVALID, "malformed");
        let graphs = vec![r#"{"definition":"sg00"}"#; 65].join(",");
        let kelf = format!(r#"{{"version":"0.5","graphs":[{graphs}]}}"#);
        let many = |path: &str, text| Some(if path == "kelf-0.json" { kelf.clone() } else { text });
        gates.refuse(&with_files(many, &[]), INVALID, "malformed");
        let twice = r#""graphs": [{"definition": "sg00"}, "#;
        gates.refuse(&with_text("kelf-0.json", "\"graphs\": [", twice), INVALID, "has 2 binaries");
        let huge = with_text("sg00/def.json", "64", &u64::MAX.to_string());
        let model = gates.accept(&huge);
        let (set, tensor) = (gates.nrt.set(&[]), gates.nrt.tensor(0, 64));
        for name in [c"x", c"y", c"out"] {
            assert_eq!((gates.nrt.set_add)(set, name.as_ptr(), tensor), 0);
        }
        assert_eq!((gates.nrt.schedule)(model, set, set, 0, &mut 0, &mut 0), INVALID);
    });
}

#[test]
fn cores_and_their_count_are_checked() {
    in_child(&[], || {
        let mut gates = Gates::start();
        let small = neff::small();
        for core in [2, 3, 256, -2, i32::MAX, i32::MIN] {
            gates.refuse_on(&small, core, -1, INVALID, &format!("Could not find VNC id {core}"));
        }
        for count in [-2, 2, 3, i32::MAX, i32::MIN] {
            gates.refuse_on(&small, 0, count, INVALID, &format!("vnc_count is {count}"));
        }
        let nrt = gates.nrt;
        for (core, count) in [(-1, -1), (0, 1), (1, -1), (1, 0)] {
            let model = Nrt::get(|model| (nrt.load)(small.as_ptr(), small.len(), core, count, model));
            let vnc = Nrt::get(|vnc: *mut u32| (nrt.model_info)(model, vnc.cast(), 4, &mut 0));
            assert!(core == -1 || i64::from(vnc) == i64::from(core));
            assert_eq!(Nrt::get(|count| (nrt.model_vnc_count)(model, count)), 1_u32);
            assert_eq!(Nrt::get(|count| (nrt.model_nc_count)(model, count)), 1_u32);
            assert_eq!(Nrt::get(|count| (nrt.model_instance_count)(model, count)), 1_u32);
        }
        // Two models on each core by now: the next two go one to each.
        let core = |_| {
            let model = nrt.model(&small, -1);
            Nrt::get(|vnc: *mut u32| (nrt.model_info)(model, vnc.cast(), 4, &mut 0))
        };
        let mut cores = [0, 1].map(core);
        cores.sort_unstable();
        assert_eq!(cores, [0, 1]);
    });
}

#[test]
fn models_for_other_devices_are_refused() {
    in_child(&[], || {
        let mut gates = Gates::start();
        gates.accept(&for_arch(Arch::V2, 1));
        gates.refuse(&for_arch(Arch::V3, 1), INVALID, "compiled for cayman (v3), expected sunda (v2)");
        gates.refuse(&for_arch(Arch::V4, 1), INVALID, "compiled for mariana (v4)");
        gates.refuse(&for_arch(Arch::V2, 2), INVALID, "LNC 2");
        gates.refuse(&for_arch(Arch::V2, 4), NOT_ENOUGH_CORES, "required 4, available 2");
    });
}

#[test]
fn models_for_other_devices_are_taken_if_asked_for() {
    in_child(&[("NEURON_RT_ALLOW_LEGACY_NEFF", "1")], || {
        let mut gates = Gates::start();
        gates.accept(&for_arch(Arch::V3, 1));
        gates.refuse(&for_arch(Arch::V3, 2), INVALID, "LNC 2");
    });
}

#[test]
fn the_lnc_must_be_that_of_the_runtime() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NEURON_LOGICAL_NC_CONFIG", "2")], || {
        let mut gates = Gates::start();
        gates.accept(&for_arch(Arch::V3, 2));
        gates.refuse(
            &for_arch(Arch::V3, 1),
            INVALID,
            "compiled for LNC 1, but the runtime is configured for LNC 2",
        );
    });
}
