//! What a program does apart from using bytes: how it asks, waits and retries, and what that costs it.

use rustc_hash::FxHashMap;
use sim_core::seq::{UnitId, UnitKind};

use crate::checker::Submission;
use crate::finding::{Finding, Findings, Side, Site};
use crate::kind::Kind;
use crate::queues::Queues;
use crate::report;

/// Refusals by a dead unit that one thread may be told before it counts as deaf.
const DEAD_MAX: u32 = 8;
/// Attempts on a full queue with no look at completions in between.
const SPIN_MAX: u32 = 1000;
/// Of so many attempts or looks in a row, one must have waited for something, or the loop has no pause.
const PER_WAIT: u64 = 8;
/// Looks in a row of which none brought news.
const POLL_MAX: u32 = 20_000;
/// The same for whole programs that use no events.
const POLLS_WITHOUT_EVENTS: u64 = 1000;
/// Looks at a request that does not exist.
const UNISSUED_MAX: u32 = 100;
/// Submissions that show a habit.
const HABIT: u32 = 16;
/// Refused requests that are remembered.
const REFUSED_MAX: usize = 64;

/// What names a request before it has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The queue.
    pub unit: UnitId,
    /// The model, or 0.
    pub model: u64,
    /// The sets, the tensor or the buffer.
    pub what: [u64; 2],
    /// The address of the status.
    pub status: usize,
}

struct Refused {
    attempt: Attempt,
    side: Side,
    detail: String,
}

#[derive(Default)]
struct Thread {
    /// Where it submitted last, which number, and from where.
    last: Option<(usize, u64, Site)>,
    /// The attempt that was refused last, how often in a row, and how often the thread had waited before.
    refused: Option<(Attempt, u32, u64)>,
    dead: FxHashMap<usize, u32>,
    /// Looks without news, and how often the thread had waited before.
    polls: u32,
    waits_before: u64,
    unissued: u32,
    idle_looks: u32,
    /// What it looked at since it submitted last.
    waited: bool,
}

/// What is known of each thread, and of the one that called last without looking for it.
#[derive(Default)]
struct Threads {
    all: Vec<(u32, Thread)>,
    places: FxHashMap<u32, usize>,
    last: usize,
}

impl Threads {
    fn of(&mut self, thread: u32) -> &mut Thread {
        if self.all.get(self.last).is_none_or(|(last, _)| *last != thread) {
            self.last = *self.places.entry(thread).or_insert(self.all.len());
            if self.last == self.all.len() {
                self.all.push((thread, Thread::default()));
            }
        }
        &mut self.all[self.last].1
    }
}

/// How a queue was used.
#[derive(Default)]
struct Habit {
    submissions: u32,
    /// Those that found everything before seen to be completed.
    on_empty: u32,
    last: Option<(u64, u32, Site)>,
    /// The bytes of the last request, and whether it writes them.
    uses: Vec<(std::ops::Range<usize>, bool)>,
    /// Submissions right after another queue's last request was waited for, with which it shares no bytes.
    serial: u32,
    /// The other queue.
    serial_with: Option<(usize, u64, u32, Site)>,
    /// Whether it was ever busy together with another.
    overlapped: bool,
}

/// The conduct of the process.
pub struct Conduct {
    /// How often the calling thread has waited for something.
    waits: fn() -> u64,
    threads: Threads,
    /// By the place of the queue.
    habits: Vec<Habit>,
    refused: Vec<Refused>,
    polls: u64,
    has_events: bool,
    last_submission: Option<(usize, u64)>,
    has_told: Vec<Kind>,
}

fn side(call: &'static str, thread: u32, request: Option<(UnitId, u64)>) -> Side {
    Side { call, request, uses: None, thread, site: Site::Here }
}

impl Conduct {
    pub(crate) fn new(waits: fn() -> u64) -> Conduct {
        Conduct {
            waits,
            threads: Threads::default(),
            habits: Vec::new(),
            refused: Vec::new(),
            polls: 0,
            has_events: false,
            last_submission: None,
            has_told: Vec::new(),
        }
    }

    /// A finding of a kind that is told once in a process.
    fn once(&mut self, kind: Kind, first: Option<Side>, second: Side, detail: String) -> Findings {
        if self.has_told.contains(&kind) {
            return Findings::new();
        }
        self.has_told.push(kind);
        vec![Finding { kind, first, second: Some(second), detail }]
    }

