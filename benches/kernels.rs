//! Kernels: a product of matrices against another library, and what the simulator adds to a short kernel.
//!
//! What is compared takes turns within the same seconds, so that a machine that is busy or hot slows both.
//! The ratios count, and they are those of medians.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gemm::{Parallelism, gemm};
use sim_core::config::{COMPUTE_DEPTH, Config};
use sim_core::device::Device;
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::{Span, Storage};
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Slot};
use sim_core::neff::{Dtype, TensorSpec, Usage};
use sim_core::profile::Profile;
use sim_core::request::{Answer, Work};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Cost;
use sim_models::compute::{Buffered, Watch};
use sim_models::operator::combine::Add;
use sim_models::operator::constant::{Constant, Number};
use sim_models::operator::convert::Cast;
use sim_models::operator::matmul::Matmul;
use sim_models::operator::softmax::Softmax;
use sim_models::recipe::{Files, Recipe, Subject};
use sim_models::signature::Signature;

fn main() {
    product(1024, 41);
    short(Duration::from_micros(10), 4001);
    light();
}

/// A run of the matmul kernel, tensors copied in and out, against `gemm` on plain memory; both on one thread.
fn product(side: usize, turns: usize) {
    let values = |seed: usize| (0..side * side).map(|nth| ((nth * 7 + seed) % 13) as f32 - 6.0).collect();
    let (left, right): (Vec<f32>, Vec<f32>) = (values(0), values(5));
    let mut plain = vec![0.0_f32; side * side];
    let dims = [side as u64, side as u64];
    let kernel = Bench::new(&Matmul::default(), Dtype::Fp32, &[&dims, &dims], (Dtype::Fp32, &dims));
    for (span, values) in kernel.inputs.iter().zip([&left, &right]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        span.extent().store(&bytes);
    }
    let row = side.cast_signed();
    let [ours, theirs] = in_turns(
        turns,
        [&mut || kernel.run(), &mut || {
            let (to, a, b) = (plain.as_mut_ptr(), left.as_ptr(), right.as_ptr());
            // SAFETY: all three have `side` rows of `side` elements, and only the target is written.
            unsafe {
                gemm(
                    side,
                    side,
                    side,
                    to,
                    1,
                    row,
                    false,
                    a,
                    1,
                    row,
                    b,
                    1,
                    row,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::None,
                );
            }
        }],
    );
    let mut bytes = vec![0; size_of_val(plain.as_slice())];
    kernel.outputs[0].extent().load(&mut bytes);
    let same = bytes.chunks_exact(4).zip(&plain).all(|(bytes, value)| bytes == value.to_ne_bytes());
    assert!(same, "sums of small integers are exact, so both products are the same");
    println!("matmul {side}^3 float32");
    println!("  as a run                {ours:>12.1?}");
    println!("  gemm, called directly   {theirs:>12.1?}");
    println!("  speed, relative         {:>12.2}", theirs.div_duration_f64(ours));
}

/// A kernel that takes about as long as `span`, called directly and run by a device.
fn short(span: Duration, turns: usize) {
    let profile = Profile::named("trn1").expect("built in");
    let config = Config { cores: 1, ..Config::new(profile) };
    let device = Device::open(config, Ledger::new(1).expect("small"));
    let rounds = Spin::of(span);
    let tensor = || Arc::new(device.allocate(0, 64).expect("small"));
    let (from, to) = (Span::whole(tensor()), Span::whole(tensor()));
    let slot = |name: &str| vec![Slot { name: name.to_owned(), size: 64, dtype: Dtype::Unknown }];
    let model = Arc::new(Model {
        name: "spin".to_owned(),
        uuid: String::new(),
        id: 1,
        core: 0,
        inputs: slot("x"),
        outputs: slot("y"),
        cost: Cost::About(Nanos(10_000)),
        kernel: Box::new(rounds),
    });
    let (x, y) = (Tensor::new("x", Some(from.clone())), Tensor::new("y", Some(to.clone())));
    let (x, y) = (Arc::new(x), Arc::new(y));
    let bank = device.bank_of(0).index;
    let bound = model.bind(bank, false, |_| Some(Arc::clone(&x)), |_| Some(Arc::clone(&y)));
    let bound = Arc::new(bound.expect("the tensors suit"));
    let (unit, work) = (model.unit(), || Work::Execute(Arc::clone(&bound)));
    let (inputs, outputs) = ([from], [to]);
    let direct = || {
        rounds.run(black_box(&inputs), black_box(&outputs));
    };
    let [once, blocking, polling] = in_turns(
        turns,
        [
            &mut || direct(),
            &mut || {
                device.perform(unit, work(), Answer::Nobody).expect("there is room");
            },
            &mut || {
                let seq = device.submit(unit, work(), Answer::Nobody).expect("there is room");
                while !device.is_completed(unit, seq.num()) {}
            },
        ],
    );
    let [eight, pipelined] = in_turns(
        turns / 4,
        [&mut || (0..COMPUTE_DEPTH).for_each(|_| direct()), &mut || {
            let submit = |_| device.submit(unit, work(), Answer::Nobody).expect("there is room").num();
            let last = (0..COMPUTE_DEPTH).map(submit).last().expect("a queue has room for some");
            device.wait(unit, last, None);
        }],
    );
    device.close();
    println!("a kernel of about {span:?}");
    println!("  called directly         {once:>12.2?}");
    for (what, took, against) in [
        ("run, blocking", blocking, once),
        ("submitted and polled", polling, once),
        ("8 submitted, then wait", pipelined, eight),
    ] {
        let share = (took.div_duration_f64(against) - 1.0) * 100.0;
        println!("  {what:<24}{took:>12.2?}   {share:+.2} % of {against:.2?}");
    }
}

