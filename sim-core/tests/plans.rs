//! Fault plans as text: what is read, what is refused and how that is told, and the sentence for each rule.

use proptest::prelude::{any, prop};
use proptest::{prop_assert, proptest};
use sim_core::fault::{Delay, KEYS, Place, Plan, Rule, Signalling, Verdict};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Timing;

fn one(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

#[test]
fn each_verdict_is_read_and_has_its_place() {
    let by = |ns| Verdict::Late(Delay::By(Timing::Fixed(Nanos(ns))));
    for (text, place, verdict) in [
        ("status = 1202", Place::Finish, Verdict::Status(Status::ExecHwErrNcUe)),
        ("status = \"NRT_EXEC_HW_ERR_NC_UE\"", Place::Finish, Verdict::Status(Status::ExecHwErrNcUe)),
        ("status = \"EXEC_HW_ERR_NC_UE\"", Place::Finish, Verdict::Status(Status::ExecHwErrNcUe)),
        ("place = \"start\"\nstatus = 5", Place::Start, Verdict::Status(Status::Timeout)),
        ("place = \"submit\"\nstatus = 4", Place::Submit, Verdict::Status(Status::Resource)),
        ("place = \"load\"\nstatus = 9", Place::Load, Verdict::Status(Status::LoadNotEnoughNc)),
        ("place = \"allocate\"\nstatus = 11", Place::Allocate, Verdict::Status(Status::FailHostMemAlloc)),
        (
            "place = \"tensor-read\"\nstatus = 1203",
            Place::TensorRead,
            Verdict::Status(Status::ExecHwErrDmaAbort),
        ),
        ("hang = true", Place::Start, Verdict::Hang(Status::Timeout)),
        (
            "place = \"collective\"\nhang = 1200",
            Place::Collective,
            Verdict::Hang(Status::ExecHwErrCollectives),
        ),
        ("late = \"2ms\"", Place::Start, by(2_000_000)),
        ("slow = 3", Place::Start, Verdict::Late(Delay::Factor(3.0))),
        ("slow = 1.5", Place::Start, Verdict::Late(Delay::Factor(1.5))),
        ("never = true", Place::Finish, Verdict::Never),
        ("stuck = true", Place::Start, Verdict::Stuck),
        ("full = true", Place::Submit, Verdict::Full { capacity: None, attempts: 1 }),
        ("full = { attempts = 3 }", Place::Submit, Verdict::Full { capacity: None, attempts: 3 }),
        ("full = { capacity = 2 }", Place::Submit, Verdict::Full { capacity: Some(2), attempts: 0 }),
        ("nan = true", Place::Finish, Verdict::Nan(1)),
        ("flip = 8", Place::Finish, Verdict::Flip(8)),
        ("torn = true", Place::Finish, Verdict::Torn),
        ("signal = \"twice\"", Place::Event, Verdict::Signal(Signalling::Twice)),
        ("signal = \"spurious\"", Place::Event, Verdict::Signal(Signalling::Spurious)),
        ("signal = { late = \"1us\" }", Place::Event, Verdict::Signal(Signalling::Late(Nanos(1_000)))),
        ("core-busy = true", Place::Init, Verdict::CoreBusy),
    ] {
        let rule = one(text);
        assert_eq!((rule.place, rule.verdict), (place, verdict), "{text}");
    }
}

#[test]
fn a_rule_alone_is_its_keys_a_table_or_a_plan() {
    let wanted = one("unit = \"compute\"\nnth = 3\nstatus = 1202");
    assert_eq!(one("{ unit = \"compute\", nth = 3, status = 1202 }"), wanted);
    assert_eq!(one("rule = [{ unit = \"compute\", nth = 3, status = 1202 }]"), wanted);
    assert_eq!(one("[[rule]]\nunit = \"compute\"\nnth = 3\nstatus = 1202"), wanted);
    for text in ["", "rule = []", "[[rule]]\nstatus=5\n[[rule]]\nnth=1\nstatus=6\n", "status = "] {
        assert!(Rule::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn lines_of_a_rule_alone_are_those_that_the_user_wrote() {
    let error = Rule::parse("nth = 3\nstatus = 0").expect_err("no error");
    assert_eq!(error.problems[0].line, 2, "{error}");
}

#[test]
fn a_name_follows_from_what_a_rule_says_alone() {
    let alone = Plan::parse("[[rule]]\nnth = 3\nstatus = 5").expect("valid");
    let second = Plan::parse("[[rule]]\nqueue = 0\nnth = 1\nstatus = 5\n[[rule]]\nnth = 3\nstatus = 5")
        .expect("valid");
    assert_eq!(alone.rules[0].name, second.rules[1].name);
    let twice = Plan::parse("[[rule]]\nnth = 3\nstatus = 5\n[[rule]]\nnth = 3\nstatus = 5").expect("valid");
    assert_ne!(twice.rules[0].name, twice.rules[1].name);
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line_and_what_is_meant_instead() {
    for (text, said) in [
        ("[[rule]]\nstatus = 0", "line 2, column 10: rule 1: status = 0: expected the number of an error"),
        ("[[rule]]\nstatus = 8", "status = 8: expected the number of an error in nrt_status.h (1, 2, 3"),
        ("[[rule]]\nstatus = \"NRT_TIMEOUTS\"", "did you mean \"NRT_TIMEOUT\"?"),
        ("[[rule]]\nnth = 0\nstatus = 5", "line 2, column 7: rule 1: nth = 0: expected a number from 1 on"),
        ("[[rule]]\nunit = \"computer\"\nstatus = 5", "unknown unit \"computer\"; did you mean \"compute\"?"),
        ("[[rule]]\nunit = \"gpu\"\nstatus = 5", "units are tensor-op, compute, collectives"),
        (
            "[[rule]]\nprbability = 1.0\nstatus = 5",
            "unknown key \"prbability\"; did you mean \"probability\"?",
        ),
        ("[[rules]]\nstatus = 5", "line 1, column 3: unknown key \"rules\"; did you mean \"rule\"?"),
        ("[[rule]]\nplace = \"finsh\"\nstatus = 5", "did you mean \"finish\"?"),
        ("[[rule]]\noperation = \"run\"\nstatus = 5", "unknown operation \"run\""),
        (
            "[[rule]]\nname = \"x\"",
            "rule 1 (x): a rule has exactly one verdict, this has none; verdicts are status",
        ),
        ("[[rule]]\nstatus = 5\nhang = true", "exactly one verdict, this has status, hang"),
        ("[[rule]]\nname = \"\"\nstatus = 5", "expected 1 to 100 bytes"),
        ("[[rule]]\nname = 'a'\nstatus=5\n[[rule]]\nname='a'\nnth=1\nstatus=6", "another rule has this name"),
        ("[[rule]]\nprobability = 0\nstatus = 5", "a number above 0 and at most 1"),
        ("[[rule]]\nprobability = nan\nstatus = 5", "a number above 0 and at most 1"),
        ("[[rule]]\nsequence = { min = 9, max = 5 }\nstatus = 5", "min not above max"),
        ("[[rule]]\nsequence = { form = 9 }\nstatus = 5", "unknown key \"form\""),
        ("[[rule]]\nsize = \"4KB\"\nstatus = 5", "bytes: a number, a text such as \"64KiB\""),
        ("[[rule]]\nat = 5\nstatus = 5", "a duration as text with a unit"),
        ("[[rule]]\nlifetime = \"0s\"\nstatus = 5", "a duration above 0"),
        ("[[rule]]\nslow = 1.0", "a factor above 1"),
        ("[[rule]]\nlate = { min = \"2ms\" }", "these keys do not go together"),
        ("[[rule]]\nflip = 0", "true, or a number from 1"),
        ("[[rule]]\nfull = { capacity = 0 }", "N from 1 on"),
        ("[[rule]]\nfull = { size = 1 }", "{ attempts = N }"),
        ("[[rule]]\nsignal = \"never\"", "\"twice\", \"spurious\""),
        ("[[rule]]\nstuck = false", "true; leave it out otherwise"),
        ("[[rule]]\nhang = 1003", "a status that kills the unit"),
        ("[[rule]]\nplace = \"start\"\nstatus = 1003", "write place = \"finish\""),
        ("[[rule]]\nplace = \"start\"\ntorn = true", "possible at finish, collective and tensor-* only"),
        ("[[rule]]\nplace = \"allocate\"\nstatus = 5", "not what happens at allocate; expected 1, 4, 11"),
        ("[[rule]]\nplace = \"submit\"\nstatus = 1003", "not what happens at submit; expected 1, 2, 4, 7"),
        ("[[rule]]\nstatus = 7", "no request ends with it"),
        ("[[rule]]\nunit = \"compute\"\nqueue = 1\nstatus = 5", "compute has queues 0 to 0"),
        ("[[rule]]\nqueue = 3\nstatus = 5", "a number from 0 to 2"),
        ("[[rule]]\nplace = \"load\"\nunit = \"compute\"\nstatus = 4", "is on no queue"),
        ("[[rule]]\nplace = \"init\"\ncore = 1\nstatus = 1", "nrt_init is for all cores"),
        ("[[rule]]\nunit = \"tensor-op\"\nmodel = \"m\"\nstatus = 5", "only runs and loads have one"),
        (
            "[[rule]]\nplace = \"tensor-read\"\noperation = \"write\"\nflip = 1",
            "does not happen at tensor-read",
        ),
        ("[[rule]]\nplace = \"tensor-read\"\nunit = \"compute\"\nflip = 1", "never does what is called read"),
        ("[[rule]]\noperation = \"load\"\nstatus = 5", "write place = \"load\""),
        ("[[rule]]\nunit = \"tensor-op\"\nnan = 1", "only runs of models compute numbers"),
        ("[[rule]]\nnth = 1\nevery = 2\nstatus = 5", "leave nth or the others out"),
        ("[[rule]]\nevery = 4\nfirst = 3\nstatus = 5", "never comes within first = 3"),
        ("[[rule]]\ndepth = 2\nstatus = 5", "write place = \"submit\""),
        ("[[rule]]\nplace = \"load\"\nsequence = 1\nstatus = 4", "nth counts it"),
        ("[[rule]]\nuntil = \"x\"\nstatus = 5", "until: unknown rule \"x\""),
        ("[[rule]]\nname = \"x\"\nuntil = \"x\"\nstatus = 5", "a rule cannot end itself"),
        (
            "[[rule]]\nname='a'\nfull=true\n[[rule]]\nuntil='a'\nstatus=5",
            "they do not know of each other there",
        ),
        ("[[rule]]\npersist = true\nstatus = 1003", "only a unit that is dead"),
        (
            "[[rule]]\nname='a'\nstatus=5\n[[rule]]\nname='b'\ncore=0\nnth=2\nstatus=6",
            "rule b: it never decides".trim_start_matches("rule "),
        ),
        ("[[rule]\nstatus = 5", "this is not TOML"),
        ("rule = 5", "rules are an array of tables"),
        ("rule = [5]", "a rule is a table"),
        ("[scenario]\nabout = \"x\"", "scenario: missing field"),
        (
            "[scenario]\nabout='x'\nsource='y'\ncorrect='z'\nenvironment={PATH='x'}",
            "a variable of the runtime",
        ),
    ] {
        let error = Plan::parse(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text}\n{error}\nshould have said: {said}");
        assert!(error.lines().all(|line| line.starts_with("line ")), "{error}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_text() {
    let error =
        Plan::parse("[[rule]]\nstatus = 0\nnth = 0\n[[rule]]\nunit = \"x\"\nhang = 1").expect_err("wrong");
    let lines: Vec<usize> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 5], "{error}");
}

#[test]
fn each_rule_has_a_sentence() {
    for (text, sentence) in [
        (
            "core = 0\nunit = \"compute\"\nqueue = 0\nnth = 3\nstatus = 1202",
            "The 3rd request on queue 0 of compute, core 0 ends with NRT_EXEC_HW_ERR_NC_UE (1202), which kills the unit.",
        ),
        (
            "model = \"mlp*\"\nprobability = 0.1\nlate = { min = \"2ms\", max = \"5ms\" }\ntimes = 3",
            "Each run of model \"mlp*\" with a probability of 0.1 takes 2ms to 5ms longer, at most 3 times on each queue.",
        ),
        (
            "every = 2\nfirst = 8\nstatus = 1003",
            "Every 2nd of the first 8 requests ends with NRT_EXEC_COMPLETED_WITH_NUM_ERR (1003).",
        ),
        (
            "after = 10\nhang = true\nrequire_fired = true",
            "Each request, not counting the first 10, hangs until the time limit of a run, then ends with NRT_TIMEOUT (5), which kills the unit. It must fire.",
        ),
        (
            "place = \"allocate\"\nfirst = 1\nstatus = 4",
            "The first allocation is refused with NRT_RESOURCE (4).",
        ),
        (
            "full = { capacity = 2 }\nlifetime = \"1ms\"",
            "Each request finds the queue full if it holds 2 or more, for 1ms of simulated time.",
        ),
        (
            "unit = \"compute\"\nstatus = 1100",
            "Each request on compute is tried again by the device itself, and takes twice as long.",
        ),
    ] {
        assert_eq!(one(text).to_string(), sentence);
    }
}

#[test]
fn keys_are_told_with_their_meaning() {
    assert!(KEYS.iter().all(|(key, meaning)| !key.is_empty() && !meaning.is_empty()));
}

/// Plans that say everything, to be damaged.
const WHOLE: &str = "[scenario]\nabout = \"x\"\nsource = \"https://x\"\ncorrect = \"y\"\n[[rule]]\nname = \"a\"\n\
    place = \"start\"\ncore = 1\nunit = \"compute\"\nsize = { min = \"1KiB\" }\nevery = 3\nat = \"5ms\"\nhang = true\n\
    [[rule]]\nplace = \"event\"\nsequence = { max = 9 }\nuntil = \"a\"\nsignal = { late = \"1ms\" }\ntimes = 2\n";

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in ".{0,200}") {
        let _ = (Plan::parse(&text), Rule::parse(&text));
    }

    #[test]
    fn no_damage_to_a_plan_makes_reading_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..4),
    ) {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for (at, char) in damage {
            let at = at.index(text.len());
            text[at] = char;
        }
        let text: String = text.into_iter().collect();
        match Plan::parse(&text) {
            Ok(plan) => prop_assert!(plan.rules.iter().all(|rule| rule.to_string().ends_with('.'))),
            Err(error) => prop_assert!(!error.problems.is_empty()),
        }
    }
}
