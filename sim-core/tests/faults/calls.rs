//! Calls that block: transfers of tensors, allocations and loads.

use std::sync::Arc;

use sim_core::blocking::Transfer;
use sim_core::fault::watch::Subject;
use sim_core::fault::{Delay, Effect, Matcher, Operation, Place, Rule, Trigger, Verdict};
use sim_core::memory::tensor::Tensor;
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};
use sim_core::timing::Timing;
use wildmatch::WildMatch;

use crate::kit::{FILL, LEN, Scene, at, rule};

/// How long a transfer takes.
const SPAN: u64 = 40;

/// Writes the output with what the input has.
fn write(scene: &Scene, tensors: &[Arc<Tensor>]) -> Status {
    let target = scene.output.extent();
    let transfer =
        Transfer { operation: Operation::Write, core: Some(0), target, tensors, span: Nanos(SPAN) };
    scene.device.transfer(&transfer, || target.copy_from(scene.input.extent()))
}

#[test]
fn a_transfer_without_a_fault_moves_the_bytes_and_takes_its_time() {
    let scene = Scene::open(vec![]);
    assert_eq!(write(&scene, &[]), Status::Success);
    assert_eq!((scene.bytes(), scene.device.now()), ([FILL; LEN], Tick(SPAN)));
}

#[test]
fn each_verdict_has_its_effect_on_a_transfer() {
    let late = |delay| Verdict::Late(delay);
    let by = late(Delay::By(Timing::Fixed(Nanos(9))));
    let (all, none) = (Some(LEN), Some(0));
    let retried = Effect::Retried(Nanos(SPAN));
    for (verdict, status, arrives, span, effect) in [
        (Verdict::Status(Status::Resource), Status::Resource, none, SPAN, Effect::Failed(Status::Resource)),
        (Verdict::Status(Status::CollPending), Status::Success, all, 2 * SPAN, retried),
        (by, Status::Success, all, SPAN + 9, Effect::Delayed(Nanos(9))),
        (late(Delay::Factor(4.0)), Status::Success, all, 4 * SPAN, Effect::Delayed(Nanos(3 * SPAN))),
        (Verdict::Flip(3), Status::Success, None, SPAN, Effect::Flipped(3)),
    ] {
        let scene = Scene::open(vec![at(2, Place::TensorWrite, verdict.clone())]);
        assert_eq!(write(&scene, &[]), Status::Success);
        scene.output.extent().fill(0);
        assert_eq!(write(&scene, &[]), status, "{verdict:?}");
        let arrived = scene.bytes().iter().filter(|byte| **byte == FILL).count();
        assert_eq!(arrives.unwrap_or(arrived), arrived, "{verdict:?}");
        assert_eq!(scene.device.now(), Tick(SPAN + span), "{verdict:?}");
        assert_eq!(scene.journal(), [(SPAN, 2, effect)]);
    }
}

#[test]
fn flipped_bits_of_a_transfer_are_so_many() {
    let scene = Scene::open(vec![rule(Place::TensorWrite, Verdict::Flip(3))]);
    write(&scene, &[]);
    assert_eq!(scene.bytes().iter().map(|byte| (byte ^ FILL).count_ones()).sum::<u32>(), 3);
}

#[test]
fn a_torn_transfer_brings_a_first_part() {
    let scene = Scene::open(vec![rule(Place::TensorWrite, Verdict::Torn)]);
    assert_eq!(write(&scene, &[]), Status::Success);
    let kept = scene.bytes().iter().take_while(|byte| **byte == FILL).count();
    assert!(scene.bytes()[kept..].iter().all(|byte| *byte == 0) && kept < LEN);
    assert_eq!(scene.journal(), [(0, 1, Effect::Torn(kept as u64, LEN as u64))]);
}

#[test]
fn transfers_of_each_kind_and_core_are_counted_by_themselves() {
    let scene = Scene::open(vec![at(2, Place::TensorRead, Verdict::Status(Status::Failure))]);
    let call = |operation, core| {
        let target = scene.output.extent();
        let transfer = Transfer { operation, core, target, tensors: &[], span: Nanos(1) };
        scene.device.transfer(&transfer, || ())
    };
    let (read, write) = (Operation::Read, Operation::Write);
    let calls = [(read, Some(0)), (write, Some(0)), (read, Some(1)), (read, None)];
    assert!(calls.into_iter().all(|(operation, core)| call(operation, core) == Status::Success));
    let again = calls.map(|(operation, core)| call(operation, core));
    assert_eq!(again, [Status::Failure, Status::Success, Status::Failure, Status::Failure]);
    let cores: Vec<_> = scene.entries().iter().map(|entry| entry.victim.core).collect();
    assert_eq!(cores, [Some(0), Some(1), None]);
}

