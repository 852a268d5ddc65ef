//! The report for continuous integration, in the XML that JUnit made common.

use std::fmt::Write as _;

use hermes_format::source::Sources;
use hermes_proof::replay::{Report, TestResult};

use super::{Broken, Place};

/// One suite a provider, one case a test, and a suite of the files that could not be tested. Coverage has no place in this
/// format.
pub(crate) fn junit(reports: &[Report], broken: &[Broken], sources: &Sources) -> String {
    let tests: usize = reports.iter().map(|report| report.tests.len()).sum::<usize>() + broken.len();
    let failed: usize = reports.iter().map(Report::failed).sum::<usize>() + broken.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{failed}\">");
    for report in reports {
        let (name, tests, failed) = (escaped(&report.provider), report.tests.len(), report.failed());
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\">");
        report.tests.iter().for_each(|test| case(&mut out, &report.provider, test, sources));
        out.push_str("  </testsuite>\n");
    }
    if !broken.is_empty() {
        let count = broken.len();
        let _ = writeln!(out, "  <testsuite name=\"files\" tests=\"{count}\" failures=\"{count}\">");
        for Broken { place, message } in broken {
            let (place, message) = (escaped(place), escaped(message));
            let _ = writeln!(
                out,
                "    <testcase name=\"{place}\" classname=\"files\">\n      <failure message=\"{message}\">{place}: {message}</failure>\n    </testcase>"
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, provider: &str, test: &TestResult, sources: &Sources) {
    let place = Place::of(sources, test.span);
    let (name, class, file) = (escaped(&test.name), escaped(provider), escaped(place.file));
    let _ = write!(
        out,
        "    <testcase name=\"{name}\" classname=\"{class}\" file=\"{file}\" line=\"{}\"",
        place.at.line
    );
    if test.passed() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for mismatch in &test.mismatches {
        let (expected, got) = (escaped(&mismatch.expected), escaped(&mismatch.got));
        let place = escaped(&Place::of(sources, mismatch.span).to_string());
        let field = escaped(&mismatch.field);
        let _ = writeln!(
            out,
            "      <failure message=\"{field}\">{place}\nexpected: {expected}\n     got: {got}</failure>"
        );
    }
    out.push_str("    </testcase>\n");
}

/// Text as XML 1.0 can hold it: what it forbids even as a reference is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
