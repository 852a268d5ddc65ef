//! Findings as a SARIF 2.1.0 log, for code scanning.

use std::fmt::Write as _;

use hermes_format::diagnostic::{Code, Diagnostic, Fix, Severity};
use hermes_format::source::{Sources, Span};
use serde_json::{Value, json};

use super::{ends, file_name, severity, sorted};

/// The findings as a log with one run.
pub(crate) fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let findings = sorted(diagnostics, sources);
    let mut codes: Vec<&Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    let results: Vec<_> = findings.iter().map(|finding| result(finding, &codes, sources)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hermes-engine",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }]
    })
}

fn rule(code: &Code) -> Value {
    let level = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": { "text": code.name.replace('-', " ") },
        // Not `helpUri`: that would have to be an absolute address.
        "help": { "text": format!("What, why and how to fix it: {}", code.page()) },
        "defaultConfiguration": { "level": level },
    })
}

fn result(diagnostic: &Diagnostic, codes: &[&Code], sources: &Sources) -> Value {
    let text = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": codes.iter().position(|code| code.id == diagnostic.code.id),
        "level": severity(diagnostic),
        "message": { "text": text },
        "locations": [location(sources, diagnostic.primary.span)],
    });
    if !diagnostic.secondary.is_empty() {
        let related = diagnostic.secondary.iter().map(|label| {
            let mut place = location(sources, label.span);
            place["message"] = json!({ "text": label.text });
            place
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] = json!([mend(fix, diagnostic, sources)]);
    }
    result
}

fn location(sources: &Sources, span: Span) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file_name(sources, span)) },
        "region": region(sources, span),
    } })
}

fn region(sources: &Sources, span: Span) -> Value {
    let (start, end) = ends(sources, span);
    json!({
        "startLine": start.line, "startColumn": start.column,
        "endLine": end.line, "endColumn": end.column,
    })
}

fn mend(fix: &Fix, diagnostic: &Diagnostic, sources: &Sources) -> Value {
    json!({
        "description": { "text": diagnostic.help.as_deref().unwrap_or(&diagnostic.message) },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(file_name(sources, fix.span)) },
            "replacements": [{
                "deletedRegion": region(sources, fix.span),
                "insertedContent": { "text": fix.replacement },
            }],
        }],
    })
}

/// A file's name as a URI reference ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986)): relative as a person wrote it.
fn uri(name: &str) -> String {
    let mut uri = String::from(if name.starts_with('/') { "file://" } else { "" });
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b':' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
