//! Reads plans and rules from TOML, strictly, and goes on after a mistake to find the others.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::Draft;
use super::keys::{KEYS, SCENARIO_KEYS, list, nearest};
use super::problem::{Objection, PlanError, Problem};
use super::rule::{Plan, Rule, Scenario};
use super::value::Entry;
use super::{check, conflict, name};

/// The longest text of a plan, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// The most rules of a plan.
const RULES_MAX: usize = 256;

/// The most problems that are told of.
const PROBLEMS_MAX: usize = 100;

/// The most characters of a value that a message repeats.
const WRITTEN_MAX: usize = 60;

/// What has been read of a rule.
pub(super) struct Written {
    /// Its number or name in messages.
    pub(super) label: String,
    at: usize,
    /// Where in the text each of its keys is.
    keys: Vec<(&'static str, usize)>,
    /// The name it gives itself.
    pub(super) name: Option<String>,
    /// The rule, if its verdict could be read.
    pub(super) rule: Option<Rule>,
    /// Whether nothing is wrong with it by itself.
    pub(super) is_whole: bool,
}

impl Plan {
    /// Reads a plan from TOML, strictly.
    ///
    /// # Errors
    /// All that is wrong, each with its place in the text and with what to write instead.
    pub fn parse(text: &str) -> Result<Plan, PlanError> {
        let mut reader = Reader::new(text);
        let plan = reader.document().map(|table| reader.plan(table));
        reader.end(plan)
    }
}

impl Rule {
    /// Reads one rule from TOML: a plan that has just the one, the keys of a rule, or an inline table of them.
    ///
    /// # Errors
    /// As for [`Plan::parse`].
    pub fn parse(text: &str) -> Result<Rule, PlanError> {
        let mut reader = Reader::new(text);
        let is_inline = text.trim_start().starts_with('{');
        let table = if is_inline { reader.inline() } else { reader.document() };
        let rule = table.and_then(|table| {
            let is_plan = table.contains_key("rule") || table.contains_key("scenario");
            let plan = match is_plan {
                true => reader.plan(table),
                false => {
                    let written = reader.rule("1".into(), table, 0);
                    reader.settle(vec![written], None)
                }
            };
            if plan.rules.len() != 1 && reader.problems.is_empty() {
                let wrong = format!("{} rules instead of one", plan.rules.len());
                reader.complain(0, None, Objection::new("", wrong, ""));
            }
            if plan.scenario.is_some() {
                let wrong = "a scenario is of a plan, and this is one rule";
                reader.complain(0, None, Objection::new("", wrong, "leave [scenario] out"));
            }
            plan.rules.into_iter().next()
        });
        reader.end(rule)
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Where in the text that is read begins in `text`.
    base: usize,
    problems: Vec<(usize, Problem)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Reader<'t> {
        Reader { text, base: 0, problems: Vec::new() }
    }

    /// The result, unless something was wrong with it.
    fn end<T>(mut self, result: Option<T>) -> Result<T, PlanError> {
        self.problems.sort_by_key(|(at, _)| *at);
        match result {
            Some(result) if self.problems.is_empty() => Ok(result),
            _ => Err(PlanError { problems: self.problems.into_iter().map(|(_, problem)| problem).collect() }),
        }
    }

    fn complain(&mut self, at: usize, rule: Option<&str>, objection: Objection) {
        if self.problems.len() > PROBLEMS_MAX {
            return;
        }
        let Objection { wrong, nearest, expected, .. } = match self.problems.len() {
            PROBLEMS_MAX => {
                Objection::new("", "there are more problems", "mend those that are told of first")
            }
            _ => objection,
        };
        let at = self.text.floor_char_boundary(self.base + at);
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
        let rule = rule.map(str::to_owned);
        self.problems.push((at, Problem { line, column, rule, wrong, nearest, expected }));
    }

    fn is_too_long(&mut self) -> bool {
        let is_too_long = self.text.len() > TEXT_MAX;
        if is_too_long {
            let wrong = format!("the text has {} bytes", self.text.len());
            self.complain(0, None, Objection::new("", wrong, format!("write {TEXT_MAX} at most")));
        }
        is_too_long
    }

