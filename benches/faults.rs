//! What fault plans cost a request, from submit to seen complete: nothing without a plan, little with one.
//!
//! `cargo bench -p nrt-benches --bench faults` compares the library of this build without a plan, with a hundred rules
//! that are for other queues, and with a hundred that are asked at each request and never match. With
//! `NRT_BENCH_BASELINE=PATH` another build of the library runs in between, such as one from before a change.
//!
//! Each is a copy of the library of its own in one process, and rounds of all take turns, so that the machine's moods
//! meet all alike. What is told are medians, and ratios to the first.

use std::ffi::{c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::Instant;

use libloading::Library;
use nrt_tests::{build, neff};

/// Requests of one round, and rounds of each library.
const REQUESTS: u32 = 2_000;
const ROUNDS: usize = 301;
/// Rules of the plans.
const RULES: usize = 100;

type Handle = *mut c_void;
type Schedule = unsafe extern "C" fn(Handle, Handle, Handle, c_int, *mut u32, *mut u64) -> u32;
type Completed = unsafe extern "C" fn(u64, *mut bool) -> u32;

type Init = unsafe extern "C" fn(c_int, *const c_char, *const c_char) -> u32;
type Load = unsafe extern "C" fn(*const u8, usize, i32, i32, *mut Handle) -> u32;
type Make = unsafe extern "C" fn(*mut Handle) -> u32;
type Allocate = unsafe extern "C" fn(c_int, c_int, usize, *const c_char, *mut Handle) -> u32;
type Add = unsafe extern "C" fn(Handle, *const c_char, Handle) -> u32;

/// Calls a C function, whose handles and texts are alive and whose places are ours while it runs.
macro_rules! call {
    ($function:ident($($argument:expr),*)) => {{
        // SAFETY: see above; the types are the prototypes of the headers.
        let status = unsafe { $function($($argument),*) };
        assert_eq!(status, 0, stringify!($function));
    }};
}

/// A library with a model that is ready to run.
struct Client {
    name: &'static str,
    schedule: Schedule,
    is_completed: Completed,
    model: Handle,
    sets: [Handle; 2],
    /// Nanoseconds for a request, one value a round.
    rounds: Vec<f64>,
}

impl Client {
    /// Loads a copy of the library at `path`, under `plan`.
    fn open(name: &'static str, path: &Path, folder: &Path, plan: Option<&str>) -> Client {
        let copy = folder.join(format!("{}.so", name.replace(' ', "-")));
        std::fs::copy(path, &copy).expect("the library can be copied");
        set_variable("NRT_SIM_FAULTS", plan.unwrap_or_default());
        // SAFETY: it is the library under test.
        let library = unsafe { Library::new(&copy) }.unwrap_or_else(|error| panic!("{name}: {error}"));
        let neff = neff::small();
        let init: Init = get(&library, "nrt_init");
        let load: Load = get(&library, "nrt_load");
        let make_set: Make = get(&library, "nrt_allocate_tensor_set");
        let allocate: Allocate = get(&library, "nrt_tensor_allocate");
        let add: Add = get(&library, "nrt_add_tensor_to_tensor_set");
        let (mut model, mut sets) = (ptr::null_mut(), [ptr::null_mut(); 2]);
        call!(init(1, ptr::null(), ptr::null()));
        call!(load(neff.as_ptr(), neff.len(), 0, -1, &raw mut model));
        for (set, tensors) in sets.iter_mut().zip([&[c"x", c"y"][..], &[c"out"]]) {
            call!(make_set(&raw mut *set));
            for name in tensors {
                let mut tensor = ptr::null_mut();
                call!(allocate(0, 0, 64, name.as_ptr(), &raw mut tensor));
                call!(add(*set, name.as_ptr(), tensor));
            }
        }
        let (schedule, is_completed) =
            (get(&library, "nrta_execute_schedule"), get(&library, "nrta_is_completed"));
        std::mem::forget(library); // its functions are used to the end
        Client { name, schedule, is_completed, model, sets, rounds: Vec::new() }
    }

    fn round(&mut self) {
        let (mut status, mut seq) = (0, 0);
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            let [inputs, outputs] = self.sets;
            // SAFETY: the handles are alive, and the places outlive the request.
            let accepted =
                unsafe { (self.schedule)(self.model, inputs, outputs, 0, &raw mut status, &raw mut seq) };
            assert_eq!(accepted, 0, "{}", self.name);
            let mut done = false;
            while !done {
                // SAFETY: the place is ours.
                unsafe { (self.is_completed)(seq, &raw mut done) };
            }
        }
        self.rounds.push(begun.elapsed().as_nanos() as f64 / f64::from(REQUESTS));
    }

    fn median(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    }
}

/// The function `name` of `library`, of the type of the place it is for, which is the prototype of a header.
fn get<T: Copy>(library: &Library, name: &str) -> T {
    // SAFETY: see above.
    *unsafe { library.get::<T>(name) }.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn set_variable(name: &str, value: &str) {
    // SAFETY: this program has no other thread that reads the environment.
    unsafe { std::env::set_var(name, value) };
}

fn plan(rule: impl Fn(usize) -> String) -> String {
    (0..RULES)
        .map(|number| format!("[[rule]]\nname = 'r{number}'\nstatus = 1202\n{}\n", rule(number)))
        .collect()
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` is not the place to measure
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = build::library();
    set_variable("NRT_SIM_SHARE_CORES", "1");
    let elsewhere = plan(|number| format!("core = 1\nunit = 'compute'\nnth = {}", number + 1));
    let asked = plan(|number| format!("core = 0\nunit = 'compute'\nmodel = 'no such model {number}'"));
    let mut clients = vec![Client::open("no plan", &library, folder.path(), None)];
    if let Some(path) = std::env::var_os("NRT_BENCH_BASELINE").map(PathBuf::from) {
        clients.push(Client::open("the baseline", &path, folder.path(), None));
    }
    clients.push(Client::open("no plan again", &library, folder.path(), None));
    clients.push(Client::open("100 rules for other queues", &library, folder.path(), Some(&elsewhere)));
    clients.push(Client::open("100 rules asked", &library, folder.path(), Some(&asked)));
    for _ in 0..ROUNDS {
        clients.iter_mut().for_each(Client::round);
    }
    let first = clients[0].median();
    println!("submit to seen complete, {ROUNDS} rounds of {REQUESTS} requests each, medians");
    for client in &clients {
        let median = client.median();
        println!(
            "{:<28} {median:>8.1} ns {:>7.3} × {:>+8.1} ns",
            client.name,
            median / first,
            median - first
        );
    }
}