#[test]
fn a_rule_for_a_tensor_finds_it_by_name() {
    let matcher = Matcher { tensor: Some(WildMatch::new("kv*")), ..Matcher::default() };
    let scene =
        Scene::open(vec![Rule { matcher, ..rule(Place::TensorWrite, Verdict::Status(Status::Failure)) }]);
    let tensor = |name| [Arc::new(Tensor::new(name, Some(scene.output.clone())))];
    assert!(scene.device.faults().wants_tensors());
    assert_eq!(write(&scene, &tensor("weights")), Status::Success);
    assert_eq!(write(&scene, &tensor("kv_cache")), Status::Failure);
}

/// A call on `core` that is not a transfer, as the shim asks.
fn asks(scene: &Scene, operation: Operation, core: Option<u8>, bytes: u64, names: &[&str]) -> Option<u64> {
    let at = scene.device.now();
    let subject = Subject { num: 0, at, operation, bytes, depth: 0, model: None, names, tensors: &[] };
    scene.device.faults().call(core, subject).map(|(strike, victim)| {
        let status = Status::Resource;
        assert_eq!(strike.rule().verdict, Verdict::Status(status));
        let num = victim.num;
        scene.device.faults().fired(&strike, victim, at, Effect::Failed(status));
        num
    })
}

#[test]
fn allocations_are_struck_by_size_and_count_on_each_core() {
    let matcher = Matcher { size: Some(1_000..=u64::MAX), ..Matcher::default() };
    let large = at(2, Place::Allocate, Verdict::Status(Status::Resource));
    let scene = Scene::open(vec![Rule { matcher, ..large }]);
    let allocate = |core, bytes| asks(&scene, Operation::Allocate, core, bytes, &["t"]);
    assert_eq!(allocate(Some(0), 5_000), None);
    assert_eq!(allocate(Some(0), 10), None, "too small to count");
    assert_eq!(allocate(Some(1), 5_000), None, "the first on this core");
    assert_eq!(allocate(Some(0), 5_000), Some(3), "the third allocation, the second large one");
    assert_eq!(scene.journal(), [(0, 3, Effect::Failed(Status::Resource))]);
}

#[test]
fn loads_are_struck_by_the_name_of_the_model_and_init_by_itself() {
    let matcher = Matcher { model: Some(WildMatch::new("llama*")), ..Matcher::default() };
    let scene = Scene::open(vec![
        Rule { matcher, ..rule(Place::Load, Verdict::Status(Status::Resource)) },
        Rule { times: Some(1), ..rule(Place::Init, Verdict::Status(Status::Resource)) },
    ]);
    assert_eq!(asks(&scene, Operation::Load, Some(0), 0, &["bert", "uuid"]), None);
    assert_eq!(asks(&scene, Operation::Load, Some(0), 0, &["llama", "uuid"]), Some(2));
    assert_eq!(asks(&scene, Operation::Init, None, 0, &[]), Some(1));
    assert_eq!(asks(&scene, Operation::Init, None, 0, &[]), None, "once");
    let models: Vec<_> = scene.entries().iter().map(|entry| entry.victim.model.clone()).collect();
    assert_eq!(models, [Some("llama".into()), None]);
}

#[test]
fn a_rule_for_calls_that_is_injected_counts_from_then_on() {
    let scene = Scene::open(vec![]);
    let allocate = || asks(&scene, Operation::Allocate, Some(0), 1, &[]);
    assert_eq!(allocate(), None);
    let trigger = Trigger { nth: Some(2), ..Trigger::default() };
    let second = Rule { trigger, ..rule(Place::Allocate, Verdict::Status(Status::Resource)) };
    scene.device.faults().inject(&second, scene.device.now()).expect("a free name");
    assert_eq!(allocate(), None);
    assert!(allocate().is_some());
    scene.device.faults().clear(Some(&second.name));
    assert_eq!(allocate(), None);
}
