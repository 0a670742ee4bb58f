//! Threads that run cases, and whoever watches that each of them ends.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use parking_lot::Mutex;

use super::stats::Stats;

/// How often is looked whether a case takes too long.
const GLANCE: Duration = Duration::from_millis(200);

/// What became of the case of a seed.
pub(super) type Outcome = (u64, Result<Stats, String>);

/// What a case is run by.
pub(super) type Case = fn(u64) -> Result<Stats, String>;

/// Seeds that nobody has taken yet.
type Left = Mutex<Box<dyn Iterator<Item = u64> + Send>>;

/// What one thread is at, and since when.
type Post = Mutex<Option<(u64, Instant)>>;

/// Runs the cases of `seeds` on so many threads, and tells of each outcome. Returns the seed of the first that takes
/// longer than `limit`: its thread cannot be ended, only the process.
///
/// # Errors
/// When there is no thread to be had, or `tell` has failed.
pub(super) fn run(
    seeds: impl Iterator<Item = u64> + Send + 'static,
    jobs: usize,
    case: Case,
    limit: Duration,
    mut tell: impl FnMut(Outcome) -> Result<()>,
) -> Result<Option<u64>> {
    let posts: Arc<[Post]> = (0..jobs).map(|_| Mutex::default()).collect();
    let outcomes = start(Mutex::new(Box::new(seeds)), &posts, case)?;
    loop {
        match outcomes.recv_timeout(GLANCE) {
            Ok(outcome) => tell(outcome)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
        let overdue = posts.iter().filter_map(|post| *post.lock()).find(|(_, since)| since.elapsed() > limit);
        if let Some((seed, _)) = overdue {
            return Ok(Some(seed));
        }
    }
}

/// Starts a thread for each of `posts`. When the last has ended, so has the channel.
fn start(left: Left, posts: &Arc<[Post]>, case: Case) -> Result<Receiver<Outcome>> {
    let left = Arc::new(left);
    let (tell, outcomes) = channel();
    for at in 0..posts.len() {
        let (left, posts, tell) = (Arc::clone(&left), Arc::clone(posts), tell.clone());
        let work = move || {
            loop {
                let Some(seed) = left.lock().next() else { return };
                *posts[at].lock() = Some((seed, Instant::now()));
                let outcome = catch_unwind(AssertUnwindSafe(|| case(seed)));
                *posts[at].lock() = None;
                let outcome = outcome.unwrap_or_else(|panic| Err(format!("a panic: {}", message(&*panic))));
                if tell.send((seed, outcome)).is_err() {
                    return; // nobody listens any more
                }
            }
        };
        thread::Builder::new().name(format!("job {at}")).spawn(work).context("cannot start a thread")?;
    }
    Ok(outcomes)
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::{Case, run};
    use crate::swarm::stats::Stats;

    const LONG: Duration = Duration::from_secs(60);

    fn outcomes(case: Case) -> BTreeMap<u64, Result<Stats, String>> {
        let mut outcomes = BTreeMap::new();
        let tell = |(seed, outcome)| {
            assert!(outcomes.insert(seed, outcome).is_none(), "{seed} came twice");
            Ok(())
        };
        assert_eq!(run(0..50, 3, case, LONG, tell).expect("threads"), None);
        outcomes
    }

    #[test]
    fn each_seed_is_run_once() {
        let outcomes = outcomes(|_| Ok(Stats::default()));
        assert!(outcomes.keys().copied().eq(0..50) && outcomes.values().all(Result::is_ok));
    }

    #[test]
    fn a_case_that_panics_has_failed_and_the_others_go_on() {
        let outcomes = outcomes(|seed| {
            assert!(seed % 10 != 7, "this case panics; the test wants it so");
            Ok(Stats::default())
        });
        let failed = outcomes.iter().filter(|(_, outcome)| outcome.is_err());
        assert_eq!(failed.map(|(seed, _)| *seed).collect::<Vec<_>>(), [7, 17, 27, 37, 47]);
        let told = outcomes[&7].clone().expect_err("it panics");
        assert_eq!(told, "a panic: this case panics; the test wants it so");
    }

    #[test]
    fn a_case_that_does_not_end_is_found_out() {
        let hangs: Case = |seed| {
            if seed == 7 {
                let (_keep, never) = channel::<()>();
                never.recv().expect_err("not before the process ends");
            }
            Ok(Stats::default())
        };
        let found = run(0..50, 2, hangs, Duration::from_millis(50), |_| Ok(())).expect("threads");
        assert_eq!(found, Some(7));
    }

    #[test]
    fn who_cannot_be_told_ends_it() {
        let ended = run(0.., 2, |_| Ok(Stats::default()), LONG, |_| anyhow::bail!("no room"));
        assert_eq!(ended.expect_err("told so").to_string(), "no room");
    }
}
