//! Control of the simulated device: our own functions, of `nrt_sim.h`, under a version node of their own.

use std::ffi::c_int;

use sim_core::config::Time;
use sim_core::seq::UnitId;
use sim_core::shard::State;
use sim_core::time::{Nanos, Tick};

use super::completion::{KINDS, kind};
use crate::abi::{QueueState, RuleCounts, c_text};
use crate::boundary::{Buffer, Out, Text, copy_prefix, export};
use crate::control;
use crate::error::ApiError;
use crate::runtime::{self, Runtime};

/// The queue that a call names.
fn unit(runtime: &Runtime, core: u32, xu: u32, queue: c_int) -> Result<UnitId, ApiError> {
    runtime.unit(runtime.core("lnc", core.into())?, kind(xu, &KINDS)?, queue)
}

export! {
    /// Adds a rule, which is asked before all others.
    "NRT_SIM_1.0"
    fn nrt_sim_inject(rule: Text<'_>, id: Out<u64>) {
        let runtime = runtime::open()?;
        let rule = rule.get().ok_or(ApiError::Null("rule"))?;
        let added = control::inject(&runtime, &rule)?;
        if let Some(id) = id.wanted_place() {
            id.set(added);
        }
        Ok(())
    }
}

export! {
    /// Removes the rule of that name, or, for NULL, all rules.
    "NRT_SIM_1.0"
    fn nrt_sim_clear(name: Text<'_>) {
        let runtime = runtime::open()?;
        control::clear(&runtime, name.get().as_deref()).map(drop)
    }
}

export! {
    /// How many rules there have been since `nrt_init`; removed ones count.
    "NRT_SIM_1.0"
    fn nrt_sim_get_rule_count(count: Out<u64>) {
        let runtime = runtime::open()?;
        count.place("count")?.set(runtime.device.faults().tally().len() as u64);
        Ok(())
    }
}

export! {
    /// What rule `id` has done, cut to `size` bytes.
    "NRT_SIM_1.0"
    fn nrt_sim_get_rule(id: u64, rule: Out<RuleCounts>, size: usize) {
        let runtime = runtime::open()?;
        rule.place("rule")?;
        let faults = runtime.device.faults();
        let count = faults.tally().len();
        let slot = usize::try_from(id).ok().filter(|slot| *slot < count);
        let slot = slot.ok_or_else(|| ApiError::out_of_range("id", id, count))?;
        let standing = faults.standings().into_iter().find(|standing| standing.slot == slot);
        let present = standing.as_ref().map(|standing| &standing.armed.rule);
        let counts = faults.tally().counts(slot);
        let ours = RuleCounts {
            matched: counts.matched,
            struck: counts.struck,
            fired: counts.fired,
            armed: counts.is_armed.into(),
            require_fired: present.is_some_and(|rule| rule.require_fired).into(),
            name: c_text(present.map_or("", |rule| &rule.name)),
        };
        copy_prefix(&ours, rule, size, "rule").map(drop)
    }
}

export! {
    /// Reads as much of the journal as fits, and moves the cursor on.
    "NRT_SIM_1.0"
    fn nrt_sim_read_journal(cursor: Out<u64>, buffer: Buffer, size: usize, length: Out<usize>) {
        let runtime = runtime::open()?;
        let (cursor, length) = (cursor.place("cursor")?, length.place("length")?);
        let room = buffer.extent("buffer", size)?;
        let (text, next) = control::journal(&runtime, cursor.get(), size)?;
        room.part(0, text.len()).store(text.as_bytes());
        room.part(text.len(), 1).store(&[0]);
        length.set(text.len());
        cursor.set(next);
        Ok(())
    }
}

export! {
    /// Lets no further request of the queue complete.
    "NRT_SIM_1.0"
    fn nrt_sim_pause(core: u32, xu: u32, queue: c_int) {
        let runtime = runtime::open()?;
        runtime.device.pause(unit(&runtime, core, xu, queue)?);
        Ok(())
    }
}

