//! What the checker costs: nothing where it is off, little where it is on.
//!
//! `cargo bench -p nrt-benches --bench checks` compares the library of this build without the checker and with it: for 64
//! tensors in flight, each written by a request of its own, for 8 runs in flight, and for 64 MiB written and read. With
//! `NRT_BENCH_BASELINE=PATH` it also compares another build of the library, such as one from before a change, with this
//! one without the checker; both twice, which shows what the place in the turn is worth.
//!
//! Each is a copy of the library of its own in one process, and rounds of all take turns, so that the machine's moods
//! meet all alike. What is told are medians, and ratios to the first.

use std::ffi::{c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::Instant;

use libloading::Library;
use nrt_tests::{build, neff};

/// Tensors in flight, and runs.
const TENSORS: usize = 64;
const RUNS: usize = 8;
/// Rounds of small requests, and of large ones.
const ROUNDS: usize = 3001;
const LARGE_ROUNDS: usize = 21;
const LARGE: usize = 64 << 20;

type Handle = *mut c_void;
type Init = unsafe extern "C" fn(c_int, *const c_char, *const c_char) -> u32;
type Load = unsafe extern "C" fn(*const u8, usize, i32, i32, *mut Handle) -> u32;
type Make = unsafe extern "C" fn(*mut Handle) -> u32;
type Allocate = unsafe extern "C" fn(c_int, c_int, usize, *const c_char, *mut Handle) -> u32;
type Add = unsafe extern "C" fn(Handle, *const c_char, Handle) -> u32;
type Schedule = unsafe extern "C" fn(Handle, Handle, Handle, c_int, *mut u32, *mut u64) -> u32;
type Move = unsafe extern "C" fn(Handle, *mut u8, u64, u64, c_int, c_int, *mut u32, *mut u64) -> u32;
type Fetch = unsafe extern "C" fn(*mut u8, Handle, u64, u64, c_int, c_int, *mut u32, *mut u64) -> u32;
type Last = unsafe extern "C" fn(u32, c_int, c_int, *mut u64) -> u32;

/// Calls a C function, whose handles and texts are alive and whose places are ours while it runs.
macro_rules! call {
    ($function:expr, $($argument:expr),*) => {{
        // SAFETY: see above; the types are the prototypes of the headers.
        let status = unsafe { $function($($argument),*) };
        assert_eq!(status, 0, stringify!($function));
    }};
}

/// A library with a model and tensors that are ready to be used.
struct Client {
    name: &'static str,
    schedule: Schedule,
    write: Move,
    read: Fetch,
    last: Last,
    model: Handle,
    sets: Vec<[Handle; 2]>,
    tensors: Vec<Handle>,
    large: Handle,
    buffer: Vec<u8>,
    /// Nanoseconds for a request: writes, runs, and large writes and reads.
    rounds: [Vec<f64>; 3],
}

impl Client {
    /// Loads a copy of the library at `path` with what is to be checked.
    fn open(name: &'static str, path: &Path, folder: &Path, check: &str) -> Client {
        let copy = folder.join(format!("{check}{}.so", name.replace([' ', ','], "-")));
        std::fs::copy(path, &copy).expect("the library can be copied");
        set_variable("NRT_SIM_CHECK", check);
        // SAFETY: it is the library under test.
        let library = unsafe { Library::new(&copy) }.unwrap_or_else(|error| panic!("{name}: {error}"));
        let neff = neff::small();
        let make: Make = get(&library, "nrt_allocate_tensor_set");
        let allocate: Allocate = get(&library, "nrt_tensor_allocate");
        let add: Add = get(&library, "nrt_add_tensor_to_tensor_set");
        let mut model = ptr::null_mut();
        call!(get::<Init>(&library, "nrt_init"), 1, ptr::null(), ptr::null());
        call!(get::<Load>(&library, "nrt_load"), neff.as_ptr(), neff.len(), 0, -1, &raw mut model);
        let tensor = |size: usize, name: *const c_char| {
            let mut tensor = ptr::null_mut();
            call!(allocate, 0, 0, size, name, &raw mut tensor);
            tensor
        };
        let set = |names: &[&std::ffi::CStr]| {
            let mut set = ptr::null_mut();
            call!(make, &raw mut set);
            names.iter().for_each(|name| call!(add, set, name.as_ptr(), tensor(64, name.as_ptr())));
            set
        };
        let client = Client {
            name,
            schedule: get(&library, "nrta_execute_schedule"),
            write: get(&library, "nrta_tensor_write"),
            read: get(&library, "nrta_tensor_read"),
            last: get(&library, "nrta_get_sequence"),
            model,
            sets: (0..RUNS).map(|_| [set(&[c"x", c"y"]), set(&[c"out"])]).collect(),
            tensors: (0..TENSORS).map(|_| tensor(64, c"t".as_ptr())).collect(),
            large: tensor(LARGE, c"large".as_ptr()),
            buffer: vec![1; LARGE],
            rounds: Default::default(),
        };
        std::mem::forget(library); // its functions are used to the end
        client
    }

    /// Waits until request `seq` is seen to be complete, of a unit of kind `xu`.
    fn wait(&self, xu: c_int, seq: u64) {
        let mut done = 0;
        while done < seq {
            call!(self.last, 0, xu, 0, &raw mut done);
        }
    }

    fn writes(&mut self) {
        let (mut statuses, mut seq) = ([0; TENSORS], 0);
        let begun = Instant::now();
        for (index, status) in statuses.iter_mut().enumerate() {
            let (tensor, buffer) = (self.tensors[index], self.buffer[64 * index..].as_mut_ptr());
            call!(self.write, tensor, buffer, 0, 64, 0, 0, &raw mut *status, &raw mut seq);
        }
        self.wait(0, seq);
        self.rounds[0].push(begun.elapsed().as_nanos() as f64 / TENSORS as f64);
    }

    fn runs(&mut self) {
        let (mut statuses, mut seq) = ([0; RUNS], 0);
        let begun = Instant::now();
        for (status, [inputs, outputs]) in statuses.iter_mut().zip(&self.sets) {
            call!(self.schedule, self.model, *inputs, *outputs, 0, &raw mut *status, &raw mut seq);
        }
        self.wait(1, seq);
        self.rounds[1].push(begun.elapsed().as_nanos() as f64 / RUNS as f64);
    }

    fn large(&mut self) {
        let (mut status, mut seq, size) = (0, 0, LARGE as u64);
        let buffer = self.buffer.as_mut_ptr();
        let begun = Instant::now();
        call!(self.write, self.large, buffer, 0, size, 0, 0, &raw mut status, &raw mut seq);
        self.wait(0, seq);
        call!(self.read, buffer, self.large, 0, size, 0, 0, &raw mut status, &raw mut seq);
        self.wait(0, seq);
        self.rounds[2].push(begun.elapsed().as_nanos() as f64 / 2.0);
    }
}

fn median(rounds: &[f64]) -> f64 {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
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

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` is not the place to measure
    }
    // Copies stay mapped: those of the two comparisons must not be in each other's place.
    let [folder, before] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let library = build::library();
    set_variable("NRT_SIM_SHARE_CORES", "1");
    if let Some(path) = std::env::var_os("NRT_BENCH_BASELINE").map(PathBuf::from) {
        compare([
            Client::open("the baseline", &path, before.path(), ""),
            Client::open("off", &library, before.path(), ""),
            Client::open("the baseline, again", &path, before.path(), ""),
            Client::open("off, again", &library, before.path(), ""),
        ]);
    }
    compare([
        Client::open("off", &library, folder.path(), ""),
        Client::open("on", &library, folder.path(), "report"),
    ]);
}

/// Measures `clients` in turn, and tells how they compare with the first.
fn compare<const N: usize>(mut clients: [Client; N]) {
    for round in 0..ROUNDS {
        for client in &mut clients {
            client.writes();
            client.runs();
            if round < LARGE_ROUNDS {
                client.large();
            }
        }
    }
    let what = ["a write, 64 tensors in flight", "a run, 8 in flight", "64 MiB written or read"];
    for (index, what) in what.into_iter().enumerate() {
        println!("{what}: medians");
        let first = median(&clients[0].rounds[index]);
        for client in &clients {
            let median = median(&client.rounds[index]);
            println!(
                "  {:<20} {median:>12.1} ns {:>7.3} x {:>+12.1} ns",
                client.name,
                median / first,
                median - first
            );
        }
    }
}
