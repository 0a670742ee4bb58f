//! Makes a jump for each function of the suite's table, and links as `libnrt.so.1` is linked.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

/// The functions, by name and symbol version: the suite's own list.
const TABLE: &str = "../src/abi/functions.txt";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=mutants.map");
    println!("cargo::rerun-if-changed={TABLE}");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let link = |argument: &str| println!("cargo::rustc-cdylib-link-arg={argument}");
    // GNU ld refuses the version script that rustc adds beside ours; lld takes both.
    link("-fuse-ld=lld");
    link("-Wl,-soname,libnrt.so.1");
    link(&format!("-Wl,--version-script={}", here.join("mutants.map").display()));
    link("-Wl,-z,nodelete");
    let table = fs::read_to_string(here.join(TABLE)).expect("the table is there");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("slots.rs"), slots(&table)).expect("cargo made the folder");
}

/// For each function a constant that stands for its slot, a line of the table of names, and a jump.
fn slots(table: &str) -> String {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let functions: Vec<(&str, &str, usize)> = lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let arguments = line.split_once('(').map_or(0, |(_, arguments)| arguments.split(',').count());
            Some((words.next()?, words.next()?, arguments))
        })
        .collect();
    let newest: HashMap<&str, &str> = functions.iter().map(|(name, version, _)| (*name, *version)).collect();
    let mut code = format!("const COUNT: usize = {};\n", functions.len());
    code += "const FUNCTIONS: [(&CStr, &CStr, usize); COUNT] = [\n";
    for (name, version, arguments) in &functions {
        let _ = writeln!(code, "    (c\"{name}\", c\"{version}\", {arguments}),");
    }
    code += "];\n";
    for (index, (name, version, _)) in functions.iter().enumerate() {
        let is_newest = newest[name] == *version;
        let constant = format!("{}{}", if is_newest { "" } else { "OLD_" }, name.to_uppercase());
        let symbol = format!("mutant_{index}");
        let at = if is_newest { "@@" } else { "@" };
        let offset = index * 8;
        let _ = write!(
            code,
            "#[allow(dead_code, reason = \"not every function is broken\")]
pub(crate) const {constant}: At<{index}> = At;
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern \"C\" fn {symbol}() {{
    naked_asm!(\"jmp *{{slots}}+{offset}(%rip)\", slots = sym SLOTS, options(att_syntax))
}}
global_asm!(\".symver {symbol}, {name}{at}{version}\");
"
        );
    }
    code
}
