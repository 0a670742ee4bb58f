//! Why no process of a run initialised the runtime.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

use object::elf::{EM_AARCH64, EM_X86_64, Machine};

use crate::program::{Kind, locate, privilege};

/// Where the vendor's packages put the library.
const VENDOR_PATH: &str = "/opt/aws/neuron/lib/libnrt.so.1";
/// Interpreters that are followed from script to script, as in Linux.
const SCRIPTS_MAX: usize = 4;
/// Larger files are not searched for paths: they are data.
const SEARCH_BYTES_MAX: u64 = 64 << 20;
/// The machine that this build, and so the library, is for.
const OUR_MACHINE: Machine = if cfg!(target_arch = "aarch64") { EM_AARCH64 } else { EM_X86_64 };

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// The library was loaded by these programs, and none called `nrt_init`, or it failed.
    NeverCalled {
        /// The programs.
        programs: BTreeSet<PathBuf>,
        /// Paths of a `libnrt.so` that they, the script or its arguments contain, each with where it is.
        paths: Vec<(String, PathBuf)>,
    },
    /// The library could not be loaded into this program.
    NeverLoaded {
        /// The program, or the interpreter of a script.
        program: PathBuf,
        /// The reason.
        reason: Reason,
    },
}

/// Why a library cannot be put before a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It has no loader.
    Static,
    /// It is started in secure mode, because of this.
    Privileged(&'static str),
    /// It is for 32-bit machines.
    Is32Bit,
    /// It is for another machine.
    OtherMachine,
    /// Its loader is that of another C library.
    OtherLibc(PathBuf),
    /// It is no ELF file, nor a script.
    NoElf,
    /// Nothing that is known to prevent it.
    Unknown,
}

impl Diagnosis {
    /// Finds out, when `command` was run and the processes that loaded the library ran `loaded`.
    pub(crate) fn of(command: &[PathBuf], loaded: BTreeSet<PathBuf>) -> Diagnosis {
        let chain = chain(&command[0]);
        if loaded.is_empty() {
            let program = chain.last().expect("the command is in it").clone();
            let reason = Reason::of(&program);
            return Diagnosis::NeverLoaded { program, reason };
        }
        let arguments = command[1..].iter().cloned();
        let suspects: BTreeSet<PathBuf> = loaded.iter().cloned().chain(chain).chain(arguments).collect();
        let mut paths = Vec::new();
        for suspect in suspects {
            let bytes = contents(&suspect);
            paths.extend(absolute_paths(&bytes).into_iter().map(|path| (path, suspect.clone())));
        }
        Diagnosis::NeverCalled { programs: loaded, paths }
    }
}

impl Reason {
    fn of(program: &Path) -> Reason {
        let Ok(Kind::Elf(elf)) = Kind::of(program) else { return Reason::NoElf };
        if !elf.is_64 {
            return Reason::Is32Bit;
        }
        if elf.machine != OUR_MACHINE {
            return Reason::OtherMachine;
        }
        let Some(loader) = elf.loader else { return Reason::Static };
        if let Some(privilege) = privilege(program) {
            return Reason::Privileged(privilege);
        }
        if loader.to_string_lossy().contains("musl") {
            return Reason::OtherLibc(loader);
        }
        Reason::Unknown
    }
}

/// The file of `command` and, if that is a script, its interpreter, and so on.
fn chain(command: &Path) -> Vec<PathBuf> {
    let mut chain = vec![locate(command).unwrap_or_else(|| command.to_owned())];
    while chain.len() <= SCRIPTS_MAX {
        let last = chain.last().expect("it begins with the command");
        let Ok(Kind::Script { interpreter, argument }) = Kind::of(last) else { break };
        // `#!/usr/bin/env NAME` runs whatever NAME is.
        let of_env = argument.filter(|_| interpreter.ends_with("env")).and_then(|argument| {
            let name = argument.split_whitespace().find(|word| !word.starts_with('-') && !word.contains('='));
            locate(Path::new(name?))
        });
        chain.push(of_env.unwrap_or(interpreter));
    }
    chain
}

