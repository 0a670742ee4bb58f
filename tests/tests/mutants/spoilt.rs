//! Mutants whose symbols are broken: copies of the library with a few bytes of its tables changed.

use std::fs;
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, Sym};
use object::{Endianness, pod};

use crate::mutant::Mutant;

/// A change of the tables.
struct Spoilt {
    name: &'static str,
    breaks: &'static str,
    caught_by: &'static str,
    spoil: fn(&mut Tables),
}

const SPOILT: [Spoilt; 4] = [
    Spoilt {
        name: "symbol-missing",
        breaks: "There is no nrt_tensor_copy.",
        caught_by: "NRT-ABI-*",
        spoil: |tables| tables.rename("nrt_tensor_copy"),
    },
    Spoilt {
        name: "symbol-without-version",
        breaks: "nrt_tensor_memset has no symbol version.",
        caught_by: "NRT-ABI-*",
        spoil: |tables| tables.set_version("nrt_tensor_memset", elf::VER_NDX_GLOBAL.0),
    },
    Spoilt {
        name: "symbol-under-the-old-version",
        breaks: "nrta_event_register_xu_completion stands under NRT_2.0.0.",
        caught_by: "NRT*-ABI-*",
        spoil: |tables| {
            let old = tables.version("nrt_init");
            tables.set_version("nrta_event_register_xu_completion", old);
        },
    },
    Spoilt {
        name: "symbol-under-the-new-version",
        breaks: "nrt_execute stands under NRT_3.0.0.",
        caught_by: "NRT-ABI-*",
        spoil: |tables| {
            let new = tables.version("nrta_event_register_xu_completion");
            tables.set_version("nrt_execute", new);
        },
    },
];

/// A library as bytes, and where its dynamic symbols are in them.
struct Tables {
    bytes: Vec<u8>,
    /// Name, offset of the name, offset of the version.
    symbols: Vec<(String, usize, usize)>,
}

impl Tables {
    fn read(bytes: Vec<u8>) -> object::read::Result<Tables> {
        let data = bytes.as_slice();
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, data)?;
        let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
        let (versions, _) = sections.gnu_versym(endian, data)?.expect("it has versions");
        let start = |part: *const u8| part as usize - data.as_ptr() as usize;
        let versions = start(pod::bytes_of_slice(versions).as_ptr());
        let mut found = Vec::new();
        for (index, symbol) in symbols.enumerate().filter(|(_, symbol)| !symbol.is_undefined(endian)) {
            let name = symbols.symbol_name(endian, symbol)?;
            let text = String::from_utf8_lossy(name).into_owned();
            found.push((text, start(name.as_ptr()), versions + index.0 * 2));
        }
        Ok(Tables { symbols: found, bytes })
    }

    fn find(&self, name: &str) -> &(String, usize, usize) {
        self.symbols.iter().find(|symbol| symbol.0 == name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// Nobody who looks for the symbol finds it.
    fn rename(&mut self, name: &str) {
        let at = self.find(name).1;
        self.bytes[at] = b'x';
    }

    fn version(&self, name: &str) -> u16 {
        let at = self.find(name).2;
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    fn set_version(&mut self, name: &str, version: u16) {
        let at = self.find(name).2;
        self.bytes[at..at + 2].copy_from_slice(&version.to_le_bytes());
    }
}

/// Writes the libraries to `folder`.
pub(crate) fn write(library: &Path, folder: &Path) -> Vec<Mutant> {
    let make = |spoilt: &Spoilt| {
        let mut tables = Tables::read(fs::read(library).expect("just built")).expect("a shared library");
        (spoilt.spoil)(&mut tables);
        let path: PathBuf = folder.join(format!("{}.so", spoilt.name));
        fs::write(&path, tables.bytes).expect("a temporary folder");
        Mutant {
            name: spoilt.name.to_owned(),
            breaks: spoilt.breaks.to_owned(),
            caught_by: vec![spoilt.caught_by.to_owned()],
            library: path,
            is_whole: true,
        }
    };
    SPOILT.iter().map(make).collect()
}
