//! `nrt-sim neff run` with the simulated library: recordings, what plays them back, and what is refused.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use nrt_tests::build;
use nrt_tests::program::settle;
use safetensors::tensor::{Dtype as Stored, SafeTensors, TensorView};
use sim_core::neff::{Arch, Dtype, NeffBuilder, Stats, Target, TensorSpec, Usage};
use tempfile::TempDir;

/// A tensor for a file: its name, type, shape and bytes.
type Tensor<'a> = (&'a str, Stored, &'a [usize], &'a [u8]);

/// A folder with a model, `m.neff`, in which `nrt-sim` is run.
struct Place(TempDir);

impl Place {
    /// With a model of inputs `x: f16[2,3]` and `n: i32[4]`, and outputs `out: f16[2,2]` and `sum: u8[3]`.
    fn new() -> Place {
        let place = Place(tempfile::tempdir().expect("a temporary folder"));
        place.write("m.neff", model(Some(1)));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("writable");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a safetensors file.
    fn tensors(&self, name: &str, tensors: &[Tensor<'_>]) {
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), bytes).expect("sound"))
        });
        self.write(name, safetensors::serialize(views, None).expect("small"));
    }

    /// `nrt-sim neff run` with these words: its exit code, and what it and the library said.
    fn run(&self, words: &str) -> (Option<i32>, String) {
        let mut command = Command::new(build::products().join("nrt-sim"));
        settle(&mut command);
        command.args(["neff", "run"]).args(words.split_whitespace()).current_dir(self.0.path());
        let Output { status, stdout, stderr } = command.output().expect("just built");
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    }

    /// The same, which must end with `code` and say all of `parts`.
    #[track_caller]
    fn ends(&self, words: &str, code: i32, parts: &[&str]) {
        let (found, said) = self.run(words);
        assert_eq!(found, Some(code), "{words}\n{said}");
        for part in parts {
            assert!(said.contains(part), "{words}: {part}\n{said}");
        }
    }
}

/// The model; `macs` makes it another one.
fn model(macs: Option<u64>) -> Vec<u8> {
    NeffBuilder::new("two", Target::Any)
        .tensor(TensorSpec::new("x", Usage::Input, Dtype::Fp16, [2, 3]))
        .tensor(TensorSpec::new("n", Usage::Input, Dtype::I32, [4]))
        .tensor(TensorSpec::new("out", Usage::Output, Dtype::Fp16, [2, 2]))
        .tensor(TensorSpec::new("sum", Usage::Output, Dtype::U8, [3]))
        .stats(Stats { macs, ..Stats::default() })
        .build()
        .expect("in memory")
}

/// Half-precision 1.0, 2.0, 3.0 and 4.0.
const OUT: [u8; 8] = [0, 0x3c, 0, 0x40, 0, 0x42, 0, 0x44];

/// Binds every model to the recordings in `g.safetensors`.
const GOLDEN: &str = "[[model]]\nkernel = { use = \"golden\", file = \"g.safetensors\" }\n";

#[test]
fn recorded_outputs_are_played_back_bit_for_bit() {
    let place = Place::new();
    let recorded = "g.safetensors: 3 recordings, 3 new";
    let from = "these are recordings of the simulated library";
    let record = "m.neff --random 3 --seed 4 --outputs first.safetensors --record g.safetensors";
    place.ends(record, 0, &["x:float16[2,3]", "kernel: mix (by default)", recorded, from]);

    place.write("b.toml", GOLDEN);
    let replay = "m.neff --random 3 --seed 4 --models b.toml --strict --outputs again.safetensors";
    place.ends(replay, 0, &["kernel: golden g.safetensors", "b.toml, model 1"]);
    assert_eq!(place.read("first.safetensors"), place.read("again.safetensors"));

    let reference = "m.neff --seed 9 --models b.toml";
    let hash = "for these inputs, whose hash is ";
    place.ends(reference, 125, &["nrt_execute answered NRT_EXEC_BAD_INPUT (1002)", hash, "the 3 recordings"]);
}

#[test]
fn a_golden_file_is_extended_by_what_is_new() {
    let place = Place::new();
    place.ends("m.neff --random 2 --record g.safetensors", 0, &["2 recordings, 2 new"]);
    let first = place.read("g.safetensors");
    place.ends("m.neff --random 2 --record g.safetensors", 0, &["2 recordings, 0 new"]);
    assert_eq!(place.read("g.safetensors"), first);
    place.ends("m.neff --random 3 --record g.safetensors", 0, &["3 recordings, 1 new"]);

    let changed = "m.neff --default-kernel zeros --record g.safetensors";
    place.ends(
        changed,
        0,
        &["other values of out, sum were recorded", "not deterministic", "0 new, 1 replaced"],
    );
    place.write("b.toml", GOLDEN);
    place.ends("m.neff --models b.toml", 0, &["out:float16[2,2]: 0 to 0"]);
}

