//! Findings for programs.

use hermes_format::diagnostic::{Diagnostic, Fix, Label};
use hermes_format::source::{Sources, Span};
use serde_json::{Map, Value, json};

use super::{ends, file_name, severity, sorted};

/// The findings as one object: `{"version": 1, "diagnostics": […]}`. Lines and columns count from 1, columns in
/// characters; the end is one past the last character. Keys that have nothing to say are left out.
pub(crate) fn json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let findings: Vec<_> = sorted(diagnostics, sources).into_iter().map(|d| finding(d, sources)).collect();
    json!({ "version": 1, "diagnostics": findings })
}

fn finding(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), json!(diagnostic.code.id));
    object.insert("name".to_owned(), json!(diagnostic.code.name));
    object.insert("severity".to_owned(), json!(severity(diagnostic)));
    object.insert("message".to_owned(), json!(diagnostic.message));
    object.insert("page".to_owned(), json!(diagnostic.code.page()));
    object.extend(place(sources, diagnostic.primary.span));
    if !diagnostic.primary.text.is_empty() {
        object.insert("label".to_owned(), json!(diagnostic.primary.text));
    }
    if let Some(help) = &diagnostic.help {
        object.insert("help".to_owned(), json!(help));
    }
    if !diagnostic.secondary.is_empty() {
        let related: Vec<_> = diagnostic.secondary.iter().map(|label| related(label, sources)).collect();
        object.insert("related".to_owned(), json!(related));
    }
    if let Some(fix) = &diagnostic.fix {
        object.insert("fix".to_owned(), mend(fix, sources));
    }
    Value::Object(object)
}

fn place(sources: &Sources, span: Span) -> Map<String, Value> {
    let (start, end) = ends(sources, span);
    let mut object = Map::new();
    object.insert("file".to_owned(), json!(file_name(sources, span)));
    for (key, number) in
        [("line", start.line), ("column", start.column), ("end_line", end.line), ("end_column", end.column)]
    {
        object.insert(key.to_owned(), json!(number));
    }
    object
}

fn related(label: &Label, sources: &Sources) -> Value {
    let mut object = place(sources, label.span);
    object.insert("label".to_owned(), json!(label.text));
    Value::Object(object)
}

fn mend(fix: &Fix, sources: &Sources) -> Value {
    let mut object = place(sources, fix.span);
    object.insert("replacement".to_owned(), json!(fix.replacement));
    Value::Object(object)
}
