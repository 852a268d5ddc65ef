//! What finds a defect.

use std::collections::BTreeMap;
use std::sync::Arc;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{FileText, Loaded, load, load_flow};
use hermes_format::parse::Language;
use hermes_format::provider::Provider;
use hermes_format::raw::schema::provider_schema;
use hermes_format::raw::test::End;
use hermes_format::source::Sources;
use hermes_machine::check::{self, Context};
use hermes_proof::replay::{self, Test};
use jsonschema::Validator;
use serde_json::Value;

use super::catalogue::{Catalogue, File};

/// What found a defect first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// The schema, as an editor has it.
    Schema,
    /// `check`, with this code.
    Check(&'static str),
    /// `test`: a test fails, or something is no longer covered.
    Test,
    /// Nothing.
    Survived,
}

/// What is said of a file as it ships, as often as it is; comments, and with them allowances, are not part of a mutant.
type Known = Vec<(&'static str, String)>;

/// Judges one file in the place of the one that ships.
pub(crate) struct Judge<'a> {
    catalogue: &'a Catalogue,
    schema: Validator,
    /// By id, as they ship.
    shipped: BTreeMap<&'a str, Arc<Provider>>,
    known: BTreeMap<String, Known>,
}

/// A flow that stands in the place of the one that ships.
type Other<'f> = Option<(&'f str, &'f Value)>;

impl<'a> Judge<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Judge<'a> {
        let schema = jsonschema::draft202012::new(&provider_schema()).unwrap();
        let mut judge = Judge { catalogue, schema, shipped: BTreeMap::new(), known: BTreeMap::new() };
        for file in &catalogue.providers {
            let loaded = judge.load(&mut Sources::default(), file, &file.json, None);
            judge.shipped.insert(&file.id, loaded.provider.expect("what ships can be used"));
        }
        for file in catalogue.files().chain(&catalogue.samples) {
            let (findings, _) = judge.check(file, &file.json, None);
            judge.known.insert(file.name(), findings);
        }
        for file in catalogue.providers.iter().chain(&catalogue.logins).chain(&catalogue.samples) {
            assert_eq!(judge.judged(file, &file.json, None), Verdict::Survived, "{} as it ships", file.id);
        }
        judge
    }

    /// What finds that this is not the file of this name.
    pub(crate) fn verdict(&self, name: &str, json: &Value) -> Verdict {
        if !self.schema.is_valid(json) {
            return Verdict::Schema;
        }
        let Some(file) = self.catalogue.files().find(|file| file.name() == name) else { panic!("{name}") };
        let verdict = self.judged(file, json, None);
        if verdict != Verdict::Survived || !file.is_flow {
            return verdict;
        }
        let users = self.catalogue.samples.iter().chain(&self.catalogue.providers);
        let mut users = users.filter(|user| user.json["extends"] == file.id.as_str());
        let user = users.next().unwrap_or_else(|| panic!("no sample extends `{}`", file.id));
        self.judged(user, &user.json, Some((&file.id, json)))
    }

    fn judged(&self, file: &File, json: &Value, other: Other<'_>) -> Verdict {
        let (mut findings, provider) = self.check(file, json, other);
        for known in &self.known[&file.name()] {
            findings.iter().position(|finding| finding == known).map(|at| findings.remove(at));
        }
        if let Some((code, _)) = findings.first() {
            return Verdict::Check(code);
        }
        match provider {
            Some(provider) if !file.is_flow && fails(file, &provider) => Verdict::Test,
            _ => Verdict::Survived,
        }
    }

    /// All that `check` says of a file, and of it among its fellows.
    fn check(&self, file: &File, json: &Value, other: Other<'_>) -> (Known, Option<Arc<Provider>>) {
        let mut sources = Sources::default();
        let Loaded { provider, mut diagnostics, .. } = self.load(&mut sources, file, json, other);
        if let Some(provider) = &provider {
            let context = Context { sources: &sources, flow: file.is_flow, modes: &[] };
            diagnostics.extend(check::check(provider, &context));
            if !file.is_flow {
                let others = self.shipped.iter().filter(|(id, _)| **id != file.id).map(|(_, other)| &**other);
                let all: Vec<&Provider> = others.chain([&**provider]).collect();
                diagnostics.extend(check::check_catalogue(&all, &context));
            }
        }
        let said = |finding: Diagnostic| (finding.code.id, finding.message);
        (diagnostics.into_iter().map(said).collect(), provider)
    }

    fn load(&self, sources: &mut Sources, file: &File, json: &Value, other: Other<'_>) -> Loaded {
        let flow = |name: &str| {
            let shipped = self.catalogue.flows.iter().find(|flow| flow.id == name);
            match other {
                Some((id, json)) if id == name => Some(as_text(name, json)),
                _ => shipped.map(|flow| as_text(name, &flow.json)),
            }
        };
        let text = as_text(&file.id, json);
        if file.is_flow { load_flow(sources, &text, &flow) } else { load(sources, &text, &flow) }
    }
}

/// JSON is YAML.
fn as_text(id: &str, json: &Value) -> FileText {
    FileText { id: id.to_owned(), name: id.to_owned(), language: Language::Yaml, text: json.to_string() }
}

/// Whether a test fails, or something is not covered.
fn fails(file: &File, provider: &Arc<Provider>) -> bool {
    let Some(tests) = &file.tests else { return false };
    let (tests, findings) = replay::load(&mut Sources::default(), tests, provider);
    let Some(mut tests) = tests.filter(|_| !findings.iter().any(Diagnostic::is_error)) else { return true };
    // One of the first tests finds most defects; those in which nobody approves ask a hundred times, so they come last.
    let mut all = std::mem::take(&mut tests.tests);
    all.sort_by_key(|test| test.expect.end == End::Timeout);
    let mut run = |some: &[Test]| {
        tests.tests = some.to_vec();
        replay::run(provider, &tests)
    };
    all.chunks(6).any(|some| !run(some).passed()) || run(&all).coverage.missing().next().is_some()
}
