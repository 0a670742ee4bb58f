//! Rules of the repository that no compiler knows.

use std::fs;
use std::path::{Path, PathBuf};

use nrt_tests::build::root;

/// Lines of a Rust file.
const LINES_MAX: usize = 400;

/// A file of the repository that is text.
struct Source {
    /// Its path below the repository.
    path: String,
    text: String,
}

impl Source {
    fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// `path:line: text` for each line that `is_wrong` finds.
    fn lines(&self, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let numbered = self.text.lines().enumerate().filter(|(_, line)| is_wrong(line));
        numbered.map(|(number, line)| format!("{}:{}: {}", self.path, number + 1, line.trim())).collect()
    }
}

/// All files but those of git, of cargo and of caches.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it is there") {
            let path = entry.expect("readable").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("plain names");
            if [".git", "target", "__pycache__", "proptest-regressions"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(Source { path: below(&path), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|source| source.path == "tests/tests/tidy.rs"), "files are missing");
    found
}

fn below(path: &Path) -> String {
    path.strip_prefix(root()).expect("it is below").to_str().expect("plain names").to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file} must exist: {error}"))
}

fn none(wrong: Vec<String>, what: &str) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

/// Whether `word` stands in `line` with no letter, digit, `_` or `$` before or after it.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

#[test]
fn no_rust_file_is_longer_than_400_lines() {
    let sources = sources().into_iter().filter(|source| source.ends_with(&[".rs"]));
    let lengths = sources.map(|source| (source.text.lines().count(), source.path));
    let long = lengths.filter(|(lines, _)| *lines > LINES_MAX);
    none(long.map(|(lines, path)| format!("{path}: {lines}")).collect(), "files that are no longer one noun");
}

#[test]
fn nothing_is_left_unfinished() {
    // In two parts, so that this file is not found itself.
    let marks =
        [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("FIX", "ME"), concat!("XX", "X")];
    let is_unfinished = |line: &str| {
        let (calls, words) = marks.split_at(2);
        calls.iter().any(|call| line.contains(call)) || words.iter().any(|word| has_word(line, word))
    };
    let sources = sources();
    none(sources.iter().flat_map(|source| source.lines(is_unfinished)).collect(), "marks of unfinished work");
}

#[test]
fn no_test_is_ignored_or_sleeps() {
    let (ignore, sleep) = (concat!("#[", "ignore"), concat!("thread::", "sleep("));
    let mut wrong = Vec::new();
    for source in sources().into_iter().filter(|source| source.ends_with(&[".rs"])) {
        let is_test = source.path.contains("tests/");
        wrong.extend(source.lines(|line| line.contains(ignore) || is_test && line.contains(sleep)));
    }
    none(wrong, "tests that do not run, or wait for the clock");
}

#[test]
fn no_file_is_a_drawer_of_utilities() {
    let name = |source: &Source| PathBuf::from(&source.path).file_stem().map(|stem| stem.to_owned());
    let is_drawer = |source: &Source| name(source).is_some_and(|name| name == "util" || name == "utils");
    let sources = sources().into_iter().filter(is_drawer);
    none(sources.map(|source| source.path).collect(), "files without a subject");
}

#[test]
fn nothing_names_a_folder_of_somebodys_machine() {
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let is_path = |line: &str| {
        let begins =
            |at: usize| !line[..at].ends_with(|char: char| char.is_alphanumeric() || "_.-}".contains(char));
        folders.iter().any(|folder| line.match_indices(folder).any(|(at, _)| begins(at)))
    };
    let sources = sources();
    none(sources.iter().flat_map(|source| source.lines(is_path)).collect(), "paths of one machine");
}

#[test]
fn each_c_source_names_its_license() {
    let sources = sources().into_iter().filter(|source| source.ends_with(&[".c", ".h", ".cpp"]));
    let unmarked =
        sources.filter(|source| !source.text.contains("SPDX-License-Identifier: Apache-2.0 OR MIT"));
    none(unmarked.map(|source| source.path).collect(), "C sources without an SPDX line");
}

#[test]
fn each_assumption_names_its_knob_or_says_that_there_is_none() {
    let text = read("docs/assumptions.md");
    let code = sources().into_iter().filter(|source| source.ends_with(&[".rs", ".toml"]));
    let code: String =
        code.filter(|source| !source.path.starts_with("tests/")).map(|source| source.text).collect();
    let mut column = None;
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in text.lines() {
        let Some(row) = line.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            column = None; // a table ends
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let is_rule = cells.iter().all(|cell| cell.chars().all(|char| ":-".contains(char)));
        match column {
            None => {
                let place = cells.iter().position(|cell| cell.to_lowercase().contains("knob"));
                column = Some(place.unwrap_or_else(|| panic!("no column for knobs in {line}")));
            }
            Some(_) if is_rule => {}
            Some(column) => {
                rows += 1;
                let cell = cells.get(column).copied().unwrap_or_default();
                let knobs: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
                // `NAME=value` and `key = value` are known if the name is.
                let is_known = |knob: &&str| code.contains(knob.split(['=', ' ']).next().expect("a word"));
                if cell != "none" && (knobs.is_empty() || !knobs.iter().all(is_known)) {
                    wrong.push(line.to_owned());
                }
            }
        }
    }
    assert!(rows > 0, "docs/assumptions.md has no table");
    none(wrong, "assumptions whose knob is neither `a name in the code` nor none");
}

#[test]
fn the_readme_names_each_top_level_folder() {
    let readme = read("README.md");
    let mut missing = Vec::new();
    for source in sources() {
        let Some((folder, _)) = source.path.split_once('/') else { continue };
        let is_named = readme.contains(&format!("`{folder}/")) || readme.contains(&format!("`{folder}`"));
        if !folder.starts_with('.') && !is_named && !missing.contains(&folder.to_owned()) {
            missing.push(folder.to_owned());
        }
    }
    none(missing, "folders that README.md does not name as `folder/` or `folder`");
}

#[test]
fn there_is_a_changelog() {
    assert!(read("CHANGELOG.md").contains("## "), "CHANGELOG.md has a section for each version");
}