fn contents(path: &Path) -> Vec<u8> {
    let is_small = path.metadata().is_ok_and(|about| about.is_file() && about.len() <= SEARCH_BYTES_MAX);
    if is_small { fs::read(path).unwrap_or_default() } else { Vec::new() }
}

/// The absolute paths of a `libnrt.so`, with or without version, that stand in `bytes`; each once.
fn absolute_paths(bytes: &[u8]) -> BTreeSet<String> {
    const NAME: &[u8] = b"/libnrt.so";
    let is_path = |byte: &u8| byte.is_ascii_graphic() && !b"\"'`:;,=()<>[]{}|".contains(byte);
    let places = (0..bytes.len()).filter(|&at| bytes[at] == b'/' && bytes[at..].starts_with(NAME));
    let paths = places.filter_map(|at| {
        let begin = bytes[..at].iter().rposition(|byte| !is_path(byte)).map_or(0, |before| before + 1);
        let version = &bytes[at + NAME.len()..];
        let version = version.iter().take_while(|&&byte| byte == b'.' || byte.is_ascii_digit()).count();
        let path = String::from_utf8_lossy(&bytes[begin..at + NAME.len() + version]);
        let path = path.trim_end_matches('.');
        path.starts_with('/').then(|| path.to_owned())
    });
    paths.collect()
}