    pub(crate) fn submitted(&mut self, (place, num): (usize, u64), submission: &Submission, queues: &Queues) {
        let Submission { thread, site, ref accesses, .. } = *submission;
        let mine = self.threads.of(thread);
        mine.refused = None;
        if !mine.dead.is_empty() {
            mine.dead.remove(&place);
        }
        let waited = std::mem::replace(&mut mine.waited, false);
        mine.last = Some((place, num, site));
        let empty = queues.at(place).seen + 1 >= num;
        let other = self.last_submission.replace((place, num)).filter(|(other, _)| *other != place);
        let serial_with = other.filter(|(other, last)| waited && queues.is_over(*other, *last)).and_then(
            |(other, last)| {
                let theirs = self.habits.get(other)?;
                let (_, thread, site) = theirs.last?;
                let is_shared = theirs.uses.iter().any(|(bytes, writes)| {
                    accesses.iter().any(|access| {
                        (access.writes || *writes)
                            && access.bytes.start < bytes.end
                            && bytes.start < access.bytes.end
                    })
                });
                (!is_shared).then_some((other, last, thread, site))
            },
        );
        let overlaps = other.is_some_and(|(other, last)| !queues.is_over(other, last));
        if let Some((other, _)) = other.filter(|_| overlaps) {
            self.habits[other].overlapped = true;
        }
        if self.habits.len() <= place {
            self.habits.resize_with(place + 1, Habit::default);
        }
        let habit = &mut self.habits[place];
        habit.submissions += 1;
        habit.on_empty += u32::from(empty);
        habit.last = Some((num, thread, site));
        habit.uses.clear();
        habit.uses.extend(accesses.iter().map(|access| (access.bytes.clone(), access.writes)));
        habit.overlapped |= overlaps;
        if serial_with.is_some() {
            habit.serial += 1;
            habit.serial_with = serial_with;
        }
    }

    /// A request that was refused before is accepted.
    pub(crate) fn accepted(&mut self, submission: &Submission) {
        if !self.refused.is_empty() {
            let attempt = submission.attempt();
            self.refused.retain(|refused| refused.attempt != attempt);
        }
    }

    /// A queue was full.
    pub fn refused(&mut self, attempt: Attempt, call: &'static str, thread: u32, site: Site) -> Findings {
        let mine = self.threads.of(thread);
        let (count, before) = match mine.refused {
            Some((same, count, before)) if same == attempt => (count + 1, before),
            _ => (1, (self.waits)()),
        };
        mine.refused = Some((attempt, count, before));
        let there = Side { site, ..side(call, thread, Some((attempt.unit, 0))) };
        if count == 1 && self.refused.len() < REFUSED_MAX {
            self.refused.retain(|refused| refused.attempt != attempt);
            let detail = format!("its status was to go to {:#x}", attempt.status);
            self.refused.push(Refused { attempt, side: there.clone(), detail });
        }
        if count == SPIN_MAX {
            let waits = (self.waits)() - before;
            if waits < u64::from(SPIN_MAX) / PER_WAIT {
                let detail = format!("{SPIN_MAX} attempts, with {waits} pauses in between");
                return self.once(Kind::FullSpin, None, there, detail);
            }
        }
        Findings::new()
    }

    /// A dead unit has refused a request.
    pub fn refused_dead(&mut self, unit: UnitId, call: &'static str, thread: u32) -> Findings {
        let mine = self.threads.of(thread);
        let count = mine.dead.entry(unit.place()).or_default();
        *count += 1;
        if *count != DEAD_MAX {
            return Findings::new();
        }
        let detail = format!("refused {DEAD_MAX} times");
        vec![Finding {
            kind: Kind::DeadUnit,
            first: None,
            second: Some(side(call, thread, Some((unit, 0)))),
            detail,
        }]
    }

    /// A thread has learned something of the queue at `place`.
    pub(crate) fn looked(&mut self, thread: u32) {
        let mine = self.threads.of(thread);
        (mine.refused, mine.polls) = (None, 0);
        (mine.unissued, mine.idle_looks, mine.waited) = (0, 0, true);
    }

