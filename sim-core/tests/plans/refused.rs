//! What cannot be meant, one mistake at a time, and what is said of it.

use sim_core::fault::{Plan, Rule};

use crate::assert_refused;

#[test]
fn mistakes_in_the_frame_of_a_plan() {
    for (text, begin, said) in [
        (
            "[[rules]]\nstatus = 5",
            "line 1: unknown key \"rules\"",
            "did you mean \"rule\"? keys are: rule, scenario",
        ),
        ("[rule]\nstatus = 5", "line 1: rule is no list", "write [[rule]]"),
        ("rule = 5", "line 1: rule is no table", "write [[rule]]"),
        ("rule = [5]", "line 1: rule 1: a rule is a table", "write [[rule]]"),
        ("scenario = 5", "line 1: scenario is no table", "[scenario]"),
        ("nth = 3", "line 1: unknown key \"nth\"", "keys of a rule stand below [[rule]]"),
        ("\n[[rule]\nstatus = 5", "line 2: no TOML: ", "expected"),
        ("[[rule]]\nstatus = ", "line 2: no TOML: ", "expected"),
        ("[[rule]]\nstatus = 5\nstatus = 5", "line 3: no TOML: duplicate key", ""),
        (
            "[scenario]\nabuot = \"\"",
            "line 2: unknown key \"abuot\"",
            "did you mean \"about\"? keys are: about, source",
        ),
        ("[scenario]\nabout = 3", "line 2: about = 3 is no text", "quotation marks"),
        ("[scenario]\nenvironment = 3", "line 2: environment is no table", "NEURON_FAIL_ON_NAN"),
        (
            "[scenario.environment]\nPATH = \"x\"",
            "line 2: environment has \"PATH\"",
            "only variables NEURON_*",
        ),
        (
            "[scenario.environment]\nNEURON_x = \"x\"",
            "line 2: environment has \"NEURON_x\"",
            "capital letters",
        ),
        ("[scenario.environment]\nNEURON_X = 1", "line 2: NEURON_X = 1 is no text", "write one such as"),
    ] {
        assert_refused(text, begin, said);
    }
    let many = "[[rule]]\nnth = 1\nstatus = 5\n".repeat(257);
    assert_refused(&many, "line 1: 257 rules", "write 256 at most");
    let long = "#".repeat((1 << 20) + 1);
    assert_refused(&long, "line 1: the text has 1048577 bytes", "write 1048576 at most");
    assert!(Plan::parse(&"#".repeat(1 << 20)).is_ok());
}

#[test]
fn values_that_cannot_be_read() {
    for (keys, said) in [
        ("nht = 3", "unknown key \"nht\"; did you mean \"nth\"? keys are: name, place, core"),
        ("prbability = 1", "unknown key \"prbability\"; did you mean \"probability\"? keys are:"),
        ("name = 3", "name = 3 is no text; write one such as"),
        ("name = \"\"", "name = \"\" is empty; write 1 to 100 bytes"),
        ("name = \"a\\nb\"", "is a name with a control character"),
        ("place = \"finnish\"", "is no place; did you mean \"finish\"? places are: submit, start, finish"),
        ("place = 3", "place = 3 is no place; places are:"),
        ("core = 256", "core = 256 is no number that there can be; write a whole number from 0 to 255"),
        ("core = -1", "from 0 to 255"),
        ("queue = \"0\"", "from 0 to 255"),
        ("unit = \"gpu\"", "is no unit; units are: tensor-op, compute, collectives"),
        ("unit = \"colectives\"", "did you mean \"collectives\"?"),
        ("unit = \"Compute\"", "did you mean \"compute\"?"),
        ("model = \"\"", "a name that nothing has; leave the key out"),
        ("model = 3", "model = 3 is no text; write a name in which *"),
        ("operation = \"exeucte\"", "did you mean \"execute\"? operations are: read, write, copy, execute"),
        ("size = \"64KB\"", "size = \"64KB\" is no size; write bytes such as 4096"),
        ("size = -1", "is no size"),
        ("size = {}", "is no size"),
        ("size = { min = 1, mx = 2 }", "is no size"),
        ("rank = 4294967296", "from 0 to 4294967295"),
        ("nth = \"3\"", "nth = \"3\" is no whole number"),
        ("nth = 3.0", "write one such as nth = 3"),
        ("nth = -1", "is no whole number, or a negative one"),
        ("sequence = \"7\"", "is no sequence number; write a number such as 7, or a range"),
        ("sequence = {}", "is no sequence number"),
        ("at = 5", "at = 5: invalid type: integer `5`, expected a duration as text with a unit"),
        ("at = \"25h\"", "is too long; write a day at most"),
        ("probability = \"often\"", "is no number; write one such as probability = 0.1"),
        ("until = 3", "until = 3 is no text; write the name of another rule"),
        ("lifetime = \"soon\"", "\"soon\" is no duration"),
        ("require_fired = 1", "require_fired = 1 is neither true nor false"),
        ("persist = \"yes\"", "is neither true nor false"),
    ] {
        assert_refused(&format!("[[rule]]\n{keys}\nstatus = 1202"), "line 2: rule 1: ", said);
    }
    let long = format!("[[rule]]\nstatus = 5\nname = \"{}\"", "é".repeat(51));
    assert_refused(&long, "line 3: rule 1: name = ", "is 102 bytes long; write 1 to 100 bytes");
    let long = format!("[[rule]]\nstatus = 5\nmodel = \"{}\"", "a".repeat(256));
    assert_refused(&long, "line 3: rule 1: model = ", "is longer than a name; write 255 bytes at most");
}

