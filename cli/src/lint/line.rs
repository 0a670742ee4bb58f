//! What a line with the variable means: it sets it, unsets it, reads it, or speaks of it.

use serde::Serialize;

use super::VARIABLE;
use super::syntax::Syntax;

/// What is done with the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Meaning {
    /// It gets a value, or is passed on.
    Sets,
    /// It is named in code or configuration, and this line does not say for what.
    Names,
    /// It gets no value.
    Unsets,
    /// Somebody looks whether it is set.
    Reads,
    /// A comment or documentation.
    Speaks,
}

impl Meaning {
    /// Whether there is something to do.
    pub(super) fn is_finding(self) -> bool {
        matches!(self, Meaning::Sets | Meaning::Names)
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Meaning::Sets => "sets the variable",
            Meaning::Names => "names the variable",
            Meaning::Unsets => "note: unsets the variable",
            Meaning::Reads => "note: reads the variable",
            Meaning::Speaks => "note: speaks of the variable",
        }
    }

    /// What to do in a file of this kind.
    pub(super) fn advice(self, syntax: Syntax) -> &'static str {
        match self {
            Meaning::Sets => syntax.advice(),
            Meaning::Names => {
                "look what is done with it here: a migrated program neither sets it nor passes it on"
            }
            Meaning::Unsets => "right, as long as something outside may set it",
            Meaning::Reads => "nothing depends on it after the migration, unless this only warns",
            Meaning::Speaks => "nothing to do",
        }
    }
}

/// A place where the variable stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
    pub(super) text: &'a str,
    pub(super) meaning: Meaning,
}

/// Where the variable stands in `text`: once for each line that has it.
pub(super) fn mentions(text: &str, syntax: Syntax) -> Vec<Mention<'_>> {
    let mut found = Vec::new();
    let mut block = None;
    for (number, line) in text.lines().enumerate() {
        let code = code(line, syntax, &mut block);
        let Some(at) = whole_word(line) else { continue };
        let meaning = match code.iter().any(|part| whole_word(part).is_some()) {
            _ if syntax == Syntax::Prose => Meaning::Speaks,
            true => meaning(&code.concat(), syntax),
            false => Meaning::Speaks,
        };
        found.push(Mention { line: number + 1, column: line[..at].chars().count() + 1, text: line, meaning });
    }
    found
}

/// Where the variable stands in `line`, as a name of its own.
fn whole_word(line: &str) -> Option<usize> {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let mut places = line.match_indices(VARIABLE).map(|(at, _)| at);
    places.find(|&at| !line[..at].ends_with(is_part) && !line[at + VARIABLE.len()..].starts_with(is_part))
}

/// The parts of `line` that are no comment. `block` is the end of a comment of several lines that is open.
fn code<'a>(line: &'a str, syntax: Syntax, block: &mut Option<&'static str>) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (0, 0);
    let mut quote = None;
    while at < line.len() {
        let rest = &line[at..];
        if let Some(end) = *block {
            match rest.find(end) {
                Some(place) => {
                    *block = None;
                    at += place + end.len();
                    begin = at;
                    continue;
                }
                None => return parts,
            }
        }
        let opened = syntax.blocks().iter().find(|(open, _)| quote.is_none() && rest.starts_with(open));
        if let Some((open, end)) = opened {
            parts.push(&line[begin..at]);
            *block = Some(end);
            at += open.len();
            continue;
        }
        let begins_word = at == 0 || line[..at].ends_with(char::is_whitespace);
        let is_comment = |mark: &str| rest.starts_with(mark) && (begins_word || mark == "//");
        if quote.is_none() && syntax.comments().iter().any(|mark| is_comment(mark)) {
            parts.push(&line[begin..at]);
            return parts;
        }
        let char = rest.chars().next().expect("not at the end");
        match (quote, char) {
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            (_, '\\') => at += rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => {}
        }
        at += char.len_utf8();
    }
    if block.is_none() {
        parts.push(&line[begin.min(line.len())..]);
    }
    parts
}

