//! Memory that is kept from one run to the next.

use parking_lot::Mutex;

/// Bytes that are kept; what is larger is given back after the run.
const KEPT_BYTES: usize = 64 << 20;

/// Some numbers of float32 for as long as a run, `COUNT` times.
#[derive(Debug)]
pub(super) struct Scratch<const COUNT: usize> {
    values: Mutex<[Vec<f32>; COUNT]>,
}

impl<const COUNT: usize> Default for Scratch<COUNT> {
    fn default() -> Scratch<COUNT> {
        Scratch { values: Mutex::new([const { Vec::new() }; COUNT]) }
    }
}

impl<const COUNT: usize> Scratch<COUNT> {
    /// Gives `run` the memory, with what an earlier run left in it.
    pub(super) fn lend(&self, run: impl FnOnce(&mut [Vec<f32>; COUNT])) {
        // Nobody ever waits for this lock: runs of one model do not overlap.
        let mut values = self.values.lock();
        run(&mut values);
        if values.iter().map(|values| values.capacity() * size_of::<f32>()).sum::<usize>() > KEPT_BYTES {
            *values = [const { Vec::new() }; COUNT];
        }
    }
}
