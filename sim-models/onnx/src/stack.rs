//! Room for a runtime that follows chains of operators on the stack.

use std::io;
use std::panic::resume_unwind;
use std::thread;

/// Operators for which any thread has the stack. For each, the runtime takes 300 to 500 bytes (rten 0.27, measured).
const OPERATORS_ANYWHERE: usize = 500;

/// Stack for as many operators as a file may have, three times over. Only what is used of it takes memory.
const STACK_BYTES: usize = 32 << 20;

/// Does `work` with a network of so many operators: on this thread if they are few, else on one with a large stack.
///
/// # Errors
/// The system has no such thread to give.
pub(crate) fn with_room<T: Send>(operators: usize, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    if operators <= OPERATORS_ANYWHERE {
        return Ok(work());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("onnx".to_owned()).stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
