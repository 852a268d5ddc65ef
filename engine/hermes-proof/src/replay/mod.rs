//! A provider's tests: its flow run on a virtual clock against the answers of a file.
//!
//! Nothing here touches the world, so a thousand tests take a blink, and their order means nothing. What a reader would
//! get wrong: a test that passes proves little if no test takes a rule or carries an optional field; [`coverage`] is
//! half of what a report says.

pub mod coverage;
mod expect;
pub mod file;
mod fill;
mod inline;
mod judge;
mod leak;
mod play;
pub mod record;
pub mod report;
mod sent;
mod stale;
mod trace;
pub mod update;

pub use coverage::{Coverage, Item};
pub use file::{Test, TestFile, load};
pub use report::{Mismatch, Report, TestResult};

use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Provider, Shared};
use hermes_format::source::Sources;
use judge::Judge;
use trace::Trace;

/// HE701: a rule, an end or a region that no test reaches.
pub static UNTESTED_RULE: Code = Code::warning("HE701", "untested-rule");
/// HE702: an optional value that no reply carries, or that no reply leaves out.
pub static UNTESTED_FIELD: Code = Code::warning("HE702", "untested-field");
/// HE703: a test that names what is not there.
pub static STALE_TEST: Code = Code::error("HE703", "stale-test");
/// HE704: what looks like a real token in a test file.
pub static SECRET_IN_REPLY: Code = Code::error("HE704", "secret-in-reply");
/// HE705: a provider without tests.
pub static NO_TESTS: Code = Code::warning("HE705", "no-tests");

/// The codes of all findings about test files.
pub const CODES: [&Code; 5] = [&UNTESTED_RULE, &UNTESTED_FIELD, &STALE_TEST, &SECRET_IN_REPLY, &NO_TESTS];

/// Whether a finding is of what tests don't reach, and not of what stands in them.
pub fn is_of_coverage(finding: &Diagnostic) -> bool {
    [&UNTESTED_RULE, &UNTESTED_FIELD].contains(&finding.code)
}

/// Runs all tests of a file and reports what they show and what they leave out: of a user's own file what it writes itself,
/// and not what it took from a built-in flow.
pub fn run_own(provider: &Shared, tests: &TestFile, sources: &Sources) -> Report {
    let mut report = run(provider, tests);
    report.coverage.leave_out_built_in(provider, sources);
    report
}

/// Runs all tests of a file and reports what they show and what they leave out.
pub fn run(provider: &Shared, tests: &TestFile) -> Report {
    let mut budget = play::Budget::new();
    let play = |test| play::play(provider, test, tests.now, &mut budget);
    let runs: Vec<Trace> = tests.tests.iter().map(play).collect();
    let results = tests.tests.iter().zip(&runs).map(|(test, trace)| result(provider, tests, test, trace));
    Report {
        provider: provider.id.clone(),
        tests: results.collect(),
        coverage: coverage::measure(provider, &runs),
    }
}

/// HE705 for a provider that has no test file.
pub fn no_tests(provider: &Provider) -> Diagnostic {
    Diagnostic::new(&NO_TESTS, provider.span, format!("`{}` has no tests", provider.id)).help(format!(
        "write `{}.test.toml` beside it, or record one: `hermes-engine test {0} --record`",
        provider.id
    ))
}

fn result(provider: &Provider, file: &TestFile, test: &Test, trace: &Trace) -> TestResult {
    let mut judge = Judge { file, test, scope: trace, provider, found: Vec::new() };
    expect::compare(provider, test, trace, &mut judge);
    sent::compare(test, trace, &mut judge);
    TestResult { name: test.name.clone(), span: test.span, mismatches: judge.found }
}

#[cfg(test)]
mod tests;