#[test]
fn verdicts_that_cannot_be_meant() {
    for (verdict, said) in [
        ("", "no verdict; write exactly one of: status, hang, late"),
        ("nan = 1\nflip = 1", "2 verdicts: flip, nan; keep flip or nan"),
        ("nan = 1\nflip = 1\ntorn = true", "3 verdicts: flip, nan, torn; keep one"),
        ("status = 0", "status = 0 is not the number of an error; write the name or number of one: 1, 2"),
        ("status = 8", "is not the number of an error; did you mean 7?"),
        ("status = 1220", "did you mean 1202?"),
        ("status = -1", "status = -1 is not the number of an error"),
        ("status = true", "is not the number of an error"),
        ("status = \"NRT_SUCCESS\"", "is not the name of an error"),
        ("status = \"NRT_TIMEUOT\"", "did you mean \"NRT_TIMEOUT\"?"),
        ("status = \"NC_UE\"", "did you mean \"NRT_EXEC_HW_ERR_NC_UE\"?"),
        ("hang = false", "hang = false is no verdict; leave the key out, or write true"),
        (
            "hang = 1003",
            "a hang kills the unit, and NRT_EXEC_COMPLETED_WITH_NUM_ERR (1003) does not; write true or \
             one of: 5, 6, 101",
        ),
        ("late = 3", "late = 3: invalid type: integer `3`, expected a duration such as"),
        ("late = { min = \"2ms\", max = \"1ms\" }", "exchange them"),
        ("late = \"0s\"", "late by 0 is not late"),
        ("slow = 1.0", "slow = 1; write a factor above 1 and at most 1000000"),
        ("slow = nan", "slow = NaN; write a factor"),
        ("slow = inf", "slow = inf; write a factor"),
        ("slow = 1000001", "slow = 1000001; write a factor"),
        ("slow = \"x\"", "slow = \"x\" is no number; write one such as slow = 3.0"),
        ("never = false", "never = false is no verdict"),
        ("stuck = 1", "stuck = 1 is not true; write stuck = true"),
        ("full = false", "full = false is no verdict"),
        ("full = {}", "is no way to be full; write true, { capacity = 1 } or { attempts = 3 }"),
        ("full = { capacity = 1, attempts = 1 }", "is no way to be full"),
        ("full = { attempts = 0 }", "attempts = 0 refuses nothing"),
        ("nan = 0", "nan = 0; write 1 to 1000000"),
        ("nan = false", "nan = false is no verdict"),
        ("flip = 1000001", "flip = 1000001; write 1 to 1000000"),
        ("flip = -1", "flip = -1 is neither true nor a number"),
        ("torn = \"half\"", "torn = \"half\" is not true"),
        ("signal = \"twise\"", "is no way to signal; did you mean \"twice\"? write \"twice\", \"spurious\""),
        ("signal = { late = \"0s\" }", "late by 0 is not late"),
        ("signal = { late = 1 }", "expected a duration as text with a unit"),
        ("signal = { soon = 1 }", "is no way to signal"),
        ("core-busy = 1", "core-busy = 1 is not true"),
        ("core_busy = true\ncore-busy = true", "unknown key \"core_busy\"; did you mean \"core-busy\"?"),
    ] {
        assert_refused(&format!("[[rule]]\n{verdict}"), "line ", said);
    }
}

