//! Every status that an execution can end with, injected on each kind of unit, through both generations of the
//! interface and by calls that block: what the request reports, whether its outputs are written, how the unit is
//! afterwards, and what those get that were queued behind.

use std::ffi::c_int;
use std::os::fd::{AsRawFd, OwnedFd};

use nrt_tests::child::in_child;
use nrt_tests::collective::Collective;
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt};
use rustix::event::{EventfdFlags, eventfd};

/// What an injected status means: section E of the specification, line by line.
struct Line {
    /// The status of the plan.
    injected: u32,
    /// What the request reports.
    reported: u32,
    /// Whether the outputs are there.
    writes: bool,
    /// Whether the unit is dead then.
    kills: bool,
}

const fn line(injected: u32, reported: u32, writes: bool, kills: bool) -> Line {
    Line { injected, reported, writes, kills }
}

#[rustfmt::skip]
const TABLE: [Line; 19] = [
    //   injected reported writes kills
    line(1,       1,       false, false), // an error of the driver without a number of its own
    line(2,       2,       false, false), // EINVAL of the driver
    line(4,       4,       false, false), // ENOMEM of the driver
    line(5,       5,       false, true),  // no completion within the time limit
    line(6,       6,       false, true),  // read as fatal, see docs/assumptions.md
    line(101,     101,     false, true),
    line(1002,    1002,    false, false), // bad input
    line(1003,    1003,    true,  false), // numerical errors in a run that completed
    line(1004,    1004,    true,  false), // other errors in a run that completed
    line(1005,    1005,    false, false), // EBUSY of the driver
    line(1006,    1006,    false, true),  // out of bounds
    line(1100,    0,       true,  false), // the runtime tries again by itself
    line(1200,    1200,    false, true),  // collectives
    line(1201,    1201,    false, true),  // HBM
    line(1202,    1202,    false, true),  // on-chip memory
    line(1203,    1203,    false, true),  // DMA
    line(1204,    1204,    false, true),  // notification queue
    line(1205,    1205,    false, true),  // HBM, repairable
    line(1206,    1206,    false, true),  // network proxy
];

/// A line for each core.
fn lines() -> impl Iterator<Item = (c_int, &'static Line)> {
    (0..).zip(&TABLE)
}

/// On core `n` the second request of each queue ends as line `n` says.
fn plan() -> String {
    let rule = |(core, line): (c_int, &Line)| {
        format!("[[rule]]\nname = 'core {core}'\ncore = {core}\nsequence = 2\nstatus = {}\n", line.injected)
    };
    lines().map(rule).collect()
}

/// Requests of each queue: one before the fault, the one it strikes, two behind.
const REQUESTS: usize = 4;
const STRUCK: usize = 1;
/// What status words hold that nobody has written.
const UNTOUCHED: u32 = 0xdead_beef;
/// What outputs hold that nobody has written, and what inputs hold.
const OLD: u8 = 0x11;
const NEW: u8 = 0x77;
const LEN: usize = 64;

/// What a machine with a core for each line needs; time stands still until somebody looks.
fn environment(plan: &str) -> [(&str, &str); 5] {
    [
        ("NRT_SIM_INSTANCE", "trn2.48xlarge"),
        ("NEURON_LOGICAL_NC_CONFIG", "1"),
        ("NRT_SIM_TIME", "manual"),
        ("NRT_SIM_FAULTS", plan),
        ("NRT_SIM_DEFAULT_KERNEL", "echo"),
    ]
}

/// The objects of one core.
struct Core {
    nrt: &'static Nrt,
    core: c_int,
    model: Handle,
    source: Handle,
    target: Handle,
    inputs: Handle,
    outputs: Handle,
    buffer: Box<[u8; LEN]>,
}

impl Core {
    fn new(nrt: &'static Nrt, core: c_int) -> Core {
        let (source, target) = (nrt.tensor(core, LEN), nrt.tensor(core, LEN));
        let inputs = nrt.set(&[(c"x", source), (c"y", source)]);
        let outputs = nrt.set(&[(c"out", target)]);
        let model = nrt.model(&neff::small(), core);
        let core = Core { nrt, core, model, source, target, inputs, outputs, buffer: Box::new([OLD; LEN]) };
        assert_eq!((nrt.tensor_memset)(source, 0, NEW.into(), LEN), 0);
        core.forget();
        core
    }

    /// The outputs are as if nothing had been written. Past the runtime, for which that would take time.
    fn forget(&self) {
        nrt_tests::nrt::fill((self.nrt.tensor_va)(self.target), OLD, LEN);
    }