/// What code with the variable does with it.
fn meaning(code: &str, syntax: Syntax) -> Meaning {
    let at = whole_word(code).expect("it is there");
    let (before, after) = (code[..at].trim_end(), code[at + VARIABLE.len()..].trim_start());
    let bare = before.trim_end_matches(['"', '\'', '(', '[', '{', '$', ' ']);
    let ends = |words: &[&str]| words.iter().any(|word| bare.ends_with(word));
    let unset =
        ["unset", "unset -v", "env -u", "--unset", "--unset=", "unsetenv", "remove_var", "env_remove"];
    if ends(&unset)
        || ends(&["UnsetEnvironment=", "environ.pop", "environ.unsetenv"])
        || bare.ends_with(" -u")
        || (bare.ends_with("environ") && before.trim_start().starts_with("del "))
    {
        return Meaning::Unsets;
    }
    let is_expanded = before.ends_with('$') || before.ends_with("${") || before.ends_with("$(");
    if ends(&["getenv", "environ.get", "env::var", "env::var_os", "LookupEnv", "Getenv", "-v", "printenv"])
        || is_expanded
    {
        return Meaning::Reads;
    }
    // After the closing quote or bracket of the name.
    let value = after.trim_start_matches(['"', '\'', ']', ' ']);
    if let Some(value) = value.strip_prefix('=').filter(|value| !value.starts_with('=')) {
        let is_empty = value.trim().trim_matches(['"', '\'', ';']).is_empty();
        let is_shell = matches!(syntax, Syntax::Shell | Syntax::Env | Syntax::Docker | Syntax::Systemd);
        let is_for_one_command = syntax == Syntax::Shell && value.starts_with(' ');
        // An empty value is what the guide wants to see.
        return if is_empty && is_shell || is_for_one_command { Meaning::Unsets } else { Meaning::Sets };
    }
    let is_subscript = bare.ends_with("environ") && before.contains('[');
    if is_subscript || value.starts_with("in ") || after.contains("in os.environ") {
        return Meaning::Reads;
    }
    let sets = ends(&[
        "setenv",
        "putenv",
        "set_var",
        ".env",
        "Setenv",
        "setdefault",
        "ENV",
        "ARG",
        "export",
        "-e",
        "--env",
    ]);
    let is_entry =
        matches!(syntax, Syntax::Yaml | Syntax::Json | Syntax::Env | Syntax::Systemd | Syntax::Settings);
    if sets || is_entry || value.starts_with([':', ',']) { Meaning::Sets } else { Meaning::Names }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::syntax::Syntax;
    use super::{Meaning, VARIABLE, mentions};

    /// What the lines of a file mean, in which `§` stands for the variable.
    fn meanings(name: &str, text: &str) -> Vec<(usize, Meaning)> {
        let text = text.replace('§', VARIABLE);
        let found = mentions(&text, Syntax::of(Path::new(name)));
        found.iter().map(|mention| (mention.line, mention.meaning)).collect()
    }

    #[test]
    fn each_kind_of_file_has_its_ways_to_set_it() {
        for (name, line) in [
            ("run.sh", "export §=3"),
            ("run.sh", "§=3 ./infer model.neff"),
            ("run.sh", "env §=\"3\" ./infer # as before"),
            ("run.sh", "docker run -e § image"),
            ("run.sh", "docker run -e §=4 image"),
            ("Makefile", "\t§=3 ./infer"),
            ("Dockerfile", "ENV §=3"),
            ("Dockerfile.neuron", "ENV § 3"),
            ("compose.yaml", "      - §=3"),
            ("compose.yaml", "      §: \"3\""),
            ("pod.yml", "        - name: §"),
            (".env", "§=3"),
            (".env.production", "§ = 3"),
            ("infer.service", "Environment=\"§=3\" OTHER=1"),
            ("infer.service", "PassEnvironment=§"),
            ("serve.py", "os.environ[\"§\"] = '3'"),
            ("serve.py", "os.environ.setdefault('§', '3')"),
            ("serve.py", "env = dict(os.environ, §='3')"),
            ("serve.py", "subprocess.run(cmd, env={'§': '3'})"),
            ("settings.json", "{\"env\": {\"§\": \"3\"}}"),
            ("settings.toml", "§ = \"3\""),
            ("main.c", "setenv(\"§\", \"3\", 1);"),
            ("main.c", "putenv(\"§=3\");"),
            ("main.rs", "std::env::set_var(\"§\", \"3\");"),
            ("main.rs", "command.env(\"§\", \"3\");"),
            ("main.go", "os.Setenv(\"§\", \"3\")"),
        ] {
            assert_eq!(meanings(name, line), [(1, Meaning::Sets)], "{name}: {line}");
        }
    }

    #[test]
    fn unsetting_reading_and_speaking_are_no_findings() {
        for (name, line, meaning) in [
            ("run.sh", "unset §", Meaning::Unsets),
            ("run.sh", "unset -v §", Meaning::Unsets),
            ("run.sh", "env -u § ./infer", Meaning::Unsets),
            ("run.sh", "§= ./infer", Meaning::Unsets),
            ("run.sh", "export §=\"\"", Meaning::Unsets),
            ("run.sh", "export §=", Meaning::Unsets),
            ("run.sh", "# export §=3", Meaning::Speaks),
            ("run.sh", "echo go # §=3 was here", Meaning::Speaks),
            ("run.sh", "echo $§", Meaning::Reads),
            ("run.sh", "test -z \"${§:-}\"", Meaning::Reads),
            ("compose.yaml", "#      - §=3", Meaning::Speaks),
            ("infer.service", "UnsetEnvironment=§", Meaning::Unsets),
            ("infer.service", "; Environment=§=3", Meaning::Speaks),
            ("serve.py", "os.environ.pop('§', None)", Meaning::Unsets),
            ("serve.py", "del os.environ['§']", Meaning::Unsets),
            ("serve.py", "if os.environ.get('§'):", Meaning::Reads),
            ("serve.py", "if os.environ['§'] == '3':", Meaning::Reads),
            ("serve.py", "if '§' in os.environ:", Meaning::Reads),
            ("main.c", "unsetenv(\"§\");", Meaning::Unsets),
            ("main.c", "if (getenv(\"§\")) warn();", Meaning::Reads),
            ("main.c", "// setenv(\"§\", \"3\", 1);", Meaning::Speaks),
            ("main.c", "int x; /* § */", Meaning::Speaks),
            ("main.rs", "command.env_remove(\"§\");", Meaning::Unsets),
            ("main.rs", "unsafe { std::env::remove_var(\"§\") }", Meaning::Unsets),
            ("main.rs", "std::env::var(\"§\")", Meaning::Reads),
            ("guide.md", "export §=3", Meaning::Speaks),
        ] {
            assert_eq!(meanings(name, line), [(1, meaning)], "{name}: {line}");
        }
    }

    #[test]
    fn a_comment_of_several_lines_ends_where_it_ends() {
        let text = "/* §\n § */ int x;\nsetenv(\"§\", \"3\", 1); /* why\n §\n*/\nputenv(\"§=3\");\n";
        let all = [
            (1, Meaning::Speaks),
            (2, Meaning::Speaks),
            (3, Meaning::Sets),
            (4, Meaning::Speaks),
            (6, Meaning::Sets),
        ];
        assert_eq!(meanings("main.c", text), all);
        let text = "\"\"\"About §.\n\n§ was 3.\n\"\"\"\nos.environ['§'] = '3'\n";
        assert_eq!(
            meanings("main.py", text),
            [(1, Meaning::Speaks), (3, Meaning::Speaks), (5, Meaning::Sets)]
        );
    }

    #[test]
    fn marks_of_comments_within_texts_are_none() {
        assert_eq!(meanings("run.sh", "echo 'a # b'; export §=3"), [(1, Meaning::Sets)]);
        assert_eq!(meanings("main.c", "puts(\"//\"); setenv(\"§\", \"3\", 1);"), [(1, Meaning::Sets)]);
        assert_eq!(meanings("run.sh", "echo a#b; export §=3"), [(1, Meaning::Sets)]);
    }

    #[test]
    fn longer_names_are_other_names() {
        assert!(meanings("run.sh", "export MY_§=3").is_empty());
        assert!(meanings("run.sh", "export §_OLD=3").is_empty());
    }

    #[test]
    fn columns_count_characters() {
        let text = format!("echo 'ä'; export {VARIABLE}=3");
        assert_eq!(mentions(&text, Syntax::Shell)[0].column, 18);
    }
}