#[test]
fn limits_that_nothing_meets() {
    for (keys, said) in [
        ("nth = 0\nstatus = 5", "line 2: rule 1: nth = 0 never happens: requests are counted from 1"),
        ("every = 0\nstatus = 5", "line 2: rule 1: every = 0 never happens"),
        ("first = 0\nstatus = 5", "line 2: rule 1: first = 0 never strikes"),
        ("times = 0\nstatus = 5", "line 2: rule 1: times = 0 never strikes"),
        ("lifetime = \"0s\"\nstatus = 5", "line 2: rule 1: lifetime = 0 never strikes"),
        ("depth = 0\nfull = true", "line 2: rule 1: depth = 0 says nothing"),
        (
            "depth = 2\nstatus = 5",
            "depth is not known at place = \"finish\"; leave it out, or write place = \"submit\"",
        ),
        ("nth = 1\nevery = 2\nstatus = 5", "line 3: rule 1: nth and every do not go together"),
        ("nth = 1\nfirst = 2\nstatus = 5", "line 3: rule 1: nth and first do not go together"),
        ("sequence = 0\nstatus = 5", "sequence numbers begin at 1"),
        ("sequence = { min = 0, max = 3 }\nstatus = 5", "sequence numbers begin at 1"),
        ("sequence = { min = 4, max = 3 }\nstatus = 5", "sequence is from 4 to 3; exchange min and max"),
        ("size = { min = 4, max = 3 }\nstatus = 5", "size is from 4 to 3 bytes; exchange min and max"),
        ("probability = 0\nstatus = 5", "probability = 0; write a number above 0 and at most 1"),
        ("probability = 1.5\nstatus = 5", "probability = 1.5"),
        ("probability = -0.1\nstatus = 5", "probability = -0.1"),
        ("probability = nan\nstatus = 5", "probability = NaN"),
    ] {
        assert_refused(&format!("[[rule]]\n{keys}"), "line ", said);
    }
}

#[test]
fn things_that_never_fit_together() {
    for (keys, said) in [
        ("queue = 1\nunit = \"compute\"\nstatus = 5", "unit = \"compute\" has no queue 1; write queue = 0"),
        ("queue = 2\nunit = \"tensor-op\"\nstatus = 5", "has no queue 2; write queue = 0 to 1"),
        ("queue = 3\nstatus = 5", "a unit has no queue 3; write queue = 0 to 2"),
        ("queue = 2\noperation = \"read\"\nstatus = 5", "queue = 2 never fits operation = \"read\""),
        (
            "place = \"collective\"\nunit = \"compute\"\nstatus = 5",
            "unit = \"compute\" never fits place = \"collective\", which is for collective; leave unit \
             out, or write unit = \"collectives\", or write place = \"submit\" or \"start\" or \"finish\"",
        ),
        (
            "place = \"tensor-read\"\nunit = \"compute\"\nstatus = 5",
            "or write unit = \"tensor-op\" or \"tensor-read\"",
        ),
        ("place = \"tensor-read\"\noperation = \"write\"\nstatus = 5", "or \"tensor-write\""),
        (
            "unit = \"compute\"\noperation = \"read\"\nstatus = 5",
            "operation = \"read\" never fits unit = \"compute\", which is for execute",
        ),
        (
            "operation = \"allocate\"\nstatus = 4",
            "never fits place = \"finish\", which is for read, write, copy, execute, collective; leave \
             operation out, or write place = \"allocate\"",
        ),
        ("operation = \"load\"\nstatus = 10", "or write place = \"load\""),
        (
            "place = \"allocate\"\nunit = \"compute\"\nstatus = 4",
            "unit = \"compute\" never fits place = \"allocate\"",
        ),
        ("place = \"load\"\nqueue = 0\nstatus = 4", "queue = 0 never fits place = \"load\""),
        ("place = \"allocate\"\nmodel = \"m\"\nstatus = 4", "model = \"m\" never fits place = \"allocate\""),
        ("place = \"init\"\nmodel = \"m\"\nstatus = 4", "model = \"m\" never fits place = \"init\""),
        (
            "place = \"collective\"\nmodel = \"m\"\nstatus = 5",
            "model = \"m\" never fits place = \"collective\"",
        ),
        ("place = \"load\"\ntensor = \"t\"\nstatus = 4", "tensor = \"t\" never fits place = \"load\""),
        ("place = \"init\"\ntensor = \"t\"\nstatus = 4", "tensor = \"t\" never fits place = \"init\""),
        ("place = \"init\"\ncore = 0\nstatus = 4", "core = 0 never fits place = \"init\""),
        (
            "place = \"init\"\nunit = \"compute\"\nstatus = 4",
            "unit = \"compute\" never fits place = \"init\"",
        ),
        ("place = \"init\"\nqueue = 0\nstatus = 4", "queue = 0 never fits place = \"init\""),
        ("place = \"init\"\nsize = 4\nstatus = 4", "size = … never fits place = \"init\""),
        ("place = \"load\"\nsequence = 4\nstatus = 4", "sequence = … never fits place = \"load\""),
        ("place = \"allocate\"\nsequence = 4\nstatus = 4", "sequence = … never fits place = \"allocate\""),
        ("nan = 2\noperation = \"read\"", "operation = \"read\" never fits nan = 2, which is for execute"),
        (
            "nan = 2\nunit = \"tensor-op\"",
            "unit = \"tensor-op\" never fits nan = 2, which is for execute; leave unit out, or write unit \
             = \"compute\"",
        ),
    ] {
        assert_refused(&format!("[[rule]]\n{keys}"), "line ", said);
    }
}

