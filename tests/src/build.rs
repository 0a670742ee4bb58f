//! The products under test, built by cargo in the profile of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the repository")
}

/// The folder of what cargo builds in the profile of the tests: `<target>/<profile>`.
fn profile() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let tests = std::env::current_exe().expect("a running test has a file");
        tests.ancestors().nth(2).expect("tests are in <target>/<profile>/deps").to_owned()
    })
}

/// The target folder that the tests were built in.
pub fn target() -> &'static Path {
    profile().parent().expect("a profile folder is in the target folder")
}

/// `cargo SUBCOMMAND` at the top of the repository, with `target` as its target folder.
pub fn cargo(subcommand: &str, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).arg(subcommand).env("CARGO_TARGET_DIR", target);
    cargo
}

/// `cargo SUBCOMMAND` in the profile of the tests, with what they were built from.
pub fn again(subcommand: &str) -> Command {
    let mut cargo = cargo(subcommand, target());
    cargo.args(["--quiet", "--locked"]);
    if profile().ends_with("release") {
        cargo.arg("--release");
    }
    cargo
}

/// Builds `packages`, or the default ones if there are none, in the profile of the tests; returns the folder
/// of the products.
pub fn build(packages: &[&str]) -> &'static Path {
    let mut cargo = again("build");
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let built = cargo.status().expect("cargo is there, it runs the tests");
    assert!(built.success(), "{cargo:?} failed");
    profile()
}

/// The folder of `libnrt.so` and `nrt-sim`, which are up to date.
pub fn products() -> &'static Path {
    static BUILT: OnceLock<&'static Path> = OnceLock::new();
    BUILT.get_or_init(|| build(&[]))
}

/// The simulated library.
pub fn library() -> PathBuf {
    products().join("libnrt.so.1")
}

/// The folder of shared specifications, if the tests were given it; says so if not.
pub fn specification() -> Option<PathBuf> {
    let folder = std::env::var_os("NRT_SPEC_DIR").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: NRT_SPEC_DIR is not set");
    }
    folder
}
