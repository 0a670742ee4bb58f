//! Writes, runs and reads that overlap, in simulated time, as the best practices for the asynchronous
//! functions promise: a program that submits work as soon as its data is there pays for the slowest stage.

use std::collections::VecDeque;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nrt_tests::child::in_child;
use nrt_tests::nrt::{Handle, Nrt};
use serde_json::Value;
use sim_core::neff::{Dtype, Neff, NeffBuilder, Policy, Stats, Target, TensorSpec, Usage};
use sim_core::profile::Profile;
use sim_core::rates::Workload;

/// A machine whose durations are easy to reckon with: 1 GB/s to the host, no jitter.
const PROFILE: &str = r#"
name = "pipeline.1xlarge"
family = 15
size = 9
arch = "v2"
devices = 1
cores_per_device = 2
default_lnc = 1
banks_per_device = 2
bank_gib = 1
model_code_mib = 96

[time]
launch_ns = 10000
dma_ns = 2000
fp32_gflops = 2000
fp16_gflops = 2000
fp8_gflops = 2000
int8_gops = 2000
hbm_gb_per_s = 200
dma_gb_per_s = 200
host_gb_per_s = 1
jitter_permille = 0
"#;

/// How much each stage has to do.
#[derive(Clone, Copy)]
struct Shape {
    input: usize,
    output: usize,
    macs: u64,
}

/// Each stage is the slowest once. All tensors are small, so that whoever looks does the work itself.
const SHAPES: [Shape; 3] = [
    Shape { input: 24 << 10, output: 16 << 10, macs: 40_000_000 },
    Shape { input: 40 << 10, output: 8 << 10, macs: 5_000_000 },
    Shape { input: 8 << 10, output: 40 << 10, macs: 9_000_000 },
];

/// The same with tensors so large that workers move and compute them.
const HEAVY: [Shape; 2] = [
    Shape { input: 300 << 10, output: 200 << 10, macs: 400_000_000 },
    Shape { input: 100 << 10, output: 250 << 10, macs: 100_000_000 },
];

/// The stages of an iteration, and what looks at one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Write,
    Run,
    Read,
}

const DOWNSTREAM: [Stage; 3] = [Stage::Write, Stage::Run, Stage::Read];
const UPSTREAM: [Stage; 3] = [Stage::Read, Stage::Run, Stage::Write];

fn model(shape: Shape) -> Vec<u8> {
    let bytes = |name, usage, len: usize| TensorSpec::new(name, usage, Dtype::U8, [len as u64]);
    let builder = NeffBuilder::new("pipeline", Target::Any)
        .tensor(bytes("x", Usage::Input, shape.input))
        .tensor(bytes("out", Usage::Output, shape.output))
        .stats(Stats { macs: Some(shape.macs), traffic_bytes: None });
    builder.build().expect("a small model")
}

/// What each stage takes, from the profile alone.
fn stages(shape: Shape) -> [u64; 3] {
    let rates = Profile::parse(PROFILE).expect("valid").rates(1);
    let neff = Neff::parse(&model(shape), &Policy::default()).expect("valid");
    let run = rates.estimate(&Workload::of(&neff.tensors, &neff.stats)).total;
    [rates.transfer(shape.input as u64), run, rates.transfer(shape.output as u64)].map(|span| span.0)
}

/// One of two sets of buffers.
struct Slot {
    x: Handle,
    out: Handle,
    inputs: Handle,
    outputs: Handle,
    input: Vec<u8>,
    output: Vec<u8>,
    /// One for each stage.
    statuses: [AtomicU32; 3],
}

/// The program: three stages with two buffers between each two of them.
struct Client {
    nrt: &'static Nrt,
    model: Handle,
    shape: Shape,
    slots: Vec<Slot>,
    /// The sequence ids of what is under way in each stage, oldest first.
    under_way: [VecDeque<u64>; 3],
    submitted: [usize; 3],
    done: [usize; 3],
}

