//! Computations on plain bytes, and the kernel that feeds them.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::kernel::Kernel;
use sim_core::memory::storage::Span;
use sim_core::neff::{Dtype, TensorSpec};
use sim_core::status::Status;

use crate::buffer::{Buffer, NoMemory};

/// Bytes of buffers that are kept from one run to the next; those of larger models are given back.
const KEPT_BYTES: usize = 64 << 20;

/// Computes the outputs of one model from its inputs.
///
/// Runs of one model never overlap, but come from different threads.
pub trait Compute: Send + Sync {
    /// Reads `inputs` and writes every byte of `outputs`. Both are in the order of the model's
    /// [`Signature`](crate::signature::Signature), each as long as it says and aligned to
    /// [`ALIGNMENT`](crate::buffer::ALIGNMENT), but for inputs it does not [read](Compute::reads). What `outputs`
    /// held before is not said.
    ///
    /// # Errors
    /// Why there are no outputs. What was written to `outputs` is thrown away.
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure>;

    /// Whether it reads the input at this place of the signature. One that is not read is given as empty, and costs
    /// neither memory nor time.
    fn reads(&self, _input: usize) -> bool {
        true
    }

    /// Whether a run over so many `bytes` of tensors surely takes a few microseconds at most.
    fn is_light(&self, _bytes: u64) -> bool {
        false
    }
}

/// Why a run has no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What the request ends with.
    pub status: Status,
    /// For the log: what was wrong, and what to do.
    pub reason: String,
}

/// What is done about runs that do not end as they should.
#[derive(Clone)]
pub struct Watch {
    /// Told of each run that failed, by whichever thread ran it.
    pub report: Arc<dyn Fn(&Failure) + Send + Sync>,
    /// Whether an output with a NaN makes a run end with [`Status::ExecCompletedWithNumErr`].
    pub sees_nan: bool,
}

impl Watch {
    /// Nothing is done about them.
    pub fn silent() -> Watch {
        Watch { report: Arc::new(|_| {}), sees_nan: false }
    }
}

/// Runs a computation on copies of the tensors: the program may write to a tensor at any time, as it may
/// on hardware, and no computation has to bear that.
pub struct Buffered {
    compute: Box<dyn Compute>,
    /// The types and names of the outputs.
    outputs: Vec<(Dtype, String)>,
    watch: Watch,
    buffers: Mutex<Buffers>,
}

#[derive(Default)]
struct Buffers {
    inputs: Vec<Buffer>,
    outputs: Vec<Buffer>,
}

impl Buffers {
    /// Copies those of `inputs` that are read, and has room for `outputs`.
    fn fill(
        &mut self,
        inputs: &[Span],
        outputs: &[Span],
        reads: impl Fn(usize) -> bool,
    ) -> Result<(), NoMemory> {
        self.inputs.resize_with(inputs.len(), Buffer::default);
        self.outputs.resize_with(outputs.len(), Buffer::default);
        // All memory first: nothing is copied in vain.
        for (buffer, span) in self.outputs.iter_mut().zip(outputs) {
            buffer.resize(span.len())?;
        }
        for (at, (buffer, span)) in self.inputs.iter_mut().zip(inputs).enumerate() {
            buffer.resize(if reads(at) { span.len() } else { 0 })?;
        }
        for (buffer, span) in
            self.inputs.iter_mut().zip(inputs).filter(|(buffer, _)| !buffer.bytes().is_empty())
        {
            span.extent().load(buffer.bytes_mut());
        }
        Ok(())
    }
}

/// More than the system has, not more than the device has: the program can free some and run again.
impl From<NoMemory> for Failure {
    fn from(lack: NoMemory) -> Failure {
        let reason = format!("{lack} of a copy of a tensor; free some, or use smaller tensors");
        Failure { status: Status::Resource, reason }
    }
}

impl Buffered {
    /// The kernel that runs `compute`, which has `outputs`.
    pub fn new(compute: Box<dyn Compute>, outputs: &[TensorSpec], watch: Watch) -> Buffered {
        let outputs = outputs.iter().map(|spec| (spec.dtype, spec.name.clone())).collect();
        Buffered { compute, outputs, watch, buffers: Mutex::default() }
    }

