//! Faults: what a plan says, which requests and calls it strikes, and the proof that it did.
//!
//! ```text
//! rule.rs     what a plan says                 faults.rs   the rules of a device, as they change
//! text.rs     plans as TOML                    watch.rs    which request of one queue they strike
//! table.rs    one rule as a table (keys.rs)    fate.rs     what becomes of one request
//! check.rs    what cannot be meant             damage.rs   data that comes out wrong
//! problem.rs  what is wrong with a plan        tally.rs    how often each fired
//! sentence.rs rules in words                   journal.rs  each time one fired
//! ```
//!
//! Which request a rule strikes follows from the seed, the rule, and the place of the request: its queue and its
//! number there. Counts are each queue's own, luck is drawn for a number, and the luck of one rule is not that of
//! another. So no race of threads decides, and a rule strikes the same requests whatever other rules there are.

mod check;
pub mod damage;
pub mod fate;
pub mod faults;
pub mod journal;
mod keys;
mod problem;
mod rule;
mod sentence;
mod table;
pub mod tally;
mod text;
pub mod watch;

pub use faults::Faults;
pub use journal::{Effect, Entry};
pub use keys::KEYS;
pub use problem::{PlanError, Problem};
pub use rule::{
    Delay, Matcher, Operation, Phase, Place, Plan, Rule, Scenario, Side, Signalling, Trigger, Verdict,
};
pub use watch::Strike;
