//! What the device does, for whoever asks from outside.

use sim_core::config::Time;
use sim_core::fault::faults::Standing;
use sim_core::seq::UnitId;
use sim_core::shard::State;
use sim_models::command::{QueueStatus, RuleStatus, Status};

use crate::runtime::Runtime;

/// All of it. Waits for requests that are being computed.
pub(super) fn of(runtime: &Runtime) -> Status {
    let settings = &runtime.settings;
    let queues = runtime.device.units().map(|unit| queue(runtime, unit));
    let is_of_interest =
        |queue: &QueueStatus| queue.submitted > 0 || queue.dead || queue.paused || queue.held;
    Status {
        pid: std::process::id(),
        program: std::fs::read_link("/proc/self/exe").unwrap_or_default(),
        instance: settings.profile.name.clone(),
        sdk: settings.sdk.to_string(),
        seed: settings.seed,
        time: match settings.time {
            Time::Free => "free".into(),
            Time::Manual => "manual".into(),
            Time::Wall(scale) => format!("wall:{scale}"),
        },
        now_ns: runtime.device.now().0,
        plan: settings.plan_file.clone(),
        rules: runtime.device.faults().standings().iter().map(rule).collect(),
        queues: queues.filter(is_of_interest).collect(),
    }
}

fn rule(standing: &Standing) -> RuleStatus {
    let Standing { armed, slot, counts } = standing;
    RuleStatus {
        id: *slot as u64,
        name: armed.rule.name.clone(),
        sentence: armed.rule.to_string(),
        matched: counts.matched,
        struck: counts.struck,
        fired: counts.fired,
        armed: counts.is_armed,
    }
}

/// One queue. Waits for a request that is being computed.
pub(super) fn queue(runtime: &Runtime, unit: UnitId) -> QueueStatus {
    let State { accepted, completed, capacity, is_dead, is_paused, is_held, running } =
        runtime.device.queue_state(unit);
    QueueStatus {
        core: unit.core,
        unit: unit.kind.name().to_owned(),
        queue: unit.queue,
        submitted: accepted,
        completed,
        capacity: Some(capacity).filter(|capacity| *capacity < u64::MAX),
        running: running.map(|(num, _)| num),
        running_ends_ns: running.map(|(_, at)| at.0).filter(|_| !is_held),
        dead: is_dead,
        paused: is_paused,
        held: is_held,
    }
}
