//! What a program file is: where it is, how the system starts it, whether a library can be put before it.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use object::elf::{ET_DYN, ET_EXEC, FileHeader32, FileHeader64, Machine, PT_INTERP};
use object::endian::Endianness;
use object::read::elf::{FileHeader, ProgramHeader};
use object::read::{FileKind, ReadCache};

/// Where programs are looked for when PATH is not set, as in the C library.
const DEFAULT_PATH: &str = "/bin:/usr/bin";
/// Bytes of a `#!` line that Linux reads.
const SHEBANG_MAX: u64 = 256;

/// How the system starts a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An ELF program or library.
    Elf(Elf),
    /// A script: the interpreter of its first line, and the argument there.
    Script { interpreter: PathBuf, argument: Option<String> },
    /// Something else: no program, or one that only a shell or a registered format can start.
    Other,
}

/// What matters of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elf {
    /// Whether it is for a 64-bit machine.
    pub(crate) is_64: bool,
    /// The machine it is for.
    pub(crate) machine: Machine,
    /// Whether it can be loaded at any address, as libraries and most programs are.
    pub(crate) is_dynamic_object: bool,
    /// The loader it asks for; none if it is static, or a library.
    pub(crate) loader: Option<PathBuf>,
}

impl Kind {
    /// Looks into the file at `path`.
    ///
    /// # Errors
    /// The system's, when it cannot be read.
    pub(crate) fn of(path: &Path) -> io::Result<Kind> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        file.rewind()?;
        Ok(match magic.as_slice() {
            [b'#', b'!', ..] => Kind::script(file)?,
            b"\x7fELF" => Kind::elf(file).map_or(Kind::Other, Kind::Elf),
            _ => Kind::Other,
        })
    }

    fn script(file: File) -> io::Result<Kind> {
        let mut line = Vec::new();
        BufReader::new(file.take(SHEBANG_MAX)).read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line[2..]);
        let (interpreter, argument) = match line.trim().split_once([' ', '\t']) {
            Some((interpreter, argument)) => (interpreter, Some(argument.trim().to_owned())),
            None => (line.trim(), None),
        };
        Ok(Kind::Script { interpreter: interpreter.into(), argument })
    }

    /// `None` if the file is damaged.
    fn elf(file: File) -> Option<Elf> {
        let data = ReadCache::new(file);
        match FileKind::parse(&data).ok()? {
            FileKind::Elf64 => Elf::read::<FileHeader64<Endianness>>(&data),
            FileKind::Elf32 => Elf::read::<FileHeader32<Endianness>>(&data),
            _ => None,
        }
    }
}

impl Elf {
    fn read<H: FileHeader<Endian = Endianness>>(data: &ReadCache<File>) -> Option<Elf> {
        let header = H::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let kind = header.e_type(endian);
        if kind != ET_EXEC && kind != ET_DYN {
            return None;
        }
        let segments = header.program_headers(endian, data).ok()?;
        let loader = segments.iter().find(|segment| segment.p_type(endian) == PT_INTERP);
        let loader = loader.and_then(|segment| segment.data(endian, data).ok());
        let loader = loader.map(|path| String::from_utf8_lossy(path).trim_end_matches('\0').into());
        Some(Elf {
            is_64: header.is_class_64(),
            machine: header.e_machine(endian),
            is_dynamic_object: kind == ET_DYN,
            loader,
        })
    }
}

