use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use super::{Broken, History, Operation, Queue, Seen};

fn history(capacity: Option<u64>, operations: &[(u64, u64, Seen)]) -> History {
    let operations = operations.iter().map(|&(begin, end, seen)| Operation { begin, end, seen }).collect();
    History { before: 0, capacity, operations }
}

#[track_caller]
fn legal(capacity: Option<u64>, operations: &[(u64, u64, Seen)]) {
    assert_eq!(history(capacity, operations).check(), Ok(()));
}

#[track_caller]
fn illegal(capacity: Option<u64>, operations: &[(u64, u64, Seen)], at: usize) {
    let broken = history(capacity, operations).check().expect_err("it is illegal");
    assert_eq!((broken.at, broken.seen), (at, operations[at].2));
}

use Seen::{Accepted, Completed, Full, Last};

#[test]
fn nothing_is_legal() {
    legal(None, &[]);
}

#[test]
fn numbers_begin_at_one_and_count_up() {
    legal(None, &[(1, 2, Accepted(1)), (3, 4, Accepted(2)), (5, 6, Accepted(3))]);
    illegal(None, &[(1, 2, Accepted(0))], 0);
    illegal(None, &[(1, 2, Accepted(2))], 0);
    illegal(None, &[(1, 2, Accepted(1)), (3, 4, Accepted(3))], 1);
    illegal(None, &[(1, 2, Accepted(1)), (3, 4, Accepted(1))], 1);
    illegal(None, &[(1, 2, Accepted(2)), (3, 4, Accepted(1))], 0);
}

#[test]
fn a_queue_with_a_past_goes_on_from_it() {
    let mut past = history(None, &[(1, 2, Accepted(8)), (3, 4, Last(7)), (5, 6, Last(8))]);
    past.before = 7;
    assert_eq!(past.check(), Ok(()));
    past.operations[1].seen = Last(6);
    assert!(past.check().is_err(), "what had completed stays so");
    past.operations[1].seen = Completed(7, false);
    assert!(past.check().is_err());
}

#[test]
fn what_overlaps_may_have_happened_in_any_order() {
    legal(None, &[(1, 4, Accepted(2)), (2, 3, Accepted(1))]);
    legal(None, &[(1, 6, Accepted(3)), (2, 5, Accepted(2)), (3, 4, Accepted(1))]);
    illegal(None, &[(1, 6, Accepted(3)), (2, 3, Accepted(2)), (4, 5, Accepted(1))], 1);
    legal(None, &[(1, 2, Accepted(2)), (2, 3, Accepted(1))]);
}

#[test]
fn only_what_was_submitted_completes() {
    illegal(None, &[(1, 2, Last(1))], 0);
    illegal(None, &[(1, 2, Completed(1, true))], 0);
    illegal(None, &[(1, 2, Completed(1, true)), (3, 4, Accepted(1))], 0);
    legal(None, &[(1, 4, Completed(1, true)), (2, 3, Accepted(1))]);
    legal(None, &[(1, 4, Last(1)), (2, 3, Accepted(1))]);
    legal(None, &[(1, 2, Completed(1, false)), (3, 4, Last(0))]);
    legal(None, &[(1, 2, Completed(0, true))]);
    illegal(None, &[(1, 2, Completed(0, false))], 0);
}

#[test]
fn what_has_completed_stays_so_for_every_way_to_look() {
    let two = [(1, 2, Accepted(1)), (3, 4, Accepted(2))];
    let then = |more: &[(u64, u64, Seen)]| [&two, more].concat();
    legal(None, &then(&[(5, 6, Last(0)), (7, 8, Last(1)), (9, 10, Last(2))]));
    illegal(None, &then(&[(5, 6, Last(1)), (7, 8, Last(0))]), 3);
    illegal(None, &then(&[(5, 6, Last(1)), (7, 8, Completed(1, false))]), 3);
    illegal(None, &then(&[(5, 6, Completed(2, true)), (7, 8, Completed(1, false))]), 3);
    illegal(None, &then(&[(5, 6, Completed(1, true)), (7, 8, Last(0))]), 3);
    legal(None, &then(&[(5, 6, Completed(1, true)), (7, 8, Completed(2, false)), (9, 10, Last(1))]));
    legal(None, &then(&[(5, 6, Completed(2, false)), (7, 8, Completed(2, true)), (9, 10, Last(2))]));
    legal(None, &then(&[(5, 8, Last(1)), (6, 7, Last(0))]));
    illegal(None, &then(&[(5, 6, Completed(2, true)), (7, 8, Completed(1, true)), (9, 10, Last(1))]), 4);
}

