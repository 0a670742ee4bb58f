//! Counters of the runs that have written a tensor.

use std::sync::Arc;

use sim_core::memory::tensor::{Counting, Tensor};
use sim_core::time::Nanos;
use sim_models::trail::Means;

use crate::boundary::export;
use crate::error::ApiError;
use crate::handle::Handle;
use crate::runtime::{self, Open, Runtime};
use crate::trail;

export! {
    /// Waits until at least `expected` runs have written the tensor since its counter was reset: for
    /// `timeout` microseconds, or without limit if that is negative (header). `NRT_TIMEOUT` if they have not.
    "NRT_2.0.0"
    fn nrt_tensor_check_output_completion(tensor: Handle<Tensor>, timeout: i64, expected: u64) {
        let (runtime, tensor) = counted(tensor)?;
        let limit = u64::try_from(timeout).ok().map(|us| Nanos(us.saturating_mul(1000)));
        let why = match runtime.device.wait_for_outputs(tensor.outputs(), expected, limit) {
            Counting::Reached => {
                runtime.check.iter().for_each(|check| check.seen_all(&runtime.device));
                trail::seen_all(&runtime, Means::Blocking);
                return Ok(());
            }
            Counting::Ended => return Err(runtime::gate().err().unwrap_or(ApiError::StaleHandle("tensor"))),
            Counting::TimedOut => format!("in {timeout} us"),
            Counting::Stuck => no_more(&runtime),
        };
        let name = tensor.name();
        Err(ApiError::TimedOut(format!("fewer than {expected} runs have written tensor {name:?} {why}")))
    }
}

/// Why nothing will write a tensor any more, in manual time.
fn no_more(runtime: &Runtime) -> String {
    let obstacles = runtime.device.obstacles();
    if obstacles.is_empty() {
        return "and nothing is left to do; submit first, since in manual time no other thread is waited for"
            .into();
    }
    let held: String = obstacles.iter().map(|obstacle| format!("{obstacle}; ")).collect();
    format!("and nothing gets on by itself: {held}nrt_sim_resume ends a pause, nrt_sim_heal undoes a fault")
}

/// The tensor whose outputs are counted. Whoever waits for it is sent away by the close that waits for the call.
///
/// Null is refused whatever the phase (observed: these calls have no gate).
fn counted(tensor: Handle<Tensor>) -> Result<(Open, Arc<Tensor>), ApiError> {
    if tensor.is_null() {
        return Err(ApiError::Null("tensor"));
    }
    let runtime = runtime::open()?;
    let tensor = runtime.tensors.get(tensor)?;
    Ok((runtime, tensor))
}

export! {
    /// Resets the tensor's counter of completed outputs.
    "NRT_2.0.0"
    fn nrt_tensor_reset_output_completion(tensor: Handle<Tensor>) {
        let (_runtime, tensor) = counted(tensor)?;
        tensor.outputs().reset();
        Ok(())
    }
}
