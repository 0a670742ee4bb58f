//! The kernel of a model about which nothing is known.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sim_core::kernel::Kernel;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::status::Status;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes handled at a time, on the stack: of tensors up to this size, and of larger ones.
const SMALL: usize = 256;
const LARGE: usize = 4096;

/// Up to so many bytes, a run takes a few microseconds (measured, see `docs/performance.md`).
const LIGHT_BYTES: u64 = 64 << 10;

/// The kernel of a model nothing else is known about: every output byte depends on every input byte.
///
/// The same inputs give the same outputs, on every machine and in every run; other inputs, another
/// model or another output give other bytes. So stale or misrouted data shows. Chosen here.
#[derive(Debug)]
pub struct Mix {
    identity: u64,
}

impl Mix {
    /// The mix of the model that `identity` (its uuid and name, say) stands for.
    pub fn new(identity: &[u8]) -> Mix {
        Mix { identity: xxh3_64_with_seed(identity, 0) }
    }
}

impl Kernel for Mix {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        let digest = inputs.iter().fold(self.identity, |digest, input| fold(digest, input.extent()));
        for (place, output) in (0_u64..).zip(outputs) {
            spread(digest.wrapping_add(place), output.extent());
        }
        Status::Success
    }

    fn is_light(&self, bytes: u64) -> bool {
        bytes <= LIGHT_BYTES
    }
}

/// `digest`, changed by the length and every byte of `bytes`.
fn fold(digest: u64, bytes: Extent) -> u64 {
    let begin = xxh3_64_with_seed(&(bytes.len() as u64).to_le_bytes(), digest);
    if bytes.len() <= SMALL { fold_by::<SMALL>(begin, bytes) } else { fold_by::<LARGE>(begin, bytes) }
}

fn fold_by<const CHUNK: usize>(begin: u64, bytes: Extent) -> u64 {
    let mut chunk = [0; CHUNK];
    (0..bytes.len()).step_by(CHUNK).fold(begin, |digest, at| {
        let part = &mut chunk[..CHUNK.min(bytes.len() - at)];
        bytes.part(at, part.len()).load(part);
        xxh3_64_with_seed(part, digest)
    })
}

/// Fills `bytes` with values that follow from `digest`.
fn spread(digest: u64, bytes: Extent) {
    if bytes.len() <= SMALL { spread_by::<SMALL>(digest, bytes) } else { spread_by::<LARGE>(digest, bytes) }
}

fn spread_by<const CHUNK: usize>(digest: u64, bytes: Extent) {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(digest);
    let mut chunk = [0; CHUNK];
    for at in (0..bytes.len()).step_by(CHUNK) {
        let part = &mut chunk[..CHUNK.min(bytes.len() - at)];
        generator.fill_bytes(part);
        bytes.part(at, part.len()).store(part);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sim_core::kernel::Kernel;
    use sim_core::memory::storage::{Span, Storage};

    use super::Mix;

    fn tensor(bytes: &[u8]) -> Span {
        let storage = Storage::on_host(bytes.len()).expect("small");
        storage.extent().store(bytes);
        Span::whole(Arc::new(storage))
    }

    fn run(model: &[u8], inputs: &[&[u8]]) -> Vec<Vec<u8>> {
        let inputs: Vec<Span> = inputs.iter().map(|bytes| tensor(bytes)).collect();
        let outputs = [tensor(&[0; 5000]), tensor(&[0; 5000])];
        Mix::new(model).run(&inputs, &outputs);
        let read = |span: &Span| {
            let mut bytes = vec![0; span.len()];
            span.extent().load(&mut bytes);
            bytes
        };
        outputs.iter().map(read).collect()
    }

    #[test]
    fn every_input_byte_changes_every_output() {
        let mut input = vec![0; 9000];
        let first = run(b"m", &[&input, b"y"]);
        assert_eq!(first, run(b"m", &[&input, b"y"]));
        for at in [0, 4095, 4096, 8999] {
            input[at] = 1;
            let other = run(b"m", &[&input, b"y"]);
            assert!(other[0] != first[0] && other[1] != first[1], "byte {at}");
            input[at] = 0;
        }
    }

    #[test]
    fn models_outputs_and_the_order_of_inputs_differ() {
        let [first, second] = run(b"m", &[b"x", b"y"]).try_into().expect("two outputs");
        assert_ne!(first, second);
        assert_ne!(first, run(b"n", &[b"x", b"y"])[0]);
        assert_ne!(first, run(b"m", &[b"y", b"x"])[0]);
        assert_ne!(first, run(b"m", &[b"xy", b""])[0]);
    }
}
