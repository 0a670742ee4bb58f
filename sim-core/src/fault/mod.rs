//! Faults: what a plan says, which requests and calls it strikes, and the proof that it did.
//!
//! ```text
//! rule.rs      what a plan says                faults.rs    the rules of a device, as they change
//! text.rs      plans as TOML                   watch.rs     which request of one queue they strike
//! draft.rs     one rule as it is read          fate.rs      what becomes of one request
//! keys.rs      its keys, and near misses       damage.rs    data that comes out wrong
//! value.rs     what each key may say           tally.rs     how often each fired
//! quantity.rs  numbers, bytes, durations       journal.rs   each time one fired
//! problem.rs   what is wrong with a plan       check.rs     rules that cannot be meant
//! sentence.rs  rules in words                  conflict.rs  rules in each other's way
//! subject.rs   whom they are for, in words     reach.rs     what a rule can strike at all
//! name.rs      names for those without
//! ```
//!
//! Which request a rule strikes follows from the seed, the rule, and the place of the request: its queue and its
//! number there. Counts are each queue's own, luck is drawn for a number, and the luck of one rule is not that of
//! another. So no race of threads decides, and a rule strikes the same requests whatever other rules there are.

mod check;
mod conflict;
pub mod damage;
mod draft;
pub mod fate;
pub mod faults;
pub mod journal;
mod keys;
mod name;
mod problem;
mod quantity;
mod reach;
mod rule;
mod sentence;
mod subject;
pub mod tally;
mod text;
mod value;
pub mod watch;

pub use faults::Faults;
pub use journal::{Effect, Entry};
pub use keys::{KEYS, SCENARIO_KEYS, VERDICTS};
pub use problem::{PlanError, Problem};
pub use rule::{
    Delay, Matcher, Operation, Phase, Place, Plan, Rule, Scenario, Side, Signalling, Trigger, Verdict,
};
pub use watch::Strike;
