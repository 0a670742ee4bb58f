//! `nrt-sim lint`: where the variable of implicit async mode is still set.

mod line;
mod syntax;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ignore::WalkBuilder;
use serde::Serialize;

use crate::{file, note};
use line::{Meaning, mentions};
use syntax::Syntax;

/// The variable that a migrated program does not have.
pub(crate) const VARIABLE: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";

/// The exit code when there is something to do.
const FOUND: u8 = 1;
/// The exit code when something could not be looked at.
pub(crate) const UNREADABLE: u8 = 2;
/// Larger files are data, not configuration.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// So many bytes tell whether a file is text.
const HEAD: usize = 8 << 10;

const HELP: &str = "\
Examples:
  nrt-sim lint .                       the folder, but what git ignores (except .env files)
  nrt-sim lint --json deploy Dockerfile

Comments, documentation, and lines that unset or only read the variable are not findings; --notes shows them.
Exit code: 0 if nothing was found, 1 if something was, 2 if something could not be read or asked.";

/// Finds where NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS is still set: scripts, Dockerfiles, compose and Kubernetes
/// files, .env files, systemd units, configuration, sources.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,

    /// Print as well where the variable is unset, read, or spoken of.
    #[arg(long)]
    notes: bool,

    /// Look at what git ignores, too.
    #[arg(long)]
    ignored: bool,

    /// Files and folders. Links within folders are not followed.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// A line with the variable.
#[derive(Debug, Serialize)]
struct Place {
    path: String,
    line: usize,
    column: usize,
    meaning: Meaning,
    text: String,
    advice: &'static str,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Found {
    findings: Vec<Place>,
    notes: Vec<Place>,
    unreadable: Vec<String>,
    /// Text files that were looked at.
    files: usize,
}

/// Looks, prints what it finds, and returns the exit code.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn lint(options: &Options) -> Result<u8> {
    let mut found = Found::default();
    for path in files(options, &mut found) {
        match text(&path) {
            Ok(Some(text)) => found.look(&path, &text),
            Ok(None) => {}
            Err(error) => found.unreadable.push(format!("{}: {error}", path.display())),
        }
    }
    print(options, &found)?;
    Ok(match (found.unreadable.is_empty(), found.findings.is_empty()) {
        (false, _) => UNREADABLE,
        (true, false) => FOUND,
        (true, true) => 0,
    })
}

/// All files to be looked at, each once.
fn files(options: &Options, found: &mut Found) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for path in &options.paths {
        let mut walk = WalkBuilder::new(path);
        walk.hidden(false)
            .follow_links(false)
            .require_git(false)
            .standard_filters(!options.ignored)
            .hidden(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for entry in walk.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.unreadable.push(error.to_string());
                    continue;
                }
            };
            // What was named is looked at even if it is a link: whoever named it meant what it leads to.
            let is_named = entry.depth() == 0;
            match entry.file_type() {
                _ if is_named && entry.path().is_file() => _ = files.insert(entry.into_path()),
                Some(kind) if kind.is_file() => _ = files.insert(entry.into_path()),
                Some(kind) if kind.is_dir() => files.extend(environment_files(entry.path())),
                _ => {}
            }
        }
    }
    files
}

/// The `.env` files in `folder`: git most often ignores them, and they are what programs are started with.
fn environment_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.map(|entry| entry.path()).filter(|path| Syntax::of(path) == Syntax::Env).collect()
}

/// The text of the file, if it is one that a person may have written.
fn text(path: &Path) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let is_binary = bytes[..bytes.len().min(HEAD)].contains(&0);
    Ok((!is_binary).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

impl Found {
    fn look(&mut self, path: &Path, text: &str) {
        self.files += 1;
        if !text.contains(VARIABLE) {
            return;
        }
        let syntax = Syntax::of(path);
        for mention in mentions(text, syntax) {
            let place = Place {
                path: path.display().to_string(),
                line: mention.line,
                column: mention.column,
                meaning: mention.meaning,
                text: mention.text.trim().to_owned(),
                advice: mention.meaning.advice(syntax),
            };
            let places = if mention.meaning.is_finding() { &mut self.findings } else { &mut self.notes };
            places.push(place);
        }
    }
}

fn print(options: &Options, found: &Found) -> Result<()> {
    if options.json {
        return file::print((serde_json::to_string_pretty(found)? + "\n").as_bytes());
    }
    let mut out = String::new();
    let Found { findings, notes, unreadable, files } = found;
    for place in findings {
        show(&mut out, place);
    }
    if options.notes {
        for place in notes {
            show(&mut out, place);
        }
    }
    unreadable.iter().for_each(|line| note(line));
    let rest = if options.notes || notes.is_empty() {
        String::new()
    } else {
        format!("; {} that unset, read or only name it (--notes)", notes.len())
    };
    let _ = writeln!(out, "{} places to change in {files} files{rest}", findings.len());
    file::print(out.as_bytes())
}

fn show(out: &mut String, place: &Place) {
    let Place { path, line, column, meaning, text, advice } = place;
    // A file may hold anything, and a terminal must not obey it.
    let text: String = text.chars().filter(|char| !char.is_control()).collect();
    let _ = writeln!(out, "{path}:{line}:{column}: {}: {text}\n  {advice}", meaning.name());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use clap::Parser;

    use super::{Found, Options, VARIABLE, files};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn found(words: &[&str]) -> Vec<String> {
        let line = Line::try_parse_from([&["lint"], words].concat()).expect("valid");
        let mut found = Found::default();
        let names = files(&line.options, &mut found).into_iter();
        assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
        names.map(|path| path.file_name().expect("a file").to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_git_ignores_is_left_out_but_environment_files_and_links_are_not_followed() {
        let [folder, outside] = [0; 2].map(|_| tempfile::tempdir().expect("a temporary folder"));
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writable");
        write(".gitignore", ".env\nbuild\n");
        write(".env", VARIABLE);
        write("run.sh", VARIABLE);
        fs::create_dir(folder.path().join("build")).expect("writable");
        write("build/run.sh.in", VARIABLE);
        fs::write(outside.path().join("secret.sh"), VARIABLE).expect("writable");
        symlink(outside.path(), folder.path().join("out")).expect("writable");
        symlink(outside.path().join("secret.sh"), folder.path().join("link.sh")).expect("writable");
        symlink(folder.path(), folder.path().join("round")).expect("writable");

        let path = folder.path().to_str().expect("UTF-8");
        assert_eq!(found(&[path]), [".env", ".gitignore", "run.sh"]);
        assert_eq!(found(&["--ignored", path]), [".env", ".gitignore", "run.sh.in", "run.sh"]);
        let link = folder.path().join("link.sh");
        assert_eq!(found(&[link.to_str().expect("UTF-8")]), ["link.sh"], "it was named");
    }
}
