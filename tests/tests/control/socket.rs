//! What comes over the socket, from whomever: the program is none the wiser.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;

use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;

use super::steered::{PATIENCE, Stage};

/// Longer than a command may be.
const HUGE: usize = 70 << 10;

/// A user who is not us.
const NOBODY: u32 = 65_534;

/// The answer to one line.
fn ask(stream: &UnixStream, line: &str) -> String {
    let mut writer = stream;
    writeln!(writer, "{line}").expect("it reads");
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).expect("it answers");
    answer
}

/// Ends a connection as the death of a process does. A child that another test just starts may still have it, so
/// closing it is not enough.
fn hang_up(stream: &UnixStream) {
    stream.shutdown(Shutdown::Both).expect("a socket");
}

#[test]
fn there_is_no_socket_unless_it_is_asked_for() {
    let stage = Stage::new();
    for variables in [&[][..], &[("NRT_SIM_CTL", "0")]] {
        let mut program = stage.run_as_it_is(variables);
        let (done, said) = stage.try_ctl(&["status"]);
        assert!(!done && said.contains("nrt-sim run --ctl"), "{said}");
        assert!(!stage.socket_of(&program).exists());
        program.works();
        program.ends_well();
    }
    let (done, said) = stage.try_ctl(&["status", "--pid", "1"]);
    assert!(!done && said.contains("process 1 "), "{said}");
}

#[test]
fn the_socket_is_the_users_alone_and_there_from_init_to_close() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let socket = stage.socket_of(&program);
    for _ in 0..2 {
        let mode = fs::metadata(&socket).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        stage.ctl(&["status"]);
        assert_eq!(program.says("close"), "closed");
        assert!(!socket.exists() && stage.ctl_fails(&["status"]));
        assert_eq!(program.says("init"), "initialised");
    }
    program.works();
    program.ends_well();
}

#[test]
fn the_thread_handles_no_signal_and_leaves_those_of_others_alone() {
    let stage = Stage::new();
    let program = stage.run(&[]);
    stage.ctl(&["status"]); // the thread has its name by now
    let tasks = fs::read_dir(format!("/proc/{}/task", program.pid())).expect("it runs");
    let mut blocked = Vec::new();
    for task in tasks {
        let text = fs::read_to_string(task.expect("readable").path().join("status")).expect("it runs");
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).expect("a value").trim();
        let mask = u64::from_str_radix(value("SigBlk:"), 16).expect("hexadecimal");
        blocked.push((value("Name:").to_owned(), mask));
    }
    let is_ours = |(name, _): &&(String, u64)| name == "nrt-sim-ctl";
    let (_, mask) = blocked.iter().find(is_ours).expect("it runs");
    let has = |signal: i32| mask & (1 << (signal - 1)) != 0;
    let wanted = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGCHLD, libc::SIGPROF];
    assert!(wanted.into_iter().all(has), "{mask:#x}");
    assert!(![libc::SIGSEGV, libc::SIGBUS].into_iter().any(has), "{mask:#x}");
    assert!(blocked.iter().any(|(_, mask)| *mask == 0), "the main thread: {blocked:?}");
    program.ends_well();
}

#[test]
fn lines_that_are_no_commands_are_answered_and_nothing_else_happens() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let stream = stage.connect(&program);
    for line in ["", "status", "{}", "[1]", "{\"do\":\"fly\\nERROR\"}", "\u{1b}[31m", &"[".repeat(50_000)] {
        let answer = ask(&stream, line);
        assert!(answer.starts_with("{\"error\":\"not a command: "), "{line:.20}: {answer:.200}");
        let logged = program.expect_line("a line is not a command: ");
        assert!(!logged.contains('\u{1b}'), "{logged}");
    }
    assert!(ask(&stream, "{\"do\":\"status\"}").starts_with("{\"ok\":{"));
    (&stream).write_all(b"\xff\xfe\n{\"do\":\"idle\"}\n").expect("it reads");
    let mut lines = BufReader::new(&stream).lines().map(|line| line.expect("it answers"));
    assert!(lines.next().expect("more").contains("not a command"));
    assert_eq!(lines.next().expect("more"), "{\"ok\":{\"waiting\":false}}");
    program.works();
    program.ends_well();
}

#[test]
fn a_line_without_an_end_is_cut_off() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let stream = stage.connect(&program);
    // It may have hung up before it got all of this.
    let _ = (&stream).write_all(&vec![b'x'; HUGE]);
    let mut answer = Vec::new();
    let _ = (&stream).read_to_end(&mut answer); // resets the connection, since not all was read
    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.contains("longer than 65536 bytes") && answer.ends_with("}\n"), "{answer}");
    program.expect_line("longer than 65536 bytes");
    assert!(ask(&stage.connect(&program), "{\"do\":\"idle\"}").starts_with("{\"ok\""));
    program.works();
    program.ends_well();
}

