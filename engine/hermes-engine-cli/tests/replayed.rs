//! Every shipped provider's own tests, replayed: each passes, and together they reach all of its flow.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use hermes_format::load::{self, FileText};
use hermes_format::parse::Language;
use hermes_format::source::Sources;
use hermes_proof::replay;

fn providers_d() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers.d")
}

fn file(path: &Path, id: &str) -> Option<FileText> {
    let text = fs::read_to_string(path).ok()?;
    Some(FileText { id: id.to_owned(), name: path.display().to_string(), language: Language::Toml, text })
}

fn flow(name: &str) -> Option<FileText> {
    file(&providers_d().join("flows").join(format!("{name}.toml")), name)
}

/// The ids of all providers that have tests.
fn tested() -> Vec<String> {
    let names = fs::read_dir(providers_d()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let mut ids: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".test.toml").map(str::to_owned)).collect();
    ids.sort();
    ids
}

/// What is wrong with the tests of one provider.
fn complaints(id: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let path = |ending: &str| providers_d().join(format!("{id}{ending}"));
    let loaded = load::load(&mut sources, &file(&path(".toml"), id).unwrap(), &flow);
    let Some(provider) = loaded.provider else {
        return loaded.diagnostics.iter().map(|d| format!("{id}: {} {}", d.code.id, d.message)).collect();
    };
    let (tests, findings) = replay::load(&mut sources, &file(&path(".test.toml"), id).unwrap(), &provider);
    let line = |span| sources.start_of(span).line;
    let mut wrong: Vec<String> = findings
        .iter()
        .map(|d| format!("{id}.test.toml:{}: {} {}", line(d.primary.span), d.code.id, d.message))
        .collect();
    let Some(tests) = tests else { return wrong };
    let report = replay::run(&provider, &tests);
    for test in &report.tests {
        wrong.extend(test.mismatches.iter().map(|m| {
            let place = format!("{id}.test.toml:{}: {}", line(m.span), test.name);
            format!("{place}: {}: expected {}, got {}", m.field, m.expected, m.got)
        }));
    }
    wrong.extend(report.coverage.missing().map(|item| format!("{id}: {}", item.complaint())));
    wrong
}

#[test]
fn every_provider_passes_its_tests_and_they_reach_all_of_its_flow() {
    let ids = tested();
    assert!(!ids.is_empty());
    let wrong: Vec<String> = ids.iter().flat_map(|id| complaints(id)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
