//! A C program that does what a case did.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::abi::{NRT_2, functions};
use crate::rule::Rule;
use crate::script::{Kind, Line};

/// One statement of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// In C, without the semicolon.
    pub text: String,
    /// Whether it opens or closes a block, and so cannot be left out alone.
    structural: bool,
}

/// What a case did, as statements, and the variables they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The statements, in order. The last one is where the rule broke.
    pub statements: Vec<Statement>,
    variables: Vec<(String, Kind)>,
    /// The whole text, where the rule has written it.
    whole: Option<String>,
}

impl Program {
    /// Makes statements of lines.
    #[must_use]
    pub fn new(lines: &[Line]) -> Program {
        let mut program = Program { statements: Vec::new(), variables: Vec::new(), whole: None };
        for line in lines {
            match line {
                Line::Declare(name, kind) => program.variables.push((name.clone(), *kind)),
                Line::Call(text) | Line::Statement(text) => program.push(text.clone()),
                Line::Check(text, _) => program.push(format!("CHECK({text})")),
                Line::Wanted(wanted) => {
                    if let Some(call) = program.statements.last_mut() {
                        let wanted: Vec<String> = wanted.iter().map(i32::to_string).collect();
                        call.text = format!("EXPECT({}, {})", call.text, wanted.join(", "));
                    }
                }
                Line::Program(text) => program.whole = Some(text.clone()),
                Line::MayAbort | Line::Drawn(_) | Line::Looked(_) | Line::Found(..) | Line::End(_) => {}
            }
        }
        program
    }

    fn push(&mut self, text: String) {
        let structural = text.contains(['{', '}']);
        self.statements.push(Statement { text, structural });
    }

    /// Whether there is anything to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.whole.is_none()
    }

    /// The same without what has nothing to do with the last statement: statements that name variables, and
    /// none of those that the last one names, or that statements which stay do. Whether the program still
    /// fails has to be seen. Statements that name none stay: they change the state that all share.
    #[must_use]
    pub fn slice(&self) -> Program {
        let mut needed: BTreeSet<&str> =
            self.statements.last().map(|last| words(&last.text).collect()).unwrap_or_default();
        let connected = |statement: &Statement, needed: &BTreeSet<&str>| {
            let mut named = words(&statement.text).peekable();
            statement.structural || named.peek().is_none() || named.any(|name| needed.contains(name))
        };
        loop {
            let before = needed.len();
            for statement in &self.statements {
                if connected(statement, &needed) {
                    needed.extend(words(&statement.text));
                }
            }
            if needed.len() == before {
                break;
            }
        }
        let kept = |statement: &&Statement| connected(statement, &needed);
        let statements = self.statements.iter().filter(kept).cloned().collect();
        Program { statements, variables: self.variables.clone(), whole: self.whole.clone() }
    }

    /// The text of the program. It ends with 0 if the rule holds, and with 1 and a line that says what was
    /// broken if not; a library that crashes or hangs ends it by a signal.
    #[must_use]
    pub fn text(&self, rule: &Rule, command: &str) -> String {
        let mut body = String::new();
        let own_main = self.whole.as_ref().and_then(|whole| whole.find("int main("));
        if own_main.is_none() {
            body.push_str(&environment(rule));
        }
        match &self.whole {
            Some(whole) => match own_main.and_then(|main| Some(main + whole[main..].find("{\n")? + 2)) {
                Some(begin) => body = format!("{}{}{}", &whole[..begin], environment(rule), &whole[begin..]),
                None => body.push_str(whole),
            },
            None => {
                for statement in &self.statements {
                    let end = if statement.structural { "" } else { ";" };
                    let _ = writeln!(body, "    {}{end}", statement.text);
                }
            }
        }
        let helpers = helpers(&body);
        let mut text = format!("// {}: {}\n// {command}\n{INCLUDES}", rule.id, rule.says);
        let code = format!("{helpers}{body}");
        text.push_str(&prototypes(&code));
        text.push_str(&helpers);
        text.push_str(&self.declarations(&body));
        if own_main.is_some() {
            text.push_str(&body);
            return text;
        }
        let load = if body.contains("neff_size") { "    load_neff(argv[1]);\n" } else { "" };
        let main = "int main(int argc, char **argv) {\n    (void)argc, (void)argv;\n    alarm(20);\n";
        let _ = write!(text, "{main}{load}{body}    return 0;\n}}\n");
        text
    }

    fn declarations(&self, body: &str) -> String {
        let mut text = String::new();
        for (kind, prefix) in [
            (Kind::Pointer, "static void "),
            (Kind::Long, "static uint64_t "),
            (Kind::Int, "static int "),
            (Kind::Flag, "static bool "),
        ] {
            let of_kind = self
                .variables
                .iter()
                .filter(|(name, of)| *of == kind && words(body).any(|word| word == name));
            let names: Vec<String> = of_kind
                .map(|(name, kind)| match kind {
                    Kind::Pointer => format!("*{name}"),
                    Kind::Long => format!("{name} = UINT64_MAX"),
                    Kind::Int => format!("{name} = 0x7fffffff"),
                    Kind::Flag | Kind::Bytes(_) => name.clone(),
                })
                .collect();
            if !names.is_empty() {
                let _ = writeln!(text, "{prefix}{};", names.join(", "));
            }
        }
        for (name, kind) in &self.variables {
            if let Kind::Bytes(size) = kind
                && words(body).any(|word| word == name)
            {
                let _ = writeln!(text, "static _Alignas(4096) uint8_t {name}[{}];", size.max(&1));
            }
        }
        text
    }
}