#[test]
fn a_queue_is_full_where_it_can_have_been() {
    let two = [(1, 2, Accepted(1)), (3, 4, Accepted(2))];
    let then = |more: &[(u64, u64, Seen)]| [&two, more].concat();
    legal(Some(2), &then(&[(5, 6, Full)]));
    illegal(Some(3), &then(&[(5, 6, Full)]), 2);
    legal(None, &then(&[(5, 6, Full), (7, 8, Last(2)), (9, 10, Full)]));
    illegal(Some(2), &then(&[(5, 6, Last(1)), (7, 8, Full)]), 3);
    legal(Some(2), &then(&[(5, 8, Last(1)), (6, 7, Full)]));
    legal(Some(1), &[(1, 6, Accepted(1)), (2, 5, Full), (3, 4, Last(0))]);
    illegal(Some(1), &[(1, 2, Full)], 0);
}

#[test]
fn a_place_is_free_only_when_a_request_has_completed() {
    legal(Some(1), &[(1, 2, Accepted(1)), (3, 4, Accepted(2)), (5, 6, Last(1))]);
    illegal(Some(1), &[(1, 2, Accepted(1)), (3, 4, Accepted(2)), (5, 6, Last(0))], 2);
    illegal(Some(2), &[(1, 2, Accepted(1)), (3, 4, Accepted(2)), (5, 6, Accepted(3)), (7, 8, Last(0))], 3);
    legal(Some(3), &[(1, 2, Accepted(1)), (3, 4, Accepted(2)), (5, 6, Accepted(3)), (7, 8, Last(0))]);
    illegal(Some(0), &[(1, 2, Accepted(1))], 0);
}

#[test]
fn a_refusal_takes_no_number() {
    legal(Some(1), &[(1, 2, Accepted(1)), (3, 4, Full), (5, 6, Last(1)), (7, 8, Accepted(2))]);
    illegal(Some(1), &[(1, 2, Accepted(1)), (3, 4, Full), (5, 6, Last(1)), (7, 8, Accepted(3))], 3);
}

#[test]
fn a_broken_history_says_where() {
    let says = |seen| Broken { at: 3, seen }.to_string();
    assert_eq!(
        says(Accepted(7)),
        "no order of what the threads saw explains a submission that got number 7 (operation 3)"
    );
    assert!(says(Full).contains("found the queue full"));
    assert!(says(Last(2)).contains("found 2 to be the last that had completed"));
    assert!(says(Completed(2, true)).contains("found 2 to have completed"));
    assert!(says(Completed(2, false)).contains("found 2 not to have completed"));
}

/// Whether an order is legal, by trying all of them.
fn tried(history: &History) -> bool {
    let all: Vec<usize> = (0..history.operations.len()).collect();
    goes_on(history, &all, Queue { submitted: history.before, completed: history.before })
}

fn goes_on(history: &History, left: &[usize], queue: Queue) -> bool {
    if left.is_empty() {
        return true;
    }
    let completes = queue.completed < queue.submitted
        && goes_on(history, left, Queue { completed: queue.completed + 1, ..queue });
    completes
        || left.iter().any(|index| {
            let operation = history.operations[*index];
            let is_next = left.iter().all(|other| history.operations[*other].end >= operation.begin);
            let others: Vec<usize> = left.iter().copied().filter(|other| other != index).collect();
            let depth = queue.submitted - queue.completed;
            let next = match operation.seen {
                Accepted(number) => {
                    let has_room = history.capacity.is_none_or(|capacity| depth < capacity);
                    (number == queue.submitted + 1 && has_room)
                        .then_some(Queue { submitted: number, ..queue })
                }
                Full => history.capacity.is_none_or(|capacity| depth >= capacity).then_some(queue),
                Last(number) => (number == queue.completed).then_some(queue),
                Completed(number, answer) => ((number <= queue.completed) == answer).then_some(queue),
            };
            is_next && next.is_some_and(|next| goes_on(history, &others, next))
        })
}

fn seen() -> impl Strategy<Value = Seen> {
    (0..4, 0..4_u64, any::<bool>()).prop_map(|(kind, number, answer)| match kind {
        0 => Accepted(number),
        1 => Full,
        2 => Last(number),
        _ => Completed(number, answer),
    })
}

/// Short histories of anything, most of them illegal.
fn anything() -> impl Strategy<Value = History> {
    let operation = (0..12_u64, 0..6_u64, seen());
    let operation =
        operation.prop_map(|(begin, length, seen)| Operation { begin, end: begin + length, seen });
    (0..2_u64, proptest::option::of(0..4_u64), vec(operation, 0..6))
        .prop_map(|(before, capacity, operations)| History { before, capacity, operations })
}

