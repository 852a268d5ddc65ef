//! What every rule looks at: the provider, and what its rules were found to guarantee.

use std::collections::BTreeSet;

use super::proof;
use hermes_format::condition::{self, Dead, Guaranteed, Wire};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::provider::{Act, Active, Provider, Rule, State, StateId, StateKind, Then};
use hermes_format::query::Query;
use hermes_format::source::{Sources, Span};

/// What rules may know beside the provider.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The texts that were read.
    pub sources: &'a Sources,
    /// Whether the file is a flow, checked by itself: what its providers supply is then no finding.
    pub flow: bool,
    /// The protocols that clients are known to speak; none where that is not known.
    pub modes: &'a [&'a str],
}

/// How much the rules of all states may ask for, as [`condition::Analysis::size`] counts. The largest state that ships
/// asks for 896.
const MOST_ASKED: usize = 150_000;

/// A provider under check.
pub struct Subject<'a> {
    /// The provider.
    pub(super) provider: &'a Provider,
    /// The texts that were read.
    pub(super) sources: &'a Sources,
    /// Whether it is a flow, checked by itself.
    pub(super) flow: bool,
    /// The protocols that clients are known to speak.
    pub(super) modes: &'a [&'a str],
    /// What was found on the ways through it; see [`proof`].
    pub(super) proof: Vec<Diagnostic>,
    facts: Vec<Option<Facts>>,
}

/// What the rules of a state say about its answers.
pub(super) struct Facts {
    /// By rule: the paths that are present in every answer that takes it.
    pub(super) guaranteed: Vec<Guaranteed>,
    /// By rule: the values that were known before and that are present wherever an answer takes it.
    pub(super) known: Vec<BTreeSet<String>>,
    /// By rule: why no answer takes it.
    pub(super) dead: Vec<Option<Dead>>,
    /// Whether there are answers that no rule takes.
    pub(super) falls_through: bool,
}

impl<'a> Subject<'a> {
    /// Looks at a provider; an error is the one finding about a flow that is too tangled to say more of it.
    pub(super) fn new(provider: &'a Provider, context: &Context<'a>) -> Result<Subject<'a>, Box<Diagnostic>> {
        let mut left = MOST_ASKED;
        let facts: Option<Vec<_>> = provider.states.iter().map(|state| facts(state, &mut left)).collect();
        let facts = facts.ok_or_else(|| proof::tangled(provider, "its rules ask for too much"))?;
        let Context { sources, flow, modes } = *context;
        let mut subject = Subject { provider, sources, flow, modes, proof: Vec::new(), facts };
        subject.proof = proof::findings(&subject)?;
        Ok(subject)
    }

    /// What the rules of a state that acts say about its answers.
    pub(super) fn facts(&self, id: StateId) -> Option<&Facts> {
        self.facts.get(id.0)?.as_ref()
    }

    /// The states that act.
    pub(super) fn active(&self) -> impl Iterator<Item = (StateId, &'a State, &'a Active)> + use<'a> {
        self.provider.states.iter().enumerate().filter_map(|(i, state)| match &state.kind {
            StateKind::Active(active) => Some((StateId(i), state, &**active)),
            _ => None,
        })
    }

    /// Whether something is written in the file itself, and not in a flow that it extends.
    pub(super) fn is_own(&self, span: Span) -> bool {
        span.file == self.provider.span.file
    }

    /// The beginning of the file, for a finding that has no better place.
    pub(super) fn top(&self) -> Span {
        self.provider.span.part(0, 0)
    }

    /// The rules of a state that no earlier rule makes dead, and their places in its list.
    pub(super) fn live_rules(
        &self,
        id: StateId,
        active: &'a Active,
    ) -> impl Iterator<Item = (usize, &'a Rule)> {
        let dead = self.facts(id).map(|facts| facts.dead.as_slice()).unwrap_or_default();
        active.on.iter().enumerate().filter(move |(i, _)| !matches!(dead.get(*i), Some(Some(_))))
    }
}

/// What a state's rules say; `None` where all states together ask for too much.
fn facts(state: &State, left: &mut usize) -> Option<Option<Facts>> {
    let StateKind::Active(active) = &state.kind else { return Some(None) };
    let wire = match active.act {
        Act::Request(_) => Wire::Http,
        Act::Browser(_) => Wire::Callback,
    };
    let analysis = condition::analyse(&active.on, wire, None);
    *left = left.checked_sub(analysis.size())?;
    let rules = 0..active.on.len();
    Some(Some(Facts {
        // An answer to the last of a list of URLs is dropped.
        guaranteed: (active.on.iter().enumerate())
            .map(|(i, rule)| if rule.next { Guaranteed::default() } else { analysis.guaranteed(i) })
            .collect(),
        known: rules.clone().map(|rule| analysis.known(rule)).collect(),
        dead: rules.map(|rule| analysis.dead(rule)).collect(),
        falls_through: analysis.falls_through(),
    }))
}

/// Where a rule leads, if it goes on.
pub(super) fn goes_to(rule: &Rule) -> Option<StateId> {
    match &rule.then {
        Then::Go(to) => Some(to.value),
        Then::Fail { .. } => None,
    }
}

/// Paths as a file writes them: `` `$.a`, `$.b` ``.
pub(super) fn listed(guaranteed: &Guaranteed) -> String {
    let paths = guaranteed.0.iter().map(|steps| format!("`{}`", Query::of(steps.clone()).text()));
    paths.collect::<Vec<_>>().join(", ")
}
