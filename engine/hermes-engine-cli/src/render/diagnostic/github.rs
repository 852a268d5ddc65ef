//! Findings as workflow commands of GitHub Actions: annotations beside the lines of a change.

use hermes_format::diagnostic::Diagnostic;
use hermes_format::source::Sources;

use super::{ends, file_name, severity, sorted};

/// The findings, one command a line, without a line end after the last.
pub(crate) fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    sorted(diagnostics, sources).into_iter().map(|d| command(d, sources)).collect::<Vec<_>>().join("\n")
}

fn command(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let (start, end) = ends(sources, diagnostic.primary.span);
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    format!(
        "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
        severity(diagnostic),
        property(file_name(sources, diagnostic.primary.span)),
        start.line,
        start.column,
        end.line,
        end.column,
        property(&format!("{} {}", diagnostic.code.id, diagnostic.code.name)),
        data(&message),
    )
}

/// The text of a command: a line end would begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
