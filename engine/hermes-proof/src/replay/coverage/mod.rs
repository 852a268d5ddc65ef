//! What the tests of a provider reach: its rules, its optional values, its ends, its regions, the
//! variables that it reads.
//!
//! What a reader would get wrong: full coverage of rules is not enough. A wrong unit of `interval` survives it until a
//! reply carries an `interval`, and a wrong default until a reply leaves it out; so an optional value counts twice.

mod optional;
mod reach;

use std::collections::BTreeSet;

use super::trace::Trace;
use super::{UNTESTED_FIELD, UNTESTED_RULE};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::provider::{At, InputSource, Provider, StateId, StateKind, Then};
use hermes_format::query::{present, walk};
use hermes_format::raw::test::End;
use hermes_format::source::{Source, Sources, Span};
use optional::Optional;

/// What the tests reach, item by item.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Everything that can be reached, in the order of the file.
    pub items: Vec<Item>,
}

/// One thing that a test can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called: `poll.on[3]`, `request_code.interval`, `timeout`, `cn`.
    pub name: String,
    /// What kind of thing it is.
    pub kind: ItemKind,
    /// Where the provider's file writes it.
    pub span: Span,
    /// Whether a test reaches it.
    pub covered: bool,
}

/// What can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A rule, by a test that takes it.
    Rule,
    /// An optional value, by a reply that carries it.
    Present,
    /// An optional value, by a reply that leaves it out.
    Absent,
    /// A final state, by a test that ends in it.
    End,
    /// A region, by a test that runs in it.
    Region,
    /// A variable of the environment, by a test that an input is read from it in.
    Source,
}

impl Item {
    /// What no test does, as a sentence.
    pub fn complaint(&self) -> String {
        match self.kind {
            ItemKind::Rule => format!("no test takes `{}`", self.name),
            ItemKind::Present => format!("no reply carries `{}`", self.name),
            ItemKind::Absent => format!("no reply leaves out `{}`", self.name),
            ItemKind::End => format!("no test ends in `{}`", self.name),
            ItemKind::Region => format!("no test runs in the region `{}`", self.name),
            ItemKind::Source => format!("no test reads `{}` from the environment", self.name),
        }
    }
}

impl Item {
    /// What to write so that a test reaches it.
    fn advice(&self) -> String {
        let (state, _) = self.name.split_once('.').unwrap_or((&self.name, ""));
        match self.kind {
            ItemKind::Rule => format!("add a `[[test]]` whose `replies.{state}` makes this rule apply"),
            ItemKind::Present => format!("add a `[[test]]` whose `replies.{state}` has the field"),
            ItemKind::Absent => format!("add a `[[test]]` whose `replies.{state}` lacks the field"),
            ItemKind::End if self.name == "timeout" => {
                "add a `[[test]]` whose replies go round until this passes: `expect = { end = \"timeout\" }`"
                    .to_owned()
            }
            ItemKind::End => format!("add a `[[test]]` with `expect = {{ end = \"{}\" }}`", self.name),
            ItemKind::Region => format!("add a `[[test]]` with `region = \"{}\"`", self.name),
            ItemKind::Source => format!("add a `[[test]]` with `env = {{ {} = \"…\" }}`", self.name),
        }
    }
}

impl Coverage {
    /// Leaves out what a provider took unchanged from a built-in flow: its rules are tested where it is written.
    pub fn leave_out_built_in(&mut self, provider: &Provider, sources: &Sources) {
        let is_built_in = |span: Span| sources.file(span.file).is_some_and(Source::is_built_in);
        if is_built_in(provider.span) {
            return;
        }
        self.items.retain(|item| !is_built_in(item.span));
        // An end without a rule of the file's own that leads there is the flow's, too.
        if !self.items.iter().any(|item| item.kind == ItemKind::Rule) {
            self.items.retain(|item| item.kind != ItemKind::End);
        }
    }

    /// What no test reaches.
    pub fn missing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.covered)
    }

    /// How many items of the given kinds are covered, and how many there are.
    pub fn count(&self, kinds: &[ItemKind]) -> (usize, usize) {
        let of_kind = || self.items.iter().filter(|item| kinds.contains(&item.kind));
        (of_kind().filter(|item| item.covered).count(), of_kind().count())
    }

    /// The covered part of all items in percent; 100 where there is nothing to reach.
    pub fn percent(&self) -> f64 {
        let covered = self.items.iter().filter(|item| item.covered).count();
        #[allow(clippy::cast_precision_loss, reason = "a file has a few hundred items at most")]
        if self.items.is_empty() { 100.0 } else { covered as f64 * 100.0 / self.items.len() as f64 }
    }

    /// HE701 and HE702, at the places of the provider's file.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let finding = |item: &Item| {
            let is_field = matches!(item.kind, ItemKind::Present | ItemKind::Absent);
            let code = if is_field { &UNTESTED_FIELD } else { &UNTESTED_RULE };
            Diagnostic::new(code, item.span, item.complaint()).help(item.advice())
        };
        self.missing().map(finding).collect()
    }
}

