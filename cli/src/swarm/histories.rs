//! Histories that cannot have been: each of them must be found out, and one that can have been must pass.

use std::sync::Arc;

use sim_core::fault::journal::Victim;
use sim_core::fault::{Effect, Entry, Operation, Place, Signalling};
use sim_core::port::SubmitError;
use sim_core::seq::{UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};

use super::history::{Circumstances, Heard, History, Wish, check_memory, check_tally};

const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };
const LOST: Status = Status::ExecUnitUnrecoverable;

/// Four requests that ended with success.
fn good() -> History {
    History {
        unit: UNIT,
        accepted: vec![1, 3, 2, 4],
        refused: vec![SubmitError::Dead, SubmitError::Full { depth: 8 }],
        answers: (1..=4).map(|num| (num, Status::Success)).collect(),
        settled: 4,
        heard: Vec::new(),
        journal: Vec::new(),
    }
}

fn entry(num: u64, effect: Effect) -> Entry {
    let victim = Victim { core: Some(0), unit: Some(UNIT), num, operation: Operation::Execute, model: None };
    Entry { at: Tick(num), rule: "rule".into(), place: Place::Finish, victim, effect, persists: false }
}

#[track_caller]
fn passes(history: &History, circumstances: Circumstances) {
    assert_eq!(history.check(circumstances), Ok(()));
}

/// The check must say so.
#[track_caller]
fn fails(history: &History, says: &str) {
    let error = history.check(Circumstances::default()).expect_err("it cannot have been so");
    assert!(error.contains(says), "{error:?} does not say {says:?}");
}

#[test]
fn a_good_history_passes() {
    passes(&good(), Circumstances::default());
}

#[test]
fn a_lost_request_is_found() {
    let mut history = good();
    history.answers.pop();
    fails(&history, "request 4 of 4 is lost");
    history.answers.remove(1);
    fails(&history, "request 2 was not answered before 3");
}

#[test]
fn a_doubled_answer_is_found() {
    let mut history = good();
    history.answers.insert(2, (2, Status::Success));
    fails(&history, "request 2 was answered twice");
    let mut history = good();
    history.answers.push((4, Status::Success));
    fails(&history, "request 4 was answered twice");
}

#[test]
fn answers_out_of_order_are_found() {
    let mut history = good();
    history.answers.swap(1, 2);
    fails(&history, "request 2 was not answered before 3");
}

#[test]
fn numbers_with_gaps_or_given_twice_are_found() {
    let mut history = good();
    history.accepted = vec![1, 2, 4, 5];
    fails(&history, "request 3 was not given, but 4");
    history.accepted = vec![1, 2, 2, 3];
    fails(&history, "request 3 was not given, but 2");
}

#[test]
fn a_status_that_nothing_explains_is_found() {
    let mut history = good();
    history.answers[2].1 = Status::ExecBadInput;
    fails(&history, "request 3 ended with NRT_EXEC_BAD_INPUT, the journal says nothing");
    history.journal = vec![entry(3, Effect::Ended(Status::ExecBadInput))];
    passes(&history, Circumstances::default());
    history.journal = vec![entry(3, Effect::Ended(Status::ExecNcBusy))];
    fails(&history, "the journal says NRT_EXEC_NC_BUSY");
    history.answers[2].1 = Status::Success;
    fails(&history, "request 3 ended with NRT_SUCCESS, the journal says NRT_EXEC_NC_BUSY");
}

#[test]
fn a_fault_of_a_request_that_never_was_is_found() {
    let mut history = good();
    history.journal = vec![entry(5, Effect::Ended(Status::ExecNcBusy))];
    fails(&history, "request 5 is in the journal, but was never answered");
}

#[test]
fn nan_ends_with_1003_only_where_somebody_looks() {
    let mut history = good();
    history.answers[0].1 = Status::ExecCompletedWithNumErr;
    history.journal = vec![entry(1, Effect::Nan(1))];
    fails(&history, "NUM_ERR");
    passes(&history, Circumstances { sees_nan: true, ..Circumstances::default() });
}

#[test]
fn a_dead_unit_that_works_on_is_found() {
    let mut history = good();
    history.answers[1].1 = Status::ExecHwErrNcUe;
    history.journal = vec![entry(2, Effect::Ended(Status::ExecHwErrNcUe))];
    fails(&history, "request 3 ended with Success on a dead unit");
    passes(&history, Circumstances { heals: true, ..Circumstances::default() });
    history.settled = 2;
    passes(&history, Circumstances::default());
    history.settled = 4;
    history.answers[2].1 = LOST;
    history.answers[3].1 = LOST;
    passes(&history, Circumstances::default());
}

