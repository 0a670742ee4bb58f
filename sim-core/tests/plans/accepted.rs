//! Each form in which something can be written.

use sim_core::fault::{Delay, Operation, Place, Plan, Rule, Scenario, Signalling, Verdict};
use sim_core::seq::UnitKind;
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Timing;

fn rule(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_form_of_a_verdict_is_read_with_its_place() {
    let late = Timing::Fixed(Nanos(2_000_000));
    let range = Timing::Range { min: Nanos(1_000_000), max: Nanos(5_000_000) };
    for (text, verdict, place) in [
        ("status = 1202", Verdict::Status(Status::ExecHwErrNcUe), Place::Finish),
        ("status = \"NRT_EXEC_HW_ERR_NC_UE\"", Verdict::Status(Status::ExecHwErrNcUe), Place::Finish),
        ("status = \"EXEC_HW_ERR_NC_UE\"", Verdict::Status(Status::ExecHwErrNcUe), Place::Finish),
        ("hang = true", Verdict::Hang(Status::Timeout), Place::Start),
        ("hang = 1200", Verdict::Hang(Status::ExecHwErrCollectives), Place::Start),
        ("hang = \"NRT_EXEC_OOB\"", Verdict::Hang(Status::ExecOob), Place::Start),
        ("late = \"2ms\"", Verdict::Late(Delay::By(late)), Place::Start),
        ("late = { min = \"1ms\", max = \"5ms\" }", Verdict::Late(Delay::By(range)), Place::Start),
        ("slow = 3.5", Verdict::Late(Delay::Factor(3.5)), Place::Start),
        ("slow = 3", Verdict::Late(Delay::Factor(3.0)), Place::Start),
        ("never = true", Verdict::Never, Place::Finish),
        ("stuck = true", Verdict::Stuck, Place::Start),
        ("full = true", Verdict::Full { capacity: None, attempts: 1 }, Place::Submit),
        ("full = { attempts = 3 }", Verdict::Full { capacity: None, attempts: 3 }, Place::Submit),
        ("full = { capacity = 0 }", Verdict::Full { capacity: Some(0), attempts: 0 }, Place::Submit),
        ("nan = true", Verdict::Nan(1), Place::Finish),
        ("nan = 4", Verdict::Nan(4), Place::Finish),
        ("flip = true", Verdict::Flip(1), Place::Finish),
        ("flip = 8", Verdict::Flip(8), Place::Finish),
        ("torn = true", Verdict::Torn, Place::Finish),
        ("signal = \"twice\"", Verdict::Signal(Signalling::Twice), Place::Event),
        ("signal = \"spurious\"", Verdict::Signal(Signalling::Spurious), Place::Event),
        ("signal = { late = \"1ms\" }", Verdict::Signal(Signalling::Late(Nanos(1_000_000))), Place::Event),
        ("core-busy = true", Verdict::CoreBusy, Place::Init),
    ] {
        let rule = rule(text);
        assert_eq!((rule.verdict, rule.place), (verdict, place), "{text}");
    }
}

#[test]
fn each_key_of_a_matcher_is_read() {
    let text = r#"{ core = 255, unit = "tensor-op", queue = 1, tensor = "w?", operation = "read",
        size = "64KiB", rank = 3, status = 5 }"#;
    let matcher = rule(text).matcher;
    assert_eq!((matcher.core, matcher.kind, matcher.queue), (Some(255), Some(UnitKind::TensorOp), Some(1)));
    assert_eq!((matcher.operation, matcher.rank), (Some(Operation::Read), Some(3)));
    assert!(matcher.tensor.is_some_and(|tensor| tensor.matches("w1") && !tensor.matches("w12")));
    let model = rule("model = \"mlp*\"\nstatus = 5").matcher.model;
    assert!(model.is_some_and(|model| model.matches("mlp-2") && !model.matches("cnn")));
    for (size, range) in [
        ("4096", 4096..=4096),
        ("\"64 KiB\"", 65_536..=65_536),
        ("{ min = \"1MiB\", max = \"4GiB\" }", 1 << 20..=4 << 30),
        ("{ min = 1 }", 1..=u64::MAX),
        ("{ max = 0 }", 0..=0),
    ] {
        assert_eq!(rule(&format!("size = {size}\nstatus = 5")).matcher.size, Some(range));
    }
}