/// The file that a command names: by its path, or else in the folders of PATH.
pub(crate) fn locate(command: &Path) -> Option<PathBuf> {
    if command.as_os_str().as_encoded_bytes().contains(&b'/') {
        return command.exists().then(|| command.to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let places: Vec<PathBuf> = env::split_paths(&path).map(|folder| folder.join(command)).collect();
    let is_executable =
        |place: &&PathBuf| place.metadata().is_ok_and(|about| about.is_file() && about.mode() & 0o111 != 0);
    places.iter().find(is_executable).or_else(|| places.iter().find(|place| place.is_file())).cloned()
}

/// Why the system starts the ELF program at `path` in secure mode, in which LD_PRELOAD is ignored.
pub(crate) fn privilege(path: &Path) -> Option<&'static str> {
    let about = path.metadata().ok()?;
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    if about.mode() & 0o4000 != 0 && about.uid() != user {
        return Some("is setuid");
    }
    if about.mode() & 0o2010 == 0o2010 && about.gid() != group {
        return Some("is setgid");
    }
    let capabilities = rustix::fs::getxattr(path, "security.capability", &mut [0_u8; 64][..]);
    (user != 0 && capabilities.is_ok_and(|len| len > 0)).then_some("has file capabilities")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::PathBuf;

    use object::elf::EM_X86_64;

    use super::{Elf, Kind};

    /// The bytes of an ELF program without instructions: 64 or 32 bits, x86-64, maybe with a loader.
    pub(crate) fn program(is_64: bool, loader: Option<&str>) -> Vec<u8> {
        let (head, segment) = if is_64 { (64_u16, 56_u16) } else { (52, 32) };
        let word = |number: u16| {
            if is_64 {
                u64::from(number).to_le_bytes().to_vec()
            } else {
                u32::from(number).to_le_bytes().to_vec()
            }
        };
        let mut bytes = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(is_64), 1, 1];
        bytes.resize(16, 0);
        bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]); // an executable for x86-64
        bytes.extend([word(0), word(head), word(0)].concat()); // entry, segments, sections
        bytes.extend([0; 4]);
        for number in [head, segment, 1, 0, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        let path = loader.map(|path| format!("{path}\0")).unwrap_or_default();
        let kind: u32 = if loader.is_some() { 3 } else { 1 };
        bytes.extend(kind.to_le_bytes());
        let len = word(u16::try_from(path.len()).expect("short"));
        let place = word(head + segment);
        let fields = if is_64 {
            [vec![4, 0, 0, 0], place, word(0), word(0), len.clone(), len, word(1)].concat()
        } else {
            [place, word(0), word(0), len.clone(), len, vec![4, 0, 0, 0], word(1)].concat()
        };
        bytes.extend(fields);
        bytes.extend(path.as_bytes());
        bytes
    }

    fn kind(bytes: &[u8]) -> Kind {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), bytes).expect("writable");
        Kind::of(file.path()).expect("readable")
    }

    #[test]
    fn the_loader_and_the_class_are_found() {
        for is_64 in [false, true] {
            for loader in [None, Some("/lib/ld.so")] {
                let elf = Elf {
                    is_64,
                    machine: EM_X86_64,
                    is_dynamic_object: false,
                    loader: loader.map(PathBuf::from),
                };
                assert_eq!(kind(&program(is_64, loader)), Kind::Elf(elf));
            }
        }
    }

    #[test]
    fn our_own_program_is_dynamic() {
        let Kind::Elf(elf) = Kind::of(&std::env::current_exe().expect("known")).expect("readable") else {
            panic!("a test is an ELF program");
        };
        assert!(elf.is_64 && elf.loader.is_some());
    }

    #[test]
    fn the_first_line_of_a_script_is_split_once() {
        let script = |interpreter: &str, argument: Option<&str>| Kind::Script {
            interpreter: interpreter.into(),
            argument: argument.map(str::to_owned),
        };
        assert_eq!(kind(b"#!/bin/sh\necho\n"), script("/bin/sh", None));
        assert_eq!(kind(b"#! /usr/bin/env -S python3 -u \n"), script("/usr/bin/env", Some("-S python3 -u")));
        assert_eq!(kind(b"#!"), script("", None));
    }

    #[test]
    fn what_is_neither_is_other() {
        let mut object = program(true, None);
        object[16] = 1; // ET_REL, what `cc -c` makes
        for bytes in [&b""[..], b"\x7fEL", b"\x7fELF", b"echo hello\n", &program(true, None)[..60], &object] {
            assert_eq!(kind(bytes), Kind::Other, "{bytes:?}");
        }
    }
}