#[test]
fn recordings_before_a_failure_are_kept_and_places_are_looked_at_first() {
    let place = Place::new();
    place.ends("m.neff --record g.safetensors", 0, &[]);
    place.write("b.toml", GOLDEN);
    let words = "m.neff --random 3 --models b.toml --record h.safetensors --outputs o.safetensors";
    let parts = ["h.safetensors: 1 recording, 1 new", "run 1: nrt_execute answered NRT_EXEC_BAD_INPUT"];
    place.ends(words, 125, &parts);
    assert!(place.path("h.safetensors").exists() && !place.path("o.safetensors").exists());
    for (words, part) in [
        ("--record .", "it is a folder"),
        ("--outputs no/o", "cannot write no/o"),
        ("--record g.safetensors --outputs g.safetensors", "the same file"),
    ] {
        let (code, said) = place.run(&format!("m.neff {words}"));
        assert!(code == Some(125) && said.contains(part) && !said.contains("run 0"), "{words}\n{said}");
    }
}

#[test]
fn what_was_recorded_on_hardware_is_not_replaced_by_what_is_simulated() {
    let place = Place::new();
    place.ends("m.neff --record g.safetensors", 0, &["1 recording, 1 new, 0 replaced"]);
    let mut real = place.read("g.safetensors");
    let (simulated, hardware) = (b", simulated", b" (hardware)");
    let at = real.windows(simulated.len()).position(|bytes| bytes == simulated).expect("it says so");
    real[at..at + hardware.len()].copy_from_slice(hardware);
    place.write("g.safetensors", &real);
    let words = "m.neff --seed 1 --record g.safetensors";
    place.ends(words, 125, &["g.safetensors holds outputs of ", "(hardware)", "record to another file"]);
    assert_eq!(place.read("g.safetensors"), real);
}

#[test]
fn another_model_is_neither_recorded_nor_played_back() {
    let place = Place::new();
    place.ends("m.neff --record g.safetensors", 0, &[]);
    let before = place.read("g.safetensors");
    place.write("anew.neff", model(Some(2)));
    place.ends("anew.neff --record g.safetensors", 125, &["g.safetensors: it holds recordings of \"two\""]);

    let other = NeffBuilder::new("other", Target::Any).tensor(TensorSpec::new(
        "out",
        Usage::Output,
        Dtype::Fp16,
        [2, 2],
    ));
    place.write("other.neff", other.build().expect("in memory"));
    let signatures = "it was recorded of n:int32[4],x:float16[2,3]->out:float16[2,2],sum:uint8[3], but the model is \
                      ->out:float16[2,2]";
    place.ends("other.neff --record g.safetensors", 125, &["g.safetensors: ", signatures]);
    place.write("b.toml", GOLDEN);
    place.ends("other.neff --models b.toml", 125, &["nrt_load answered NRT_INVALID (2)", signatures]);
    assert_eq!(place.read("g.safetensors"), before);
}

#[test]
fn a_golden_file_that_is_cut_short_is_refused_at_load() {
    let place = Place::new();
    place.ends("m.neff --record g.safetensors", 0, &[]);
    let whole = place.read("g.safetensors");
    place.write("g.safetensors", &whole[..whole.len() - 1]);
    place.write("b.toml", GOLDEN);
    let said = "g.safetensors: it is not a sound safetensors file";
    place.ends(
        "m.neff --models b.toml",
        125,
        &["nrt_load answered", "b.toml, model 1", said, "copy it again"],
    );
    place.ends("m.neff --record g.safetensors", 125, &[said]);
    fs::remove_file(place.path("g.safetensors")).expect("it is there");
    place.ends("m.neff --models b.toml", 125, &["nrt_load answered", "g.safetensors cannot be read"]);
}

#[test]
fn random_inputs_follow_from_the_seed() {
    let place = Place::new();
    let outputs = |seed: &str| {
        place.ends(&format!("m.neff --seed {seed} --outputs o.safetensors"), 0, &[]);
        place.read("o.safetensors")
    };
    let first = outputs("1");
    assert_eq!(first, outputs("1"));
    assert_ne!(first, outputs("2"));
    let tensors = SafeTensors::deserialize(&first).expect("sound");
    let out = tensors.tensor("out").expect("one run has plain names");
    assert_eq!((out.dtype(), out.shape()), (Stored::F16, &[2, 2][..]));
}

