//! SARIF 2.1.0: findings for code review.

use serde_json::{Value, json};

use crate::kind::{Class, Kind};
use crate::record::{Frame, Record, RecordSide};

/// The findings of `lines`, as `NRT_SIM_CHECK_JSON` has them, as a SARIF log. What is no finding is passed over.
pub fn of_lines(lines: &str) -> Value {
    let records: Vec<Record> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let rules: Vec<Value> = Kind::ALL.iter().map(|kind| rule(*kind)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "nrt-sim check", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": records.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn level(class: Class) -> &'static str {
    match class {
        Class::Error => "error",
        Class::Warning => "warning",
        Class::Advice => "note",
    }
}

fn rule(kind: Kind) -> Value {
    let about = kind.about();
    json!({
        "id": about.id,
        "shortDescription": { "text": about.title },
        "help": { "text": format!("{}. See {} ({}).", about.fix, kind.section(), about.clause) },
        "defaultConfiguration": { "level": level(about.class) },
    })
}

fn result(record: &Record) -> Value {
    let sides: Vec<(&str, &RecordSide)> = [("first", &record.first), ("second", &record.second)]
        .into_iter()
        .filter_map(|(name, side)| Some((name, side.as_ref()?)))
        .collect();
    let mut text = record.message.clone();
    sides.iter().for_each(|(name, side)| text += &format!("; {name}: {}", side.sentence));
    if !record.detail.is_empty() {
        text += &format!("; {}", record.detail);
    }
    text += &format!(". Missing: {}. Fix: {}.", record.missing, record.fix);
    let mut places = sides.iter().rev().filter_map(|(_, side)| side.stack.iter().find_map(location));
    let main: Vec<Value> = places.next().into_iter().collect();
    let stacks: Vec<Value> = sides
        .iter()
        .map(|(name, side)| {
            let frames = side.stack.iter().map(|frame| {
                let mut place = location(frame).unwrap_or_else(|| json!({}));
                place["message"] = json!({ "text": frame.function });
                json!({ "location": place })
            });
            json!({ "message": { "text": format!("{name}: {}", side.sentence) }, "frames": frames.collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "ruleId": record.kind,
        "level": level(record.class),
        "message": { "text": text },
        "locations": main,
        "relatedLocations": places.collect::<Vec<_>>(),
        "stacks": stacks,
        "partialFingerprints": { "nrtSim/v1": record.fingerprint },
    })
}

fn location(frame: &Frame) -> Option<Value> {
    let (file, line) = (frame.file.as_ref()?, frame.line?);
    Some(json!({
        "physicalLocation": { "artifactLocation": { "uri": file }, "region": { "startLine": line.max(1) } },
    }))
}