/// Sets the variables of a rule.
fn environment(rule: &Rule) -> String {
    let mut text = String::new();
    for (name, value) in rule.environment {
        let _ = writeln!(text, "    setenv(\"{name}\", \"{value}\", 1);");
    }
    text
}

/// The words of a text that could be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| is_variable(word))
}

/// Variables are a letter and a number.
fn is_variable(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && word.len() > 1
        && letters.all(|letter| letter.is_ascii_digit())
}

/// Declares the functions of the library that the code calls.
fn prototypes(code: &str) -> String {
    let called: BTreeSet<&str> = code
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.contains("nrt") || word.contains("nec_"))
        .collect();
    let mut text = String::new();
    for function in functions() {
        let name = function.c_name();
        let Some((returned, arguments)) =
            function.prototype.as_ref().filter(|_| called.contains(name.as_str()))
        else {
            continue;
        };
        let arguments = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
        if name != function.name {
            let _ = writeln!(text, "__asm__(\".symver {name}, {}@{NRT_2}\");", function.name);
        }
        let star = if returned.ends_with('*') { "" } else { " " };
        let _ = writeln!(text, "{returned}{star}{name}({arguments});");
    }
    text
}

const INCLUDES: &str = "\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>
";

/// What a program may call, and the word by which it is seen that it does. Later ones use earlier ones.
const HELPERS: [(&str, &str); 8] = [
    (
        "EXPECT(",
        "\
#define EXPECT(call, ...) expect(#call, call, (int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int))
static void expect(const char *call, int got, const int *wanted, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (got == wanted[i])
            return;
    printf(\"broken: %s answered %d\\n\", call, got), fflush(stdout), _exit(1);
}
",
    ),
    (
        "CHECK(",
        "\
#define CHECK(condition) \\
    if (!(condition)) printf(\"broken: %s\\n\", #condition), fflush(stdout), _exit(1)
",
    ),
    (
        "fill(",
        "\
#define PATTERN(seed, i) (uint8_t)((seed) * 37 + ((i) * 7 + (i) / 251))
static void fill(uint8_t *bytes, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = PATTERN(seed, i);
}
",
    ),
    (
        "holds(",
        "\
static bool holds(const uint8_t *bytes, size_t size, unsigned seed, size_t from) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (uint8_t)(seed * 37 + ((from + i) * 7 + (from + i) / 251)))
            return false;
    return true;
}
",
    ),
    (
        "wait_for(",
        "\
static void wait_for(uint64_t sequence) {
    bool done = false;
    for (long i = 0; !done && i < 50000; i++, i > 1000 && usleep(50))
        if (nrta_is_completed(sequence, &done) != 0)
            break;
    if (!done)
        printf(\"broken: wait_for(%#llx)\\n\", (unsigned long long)sequence), fflush(stdout), _exit(1);
}
",
    ),
    (
        "readable(",
        "\
static bool readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}
",
    ),
    (
        "neff_size",
        "\
static void *neff;
static size_t neff_size;
static void load_neff(const char *path) {
    FILE *file = fopen(path ? path : \"model.neff\", \"rb\");
    if (!file)
        perror(\"the model\"), _exit(2);
    neff = malloc(1 << 24), neff_size = fread(neff, 1, 1 << 24, file), fclose(file);
}
",
    ),
    (
        "note_run",
        "\
static struct { void *params; uint32_t model, core; int status; } runs[1024];
static pthread_mutex_t note = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int run_count;
static void note_run(void *params, uint32_t model, uint32_t core, uint64_t job, int status) {
    pthread_mutex_lock(&note);
    runs[run_count].params = params, runs[run_count].model = model;
    runs[run_count].core = core, runs[run_count].status = status;
    run_count = (run_count + 1) % 1024;
    pthread_mutex_unlock(&note);
}
",
    ),
];

/// Waits for an event; a simulator's manual time has to be moved on meanwhile.
const WAIT_EVENT: &str = "\
static void wait_event(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int i = 0; poll(&p, 1, 1) != 1; i++, STEP)
        if (i > 3000)
            printf(\"broken: wait_event\\n\"), fflush(stdout), _exit(1);
}
";

/// Waits for callbacks, likewise.
const WAIT_RUNS: &str = "\
static void wait_runs(int count) {
    for (int i = 0; run_count < count; i++, usleep(100), STEP)
        if (i > 30000)
            printf(\"broken: wait_runs(%d), %d came\\n\", count, run_count), fflush(stdout), _exit(1);
}
";

fn helpers(body: &str) -> String {
    let mut text = String::new();
    for (word, helper) in HELPERS {
        if body.contains(word) {
            text.push_str(helper);
        }
    }
    let manual = std::env::var("NRT_SIM_TIME").is_ok_and(|mode| mode == "manual");
    for (word, helper) in [("wait_event(", WAIT_EVENT), ("wait_runs(", WAIT_RUNS)] {
        if body.contains(word) {
            text.push_str(
                &helper.replace("STEP", if manual { "nrt_sim_step_time(NULL)" } else { "(void)0" }),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Program;
    use crate::script::{Kind, Line};

    #[test]
    fn a_slice_keeps_what_the_last_statement_depends_on() {
        let call = |text: &str| Line::Call(text.to_owned());
        let program = Program::new(&[
            Line::Declare("t0".to_owned(), Kind::Pointer),
            call("nrt_init(1, \"\", \"\")"),
            Line::Wanted(vec![0]),
            call("allocate(&t0)"),
            call("allocate(&t1)"),
            Line::Statement("fill(b0, 5)".to_owned()),
            call("write(t0, b0)"),
            call("write(t1, b1)"),
            call("nrt_close()"),
            call("read(t0, b2)"),
            Line::Check("holds(b2)".to_owned(), false),
        ]);
        let kept: Vec<String> =
            program.slice().statements.into_iter().map(|statement| statement.text).collect();
        assert_eq!(
            kept,
            [
                "EXPECT(nrt_init(1, \"\", \"\"), 0)",
                "allocate(&t0)",
                "fill(b0, 5)",
                "write(t0, b0)",
                "nrt_close()",
                "read(t0, b2)",
                "CHECK(holds(b2))",
            ]
        );
    }
}
