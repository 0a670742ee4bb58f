//! Processes that want the same cores.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};

use nrt_tests::child;
use nrt_tests::nrt::Nrt;
use tempfile::TempDir;

/// Another process that has initialised the runtime, or tried to.
struct Process {
    child: Child,
    orders: ChildStdin,
    answers: Box<dyn Iterator<Item = String>>,
    folder: TempDir,
}

impl Process {
    /// A process that has called `nrt_init`, and the status of that.
    fn start(machine: &TempDir, environment: &[(&str, &str)]) -> (Process, u32) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = child::command("claims::a_process_that_takes_orders", &folder);
        command.env("XDG_RUNTIME_DIR", machine.path()).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::piped()).spawn().expect("this program can be run again");
        let orders = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let answers = lines.map(|line| line.expect("text"));
        let answers = answers.filter_map(|line| line.split_once("answer: ").map(|(_, rest)| rest.to_owned()));
        let mut process = Process { child, orders, answers: Box::new(answers), folder };
        let status = process.answer();
        (process, status)
    }

    #[track_caller]
    fn answer(&mut self) -> u32 {
        let log = || fs::read_to_string(self.folder.path().join("stderr"));
        let answer = self.answers.next();
        answer.unwrap_or_else(|| panic!("the process has died: {:?}", log())).parse().expect("a number")
    }

    /// Gives an order and waits until it was followed.
    #[track_caller]
    fn order(&mut self, order: &str) -> u32 {
        writeln!(self.orders, "{order}").expect("the process reads");
        self.answer()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).expect("there from the start")
    }

    /// Ends it without a word (SIGKILL).
    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started here");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The other process: does nothing when it is run as a test.
#[test]
fn a_process_that_takes_orders() {
    if child::folder().is_none() {
        return;
    }
    let nrt = Nrt::open();
    let mut out = std::io::stdout();
    let mut answer = |number| writeln!(out, "answer: {number}").expect("somebody reads");
    let init = || (nrt.init)(0, std::ptr::null(), std::ptr::null());
    answer(init());
    for order in std::io::stdin().lines() {
        match order.expect("text").as_str() {
            "init" => answer(init()),
            "close" => {
                (nrt.close)();
                answer(0);
            }
            "device" => answer(Nrt::get(|id: *mut i32| (nrt.device_id)(0, id)).cast_unsigned()),
            other => panic!("no such order: {other}"),
        }
    }
}

#[track_caller]
fn assert_refused_for(refused: &Process, owner: &Process) {
    let log = refused.log();
    let line = log.lines().next_back().expect("a refusal is logged");
    assert!(line.contains("Core(s) not available - Requested:"), "{line}");
    assert!(line.contains(&format!("process {} ", owner.child.id())), "{line}");
}

fn machine() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_second_process_does_not_get_the_same_cores() {
    let machine = machine();
    let (mut first, status) = Process::start(&machine, &[]);
    assert_eq!(status, 0);
    for visible in ["", "0", "1", "0-1"] {
        let (second, status) = Process::start(&machine, &[("NEURON_RT_VISIBLE_CORES", visible)]);
        assert_eq!(status, 1, "{visible}");
        assert_refused_for(&second, &first);
    }
    let (mut second, status) = Process::start(&machine, &[("NEURON_RT_NUM_CORES", "1")]);
    assert_eq!(status, 1);
    assert_eq!(first.order("close"), 0);
    assert_eq!(second.order("init"), 0, "cores are free after a close");
    assert_eq!(first.order("init"), 1, "and taken by the other now");
    assert_refused_for(&first, &second);
}

#[test]
fn disjoint_cores_go_to_different_processes() {
    let machine = machine();
    let (_first, status) = Process::start(&machine, &[("NEURON_RT_VISIBLE_CORES", "0")]);
    assert_eq!(status, 0);
    let (_second, status) = Process::start(&machine, &[("NEURON_RT_VISIBLE_CORES", "1")]);
    assert_eq!(status, 0);
    // A machine of another kind is another machine.
    let (_third, status) = Process::start(&machine, &[("NRT_SIM_INSTANCE", "trn2")]);
    assert_eq!(status, 0);
}

#[test]
fn a_number_of_cores_is_found_among_the_free_ones() {
    let machine = machine();
    let one = [("NEURON_RT_NUM_CORES", "1")];
    let (mut first, status) = Process::start(&machine, &one);
    assert_eq!(status, 0);
    let (_second, status) = Process::start(&machine, &one);
    assert_eq!(status, 0);
    let (mut third, status) = Process::start(&machine, &one);
    assert_eq!(status, 1);
    assert_refused_for(&third, &first);
    first.kill();
    assert_eq!(third.order("init"), 0, "cores of a process that was killed are free");
}

#[test]
fn a_number_of_cores_begins_where_there_is_room() {
    let machine = machine();
    let with = |name, value| [("NRT_SIM_INSTANCE", "trn1.32xlarge"), (name, value)];
    let (_first, status) = Process::start(&machine, &with("NEURON_RT_VISIBLE_CORES", "2-3"));
    assert_eq!(status, 0);
    let (mut second, status) = Process::start(&machine, &with("NEURON_RT_NUM_CORES", "4"));
    assert_eq!((status, second.order("device")), (0, 2), "the first four free ones in a row");
    let (mut third, status) = Process::start(&machine, &with("NEURON_RT_NUM_CORES", "2"));
    assert_eq!((status, third.order("device")), (0, 0));
    let (_fourth, status) = Process::start(&machine, &with("NEURON_RT_NUM_CORES", "25"));
    assert_eq!(status, 1, "24 are left");
}

#[test]
fn cores_are_shared_if_asked_for() {
    let machine = machine();
    let shared = [("NRT_SIM_SHARE_CORES", "1")];
    let (first, status) = Process::start(&machine, &[]);
    assert_eq!(status, 0);
    for _ in 0..2 {
        let (_, status) = Process::start(&machine, &shared);
        assert_eq!(status, 0);
    }
    let (fourth, status) = Process::start(&machine, &[]);
    assert_eq!(status, 1, "who does not share is still refused");
    assert_refused_for(&fourth, &first);
}
