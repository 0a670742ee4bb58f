//! Data that comes out wrong: NaN, flipped bits, torn writes.

use std::collections::BTreeSet;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::journal::Effect;
use super::rule::Verdict;
use super::watch::Strike;
use crate::memory::bytes::Extent;
use crate::model::Run;
use crate::neff::Dtype;
use crate::status::Status;

/// Bytes that a device moves at once, so that a torn transfer ends at a multiple of them.
const BURST: usize = 64;

/// Has `act` write `targets`, with what `strike` spoils of that. `run`: if it is one; `sees_nan`: whether the runtime
/// looks for NaN.
pub(crate) fn perform(
    strike: &Strike,
    sees_nan: bool,
    targets: &[Extent],
    run: Option<&Run>,
    act: impl FnOnce() -> Status,
) -> (Status, Option<Effect>) {
    let verdict = strike.verdict();
    if *verdict == Verdict::Torn {
        return tear(targets, strike.luck, act);
    }
    let status = act();
    let effect = match *verdict {
        Verdict::Flip(bits) if status.has_run() => flip(targets, u64::from(bits), strike.luck),
        Verdict::Nan(count) if status.has_run() => {
            run.and_then(|run| poison(run, u64::from(count), strike.luck))
        }
        _ => None,
    };
    let is_seen = sees_nan && matches!(effect, Some(Effect::Nan(_))) && status == Status::Success;
    (if is_seen { Status::ExecCompletedWithNumErr } else { status }, effect)
}

fn flip(targets: &[Extent], count: u64, luck: u64) -> Option<Effect> {
    let bits = total(targets) as u64 * 8;
    let mut luck = Xoshiro256PlusPlus::seed_from_u64(luck);
    let mut flipped = BTreeSet::new();
    // Different bits: one that is flipped twice is right again.
    while (flipped.len() as u64) < count.min(bits) {
        flipped.insert(below(luck.next_u64(), bits));
    }
    for bit in &flipped {
        let (byte, mask) = (at(targets, usize::try_from(bit / 8).ok()?)?, 1 << (bit % 8));
        let mut value = [0];
        byte.load(&mut value);
        byte.store(&[value[0] ^ mask]);
    }
    (!flipped.is_empty()).then_some(Effect::Flipped(flipped.len() as u64))
}

/// Has `act` write everything, and takes the last part back: whatever a kernel writes at once arrives in part. What
/// is too short to be torn between two bursts does not arrive at all.
fn tear(targets: &[Extent], luck: u64, act: impl FnOnce() -> Status) -> (Status, Option<Effect>) {
    let whole = total(targets);
    let cuts = whole.div_ceil(BURST).saturating_sub(1) as u64;
    let cut = if cuts == 0 { 0 } else { 1 + below(luck, cuts) } * BURST as u64;
    let cut = usize::try_from(cut).unwrap_or(0);
    let mut tails = Vec::new();
    let mut begin = 0;
    for target in targets {
        let keep = cut.saturating_sub(begin).min(target.len());
        let tail = target.part(keep, target.len() - keep);
        let mut bytes = vec![0; tail.len()];
        tail.load(&mut bytes);
        tails.push((tail, bytes));
        begin += target.len();
    }
    let status = act();
    if !status.has_run() || whole == 0 {
        return (status, None);
    }
    tails.iter().for_each(|(tail, bytes)| tail.store(bytes));
    (status, Some(Effect::Torn(cut as u64, whole as u64)))
}

/// Makes `count` numbers of the outputs NaN, where they are of a kind that has it.
fn poison(run: &Run, count: u64, luck: u64) -> Option<Effect> {
    let typed = run.model.outputs.iter().zip(&run.outputs);
    let floats: Vec<(&[u8], Extent)> =
        typed.filter_map(|(slot, span)| Some((nan(slot.dtype)?, span.extent()))).collect();
    let numbers: u64 = floats.iter().map(|(nan, extent)| (extent.len() / nan.len()) as u64).sum();
    let mut luck = Xoshiro256PlusPlus::seed_from_u64(luck);
    let mut chosen = BTreeSet::new();
    while (chosen.len() as u64) < count.min(numbers) {
        chosen.insert(below(luck.next_u64(), numbers));
    }
    for number in &chosen {
        let mut rest = usize::try_from(*number).ok()?;
        for (nan, extent) in &floats {
            let has = extent.len() / nan.len();
            if rest < has {
                extent.part(rest * nan.len(), nan.len()).store(nan);
                break;
            }
            rest -= has;
        }
    }
    (!chosen.is_empty()).then_some(Effect::Nan(chosen.len() as u64))
}

/// The bytes of a NaN, for types that have one.
fn nan(dtype: Dtype) -> Option<&'static [u8]> {
    match dtype {
        Dtype::Fp32 | Dtype::Fp32r => Some(&[0x00, 0x00, 0xc0, 0x7f]),
        Dtype::Fp16 => Some(&[0x00, 0x7e]),
        Dtype::Bf16 => Some(&[0xc0, 0x7f]),
        Dtype::Fp8E3 | Dtype::Fp8E4 | Dtype::Fp8E5 => Some(&[0x7f]),
        _ => None,
    }
}

fn total(targets: &[Extent]) -> usize {
    targets.iter().map(|target| target.len()).sum()
}

/// The byte at `offset`, counted over all `targets`.
fn at(targets: &[Extent], mut offset: usize) -> Option<Extent> {
    for target in targets {
        if offset < target.len() {
            return Some(target.part(offset, 1));
        }
        offset -= target.len();
    }
    None
}

/// A number below `limit` that follows from `luck`.
fn below(luck: u64, limit: u64) -> u64 {
    u64::try_from((u128::from(luck) * u128::from(limit)) >> 64).unwrap_or(0)
}