#[test]
fn each_key_of_a_trigger_and_each_limit_is_read() {
    let text = "every = 4\nafter = 10\nfirst = 5\nat = \"5ms\"\nprobability = 0.5\ndepth = 4\n\
                place = \"submit\"\nstatus = 4\ntimes = 2\nlifetime = \"10ms\"\nrequire_fired = true";
    let own = rule(text);
    let trigger = own.trigger;
    assert_eq!((trigger.every, trigger.after, trigger.first), (Some(4), Some(10), Some(5)));
    assert_eq!((trigger.at, trigger.probability), (Some(Nanos(5_000_000)), Some(0.5)));
    assert_eq!((trigger.depth, own.place), (Some(4), Place::Submit));
    assert_eq!((own.times, own.lifetime), (Some(2), Some(Nanos(10_000_000))));
    assert!(own.require_fired && !own.persist);
    assert!(rule("status = 1202\npersist = true").persist);
    assert_eq!(rule("probability = 1\nstatus = 5").trigger.probability, Some(1.0));
    for (sequence, range) in [("7", 7..=7), ("{ min = 5, max = 9 }", 5..=9), ("{ max = 9 }", 1..=9)] {
        assert_eq!(rule(&format!("sequence = {sequence}\nstatus = 5")).trigger.sequence, Some(range));
    }
}

#[test]
fn each_place_unit_and_operation_is_known_by_its_name() {
    for (place, verdict) in Place::ALL.into_iter().zip([
        "full = true",
        "stuck = true",
        "torn = true",
        "never = true",
        "flip = 1",
        "flip = 1",
        "flip = 1",
        "signal = \"twice\"",
        "status = 11",
        "status = 10",
        "core-busy = true",
    ]) {
        assert_eq!(rule(&format!("place = {:?}\n{verdict}", place.name())).place, place);
    }
    for kind in UnitKind::ALL {
        assert_eq!(rule(&format!("unit = {:?}\nstatus = 5", kind.name())).matcher.kind, Some(kind));
    }
    for operation in [Operation::Read, Operation::Write, Operation::Copy, Operation::Execute] {
        let text = format!("operation = {:?}\nstatus = 5", operation.name());
        assert_eq!(rule(&text).matcher.operation, Some(operation));
    }
}

#[test]
fn a_rule_can_be_a_plan_its_keys_or_an_inline_table() {
    let expected = rule("nth = 3\nstatus = 1202");
    for text in [
        "[[rule]]\nnth = 3\nstatus = 1202\n",
        "rule = [{ nth = 3, status = 1202 }]",
        "{ nth = 3, status = 1202 }",
        "\n  {nth=3,status=1202}\n",
        "# a comment\nnth = 3\nstatus = 1202",
    ] {
        assert_eq!(rule(text), expected, "{text}");
    }
}

#[test]
fn plans_keep_the_order_of_their_rules_and_what_they_are_for() {
    let text = r#"
        [scenario]
        about = "A core fails."
        source = "https://example.com/1"
        correct = "It starts again."
        environment = { NEURON_FAIL_ON_NAN = "1", NEURON_RT_ASYNC = "2" }

        [[rule]]
        unit = "compute"
        core = 0
        nth = 3
        status = 1202

        [[rule]]
        name = "slow"
        slow = 2.0
    "#;
    let plan = Plan::parse(text).expect("valid");
    let environment = [("NEURON_FAIL_ON_NAN", "1"), ("NEURON_RT_ASYNC", "2")];
    assert_eq!(
        plan.scenario,
        Some(Scenario {
            about: "A core fails.".into(),
            source: "https://example.com/1".into(),
            correct: "It starts again.".into(),
            environment: environment.map(|(name, value)| (name.into(), value.into())).to_vec(),
        })
    );
    let names: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["NRT_EXEC_HW_ERR_NC_UE at finish of compute, core 0, nth 3", "slow"]);
    assert_eq!(Plan::parse(""), Ok(Plan::default()));
    assert_eq!(
        Plan::parse("rule=[{unit=\"compute\",core=0,nth=3,status=1202}]").map(|plan| plan.rules.len()),
        Ok(1)
    );
}

#[test]
fn a_name_follows_from_what_the_rule_says_and_from_no_other_rule() {
    let own = "[[rule]]\nnth = 3\nstatus = 1202\n";
    let name =
        |text: &str| Plan::parse(text).expect("valid").rules.last().expect("there is one").name.clone();
    let alone = name(own);
    assert_eq!(alone, "NRT_EXEC_HW_ERR_NC_UE at finish, nth 3");
    assert_eq!(name(&format!("[[rule]]\nnth = 2\nstatus = 5\n{own}")), alone);
    assert_eq!(name(&format!("{own}require_fired = true\npersist = true")), alone);
    assert_eq!(name(&format!("{own}{own}")), format!("{alone} (2)"));
    assert_eq!(
        name(&format!("[[rule]]\nname = {alone:?}\nnth = 2\nstatus = 5\n{own}")),
        format!("{alone} (2)")
    );
}