export! {
    /// Ends a pause, if there is one.
    "NRT_SIM_1.0"
    fn nrt_sim_resume(core: u32, xu: u32, queue: c_int) {
        let runtime = runtime::open()?;
        runtime.device.resume(unit(&runtime, core, xu, queue)?);
        Ok(())
    }
}

export! {
    /// Lets the next `requests` of a paused queue complete and waits for them.
    "NRT_SIM_1.0"
    fn nrt_sim_step(core: u32, xu: u32, queue: c_int, requests: u64, stepped: Out<u64>) {
        let runtime = runtime::open()?;
        let unit = unit(&runtime, core, xu, queue)?;
        let count = runtime.device.step_queue(unit, requests).ok_or_else(control::not_paused)?;
        runtime.check.iter().for_each(|check| check.seen_all(&runtime.device));
        if let Some(stepped) = stepped.wanted_place() {
            stepped.set(count);
        }
        Ok(())
    }
}

export! {
    /// Undoes what faults have done to the queue.
    "NRT_SIM_1.0"
    fn nrt_sim_heal(core: u32, xu: u32, queue: c_int) {
        let runtime = runtime::open()?;
        runtime.device.heal(unit(&runtime, core, xu, queue)?);
        Ok(())
    }
}

export! {
    /// What the queue does just now, cut to `size` bytes.
    "NRT_SIM_1.0"
    fn nrt_sim_get_queue(core: u32, xu: u32, queue: c_int, state: Out<QueueState>, size: usize) {
        let runtime = runtime::open()?;
        state.place("state")?;
        let unit = unit(&runtime, core, xu, queue)?;
        let State { accepted, completed, capacity, is_dead, is_paused, is_held, running } =
            runtime.device.queue_state(unit);
        let ends = running.filter(|_| !is_held).map_or(Tick::END, |(_, at)| at);
        let ours = QueueState {
            submitted: accepted,
            completed,
            capacity,
            running: running.map_or(0, |(num, _)| num),
            running_ends_ns: ends.0,
            dead: is_dead.into(),
            paused: is_paused.into(),
            held: is_held.into(),
            reserved: 0,
        };
        copy_prefix(&ours, state, size, "state").map(drop)
    }
}

export! {
    /// Simulated nanoseconds since `nrt_init`.
    "NRT_SIM_1.0"
    fn nrt_sim_get_time(ns: Out<u64>) {
        let runtime = runtime::open()?;
        ns.place("ns")?.set(runtime.device.now().0);
        Ok(())
    }
}

export! {
    /// Keeps the program busy for so many simulated nanoseconds.
    "NRT_SIM_1.0"
    fn nrt_sim_advance(ns: u64) {
        runtime::open()?.device.advance(Nanos(ns));
        Ok(())
    }
}

export! {
    /// Moves manual time to the next event.
    "NRT_SIM_1.0"
    fn nrt_sim_step_time(ns: Out<u64>) {
        let runtime = runtime::open()?;
        if runtime.settings.time != Time::Manual {
            return Err(ApiError::Invalid("time can be stepped only with NRT_SIM_TIME=manual".into()));
        }
        let nothing = || ApiError::Nothing("no event comes by itself".into());
        let at = runtime.device.step().ok_or_else(nothing)?;
        if let Some(ns) = ns.wanted_place() {
            ns.set(at.0);
        }
        Ok(())
    }
}

export! {
    /// Waits until everything that was accepted has completed.
    "NRT_SIM_1.0"
    fn nrt_sim_wait_idle() {
        let runtime = runtime::open()?;
        match runtime.device.wait_idle() {
            true => {
                runtime.check.iter().for_each(|check| check.seen_all(&runtime.device));
                Ok(())
            }
            false => Err(control::not_idle(&runtime)),
        }
    }
}