impl Client {
    fn start(shape: Shape, slots: usize) -> Client {
        let path = std::env::var("NRT_SIM_INSTANCE").expect("set for this child");
        fs::write(path, PROFILE).expect("writable");
        let nrt = Nrt::start();
        let slot = |_| {
            let (x, out) = (nrt.tensor(0, shape.input), nrt.tensor(0, shape.output));
            let (inputs, outputs) = (nrt.set(&[(c"x", x)]), nrt.set(&[(c"out", out)]));
            let (input, output) = (vec![7; shape.input], vec![0; shape.output]);
            Slot { x, out, inputs, outputs, input, output, statuses: Default::default() }
        };
        let client = Client {
            nrt,
            model: nrt.model(&model(shape), 0),
            shape,
            slots: (0..slots).map(slot).collect(),
            under_way: Default::default(),
            submitted: [0; 3],
            done: [0; 3],
        };
        nrt.start_trace();
        client
    }

    /// Submits the next request of `stage`.
    fn submit(&mut self, stage: Stage) {
        let (nrt, count) = (self.nrt, self.slots.len());
        let slot = &mut self.slots[self.submitted[stage as usize] % count];
        let status = slot.statuses[stage as usize].as_ptr();
        let (input, output) = (self.shape.input as u64, self.shape.output as u64);
        let seq = Nrt::get(|seq| match stage {
            Stage::Write => (nrt.write)(slot.x, slot.input.as_ptr(), 0, input, 0, 0, status, seq),
            Stage::Run => (nrt.schedule)(self.model, slot.inputs, slot.outputs, 0, status, seq),
            Stage::Read => (nrt.read)(slot.output.as_mut_ptr(), slot.out, 0, output, 0, 1, status, seq),
        });
        self.under_way[stage as usize].push_back(seq);
        self.submitted[stage as usize] += 1;
    }

    /// Submits all whose data is there and whose buffer is free.
    fn submit_what_can_be(&mut self, iterations: usize) {
        let slots = self.slots.len();
        let [write, run, read] = self.done;
        for (stage, ready) in
            [(Stage::Write, run + slots), (Stage::Run, write.min(read + slots)), (Stage::Read, run)]
        {
            while self.submitted[stage as usize] < ready.min(iterations) {
                self.submit(stage);
            }
        }
    }

    /// Whether the oldest request of `stage` has completed.
    fn looks(&mut self, stage: Stage) -> bool {
        let Some(&seq) = self.under_way[stage as usize].front() else { return false };
        let done: bool = Nrt::get(|done| (self.nrt.is_completed)(seq, done));
        if done {
            self.under_way[stage as usize].pop_front();
            self.done[stage as usize] += 1;
        }
        done
    }

    /// Keeps all stages busy, looking at them in `order`.
    fn pipelined(&mut self, iterations: usize, order: [Stage; 3]) {
        while self.done[2] < iterations {
            self.submit_what_can_be(iterations);
            for stage in order {
                if self.looks(stage) {
                    self.submit_what_can_be(iterations);
                }
            }
        }
    }

    /// The same for a program that asks for the last completed number of each queue.
    fn pipelined_by_sequence(&mut self, iterations: usize) {
        while self.done[2] < iterations {
            self.submit_what_can_be(iterations);
            for (stage, xu, queue) in [(Stage::Read, 0, 1), (Stage::Run, 1, 0), (Stage::Write, 0, 0)] {
                let last = Nrt::get(|seq| (self.nrt.get_sequence)(0, xu, queue, seq));
                let under_way = &mut self.under_way[stage as usize];
                while under_way.front().is_some_and(|seq| *seq <= last) {
                    under_way.pop_front();
                    self.done[stage as usize] += 1;
                }
                self.submit_what_can_be(iterations);
            }
        }
    }

    /// Waits for each request before the next.
    fn one_after_another(&mut self, iterations: usize) {
        for _ in 0..iterations {
            for stage in DOWNSTREAM {
                self.submit(stage);
                while !self.looks(stage) {}
            }
        }
    }

    /// From the first begin to the last end of a request, by the trace.
    fn makespan(&self) -> u64 {
        let statuses = self.slots.iter().flat_map(|slot| &slot.statuses);
        assert!(statuses.into_iter().all(|status| status.load(Relaxed) == 0));
        let trace: Value = serde_json::from_str(&self.nrt.take_trace()).expect("JSON");
        let times = |phase| {
            let events = trace["events"].as_array().expect("a list").iter();
            events
                .filter(move |event| event["phase"] == phase)
                .filter_map(|event| event["timestamp_ns"].as_u64())
        };
        let requests: usize = self.submitted.iter().sum();
        assert_eq!((times("start").count(), times("stop").count()), (requests, requests));
        times("stop").max().expect("some") - times("start").min().expect("some")
    }
}

