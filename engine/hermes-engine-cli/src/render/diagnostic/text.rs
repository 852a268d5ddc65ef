//! Findings with their lines, as a person reads them.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use hermes_format::diagnostic::{Diagnostic, Severity};
use hermes_format::source::{FileId, Sources, Span};

use super::super::safe;
use super::{severity, sorted};

/// The findings with their lines; one blank line between two, no line end after the last.
pub(crate) fn text(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let one = |diagnostic: &Diagnostic| {
        let rendered = renderer.render(&[group(diagnostic, sources)]);
        rendered.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    sorted(diagnostics, sources).into_iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn group<'d>(diagnostic: &'d Diagnostic, sources: &'d Sources) -> Group<'d> {
    let level = match diagnostic.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let heading = format!("{}[{}] {}", severity(diagnostic), diagnostic.code.id, diagnostic.code.name);
    let title = level.with_name(heading).primary_title(safe(&diagnostic.message));
    let mut group = title.elements(snippets(diagnostic, sources));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(safe(help)));
    }
    group.element(
        Level::NOTE.with_name("more").message(format!("hermes-engine explain {}", diagnostic.code.id)),
    )
}

/// One snippet a file, that of the primary words first.
fn snippets<'d>(
    diagnostic: &'d Diagnostic,
    sources: &'d Sources,
) -> Vec<Snippet<'d, annotate_snippets::Annotation<'d>>> {
    let primary = diagnostic.primary.span.file;
    let mut files = vec![primary];
    files.extend(diagnostic.secondary.iter().map(|label| label.span.file).filter(|file| *file != primary));
    files.dedup();
    files.into_iter().filter_map(|file| snippet(diagnostic, sources, file)).collect()
}

fn snippet<'d>(
    diagnostic: &'d Diagnostic,
    sources: &'d Sources,
    file: FileId,
) -> Option<Snippet<'d, annotate_snippets::Annotation<'d>>> {
    let source = sources.file(file)?;
    let primary = std::iter::once((AnnotationKind::Primary, &diagnostic.primary));
    let secondary = diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label));
    let labels: Vec<_> = primary
        .chain(secondary)
        .filter(|(_, label)| label.span.file == file)
        .map(|(kind, label)| (kind, label, first_line(&source.text, label.span)))
        .collect();
    let lines = lines_around(&source.text, labels.iter().map(|(.., words)| words));
    let annotations = labels.into_iter().map(|(kind, label, words)| {
        let annotation = kind.span(words.start - lines.start..words.end - lines.start);
        if label.text.is_empty() { annotation } else { annotation.label(safe(&label.text)) }
    });
    let before = source.text.get(..lines.start)?.matches('\n').count();
    let snippet = Snippet::source(without_c1(source.text.get(lines.clone())?)).line_start(1 + before);
    Some(snippet.path(safe(&source.name)).annotations(annotations))
}

/// The whole lines of all these words and what is between: the renderer reads all that it is given, for each finding.
fn lines_around<'w>(text: &str, words: impl Iterator<Item = &'w Range<usize>> + Clone) -> Range<usize> {
    let start = words.clone().map(|range| range.start).min().unwrap_or(0);
    let end = words.map(|range| range.end).max().unwrap_or(0);
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line_end = text.get(end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| end + at + 1);
    line_start..line_end
}

/// A file's text without the control characters U+0080 to U+009F, which the renderer lets through: a terminal obeys them.
/// Each becomes a dot of as many bytes, so spans stay right.
fn without_c1(text: &str) -> Cow<'_, str> {
    let is_c1 = |c| matches!(c, '\u{80}'..='\u{9f}');
    if text.contains(is_c1) { text.replace(is_c1, "\u{b7}").into() } else { text.into() }
}

/// The part of a span that is on its first line: a caret under the first words says as much as a bracket around all.
fn first_line(text: &str, span: Span) -> Range<usize> {
    let boundary = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (boundary(span.start), boundary(span.end.max(span.start)));
    let words = text.get(start..end).unwrap_or("");
    let line = words.lines().next().unwrap_or("").trim_end();
    start..start + line.len()
}