    /// A look at a request, or at what a queue has completed, that brought no news.
    pub(crate) fn polled(
        &mut self,
        (unit, num): (UnitId, u64),
        call: &'static str,
        thread: u32,
        queues: &Queues,
    ) -> Findings {
        if report::is_holding_up() {
            return Findings::new();
        }
        self.polls += 1;
        let mine = self.threads.of(thread);
        mine.refused = None;
        mine.polls += 1;
        let here = side(call, thread, Some((unit, num)));
        if num > queues.at(unit.place()).issued {
            mine.unissued += 1;
            if mine.unissued == UNISSUED_MAX {
                return self.once(Kind::Unissued, None, here, format!("asked {UNISSUED_MAX} times"));
            }
        }
        if mine.polls == 1 {
            mine.waits_before = (self.waits)();
        }
        if mine.polls == POLL_MAX {
            let waits = (self.waits)() - mine.waits_before;
            if waits < u64::from(POLL_MAX) / PER_WAIT {
                let detail = format!("{POLL_MAX} looks, with {waits} pauses in between");
                return self.once(Kind::HotPoll, None, here, detail);
            }
        }
        Findings::new()
    }

    /// A look at a queue that has completed nothing, nor will.
    pub(crate) fn looked_at_idle(
        &mut self,
        unit: UnitId,
        call: &'static str,
        thread: u32,
        queues: &Queues,
    ) -> Findings {
        if queues.at(unit.place()).issued > 0 {
            return self.polled((unit, 0), call, thread, queues);
        }
        let mine = self.threads.of(thread);
        let Some((place, num, _)) = mine.last.filter(|(place, num, _)| !queues.is_over(*place, *num)) else {
            return Findings::new();
        };
        mine.idle_looks += 1;
        if mine.idle_looks != UNISSUED_MAX {
            return Findings::new();
        }
        let first = Some(queues.side(place, num, None));
        let detail = format!("looked {UNISSUED_MAX} times");
        self.once(Kind::OtherUnit, first, side(call, thread, Some((unit, 0))), detail)
    }

    /// The program asks to be told of a request.
    pub fn registers(
        &mut self,
        request: Option<(UnitId, u64)>,
        call: &'static str,
        thread: u32,
        queues: &Queues,
    ) -> Findings {
        self.has_events = true;
        match request {
            Some((_, 0)) => self.asked_of_zero(request, call, thread),
            Some((unit, num)) if num > queues.at(unit.place()).issued => {
                let here = side(call, thread, request);
                self.once(Kind::Unissued, None, here, "registered for its completion".into())
            }
            _ => Findings::new(),
        }
    }

    /// The program asks about number 0.
    pub fn asked_of_zero(
        &mut self,
        request: Option<(UnitId, u64)>,
        call: &'static str,
        thread: u32,
    ) -> Findings {
        self.once(Kind::Zero, None, side(call, thread, request), String::new())
    }

    /// The program asks about an id of no queue.
    pub fn asked_of_none(&mut self, id: u64, call: &'static str, thread: u32) -> Findings {
        self.once(Kind::Foreign, None, side(call, thread, None), format!("the id is {id:#018x}"))
    }

    /// What the whole run shows.
    pub(crate) fn sum_up(&mut self) -> Findings {
        let mut findings = Findings::new();
        for Refused { side, detail, .. } in self.refused.drain(..) {
            findings.push(Finding { kind: Kind::FullDropped, first: None, second: Some(side), detail });
        }
        for (place, habit) in self.habits.iter().enumerate() {
            let Some((num, thread, site)) = habit.last else { continue };
            let unit = UnitId::at(place);
            let of = |place, num, thread, site| Side {
                call: "the last such request",
                request: Some((UnitId::at(place), num)),
                uses: None,
                thread,
                site,
            };
            let here = of(place, num, thread, site);
            let count = habit.submissions;
            if unit.kind == UnitKind::Compute && count >= HABIT && habit.on_empty == count {
                let detail = format!("{count} submissions, each to an empty queue");
                findings.push(Finding {
                    kind: Kind::Drained,
                    first: None,
                    second: Some(here.clone()),
                    detail,
                });
            }
            if let Some((other, num, thread, site)) = habit.serial_with
                && habit.serial >= HABIT
                && !habit.overlapped
                && findings.iter().all(|finding| finding.kind != Kind::Serial)
            {
                let detail = format!("{} times", habit.serial);
                let first = Some(of(other, num, thread, site));
                findings.push(Finding { kind: Kind::Serial, first, second: Some(here), detail });
            }
        }
        if !self.has_events && self.polls >= POLLS_WITHOUT_EVENTS {
            let second =
                Some(side("looks without news", 0, None)).map(|side| Side { site: Site::Unknown, ..side });
            let detail = format!("{} looks without news", self.polls);
            findings.push(Finding { kind: Kind::NoEvents, first: None, second, detail });
        }
        findings.sort_by_key(|finding| finding.kind);
        findings
    }
}