    /// Copies the inputs, computes, and looks at the outcome.
    fn compute(&self, inputs: &[Span], outputs: &[Span], buffers: &mut Buffers) -> Result<(), Failure> {
        buffers.fill(inputs, outputs, |input| self.compute.reads(input))?;
        let Buffers { inputs, outputs } = buffers;
        let inputs: Vec<&[u8]> = inputs.iter().map(Buffer::bytes).collect();
        let mut outputs: Vec<&mut [u8]> = outputs.iter_mut().map(Buffer::bytes_mut).collect();
        self.compute.compute(&inputs, &mut outputs)?;
        let mut named = self.outputs.iter().zip(&outputs);
        match named.find(|((dtype, _), bytes)| self.watch.sees_nan && has_nan(*dtype, bytes)) {
            None => Ok(()),
            Some(((_, name), _)) => Err(Failure {
                status: Status::ExecCompletedWithNumErr,
                reason: format!("output {name:?} has a NaN"),
            }),
        }
    }
}

impl Kernel for Buffered {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        // Nobody ever waits for this lock: runs of one model do not overlap.
        let mut buffers = self.buffers.lock();
        let status = match self.compute(inputs, outputs, &mut buffers) {
            Ok(()) => Status::Success,
            Err(failure) => {
                (self.watch.report)(&failure);
                failure.status
            }
        };
        if status.has_run() {
            let computed = outputs.iter().zip(&buffers.outputs);
            computed.for_each(|(span, buffer)| span.extent().store(buffer.bytes()));
        }
        let held: usize = inputs.iter().chain(outputs).map(Span::len).sum();
        if held > KEPT_BYTES || status == Status::Resource {
            *buffers = Buffers::default();
        }
        status
    }

    fn is_light(&self, bytes: u64) -> bool {
        self.compute.is_light(bytes)
    }
}

/// Whether a tensor of floating-point numbers has a NaN: all bits of the exponent set, and some of the rest.
fn has_nan(dtype: Dtype, bytes: &[u8]) -> bool {
    match dtype {
        Dtype::Fp32 | Dtype::Fp32r => {
            bytes.chunks_exact(4).any(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).is_nan())
        }
        Dtype::Fp16 => halves(bytes).any(|bits| bits & 0x7fff > 0x7c00),
        Dtype::Bf16 => halves(bytes).any(|bits| bits & 0x7fff > 0x7f80),
        Dtype::Fp8E3 => bytes.iter().any(|bits| bits & 0x7f > 0x70),
        Dtype::Fp8E4 => bytes.iter().any(|bits| bits & 0x7f > 0x78),
        Dtype::Fp8E5 => bytes.iter().any(|bits| bits & 0x7f > 0x7c),
        _ => false,
    }
}