const ENVIRONMENT: [(&str, &str); 1] = [("NRT_SIM_INSTANCE", "{folder}/profile.toml")];

/// Whether `found` is within a twentieth of `expected`.
#[track_caller]
fn assert_about(found: u64, expected: u64, what: &str) {
    assert!(found.abs_diff(expected) <= expected / 20, "{what}: {found} ns, expected {expected} ns");
}

/// Every way of looking, in every shape of the pipeline.
fn assert_overlap(shapes: &[Shape], iterations: usize, slots: usize) {
    for &shape in shapes {
        let [write, run, read] = stages(shape);
        let expected = write + run + read + (iterations as u64 - 1) * write.max(run).max(read);
        let what = format!("{iterations} times {write} + {run} + {read} ns");
        for order in [DOWNSTREAM, UPSTREAM] {
            let mut client = Client::start(shape, slots);
            client.pipelined(iterations, order);
            assert_about(client.makespan(), expected, &format!("{what}, {order:?}"));
            (client.nrt.close)();
        }
        let mut client = Client::start(shape, slots);
        client.pipelined_by_sequence(iterations);
        assert_about(client.makespan(), expected, &format!("{what}, by sequence"));
        (client.nrt.close)();
    }
}

#[test]
fn three_requests_cost_the_sum_of_the_stages_and_the_slowest_twice() {
    in_child(&ENVIRONMENT, || assert_overlap(&SHAPES, 3, 3));
}

#[test]
fn a_long_run_with_two_buffers_pays_for_the_slowest_stage() {
    in_child(&ENVIRONMENT, || assert_overlap(&SHAPES, 16, 2));
}

#[test]
fn stages_overlap_whoever_does_the_work() {
    in_child(&ENVIRONMENT, || assert_overlap(&HEAVY, 16, 2));
}

/// A blocking write between two runs takes its place in simulated time, and nothing else does.
#[test]
fn a_blocking_transfer_takes_its_time() {
    in_child(&ENVIRONMENT, || {
        let shape = SHAPES[0];
        let mut client = Client::start(shape, 1);
        let [write, run, read] = stages(shape);
        for _ in 0..2 {
            let Slot { x, out, input, output, .. } = &mut client.slots[0];
            assert_eq!((client.nrt.tensor_write)(*x, input.as_ptr(), 0, shape.input), 0);
            assert_eq!((client.nrt.tensor_read)(*out, output.as_mut_ptr(), 0, shape.output), 0);
            client.submit(Stage::Run);
            while !client.looks(Stage::Run) {}
        }
        assert_eq!(client.makespan(), run + write + read + run);
        (client.nrt.close)();
    });
}

#[test]
fn without_overlap_a_run_costs_the_sum_of_all_stages() {
    in_child(&ENVIRONMENT, || {
        for shape in SHAPES {
            let mut client = Client::start(shape, 2);
            client.one_after_another(5);
            assert_eq!(client.makespan(), 5 * stages(shape).iter().sum::<u64>());
            (client.nrt.close)();
        }
    });
}

#[test]
fn on_the_clock_a_run_takes_its_time() {
    in_child(&[ENVIRONMENT[0], ("NRT_SIM_TIME", "wall")], || {
        let shape = Shape { macs: 20_000_000_000, ..SHAPES[0] };
        let client = Client::start(shape, 1);
        let begin = Instant::now();
        let slot = &client.slots[0];
        assert_eq!((client.nrt.execute)(client.model, slot.inputs, slot.outputs), 0);
        assert!(begin.elapsed() >= Duration::from_nanos(stages(shape)[1]));

        let shape = Shape { input: 20 << 20, ..shape };
        let tensor = client.nrt.tensor(0, shape.input);
        let begin = Instant::now();
        assert_eq!((client.nrt.tensor_write)(tensor, vec![0; shape.input].as_ptr(), 0, shape.input), 0);
        assert!(begin.elapsed() >= Duration::from_nanos(stages(shape)[0]));
        (client.nrt.close)();
    });
}