#[test]
fn outputs_are_compared_within_the_tolerance() {
    let place = Place::new();
    let (x, n) = ([0; 12], [0; 16]);
    place.tensors("i.safetensors", &[("0/x", Stored::F16, &[2, 3], &x), ("0/n", Stored::I32, &[4], &n)]);
    place.ends("m.neff --inputs i.safetensors --default-kernel echo --outputs o.safetensors", 0, &[]);
    let zeros = place.read("o.safetensors");
    assert_eq!(SafeTensors::deserialize(&zeros).expect("sound").tensor("out").expect("out").data(), [0; 8]);

    let reference: Vec<u8> = [0.0_f32, 0.0, 0.5, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    place.tensors(
        "e.safetensors",
        &[("out", Stored::F32, &[2, 2], &reference), ("sum", Stored::U8, &[3], &[0; 3])],
    );
    let compare = "m.neff --inputs i.safetensors --default-kernel zeros --expect e.safetensors";
    let mismatch = "max abs error 5.000e-1, max rel error 1.000e0: 1 of 4 elements differ, first at [1, 0]: 0.0, \
                    expected 0.5";
    place.ends(compare, 1, &[mismatch, "as expected"]);
    place.ends(&format!("{compare} --atol 0.4"), 1, &[mismatch]);
    place.ends(&format!("{compare} --atol 0.5"), 0, &[]);
    place.ends(&format!("{compare} --rtol 1"), 0, &[]);
    place.ends(&format!("{compare} --rtol -1"), 125, &["must be a number from 0 on"]);

    let halves = [("out", Stored::F16, &[2, 2][..], &OUT[..]), ("sum", Stored::U8, &[3], &[0; 3])];
    place.tensors("e.safetensors", &halves);
    place.ends(compare, 1, &["4 of 4 elements differ, first at [0, 0]: 0.0, expected 1.0"]);
}

#[test]
fn tensors_that_do_not_fit_are_named_with_what_is_needed() {
    let place = Place::new();
    let x = ("x", Stored::F16, &[2, 3][..], &[0; 12][..]);
    let n = ("n", Stored::I32, &[4][..], &[0; 16][..]);
    let cases: [(&[Tensor<'_>], &str); 9] = [
        (&[x], "i.safetensors has no tensor for n:int32[4] in run 0"),
        (&[x, n, ("1/x", x.1, x.2, x.3)], "no tensor for n:int32[4] in run 1"),
        (&[x, n, ("0/x", x.1, x.2, x.3)], "i.safetensors has \"x\" for run 0 twice"),
        (&[], "i.safetensors has no tensors"),
        (
            &[x, n, ("z", Stored::U8, &[1], &[0])],
            "the tensor \"z\" is no input of the model; those are n:int32[4], x:",
        ),
        (&[x, n, ("a/x", x.1, x.2, x.3)], "the tensor \"a/x\" is no input"),
        (
            &[("x", Stored::F16, &[3, 2], x.3), n],
            "\"x\" is F16 [3, 2], but the input x:float16[2,3] needs F16 [2, 3]",
        ),
        (
            &[("x", Stored::BF16, &[2, 3], x.3), n],
            "\"x\" is BF16 [2, 3], but the input x:float16[2,3] needs F16",
        ),
        (&[("x", Stored::F32, &[2, 3], &[0; 24]), n], "\"x\" is F32 [2, 3], but the input"),
    ];
    for (tensors, said) in cases {
        place.tensors("i.safetensors", tensors);
        place.ends("m.neff --inputs i.safetensors --outputs o.safetensors", 125, &[said]);
    }
    assert!(!place.path("o.safetensors").exists());

    place.tensors("i.safetensors", &[x, n]);
    place.tensors(
        "e.safetensors",
        &[("1/out", Stored::F16, &[2, 2], &OUT), ("1/sum", Stored::U8, &[3], &[0; 3])],
    );
    let runs = "--expect has outputs for the runs 1, but the inputs are for 0";
    place.ends("m.neff --inputs i.safetensors --expect e.safetensors", 125, &[runs]);
    let many = "but the inputs are for 0, 1, 2, 3, 4, 5, 6, 7 and so on";
    place.ends("m.neff --random 99999999999999 --expect e.safetensors", 125, &[many]);
    place.tensors("e.safetensors", &[("out", Stored::F16, &[4], &OUT), ("sum", Stored::U8, &[3], &[0; 3])]);
    place.ends(
        "m.neff --inputs i.safetensors --expect e.safetensors",
        125,
        &["but the output out:float16[2,2] needs"],
    );
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::new();
    place.write("text.neff", "no model");
    place.write("libnrt.so.1", "no library");
    let libc = fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let libc = libc
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|path| path.ends_with("libc.so.6")));
    let foreign = format!("m.neff --lib {}", libc.expect("tests are linked dynamically"));
    for (words, said) in [
        ("none.neff", "cannot read none.neff: No such file"),
        ("text.neff", "text.neff: NEFF of 8 bytes is too short"),
        ("m.neff --inputs none.safetensors", "cannot read none.safetensors"),
        ("m.neff --inputs text.neff", "text.neff is not a sound safetensors file"),
        ("m.neff --expect none.safetensors", "cannot read none.safetensors"),
        ("m.neff --record m.neff", "m.neff: it is not a sound safetensors file"),
        ("m.neff --outputs no/o.safetensors", "cannot write no/o.safetensors"),
        ("m.neff --models none.toml", "none.toml"),
        ("m.neff --lib none.so", "none.so: No such file"),
        ("m.neff --lib ./libnrt.so.1", "is not a shared library"),
        (&foreign, "is no libnrt.so.1; give one with --lib: it has no function nrt_init"),
        ("m.neff --core 200", "nrt_init answered NRT_FAILURE (1): the machine has no core of that number"),
        ("m.neff --random 0", "--random"),
        ("m.neff --random 2 --inputs x", "cannot be used with"),
        ("m.neff --rtol 1", "--expect"),
        ("m.neff --time slow", "wall:SCALE"),
    ] {
        place.ends(words, 125, &[said]);
    }
    assert_eq!(place.read("m.neff"), model(Some(1)), "no file was written over it");
}

#[test]
fn a_file_beside_the_neff_says_what_it_computes() {
    let place = Place::new();
    place.write("m.neff.toml", "kernel = \"zeros\"\n");
    place.ends("m.neff", 0, &["kernel: zeros (", "m.neff.toml)", "out:float16[2,2]: 0 to 0"]);
    place.write("compiled", model(Some(3)));
    place.write("compiled.toml", "kernel = \"zeros\"\n");
    place.ends("compiled", 0, &["kernel: zeros (", "compiled.toml)"]);
    place.write("a:b.neff", model(Some(4)));
    place.ends("a:b.neff", 0, &["kernel: mix (by default)"]);
    place.write("a:b.neff.toml", "kernel = \"zeros\"\n");
    place.ends("a:b.neff", 125, &["a:b.neff.toml does not count: its path has a colon"]);
    place.write("b.toml", "[[model]]\nname = \"two\"\nkernel = \"echo\"\n");
    place.ends("m.neff --models b.toml", 0, &["kernel: echo (", "b.toml, model 1)"]);
    place.write("b.toml", "[[model]]\nname = \"three\"\nkernel = \"echo\"\n");
    let missed = "b.toml, model 1: no model was loaded that it is for";
    place.ends("m.neff --models b.toml", 0, &["kernel: zeros (", missed]);
    place.ends("m.neff --models b.toml --strict", 125, &[missed]);
}

#[test]
fn a_model_may_come_through_stdin() {
    let place = Place::new();
    let mut command = Command::new(build::products().join("nrt-sim"));
    settle(&mut command);
    let model = fs::File::open(place.path("m.neff")).expect("it is there");
    let output = command.args(["neff", "run", "-"]).current_dir(place.0.path()).stdin(model).output();
    let output = output.expect("just built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for words in ["/dev/zero", "m.neff --inputs /dev/zero", "m.neff --record /dev/zero"] {
        place.ends(words, 125, &["/dev/zero: it is not a regular file"]);
    }
}

#[test]
fn a_file_beside_the_neff_cannot_have_code_run() {
    let place = Place::new();
    place.write("m.neff.toml", "kernel = { use = \"plugin\", library = \"none.so\" }\n");
    place.ends("m.neff", 125, &["nrt_load answered NRT_INVALID (2)", "m.neff.toml", "may name a plug-in"]);
    place.write("b.toml", "[[model]]\nkernel = { use = \"plugin\", library = \"none.so\" }\n");
    place.ends("m.neff --models b.toml", 125, &["none.so cannot be read"]);
}

#[test]
fn the_machine_is_one_that_the_neff_is_for() {
    let place = Place::new();
    let neff = NeffBuilder::new("wide", Target::Arch(Arch::V3)).lnc(2).tensor(TensorSpec::new(
        "out",
        Usage::Output,
        Dtype::Fp32,
        [2],
    ));
    place.write("wide.neff", neff.build().expect("in memory"));
    place.ends("wide.neff --core 3", 0, &["->out:float32[2]", "run 0: "]);
    for words in ["wide.neff --lnc 1", "wide.neff --instance inf2"] {
        place.ends(words, 125, &["nrt_load answered NRT_INVALID (2)", "--instance, --lnc"]);
    }
}