/// The longest runs that operators call light, which a thread that only looks may do.
fn light() {
    println!("the largest light runs");
    let fp8 = Dtype::Fp8E4;
    let one = Constant { value: Number::Integer(1) };
    for (what, kernel) in [
        ("add, float32", Bench::new(&Add::default(), Dtype::Fp32, &[&[341], &[341]], (Dtype::Fp32, &[341]))),
        ("add, float8e4", Bench::new(&Add::default(), fp8, &[&[341], &[341]], (fp8, &[341]))),
        ("cast, uint64 to float8e4", Bench::new(&Cast::default(), Dtype::U64, &[&[512]], (fp8, &[512]))),
        ("softmax, bfloat16", Bench::new(&Softmax::default(), Dtype::Bf16, &[&[512]], (Dtype::Bf16, &[512]))),
        ("matmul, float16", Bench::matmul(Dtype::Fp16, [27; 3])),
        ("matmul, float8e4", Bench::matmul(fp8, [16, 32, 39])),
        ("matmul, int64", Bench::matmul(Dtype::I64, [16; 3])),
        ("constant, int8", Bench::new(&one, Dtype::I8, &[], (Dtype::I8, &[64 << 10]))),
    ] {
        assert!(kernel.is_light(), "{what} is to be light");
        let [took] = in_turns(2001, [&mut || kernel.run()]);
        println!("  {what:<24}{took:>12.2?}");
    }
}

/// A kernel with its tensors, in host memory.
struct Bench {
    kernel: Buffered,
    inputs: Vec<Span>,
    outputs: Vec<Span>,
}

impl Bench {
    /// What `recipe` makes of inputs of `from` and an output.
    fn new(recipe: &dyn Recipe, from: Dtype, inputs: &[&[u64]], (to, output): (Dtype, &[u64])) -> Bench {
        let name = |nth: usize| format!("x{nth}");
        let spec = |(nth, dims): (usize, &&[u64])| TensorSpec::new(name(nth), Usage::Input, from, *dims);
        let mut tensors: Vec<TensorSpec> = inputs.iter().enumerate().map(spec).collect();
        tensors.push(TensorSpec::new("y", Usage::Output, to, output));
        let signature = Signature::of(&tensors);
        let (uuid, files) = ([0; 16], Files::Archive(&BTreeMap::new()));
        let subject =
            Subject { name: "bench", uuid, signature: &signature, files: &files, onnx_library: None };
        let compute = recipe.prepare(&subject).unwrap_or_else(|refusal| panic!("{refusal}"));
        let watch = Watch { report: Arc::new(|failure| panic!("{failure}")), sees_nan: false };
        let span = |spec: &TensorSpec| {
            let size = usize::try_from(spec.size).expect("small");
            Span::whole(Arc::new(Storage::on_host(size).expect("small")))
        };
        Bench {
            kernel: Buffered::new(compute, &signature.outputs, watch),
            inputs: signature.inputs.iter().map(span).collect(),
            outputs: signature.outputs.iter().map(span).collect(),
        }
    }

    fn matmul(dtype: Dtype, [m, k, n]: [u64; 3]) -> Bench {
        Bench::new(&Matmul::default(), dtype, &[&[m, k], &[k, n]], (dtype, &[m, n]))
    }

    fn run(&self) {
        assert_eq!(self.kernel.run(&self.inputs, &self.outputs), Status::Success);
    }

    fn is_light(&self) -> bool {
        let spans = self.inputs.iter().chain(&self.outputs);
        self.kernel.is_light(spans.map(|span| span.len() as u64).sum())
    }
}

/// A kernel that keeps a core busy for so many rounds, and looks at no clock.
#[derive(Clone, Copy)]
struct Spin {
    rounds: u64,
}

impl Spin {
    /// As many rounds as take about `span` here and now.
    fn of(span: Duration) -> Spin {
        let many = Spin { rounds: 1 << 16 };
        let [took] = in_turns(
            101,
            [&mut || {
                many.run(&[], &[]);
            }],
        );
        Spin { rounds: (many.rounds as f64 * span.div_duration_f64(took)) as u64 }
    }
}

impl Kernel for Spin {
    fn run(&self, _: &[Span], _: &[Span]) -> Status {
        let number = (0..self.rounds).fold(1_u64, |number, _| black_box(number.wrapping_mul(0x9e37_79b9)));
        black_box(number);
        Status::Success
    }

    fn is_light(&self, _: u64) -> bool {
        true
    }
}

/// The median time of each of `what`, done in turns.
fn in_turns<const COUNT: usize>(turns: usize, mut what: [&mut dyn FnMut(); COUNT]) -> [Duration; COUNT] {
    let mut times = [const { Vec::new() }; COUNT];
    for _ in 0..turns {
        for (what, times) in what.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            what();
            times.push(begin.elapsed());
        }
    }
    times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}
