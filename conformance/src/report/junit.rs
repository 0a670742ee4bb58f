use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::RunReport;
use crate::verdict::Verdict;

/// The run as JUnit XML: a suite for each group, a test for each rule.
///
/// # Errors
/// If the XML writer fails.
pub fn junit(run: &RunReport) -> anyhow::Result<String> {
    let mut report = Report::new(format!("nrt-conformance of {}", run.library.display()));
    let mut suites: Vec<TestSuite> = Vec::new();
    for rule in &run.rules {
        let group = rule.id.split('-').nth(1).unwrap_or(&rule.id);
        let status = match &rule.verdict {
            Verdict::Passed => TestCaseStatus::success(),
            Verdict::Failed(why) | Verdict::Blocked(why) => {
                let kind = match rule.verdict {
                    Verdict::Failed(_) => NonSuccessKind::Failure,
                    _ => NonSuccessKind::Error,
                };
                let mut status = TestCaseStatus::non_success(kind);
                status.set_message(why.clone());
                if let Some(finding) = &rule.finding {
                    let program = finding.program.as_deref().unwrap_or_default();
                    status.set_description(format!("{}\n{program}", finding.replay));
                }
                status
            }
            Verdict::NotApplicable(why) | Verdict::Undecided(why) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(why.clone());
                status
            }
            Verdict::Exhausted => TestCaseStatus::skipped(),
        };
        let mut test = TestCase::new(format!("{}: {}", rule.id, rule.says), status);
        test.set_time(Duration::from_secs_f64(rule.seconds));
        match suites.iter_mut().find(|suite| suite.name.as_str() == group) {
            Some(suite) => suite.add_test_case(test),
            None => {
                let mut suite = TestSuite::new(group);
                suite.add_test_case(test);
                suites.push(suite);
                continue;
            }
        };
    }
    report.add_test_suites(suites);
    Ok(report.to_string()?)
}