    /// A collective operation from the source to the target.
    fn context(&self) -> Handle {
        let core = u32::try_from(self.core).expect("not negative");
        Collective::alone(core, self.source, self.target).context(self.nrt)
    }

    fn is_written(&self) -> bool {
        nrt_tests::nrt::words((self.nrt.tensor_va)(self.target), 1)[0].to_le_bytes()[0] != OLD
    }
}

/// A queue, as programs of SDK 2.29 and later use it.
#[derive(Debug, Clone, Copy)]
struct Queue {
    /// The number of the kind in `nrta_xu_t`.
    xu: c_int,
    queue: c_int,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Read,
    Write,
    Copy,
    Run,
    Collective,
}

const QUEUES: [Queue; 4] = [
    Queue { xu: 0, queue: 0, what: What::Copy },
    Queue { xu: 0, queue: 1, what: What::Write },
    Queue { xu: 1, queue: 0, what: What::Run },
    Queue { xu: 2, queue: 1, what: What::Collective },
];

impl Queue {
    /// Submits one request of this kind.
    fn submit(self, on: &mut Core, status: *mut u32, seq: *mut u64) -> u32 {
        let (nrt, core, queue, len) = (on.nrt, on.core, self.queue, LEN as u64);
        match self.what {
            What::Read => (nrt.read)(on.buffer.as_mut_ptr(), on.source, 0, len, core, queue, status, seq),
            What::Write => {
                on.buffer.fill(NEW);
                (nrt.write)(on.target, on.buffer.as_ptr(), 0, len, core, queue, status, seq)
            }
            What::Copy => (nrt.copy)(on.source, 0, on.target, 0, len, core, queue, status, seq),
            What::Run => (nrt.schedule)(on.model, on.inputs, on.outputs, queue, status, seq),
            What::Collective => (nrt.cc_schedule)(&mut on.context(), queue, status, seq),
        }
    }

    fn completed(self, on: &Core) -> u64 {
        let core = u32::try_from(on.core).expect("not negative");
        Nrt::get(|seq| (on.nrt.get_sequence)(core, self.xu, self.queue, seq)) & ((1 << 48) - 1)
    }
}

/// What has been counted since the last look; 0 if nothing.
fn count(fd: &OwnedFd) -> u64 {
    let mut count = [0; 8];
    rustix::io::read(fd, &mut count).map_or(0, |_| u64::from_ne_bytes(count))
}

fn event() -> OwnedFd {
    eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).expect("descriptors are there")
}

/// What the requests of a queue are to end with.
fn expected(line: &Line) -> [u32; REQUESTS] {
    let behind = if line.kills { 101 } else { 0 };
    [0, line.reported, behind, behind]
}

fn check_queue(on: &mut Core, line: &Line, queue: Queue) {
    let what = format!("status {} on {queue:?}", line.injected);
    let (each, one) = (event(), event());
    let nrt = on.nrt;
    assert_eq!((nrt.register_xu)(on.core, queue.xu, queue.queue, each.as_raw_fd()), 0);
    let (mut statuses, mut seqs) = ([UNTOUCHED; REQUESTS], [0; REQUESTS]);
    on.forget();
    for request in 0..REQUESTS {
        let accepted = queue.submit(on, &raw mut statuses[request], &raw mut seqs[request]);
        assert_eq!(accepted, 0, "{what}: request {request} is queued before anything is known");
    }
    assert_eq!((nrt.register_seq)(seqs[STRUCK], one.as_raw_fd()), 0);
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{what}: numbers rise by one");
    assert_eq!((statuses, count(&each)), ([UNTOUCHED; REQUESTS], 0), "{what}: nothing is written early");

    // Each look lets time go on to the next event: data, status, number and event come together, in order.
    let expected = expected(line);
    let mut told = 0;
    for completed in 1..=REQUESTS {
        if completed == STRUCK + 1 {
            on.forget();
        }
        let mut seen = queue.completed(on);
        while seen < completed as u64 {
            seen = queue.completed(on);
        }
        let (done, open) = statuses.split_at(completed);
        assert_eq!((seen, done), (completed as u64, &expected[..completed]), "{what}");
        assert!(open.iter().all(|status| *status == UNTOUCHED), "{what}: {open:?} are not done");
        told += count(&each);
        assert_eq!(told, completed as u64, "{what}: an event for each, errors too");
        assert_eq!(count(&one), u64::from(completed == STRUCK + 1), "{what}: the event of the one struck");
        if completed == STRUCK + 1 && queue.what != What::Read {
            assert_eq!(on.is_written(), line.writes, "{what}: outputs");
        }
    }
    let (mut status, mut seq) = (UNTOUCHED, 0);
    let again = queue.submit(on, &raw mut status, &raw mut seq);
    assert_eq!(again, if line.kills { 101 } else { 0 }, "{what}: a later request");
    if line.kills {
        assert_eq!((status, seq), (UNTOUCHED, 0), "{what}: a refused request writes nothing");
    } else {
        while queue.completed(on) < REQUESTS as u64 + 1 {}
        assert_eq!(status, 0, "{what}: a later request");
    }
    assert_eq!((nrt.register_xu)(on.core, queue.xu, queue.queue, -1), 0);
}

