//! Kinds of files, by name: how comments begin, and what to do with a line.

use std::ffi::OsStr;
use std::path::Path;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Shell,
    Docker,
    Yaml,
    Env,
    Systemd,
    Python,
    Json,
    /// C, C++, Rust, Go, Java and others with their comments.
    Braces,
    /// TOML, INI and whatever else has `#`.
    Settings,
    /// Text for people.
    Prose,
}

impl Syntax {
    /// That of the file at `path`.
    pub(super) fn of(path: &Path) -> Syntax {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if name.starts_with("dockerfile") || name.starts_with("containerfile") || ending == "dockerfile" {
            return Syntax::Docker;
        }
        if name.starts_with(".env") || ending == "env" || name == "environment" {
            return Syntax::Env;
        }
        match ending {
            "yaml" | "yml" => Syntax::Yaml,
            "service" | "socket" | "timer" | "conf" => Syntax::Systemd,
            "py" | "pyi" | "ipynb" => Syntax::Python,
            "json" => Syntax::Json,
            "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "rs" | "go" | "java" | "js" | "ts" | "kt"
            | "swift" | "cs" => Syntax::Braces,
            "md" | "rst" | "txt" | "adoc" | "html" | "tex" => Syntax::Prose,
            "toml" | "ini" | "cfg" | "properties" | "mk" | "cmake" | "tf" | "nix" => Syntax::Settings,
            _ => Syntax::Shell,
        }
    }

    /// What begins a comment that ends with the line.
    pub(super) fn comments(self) -> &'static [&'static str] {
        match self {
            Syntax::Braces => &["//"],
            Syntax::Json | Syntax::Prose => &[],
            Syntax::Systemd => &["#", ";"],
            _ => &["#"],
        }
    }

    /// What begins and ends a comment of several lines.
    pub(super) fn blocks(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Syntax::Braces => &[("/*", "*/")],
            Syntax::Python => &[("\"\"\"", "\"\"\""), ("'''", "'''")],
            _ => &[],
        }
    }

    /// What to do with a line that sets the variable.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Syntax::Docker => "remove it from ENV or ARG, and build the image again",
            Syntax::Yaml => "remove the entry, its value included, and apply the file again",
            Syntax::Env => "remove the line; whoever reads the file sets the variable again at each start",
            Syntax::Systemd => {
                "remove it from Environment=, then `systemctl daemon-reload` and restart the unit"
            }
            Syntax::Python => {
                "remove the assignment; how many requests are in flight is decided where nrta_execute_schedule is called"
            }
            Syntax::Braces => {
                "remove the call; how many requests are in flight is decided where nrta_execute_schedule is called"
            }
            Syntax::Json | Syntax::Settings => "remove the entry",
            Syntax::Shell => "remove it; `unset` it where an outer environment may set it",
            Syntax::Prose => "say that the variable is gone",
        }
    }
}
