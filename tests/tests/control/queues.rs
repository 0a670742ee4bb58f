//! Queues, faults and time, controlled with `nrt-sim ctl`.

use super::steered::Stage;

#[test]
fn a_paused_queue_fills_to_its_capacity_and_drains_when_it_is_resumed() {
    for time in ["free", "manual", "wall:0.01"] {
        let stage = Stage::new();
        let mut program = stage.run(&[("NRT_SIM_TIME", time)]);
        assert!(stage.ctl(&["pause"]).contains("paused"), "{time}");
        assert_eq!(program.says("submit 99"), "accepted 8", "{time}");
        assert_eq!(program.says("completed"), "completed 0", "{time}");
        let queue = stage.compute();
        assert_eq!((&queue["submitted"], &queue["completed"]), (&8.into(), &0.into()), "{time}: {queue}");
        assert_eq!((&queue["paused"], &queue["capacity"]), (&true.into(), &8.into()), "{time}: {queue}");
        let (idle, said) = stage.try_ctl(&["idle"]);
        assert!(!idle && said.contains("the queue is paused"), "{time}: {said}");
        assert!(stage.ctl(&["resume"]).contains("compute queue 0 of core 0"), "{time}");
        assert!(stage.ctl(&["idle"]).contains("everything has completed"), "{time}");
        assert_eq!(stage.compute()["completed"], 8, "{time}");
        assert_eq!(program.says("drain"), "statuses 0 0 0 0 0 0 0 0", "{time}");
        program.ends_well();
    }
}

#[test]
fn a_step_lets_so_many_requests_through() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    stage.ctl(&["pause"]);
    assert_eq!(program.says("submit 5"), "accepted 5");
    assert!(stage.ctl(&["step"]).contains("1 completed"));
    assert_eq!(program.says("completed"), "completed 1");
    assert_eq!(stage.json(&["step", "3"])["stepped"], 3);
    assert_eq!(stage.json(&["step", "3"])["stepped"], 1, "there are no more");
    assert_eq!(program.says("submit 1"), "accepted 1");
    assert_eq!(stage.compute()["completed"], 5, "what comes later waits");
    stage.ctl(&["resume"]);
    assert_eq!(program.says("drain"), "statuses 0 0 0 0 0 0");
    let (done, said) = stage.try_ctl(&["step"]);
    assert!(!done && said.contains("not paused"), "{said}");
    program.ends_well();
}

#[test]
fn a_rule_that_is_added_strikes_and_stands_in_the_journal_and_the_unit_can_be_healed() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    program.works();
    assert_eq!(stage.ctl(&["journal"]).trim(), "");
    let rule = "name = 'fatal'\nunit = 'compute'\nnth = 2\nstatus = 1202\n";
    assert!(stage.ctl(&["inject", rule]).contains("rule number 0"));
    stage.ctl(&["pause"]);
    assert_eq!(program.says("submit 4"), "accepted 4");
    stage.ctl(&["resume"]);
    assert_eq!(program.says("drain"), "statuses 0 1202 101 101");
    assert_eq!(program.says("submit 1"), "accepted 0", "the unit is dead");

    let said = stage.ctl(&["status"]);
    assert!(said.contains("dead") && said.contains("fatal"), "{said}");
    let entry = stage.json(&["journal"]);
    assert_eq!((&entry["rule"], &entry["num"]), (&"fatal".into(), &4.into()), "{entry}");
    assert_eq!((&entry["status"], &entry["pid"]), (&1202.into(), &program.pid().into()), "{entry}");
    let said = stage.ctl(&["journal"]);
    assert!(
        said.contains("request 4 on compute queue 0 of core 0 ended with NRT_EXEC_HW_ERR_NC_UE"),
        "{said}"
    );

    assert!(stage.ctl(&["heal"]).contains("gets on"));
    program.works();
    assert!(stage.ctl(&["clear", "fatal"]).contains("1 removed"));
    let (done, said) = stage.try_ctl(&["clear", "fatal"]);
    assert!(!done && said.contains("there is no rule"), "{said}");
    assert!(stage.ctl(&["clear"]).contains("0 removed"));
    program.ends_well();
}

