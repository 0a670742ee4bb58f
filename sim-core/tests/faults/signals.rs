//! Listeners that are told wrongly, and that what they look at is right all the same.

use std::sync::Arc;

use sim_core::fault::{Effect, Place, Rule, Signalling, Verdict};
use sim_core::port::Listening;
use sim_core::request::Answer;
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::kit::{COMPUTE, Event, RUN, Scene, at, rule};

const LATE: Signalling = Signalling::Late(Nanos(300));

fn signal(nth: u64, signalling: Signalling) -> Rule {
    at(nth, Place::Event, Verdict::Signal(signalling))
}

fn done(num: u64) -> Event {
    Event::Status(num, Status::Success)
}

#[test]
fn a_late_signal_comes_after_the_number_and_delays_nothing_else() {
    let scene = Scene::open(vec![signal(1, LATE)]);
    scene.device.listen(COMPUTE, 1, scene.ear("once"));
    scene.device.listen_by_number(COMPUTE, 1, Some(scene.ear("by number")));
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("each")));
    scene.run(2);
    scene.device.step();
    assert_eq!((scene.told(), scene.device.now().0), (vec![done(1)], RUN));
    scene.device.step();
    let mut told = scene.told();
    told.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(told, [Event::Signal("by number", 1), Event::Signal("each", 1), Event::Signal("once", 1)]);
    assert_eq!(scene.device.now().0, RUN + 300);
    scene.finish();
    assert_eq!(scene.told(), [done(2), Event::Signal("each", 2)]);
    assert_eq!(scene.device.now().0, 2 * RUN);
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Signalled(LATE))]);
}

#[test]
fn a_listener_that_has_gone_before_its_late_signal_is_not_told() {
    let scene = Scene::open(vec![signal(1, LATE)]);
    let Listening::Pending(key) = scene.device.listen(COMPUTE, 1, scene.ear("once")) else {
        panic!("nothing was submitted")
    };
    scene.device.listen_by_number(COMPUTE, 1, Some(scene.ear("by number")));
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("each")));
    scene.run(1);
    scene.device.step();
    assert_eq!(scene.told(), [done(1)]);
    scene.device.forget(COMPUTE, key);
    scene.device.listen_by_number(COMPUTE, 1, None);
    scene.device.listen_to_each(COMPUTE, None);
    scene.finish();
    assert_eq!(scene.told(), []);
    assert_eq!(scene.device.now().0, RUN, "nothing was left to happen");
}

#[test]
fn who_replaces_a_listener_is_not_told_what_that_one_would_have_been() {
    let scene = Scene::open(vec![signal(1, LATE)]);
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("first")));
    scene.run(2);
    scene.device.step();
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("second")));
    scene.finish();
    assert_eq!(scene.told(), [done(1), done(2), Event::Signal("second", 2)]);
}

#[test]
fn who_asks_for_what_has_completed_is_told_at_once_though_others_are_told_late() {
    let scene = Scene::open(vec![signal(1, LATE)]);
    scene.device.listen(COMPUTE, 1, scene.ear("early"));
    scene.run(1);
    scene.device.step();
    let listening = scene.device.listen(COMPUTE, 1, scene.ear("afterwards"));
    assert_eq!(listening, Listening::Signalled);
    assert_eq!(scene.told(), [done(1), Event::Signal("afterwards", 1)]);
    scene.finish();
    assert_eq!(scene.told(), [Event::Signal("early", 1)]);
}

#[test]
fn a_late_signal_comes_though_the_queue_is_stuck_or_paused_meanwhile() {
    for pauses in [false, true] {
        let scene = Scene::open(vec![signal(1, LATE), at(2, Place::Start, Verdict::Stuck)]);
        scene.device.listen_to_each(COMPUTE, Some(scene.ear("each")));
        scene.run(2);
        scene.device.step();
        if pauses {
            scene.device.pause(COMPUTE);
        }
        scene.finish();
        assert_eq!(scene.told(), [done(1), Event::Signal("each", 1)], "paused: {pauses}");
        assert_eq!(scene.device.now().0, RUN + 300);
    }
}

#[test]
fn a_signal_that_comes_twice_comes_twice_for_one_completion() {
    let scene = Scene::open(vec![signal(1, Signalling::Twice)]);
    scene.device.listen(COMPUTE, 1, scene.ear("once"));
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("each")));
    scene.run(2);
    scene.finish();
    let (each, once) = (Event::Signal("each", 1), Event::Signal("once", 1));
    let expected = [done(1), each.clone(), each, once.clone(), once, done(2), Event::Signal("each", 2)];
    assert_eq!(scene.told(), expected);
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Signalled(Signalling::Twice))]);
}

#[test]
fn a_spurious_signal_comes_when_the_request_begins_and_the_true_one_at_its_end() {
    let scene = Scene::open(vec![signal(2, Signalling::Spurious)]);
    scene.device.listen(COMPUTE, 2, scene.ear("second"));
    scene.device.listen(COMPUTE, 3, scene.ear("third"));
    scene.device.listen_to_each(COMPUTE, Some(scene.ear("each")));
    scene.run(3);
    scene.device.step();
    let each = |completed| Event::Signal("each", completed);
    let (second, third) = (|completed| Event::Signal("second", completed), Event::Signal("third", 3));
    assert_eq!(scene.told(), [done(1), each(1), each(1), second(1)]);
    scene.finish();
    assert_eq!(scene.told(), [done(2), each(2), second(2), done(3), each(3), third]);
    assert_eq!(scene.journal(), [(RUN, 2, Effect::Signalled(Signalling::Spurious))]);
}

#[test]
fn where_nobody_listens_no_signal_is_wrong() {
    for signalling in [LATE, Signalling::Twice, Signalling::Spurious] {
        let scene = Scene::open(vec![rule(Place::Event, Verdict::Signal(signalling))]);
        scene.run(2);
        scene.finish();
        assert_eq!((scene.journal(), scene.counts()), (vec![], vec![(2, 2, 0)]), "{signalling:?}");
        assert_eq!(scene.device.now().0, 2 * RUN);
    }
}

#[test]
fn who_begins_to_listen_late_is_told_as_wrongly_as_who_listened_before() {
    for (signalling, signals, end) in [(LATE, 1, RUN + 300), (Signalling::Twice, 2, RUN)] {
        for while_answered in [true, false] {
            let scene = Scene::open(vec![signal(1, signalling)]);
            let (device, ear) = (Arc::clone(&scene.device), scene.ear("once"));
            let listen = move || _ = device.listen(COMPUTE, 1, ear);
            if while_answered {
                let answer = Answer::Call(Box::new(move |_, _| listen()));
                scene.device.submit(COMPUTE, scene.work(), answer).expect("empty");
                scene.finish();
            } else {
                scene.device.submit(COMPUTE, scene.work(), Answer::Nobody).expect("empty");
                scene.finish();
                listen();
                scene.finish();
            }
            let told = vec![Event::Signal("once", 1); signals];
            assert_eq!(scene.told(), told, "{signalling:?} {while_answered}");
            let journal = [(RUN, 1, Effect::Signalled(signalling))];
            assert_eq!(
                (scene.journal().as_slice(), scene.device.now().0),
                (&journal[..], end),
                "{signalling:?}"
            );
        }
    }
}