#[test]
fn a_lost_unit_that_nothing_has_killed_is_found() {
    let mut history = good();
    history.answers[3].1 = LOST;
    fails(&history, "request 4 ended with NRT_EXEC_UNIT_UNRECOVERABLE");
}

#[test]
fn only_closing_gives_up_and_only_what_was_held_up() {
    let mut history = good();
    history.answers[3].1 = Status::Timeout;
    let closes = Circumstances { closes: true, ..Circumstances::default() };
    assert!(history.check(closes).is_err());
    history.journal = vec![entry(4, Effect::Stuck)];
    passes(&history, closes);
    fails(&history, "request 4 ended with NRT_TIMEOUT");
}

#[test]
fn a_refusal_that_the_journal_does_not_tell_of_is_found() {
    let mut history = good();
    history.refused.push(SubmitError::Fault(Status::Resource));
    fails(&history, "1 requests were refused by a rule, the journal has 0");
    history.journal = vec![entry(5, Effect::Refused(Status::Resource))];
    passes(&history, Circumstances::default());
}

/// A history in which somebody who wished for something was told so often.
fn told(wish: Wish, count: u64, gone: Option<u64>, journal: &[Effect]) -> History {
    let journal = journal.iter().map(|effect| entry(2, *effect)).collect();
    History { heard: vec![Heard { wish, count, gone }], journal, ..good() }
}

#[test]
fn a_signal_that_is_lost_or_comes_too_often_is_found() {
    let (none, [late, twice, spurious]) = (Circumstances::default(), misled());
    for effects in [vec![], vec![late]] {
        passes(&told(Wish::Once(2), 1, None, &effects), none);
        fails(&told(Wish::Once(2), 0, None, &effects), "1 to 1 signals were due");
        fails(&told(Wish::Once(2), 2, None, &effects), "1 to 1 signals were due");
    }
    for effect in [twice, spurious] {
        passes(&told(Wish::Once(2), 2, None, &[effect]), none);
        fails(&told(Wish::Once(2), 3, None, &[effect]), "1 to 2 signals were due");
        fails(&told(Wish::Once(3), 2, None, &[effect]), "1 to 1 signals were due");
    }
    passes(&told(Wish::Once(9), 0, None, &[]), none);
    fails(&told(Wish::Once(9), 1, None, &[]), "0 to 0 signals were due");
}

#[test]
fn a_signal_for_somebody_who_has_gone_is_found() {
    passes(&told(Wish::Once(2), 0, Some(0), &[]), Circumstances::default());
    passes(&told(Wish::Once(2), 1, Some(1), &[]), Circumstances::default());
    fails(&told(Wish::Once(2), 1, Some(0), &[]), "after it had gone");
}

#[test]
fn who_listens_to_each_is_told_of_what_completes_meanwhile() {
    let (none, [late, twice, _]) = (Circumstances::default(), misled());
    let from_first = Wish::Each { begun: [1, 1], ended: None };
    passes(&told(from_first, 3, None, &[]), none);
    fails(&told(from_first, 2, None, &[]), "3 to 3 signals were due");
    fails(&told(from_first, 4, None, &[]), "3 to 3 signals were due");
    passes(&told(from_first, 4, None, &[twice]), none);
    let meanwhile = Wish::Each { begun: [0, 1], ended: Some([2, 3]) };
    for count in 1..=3 {
        passes(&told(meanwhile, count, Some(count), &[]), none);
    }
    fails(&told(meanwhile, 0, Some(0), &[]), "1 to 3 signals were due");
    passes(&told(meanwhile, 0, Some(0), &[late]), none); // replaced before it was told
}

fn misled() -> [Effect; 3] {
    [Signalling::Late(Nanos(1)), Signalling::Twice, Signalling::Spurious].map(Effect::Signalled)
}

#[test]
fn leaked_memory_is_found() {
    assert_eq!(check_memory(&[5, 6], &[5, 6]), Ok(()));
    assert!(check_memory(&[5, 6], &[5, 7]).is_err_and(|error| error.starts_with("core 1 had 6 bytes")));
    assert!(check_memory(&[5, 6], &[4, 6]).is_err(), "given back twice");
}

#[test]
fn a_tally_that_is_not_the_journals_is_found() {
    let journal = [entry(1, Effect::Stuck), entry(2, Effect::Stuck)];
    let fired = |name: &str, count| vec![(name.to_owned(), count)];
    assert_eq!(check_tally(&fired("rule", 2), &journal), Ok(()));
    assert!(check_tally(&fired("rule", 1), &journal).is_err());
    assert!(check_tally(&fired("other", 0), &journal).is_err_and(|error| error.contains("but no rule")));
    let other = Entry { rule: Arc::from("other"), ..entry(3, Effect::Stuck) };
    assert!(check_tally(&fired("rule", 1), &[journal[0].clone(), other]).is_err());
}
