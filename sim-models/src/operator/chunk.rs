//! Tensors a piece at a time, so that no operator needs memory for a whole one in a wider type.

use crate::element::Numbers;

/// Elements of a piece: those of one and their values fit into the fastest cache.
const CHUNK: usize = 512;

/// Hands `visit` the values of `bytes`, in order, some at a time.
pub(super) fn each<N: Numbers>(numbers: N, bytes: &[u8], mut visit: impl FnMut(&[N::Value])) {
    let mut values = [N::Value::default(); CHUNK];
    for part in bytes.chunks(CHUNK * numbers.bytes()) {
        let values = &mut values[..part.len() / numbers.bytes()];
        numbers.load(part, values);
        visit(values);
    }
}

/// Writes to each element of `output` what `change` makes of that of `input`, which has as many.
pub(super) fn map<I: Numbers, O: Numbers>(
    (from, input): (I, &[u8]),
    (to, output): (O, &mut [u8]),
    change: impl Fn(I::Value) -> O::Value,
) {
    let mut changed = [O::Value::default(); CHUNK];
    let mut parts = output.chunks_mut(CHUNK * to.bytes());
    each(from, input, |values| {
        let Some(part) = parts.next() else { return };
        let changed = &mut changed[..values.len()];
        for (changed, value) in changed.iter_mut().zip(values) {
            *changed = change(*value);
        }
        to.store(changed, part);
    });
}

/// Writes to each element of `output` those of all `inputs`, at least one, combined from the first on.
pub(super) fn fold<N: Numbers>(
    numbers: N,
    inputs: &[&[u8]],
    output: &mut [u8],
    combine: impl Fn(N::Value, N::Value) -> N::Value,
) {
    let mut sums = [N::Value::default(); CHUNK];
    let mut values = [N::Value::default(); CHUNK];
    let step = CHUNK * numbers.bytes();
    for (at, target) in (0..).step_by(step).zip(output.chunks_mut(step)) {
        let part = |input: &'_ &[u8]| at..at + target.len().min(input.len() - at);
        let len = target.len() / numbers.bytes();
        let (sums, values) = (&mut sums[..len], &mut values[..len]);
        for (nth, input) in inputs.iter().enumerate() {
            if nth == 0 {
                numbers.load(&input[part(input)], sums);
                continue;
            }
            numbers.load(&input[part(input)], values);
            for (sum, value) in sums.iter_mut().zip(&*values) {
                *sum = combine(*sum, *value);
            }
        }
        numbers.store(sums, target);
    }
}

/// Writes `values` to `output`, which has as many elements.
pub(super) fn fill<N: Numbers>(numbers: N, output: &mut [u8], values: impl IntoIterator<Item = N::Value>) {
    let mut chunk = [N::Value::default(); CHUNK];
    let mut values = values.into_iter();
    for part in output.chunks_mut(CHUNK * numbers.bytes()) {
        let chunk = &mut chunk[..part.len() / numbers.bytes()];
        for (place, value) in chunk.iter_mut().zip(&mut values) {
            *place = value;
        }
        numbers.store(chunk, part);
    }
}
