//! The report for a person.

use std::fmt::Write as _;

use hermes_format::source::Sources;
use hermes_proof::replay::{Report, TestResult};

use super::{COUNTED, Place};
use crate::render::safe;

/// One line a provider; below it what failed and what no test reaches. With `all`, also what passed.
pub(crate) fn text(reports: &[Report], sources: &Sources, all: bool) -> String {
    let mut out = String::new();
    for report in reports {
        let _ = writeln!(out, "{}", headline(report));
        for test in report.tests.iter().filter(|test| all || !test.passed()) {
            result(&mut out, test, sources);
        }
        for item in report.coverage.missing() {
            let _ = writeln!(out, "  not covered: {} ({})", item.complaint(), Place::of(sources, item.span));
        }
    }
    let _ = writeln!(out, "{}", total(reports));
    out
}

fn headline(report: &Report) -> String {
    let verdict = match report.failed() {
        0 => "ok".to_owned(),
        failed => format!("{failed} FAILED"),
    };
    let counts = COUNTED.iter().filter_map(|(name, kinds)| match report.coverage.count(kinds) {
        (_, 0) => None,
        (covered, all) => Some(format!("{name} {covered}/{all}")),
    });
    let counts: Vec<String> = counts.collect();
    let tests = counted(report.tests.len(), "test");
    let covered = if counts.is_empty() { String::new() } else { format!("; covered: {}", counts.join(", ")) };
    format!("{}: {verdict}, {tests}{covered}", report.provider)
}

fn result(out: &mut String, test: &TestResult, sources: &Sources) {
    let verdict = if test.passed() { "ok" } else { "FAILED" };
    let _ = writeln!(out, "  {verdict}: {} ({})", safe(&test.name), Place::of(sources, test.span));
    for mismatch in &test.mismatches {
        let place = Place::of(sources, mismatch.span);
        let _ = writeln!(out, "    {} ({place})", mismatch.field);
        let _ = writeln!(out, "      expected: {}", safe(&mismatch.expected));
        let _ = writeln!(out, "           got: {}", safe(&mismatch.got));
    }
}

fn total(reports: &[Report]) -> String {
    let tests: usize = reports.iter().map(|report| report.tests.len()).sum();
    let failed: usize = reports.iter().map(Report::failed).sum();
    format!("{} of {}: {failed} failed", counted(tests, "test"), counted(reports.len(), "provider"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
