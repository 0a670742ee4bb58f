//! How fast a logical core is, and what follows for the duration of a request.

use crate::neff::{Dtype, Stats, TensorSpec, Usage};
use crate::profile::Profile;
use crate::time::Nanos;

/// What the durations of one logical core's requests are computed from.
///
/// A logical core has its share of the device: of the compute and of the bandwidths within the device, as
/// many parts as it has physical cores. Cores do not slow each other down (chosen here).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    launch: Nanos,
    dma: Nanos,
    host: Rate,
    copy: Rate,
    memory: Rate,
    fp32: Rate,
    fp16: Rate,
    fp8: Rate,
    int8: Rate,
    jitter_permille: u64,
}

/// So much in so many nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    much: u64,
    ns: u64,
}

impl Rate {
    /// How long `amount` takes, in whole nanoseconds.
    fn span(self, amount: u64) -> Nanos {
        if let Some(product) = amount.checked_mul(self.ns) {
            return Nanos(product / self.much);
        }
        let span = u128::from(amount) * u128::from(self.ns) / u128::from(self.much);
        Nanos(u64::try_from(span).unwrap_or(u64::MAX))
    }
}

/// The work of one run of a model, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workload {
    /// Multiplications with addition, of the whole model (observed: not of one physical core).
    pub macs: Option<u64>,
    /// Bytes moved to and from device memory, if the compiler says so.
    pub traffic_bytes: Option<u64>,
    /// Bytes of all inputs and outputs: what is moved if nobody says.
    pub tensor_bytes: u64,
    /// The type whose peak rate counts: that of the largest input, or of the largest output if there is no
    /// input (chosen here: weights and activations are what a matrix unit is fed with, while outputs are
    /// often wider than what was multiplied).
    pub dtype: Dtype,
}

impl Workload {
    /// That of a model with these tensors and the compiler's numbers on it.
    pub fn of(tensors: &[TensorSpec], stats: &Stats) -> Workload {
        let largest = |usage| {
            // Of equal ones the first: `max_by_key` would take the last.
            tensors.iter().rev().filter(|spec| spec.usage == usage).max_by_key(|spec| spec.size)
        };
        let decisive = largest(Usage::Input).or_else(|| largest(Usage::Output));
        Workload {
            macs: stats.macs,
            traffic_bytes: stats.traffic_bytes,
            tensor_bytes: tensors.iter().fold(0, |sum: u64, spec| sum.saturating_add(spec.size)),
            dtype: decisive.map_or(Dtype::Unknown, |spec| spec.dtype),
        }
    }
}

/// How long a run takes by the roofline: it waits for its launch, then for the slower of computing and
/// memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What each run takes, whatever it does.
    pub launch: Nanos,
    /// All MACs at the peak rate of the type; 0 if their number is not known.
    pub compute: Nanos,
    /// All bytes at the bandwidth of the memory.
    pub memory: Nanos,
    /// The launch, and the longer of the other two.
    pub total: Nanos,
}

impl Rates {
    /// Those of a logical core of `lnc` physical cores, which must be at least one.
    pub fn new(profile: &Profile, lnc: u32) -> Rates {
        let figures = &profile.time;
        let (parts, of) = (u64::from(lnc.max(1)), u64::from(profile.cores_per_device));
        // 10^9 a second is one a nanosecond. The profile's limits keep the products small.
        let share = |much: u64| Rate { much: much.saturating_mul(parts), ns: of };
        Rates {
            launch: Nanos(figures.launch_ns),
            dma: Nanos(figures.dma_ns),
            host: Rate { much: figures.host_gb_per_s, ns: 1 },
            copy: share(figures.dma_gb_per_s),
            memory: share(figures.hbm_gb_per_s),
            fp32: share(figures.fp32_gflops),
            fp16: share(figures.fp16_gflops),
            fp8: share(figures.fp8_gflops),
            int8: share(figures.int8_gops),
            jitter_permille: figures.jitter_permille,
        }
    }

    /// How long a run with this work takes.
    pub fn estimate(&self, work: &Workload) -> Estimate {
        // A MAC is two operations, as peak rates are counted.
        let operations = work.macs.unwrap_or(0).saturating_mul(2);
        let compute = self.peak(work.dtype).span(operations);
        let memory = self.memory.span(work.traffic_bytes.unwrap_or(work.tensor_bytes));
        let total = Nanos(self.launch.0.saturating_add(compute.max(memory).0));
        Estimate { launch: self.launch, compute, memory, total }
    }

    /// The peak rate of `dtype`. For types without a documented one, that of FP32 counts, the lowest (chosen
    /// here).
    fn peak(&self, dtype: Dtype) -> Rate {
        match dtype {
            Dtype::Bf16 | Dtype::Fp16 | Dtype::Fp32r => self.fp16,
            Dtype::Fp8E3 | Dtype::Fp8E4 | Dtype::Fp8E5 => self.fp8,
            Dtype::I8 | Dtype::U8 => self.int8,
            Dtype::Unknown
            | Dtype::Fp32
            | Dtype::I16
            | Dtype::U16
            | Dtype::I32
            | Dtype::U32
            | Dtype::I64
            | Dtype::U64 => self.fp32,
        }
    }