    fn document(&mut self) -> Option<DeTable<'t>> {
        if self.is_too_long() {
            return None;
        }
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| self.no_toml(&error)).ok()
    }

    fn inline(&mut self) -> Option<DeTable<'t>> {
        if self.is_too_long() {
            return None;
        }
        let text = self.text.trim_start();
        self.base = self.text.len() - text.len();
        match DeValue::parse(text.trim_end()).map(Spanned::into_inner) {
            Ok(DeValue::Table(table)) => Some(table),
            Ok(_) => unreachable!("what begins with a brace is a table"),
            Err(error) => {
                self.no_toml(&error);
                None
            }
        }
    }

    /// What the reader of TOML says.
    fn no_toml(&mut self, error: &toml::de::Error) {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        self.complain(at, None, Objection::new("", format!("no TOML: {message}"), ""));
    }

    fn plan(&mut self, table: DeTable<'t>) -> Plan {
        let (mut rules, mut scenario) = (Vec::new(), None);
        for (key, value) in table {
            let at = key.span().start;
            match (key.get_ref().as_ref(), value.into_inner()) {
                ("rule", DeValue::Array(all)) if all.len() > RULES_MAX => {
                    let wrong = format!("{} rules", all.len());
                    self.complain(at, None, Objection::new("", wrong, format!("write {RULES_MAX} at most")));
                }
                ("rule", DeValue::Array(all)) => {
                    for (number, value) in (1_usize..).zip(all) {
                        rules.extend(self.element(number, value));
                    }
                }
                ("rule", DeValue::Table(_)) => {
                    let expected = "write [[rule]] above its keys, or rule = [{ … }]";
                    self.complain(at, None, Objection::new("", "rule is no list", expected));
                }
                ("scenario", DeValue::Table(table)) => scenario = Some(self.scenario(table)),
                (name @ ("rule" | "scenario"), _) => {
                    let expected = "write [[rule]] and [scenario], each above its keys";
                    let wrong = format!("{name} is no table");
                    self.complain(at, None, Objection::new("", wrong, expected));
                }
                (word, _) => self.unknown(at, None, word, ["rule", "scenario"]),
            }
        }
        self.settle(rules, scenario)
    }

    fn unknown<const N: usize>(&mut self, at: usize, rule: Option<&str>, word: &str, keys: [&str; N]) {
        if self.problems.len() > PROBLEMS_MAX {
            return; // and spend no time on looking for what is near
        }
        let expected = format!("keys are: {}", list(keys));
        let mut objection = Objection::new("", format!("unknown key {:?}", self.cut(word)), expected);
        objection.nearest = nearest(word, keys);
        // The key of a rule may be written where none has begun yet.
        if rule.is_none() && KEYS.iter().any(|(key, _)| *key == word) {
            objection.nearest = None;
            objection.expected = "keys of a rule stand below [[rule]]".into();
        }
        self.complain(at, rule, objection);
    }

    fn element(&mut self, number: usize, value: Spanned<DeValue<'t>>) -> Option<Written> {
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(self.rule(number.to_string(), table, at)),
            _ => {
                let objection = Objection::new("", "a rule is a table", "write [[rule]] above its keys");
                self.complain(at, Some(&number.to_string()), objection);
                None
            }
        }
    }

    fn rule(&mut self, mut label: String, table: DeTable<'t>, at: usize) -> Written {
        let mut draft = Draft::default();
        let (mut keys, mut objections, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for (word, value) in table {
            let at = word.span().start;
            let Some((key, _)) = KEYS.into_iter().find(|(key, _)| key == word.get_ref()) else {
                unknown.push((at, word.into_inner()));
                continue;
            };
            keys.push((key, at));
            let written = self.written(&value);
            objections.extend(draft.take(&Entry { key, written, value }).err());
        }
        let name = draft.name.clone();
        if let Some(name) = &name {
            label = format!("{name:?}");
        }
        let is_clear = ["place", "unit", "operation"];
        let is_clear = !objections.iter().any(|objection| is_clear.contains(&objection.key));
        let rule = draft.finish().unwrap_or_else(|objection| {
            objections.push(objection);
            None
        });
        // Where a rule is asked and for whom decides what else it can say.
        if let Some(rule) = rule.as_ref().filter(|_| is_clear) {
            objections.extend(check::objections(rule));
        }
        let is_whole = objections.is_empty() && unknown.is_empty();
        for (at, word) in unknown {
            self.unknown(at, Some(&label), &word, KEYS.map(|(key, _)| key));
        }
        let written = Written { label, at, keys, name, rule, is_whole };
        for objection in objections {
            self.object(&written, objection);
        }
        written
    }

    fn object(&mut self, written: &Written, objection: Objection) {
        let at = written.keys.iter().find(|(key, _)| *key == objection.key);
        self.complain(at.map_or(written.at, |(_, at)| *at), Some(&written.label), objection);
    }

    /// A value as it stands in the text, in one short line.
    fn written(&self, value: &Spanned<DeValue<'_>>) -> String {
        let span = value.span();
        self.cut(self.text.get(self.base + span.start..self.base + span.end).unwrap_or_default())
    }

    fn cut(&self, text: &str) -> String {
        let mut line = text.lines().next().unwrap_or_default().chars();
        let mut cut: String = line.by_ref().take(WRITTEN_MAX).collect();
        if line.next().is_some() || text.lines().nth(1).is_some() {
            cut.push('…');
        }
        cut
    }

    fn scenario(&mut self, table: DeTable<'t>) -> Scenario {
        let [mut about, mut source, mut correct] = [const { String::new() }; 3];
        let mut environment = Vec::new();
        for (word, value) in table {
            let at = word.span().start;
            let text = match word.get_ref().as_ref() {
                "about" => &mut about,
                "source" => &mut source,
                "correct" => &mut correct,
                "environment" => {
                    environment = self.environment(at, value);
                    continue;
                }
                word => {
                    self.unknown(at, None, word, SCENARIO_KEYS.map(|(key, _)| key));
                    continue;
                }
            };
            match value.get_ref().as_str() {
                Some(value) => value.clone_into(text),
                None => {
                    let wrong = format!("{} = {} is no text", word.get_ref(), self.written(&value));
                    self.complain(at, None, Objection::new("", wrong, "write a sentence in quotation marks"));
                }
            }
        }
        Scenario { about, source, correct, environment }
    }

    fn environment(&mut self, at: usize, value: Spanned<DeValue<'t>>) -> Vec<(String, String)> {
        let example = r#"write one such as { NEURON_FAIL_ON_NAN = "1" }"#;
        let DeValue::Table(table) = value.into_inner() else {
            self.complain(at, None, Objection::new("", "environment is no table", example));
            return Vec::new();
        };
        let mut environment = Vec::new();
        for (variable, value) in table {
            let (at, variable) = (variable.span().start, variable.into_inner());
            let is_part = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
            if !variable.starts_with("NEURON_") || !variable.chars().all(is_part) {
                let wrong = format!("environment has {:?}", self.cut(&variable));
                let expected = "only variables NEURON_* can be given, in capital letters, digits and _";
                self.complain(at, None, Objection::new("", wrong, expected));
            }
            match value.get_ref().as_str().filter(|value| !value.contains('\0')) {
                Some(value) => environment.push((variable.into_owned(), value.to_owned())),
                None => {
                    let wrong = format!("{} = {} is no text", self.cut(&variable), self.written(&value));
                    self.complain(at, None, Objection::new("", wrong, example));
                }
            }
        }
        environment
    }

    /// Names the rules, and looks at what they do to each other.
    fn settle(&mut self, mut written: Vec<Written>, scenario: Option<Scenario>) -> Plan {
        name::give(&mut written);
        for (index, objection) in conflict::objections(&written) {
            self.object(&written[index], objection);
        }
        Plan { rules: written.into_iter().filter_map(|written| written.rule).collect(), scenario }
    }
}
