//! Findings as text, as JSON, as SARIF and as workflow commands.
//!
//! Every face sorts its findings by file and place, so identical input gives identical output.

use hermes_engine_core::diagnostic::Diagnostic;
use hermes_engine_core::source::Sources;

/// The findings with their lines, as a person reads them; one blank line between two.
pub(crate) fn text(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let _ = (diagnostics, sources, color);
    unimplemented!()
}

/// The findings as one JSON object: `{"version": 1, "diagnostics": […]}`.
pub(crate) fn json(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    let _ = (diagnostics, sources);
    unimplemented!()
}

/// The findings as workflow commands of GitHub, one a line.
pub(crate) fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let _ = (diagnostics, sources);
    unimplemented!()
}

/// The findings as a SARIF 2.1.0 log.
pub(crate) fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    let _ = (diagnostics, sources);
    unimplemented!()
}
