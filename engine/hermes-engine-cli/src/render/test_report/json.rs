//! The report for a program.

use hermes_format::source::{Sources, Span};
use hermes_proof::replay::{Coverage, Report, TestResult};
use serde_json::{Map, Value, json};

use super::{COUNTED, Place};

/// All of every report, `version` 1.
pub(crate) fn json(reports: &[Report], sources: &Sources) -> Value {
    let providers: Vec<Value> = reports.iter().map(|report| provider(report, sources)).collect();
    json!({ "version": 1, "passed": reports.iter().all(Report::passed), "providers": providers })
}

fn provider(report: &Report, sources: &Sources) -> Value {
    let tests: Vec<Value> = report.tests.iter().map(|result| test(result, sources)).collect();
    json!({
        "id": report.provider,
        "passed": report.passed(),
        "tests": tests,
        "coverage": coverage(&report.coverage, sources),
    })
}

fn test(test: &TestResult, sources: &Sources) -> Value {
    let mismatch = |m: &hermes_proof::replay::Mismatch| json!({ "field": m.field, "at": at(sources, m.span), "expected": m.expected, "got": m.got });
    let mismatches: Vec<Value> = test.mismatches.iter().map(mismatch).collect();
    json!({ "name": test.name, "at": at(sources, test.span), "passed": test.passed(), "mismatches": mismatches })
}

fn coverage(coverage: &Coverage, sources: &Sources) -> Value {
    let mut counts = Map::new();
    for (name, kinds) in COUNTED {
        let (covered, all) = coverage.count(kinds);
        counts.insert(name.to_owned(), json!({ "covered": covered, "all": all }));
    }
    let missing: Vec<Value> = coverage
        .missing()
        .map(|item| json!({ "name": item.name, "message": item.complaint(), "at": at(sources, item.span) }))
        .collect();
    counts.insert("percent".to_owned(), json!(coverage.percent()));
    counts.insert("missing".to_owned(), Value::Array(missing));
    Value::Object(counts)
}

fn at(sources: &Sources, span: Span) -> Value {
    let place = Place::of(sources, span);
    json!({ "file": place.file, "line": place.at.line, "column": place.at.column })
}
