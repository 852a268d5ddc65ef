//! HE703: tests that name what their provider does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::STALE_TEST;
use super::file::{Test, TestFile, escaped, place};
use hermes_format::diagnostic::{Diagnostic, nearest};
use hermes_format::provider::{Act, Body, InputSource, Provider, Request, StateKind, Then};
use hermes_format::raw::test::Sent;
use hermes_format::raw::test_union::{OneOrList, Wanted};
use hermes_format::source::Span;
use hermes_machine::machine::code;

/// As many names are listed; a longer list helps nobody.
const LISTED: usize = 24;

/// All names of a test file that the provider does not have.
pub(super) fn find(provider: &Provider, file: &TestFile) -> Vec<Diagnostic> {
    let mut finder = Finder { provider, file, findings: Vec::new() };
    finder.states_of("/replies");
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    for test in &file.tests {
        finder.test(test);
        if let Some(first) = names.insert(&test.name, test.span) {
            finder.findings.push(
                Diagnostic::new(&STALE_TEST, test.span, format!("two tests are called `{}`", test.name))
                    .also(first, "the other")
                    .help("call each by what it shows"),
            );
        }
    }
    finder.findings
}

struct Finder<'a> {
    provider: &'a Provider,
    file: &'a TestFile,
    findings: Vec<Diagnostic>,
}

impl Finder<'_> {
    fn test(&mut self, test: &Test) {
        let at = &test.pointer;
        self.states_of(&format!("{at}/replies"));
        self.states_of(&format!("{at}/sent"));
        self.known(&format!("{at}/region"), "region", test.region.as_deref(), &self.regions());
        let inputs: Vec<&str> = self.provider.inputs.keys().map(String::as_str).collect();
        for name in test.inputs.keys() {
            self.known_key(&format!("{at}/inputs"), "input", name, &inputs);
        }
        for name in
            self.file.root.at(&format!("{at}/env")).and_then(|env| env.as_table()).into_iter().flatten()
        {
            self.check(name.1.key, "variable", name.0, &variables(self.provider));
        }
        let codes = codes(self.provider);
        if let Some(Wanted::Text(code)) = &test.expect.code {
            self.known(&format!("{at}/expect/code"), "code", Some(code), &codes);
        }
        if let Some(Wanted::Text(state)) = &test.expect.state {
            let states: Vec<&str> = self.provider.states.iter().map(|state| state.name.as_str()).collect();
            self.known(&format!("{at}/expect/state"), "state", Some(state), &states);
        }
        let kept: Vec<&str> =
            self.provider.success().into_iter().flat_map(|s| s.keep.keys()).map(String::as_str).collect();
        for name in test.expect.token.iter().flat_map(|token| token.keep.keys()) {
            self.known_key(&format!("{at}/expect/token/keep"), "kept value", name, &kept);
        }
        for (state, sent) in &test.sent {
            self.sent(&format!("{at}/sent/{}", escaped(state)), state, sent);
        }
    }

    fn sent(&mut self, pointer: &str, state: &str, sent: &OneOrList<Sent>) {
        let Some(id) = self.provider.state_id(state) else { return };
        let StateKind::Active(active) = &self.provider.state(id).kind else { return };
        let Act::Request(request) = &active.act else { return };
        match sent {
            OneOrList::One(sent) => self.fields(pointer, request, sent),
            OneOrList::List(list) => {
                for (i, sent) in list.iter().enumerate() {
                    self.fields(&format!("{pointer}/{i}"), request, sent);
                }
            }
        }
    }

    fn fields(&mut self, pointer: &str, request: &Request, sent: &Sent) {
        let form: Vec<&str> = match &request.body {
            Some(Body::Form(fields)) => fields.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        // A field that must not be sent need not be one that could be.
        for (name, _) in sent.form.iter().filter(|(_, wanted)| **wanted != Wanted::Absent) {
            self.known_key(&format!("{pointer}/form"), "field of the form", name, &form);
        }
    }

    fn states_of(&mut self, pointer: &str) {
        let Some(table) = self.file.root.at(pointer).and_then(|node| node.as_table()) else { return };
        let states = self.states();
        for (name, entry) in table {
            self.check(entry.key, "state", name, &states);
        }
    }

    fn known(&mut self, pointer: &str, what: &str, name: Option<&str>, known: &[&str]) {
        if let Some(name) = name {
            self.check(place(&self.file.root, pointer), what, name, known);
        }
    }

    fn known_key(&mut self, pointer: &str, what: &str, name: &str, known: &[&str]) {
        let table = self.file.root.at(pointer);
        let span =
            table.and_then(|table| table.key_span(name)).unwrap_or_else(|| place(&self.file.root, pointer));
        self.check(span, what, name, known);
    }

    fn check(&mut self, span: Span, what: &str, name: &str, known: &[&str]) {
        if known.contains(&name) {
            return;
        }
        let finding = Diagnostic::new(&STALE_TEST, span, format!("there is no {what} `{name}`"));
        self.findings.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.meant(near),
            None if known.is_empty() => finding.help(format!("the provider has no {what}: take it out")),
            None => {
                let known: Vec<_> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
                finding.help(format!("the provider has {}", known.join(", ")))
            }
        });
    }
}

impl<'a> Finder<'a> {
    /// The states that something answers.
    fn states(&self) -> Vec<&'a str> {
        let active = |kind: &StateKind| matches!(kind, StateKind::Active(_));
        self.provider.states.iter().filter(|s| active(&s.kind)).map(|s| s.name.as_str()).collect()
    }

    fn regions(&self) -> Vec<&'a str> {
        self.provider.regions.iter().flat_map(|regions| regions.tables.keys()).map(String::as_str).collect()
    }
}

fn codes(provider: &Provider) -> Vec<&str> {
    let mut codes: BTreeSet<&str> = code::KNOWN.iter().map(|known| known.code).collect();
    for state in &provider.states {
        let StateKind::Active(active) = &state.kind else { continue };
        codes.extend(active.on.iter().filter_map(|rule| match &rule.then {
            Then::Fail { code, .. } => Some(code.value.as_str()),
            Then::Go(_) => None,
        }));
    }
    codes.into_iter().collect()
}

/// The variables of the environment that inputs are read from.
fn variables(provider: &Provider) -> Vec<&str> {
    let sources = provider.inputs.values().flat_map(|input| &input.from);
    let variables = sources.filter_map(|source| match source {
        InputSource::Env(variable) => Some(variable.value.as_str()),
        InputSource::File { .. } | InputSource::Command(_) => None,
    });
    variables.collect()
}
