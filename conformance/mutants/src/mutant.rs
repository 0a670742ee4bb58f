//! What a mutant is, and all of them.

use crate::slots::Slots;
use crate::{
    completion, data, epoch, events, faults, lifecycle, machine, memory_use, models, queue, sequence, status,
    submission, tensors, threads,
};

/// A runtime that is broken in one place.
pub(crate) struct Mutant {
    /// Named after what it breaks.
    pub(crate) name: &'static str,
    /// The same in a sentence.
    pub(crate) breaks: &'static str,
    /// Rules that say what it breaks, as patterns: one of them has to fail.
    pub(crate) caught_by: &'static [&'static str],
    /// Breaks it.
    pub(crate) install: fn(&mut Slots),
}

/// All mutants, by what they break.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutant> {
    let tables = [
        status::MUTANTS,
        data::MUTANTS,
        sequence::MUTANTS,
        completion::MUTANTS,
        events::MUTANTS,
        queue::MUTANTS,
        submission::MUTANTS,
        faults::MUTANTS,
        threads::MUTANTS,
        tensors::MUTANTS,
        memory_use::MUTANTS,
        models::MUTANTS,
        machine::MUTANTS,
        lifecycle::MUTANTS,
        epoch::MUTANTS,
    ];
    tables.into_iter().flatten()
}
