//! Runs rules on a library: all their cases, on all cores, and then what failed once more, to make it small.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::abi::Sdk;
use crate::probe::{self, Probe};
use crate::report::{Finding, RuleReport, RunReport};
use crate::reproducer::{self, Bench};
use crate::rule::{Rule, Source};
use crate::script::Line;
use crate::session::Settings;
use crate::verdict::Verdict;
use crate::worker::{Report, Worker};

/// What to run, and on what.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The library.
    pub library: PathBuf,
    /// Models of the user's.
    pub neffs: Vec<PathBuf>,
    /// The rules.
    pub rules: Vec<&'static Rule>,
    /// How sure a rule must be to count.
    pub level: Option<Source>,
    /// Cases for each rule that draws inputs.
    pub cases: u64,
    /// The only case to look at.
    pub case: Option<u64>,
    /// The source of all luck.
    pub seed: u64,
    /// The release that the library is judged as; `None` to go by its version.
    pub sdk: Option<Sdk>,
    /// After which a case is hopeless.
    pub timeout: Duration,
    /// Processes at a time; `None` for as many as there are processors, if the library allows it.
    pub jobs: Option<usize>,
    /// Whether failing cases are made small and shown as programs.
    pub reproduce: bool,
    /// Where files are kept while the suite runs.
    pub folder: PathBuf,
    /// Set from outside to have no further case begun.
    pub interrupted: Arc<AtomicBool>,
}

/// A case that has ended, as a watcher sees it.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The rule.
    pub rule: &'static Rule,
    /// How the case ended.
    pub verdict: &'a Verdict,
    /// Cases that have ended or were left out.
    pub done: usize,
    /// All cases.
    pub all: usize,
}

/// What has become of a rule so far.
#[derive(Debug, Default)]
struct Tally {
    ran: u64,
    passed: u64,
    looked: u64,
    time: Duration,
    verdict: Option<Verdict>,
    failure: Option<(u64, Report)>,
}