#[test]
fn who_follows_the_journal_sees_what_fires_until_the_program_ends() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    stage.ctl(&["inject", "unit='compute'\nstatus=1004"]);
    assert_eq!(program.says("submit 3"), "accepted 3");
    assert_eq!(program.says("drain"), "statuses 1004 1004 1004");
    let followed = stage.ctl_command(&["journal", "--follow"]).stdout(std::process::Stdio::piped()).spawn();
    let mut followed = followed.expect("just built");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(followed.stdout.take().expect("piped")));
    let mut next = || lines.next().expect("more").expect("text");
    assert!(next().contains("request 1 ") && next().contains("request 2 ") && next().contains("request 3 "));
    assert_eq!(program.says("submit 1"), "accepted 1");
    assert_eq!(program.says("drain"), "statuses 1004");
    assert!(next().contains("request 4 "));
    assert_eq!(program.says("close"), "closed");
    assert!(followed.wait().expect("ours").success() && lines.next().is_none());
    program.ends_well();
}

#[test]
fn what_a_fault_holds_up_is_told_and_goes_on_when_it_is_healed() {
    for (verdict, told) in [("stuck = true", "is stuck"), ("never = true", "nobody is told")] {
        let stage = Stage::new();
        let mut program = stage.run(&[]);
        stage.ctl(&["inject", &format!("unit = 'compute'\nfirst = 1\n{verdict}")]);
        assert_eq!(program.says("submit 2"), "accepted 2");
        let (idle, said) = stage.try_ctl(&["idle"]);
        assert!(!idle && said.contains(told) && said.contains("request 1 of compute queue 0"), "{said}");
        assert_eq!(stage.compute()["held"], true, "{verdict}");
        stage.ctl(&["heal"]);
        stage.ctl(&["idle"]);
        assert_eq!(program.says("drain"), "statuses 0 0", "{verdict}");
        program.ends_well();
    }
}

#[test]
fn time_is_moved_on_where_it_does_not_pass_by_itself() {
    for time in ["free", "manual"] {
        let stage = Stage::new();
        let mut program = stage.run(&[("NRT_SIM_TIME", time)]);
        let before = stage.json(&["status"])["now_ns"].as_u64().expect("a number");
        let after = stage.json(&["advance", "3ms"]).as_u64().expect("a number");
        assert_eq!(after, before + 3_000_000, "{time}");
        assert_eq!(stage.json(&["status"])["now_ns"], after, "{time}");
        assert!(stage.ctl(&["advance", "1us"]).contains("now"), "{time}");
        program.works();
        program.ends_well();
    }
    let stage = Stage::new();
    let program = stage.run(&[("NRT_SIM_TIME", "wall:0.01")]);
    let (done, said) = stage.try_ctl(&["advance", "1h"]);
    assert!(!done && said.contains("passes by itself"), "{said}");
    assert_eq!(stage.json(&["status"])["time"], "wall:0.01");
    program.ends_well();
}

#[test]
fn queues_that_are_not_there_are_refused() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    for (words, said) in [
        (&["pause", "--core", "9"][..], "core is 9"),
        (&["heal", "--queue", "1"], "queue=1"),
        (&["resume", "--unit", "tensor-op", "--queue", "2"], "queue=2"),
        (&["inject", "unit='compute'\nnth=1\nuntil='none'\nstatus=5"], "none"),
    ] {
        let (done, answer) = stage.try_ctl(words);
        assert!(!done && answer.contains(said), "{words:?}: {answer}");
    }
    assert!(stage.ctl(&["pause", "--core", "1", "--unit", "tensor-op", "--queue", "1"]).contains("core 1"));
    program.works();
    program.ends_well();
}

#[test]
fn of_several_programs_one_has_to_be_chosen() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.run(&[]), stage.run(&[]));
    let (done, said) = stage.try_ctl(&["status"]);
    assert!(!done && said.contains("2 programs"), "{said}");
    let pids = [one.pid().to_string(), other.pid().to_string()];
    assert!(pids.iter().all(|pid| said.contains(&format!("--pid {pid}"))), "{said}");
    stage.ctl(&["pause", "--pid", &pids[1]]);
    one.works();
    assert_eq!(stage.json(&["status", "--pid", &pids[0]])["pid"], one.pid());
    one.ends_well();
    assert_eq!(other.says("submit 1"), "accepted 1");
    assert!(stage.ctl(&["status"]).contains("paused"), "it is the only one now");
    other.kill();
}
