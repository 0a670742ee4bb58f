//! `docs/hazards.md` has a section for each kind of finding, with the programs that the tests run as examples.
//!
//! With `NRT_WRITE_PAGES=1` the sections are written anew.

use std::fs;

use nrt_tests::build;
use nrt_tests::program::directives;
use sim_check::kind::{About, Class, Kind};

/// The line after which the sections begin.
const BEGIN: &str = "<!-- The sections below are made from sim-check/src/kind.rs and tests/hazards; a test compares them. -->";

/// What stands between `// [` and `// ]` in a program, as the compiler sees it with or without `FIXED`.
fn example(text: &str, is_fixed: bool) -> String {
    let mut example = String::new();
    let mut is_inside = false;
    // Whether the lines of the branch that was entered last are seen; none outside of branches.
    let mut branch: Option<bool> = None;
    for line in text.lines() {
        match line.trim() {
            "// [" => is_inside = true,
            "// ]" => {
                is_inside = false;
                example += "\n";
            }
            _ if !is_inside => {}
            "#ifdef FIXED" => branch = Some(is_fixed),
            "#ifndef FIXED" => branch = Some(!is_fixed),
            "#else" => branch = branch.map(|is_seen| !is_seen),
            "#endif" => branch = None,
            _ if branch == Some(false) => {}
            _ => example += &format!("{}\n", line.strip_prefix("    ").unwrap_or(line)),
        }
    }
    example.trim_end().to_owned()
}

/// The first program for `kind`, by name.
fn program(kind: Kind) -> Option<(String, String)> {
    let folder = build::root().join("tests/hazards");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    paths.sort();
    let is_for = |finds: &String| finds.split(' ').next() == Some(kind.id());
    // The plainest: named after the kind.
    let plain = format!("{}.c", kind.id().trim_start_matches("SIM-").to_lowercase().replace('-', "_"));
    paths.sort_by_key(|path| !path.ends_with(&plain));
    let path = paths.into_iter().find(|path| directives(path, "finds").iter().any(is_for))?;
    let name = path.file_name().and_then(|name| name.to_str()).expect("plain").to_owned();
    Some((name, fs::read_to_string(path).expect("it is there")))
}

/// The example of the one kind that no program has; `suppressions_cover_what_they_name` runs both.
const UNUSED: &str = "
Wrong, for a program that has only a finding of tensor `out`:

```toml
[[suppress]]
kind = \"SIM-HOST-RAW\"
tensor = \"x\"
reason = \"of another tensor\"
```

Right:

```toml
[[suppress]]
kind = \"SIM-HOST-RAW\"
tensor = \"o*\"
reason = \"known\"
```
";

fn sections() -> String {
    let mut text = String::new();
    for class in [Class::Error, Class::Warning, Class::Advice] {
        text += match class {
            Class::Error => "\n## Errors\n",
            Class::Warning => "\n## Warnings\n",
            Class::Advice => "\n## Advice\n",
        };
        for kind in Kind::ALL.iter().filter(|kind| kind.class() == class) {
            let About { id, title, missing, fix, clause, .. } = kind.about();
            let mut title = (*title).to_owned();
            title[..1].make_ascii_uppercase();
            text += &format!(
                "\n### {id}\n\n{title}.\n\n- Missing: {missing}.\n- Fix: {fix}.\n- See: {clause}.\n"
            );
            let Some((name, source)) = program(*kind) else {
                text += UNUSED;
                continue;
            };
            for (word, is_fixed) in [("Wrong", false), ("Right", true)] {
                text += &format!(
                    "\n{word} (`tests/hazards/{name}`):\n\n```c\n{}\n```\n",
                    example(&source, is_fixed)
                );
            }
        }
    }
    text
}

#[test]
fn each_kind_has_its_section_with_the_programs_that_are_run() {
    let path = build::root().join("docs/hazards.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (above, below) = page.split_once(BEGIN).expect("the line that begins the sections");
    let wanted = format!("\n{}", sections());
    if std::env::var_os("NRT_WRITE_PAGES").is_some() {
        fs::write(&path, format!("{above}{BEGIN}{wanted}")).expect("writable");
        return;
    }
    let differs = below.lines().zip(wanted.lines()).find(|(has, wanted)| has != wanted);
    assert!(below == wanted, "docs/hazards.md is not up to date, NRT_WRITE_PAGES=1 writes it: {differs:?}");
}

#[test]
fn an_example_is_what_the_compiler_sees() {
    let text = "a\n// [\n    b;\n#ifdef FIXED\n    c;\n#else\n    d;\n#endif\n// ]\ne\n";
    assert_eq!(example(text, false), "b;\nd;");
    assert_eq!(example(text, true), "b;\nc;");
}