/// Moves of threads: which one, and what it begins if it has nothing to go on with.
fn moves() -> impl Strategy<Value = Vec<(usize, u8, Index)>> {
    vec((0..4_usize, 0..5_u8, any::<Index>()), 0..60)
}

/// What a thread is in: since when, what it asks, and the answer if there is one yet.
type Call = (u64, u8, u64, Option<Seen>);

/// What a queue that does one thing at a time answers threads that move like this.
fn played(capacity: u64, moves: &[(usize, u8, Index)]) -> History {
    let mut queue = Queue { submitted: 0, completed: 0 };
    let mut clock = 0;
    let mut threads: [Option<Call>; 3] = [None; 3];
    let mut operations = Vec::new();
    let ends = (0..3).flat_map(|thread| [(thread, 0, None), (thread, 0, None)]);
    for (thread, kind, index) in
        moves.iter().map(|(thread, kind, index)| (*thread, *kind, Some(index))).chain(ends)
    {
        clock += 1;
        if thread == 3 {
            queue.completed += u64::from(queue.completed < queue.submitted);
            continue;
        }
        threads[thread] = match (threads[thread], index) {
            (None, Some(index)) => Some((clock, kind, index.index(12) as u64, None)),
            (None, None) => None,
            (Some((begin, kind, number, None)), _) => {
                let is_full = queue.submitted - queue.completed >= capacity;
                let seen = match kind {
                    0 | 1 if is_full => Full,
                    0 | 1 => {
                        queue.submitted += 1;
                        Accepted(queue.submitted)
                    }
                    2 => Last(queue.completed),
                    _ => Completed(number, number <= queue.completed),
                };
                Some((begin, kind, number, Some(seen)))
            }
            (Some((begin, _, _, Some(seen))), _) => {
                operations.push(Operation { begin, end: clock, seen });
                None
            }
        };
    }
    History { before: 0, capacity: Some(capacity), operations }
}

/// The same with one answer that no order explains; `None` if it has none that can be spoiled in this way.
fn spoiled(mut history: History, way: u8, index: Index) -> Option<History> {
    let issued = history.operations.iter().filter(|operation| matches!(operation.seen, Accepted(_))).count();
    let beyond = issued as u64 + 1;
    let all = history.operations.clone();
    // The highest number that was seen to have completed before a begin.
    let known = |begin: u64| {
        let earlier = all.iter().filter(move |operation| operation.end < begin);
        let numbers = earlier.filter_map(|operation| match operation.seen {
            Last(number) | Completed(number, true) => Some(number),
            _ => None,
        });
        numbers.max().unwrap_or_default()
    };
    let fits: Vec<usize> = (0..all.len())
        .filter(|at| match (all[*at].seen, way) {
            (Accepted(_), 0 | 1) | (Last(_), 2) | (Completed(..), 4) => true,
            (Last(_) | Completed(..), 3) => known(all[*at].begin) > 0,
            (Accepted(_), 5) => issued > 1,
            _ => false,
        })
        .collect();
    let at = *fits.get(index.index(fits.len().max(1)))?;
    let seen = &mut history.operations[at].seen;
    *seen = match (*seen, way) {
        (Accepted(_), 0) => Accepted(beyond),
        (Accepted(number), 5) => Accepted(number % issued as u64 + 1),
        (Accepted(_), _) => Full,
        (Last(_), 2) => Last(beyond),
        (Last(_), _) => Last(known(all[at].begin) - 1),
        (Completed(..), 3) => Completed(known(all[at].begin), false),
        (Completed(..), _) => Completed(beyond, true),
        (Full, _) => return None,
    };
    // A submission that is said to be refused leaves its number to nobody: illegal if a later one exists.
    let last = all
        .iter()
        .all(|operation| !matches!((operation.seen, all[at].seen), (Accepted(a), Accepted(b)) if a > b));
    (way != 1 || !last).then_some(history)
}

proptest! {
    #[test]
    fn it_finds_an_order_exactly_where_trying_all_does(history in anything()) {
        prop_assert_eq!(history.check().is_ok(), tried(&history), "{:?}", history.check());
    }

    #[test]
    fn what_a_queue_answers_is_legal(capacity in 1..5_u64, moves in moves()) {
        let mut history = played(capacity, &moves);
        prop_assert_eq!(history.check(), Ok(()));
        history.operations.reverse();
        prop_assert_eq!(history.check(), Ok(()), "the order in which they are listed does not matter");
        history.capacity = None;
        prop_assert_eq!(history.check(), Ok(()));
    }

    #[test]
    fn one_wrong_answer_is_found(capacity in 1..5_u64, moves in moves(), way in 0..6_u8, index: Index) {
        if let Some(history) = spoiled(played(capacity, &moves), way, index) {
            prop_assert!(history.check().is_err(), "{history:?}");
        }
    }
}
