//! Whether two runs have the same outputs: what they print, and what they read from tensors.

use super::super::Done;
use super::super::plan::Purpose;
use super::{DATA, Evidence, Known, Verdict, fail, pass, unknown};

impl Evidence<'_> {
    pub(super) fn same_in_all_orders(&self) -> Known {
        let plain = self.plain();
        let comparison = match self.comparison() {
            Ok(comparison) => comparison,
            // What differs by itself, and is used too early, differs for that.
            Err(why) if self.found(&DATA).0 == Verdict::Fail => return fail(why, plain),
            Err(why) => return unknown(why),
        };
        let mut count = 0;
        for done in self.clean().skip(1) {
            if !done.ended.exit.is_orderly() {
                return fail(format!("no outputs to compare: {}", done.ended.exit.sentence()), done);
            }
            if let Some(difference) = comparison.difference(plain, done) {
                return fail(difference, done);
            }
            count += 1;
        }
        // A full queue changes when requests are submitted, and nothing else.
        for done in self.of(Purpose::Storm).filter(|done| done.ended.exit.is_orderly()) {
            if let Some(difference) = comparison.difference(plain, done) {
                return fail(difference, done);
            }
            count += 1;
        }
        pass(format!("{} in {count} other runs", comparison.words()))
    }

    pub(super) fn same_as(&self, before: &Done) -> Known {
        if !before.ended.exit.is_orderly() || !before.story.is_open() {
            let exit = before.ended.exit.sentence();
            return unknown(format!("the program before its migration: {exit}, and did not come to work"));
        }
        if !before.story.sessions.iter().any(|session| session.is_implicit) {
            return unknown("the program before its migration did not run in implicit mode");
        }
        let comparison = match self.comparison() {
            Ok(comparison) => comparison,
            Err(why) => return unknown(why),
        };
        match comparison.difference(before, self.plain()) {
            Some(difference) => fail(difference, self.plain()),
            None => pass(comparison.words()),
        }
    }

    /// What can be compared: what two equal runs agree on.
    fn comparison(&self) -> Result<Comparison, String> {
        let plain = self.plain();
        let again = self.of(Purpose::Plain).nth(1).unwrap_or(plain);
        let all = Comparison { text: !plain.ended.stdout.is_empty(), reads: !plain.story.reads().is_empty() };
        if !all.text && !all.reads {
            return Err("the program prints nothing, and no read of a tensor was seen".into());
        }
        let agreed = Comparison {
            text: all.text && plain.ended.stdout == again.ended.stdout,
            reads: all.reads && plain.story.reads() == again.story.reads(),
        };
        // Reads tell more than texts: where they differ, it is not the same work.
        let is_same_work = if all.reads { agreed.reads } else { agreed.text };
        if !is_same_work {
            return Err(
                "two equal runs have different outputs: the inputs must not be random, nor depend on time"
                    .into(),
            );
        }
        Ok(agreed)
    }
}

/// Which outputs are compared.
#[derive(Debug, Clone, Copy)]
struct Comparison {
    text: bool,
    reads: bool,
}

impl Comparison {
    /// What differs between the runs, if anything.
    fn difference(self, plain: &Done, done: &Done) -> Option<String> {
        if self.text && plain.ended.stdout != done.ended.stdout {
            let [usual, this] =
                [plain, done].map(|done| String::from_utf8_lossy(&done.ended.stdout).into_owned());
            let (mut usual, mut this) = (usual.lines(), this.lines());
            for number in 1_u32.. {
                let (one, other) = (usual.next(), this.next());
                if one != other || one.is_none() {
                    let show = |line: Option<&str>| {
                        line.map_or("nothing".into(), |line| {
                            format!("{:?}", line.chars().take(80).collect::<String>())
                        })
                    };
                    return Some(format!(
                        "line {number} of the output is {} instead of {}",
                        show(other),
                        show(one)
                    ));
                }
            }
        }
        let (usual, this) = (plain.story.reads(), done.story.reads());
        if self.reads && usual != this {
            let strange = this.iter().find(|read| !usual.contains(read));
            let what = strange.or(usual.iter().find(|read| !this.contains(read)));
            let (name, bytes) = what.map_or(("", 0), |(name, bytes, _)| (name.as_str(), *bytes));
            let name = if name.is_empty() { "a tensor".to_owned() } else { format!("tensor {name}") };
            return Some(format!(
                "{name}: the {bytes} bytes that were read differ, or were not read as often"
            ));
        }
        None
    }

    /// What was the same.
    fn words(self) -> String {
        match (self.text, self.reads) {
            (true, true) => "the same text and the same bytes of tensors".into(),
            (true, false) => "the same text".into(),
            (false, _) => "the same bytes of tensors (the text differs by itself from run to run)".into(),
        }
    }
}