/// What a set of runs reaches of a provider.
pub(super) fn measure(provider: &Provider, runs: &[Trace]) -> Coverage {
    let reachable = reach::reachable(provider);
    let mut items = rules(provider, &reachable, runs);
    items.extend(fields(provider, &reachable, runs));
    items.extend(ends(provider, &reachable, runs));
    items.extend(regions(provider, runs));
    items.extend(sources(provider, runs));
    Coverage { items }
}

fn rules(provider: &Provider, reachable: &BTreeSet<StateId>, runs: &[Trace]) -> Vec<Item> {
    let taken: BTreeSet<(StateId, usize)> =
        runs.iter().flat_map(|run| &run.heard).map(|heard| (heard.state, heard.rule)).collect();
    let mut items = Vec::new();
    for id in reachable {
        let state = provider.state(*id);
        let StateKind::Active(active) = &state.kind else { continue };
        items.extend(active.on.iter().enumerate().map(|(rule, written)| Item {
            name: format!("{}.on[{rule}]", state.name),
            kind: ItemKind::Rule,
            span: written.span,
            covered: taken.contains(&(*id, rule)),
        }));
    }
    items
}

fn fields(provider: &Provider, reachable: &BTreeSet<StateId>, runs: &[Trace]) -> Vec<Item> {
    let mut items = Vec::new();
    for optional in optional::all(provider, reachable) {
        let carried = carried(provider, &optional, runs);
        let item = |kind, covered| Item { name: optional.name(provider), kind, span: optional.span, covered };
        items.push(item(ItemKind::Present, carried.contains(&true)));
        items.push(item(ItemKind::Absent, carried.contains(&false)));
    }
    items
}

/// For each answer that the value could have been in: whether it was.
fn carried(provider: &Provider, optional: &Optional, runs: &[Trace]) -> Vec<bool> {
    let mut carried = Vec::new();
    for heard in runs.iter().flat_map(|run| &run.heard).filter(|heard| heard.state == optional.state) {
        let StateKind::Active(active) = &provider.state(heard.state).kind else { continue };
        let leaves_for = match active.on.get(heard.rule).map(|rule| &rule.then) {
            Some(Then::Go(to)) => to.value,
            _ => continue,
        };
        if optional.is_read_on_the_way_to(leaves_for) {
            carried.push(present(walk(&heard.answer, &optional.path)).is_some());
        }
    }
    carried
}

fn ends(provider: &Provider, reachable: &BTreeSet<StateId>, runs: &[Trace]) -> Vec<Item> {
    let ended: Vec<End> = runs.iter().filter_map(Trace::end).collect();
    let mut items = Vec::new();
    // Nothing of the file is called `timeout`: it is an `until` that leads there.
    let until = reachable.iter().find_map(|id| match &provider.state(*id).kind {
        StateKind::Active(active) => active.until.as_ref().map(|until| until.span),
        _ => None,
    });
    let mut end = |name: &str, end: End, is_possible: bool| {
        if let (true, Some(id)) = (is_possible, provider.state_id(name)) {
            let own = provider.state(id).span;
            let span = until.filter(|_| end == End::Timeout).unwrap_or(own);
            let covered = ended.contains(&end);
            items.push(Item { name: name.to_owned(), kind: ItemKind::End, span, covered });
        }
    };
    let is_reached = |name: &str| provider.state_id(name).is_some_and(|id| reachable.contains(&id));
    end("success", End::Success, is_reached("success"));
    end("done", End::Done, is_reached("done"));
    end("error", End::Error, reach::can_fail(provider, reachable));
    end("timeout", End::Timeout, reach::can_time_out(provider, reachable));
    items
}

fn regions(provider: &Provider, runs: &[Trace]) -> Vec<Item> {
    let Some(regions) = &provider.regions else { return Vec::new() };
    let region = |(name, keys): (&String, &indexmap::IndexMap<String, At<String>>)| Item {
        name: name.clone(),
        kind: ItemKind::Region,
        span: keys.values().next().map_or(provider.span, |at| at.span),
        covered: runs.iter().any(|run| run.region.as_ref() == Some(name)),
    };
    regions.tables.iter().map(region).collect()
}

fn sources(provider: &Provider, runs: &[Trace]) -> Vec<Item> {
    let variables =
        provider.inputs.values().flat_map(|input| &input.from).filter_map(|source| match source {
            InputSource::Env(variable) => Some(variable),
            InputSource::File { .. } | InputSource::Command(_) => None,
        });
    let source = |variable: &At<String>| Item {
        name: variable.value.clone(),
        kind: ItemKind::Source,
        span: variable.span,
        covered: runs.iter().any(|run| run.variables.contains(&variable.value)),
    };
    variables.map(source).collect()
}

#[cfg(test)]
mod tests;