impl Suite {
    /// Looks at the library, and then runs all cases. `watch` hears of each that ended.
    ///
    /// # Errors
    /// If processes cannot be started or files cannot be written.
    pub fn run(&self, watch: &(dyn Fn(Progress<'_>) + Sync)) -> io::Result<RunReport> {
        let begin = Instant::now();
        let probe = self.probe()?;
        let sdk = self.sdk.or(probe.sdk).unwrap_or(Sdk::V2_30);
        let processors = thread::available_parallelism().map_or(1, usize::from);
        // Cores of hardware belong to one process at a time.
        let jobs = self.jobs.unwrap_or(if probe.steppable { processors } else { 1 });
        let dead = probe.cores.is_none();

        let (runnable, set_aside): (Vec<&Rule>, Vec<&Rule>) = self.rules.iter().partition(|rule| {
            rule.applies_to(sdk)
                && self.level.is_none_or(|level| rule.source <= level)
                && (!dead || rule.group() == "ABI")
        });
        let mut work: Vec<(&'static Rule, u64)> = Vec::new();
        for rule in &self.rules {
            if runnable.iter().any(|other| other.id == rule.id) {
                match self.case {
                    Some(case) => work.push((rule, case)),
                    None => work.extend((0..rule.case_count(self.cases)).map(|case| (*rule, case))),
                }
            }
        }
        let tallies = self.run_cases(&work, sdk, jobs, watch)?;
        let ran: u64 = tallies.values().map(|(_, tally)| tally.ran).sum();
        let cases_time = begin.elapsed();

        let mut results = self.conclude(tallies, sdk, jobs)?;
        for rule in set_aside {
            let verdict = match &probe.trouble {
                Some(trouble) if rule.applies_to(sdk) && dead => Verdict::Blocked(trouble.clone()),
                _ if rule.applies_to(sdk) => Verdict::NotApplicable(format!("it is {}", rule.source)),
                _ => Verdict::NotApplicable(format!("it is for SDK {} to {}", rule.sdks.0, rule.sdks.1)),
            };
            results.push(RuleReport::new(rule, verdict));
        }
        let place = |id: &str| self.rules.iter().position(|rule| rule.id == id);
        results.sort_by_key(|result| place(&result.id));
        Ok(RunReport {
            library: self.library.clone(),
            version: probe.version,
            sdk,
            seed: self.seed,
            cases: ran,
            seconds: begin.elapsed().as_secs_f64(),
            cases_per_second: ran as f64 / cases_time.as_secs_f64(),
            trouble: probe.trouble,
            interrupted: self.interrupted.load(Ordering::Relaxed),
            rules: results,
        })
    }

    fn probe(&self) -> io::Result<Probe> {
        let worker = Worker::new(&self.folder, 0, self.environment())?;
        let report = worker.run(&self.settings(probe::NAME, 0, self.sdk), &[])?;
        Ok(Probe::new(&report))
    }

    fn settings(&self, rule: &str, case: u64, sdk: Option<Sdk>) -> Settings {
        Settings {
            library: self.library.clone(),
            rule: rule.to_owned(),
            sdk,
            neffs: self.neffs.clone(),
            folder: self.folder.clone(),
            seed: self.seed,
            case,
            path: String::new(),
            effort: 100,
            timeout: self.timeout,
        }
    }

    /// What every case finds in its environment beside the user's: a simulator behaves as the release that
    /// was asked for, and lends its cores to several processes.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        let mut unless_set = |name: &str, value: String| {
            if std::env::var_os(name).is_none() {
                variables.push((name.to_owned(), value));
            }
        };
        unless_set("NRT_SIM_SHARE_CORES", "1".to_owned());
        if let Some(sdk) = self.sdk {
            unless_set("NRT_SIM_SDK", sdk.to_string());
        }
        variables
    }

    fn run_cases(
        &self,
        work: &[(&'static Rule, u64)],
        sdk: Sdk,
        jobs: usize,
        watch: &(dyn Fn(Progress<'_>) + Sync),
    ) -> io::Result<BTreeMap<&'static str, (&'static Rule, Tally)>> {
        let tallies: Mutex<BTreeMap<&'static str, (&'static Rule, Tally)>> = Mutex::default();
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let one_worker = |number| -> io::Result<()> {
            let worker = Worker::new(&self.folder, number, self.environment())?;
            while !self.interrupted.load(Ordering::Relaxed)
                && let Some((rule, case)) = work.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let failed = {
                    let tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
                    tallies.get(rule.id).is_some_and(|(_, tally)| tally.failure.is_some())
                };
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if failed {
                    continue;
                }
                let report = worker.run(&self.settings(rule.id, *case, Some(sdk)), rule.environment)?;
                if self.interrupted.load(Ordering::Relaxed) {
                    break;
                }
                watch(Progress { rule, verdict: &report.verdict, done, all: work.len() });
                let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
                tallies.entry(rule.id).or_insert_with(|| (*rule, Tally::default())).1.add(*case, report);
            }
            Ok(())
        };
        in_threads(jobs, &one_worker)?;
        Ok(tallies.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes reports of tallies; what failed is made small first.
    fn conclude(
        &self,
        tallies: BTreeMap<&'static str, (&'static Rule, Tally)>,
        sdk: Sdk,
        jobs: usize,
    ) -> io::Result<Vec<RuleReport>> {
        let tallies: Vec<(&'static Rule, Tally)> = tallies.into_values().collect();
        let results: Mutex<Vec<RuleReport>> = Mutex::default();
        let next = AtomicUsize::new(0);
        let one_worker = |number: usize| -> io::Result<()> {
            while let Some((rule, tally)) = tallies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let verdict = tally.verdict.clone().unwrap_or(Verdict::Passed);
                let mut result = RuleReport::new(rule, verdict);
                (result.passed, result.looked) = (tally.passed, tally.looked);
                result.seconds = tally.time.as_secs_f64();
                if let Some((case, report)) = &tally.failure {
                    result.finding = Some(self.finding(rule, *case, report, sdk, number)?);
                }
                results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            }
            Ok(())
        };
        in_threads(jobs, &one_worker)?;
        Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn finding(
        &self,
        rule: &'static Rule,
        case: u64,
        report: &Report,
        sdk: Sdk,
        number: usize,
    ) -> io::Result<Finding> {
        let mut finding = Finding {
            case,
            what: report.verdict.why().to_owned(),
            replay: self.replay(rule, case),
            output: report.output.clone(),
            program: None,
            confirmed: Err("not asked for".to_owned()),
        };
        if !self.reproduce
            || self.interrupted.load(Ordering::Relaxed)
            || matches!(report.verdict, Verdict::Blocked(_))
        {
            return Ok(finding);
        }
        let worker = Worker::new(&self.folder, number, self.environment())?;
        let settings = self.settings(rule.id, case, Some(sdk));
        let report = reproducer::shrink(&worker, &settings, rule, report.clone())?;
        let neff = self.neff();
        let folder = self.folder.join(format!("program-{number}"));
        std::fs::create_dir_all(&folder)?;
        let environment = self.environment();
        let bench = Bench {
            library: &self.library,
            neff: neff.as_deref(),
            folder,
            environment: &environment,
            timeout: self.timeout,
        };
        let small = bench.reproduce(rule, report)?;
        finding.what = small.report.verdict.why().to_owned();
        finding.output = small.report.output;
        (finding.program, finding.confirmed) = (small.program, small.confirmed);
        Ok(finding)
    }

    /// The model that cases were given, or made for themselves.
    #[must_use]
    pub fn neff(&self) -> Option<PathBuf> {
        let own = || {
            let entries = std::fs::read_dir(&self.folder).ok()?;
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.extension().is_some_and(|end| end == "neff"))
        };
        self.neffs.first().cloned().or_else(own)
    }

    /// The command that looks at this case again.
    fn replay(&self, rule: &Rule, case: u64) -> String {
        let mut command = format!("nrt-conformance --lib {}", self.library.display());
        for neff in &self.neffs {
            command += &format!(" --neff {}", neff.display());
        }
        if let Some(sdk) = self.sdk {
            command += &format!(" --sdk {sdk}");
        }
        command + &format!(" --rules {} --seed {} --case {case}", rule.id, self.seed)
    }
}

/// Runs `work` in so many threads at once, one at least; each is told its number.
fn in_threads(count: usize, work: &(dyn Fn(usize) -> io::Result<()> + Sync)) -> io::Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count.max(1)).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))
        })
    })
}

impl Tally {
    fn add(&mut self, case: u64, report: Report) {
        self.ran += 1;
        self.time += report.time;
        self.looked += report
            .lines
            .iter()
            .map(|line| if let Line::Looked(times) = line { *times } else { 0 })
            .sum::<u64>();
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Failed(_) => 4,
            Verdict::Blocked(_) => 3,
            Verdict::Passed => 2,
            Verdict::Undecided(_) | Verdict::Exhausted => 1,
            Verdict::NotApplicable(_) => 0,
        };
        self.passed += u64::from(report.verdict == Verdict::Passed);
        let worse = self.verdict.as_ref().is_none_or(|verdict| rank(verdict) < rank(&report.verdict));
        if worse {
            self.verdict = Some(report.verdict.clone());
            if report.verdict.is_bad() {
                self.failure = Some((case, report));
            }
        }
    }
}
