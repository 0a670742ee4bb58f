//! C programs: compiled against our headers and library, and run as their first lines say.
//!
//! `// run: [NAME=VALUE ...] program ARGUMENTS -> EXITCODE`, where `{neff}` is the path of a NEFF; and
//! `// link: none` for a program that opens the library itself; `// valgrind: OPTION` for one that valgrind
//! would misjudge.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{build, neff};

/// How a program meets the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `LD_PRELOAD`, as in CI; the program is linked with `-lnrt` and would not start without.
    Preloaded,
    /// `LD_LIBRARY_PATH`.
    Found,
    /// As found, with AddressSanitizer and UndefinedBehaviorSanitizer in the program.
    Sanitized,
    /// As found, under valgrind.
    Valgrind,
}

/// A program of `tests/c`, compiled.
pub struct Program {
    folder: TempDir,
    path: PathBuf,
    source: PathBuf,
    way: Way,
}

/// Whether `tool` can be run here; says so if not.
pub fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

impl Program {
    /// Compiles `source`, a path below the repository, for `way`.
    pub fn compile(source: &str, way: Way) -> Program {
        Program::compile_with(source, way, &[])
    }

    /// The same with `macros` defined.
    pub fn compile_with(source: &str, way: Way, macros: &[&str]) -> Program {
        let source = build::root().join(source);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(source.file_stem().expect("a source has a name"));
        let (compiler, standard) = match source.extension().and_then(OsStr::to_str) {
            Some("cpp") => ("c++", "-std=c++17"),
            _ => ("cc", "-std=gnu11"),
        };
        let mut compile = Command::new(compiler);
        compile.args([standard, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]);
        compile.args(macros.iter().map(|name| format!("-D{name}")));
        compile.arg("-I").arg(build::root().join("include")).arg(&source).arg("-o").arg(&path);
        if way == Way::Sanitized {
            compile.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]);
        }
        if !directives(&source, "link").contains(&"none".to_owned()) {
            compile.arg("-L").arg(build::products()).arg("-lnrt");
        }
        compile.args(["-ldl", "-lm"]);
        let output = compile.output().expect("a C compiler");
        assert!(output.status.success(), "{compile:?}\n{}", text(&output));
        Program { folder, path, source, way }
    }

    /// Runs it in every way its first lines name; each must end with its exit code and print `ok`.
    pub fn run(&self) {
        self.run_with(&[]);
    }

    /// The same with further `settings` of the runtime.
    pub fn run_with(&self, settings: &[(&str, &str)]) {
        let lines = directives(&self.source, "run");
        assert!(!lines.is_empty(), "{} says nowhere how to run it", self.source.display());
        let neff = neff::write_small(self.folder.path());
        for line in lines {
            let (call, code) = line.rsplit_once("->").expect("`-> EXITCODE` ends the line");
            let code: i32 = code.trim().parse().expect("an exit code");
            let words: Vec<String> =
                call.split_whitespace().map(|word| word.replace("{neff}", &neff)).collect();
            let name = words.iter().position(|word| !word.contains('=')).expect("the program's name");
            let mut command = self.command();
            command.args(&words[name + 1..]).envs(settings.iter().copied());
            command.envs(words[..name].iter().filter_map(|word| word.split_once('=')));
            let output = command.output().expect("just compiled");
            let said = text(&output);
            assert_eq!(output.status.code(), Some(code), "{:?}: {line}: {}\n{said}", self.way, output.status);
            assert!(code != 0 || said.lines().any(|line| line == "ok"), "{line} did not print ok\n{said}");
        }
    }

    /// A command that runs it on the library, with none of the caller's settings for the runtime.
    pub fn command(&self) -> Command {
        let mut command = match self.way {
            Way::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind.args(["-q", "--error-exitcode=99", "--errors-for-leak-kinds=definite"]);
                valgrind.args(["--leak-check=full", "--trace-children=no"]);
                valgrind.args(directives(&self.source, "valgrind")).arg(&self.path);
                valgrind
            }
            Way::Preloaded | Way::Found | Way::Sanitized => Command::new(&self.path),
        };
        settle(&mut command);
        match self.way {
            Way::Preloaded => command.env("LD_PRELOAD", build::library()),
            _ => command.env("LD_LIBRARY_PATH", build::products()),
        };
        command
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder that lasts as long as the program.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Compiles `source`, a path below the repository, to the plug-in `name` in `folder`.
pub fn plug_in(source: &str, macros: &[&str], folder: &Path, name: &str) -> PathBuf {
    let library = folder.join(name);
    let mut compile = Command::new("cc");
    compile.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]);
    compile.args(macros.iter().map(|name| format!("-D{name}")));
    compile.arg("-I").arg(build::root().join("include"));
    compile.arg(build::root().join(source)).arg("-o").arg(&library);
    let output = compile.output().expect("a C compiler");
    assert!(output.status.success(), "{compile:?}\n{}", text(&output));
    library
}

/// Keeps the caller's settings for the runtime from `command`.
pub fn settle(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("NEURON_") || name.starts_with("NRT_") {
            command.env_remove(&*name);
        }
    }
    // Tests run beside each other, each with the whole machine to itself.
    command.env("NRT_SIM_SHARE_CORES", "1");
    watch(command);
}

/// Names a file for what is found in all programs that tests run: they run with the checker on then.
pub const FINDINGS: &str = "TEST_FINDINGS";

/// Turns the checker on for `command`, if the caller wants all programs to be checked.
pub(crate) fn watch(command: &mut Command) {
    if let Some(file) = std::env::var_os(FINDINGS) {
        command.env("NRT_SIM_CHECK", "report").env("NRT_SIM_CHECK_JSON", file);
    }
}

/// What a program printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// The values of the lines `// NAME: VALUE` at the beginning of `source`.
pub fn directives(source: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let head = text.lines().take_while(|line| line.starts_with("//"));
    let prefix = format!("// {name}: ");
    head.filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}
