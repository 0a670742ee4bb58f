//! Links `libnrt.so` as the vendor's is linked: its SONAME, its symbol versions, never unloaded.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=nrt.map");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let link = |argument: &str| println!("cargo::rustc-cdylib-link-arg={argument}");
    // GNU ld refuses the version script that rustc adds beside ours; lld takes both.
    link("-fuse-ld=lld");
    link("-Wl,-soname,libnrt.so.1");
    link(&format!("-Wl,--version-script={}", here.join("nrt.map").display()));
    // Worker threads and late calls outlive a `dlclose`.
    link("-Wl,-z,nodelete");
    place_soname_link(Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")));
}

/// Puts `libnrt.so.1`, the name programs load at run time, beside the `libnrt.so` that cargo makes.
fn place_soname_link(out: &Path) {
    // OUT_DIR is <profile folder>/build/<package>-<hash>/out. Where it is not, there is no such place.
    let Some(folder) = out.ancestors().nth(3) else { return };
    let link = folder.join("libnrt.so.1");
    if fs::symlink_metadata(&link).is_err() && std::os::unix::fs::symlink("libnrt.so", &link).is_err() {
        println!("cargo::warning=cannot make {}; programs need it at run time", link.display());
    }
}
