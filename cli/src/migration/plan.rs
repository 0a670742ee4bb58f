//! Which runs a program is put through, and how each is repeated by hand.

use sim_core::seq::{UnitId, UnitKind};

use super::story::Story;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// As the program is.
    Plain,
    /// Other legal orders of completions.
    Order,
    /// A queue that is full.
    Storm,
    /// One request fails.
    Failing,
    /// An execution unit is lost.
    Dead,
    /// The program before its migration.
    Before,
}

/// A run to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    pub(super) seed: u64,
    pub(super) is_shuffled: bool,
    /// As `nrt-sim run --time` has it.
    pub(super) time: &'static str,
    /// A fault plan, or nothing.
    pub(super) faults: String,
}

/// How long requests take that are made slow: real milliseconds, since the program is to notice.
const SLOW: &str = "20ms";
/// So many of each queue are.
const SLOW_COUNT: u32 = 8;

impl Run {
    fn new(name: impl Into<String>, purpose: Purpose, seed: u64) -> Run {
        Run { name: name.into(), purpose, seed, is_shuffled: false, time: "free", faults: String::new() }
    }

    /// The run by which all others are measured. The same again shows what differs by itself.
    pub(super) fn plain(name: &str, seed: u64) -> Run {
        Run::new(name, Purpose::Plain, seed)
    }

    /// The program before its migration.
    pub(super) fn before(seed: u64) -> Run {
        Run::new("before", Purpose::Before, seed)
    }

    /// The variables that make it this run.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables =
            vec![("NRT_SIM_SEED", self.seed.to_string()), ("NRT_SIM_TIME", self.time.to_owned())];
        if self.is_shuffled {
            variables.push(("NRT_SIM_SHUFFLE", "1".to_owned()));
        }
        if !self.faults.is_empty() {
            variables.push(("NRT_SIM_FAULTS", self.faults.clone()));
        }
        variables
    }

    /// The flags of `nrt-sim run` that make the same run.
    pub(super) fn flags(&self) -> String {
        let mut flags = format!("--seed {} --time {}", self.seed, self.time);
        if self.is_shuffled {
            flags += " --shuffle";
        }
        if !self.faults.is_empty() {
            flags += &format!(" --faults '{}'", self.faults);
        }
        flags
    }
}

/// All runs that follow the plain one, of which `story` tells; with other orders for `seeds`.
pub(super) fn runs(story: &Story, seed: u64, seeds: impl Iterator<Item = u64>) -> Vec<Run> {
    // In manual time the order of everything is the seed's, but a program that sleeps on an eventfd never wakes.
    let sleeps = story.sessions.iter().any(|session| session.listens);
    let time = if sleeps { "free" } else { "manual" };
    let mut runs: Vec<Run> = seeds.map(|seed| shuffled(seed, time)).collect();
    let mut add = |name: &str, purpose, time, faults: String| {
        runs.push(Run { time, faults, ..Run::new(name, purpose, seed) });
    };
    let uses = |kind| story.requests().any(|(unit, ..)| unit.kind == kind);
    for (name, kind) in [("slow runs", UnitKind::Compute), ("slow transfers", UnitKind::TensorOp)] {
        if uses(kind) {
            let rule = format!(
                "rule=[{{name=\"slow\",unit=\"{}\",first={SLOW_COUNT},late=\"{SLOW}\"}}]",
                kind.name()
            );
            add(name, Purpose::Order, "wall", rule);
        }
    }
    if let Some((UnitId { core, .. }, count)) = story.busiest() {
        let storm = format!(
            "rule=[{{name=\"storm\",unit=\"compute\",sequence={{min=2,max=12}},full={{capacity=1}}}},\
             {{name=\"busy\",unit=\"compute\",sequence={{min=1,max=12}},late=\"{SLOW}\"}}]"
        );
        add("full queue", Purpose::Storm, "wall", storm);
        let nth = count.div_ceil(2);
        let struck = |name, status| {
            format!("rule=[{{name=\"{name}\",unit=\"compute\",core={core},nth={nth},status=\"{status}\"}}]")
        };
        add("one failing request", Purpose::Failing, "free", struck("failing", "NRT_FAILURE"));
        add("lost unit", Purpose::Dead, "free", struck("lost", "NRT_EXEC_HW_ERR_NC_UE"));
    }
    runs
}

fn shuffled(seed: u64, time: &'static str) -> Run {
    Run { is_shuffled: true, time, ..Run::new(format!("order {seed}"), Purpose::Order, seed) }
}

#[cfg(test)]
mod tests {
    use sim_core::fault::Plan;
    use sim_core::seq::{UnitId, UnitKind};

    use super::super::story::{Request, Session, Story};
    use super::{Purpose, runs};

    #[test]
    fn the_runs_follow_from_what_the_program_uses() {
        let request = Request { submitted: Some(0), ..Request::default() };
        let queue = |kind| (UnitId { core: 1, kind, queue: 0 }, (1..=5).map(|num| (num, request)).collect());
        let queues = [UnitKind::Compute, UnitKind::TensorOp].map(queue).into_iter().collect();
        let story = Story { sessions: vec![Session { queues, ..Session::default() }], ..Story::default() };
        let all = runs(&story, 7, 1..4);
        let names: Vec<&str> = all.iter().map(|run| &*run.name).collect();
        let expected = ["order 1", "order 2", "order 3", "slow runs", "slow transfers", "full queue"];
        assert_eq!(names, [&expected[..], &["one failing request", "lost unit"]].concat());
        for run in &all {
            Plan::parse(&run.faults).unwrap_or_else(|error| panic!("{}: {error}", run.name));
            assert_eq!(run.time == "manual", run.is_shuffled, "{}", run.name);
        }
        let lost = all.iter().find(|run| run.purpose == Purpose::Dead).expect("it is there");
        assert!(lost.faults.contains("core=1,nth=3"), "{}", lost.faults);
        assert!(runs(&Story::default(), 0, 0..1).len() == 1, "without runs there is nothing to break");
    }
}
