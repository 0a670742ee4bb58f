//! What the command says of libraries that are none, or not whole, and of arguments that make no sense.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The command, with none of the caller's settings for the runtime.
fn suite() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-conformance"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEURON_") || name.to_string_lossy().starts_with("NRT_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the command on a library.
fn check(library: &Path, arguments: &[&str]) -> (i32, String) {
    let output = suite().arg("--lib").arg(library).args(arguments).output().expect("it was built");
    (output.status.code().expect("it ends by itself"), text(&output))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Compiles a library of this C text.
fn library(folder: &TempDir, source: &str, options: &[&str]) -> PathBuf {
    let [file, library] = ["library.c", "libnrt.so.1"].map(|name| folder.path().join(name));
    fs::write(&file, source).expect("a temporary folder");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&library)
        .arg(&file)
        .args(options)
        .output()
        .expect("a C compiler");
    assert!(compiled.status.success(), "{}", text(&compiled));
    library
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn what_is_no_library_is_named() {
    let folder = folder();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "no library").expect("a temporary folder");
    let (code, said) = check(&file, &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is no ELF file; pass a shared library for x86-64 with --lib"), "{said}");

    let (code, said) = check(&folder.path().join("absent.so"), &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there is no ") && said.contains("--lib"), "{said}");

    let (code, said) = check(folder.path(), &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is a folder"), "{said}");
}

#[test]
fn a_library_for_another_machine_is_named() {
    let folder = folder();
    let library = library(&folder, "int nothing;", &[]);
    let mut bytes = fs::read(&library).expect("just built");
    bytes[18..20].copy_from_slice(&183_u16.to_le_bytes());
    fs::write(&library, bytes).expect("a temporary folder");
    let (code, said) = check(&library, &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is for AArch64; pass a library for x86-64"), "{said}");
}

#[test]
fn a_library_that_cannot_be_loaded_is_reported() {
    let folder = folder();
    let library = library(&folder, "extern int absent(void); int (*keep)(void) = absent;", &[]);
    let (code, said) = check(&library, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("cannot be loaded") && said.contains("absent"), "{said}");
}

#[test]
fn an_empty_library_is_reported() {
    let folder = folder();
    let (code, said) = check(&library(&folder, "int nothing;", &[]), &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the library does not begin: the library has no nrt_init@NRT_2.0.0"), "{said}");
}

/// Enough of a library to begin with.
const LITTLE: &str = "
#include <stdint.h>
int nrt_init(int framework, const char *a, const char *b) { BEGIN; return 0; }
void nrt_close(void) {}
int nrt_get_visible_vnc_count(uint32_t *count) { *count = 1; return 0; }
int nrt_tensor_allocate(int a, int b, uint64_t c, const char *d, void **e) { __builtin_trap(); }
";

#[test]
fn a_library_without_symbol_versions_is_reported() {
    let folder = folder();
    let (code, said) = check(&library(&folder, LITTLE, &["-DBEGIN=0"]), &["--quick"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("crashed (SIGILL), in or after nrt_tensor_allocate"), "{said}");
}

#[test]
fn a_crash_in_nrt_init_is_reported() {
    let folder = folder();
    let (code, said) = check(&library(&folder, LITTLE, &["-DBEGIN=__builtin_trap()"]), &[]);
    assert_eq!(code, 1, "{said}");
    let wanted = "the library does not begin: crashed (SIGILL), in or after nrt_init(1, \"\", \"\")";
    assert!(said.contains(wanted), "{said}");
}

#[test]
fn a_hang_in_nrt_init_is_reported() {
    let folder = folder();
    let library = library(&folder, LITTLE, &["-DBEGIN=for(;;)"]);
    let (code, said) = check(&library, &["--timeout", "500ms", "--quick"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the case had not ended after 500ms, in or after nrt_init"), "{said}");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = folder();
    let library = library(&folder, "int nothing;", &[]);
    for (arguments, wanted) in [
        (&["--cases", "0"][..], "0 is not in 1.."),
        (&["--rules", "NRT-NOTHING-*"], "no rule is called NRT-NOTHING-*; --list shows all"),
        (&["--sdk", "1.9"], "no such release: 1.9; known are 2.28 to 2.33"),
        (&["--neff", "absent.neff"], "absent.neff cannot be read; pass a NEFF with --neff"),
        (&["--timeout", "soon"], "for example 10s"),
        (&["--timeout", "1ms"], "a case needs 100ms at least"),
    ] {
        let (code, said) = check(&library, arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
    let output = suite().output().expect("it was built");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("--lib <PATH>"), "{}", text(&output));
}

#[test]
fn a_run_that_is_none_is_not_compared() {
    let folder = folder();
    let file = folder.path().join("a.json");
    fs::write(&file, "{}").expect("a temporary folder");
    let output = suite().arg("diff").args([&file, &file]).output().expect("it was built");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("a.json is not what --json writes"), "{}", text(&output));
}
