//! What is exported and not simulated: `docs/limitations.md` names all of it, and each function says so itself.

use std::collections::BTreeMap;
use std::fs;

use nrt_tests::build;
use nrt_tests::program::{Program, Way};

/// The functions in question, read where they are defined.
const SOURCE: &str = include_str!("../../libnrt-shim/src/api/unsupported.rs");

/// What a function returns, as `tests/c/limitations/answers.c` is told it and prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    kind: &'static str,
    value: &'static str,
}

/// `NRT_FAILURE`, the status of functions that are not simulated.
const FAILURE: Answer = Answer { kind: "u32", value: "1" };

/// The functions of `unsupported.rs`.
fn defined() -> BTreeMap<String, Answer> {
    let mut found = BTreeMap::new();
    let mut lines = SOURCE.lines();
    while let Some(line) = lines.next() {
        let block = lines.by_ref().take_while(|line| *line != "}");
        if line.starts_with("unsupported! {") {
            found.extend(block.flat_map(str::split_whitespace).map(|name| (name.to_owned(), FAILURE)));
        } else if line.starts_with("unsupported_value! {") {
            found.extend(block.map(with_value));
        }
    }
    found
}

/// A line such as `nec_is_mla_available -> bool = false;`.
fn with_value(line: &'static str) -> (String, Answer) {
    let parts = line.trim().strip_suffix(';').and_then(|line| line.split_once(" -> "));
    let (name, answer) = parts.unwrap_or_else(|| panic!("not `name -> type = value;`: {line}"));
    let (kind, value) = answer.split_once(" = ").expect("a type and a value");
    let answer = match (kind, value) {
        ("*mut c_void", "ptr::null_mut()") => Answer { kind: "pointer", value: "null" },
        ("()", "()") => Answer { kind: "nothing", value: "()" },
        (kind, value) => Answer { kind, value },
    };
    (name.to_owned(), answer)
}

#[test]
fn the_documentation_names_exactly_what_is_not_simulated() {
    let file = build::root().join("docs/limitations.md");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let section = text.split_once("<!-- not simulated: begin -->\n").and_then(|(_, rest)| {
        let (section, _) = rest.split_once("<!-- not simulated: end -->")?;
        Some(section)
    });
    let section = section.expect("docs/limitations.md has a section between `not simulated` marks");
    let mut documented: Vec<&str> = Vec::new();
    for line in section.lines().filter(|line| !line.is_empty()) {
        let name = line.strip_prefix("- `").and_then(|rest| rest.strip_suffix('`'));
        documented.push(name.unwrap_or_else(|| panic!("not a line of one name, - `name`: {line}")));
    }
    let defined: Vec<String> = defined().into_keys().collect();
    assert_eq!(documented, defined, "docs/limitations.md and libnrt-shim/src/api/unsupported.rs");
}

#[test]
fn what_is_not_simulated_answers_so_and_says_so_once() {
    let program = Program::compile("tests/c/limitations/answers.c", Way::Found);
    let functions = defined();
    assert!(!functions.is_empty(), "unsupported.rs is not written as this test reads it");
    let mut command = program.command();
    command.args(functions.iter().map(|(name, answer)| format!("{name}:{}", answer.kind)));
    let output = command.output().expect("just compiled");
    let (answers, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{answers}{log}", output.status);
    for (name, Answer { value, .. }) in &functions {
        let answer = format!("{name} {value} {value}");
        assert!(answers.lines().any(|line| line == answer), "not: {answer}\n{answers}");
        let said = log.lines().filter(|line| line.contains(&format!("NRT:{name} "))).count();
        assert_eq!(said, 1, "lines that {name} has logged in two calls\n{log}");
    }
    assert_eq!(log.lines().count(), functions.len(), "nothing else is logged\n{log}");
}
