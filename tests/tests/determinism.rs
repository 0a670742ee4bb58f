//! Two processes, one seed: what the device does is the same. What the host's clock says is not.

use std::collections::BTreeMap;

use nrt_tests::neff;
use nrt_tests::program::{Program, Way, text};

/// What `tests/c/determinism/replay.c` prints in `mode` under `seed`, in a process of its own.
fn replay(program: &Program, mode: &str, seed: &str, plan: &str) -> String {
    let mut command = program.command();
    command.args([&neff::write_small(program.folder()), mode]);
    command.envs([("NRT_SIM_SEED", seed), ("NRT_SIM_FAULTS", plan)]);
    let output = command.output().expect("just compiled");
    // What faults there were is on stderr.
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_good = output.status.success() && said.ends_with("ok\n");
    assert!(is_good, "{command:?}: {}\n{}", output.status, text(&output));
    said
}

fn program() -> Program {
    Program::compile("tests/c/determinism/replay.c", Way::Found)
}

/// `json` without the numbers of `key`.
fn without(json: &str, key: &str) -> String {
    let key = format!("\"{key}\":");
    let mut parts = json.split(&key);
    let first = parts.next().expect("a split has a first part").to_owned();
    parts.fold(first, |text, part| text + &key + part.trim_start_matches(|char: char| char.is_ascii_digit()))
}

/// The first lines or events in which two texts differ, for who has to find out why.
fn difference(a: &str, b: &str) -> String {
    let lines = |text: &str| text.replace("},{", "},\n{").lines().map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (lines(a), lines(b));
    let different = a.iter().zip(&b).find(|(a, b)| a != b);
    format!("{} and {} lines, first difference: {different:#?}", a.len(), b.len())
}

#[track_caller]
fn assert_same(a: &str, b: &str) {
    assert!(a == b, "{}", difference(a, b));
}

#[test]
fn a_seed_gives_the_same_statuses_outputs_and_device_times_in_every_process() {
    let program = program();
    let run = || without(&replay(&program, "traced", "5", ""), "timestamp_ns");
    let first = run();
    assert_eq!(
        first.matches("\"nc_timestamp_ns\":").count(),
        2 * 2 * 36,
        "start and stop of each run\n{first}"
    );
    for _ in 0..4 {
        assert_same(&first, &run());
    }
}

#[test]
fn another_seed_gives_other_device_times_and_the_same_outputs() {
    let program = program();
    let run = |seed| without(&replay(&program, "traced", seed, ""), "timestamp_ns");
    let (five, six) = (run("5"), run("6"));
    assert_ne!(five, six, "seeds 5 and 6 give the same device times");
    assert_same(&without(&five, "nc_timestamp_ns"), &without(&six, "nc_timestamp_ns"));
}

#[test]
fn with_all_queues_at_work_statuses_and_outputs_depend_on_the_program_and_the_plan_alone() {
    let program = program();
    let plan = "rule=[{unit=\"compute\",nth=5,status=1003},{unit=\"tensor-op\",core=1,nth=7,status=1004}]";
    let run = |seed| replay(&program, "mixed", seed, plan);
    let first = run("5");
    for struck in
        ["run 0x1000000000005: 1003,", "run 0x101000000000005: 1003,", "write 0x110000000000007: 1004"]
    {
        assert!(first.contains(struck), "not: {struck}\n{first}");
    }
    for seed in ["5", "5", "5", "6"] {
        assert_same(&first, &run(seed));
    }
}

/// Rules by chance, by count and by number, for all kinds of requests; none that depends on when the program submits.
const CHANCES: &str = "\
[[rule]]\nname = 'soft'\nunit = 'compute'\nprobability = 0.2\nstatus = 1004\n\
[[rule]]\nname = 'late'\nprobability = 0.3\nlate = { min = '1us', max = '2ms' }\n\
[[rule]]\nname = 'bits'\nplace = 'tensor-read'\nevery = 5\nflip = 3\n\
[[rule]]\nname = 'torn'\nplace = 'tensor-write'\nprobability = 0.25\ntorn = true\ntimes = 4\n";

/// The journal of a run with [`CHANCES`], for each queue by itself, without what a program has seen of time.
fn journal(program: &Program, mode: &str, seed: &str) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("journal");
    let mut command = program.command();
    command.args([&neff::write_small(program.folder()), mode]);
    command.envs([("NRT_SIM_SEED", seed), ("NRT_SIM_FAULTS", CHANCES)]).env("NRT_SIM_JOURNAL", &file);
    let output = command.output().expect("just compiled");
    assert!(output.status.success(), "{}", text(&output));
    let mut queues: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(&file).expect("made at init").lines() {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let queue = ["core", "unit", "queue", "operation"].map(|key| entry[key].to_string()).join(" ");
        let fields = entry.as_object_mut().expect("an object");
        fields.retain(|key, _| !["at_ns", "pid"].contains(&key.as_str()));
        queues.entry(queue).or_default().push(entry.to_string());
    }
    queues
}

#[test]
fn a_seed_and_a_plan_give_the_same_journal_in_every_process() {
    let program = program();
    let first = journal(&program, "mixed", "5");
    let entries: usize = first.values().map(Vec::len).sum();
    assert!(first.len() >= 6 && entries > 30, "{first:#?}");
    for _ in 0..3 {
        assert!(first == journal(&program, "mixed", "5"), "{first:#?}");
    }
    // The same requests one queue at a time, and then more.
    let one_at_a_time = journal(&program, "traced", "5");
    for (queue, entries) in first.iter().filter(|(queue, _)| !queue.contains("null")) {
        assert!(one_at_a_time[queue].starts_with(entries), "{queue}: {entries:#?}");
    }
    assert!(first != journal(&program, "mixed", "6"), "another seed");
}
