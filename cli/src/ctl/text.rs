//! What a program has answered, for a person.

use std::fmt::Write;

use serde_json::Value;
use sim_models::command::{QueueStatus, RuleStatus, Status};

use crate::summary::span;

/// The device, its rules, its queues.
pub(super) fn status(status: &Status) -> String {
    let Status { pid, program, instance, sdk, seed, time, now_ns, plan, rules, queues } = status;
    let mut text = format!(
        "process {pid}, {}\nsimulated {instance}, SDK {sdk}, seed {seed}, time {time}; it is {} now\n",
        program.display(),
        span(*now_ns)
    );
    if let Some(plan) = plan {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "fault plan {}", plan.display());
    }
    if rules.is_empty() {
        text += "\nno rules\n";
    } else {
        text += "\n  rule  matched  struck  fired\n";
        rules.iter().for_each(|rule| text += &self::rule(rule));
    }
    if queues.is_empty() {
        text += "\nno queue has had a request\n";
    } else {
        text += "\n  core  unit          queue   submitted   completed  capacity  state\n";
    }
    for queue in queues {
        let QueueStatus { core, unit, queue: number, submitted, completed, capacity, .. } = queue;
        let capacity = capacity.map_or_else(|| "-".to_owned(), |capacity| capacity.to_string());
        let state = state(queue);
        let row = format!(
            "  {core:>4}  {unit:<12}  {number:>5}  {submitted:>10}  {completed:>10}  {capacity:>8}  {state}"
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

fn rule(rule: &RuleStatus) -> String {
    let RuleStatus { id, name, sentence, matched, struck, fired, armed } = rule;
    let over = if *armed { "" } else { " (used up)" };
    format!("  {id:>4}  {matched:>7}  {struck:>6}  {fired:>5}  {name}{over}\n        {sentence}\n")
}

/// One queue.
pub(super) fn queue(queue: &QueueStatus) -> String {
    let QueueStatus { core, unit, queue: number, submitted, completed, capacity, .. } = queue;
    let capacity = capacity.map_or_else(String::new, |capacity| format!(" of {capacity} places"));
    let state = state(queue);
    let state = if state.is_empty() { "gets on".to_owned() } else { state };
    let waiting = submitted.saturating_sub(*completed);
    format!("{unit} queue {number} of core {core}: {state}; {waiting}{capacity} taken, {completed} completed")
}

/// What is special about a queue, and what runs there.
fn state(queue: &QueueStatus) -> String {
    let states = [
        (queue.dead, "dead".to_owned()),
        (queue.paused, "paused".to_owned()),
        (queue.held, "held up by a fault".to_owned()),
        (queue.running.is_some(), format!("request {} has begun", queue.running.unwrap_or(0))),
    ];
    states.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>().join(", ")
}

/// An entry of the journal.
pub(super) fn entry(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or("?");
    let number = |key: &str| entry[key].as_u64();
    let whom = match (entry["unit"].as_str(), number("core"), number("queue")) {
        (Some(unit), Some(core), Some(queue)) => {
            format!("request {} on {unit} queue {queue} of core {core}", number("num").unwrap_or(0))
        }
        (_, Some(core), _) => format!("{} on core {core}", text("operation")),
        _ => text("operation").to_owned(),
    };
    format!(
        "{:>12}  {whom} {}, by rule {:?}",
        span(number("at_ns").unwrap_or(0)),
        text("effect"),
        text("rule")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_models::command::{QueueStatus, RuleStatus, Status};

    use super::{entry, queue, status};

    fn compute() -> QueueStatus {
        QueueStatus {
            core: 1,
            unit: "compute".into(),
            queue: 0,
            submitted: 9,
            completed: 4,
            capacity: Some(8),
            running: Some(5),
            running_ends_ns: None,
            dead: false,
            paused: true,
            held: true,
        }
    }

    #[test]
    fn a_status_has_all_rules_and_queues() {
        let rule = RuleStatus {
            id: 3,
            name: "third".into(),
            sentence: "On compute.".into(),
            matched: 20,
            struck: 1,
            fired: 1,
            armed: false,
        };
        let unbounded = QueueStatus {
            unit: "tensor-op".into(),
            capacity: None,
            running: None,
            paused: false,
            held: false,
            ..compute()
        };
        let all = Status {
            pid: 7,
            program: "/bin/infer".into(),
            instance: "trn1.2xlarge".into(),
            sdk: "2.30".into(),
            seed: 5,
            time: "free".into(),
            now_ns: 1_500,
            plan: Some("/plan.toml".into()),
            rules: vec![rule],
            queues: vec![compute(), unbounded],
        };
        let expected = "\
process 7, /bin/infer
simulated trn1.2xlarge, SDK 2.30, seed 5, time free; it is 1.500 µs now
fault plan /plan.toml

  rule  matched  struck  fired
     3       20       1      1  third (used up)
        On compute.

  core  unit          queue   submitted   completed  capacity  state
     1  compute           0           9           4         8  paused, held up by a fault, request 5 has begun
     1  tensor-op         0           9           4         -
";
        assert_eq!(status(&all), expected);
    }

    #[test]
    fn a_queue_is_a_sentence() {
        let said = "compute queue 0 of core 1: paused, held up by a fault, request 5 has begun; 5 of 8 places taken, \
                    4 completed";
        assert_eq!(queue(&compute()), said);
        let plain = QueueStatus { running: None, paused: false, held: false, capacity: None, ..compute() };
        assert_eq!(queue(&plain), "compute queue 0 of core 1: gets on; 5 taken, 4 completed");
    }

    #[test]
    fn an_entry_says_who_was_struck_by_what() {
        let request = json!({
            "at_ns": 2_000_000, "rule": "third", "core": 0, "unit": "compute", "queue": 0, "num": 3,
            "operation": "execute", "effect": "ended with NRT_TIMEOUT (5)",
        });
        let said = "    2.000 ms  request 3 on compute queue 0 of core 0 ended with NRT_TIMEOUT (5), by rule \"third\"";
        assert_eq!(entry(&request), said);
        let call = json!({"at_ns": 0, "rule": "r", "core": 1, "unit": null, "operation": "load", "effect": "failed"});
        assert_eq!(entry(&call), "        0 ns  load on core 1 failed, by rule \"r\"");
    }
}
