//! The runs of a queue whose numbers the program does not know, and so waits for by the memory that they use.
//!
//! What the program knows of them follows from what it has waited for, never from what has completed by then, so that
//! the same calls have the same answers.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::memory::storage::{Span, Storage};
use crate::model::Run;
use crate::status::Status;

/// What a call does with a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It reads, and must come after the runs that write.
    Read,
    /// It writes, and must come after the runs that write or read.
    Write,
}

/// A run that ended badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Its number.
    pub num: u64,
    /// What it ended with.
    pub status: Status,
}

/// The runs of one queue. All methods may be called from any thread.
#[derive(Debug, Default)]
pub struct Inflight {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The program knows that all runs up to this number have ended.
    waited: u64,
    /// Those above, in the order in which they were added.
    runs: Vec<InUse>,
    /// Those that ended badly and of which no call has told, in the order of their numbers.
    failures: VecDeque<Failure>,
}

/// What a run uses. It does not keep the memory, but no other storage gets its address meanwhile.
#[derive(Debug)]
struct InUse {
    num: u64,
    reads: Vec<Weak<Storage>>,
    writes: Vec<Weak<Storage>>,
}

impl InUse {
    fn conflicts(&self, storage: &Arc<Storage>, access: Access) -> bool {
        let has = |used: &[Weak<Storage>]| used.iter().any(|used| used.as_ptr() == Arc::as_ptr(storage));
        has(&self.writes) || access == Access::Write && has(&self.reads)
    }
}

impl Inflight {
    /// Run `num` was accepted.
    pub fn add(&self, num: u64, run: &Run) {
        let storages = |spans: &[Span]| spans.iter().map(|span| Arc::downgrade(span.storage())).collect();
        let used = InUse { num, reads: storages(run.inputs()), writes: storages(run.outputs()) };
        let mut state = self.state.lock();
        if num > state.waited {
            state.runs.push(used); // else another thread has waited for all that was accepted
        }
    }

    /// Run `num` has ended badly. Called in the order of the numbers, before the number is published.
    pub fn fail(&self, num: u64, status: Status) {
        self.state.lock().failures.push_back(Failure { num, status });
    }

    /// The number of the last run that a call must wait for which does `access` with `storage`.
    pub fn last_before(&self, storage: &Arc<Storage>, access: Access) -> Option<u64> {
        let state = self.state.lock();
        let conflicting = state.runs.iter().filter(|run| run.conflicts(storage, access));
        conflicting.map(|run| run.num).max()
    }

    /// The program has waited for all runs up to `num`.
    pub fn waited(&self, num: u64) {
        let mut state = self.state.lock();
        state.waited = state.waited.max(num);
        let waited = state.waited;
        state.runs.retain(|run| run.num > waited);
    }

    /// The first run that ended badly among those that the program has waited for. It is told of each once.
    pub fn take_failure(&self) -> Option<Failure> {
        let mut state = self.state.lock();
        let waited = state.waited;
        state.failures.pop_front_if(|failure| failure.num <= waited)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Access, Failure, Inflight};
    use crate::kernel::Kernel;
    use crate::memory::storage::{Span, Storage};
    use crate::memory::tensor::Tensor;
    use crate::model::{Model, Run, Slot};
    use crate::neff::Dtype;
    use crate::status::Status;
    use crate::time::Nanos;
    use crate::timing::{Cost, Timing};

    struct Nothing;

    impl Kernel for Nothing {
        fn run(&self, _: &[Span], _: &[Span]) -> Status {
            Status::Success
        }

        fn is_light(&self, _: u64) -> bool {
            true
        }
    }

    fn storage() -> Arc<Storage> {
        Arc::new(Storage::on_host(64).expect("small"))
    }

    /// A run that reads the second half of `from` and writes the first of `to`.
    fn run(from: &Arc<Storage>, to: &Arc<Storage>) -> Run {
        let slot = |name: &str| Slot { name: name.into(), size: 32, dtype: Dtype::U8 };
        let model = Arc::new(Model {
            name: "nothing".into(),
            uuid: String::new(),
            id: 1,
            core: 0,
            inputs: vec![slot("from")],
            outputs: vec![slot("to")],
            cost: Cost::Stated(Timing::Fixed(Nanos(1))),
            kernel: Box::new(Nothing),
        });
        let half = |storage: &Arc<Storage>, offset| {
            let span = Span::whole(Arc::clone(storage)).part(offset, 32);
            Some(Arc::new(Tensor::new("half", span)))
        };
        model.bind(0, true, |_| half(from, 32), |_| half(to, 0)).expect("it fits")
    }

    #[test]
    fn reads_come_after_writers_and_writes_after_all() {
        let (inflight, [one, two, other]) = (Inflight::default(), [storage(), storage(), storage()]);
        inflight.add(1, &run(&one, &two));
        inflight.add(2, &run(&one, &two));
        inflight.add(3, &run(&two, &one));
        for (storage, access, last) in [
            (&one, Access::Read, Some(3)),
            (&two, Access::Read, Some(2)),
            (&two, Access::Write, Some(3)),
            (&other, Access::Write, None),
        ] {
            assert_eq!(inflight.last_before(storage, access), last, "{access:?}");
        }
        inflight.waited(2);
        assert_eq!(inflight.last_before(&two, Access::Read), None);
        assert_eq!(inflight.last_before(&two, Access::Write), Some(3));
        inflight.waited(3);
        inflight.add(3, &run(&two, &one));
        assert_eq!(inflight.last_before(&one, Access::Write), None, "somebody waited before it was added");
    }

    #[test]
    fn memory_is_not_kept_and_its_address_means_nobody_else() {
        let (inflight, input, mut output) = (Inflight::default(), storage(), storage());
        inflight.add(1, &run(&input, &output));
        for _ in 0..100 {
            assert!(Arc::get_mut(&mut output).is_none(), "an address that is remembered is not given out");
            assert_eq!(
                (Arc::strong_count(&output), inflight.last_before(&output, Access::Read).is_some()),
                (1, true)
            );
            output = storage();
            assert_eq!(inflight.last_before(&output, Access::Write), None);
            inflight.add(1, &run(&input, &output));
        }
    }

    #[test]
    fn each_failure_is_told_once_and_only_to_who_has_waited_for_it() {
        let inflight = Inflight::default();
        let failures = [2, 3, 5].map(|num| Failure { num, status: Status::ExecCompletedWithNumErr });
        failures.iter().for_each(|failure| inflight.fail(failure.num, failure.status));
        assert_eq!(inflight.take_failure(), None);
        inflight.waited(4);
        inflight.waited(1);
        let told = std::array::from_fn(|_| inflight.take_failure());
        assert_eq!(told, [Some(failures[0]), Some(failures[1]), None]);
        inflight.waited(5);
        assert_eq!(inflight.take_failure(), Some(failures[2]));
    }
}
