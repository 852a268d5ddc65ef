//! Findings as an editor shows them, and mends as it offers them.

use std::collections::HashMap;
use std::path::Path;

use hermes_format::diagnostic::{Diagnostic, Fix, Label, Severity};
use hermes_format::source::Span;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, DiagnosticRelatedInformation, DiagnosticSeverity,
    Location, NumberOrString, Range, TextEdit, WorkspaceEdit,
};

use super::document::Document;
use super::place;

/// The findings in a file.
pub(super) fn all(document: &Document) -> Vec<lsp_types::Diagnostic> {
    own(document).map(|finding| shown(document, finding)).collect()
}

/// The mends of the findings at a place.
pub(super) fn actions(document: &Document, at: Range) -> Vec<CodeActionOrCommand> {
    let here = |finding: &&Diagnostic| {
        let range = range(document, finding.primary.span);
        range.is_some_and(|range| range.start <= at.end && at.start <= range.end)
    };
    let action = |finding: &Diagnostic| match &finding.fix {
        // A mend of another file is not to be written into this one.
        Some(fix) if fix.span.file != finding.primary.span.file => None,
        Some(fix) => Some(action(document, finding, fix, true)),
        None => Some(action(document, finding, &guess(document, finding)?, false)),
    };
    own(document).filter(here).filter_map(action).collect()
}

/// The mend of a finding that asks whether another word was meant: a person decides. Quotation marks stay.
fn guess(document: &Document, finding: &Diagnostic) -> Option<Fix> {
    let span = finding.primary.span;
    let replacement = in_place_of(document.checked.sources.text(span), finding.meant.as_deref()?)?;
    Some(Fix { span, replacement })
}

/// What to write where a word was meant; `None` where it can't stand for all that is written there.
pub(super) fn in_place_of(words: &str, meant: &str) -> Option<String> {
    let quote = words.chars().next().filter(|c| matches!(c, '"' | '\''));
    let bare = quote.map_or(words, |quote| words.trim_matches(quote));
    let is_one_word =
        !bare.is_empty() && !bare.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '='));
    let is_quoted = meant.starts_with(['"', '\'']);
    match quote {
        _ if !is_one_word => None,
        Some(quote) if !is_quoted => Some(format!("{quote}{meant}{quote}")),
        _ => Some(meant.to_owned()),
    }
}

fn own(document: &Document) -> impl Iterator<Item = &Diagnostic> {
    let file = document.file(&document.checked.sources);
    document.checked.diagnostics.iter().filter(move |finding| Some(finding.primary.span.file) == file)
}

fn shown(document: &Document, finding: &Diagnostic) -> lsp_types::Diagnostic {
    let beside = Some(&finding.primary.text).filter(|text| !text.is_empty());
    let help = finding.help.as_ref().map(|help| format!("help: {help}"));
    let lines: Vec<&str> =
        [Some(&finding.message), beside, help.as_ref()].into_iter().flatten().map(String::as_str).collect();
    let related: Vec<_> = finding.secondary.iter().filter_map(|label| related(document, label)).collect();
    lsp_types::Diagnostic {
        range: range(document, finding.primary.span).unwrap_or_default(),
        severity: Some(match finding.code.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(format!("{} {}", finding.code.id, finding.code.name))),
        source: Some("hermes-engine".to_owned()),
        message: lines.join("\n"),
        related_information: (!related.is_empty()).then_some(related),
        ..lsp_types::Diagnostic::default()
    }
}

fn related(document: &Document, label: &Label) -> Option<DiagnosticRelatedInformation> {
    let source = document.checked.sources.file(label.span.file)?;
    // A file inside the program can't be opened.
    let uri = place::uri_of(Path::new(&source.name)).filter(|_| !source.is_built_in())?;
    let location = Location { uri, range: range(document, label.span)? };
    Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
}

fn action(document: &Document, finding: &Diagnostic, fix: &Fix, is_certain: bool) -> CodeActionOrCommand {
    let edit =
        TextEdit { range: range(document, fix.span).unwrap_or_default(), new_text: fix.replacement.clone() };
    // An address is a key that never changes once it is made.
    #[allow(clippy::mutable_key_type, reason = "the type caches what it parsed")]
    let changes = HashMap::from([(document.uri.clone(), vec![edit])]);
    CodeActionOrCommand::CodeAction(CodeAction {
        title: format!("Write `{}`", fix.replacement),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![shown(document, finding)]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        is_preferred: Some(is_certain),
        ..CodeAction::default()
    })
}

fn range(document: &Document, span: Span) -> Option<Range> {
    let source = document.checked.sources.file(span.file)?;
    Some(place::range(&source.text, span.start as usize..span.end as usize))
}
