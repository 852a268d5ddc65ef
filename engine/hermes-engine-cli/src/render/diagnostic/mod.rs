//! Findings as text, as JSON, as SARIF and as workflow commands.
//!
//! Every face sorts its findings by file and place and says each once, so identical input gives identical output.

mod github;
mod json;
mod sarif;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use github::github;
pub(crate) use json::json;
pub(crate) use sarif::sarif;
pub(crate) use text::text;

use hermes_format::diagnostic::{Diagnostic, Severity};
use hermes_format::source::{LineColumn, Sources, Span};

/// The findings by file name and place, each once.
fn sorted<'d>(diagnostics: &'d [Diagnostic], sources: &Sources) -> Vec<&'d Diagnostic> {
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort_by(|a, b| {
        let key =
            |d: &'d Diagnostic| (file_name(sources, d.primary.span).to_owned(), d.primary.span, d.code.id);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    sorted.dedup();
    sorted
}

fn file_name(sources: &Sources, span: Span) -> &str {
    sources.file(span.file).map_or("", |file| file.name.as_str())
}

/// The first and the last place of a span, the last one past its end.
fn ends(sources: &Sources, span: Span) -> (LineColumn, LineColumn) {
    let end = Span { start: span.end.max(span.start), ..span };
    (sources.start_of(span), sources.start_of(end))
}

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
