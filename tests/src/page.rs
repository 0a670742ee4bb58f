//! Pages of the documentation whose files are written, whose commands are run, and that say what those print.
//!
//! A fenced block `sh` has commands, a line each; `text` has lines that the last commands printed, or parts of them;
//! `toml NAME` is a file; `python` is looked at only.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::build;
use crate::program::{has, settle, text};

/// A fenced block of a page.
#[derive(Debug)]
struct Block {
    /// What stands after the fence: the language, and the name of a file.
    kind: Vec<String>,
    text: String,
}

/// A page that was gone through, and the folder with its files.
pub struct Page {
    folder: TempDir,
    /// How many commands there were.
    pub commands: usize,
}

impl Page {
    /// Goes through `docs/NAME`, whose commands must succeed and print what it says.
    #[track_caller]
    pub fn follow(name: &str) -> Page {
        let page = fs::read_to_string(build::root().join("docs").join(name)).expect("the page");
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["examples", "include"] {
            symlink(build::root().join(name), folder.path().join(name)).expect("writable");
        }
        fs::create_dir(folder.path().join("target")).expect("writable");
        symlink(build::products(), folder.path().join("target/debug")).expect("writable");
        let mut followed = Page { folder, commands: 0 };
        let mut said = String::new();
        for Block { kind, text } in blocks(&page) {
            match kind.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["sh"] => {
                    followed.commands += text.lines().count();
                    said = text.lines().map(|line| followed.run(line)).collect();
                }
                ["text"] => {
                    for line in text.lines() {
                        assert!(said.contains(line), "the page promises: {line}\n{said}");
                    }
                }
                ["toml", name] => fs::write(followed.folder.path().join(name), &text).expect("writable"),
                ["python"] => compile_python(&text),
                other => panic!("a block of an unknown kind: {other:?}"),
            }
        }
        followed
    }

    /// Runs one line of a `sh` block; returns what it printed.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        if let Some(package) = line.strip_prefix("cargo build -p ") {
            build::build(&[package]);
            return String::new();
        }
        let mut shell = Command::new("sh");
        settle(&mut shell);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(build::products().to_owned()).chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(folders).expect("plain names"));
        shell.args(["-c", line]).current_dir::<&Path>(self.folder.path());
        let output = shell.output().expect("there is a shell");
        let said = text(&output);
        assert!(output.status.success(), "{line}: {}\n{said}", output.status);
        said
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let content = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n"));
        let kind = kind.split_whitespace().map(str::to_owned).collect();
        blocks.push(Block { kind, text: content.collect() });
    }
    blocks
}

#[track_caller]
fn compile_python(text: &str) {
    if has("python3") {
        let mut python = Command::new("python3");
        let output = python.args(["-c", "import sys; compile(sys.argv[1], '', 'exec')", text]).output();
        assert!(output.expect("it is there").status.success(), "no Python:\n{text}");
    }
}
