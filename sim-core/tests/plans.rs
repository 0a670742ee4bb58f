//! Fault plans as text: what is read, what is refused with which words, and how rules are explained.

#[path = "plans/accepted.rs"]
mod accepted;
#[path = "plans/conflicts.rs"]
mod conflicts;
#[path = "plans/places.rs"]
mod places;
#[path = "plans/refused.rs"]
mod refused;
#[path = "plans/sentences.rs"]
mod sentences;
#[path = "plans/soup.rs"]
mod soup;

use sim_core::fault::Plan;

/// Asserts that a plan is refused with exactly one problem, which begins and goes on as said.
fn assert_refused(text: &str, begin: &str, said: &str) {
    let error = Plan::parse(text).expect_err(text);
    let message = error.to_string();
    assert_eq!(error.problems.len(), 1, "{text}: {message}");
    assert!(message.starts_with(begin), "{text}: {message}");
    assert!(message.contains(said), "{text}: {message}");
    assert!(!message.contains('\n'), "{text}: {message}");
}
