//! What the linker and the loader see of the library, against `docs/symbols.txt`.
//!
//! `UPDATE_SYMBOLS=1 cargo test -p nrt-tests --test symbols` writes the file anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use nrt_tests::build;
use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn, FileHeader, SectionTable, Sym};

/// The functions that SDK 2.29 changed, which exist in both forms.
const DUAL: [&str; 8] = [
    "nrta_cc_prepare",
    "nrta_cc_schedule",
    "nrta_execute_schedule",
    "nrta_get_sequence",
    "nrta_is_completed",
    "nrta_tensor_copy",
    "nrta_tensor_read",
    "nrta_tensor_write",
];

/// The dynamic part of a shared library.
struct Elf {
    /// `name@@NODE` for the default version, `name@NODE` for others, `name` without a version.
    symbols: BTreeSet<String>,
    soname: String,
    flags_1: u64,
}

impl Elf {
    fn read() -> Elf {
        let data = fs::read(build::library()).expect("just built");
        Elf::parse(&data).expect("a shared library")
    }

    fn parse(data: &[u8]) -> object::read::Result<Elf> {
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, data)?;
        let dynamic = sections.dynamic_table(endian, data)?;
        let entry = |tag| dynamic.dynamics().iter().find(|entry| entry.tag(endian) == tag);
        let soname = match entry(elf::DT_SONAME) {
            Some(entry) => lossy(entry.string(endian, *dynamic.strings())?),
            None => String::new(),
        };
        let flags_1 = entry(elf::DT_FLAGS_1).map_or(0, |entry| entry.val(endian));
        Ok(Elf { symbols: exported(&sections, endian, data)?, soname, flags_1 })
    }
}

fn exported(
    sections: &SectionTable<'_, FileHeader64<Endianness>>,
    endian: Endianness,
    data: &[u8],
) -> object::read::Result<BTreeSet<String>> {
    let table = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    let versions = sections.versions(endian, data)?.unwrap_or_default();
    let mut names = BTreeSet::new();
    for (index, symbol) in table.enumerate() {
        if symbol.is_undefined(endian) || symbol.is_local() {
            continue;
        }
        let name = lossy(symbol.name(endian, table.strings())?);
        let version = versions.version_index(endian, index);
        let at = if version.is_hidden() { "@" } else { "@@" };
        names.insert(match versions.version(version.index())? {
            Some(node) => format!("{name}{at}{}", lossy(node.name())),
            None => name,
        });
    }
    Ok(names)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exported_symbols_are_those_of_the_list() {
    let file = build::root().join("docs/symbols.txt");
    let built = Elf::read().symbols;
    if std::env::var_os("UPDATE_SYMBOLS").is_some() {
        write(&file, &built);
    }
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let listed: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let added = built.difference(&listed).map(|symbol| format!("+ {symbol}"));
    let gone = listed.difference(&built).map(|symbol| format!("- {symbol}"));
    let changes: Vec<String> = added.chain(gone).collect();
    let how = "if that is wanted, run again with UPDATE_SYMBOLS=1";
    assert!(
        changes.is_empty(),
        "the library is not what docs/symbols.txt says; {how}\n{}",
        changes.join("\n")
    );
    assert!(text.lines().is_sorted(), "docs/symbols.txt is not sorted; run again with UPDATE_SYMBOLS=1");
}

fn write(file: &PathBuf, symbols: &BTreeSet<String>) {
    let lines: String = symbols.iter().map(|symbol| format!("{symbol}\n")).collect();
    fs::write(file, lines).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

#[test]
fn functions_that_changed_exist_in_both_forms_and_the_later_is_the_default() {
    let symbols = Elf::read().symbols;
    for name in DUAL {
        for symbol in [format!("{name}@NRT_2.0.0"), format!("{name}@@NRT_3.0.0")] {
            assert!(symbols.contains(&symbol), "{symbol} is missing");
        }
    }
    let old_forms = symbols.iter().filter_map(|symbol| symbol.strip_suffix("@NRT_2.0.0"));
    let old_forms: Vec<&str> = old_forms.filter(|name| !name.ends_with('@')).collect();
    assert_eq!(old_forms, DUAL, "functions whose form of NRT_2.0.0 is not the default");
}

/// Whoever adds a name that is not the vendor's, or lets one of Rust's out, finds it here.
#[test]
fn nothing_is_exported_but_the_api_and_the_old_forms_own_names() {
    let mut strangers = Elf::read().symbols;
    strangers.retain(|symbol| {
        let versioned = ["@NRT_2.0.0", "@@NRT_2.0.0", "@@NRT_3.0.0"];
        let mut names = versioned.iter().filter_map(|node| symbol.strip_suffix(node));
        let is_api = names.any(|name| ["nrt_", "nrta_", "nec_"].iter().any(|start| name.starts_with(start)));
        // The simulator's own, which a program cannot take for the vendor's.
        let own_function =
            symbol.strip_suffix("@@NRT_SIM_1.0").is_some_and(|name| name.starts_with("nrt_sim_"));
        let own_name = symbol.strip_prefix("__").and_then(|name| name.strip_suffix("_v2"));
        !is_api && !own_function && !own_name.is_some_and(|name| DUAL.contains(&name))
    });
    assert!(strangers.is_empty(), "{strangers:#?}");
}

#[test]
fn the_library_has_the_name_programs_ask_for_and_is_never_unloaded() {
    let elf = Elf::read();
    assert_eq!(elf.soname, "libnrt.so.1");
    assert!(elf.flags_1 & elf::DF_1_NODELETE.0 != 0, "no NODELETE in {:#x}", elf.flags_1);
}