#[test]
fn a_client_that_dies_within_a_command_or_before_its_answer_is_forgotten() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let stream = stage.connect(&program);
    (&stream).write_all(b"{\"do\":\"pau").expect("it reads");
    hang_up(&stream);
    program.expect_line("hung up in the midst of a command");
    assert!(ask(&stage.connect(&program), "{\"do\":\"idle\"}").starts_with("{\"ok\""));
    for _ in 0..50 {
        // The answer goes to nobody: SIGPIPE would end the program, which has not ignored it.
        let stream = stage.connect(&program);
        (&stream).write_all(b"{\"do\":\"status\"}\n").expect("it reads");
        hang_up(&stream);
    }
    let stream = stage.connect(&program);
    (&stream).write_all(b"{\"do\":\"idle\"}\n").expect("it reads");
    stream.shutdown(Shutdown::Write).expect("a socket");
    let mut answer = String::new();
    (&stream).read_to_string(&mut answer).expect("it answers who only listens, and hangs up");
    assert_eq!(answer, "{\"ok\":{\"waiting\":false}}\n");
    program.works();
    program.ends_well();
}

/// A client that sends until its connection takes no more, and never reads.
fn deaf(stage: &Stage, program: &super::steered::Steered) -> UnixStream {
    let stream = stage.connect(program);
    stream.set_nonblocking(true).expect("a socket");
    let lines = "{\"do\":\"status\"}\n".repeat(1000);
    loop {
        match (&stream).write(lines.as_bytes()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return stream,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_client_that_never_reads_keeps_nobody_waiting() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let deaf = deaf(&stage, &program);
    program.works();
    assert!(ask(&stage.connect(&program), "{\"do\":\"idle\"}").starts_with("{\"ok\""));
    hang_up(&deaf);
    assert!(ask(&stage.connect(&program), "{\"do\":\"idle\"}").starts_with("{\"ok\""));
    program.works();
    program.ends_well();
}

#[test]
fn more_clients_than_are_served_are_told_so() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let clients: Vec<UnixStream> = (0..8).map(|_| stage.connect(&program)).collect();
    for client in &clients {
        assert!(ask(client, "{\"do\":\"idle\"}").starts_with("{\"ok\""));
    }
    let mut answer = String::new();
    let ninth = stage.connect(&program);
    (&ninth).read_to_string(&mut answer).expect("it answers and hangs up");
    assert_eq!(answer, "{\"error\":\"8 clients are connected already\"}\n");
    let (done, said) = stage.try_ctl(&["status"]);
    assert!(!done && said.contains("8 clients"), "{said}");
    hang_up(&clients[3]);
    assert!(
        ask(&stage.connect(&program), "{\"do\":\"idle\"}").starts_with("{\"ok\""),
        "a place is free again"
    );
    program.works();
    program.ends_well();
}

#[test]
fn a_process_of_another_user_is_refused() {
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: only root can be another user");
        return;
    }
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let socket = stage.open_to_all(&program);
    // Of one thread alone, with the system's call.
    let stranger = thread::spawn(move || {
        let nobody = Uid::from_raw(NOBODY);
        set_thread_res_uid(nobody, nobody, nobody).expect("we are root");
        let stream = UnixStream::connect(socket).expect("it is open to all");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).expect("it answers and hangs up");
        answer
    });
    let answer = stranger.join().expect("it was not refused");
    assert_eq!(answer, "{\"error\":\"this program belongs to another user\"}\n");
    program.expect_line("a process of user 65534 was refused");
    stage.ctl(&["status"]);
    program.works();
    program.ends_well();
}

#[test]
fn nothing_keeps_the_runtime_from_closing() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    let _deaf = deaf(&stage, &program);
    let silent = stage.connect(&program);
    (&silent).write_all(b"{\"do\":").expect("it reads");
    stage.ctl(&["pause"]);
    assert_eq!(program.says("submit 3"), "accepted 3");
    assert_eq!(program.says("close"), "closed");
    let mut rest = Vec::new();
    assert_eq!((&silent).read_to_end(&mut rest).expect("it has hung up"), 0);
    program.ends_well();
}

#[test]
fn the_socket_of_a_process_that_is_gone_is_removed() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    program.kill();
    let socket = stage.socket_of(&program);
    assert!(socket.exists(), "nobody could remove it");
    let mut other = stage.run(&[]);
    assert_eq!(stage.json(&["status"])["pid"], other.pid());
    assert!(!socket.exists());
    other.works();
    other.ends_well();
    assert!(stage.ctl_fails(&["status"]), "it ended without nrt_close");
}

#[test]
fn a_forked_child_neither_serves_the_socket_nor_keeps_it() {
    let stage = Stage::new();
    let mut program = stage.run(&[]);
    assert!(program.says("fork").starts_with("child "));
    assert_eq!(stage.json(&["status"])["pid"], program.pid());
    program.works();
    program.kill();
    let (done, said) = stage.try_ctl(&["status"]);
    assert!(!done && said.contains("no program"), "{said}");
    assert!(!stage.socket_of(&program).exists());
}

#[test]
fn a_program_that_is_run_with_control_can_be_controlled() {
    let stage = Stage::new();
    let mut run = stage.run_command(&["--ctl", "--quiet"]);
    let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("just built");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let ready = lines.next().expect("a line").expect("text");
    let pid: u32 = ready.trim_start_matches("> ready ").parse().expect("a number");
    assert_eq!(stage.json(&["status", "--pid", &pid.to_string()])["pid"], pid);
    drop(child.stdin.take());
    assert!(child.wait().expect("ours").success());
}
