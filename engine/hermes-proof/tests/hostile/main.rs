//! Files that are made to cost end in errors with a place. That they do so soon, and in little memory, `cargo bench --bench
//! check` measures; here an endless one would be an endless test.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod files;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::source::Sources;
use hermes_machine::check::{Context, check};
use hermes_proof::replay;

/// All that is found in a file, by loading it, checking it, and running its tests.
fn findings(ending: &str, text: String) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let language = if ending.ends_with("yaml") { Language::Yaml } else { Language::Toml };
    let file = |text: String| FileText { id: "acme".into(), name: format!("acme.{ending}"), language, text };
    if ending.starts_with("test.") {
        let provider = load(&mut sources, &file(files::TESTED.into()), &|_| None).provider.unwrap();
        let (tests, mut findings) = replay::load(&mut sources, &file(text), &provider);
        findings.extend(tests.iter().flat_map(|tests| replay::run(&provider, tests).diagnostics()));
        let failed = tests.is_some_and(|tests| !replay::run(&provider, &tests).passed());
        assert!(failed, "so many tests are run to their end");
        return (sources, findings);
    }
    let loaded = load(&mut sources, &file(text), &|_| None);
    let mut findings = loaded.diagnostics;
    if let Some(provider) = loaded.provider {
        findings.extend(check(&provider, &Context { sources: &sources, flow: false, modes: &[] }));
    }
    (sources, findings)
}

#[test]
fn s27_a_file_that_is_made_to_cost_ends_in_an_error_with_its_place() {
    for (what, ending, text) in files::files() {
        let (sources, findings) = findings(ending, text);
        if ending.starts_with("test.") {
            continue;
        }
        let error = findings.iter().find(|finding| finding.is_error());
        let error = error.unwrap_or_else(|| panic!("{what} ({ending}) is no error"));
        let span = error.primary.span;
        let source = sources.file(span.file).unwrap();
        assert!(source.text.get(span.start as usize..span.end as usize).is_some(), "{what}: {span:?}");
        assert!(findings.len() <= 200, "{what}: {} findings", findings.len());
    }
}
