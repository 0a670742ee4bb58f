//! The products under test, built by cargo in the profile of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the repository")
}

/// The folder that `cargo build` puts its products in, with `libnrt.so` and `nrt-sim` up to date.
pub fn products() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let tests = std::env::current_exe().expect("a running test has a file");
        // <target>/<profile>/deps/<test>
        let folder = tests.ancestors().nth(2).expect("tests are in the target folder").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root()).args(["build", "--quiet", "--target-dir"]);
        cargo.arg(folder.parent().expect("a profile folder is in the target folder"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.status().expect("cargo is there, it runs the tests");
        assert!(built.success(), "cargo build failed");
        folder
    })
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
