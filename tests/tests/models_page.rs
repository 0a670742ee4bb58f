//! `docs/models.md` is true: its files are written, its commands run, and they print what it says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use nrt_tests::build;
use nrt_tests::program::{has, settle, text};

/// A fenced block of the page.
#[derive(Debug)]
struct Block {
    /// What stands after the fence: the language, and the name of a file.
    kind: Vec<String>,
    text: String,
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

/// Runs one line of a `sh` block in `folder`; returns what it printed.
fn run(line: &str, folder: &Path) -> String {
    if let Some(package) = line.strip_prefix("cargo build -p ") {
        build::build(&[package]);
        return String::new();
    }
    let mut shell = Command::new("sh");
    settle(&mut shell);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(build::products().to_owned()).chain(std::env::split_paths(&path));
    shell.env("PATH", std::env::join_paths(folders).expect("plain names"));
    let output = shell.args(["-c", line]).current_dir(folder).output().expect("there is a shell");
    let said = text(&output);
    assert!(output.status.success(), "{line}: {}\n{said}", output.status);
    said
}

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = fs::read_to_string(build::root().join("docs/models.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["examples", "include"] {
        symlink(build::root().join(name), folder.path().join(name)).expect("writable");
    }
    fs::create_dir(folder.path().join("target")).expect("writable");
    symlink(build::products(), folder.path().join("target/debug")).expect("writable");
    let (mut said, mut commands) = (String::new(), 0);
    for Block { kind, text } in blocks(&page) {
        match kind.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["sh"] => {
                commands += text.lines().count();
                said = text.lines().map(|line| run(line, folder.path())).collect();
            }
            ["text"] => {
                for line in text.lines() {
                    assert!(said.contains(line), "the page promises: {line}\n{said}");
                }
            }
            ["toml", name] => fs::write(folder.path().join(name), &text).expect("writable"),
            ["python"] => {
                if has("python3") {
                    let mut python = Command::new("python3");
                    let output =
                        python.args(["-c", "import sys; compile(sys.argv[1], '', 'exec')", &text]).output();
                    assert!(output.expect("it is there").status.success(), "no Python:\n{text}");
                }
            }
            other => panic!("a block of an unknown kind: {other:?}"),
        }
    }
    assert!(commands >= 10, "the page has its commands");
    // The file with everything in it is valid, too.
    run("nrt-sim run --models every.toml -- true", folder.path());
}
