//! A broken runtime, and what the conformance suite says of it.

use std::ffi::{CStr, c_char};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nrt_tests::build;
use nrt_tests::program::{settle, text};
use serde_json::Value;
use tempfile::TempDir;

use crate::spoilt;

/// A broken runtime.
pub(crate) struct Mutant {
    /// Named after what it breaks.
    pub(crate) name: String,
    /// The same in a sentence.
    pub(crate) breaks: String,
    /// Rules that say what it breaks, as patterns: one of them has to fail.
    pub(crate) caught_by: Vec<String>,
    /// The file.
    pub(crate) library: PathBuf,
    /// Whether the file is all of it; else it is told by name what to break.
    pub(crate) is_whole: bool,
}

/// All of them, and the folder that some are in.
pub(crate) struct Mutants {
    pub(crate) all: Vec<Mutant>,
    /// The library that breaks nothing unless told to.
    pub(crate) library: PathBuf,
    products: &'static Path,
    _folder: TempDir,
}

/// What became of a rule.
pub(crate) struct Finding {
    pub(crate) rule: String,
    /// How it ended, as in the report.
    pub(crate) end: String,
    pub(crate) why: String,
    /// Whether a C program was seen to show the same.
    pub(crate) is_confirmed: bool,
}

impl Mutants {
    /// Builds them, and the suite, and what they are mutants of.
    pub(crate) fn build() -> Mutants {
        let products = build::build(&["libnrt-shim", "nrt-conformance", "nrt-mutants"]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = products.join("libnrt_mutants.so");
        let mut all = listed(&library);
        all.extend(spoilt::write(&library, folder.path()));
        Mutants { all, library, products, _folder: folder }
    }

    /// The library that is broken.
    pub(crate) fn original(&self) -> PathBuf {
        self.products.join("libnrt.so.1")
    }

    /// Runs the suite with these arguments on a library; `mutant` says what it breaks, if anything.
    pub(crate) fn check(&self, library: &Path, mutant: Option<&str>, arguments: &[String]) -> Vec<Finding> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let report = folder.path().join("report.json");
        let mut command = Command::new(self.products.join("nrt-conformance"));
        settle(&mut command);
        command.env("NRT_MUTANT_OF", self.original()).envs(mutant.map(|name| ("NRT_MUTANT", name)));
        command.arg("--lib").arg(library).arg("--json").arg(&report).args(arguments);
        let output = command.output().expect("just built");
        let said = text(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command:?}: {}\n{said}", output.status);
        let report = fs::read_to_string(&report).unwrap_or_else(|why| panic!("{command:?}: {why}\n{said}"));
        let report: Value = serde_json::from_str(&report).expect("it writes JSON");
        let field = |rule: &Value, name: &str| rule[name].as_str().unwrap_or_default().to_owned();
        let rules = report["rules"].as_array().expect("a list of rules");
        let result = |rule: &Value| Finding {
            rule: field(rule, "id"),
            end: field(rule, "end"),
            why: field(rule, "why"),
            is_confirmed: rule["finding"]["confirmed"].get("Ok").is_some(),
        };
        rules.iter().map(result).collect()
    }

    /// The same on a mutant.
    pub(crate) fn check_mutant(&self, mutant: &Mutant, arguments: &[String]) -> Vec<Finding> {
        let name = (!mutant.is_whole).then_some(mutant.name.as_str());
        self.check(&mutant.library, name, arguments)
    }

    /// The mutant of that name.
    pub(crate) fn find(&self, name: &str) -> &Mutant {
        self.all.iter().find(|mutant| mutant.name == name).unwrap_or_else(|| panic!("there is no {name}"))
    }
}

/// The mutants that the library has.
fn listed(library: &Path) -> Vec<Mutant> {
    // SAFETY: it does nothing when it is loaded but look at its environment.
    let loaded = unsafe { libloading::Library::new(library) }.expect("just built");
    // SAFETY: the function is of this type.
    let list = unsafe { loaded.get::<extern "C" fn() -> *const c_char>(c"nrt_mutants") }.expect("its list");
    // SAFETY: it gives a text that stays.
    let text = unsafe { CStr::from_ptr(list()) }.to_str().expect("plain text");
    let mutant = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let mut part = || parts.next().expect("three parts");
        let (name, caught_by, breaks) = (part(), part(), part());
        let caught_by = caught_by.split(' ').map(str::to_owned).collect();
        Mutant { name, breaks, caught_by, library: library.to_owned(), is_whole: false }
    };
    text.lines().map(mutant).collect()
}
