//! Bindings files, sidecars and defaults, as a program meets them.

use std::fs;

use nrt_tests::child::{Line, Log, folder, in_child};
use nrt_tests::neff;
use nrt_tests::nrt::Nrt;
use sim_core::neff::{Dtype, NeffBuilder, Target, TensorSpec, Usage};

const INVALID: u32 = 2;

/// What tells kernels apart here.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Mix,
    Zeros,
    Echo,
}

/// The model of [`neff::small`] with a sidecar inside.
fn with_sidecar(text: &str) -> Vec<u8> {
    let tensor = |name, usage| TensorSpec::new(name, usage, Dtype::Fp32, [16]);
    let builder = NeffBuilder::new("mix", Target::Any)
        .tensor(tensor("x", Usage::Input))
        .tensor(tensor("y", Usage::Input))
        .tensor(tensor("out", Usage::Output))
        .attach("model.toml", text);
    builder.build().expect("in memory")
}

/// Runs the model once and tells by the output which kernel it has.
#[track_caller]
fn kind_of(nrt: &Nrt, neff: &[u8]) -> Kind {
    let model = nrt.model(neff, 0);
    let [x, y, out] = [0; 3].map(|core| nrt.tensor(core, 64));
    let bytes: Vec<u8> = (1..=64).collect();
    assert_eq!((nrt.tensor_write)(x, bytes.as_ptr(), 0, 64), 0);
    let (inputs, outputs) = (nrt.set(&[(c"x", x), (c"y", y)]), nrt.set(&[(c"out", out)]));
    assert_eq!((nrt.execute)(model, inputs, outputs), 0);
    assert_eq!((nrt.unload)(model), 0);
    match nrt.contents(out, 64) {
        output if output == bytes => Kind::Echo,
        output if output == [0; 64] => Kind::Zeros,
        _ => Kind::Mix,
    }
}

/// Writes `text` to the file of this child that `NRT_SIM_MODELS` names.
fn bind(text: &str) {
    fs::write(folder().expect("a child").join("b.toml"), text).expect("writable");
}

const BOUND: (&str, &str) = ("NRT_SIM_MODELS", "{folder}/b.toml");

#[test]
fn who_comes_first_decides() {
    in_child(&[BOUND, ("NRT_SIM_MODELS_BESIDE", "{folder}/gone.neff:{folder}/small.neff")], || {
        bind(
            "[[model]]\nname = 'm*'\nuuid = '0000*'\nkernel = 'mix'\n[[model]]\nname = 'bound'\nkernel = 'echo'\n",
        );
        let folder = folder().expect("a child");
        fs::write(folder.join("small.neff"), neff::small()).expect("writable");
        fs::write(folder.join("small.neff.toml"), "kernel = 'zeros'").expect("writable");
        let nrt = Nrt::start();
        assert_eq!(kind_of(nrt, &with_sidecar("kernel = 'echo'")), Kind::Echo, "the sidecar inside");
        assert_eq!(kind_of(nrt, &neff::small()), Kind::Zeros, "the sidecar beside the same file");
        assert_eq!(kind_of(nrt, &with_sidecar("time = '1us'")), Kind::Mix, "a sidecar without a kernel");
        (nrt.close)();

        bind("[[model]]\nname = 'mix'\nkernel = 'zeros'\n[[model]]\nkernel = 'mix'\n");
        Nrt::start();
        assert_eq!(kind_of(nrt, &with_sidecar("kernel = 'echo'")), Kind::Zeros, "the first binding");
        (nrt.close)();

        bind("[[model]]\ntime = '1us'\n");
        Nrt::start();
        assert_eq!(kind_of(nrt, &with_sidecar("kernel = 'echo'")), Kind::Echo, "a binding without a kernel");
    });
}

#[test]
fn what_models_get_that_nothing_is_bound_to_is_a_matter_of_choice() {
    in_child(&[BOUND], || {
        let nrt = Nrt::open();
        for (text, kind) in
            [("", Kind::Mix), ("default = 'zeros'", Kind::Zeros), ("default = 'echo'", Kind::Echo)]
        {
            bind(text);
            Nrt::start();
            assert_eq!(kind_of(nrt, &neff::small()), kind, "{text}");
            (nrt.close)();
        }
        bind("default = 'error'");
        Nrt::start();
        let mut log = Log::open();
        assert_eq!(nrt.try_load(&neff::small(), 0), (INVALID, 0));
        let lines = log.lines();
        assert!(lines[0].message.contains("no kernel is bound to this model"), "{lines:?}");
    });
}

#[test]
fn a_choice_by_option_comes_before_that_of_the_file() {
    in_child(&[BOUND, ("NRT_SIM_DEFAULT_KERNEL", "zeros")], || {
        bind("default = 'echo'");
        assert_eq!(kind_of(Nrt::start(), &neff::small()), Kind::Zeros);
    });
}

/// The lines that `act` logs at level ERROR.
fn errors(act: impl FnOnce()) -> Vec<Line> {
    let mut log = Log::open();
    act();
    log.lines().into_iter().filter(|line| line.level == "ERROR").collect()
}

#[test]
fn a_bindings_file_that_is_not_valid_fails_init_with_its_line() {
    in_child(&[BOUND], || {
        let nrt = Nrt::open();
        let lines = errors(|| assert_eq!((nrt.init)(0, std::ptr::null(), std::ptr::null()), INVALID));
        assert!(
            lines[0].message.contains("b.toml") && lines[0].message.contains("cannot be read"),
            "{lines:?}"
        );
        for (text, said) in [
            ("[[model]]\nnam = 'x'", "line 2, column 1: unknown field `nam`, expected one of `name`"),
            (
                "[[model]]\nkernel = 'matmull'",
                "line 2, column 10: unknown variant `matmull`, expected one of `mix`",
            ),
            ("[[model]]\nname = 'x", "line 2"),
        ] {
            bind(text);
            let lines = errors(|| assert_eq!((nrt.init)(0, std::ptr::null(), std::ptr::null()), INVALID));
            let [line] = lines.as_slice() else { panic!("{text}: {lines:?}") };
            assert!(line.message.contains(said) && line.message.contains("b.toml"), "{text}: {line:?}");
        }
    });
}

#[test]
fn a_sidecar_that_is_not_valid_fails_the_load_and_nothing_is_left() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let before = nrt.memory(0);
        for (text, said) in [
            (
                "kernl = 'zeros'",
                "the NEFF's own sim/model.toml is not valid: TOML parse error at line 1, column 1",
            ),
            ("kernel = 'zeros'\ntime = 'soon'", "line 2"),
        ] {
            let lines = errors(|| assert_eq!(nrt.try_load(&with_sidecar(text), 0), (INVALID, 0)));
            let [line] = lines.as_slice() else { panic!("{text}: {lines:?}") };
            assert_eq!(line.function, "nrt_load");
            assert!(line.message.contains(said), "{text}: {line:?}");
        }
        assert_eq!(nrt.memory(0), before);
        assert_eq!(kind_of(nrt, &neff::small()), Kind::Mix);
    });
}