#[test]
fn all_problems_are_told_of_in_the_order_of_the_text() {
    let text = "rules = 1\n[[rule]]\nnth = 0\nprbability = 2\nstatus = 1202\n[[rule]]\nname = \"bad third\"\n\
                unit = \"gpu\"\nflip = 0\n[scenario]\nwho = 1";
    let error = Plan::parse(text).expect_err("wrong");
    let begins: Vec<String> = error.to_string().lines().map(|line| line.chars().take(24).collect()).collect();
    assert_eq!(
        begins,
        [
            "line 1: unknown key \"rul",
            "line 3: rule 1: nth = 0 ",
            "line 4: rule 1: unknown ",
            "line 8: rule \"bad third\"",
            "line 11: unknown key \"wh",
        ]
    );
    let first = &error.problems[2];
    assert_eq!((first.line, first.column, first.rule.as_deref()), (4, 1, Some("1")));
    assert_eq!(
        (first.wrong.as_str(), first.nearest.as_deref()),
        ("unknown key \"prbability\"", Some("probability"))
    );
    let inline = Plan::parse("rule = [{ status = 5, nht = 1 }]").expect_err("wrong");
    assert_eq!((inline.problems[0].line, inline.problems[0].column), (1, 23));
}

#[test]
fn problems_beyond_a_hundred_are_not_told_of_one_by_one() {
    let keys: String = (0..2000).map(|number| format!("key{number} = 1\n")).collect();
    let error = Plan::parse(&format!("{keys}[[rule]]\nstatus = 5")).expect_err("wrong");
    assert_eq!(error.problems.len(), 101);
    assert!(error.to_string().contains("there are more problems"));
}

#[test]
fn one_rule_is_one() {
    for (text, said) in [
        ("", "line 1: rule 1: no verdict"),
        ("[[rule]]\nnth = 2\nstatus = 5\n[[rule]]\nnth = 1\nstatus = 6", "2 rules instead of one"),
        ("rule = []", "line 1: 0 rules instead of one"),
        ("scenario = {}\nrule = [{ status = 5 }]", "a scenario is of a plan"),
        ("\n {\n status = 5, nht = 3 }", "line 3: rule 1: unknown key \"nht\"; did you mean \"nth\"?"),
        ("{ status = 5 } 3", "line 1: no TOML: "),
        ("{ status = ", "line 1: no TOML: "),
        ("status = 5, nth = 3", "line 1: no TOML: "),
    ] {
        let error = Rule::parse(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}