impl Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no process initialised the runtime: ")?;
        match self {
            Diagnosis::NeverLoaded { program, reason } => write!(f, "{} {reason}", program.display()),
            Diagnosis::NeverCalled { programs, paths } => {
                let programs: Vec<_> = programs.iter().map(|path| path.display().to_string()).collect();
                writeln!(
                    f,
                    "{} loaded the simulated library, but did not call nrt_init, or it failed (then the library \
                     has said why).",
                    programs.join(", ")
                )?;
                paths.iter().try_for_each(|(path, place)| {
                    let exists = if Path::new(path).exists() {
                        "that file, which exists, was used instead"
                    } else {
                        "that failed, since there is no such file; libnrt.so.1 without a folder would be found"
                    };
                    writeln!(f, "{} contains {path}: if it is opened by that path, {exists}.", place.display())
                })?;
                if paths.is_empty() {
                    writeln!(
                        f,
                        "If the program does dlopen an absolute path such as {VENDOR_PATH}, that file was used \
                         instead."
                    )?;
                }
                write!(f, "If it starts others that use the library, they may be static or setuid.")
            }
        }
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Static => write!(
                f,
                "is statically linked (no PT_INTERP): it has no loader that could load a library. Link it \
                 dynamically, with -lnrt, or let it open libnrt.so.1 with dlopen."
            ),
            Reason::Privileged(why) => write!(
                f,
                "{why}: the system ignores LD_PRELOAD and LD_LIBRARY_PATH for such programs. Run a copy without \
                 that privilege (cp drops it)."
            ),
            Reason::Is32Bit => write!(f, "is a 32-bit program; the library is for 64 bits."),
            Reason::OtherMachine => {
                write!(f, "is for another machine; the library is for {}.", std::env::consts::ARCH)
            }
            Reason::OtherLibc(loader) => write!(
                f,
                "uses the loader {}, not that of glibc, for which the library is made.",
                loader.display()
            ),
            Reason::NoElf => write!(
                f,
                "is neither an ELF program nor a script with #!, and whatever runs it did not load the library."
            ),
            Reason::Unknown => write!(
                f,
                "did not load the simulated library. If the loader printed a message above, it says why; else \
                 the program, or what it is wrapped in, may have cleared LD_PRELOAD."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::{Diagnosis, Reason, absolute_paths};
    use crate::program::tests::program;

    fn folder(files: &[(&str, &[u8])]) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).expect("writable");
        }
        folder
    }

    fn reason(bytes: &[u8]) -> Reason {
        let folder = folder(&[("program", bytes)]);
        reason_of(folder.path().join("program"))
    }

    fn reason_of(program: PathBuf) -> Reason {
        match Diagnosis::of(&[program], BTreeSet::new()) {
            Diagnosis::NeverLoaded { reason, .. } => reason,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_keeps_a_library_out_is_told_apart() {
        let mut foreign = program(true, Some("/lib/ld.so"));
        foreign[18] = 8; // MIPS
        assert_eq!(reason(&program(false, Some("/lib/ld-linux.so.2"))), Reason::Is32Bit);
        assert_eq!(reason(&foreign), Reason::OtherMachine);
        assert_eq!(reason(b"echo hello\n"), Reason::NoElf);
        if cfg!(target_arch = "x86_64") {
            assert_eq!(reason(&program(true, None)), Reason::Static);
            let musl = "/lib/ld-musl-x86_64.so.1";
            assert_eq!(reason(&program(true, Some(musl))), Reason::OtherLibc(musl.into()));
            assert_eq!(reason(&program(true, Some("/lib64/ld-linux-x86-64.so.2"))), Reason::Unknown);
        }
    }

    #[test]
    fn a_script_is_as_good_as_its_interpreter() {
        let folder = folder(&[("static", &program(true, None))]);
        let script = format!("#!{}/static\n", folder.path().display());
        fs::write(folder.path().join("script"), script).expect("writable");
        if cfg!(target_arch = "x86_64") {
            assert_eq!(reason_of(folder.path().join("script")), Reason::Static);
        }
        fs::write(folder.path().join("env"), "#!/usr/bin/env -S sh -u\n").expect("writable");
        assert_eq!(reason_of(folder.path().join("env")), Reason::Unknown);
    }

    #[test]
    fn a_script_that_is_its_own_interpreter_ends_the_search() {
        let folder = folder(&[]);
        let script = folder.path().join("script");
        fs::write(&script, format!("#!{}\n", script.display())).expect("writable");
        assert_eq!(reason_of(script), Reason::NoElf);
    }

    #[test]
    fn a_program_of_ones_own_is_not_privileged() {
        let folder = folder(&[("program", &program(true, Some("/lib/ld.so")))]);
        let path = folder.path().join("program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).expect("ours");
        assert_ne!(reason_of(path), Reason::Privileged("is setuid"), "setuid to whom it is anyway");
    }

    #[test]
    fn absolute_paths_are_found_in_text_and_in_binaries() {
        let found = |bytes: &[u8]| absolute_paths(bytes).into_iter().collect::<Vec<_>>();
        assert_eq!(found(b"\0/opt/aws/neuron/lib/libnrt.so.1\0x"), ["/opt/aws/neuron/lib/libnrt.so.1"]);
        assert_eq!(
            found(b"CDLL('/a/libnrt.so'). See /b/libnrt.so.2.3."),
            ["/a/libnrt.so", "/b/libnrt.so.2.3"]
        );
        assert_eq!(found(b"/libnrt.so"), ["/libnrt.so"]);
        assert!(found(b"dlopen(\"libnrt.so.1\"), ../lib/libnrt.so, lib/libnrt.so").is_empty());
    }

    #[test]
    fn a_program_that_opens_a_path_of_its_own_is_told_which() {
        let folder = folder(&[("main.py", b"#!/bin/sh\ncdll('/nowhere/libnrt.so.1')\n")]);
        let script = folder.path().join("main.py");
        let loaded = BTreeSet::from(["/bin/sh".into()]);
        let text = Diagnosis::of(&["python3".into(), script.clone()], loaded.clone()).to_string();
        assert!(text.contains("/bin/sh loaded the simulated library"), "{text}");
        assert!(text.contains(&format!("{} contains /nowhere/libnrt.so.1", script.display())), "{text}");
        assert!(text.contains("there is no such file"), "{text}");
        let text = Diagnosis::of(&["/bin/sh".into()], loaded).to_string();
        assert!(text.contains("/opt/aws/neuron/lib/libnrt.so.1"), "{text}");
    }
}