    /// How long moving `bytes` between host and device takes.
    pub fn transfer(&self, bytes: u64) -> Nanos {
        Nanos(self.dma.0.saturating_add(self.host.span(bytes).0))
    }

    /// How long moving `bytes` within a device takes.
    pub fn copy(&self, bytes: u64) -> Nanos {
        Nanos(self.dma.0.saturating_add(self.copy.span(bytes).0))
    }

    /// `span`, varied by `luck` within the jitter.
    pub fn jittered(&self, span: Nanos, luck: u64) -> Nanos {
        let reach = (span.0 / 1000 * self.jitter_permille).min(u64::MAX / 4);
        // A remainder is a little biased towards small values; for a duration that does not matter.
        Nanos(span.0.saturating_sub(reach).saturating_add(luck % (2 * reach + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Rates, Workload};
    use crate::neff::{Dtype, Stats, TensorSpec, Usage};
    use crate::profile::Profile;
    use crate::time::Nanos;

    fn rates(name: &str, lnc: u32) -> Rates {
        Profile::named(name).expect("built in").rates(lnc)
    }

    fn parts(estimate: Estimate) -> [u64; 4] {
        [estimate.launch.0, estimate.compute.0, estimate.memory.0, estimate.total.0]
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let rates = rates("trn1", 1);
        for luck in (0..u64::MAX).step_by(usize::MAX / 97) {
            let Nanos(span) = rates.jittered(Nanos(100_000), luck);
            assert!((98_000..=102_000).contains(&span), "{span}");
        }
    }

    #[test]
    fn a_run_takes_its_launch_and_the_slower_of_computing_and_memory() {
        let work = Workload {
            macs: Some(1 << 40),
            traffic_bytes: Some(1 << 30),
            tensor_bytes: 7,
            dtype: Dtype::Bf16,
        };
        // One of two cores: 95 operations and 0.41 bytes in a picosecond.
        assert_eq!(parts(rates("trn1", 1).estimate(&work)), [13_000, 23_147_613, 2_618_882, 23_160_613]);
        let slow = Workload { macs: Some(1), ..work };
        assert_eq!(parts(rates("trn1", 1).estimate(&slow)), [13_000, 0, 2_618_882, 2_631_882]);
        let silent = Workload { macs: None, traffic_bytes: None, ..work };
        assert_eq!(parts(rates("trn1", 1).estimate(&silent)), [13_000, 0, 0, 13_000]);
    }

    #[test]
    fn a_logical_core_has_the_share_of_its_physical_cores() {
        let work = Workload {
            macs: Some(1 << 40),
            traffic_bytes: Some(1 << 40),
            tensor_bytes: 0,
            dtype: Dtype::Fp32,
        };
        let [one, two] = [1, 2].map(|lnc| parts(rates("trn2", lnc).estimate(&work)));
        assert_eq!((one[1] / 2, one[2] / 2), (two[1], two[2]));
        assert_eq!(rates("trn2", 1).transfer(1 << 20), rates("trn2", 2).transfer(1 << 20));
    }

    #[test]
    fn each_type_has_its_peak_rate() {
        let compute = |dtype| {
            let work = Workload { macs: Some(1 << 50), dtype, ..Workload::default() };
            rates("trn2", 2).estimate(&work).compute
        };
        assert!(compute(Dtype::Fp8E4) < compute(Dtype::Bf16) && compute(Dtype::Fp16) < compute(Dtype::Fp32));
        assert_eq!(compute(Dtype::Fp32r), compute(Dtype::Bf16));
        assert_eq!(compute(Dtype::Unknown), compute(Dtype::Fp32));
    }

    #[test]
    fn numbers_no_machine_can_bear_take_for_ever() {
        let work = Workload {
            macs: Some(u64::MAX),
            traffic_bytes: Some(u64::MAX),
            tensor_bytes: u64::MAX,
            dtype: Dtype::Unknown,
        };
        let slow = Rates { fp32: super::Rate { much: 1, ns: 8 }, ..rates("trn1", 1) };
        assert_eq!(slow.estimate(&work).total, Nanos(u64::MAX));
        assert!(rates("trn1", 1).transfer(u64::MAX) > Nanos(1 << 59));
    }

    #[test]
    fn the_largest_input_decides_the_type() {
        let spec = |usage, dtype, len: u64| TensorSpec::new("t", usage, dtype, [len]);
        let of = |specs: &[TensorSpec]| Workload::of(specs, &Stats::default());
        let mixed = of(&[
            spec(Usage::Input, Dtype::I32, 4),
            spec(Usage::Input, Dtype::Bf16, 100),
            spec(Usage::Output, Dtype::Fp32, 1000),
        ]);
        assert_eq!((mixed.dtype, mixed.tensor_bytes), (Dtype::Bf16, 16 + 200 + 4000));
        assert_eq!(of(&[spec(Usage::Output, Dtype::Fp8E4, 9)]).dtype, Dtype::Fp8E4);
        assert_eq!(of(&[]), Workload::default());
    }
}
