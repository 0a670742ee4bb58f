//! The power of the conformance suite: each runtime that is broken on purpose is found out by a rule that says
//! what is broken.
//!
//! `NRT_MUTANT_SEEDS=20 cargo test -p nrt-tests --test mutants -- every_mutant` looks at each of them with so many
//! seeds, and writes the table of `docs/conformance.md` to `mutants.md` in the target folder.

mod mutant;
mod reproducers;
mod spoilt;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use mutant::{Finding, Mutant, Mutants};
use nrt_tests::build;
use table::Row;

static MUTANTS: LazyLock<Mutants> = LazyLock::new(Mutants::build);

/// Without a number of seeds: so many are tried until a mutant is found out, for some need luck with threads.
const SEEDS_TRIED: u64 = 3;

fn common(seed: u64) -> Vec<String> {
    ["--quick", "--jobs", "1", "--timeout", "5s", "--seed", &seed.to_string()].map(str::to_owned).into()
}

/// Arguments for a run with the rules that have to find the mutant out.
fn arguments(mutant: &Mutant, seed: u64) -> Vec<String> {
    let rules = mutant.caught_by.iter().flat_map(|rules| ["--rules".to_owned(), rules.clone()]);
    common(seed).into_iter().chain(rules).collect()
}

fn failed(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.end == "failed")
}

fn names<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeSet<String> {
    findings.map(|finding| finding.rule.clone()).collect()
}

/// Looks at a mutant with `seeds` seeds.
fn measure(mutant: &Mutant, seeds: u64) -> Row<'_> {
    let mut named = BTreeSet::new();
    let mut caught = 0;
    for seed in 0..seeds {
        let rules = names(failed(&MUTANTS.check_mutant(mutant, &arguments(mutant, seed))));
        caught += u64::from(!rules.is_empty());
        named.extend(rules);
    }
    Row { mutant, named: named.into_iter().collect(), caught }
}

/// Looks at a mutant until it is found out.
fn look(mutant: &Mutant) -> Row<'_> {
    let mut named = BTreeSet::new();
    for seed in 0..SEEDS_TRIED {
        named = names(failed(&MUTANTS.check_mutant(mutant, &arguments(mutant, seed))));
        if !named.is_empty() {
            break;
        }
    }
    Row { mutant, caught: u64::from(!named.is_empty()), named: named.into_iter().collect() }
}

#[test]
fn names_of_mutants_are_told_apart() {
    let names: BTreeSet<&str> = MUTANTS.all.iter().map(|mutant| mutant.name.as_str()).collect();
    assert_eq!(names.len(), MUTANTS.all.len(), "a name is there twice");
    assert!(names.len() >= 50, "{}", names.len());
}

#[test]
fn the_wrapper_alone_breaks_nothing() {
    let findings = MUTANTS.check(&MUTANTS.library, None, &["--quick".to_owned()]);
    let bad = findings.iter().filter(|finding| matches!(finding.end.as_str(), "failed" | "blocked"));
    let bad: Vec<String> = bad.map(|finding| format!("{}: {}", finding.rule, finding.why)).collect();
    assert!(bad.is_empty() && !findings.is_empty(), "{bad:#?}");
}

#[test]
fn every_mutant_is_found_out() {
    let seeds = std::env::var("NRT_MUTANT_SEEDS").ok();
    let seeds: Option<u64> = seeds.map(|seeds| seeds.parse().expect("NRT_MUTANT_SEEDS is a number"));
    let next = AtomicUsize::new(0);
    let rows: Mutex<Vec<(usize, Row<'static>)>> = Mutex::default();
    let one_worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = MUTANTS.all.get(index) else { break };
            let row = seeds.map_or_else(|| look(mutant), |seeds| measure(mutant, seeds));
            rows.lock().unwrap_or_else(PoisonError::into_inner).push((index, row));
        }
    };
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(one_worker)).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("the suite runs"));
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    let rows: Vec<Row<'_>> = rows.into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows.len(), MUTANTS.all.len());
    if let Some(seeds) = seeds {
        let path = build::target().join("mutants.md");
        fs::write(&path, table::markdown(&rows, seeds)).expect("the target folder is there");
        eprintln!("the table is in {}", path.display());
    }
    // Nineteen of twenty, rounded up.
    let wanted = (seeds.unwrap_or(1) * 19).div_ceil(20);
    let survivors = rows.iter().filter(|row| row.caught < wanted);
    let survivors: Vec<String> = survivors
        .map(|row| format!("{} ({}): {}", row.mutant.name, row.mutant.caught_by.join(" "), row.caught))
        .collect();
    assert!(survivors.is_empty(), "rules must catch {wanted} times, and did not:\n{}", survivors.join("\n"));
}