fn halves(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use sim_core::kernel::Kernel;
    use sim_core::memory::storage::{Span, Storage};
    use sim_core::neff::{Dtype, TensorSpec, Usage};
    use sim_core::status::Status;

    use super::{Buffered, Compute, Failure, Watch, has_nan};

    /// Writes what it is made of.
    struct Writes(Result<[u8; 2], Failure>);

    impl Compute for Writes {
        fn compute(&self, _: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
            outputs[0].copy_from_slice(self.0.as_ref().map_err(Clone::clone)?);
            Ok(())
        }
    }

    /// Runs `writes` over an output of the bytes 1, 1; returns the status, the bytes and what was reported.
    fn run(writes: Writes, sees_nan: bool) -> (Status, [u8; 2], Vec<Failure>) {
        let spec = TensorSpec::new("out", Usage::Output, Dtype::Fp16, [1]);
        let reports = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&reports);
        let watch = Watch { report: Arc::new(move |failure| told.lock().push(failure.clone())), sees_nan };
        let kernel = Buffered::new(Box::new(writes), &[spec], watch);
        let output = Span::whole(Arc::new(Storage::on_host(2).expect("small")));
        output.extent().fill(1);
        let status = kernel.run(&[], std::slice::from_ref(&output));
        let mut bytes = [0; 2];
        output.extent().load(&mut bytes);
        let reports = reports.lock().clone();
        (status, bytes, reports)
    }

    #[test]
    fn a_failed_run_writes_nothing_and_is_reported() {
        let failure = Failure { status: Status::ExecBadInput, reason: "no such recording".into() };
        let expected = (Status::ExecBadInput, [1, 1], vec![failure.clone()]);
        assert_eq!(run(Writes(Err(failure)), true), expected);
    }

    #[test]
    fn without_memory_for_copies_a_run_ends_with_a_status_and_a_reason() {
        // Half of all addresses, so that there is no room for as many again; no memory is touched.
        let huge = Span::whole(Arc::new(Storage::on_host(1 << 46).expect("addresses only")));
        let reports = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&reports);
        let watch = Watch {
            report: Arc::new(move |failure: &Failure| told.lock().push(failure.status)),
            sees_nan: false,
        };
        let kernel = Buffered::new(Box::new(Writes(Ok([0, 0]))), &[], watch);
        assert_eq!(kernel.run(&[], &[huge]), Status::Resource);
        assert_eq!(*reports.lock(), [Status::Resource]);
        let small = Span::whole(Arc::new(Storage::on_host(2).expect("small")));
        assert_eq!(kernel.run(&[], &[small]), Status::Success);
    }

    #[test]
    fn an_input_that_is_not_read_is_not_copied() {
        struct Blind;
        impl Compute for Blind {
            fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
                assert_eq!(inputs, [&[][..], &[7, 7]]);
                outputs[0].copy_from_slice(inputs[1]);
                Ok(())
            }

            fn reads(&self, input: usize) -> bool {
                input == 1
            }
        }
        let span = |len| Span::whole(Arc::new(Storage::on_host(len).expect("addresses only")));
        let [huge, input, output] = [span(1 << 40), span(2), span(2)];
        input.extent().fill(7);
        let kernel = Buffered::new(Box::new(Blind), &[], Watch::silent());
        assert_eq!(kernel.run(&[huge, input], std::slice::from_ref(&output)), Status::Success);
        let mut bytes = [0; 2];
        output.extent().load(&mut bytes);
        assert_eq!(bytes, [7, 7]);
    }

    #[test]
    fn a_nan_is_an_error_only_where_it_is_looked_for_and_the_outputs_are_there() {
        let nan = 0x7e00_u16.to_le_bytes();
        assert_eq!(run(Writes(Ok(nan)), false), (Status::Success, nan, vec![]));
        let (status, bytes, reports) = run(Writes(Ok(nan)), true);
        assert_eq!((status, bytes), (Status::ExecCompletedWithNumErr, nan));
        assert!(reports[0].reason.contains("\"out\" has a NaN"), "{reports:?}");
        let infinity = 0x7c00_u16.to_le_bytes();
        assert_eq!(run(Writes(Ok(infinity)), true), (Status::Success, infinity, vec![]));
    }

    #[test]
    fn infinities_and_the_largest_numbers_are_no_nans() {
        let both_signs = |dtype, largest: u32, infinity: u32, nan: u32, bits: u32| {
            let bytes = |code: u32| code.to_le_bytes()[..bits as usize / 8].to_vec();
            let sign = 1 << (bits - 1);
            for code in [largest, infinity, largest | sign, infinity | sign] {
                assert!(!has_nan(dtype, &bytes(code)), "{dtype:?} {code:#x}");
            }
            assert!(has_nan(dtype, &bytes(nan)) && has_nan(dtype, &bytes(nan | sign)), "{dtype:?} {nan:#x}");
        };
        both_signs(Dtype::Fp32, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 32);
        both_signs(Dtype::Fp16, 0x7bff, 0x7c00, 0x7c01, 16);
        both_signs(Dtype::Bf16, 0x7f7f, 0x7f80, 0x7f81, 16);
        both_signs(Dtype::Fp8E5, 0x7b, 0x7c, 0x7d, 8);
        both_signs(Dtype::Fp8E4, 0x77, 0x78, 0x79, 8);
        both_signs(Dtype::Fp8E3, 0x6f, 0x70, 0x71, 8);
    }
}