#[test]
fn asynchronous_requests_of_the_current_interface() {
    let plan = plan();
    in_child(&environment(&plan), || {
        let nrt = Nrt::start();
        for (core, line) in lines() {
            let mut on = Core::new(nrt, core);
            for queue in QUEUES {
                check_queue(&mut on, line, queue); // one dead queue does not touch the next
            }
        }
    });
}

#[test]
fn runs_that_block() {
    let plan = plan();
    in_child(&environment(&plan), || {
        let nrt = Nrt::start();
        for (core, line) in lines() {
            let on = Core::new(nrt, core);
            let expected = expected(line);
            for (request, status) in expected.into_iter().enumerate() {
                on.forget();
                let answered = (nrt.execute)(on.model, on.inputs, on.outputs);
                assert_eq!(answered, status, "status {}, run {request}", line.injected);
                let writes = status == 0 || request == STRUCK && line.writes;
                assert_eq!(on.is_written(), writes, "status {}, run {request}: outputs", line.injected);
            }
            assert_eq!((nrt.unload)(on.model), 0, "a model outlives the unit");
        }
    });
}

/// The units of SDK 2.28 that are not those of later releases: reads and writes have their own.
const OLD_QUEUES: [(c_int, What); 5] =
    [(0, What::Read), (1, What::Write), (2, What::Copy), (3, What::Run), (4, What::Collective)];

fn old_submit(on: &mut Core, what: What, tracker: Handle, seq: *mut u64) -> u32 {
    let (nrt, len) = (on.nrt, LEN as u64);
    match what {
        What::Read => (nrt.old_read)(on.buffer.as_mut_ptr(), on.source, 0, len, 0, tracker, seq),
        What::Write => (nrt.old_write)(on.target, on.buffer.as_ptr(), 0, len, 0, tracker, seq),
        What::Copy => (nrt.old_copy)(on.source, 0, on.target, 0, len, 0, tracker, seq),
        What::Run => (nrt.old_schedule)(on.model, on.inputs, on.outputs, 0, tracker, seq),
        What::Collective => (nrt.old_cc_schedule)(&mut on.context(), 0, tracker, seq),
    }
}

#[test]
fn asynchronous_requests_of_the_first_interface() {
    let plan = plan();
    in_child(&environment(&plan), || {
        let nrt = Nrt::start();
        for (core, line) in lines() {
            let mut on = Core::new(nrt, core);
            let core = u32::try_from(core).expect("not negative");
            for (xu, what) in OLD_QUEUES {
                let title = format!("status {} on {what:?} of 2.28", line.injected);
                let tracker = Nrt::get(|tracker| (nrt.tracker_create)(core, tracker));
                let mut seqs = [0; REQUESTS];
                for seq in &mut seqs {
                    assert_eq!(old_submit(&mut on, what, tracker, seq), 0, "{title}");
                }
                let handle = Nrt::get(|fd| (nrt.completion_handle)(seqs[STRUCK], fd));
                let last = seqs[REQUESTS - 1];
                while !Nrt::get(|done| (nrt.old_is_completed)(last, done)) {}
                assert_eq!(Nrt::get(|seq| (nrt.old_get_sequence)(core, xu, 0, seq)), last, "{title}");
                let wanted: Vec<(u64, u64)> =
                    seqs.into_iter().zip(expected(line)).map(|(seq, code)| (seq, code.into())).collect();
                let wanted: Vec<(u64, u64)> = wanted.into_iter().filter(|(_, code)| *code != 0).collect();
                assert_eq!(nrt.errors(tracker), wanted, "{title}");
                assert_eq!(nrt.errors(tracker), [], "{title}: reading clears");
                assert!(nrt_tests::nrt::is_readable(handle), "{title}: the handle of the one struck");
                nrt_tests::nrt::close_number(handle);
                let again = old_submit(&mut on, what, tracker, &raw mut seqs[0]);
                assert_eq!(again, if line.kills { 101 } else { 0 }, "{title}: a later request");
                while again == 0 && !Nrt::get(|done| (nrt.old_is_completed)(seqs[0], done)) {}
                (nrt.tracker_destroy)(tracker);
            }
        }
    });
}
