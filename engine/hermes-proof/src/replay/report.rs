//! What the tests of a provider showed.

use super::coverage::Coverage;
use hermes_format::diagnostic::{Diagnostic, Fix};
use hermes_format::source::Span;

/// What the tests of a provider showed, and what they left out.
#[derive(Debug, Clone)]
pub struct Report {
    /// The provider's id.
    pub provider: String,
    /// One result a test, in the order of the file.
    pub tests: Vec<TestResult>,
    /// What the tests reached.
    pub coverage: Coverage,
}

/// What one test showed.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// What the test says of itself.
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    /// What was not as it should be; none where the test passed.
    pub mismatches: Vec<Mismatch>,
}

/// One value that was not as a test wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Which value: `expect.token.expires_in`, `sent.poll[1].form.user_code`.
    pub field: String,
    /// Where the file says what it should be.
    pub span: Span,
    /// What it should be, as a test file writes it.
    pub expected: String,
    /// What it was, as a test file writes it.
    pub got: String,
    /// What makes the test say what was got; `None` where that can't be written.
    pub fix: Option<Fix>,
}

impl TestResult {
    /// Whether all was as it should be.
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl Report {
    /// Whether every test passed.
    pub fn passed(&self) -> bool {
        self.tests.iter().all(TestResult::passed)
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed()).count()
    }

    /// What `check` says of the tests: what no test reaches.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.coverage.diagnostics()
    }
}
