//! The report as one page of HTML: no script, nothing from elsewhere.

use std::fmt::Write;

use super::timeline::timeline;
use super::{Done, Report};
use sim_check::record::Record;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Migration check</title>
<style>
:root { color-scheme: light dark; --good: #177245; --bad: #b3261e; --open: #8a6100; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
code, pre { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.PASS { color: var(--good); } .FAIL { color: var(--bad); } .UNKNOWN { color: var(--open); }
.verdict { font-weight: 600; } .kind { white-space: nowrap; }
summary { cursor: pointer; padding: .3rem 0; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: currentColor; }
.lane { fill: #8881; } .bar { fill: #4a7fb5; } .failed { fill: #b3261e; }
.found { fill: #e08a00; stroke: #b3261e; stroke-width: 1.5; }
.wait { stroke: #8888; } .seen { stroke: currentColor; stroke-width: 1.2; }
</style>
</head>
<body>
";

/// The report as a page.
pub(super) fn page(report: &Report) -> String {
    let Report { program, lines, runs, before } = report;
    let mut page = String::from(HEAD);
    let _ = writeln!(page, "<h1>Migration check</h1>\n<p><code>{}</code></p>", escaped(&program.join(" ")));
    page.push_str("<table>\n");
    for line in lines {
        let run = line.run.as_ref().and_then(|name| runs.iter().position(|done| done.run.name == *name));
        let link = run.map_or_else(String::new, |at| {
            format!(" <a href=\"#run{at}\">{}</a>", escaped(&runs[at].run.name))
        });
        let verdict = line.verdict.name();
        let fix = if verdict == "FAIL" { format!("<br>{}", escaped(line.fix)) } else { String::new() };
        let (claim, evidence) = (escaped(line.claim), escaped(&line.evidence));
        let _ = writeln!(
            page,
            "<tr><td class=\"verdict {verdict}\">{verdict}</td><td>{claim}</td><td>{evidence}{link}{fix}</td></tr>"
        );
    }
    page.push_str(
        "</table>\n<h2>Runs</h2>\n<p>In simulated time. A line is a request that waits, a bar one that runs, a stroke the \
         moment in which the program learned of its completion. Red: it failed. Orange: it stands in a finding. Point at a \
         bar for its numbers.</p>\n",
    );
    for (at, done) in runs.iter().chain(before).enumerate() {
        section(&mut page, at, done, program);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn section(page: &mut String, at: usize, done: &Done, program: &[String]) {
    let Done { run, ended, story } = done;
    let open = if story.findings.is_empty() && ended.exit.is_orderly() { "" } else { " open" };
    let _ = writeln!(
        page,
        "<details id=\"run{at}\"{open}><summary><b>{}</b>: {}, {} requests, {:.2} s</summary>",
        escaped(&run.name),
        escaped(&ended.exit.sentence()),
        story.accepted(),
        ended.took.as_secs_f64()
    );
    let command = format!("nrt-sim run {} -- {}", run.flags(), program.join(" "));
    let _ = writeln!(page, "<p><code>{}</code></p>", escaped(&command));
    for session in &story.sessions {
        let _ = writeln!(page, "{}", timeline(session, &story.findings));
    }
    if !story.findings.is_empty() {
        page.push_str("<table>\n");
        story.findings.iter().for_each(|finding| row(page, finding));
        page.push_str("</table>\n");
    }
    page.push_str("</details>\n");
}

fn row(page: &mut String, finding: &Record) {
    let Record { kind, class, message, fix, section, detail, first, second, .. } = finding;
    let mut sides = String::new();
    for side in [first, second].into_iter().flatten() {
        let _ = write!(sides, "<br><code>{}</code>", escaped(&side.sentence));
        for frame in side.stack.iter().filter(|frame| frame.file.is_some()) {
            let (file, line) = (frame.file.as_deref().unwrap_or_default(), frame.line.unwrap_or(0));
            let _ = write!(
                sides,
                "<br><code>&nbsp; {}</code>",
                escaped(&format!("{} ({file}:{line})", frame.function))
            );
        }
    }
    let detail = if detail.is_empty() { String::new() } else { format!("<br>{}", escaped(detail)) };
    let _ = writeln!(
        page,
        "<tr><td class=\"kind\">{}<br>{}</td><td>{}{detail}{sides}<br>{} ({})</td></tr>",
        escaped(kind),
        class.name(),
        escaped(message),
        escaped(fix),
        escaped(section)
    );
}

/// `text` as text of HTML, in elements and in quoted attributes. Characters that HTML cannot have are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char if char.is_control() && !matches!(char, '\n' | '\t') => {}
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sim_check::record::Record;

    use super::super::attempt::{Attempt, Exit};
    use super::super::checklist::{Line, Verdict};
    use super::super::plan::Run;
    use super::super::story::{Session, Story};
    use super::super::{Done, Report};
    use super::page;

    const EVIL: &str = "\"><script>alert('x')</script>\u{1b}[31m";

    #[test]
    fn nothing_of_a_program_becomes_markup() {
        let side = serde_json::json!({
            "call": EVIL, "unit": EVIL, "core": 0, "queue": 0, "sequence": EVIL, "memory": EVIL, "bytes": null,
            "writes": null, "thread": 0, "sentence": EVIL,
            "stack": [{ "function": EVIL, "file": EVIL, "line": 7, "module": EVIL }],
        });
        let finding = serde_json::json!({
            "kind": EVIL, "class": "error", "process": 1, "message": EVIL, "missing": EVIL, "fix": EVIL, "clause": EVIL,
            "section": EVIL, "detail": EVIL, "first": side, "second": null, "fingerprint": EVIL,
        });
        let finding: Record = serde_json::from_value(finding).expect("a record");
        let story = Story { findings: vec![finding], sessions: vec![Session::default()], ..Story::default() };
        let ended = Attempt {
            exit: Exit::NotStarted(EVIL.into()),
            took: Duration::ZERO,
            stdout: EVIL.into(),
            stderr: EVIL.into(),
            left: 0,
        };
        let run = Run::plain(EVIL, 0);
        let line = Line {
            id: "id",
            claim: "claim",
            verdict: Verdict::Fail,
            evidence: EVIL.into(),
            run: Some(EVIL.into()),
            fix: "fix",
        };
        let runs = vec![Done { run, ended, story }];
        let page = page(&Report { program: vec![EVIL.into()], lines: vec![line], runs, before: None });
        assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
        assert!(page.contains("&lt;script&gt;"));
        for outside in ["http:", "https:", "src=", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
