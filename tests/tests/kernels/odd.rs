//! Libraries that are no plug-ins, or whose functions misbehave.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int};
use std::{fs, ptr};

use libloading::Library;
use nrt_tests::build;
use sim_core::neff::Dtype;
use sim_core::status::Status;
use sim_models::plugin::Plugin;
use sim_models::recipe::{Files, Recipe, Refusal, Subject};
use sim_models::signature::Signature;

use nrt_tests::program::plug_in;

use crate::library::{prepare, recipe, run, signature};

const SOURCE: &str = "tests/c/kernels/odd.c";

fn floats() -> Signature {
    signature(&[("x", Dtype::Fp32, &[1])], &[("y", Dtype::Fp32, &[1])])
}

/// What is said against the library that `macros` make of the source.
fn refusal(macros: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    plug_in(SOURCE, macros, folder.path(), "libodd.so");
    match prepare(&recipe("libodd.so", &[]), folder.path(), &floats()) {
        Ok(_) => panic!("{macros:?} is accepted"),
        Err(Refusal(reason)) => reason,
    }
}

#[test]
fn a_plug_in_that_breaks_the_rules_is_refused_with_what_to_do() {
    let cases: [(&[&str], &[&str]); 13] = [
        (&["ENTRY=other"], &["does not export the function nrt_sim_kernel_plugin", "nrt_sim/kernel.h"]),
        (&["ENTRY=other", "DATA"], &["its nrt_sim_kernel_plugin is no function", "define it as one"]),
        (&["ENTRY=other", "DECLARED"], &["does not export the function nrt_sim_kernel_plugin"]),
        (&["LACKING"], &["undefined symbol: not_anywhere", "link it with", "-lm"]),
        (&["RESULT=0"], &["answers null"]),
        (&["VERSION=0"], &["an older version", "0 instead of 1", "build it again"]),
        (&["VERSION=2"], &["a newer version", "2 instead of 1", "build it again"]),
        (&["SIZE=16"], &["a struct of 16 bytes", "sizeof(nrt_sim_kernel_plugin_t)"]),
        (&["CREATE=0"], &["has no create"]),
        (&["RUN=0", "DESTROY=0"], &["has no run, destroy"]),
        (&["NAME=0"], &["has no name"]),
        (&["REFUSE=\"cannot add, use mul\""], &["odd (", "libodd.so): cannot add, use mul"]),
        (&["REFUSE=\"\""], &["status 77, without a reason"]),
    ];
    for (macros, expected) in cases {
        let said = refusal(macros);
        assert!(expected.iter().all(|part| said.contains(part)), "{macros:?}: {said}");
        assert!(said.contains("libodd.so") && !said.contains('\n'), "{macros:?}: {said}");
    }
}

#[test]
fn a_file_that_is_no_library_is_refused_wherever_it_was_cut_short() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = |recipe: &Plugin| match prepare(recipe, folder.path(), &floats()) {
        Ok(_) => panic!("it is accepted"),
        Err(Refusal(reason)) => reason,
    };
    assert!(said(&recipe("none.so", &[])).contains("cannot be read: No such file"));
    fs::write(folder.path().join("text.so"), "no library").expect("writable");
    assert!(said(&recipe("text.so", &[])).contains("not a 64-bit ELF file"));
    let program = std::env::current_exe().expect("a running test has a file");
    fs::copy(program, folder.path().join("program.so")).expect("writable");
    assert!(said(&recipe("program.so", &[])).contains("program.so"));
    let whole = fs::read(plug_in(SOURCE, &[], folder.path(), "whole.so")).expect("just made");
    for end in (0..12_000.min(whole.len())).step_by(500) {
        fs::write(folder.path().join("cut.so"), &whole[..end]).expect("writable");
        let said = said(&recipe("cut.so", &[]));
        assert!(said.contains("cut short") || said.contains("not a 64-bit ELF file"), "{end}: {said}");
    }
}

#[test]
fn a_run_ends_with_the_status_and_the_reason_of_the_plug_in() {
    let cases: [(&[&str], Status, &str); 7] = [
        (&["STATUS=1002"], Status::ExecBadInput, "): the reason"),
        (&["STATUS=11"], Status::FailHostMemAlloc, "): the reason"),
        (&["STATUS=8"], Status::Failure, "the reason; it ended with 8, which no kernel can"),
        (&["STATUS=1201"], Status::Failure, "it ended with 1201, which no kernel can"),
        (&["STATUS=1003"], Status::Failure, "it ended with 1003, which no kernel can"),
        (&["STATUS=1", "MALFORMED"], Status::Failure, "what \u{fffd}\u{fffd} said"),
        (&["STATUS=1", "UNTERMINATED"], Status::Failure, "xxx"),
    ];
    for (macros, status, reason) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        plug_in(SOURCE, macros, folder.path(), "libodd.so");
        let kernel =
            prepare(&recipe("libodd.so", &[]), folder.path(), &floats()).expect("it is fine to load");
        let failure = run(&*kernel, &[vec![1, 2, 3, 4]], 4).expect_err("it fails");
        assert!(failure.status == status && failure.reason.contains(reason), "{macros:?}: {failure:?}");
    }
}

#[test]
fn a_plug_in_is_told_the_whole_model_and_gets_its_kernel_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = plug_in(SOURCE, &[], folder.path(), "libodd.so");
    fs::write(folder.path().join("table.txt"), "the data").expect("writable");
    let recipe = Plugin {
        data: Some("table.txt".to_owned()),
        ..recipe("libodd.so", &[("size", "2"), ("mode", "a b")])
    };
    let signature =
        signature(&[("x", Dtype::Fp16, &[2, 3]), ("a", Dtype::I64, &[])], &[("y", Dtype::Fp32, &[1])]);
    let kernel = prepare(&recipe, folder.path(), &signature).expect("it is fine");
    assert_eq!(run(&*kernel, &[vec![7; 8], vec![0; 12]], 4).expect("it runs"), [7; 4]);
    drop(kernel);
    // SAFETY: the library is open already.
    let library = unsafe { Library::new(path) }.expect("it is open");
    // SAFETY: the source defines it so.
    let told = unsafe { library.get::<*const c_char>("told") }.expect("it exports it");
    // SAFETY: it is a text that ends with a zero.
    let told = unsafe { std::ffi::CStr::from_ptr(*told) }.to_str().expect("plain").to_owned();
    assert_eq!(told, "1 model 3 250: a 12 0 8 x 7 2 12 2 3 -> y 10 1 4 1; mode=a b; size=2; the data");
    // SAFETY: the source defines it so.
    let destroyed = unsafe { library.get::<*const c_int>("destroyed") }.expect("it exports it");
    // SAFETY: it is a number, and no kernel is left that would change it.
    assert_eq!(unsafe { ptr::read(*destroyed) }, 1);
}

#[test]
fn a_plug_in_that_a_neff_or_a_file_beside_it_names_is_not_even_looked_for() {
    let archive = BTreeMap::from([("libodd.so".to_owned(), vec![1])]);
    let library = build::root().join("libodd.so");
    for files in [Files::Archive(&archive), Files::Beside(build::root().to_owned())] {
        let signature = &floats();
        let subject = Subject { name: "model", uuid: [0; 16], signature, files: &files, onnx_library: None };
        for name in ["libodd.so", library.to_str().expect("plain")] {
            let Err(Refusal(said)) = recipe(name, &[]).prepare(&subject) else {
                panic!("{name} is accepted")
            };
            assert!(said.contains("may name a plug-in") && said.contains("bindings file"), "{said}");
        }
    }
}
