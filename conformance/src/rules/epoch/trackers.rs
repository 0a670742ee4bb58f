use super::{Start, tracker};
use crate::abi::{COMPUTE, Status, number};
use crate::session::{Place, Session};
use crate::verdict::{Outcome, Stop};

/// A status of a run that leaves the unit as it is.
const MILD: i32 = 1004;
/// A status that makes the unit unusable.
const FATAL: i32 = 1202;
const UNUSABLE: u64 = 101;

/// What a tracker lists, and the places of the list and its length.
struct List {
    list: Place,
    count: Place,
    entries: Vec<(u64, u64)>,
}

fn list(s: &Session, tracker: Place) -> Outcome<List> {
    let (list, count) = (s.pointer('p'), s.long());
    s.call_old("nrta_error_tracker_get_list", [tracker.into(), list.at(), count.at()])?
        .is(Status::SUCCESS)?;
    let entries = entries(list, count.value())?;
    Ok(List { list, count, entries })
}

/// Reads a list: pairs of an id and a status.
fn entries(list: Place, count: u64) -> Outcome<Vec<(u64, u64)>> {
    if count > 1000 {
        return Err(Stop::failed(format!("the list is said to have {count} entries")));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    if list.value() == 0 {
        return Err(Stop::failed(format!("the list of {count} entries is NULL")));
    }
    // SAFETY: the library has said that so many entries are there, of two numbers each.
    let list = unsafe { std::slice::from_raw_parts(list.value() as *const [u64; 2], count as usize) };
    Ok(list.iter().map(|[id, status]| (*id, *status)).collect())
}

impl List {
    /// The rule wants these entries, in any order of requests.
    fn is(&self, s: &Session, wanted: &[(Place, u64)]) -> Outcome {
        let (list, count) = (self.list.name, self.count.name);
        let found = self.entries.len();
        let what = format!("there are {found} entries, not {}", wanted.len());
        s.check(found == wanted.len(), format!("{count} == {}", wanted.len()), what)?;
        for (id, status) in wanted {
            let any = (0..found).map(|index| {
                let at = 2 * index;
                let name = id.name;
                format!(
                    "(((uint64_t *){list})[{at}] == {name} && ((uint64_t *){list})[{at} + 1] == {status})"
                )
            });
            let in_c = any.collect::<Vec<_>>().join(" || ");
            let is_there = self.entries.contains(&(id.value(), *status));
            let what = format!("{:?} has no entry ({:#x}, {status})", self.entries, id.value());
            s.check(is_there, in_c, what)?;
        }
        Ok(())
    }
}

pub(super) fn new_one(s: &Session) -> Outcome {
    s.needs_old_forms()?;
    s.init()?;
    let tracker = s.pointer('p');
    s.call_old("nrta_error_tracker_create", [0.into(), tracker.at()])?.is(Status::SUCCESS)?;
    s.check(tracker.value() != 0, format!("{} != NULL", tracker.name), "the tracker is NULL")?;
    list(s, tracker)?.is(s, &[])?;
    s.call_old("nrta_error_tracker_destroy", [tracker.into()])?.ignored();
    Ok(())
}

pub(super) fn successes(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    for _ in 0..3 {
        s.completes_old(start.submit()?)?;
    }
    list(s, start.tracker)?.is(s, &[])
}

pub(super) fn failure(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 1, MILD)?;
    let id = start.submit()?;
    s.completes_old(id)?;
    list(s, start.tracker)?.is(s, &[(id, MILD as u64)])
}

pub(super) fn failure_among_successes(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 2, MILD)?;
    let ids = [start.submit()?, start.submit()?, start.submit()?];
    s.completes_old(ids[2])?;
    list(s, start.tracker)?.is(s, &[(ids[1], MILD as u64)])
}

pub(super) fn behind_a_fatal_one(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 1, FATAL)?;
    s.hold(0, COMPUTE, 0)?;
    let ids = [start.submit()?, start.submit()?, start.submit()?];
    s.release(0, COMPUTE, 0)?;
    s.completes_old(ids[2])?;
    list(s, start.tracker)?.is(s, &[(ids[0], FATAL as u64), (ids[1], UNUSABLE), (ids[2], UNUSABLE)])
}

pub(super) fn read_once(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 1, MILD)?;
    s.inject_status(0, 3, MILD)?;
    let first = start.submit()?;
    s.completes_old(first)?;
    list(s, start.tracker)?.is(s, &[(first, MILD as u64)])?;
    list(s, start.tracker)?.is(s, &[])?;
    let others = [start.submit()?, start.submit()?];
    s.completes_old(others[1])?;
    list(s, start.tracker)?.is(s, &[(others[1], MILD as u64)])
}

pub(super) fn two_trackers(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let other = tracker(s)?;
    s.inject_status(0, 1, MILD)?;
    let ids = [s.sequence(), s.sequence()];
    start.schedule(start.tracker, ids[0])?.needed()?;
    start.schedule(other, ids[1])?.needed()?;
    s.completes_old(ids[1])?;
    list(s, other)?.is(s, &[])?;
    list(s, start.tracker)?.is(s, &[(ids[0], MILD as u64)])
}

pub(super) fn own_lists(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let other = tracker(s)?;
    for nth in 1..3 {
        s.inject_status(0, nth, MILD)?;
    }
    let ids = [s.sequence(), s.sequence()];
    start.schedule(start.tracker, ids[0])?.needed()?;
    start.schedule(other, ids[1])?.needed()?;
    s.completes_old(ids[1])?;
    let mut kept = list(s, start.tracker)?;
    kept.is(s, &[(ids[0], MILD as u64)])?;
    list(s, other)?.is(s, &[(ids[1], MILD as u64)])?;
    s.call_old("nrta_error_tracker_destroy", [other.into()])?.ignored();
    kept.entries = entries(kept.list, kept.count.value())?;
    kept.is(s, &[(ids[0], MILD as u64)])
}

pub(super) fn none(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let (nothing, id) = (s.pointer('p'), s.sequence());
    let status = start.schedule(nothing, id)?.status();
    if status == Status::SUCCESS {
        return s.completes_old(id);
    }
    s.check(id.value() == u64::MAX, format!("{} == UINT64_MAX", id.name), "a refused request has an id")?;
    let next = start.submit()?;
    let what = format!("the first id is {:#x}", next.value());
    s.check(number(next.value()) == 1, format!("({} & 0xffffffffffff) == 1", next.name), what)
}
