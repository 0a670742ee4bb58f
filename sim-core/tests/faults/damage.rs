//! Outputs that come out wrong.

use sim_core::config::Config;
use sim_core::fault::{Effect, Place, Verdict};
use sim_core::status::Status;

use crate::kit::{FILL, LEN, RUN, Scene, at, config};

/// The output of one run that `verdict` strikes, after one that none does.
fn struck(verdict: Verdict, sees_nan: bool) -> (Scene, [u8; LEN]) {
    let scene = Scene::with(Config { sees_nan, ..config(vec![at(2, Place::Finish, verdict)]) });
    scene.run(1);
    scene.finish();
    assert!(scene.is_written(), "the first run is not struck");
    scene.output.extent().fill(0xee);
    scene.run(1);
    scene.finish();
    let bytes = scene.bytes();
    (scene, bytes)
}

/// How many numbers of the output are NaN; all others must be as they should.
fn nans(bytes: &[u8]) -> usize {
    let number = |four: &[u8]| f32::from_le_bytes(four.try_into().expect("four"));
    let good = f32::from_le_bytes([FILL + 1; 4]);
    let numbers: Vec<f32> = bytes.chunks(4).map(number).collect();
    assert!(numbers.iter().all(|number| number.is_nan() || *number == good));
    numbers.iter().filter(|number| number.is_nan()).count()
}

#[test]
fn so_many_numbers_are_nan_and_nobody_says_so() {
    let (scene, bytes) = struck(Verdict::Nan(3), false);
    assert_eq!(nans(&bytes), 3);
    assert_eq!(scene.history()[1], (2, Status::Success, 2 * RUN));
    assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Nan(3))]);
}

#[test]
fn a_runtime_that_looks_for_nan_says_1003_and_the_unit_lives() {
    let (scene, bytes) = struck(Verdict::Nan(1), true);
    assert_eq!(nans(&bytes), 1);
    assert_eq!(scene.history()[1], (2, Status::ExecCompletedWithNumErr, 2 * RUN));
    assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Nan(1))]);
    assert!(!scene.is_dead());
}

#[test]
fn no_more_numbers_are_nan_than_there_are() {
    let (scene, bytes) = struck(Verdict::Nan(100_000), false);
    assert_eq!(nans(&bytes), LEN / 4);
    assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Nan(LEN as u64 / 4))]);
}

#[test]
fn so_many_bits_are_flipped_and_no_others() {
    for count in [1, 5, 64] {
        let (scene, bytes) = struck(Verdict::Flip(count), false);
        let wrong: u32 = bytes.iter().map(|byte| (byte ^ (FILL + 1)).count_ones()).sum();
        assert_eq!(wrong, count);
        assert_eq!(scene.history()[1], (2, Status::Success, 2 * RUN));
        assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Flipped(count.into()))]);
    }
}

#[test]
fn a_torn_output_is_new_up_to_a_burst_and_old_from_there() {
    let (scene, bytes) = struck(Verdict::Torn, false);
    let kept = bytes.iter().take_while(|byte| **byte == FILL + 1).count();
    assert!(bytes[kept..].iter().all(|byte| *byte == 0xee), "{bytes:?}");
    assert!(kept > 0 && kept < LEN && kept.is_multiple_of(64), "{kept} bytes arrived");
    assert_eq!(scene.history()[1], (2, Status::Success, 2 * RUN));
    assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Torn(kept as u64, LEN as u64))]);
}

#[test]
fn the_input_is_never_damaged() {
    for verdict in [Verdict::Nan(9), Verdict::Flip(99), Verdict::Torn] {
        let (scene, _) = struck(verdict, false);
        let mut input = [0; LEN];
        scene.input.extent().load(&mut input);
        assert_eq!(input, [FILL; LEN]);
    }
}

#[test]
fn what_a_fatal_rule_keeps_from_being_done_is_not_damaged() {
    let rules = vec![
        at(1, Place::Start, Verdict::Status(Status::ExecHwErrNcUe)),
        at(1, Place::Finish, Verdict::Flip(8)),
    ];
    let scene = Scene::open(rules);
    scene.output.extent().fill(0xee);
    scene.run(1);
    scene.finish();
    assert_eq!(scene.bytes(), [0xee; LEN]);
    assert_eq!(scene.journal().len(), 1, "only the status: {:?}", scene.journal());
    assert_eq!(scene.counts(), [(1, 1, 1), (1, 1, 0)]);
}

#[test]
fn the_same_seed_spoils_the_same_bits() {
    let bits = || struck(Verdict::Flip(20), false).1;
    assert_eq!(bits(), bits());
    let cut = || struck(Verdict::Torn, false).1;
    assert_eq!(cut(), cut());
}
