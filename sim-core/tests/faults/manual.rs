//! Manual time with several threads: whoever looks or waits moves it, and nobody is told that nothing is left of what
//! another has just completed.

use std::thread;

use sim_core::driver::Waited;
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};

use crate::kit::{Scene, number};

#[test]
fn each_of_several_threads_gets_what_it_waits_for() {
    let scene = Scene::open(vec![]);
    thread::scope(|scope| {
        for queue in 0..3 {
            let scene = &scene;
            scope.spawn(move || {
                let unit = UnitId { core: 0, kind: UnitKind::Collectives, queue };
                for _ in 0..2_000 {
                    let work = Work::Copy { from: scene.input.clone(), to: scene.input.clone() };
                    let num = number(scene.device.submit(unit, work, Answer::Nobody).expect("no bound"));
                    assert_eq!(scene.device.wait(unit, num, None), Waited::Completed, "{unit:?} {num}");
                }
            });
        }
    });
}
