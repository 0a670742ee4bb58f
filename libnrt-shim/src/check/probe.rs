//! Looking at memory of the program: sums of buffers, and whether it is still there.

use std::hash::Hasher;
use std::ops::Range;

use rustc_hash::FxHasher;
use sim_check::checker::Changed;
use sim_check::queues::Proof;
use sim_core::memory::bytes::Extent;
use xxhash_rust::xxh3::Xxh3Default;

/// Up to so many bytes are summed where they stand.
const SMALL_MAX: usize = 256;
/// Up to so many bytes all are looked at; of more, the ends and some in between.
const WHOLE_MAX: usize = 4096;
const END: usize = 1024;
const PIECE: usize = 64;
const PIECES: usize = 32;

/// The parts of a buffer of `len` bytes that are looked at.
fn parts(len: usize) -> impl Iterator<Item = Range<usize>> {
    let is_whole = len <= WHOLE_MAX;
    let whole = is_whole.then_some(0..len);
    let ends = (!is_whole).then(|| [0..END, len - END..len]);
    let step = len / (PIECES + 1);
    let pieces = (1..=PIECES).map(move |index| index * step..index * step + PIECE);
    whole.into_iter().chain(ends.into_iter().flatten()).chain(pieces.take(if is_whole { 0 } else { PIECES }))
}

/// The sum of `len` bytes of which `load` gives any part: a change of one word always shows.
#[inline]
fn small(len: usize, load: impl Fn(usize, &mut [u8])) -> u64 {
    let mut hasher = FxHasher::default();
    let whole = len - len % size_of::<u64>();
    for at in (0..whole).step_by(size_of::<u64>()) {
        let mut word = [0; size_of::<u64>()];
        load(at, &mut word);
        hasher.write_u64(u64::from_ne_bytes(word));
    }
    if whole < len {
        let mut word = [0; size_of::<u64>()];
        load(whole, &mut word[..len - whole]);
        hasher.write_u64(u64::from_ne_bytes(word));
    }
    hasher.finish()
}

/// The sum of a buffer of the program, which is there.
pub(crate) fn sum(buffer: Extent) -> u64 {
    if buffer.len() <= SMALL_MAX {
        return small(buffer.len(), |at, bytes| buffer.part(at, bytes.len()).load(bytes));
    }
    let mut bytes = [0; WHOLE_MAX];
    let mut all = Xxh3Default::new();
    for part in parts(buffer.len()) {
        let bytes = &mut bytes[..part.len()];
        buffer.part(part.start, part.len()).load(bytes);
        all.update(bytes);
    }
    all.digest()
}

/// Copies `into.len()` bytes at `address`: false if they cannot be read, none if nobody can tell.
fn read(address: usize, into: &mut [u8]) -> Option<bool> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote =
        libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(address), iov_len: into.len() };
    let process = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: the system checks the remote addresses, and the local ones are a borrowed slice.
    let got = unsafe { libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) };
    match got {
        -1 if std::io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT) => Some(false),
        -1 => None, // forbidden here
        got => Some(got.unsigned_abs() == into.len()),
    }
}

/// Looks at memory that the program may have freed by now.
pub(crate) fn verify(proof: &Proof) -> Changed {
    let mut changed = Changed::default();
    if !proof.is_late {
        return changed;
    }
    if let Some((address, stands)) = proof.status {
        let mut word = [0; 4];
        match read(address, &mut word) {
            Some(true) => changed.status = u32::from_ne_bytes(word) != stands,
            Some(false) => changed.status_is_gone = true,
            None => {}
        }
    }
    if let Some((address, len, sum)) = proof.buffer {
        if len <= SMALL_MAX {
            let bytes = &mut [0; SMALL_MAX][..len];
            match read(address, bytes) {
                Some(true) => {
                    let now = small(len, |at, part| part.copy_from_slice(&bytes[at..at + part.len()]));
                    changed.buffer = now != sum;
                }
                Some(false) => changed.buffer_is_gone = true,
                None => {}
            }
            return changed;
        }
        let mut all = Xxh3Default::new();
        let mut bytes = [0; WHOLE_MAX];
        for part in parts(len) {
            let bytes = &mut bytes[..part.len()];
            match read(address + part.start, bytes) {
                Some(true) => all.update(bytes),
                Some(false) => changed.buffer_is_gone = true,
                None => return changed,
            }
        }
        changed.buffer = !changed.buffer_is_gone && all.digest() != sum;
    }
    changed
}

#[cfg(test)]
mod tests {
    use sim_check::queues::Proof;
    use sim_core::memory::bytes::Mapping;

    use super::{parts, sum, verify};

    #[test]
    fn the_same_bytes_have_the_same_sum_however_they_are_read() {
        for len in [0, 1, 8, 13, 64, 256, 257, 4096, 4097, 1 << 20] {
            let mapping = Mapping::reserve(len).expect("small");
            let buffer = mapping.extent().part(0, len);
            buffer.fill(7);
            let proof =
                Proof { buffer: Some((buffer.address(), len, sum(buffer))), is_late: true, status: None };
            assert!(!verify(&proof).buffer, "{len}");
            if len > 0 {
                buffer.part(len - 1, 1).fill(8);
                assert!(verify(&proof).buffer, "{len}");
            }
            drop(mapping);
            assert!(len == 0 || verify(&proof).buffer_is_gone, "{len}");
        }
    }

    #[test]
    fn parts_lie_within() {
        for len in [4097, 5000, 1 << 16, (1 << 26) + 1] {
            assert!(parts(len).all(|part| part.start < part.end && part.end <= len), "{len}");
        }
    }
}
