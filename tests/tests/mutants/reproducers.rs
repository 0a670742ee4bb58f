//! The C programs that the suite makes of what it found: each fails against the mutant, and passes against the
//! library that the mutant was made of.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nrt_tests::program::{has, settle, text};

use crate::{MUTANTS, arguments, failed};

/// How often a program is run before it counts as one that does not fail.
const ATTEMPTS: usize = 20;

/// Compiles a program as its own first lines say.
fn compile(source: &Path, library: &Path) -> PathBuf {
    let binary = source.with_extension("bin");
    let mut compile = Command::new("cc");
    compile.args(["-w", "-pthread", "-Wl,--unresolved-symbols=ignore-in-shared-libs"]);
    let output = compile.arg(source).arg(library).arg("-o").arg(&binary).output().expect("a C compiler");
    assert!(output.status.success(), "{compile:?}\n{}", text(&output));
    binary
}

fn run(binary: &Path, library: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary);
    settle(&mut command);
    command.arg(binary.with_file_name("model.neff")).env("LD_PRELOAD", library);
    command.envs(variables.iter().copied()).output().expect("just compiled")
}

/// The mutant of that name is found out with a program that shows it.
fn reproduces(name: &str) {
    if !has("cc") {
        return;
    }
    let mutant = MUTANTS.find(name);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut arguments = arguments(mutant, 0);
    arguments.retain(|argument| argument != "--quick");
    arguments.extend(["--programs".to_owned(), folder.path().display().to_string()]);
    let results = MUTANTS.check_mutant(mutant, &arguments);
    let found = failed(&results).find(|result| result.is_confirmed);
    let found = found.unwrap_or_else(|| panic!("no program shows {name}"));
    let source = folder.path().join(format!("{}.c", found.rule));
    let original = MUTANTS.original();

    let binary = compile(&source, &mutant.library);
    let original_path = original.display().to_string();
    let variables = [("NRT_MUTANT_OF", original_path.as_str()), ("NRT_MUTANT", name)];
    let broken = (0..ATTEMPTS).any(|_| !run(&binary, &mutant.library, &variables).status.success());
    assert!(broken, "{} does not fail against {name}", found.rule);

    let binary = compile(&source, &original);
    let output = run(&binary, &original, &[]);
    assert!(output.status.success(), "{}: {}\n{}", found.rule, output.status, text(&output));
}

#[test]
fn a_late_status_is_shown() {
    reproduces("status-after-sequence");
}

#[test]
fn an_id_of_a_refused_request_is_shown() {
    reproduces("id-written-on-failure");
}

#[test]
fn a_slice_of_the_wrong_bytes_is_shown() {
    reproduces("slice-of-slice-from-the-storage");
}
