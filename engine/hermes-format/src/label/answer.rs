//! What is secret in an answer, and in the credential that was read from one.
//!
//! A field is a secret by its name, or because `success` reads a token from it. All else in an answer to a request that
//! carried a secret is confidential: what a service gives in return for a secret under a name that nobody knows is for no
//! screen. Two kinds of fields stay public there: those that a rule compares, for the file says what they can be, and those
//! that are made to be shown (`user_code`, `error_description`, a message).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::name::{is_secret_in_failure, is_shown_name};
use super::{Judge, MAX_DEPTH, Secrecy, is_secret_name};
use crate::condition::Test;
use crate::provider::{Act, Active, Provider, State, StateKind, Then, ValueSource};
use crate::query::Step;
use crate::template::{Expression, Name, Part, Template};

/// The states of a provider whose requests carry a secret, found at the first question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confiding(OnceLock<BTreeSet<String>>);

impl Confiding {
    pub(super) fn of(&self, provider: &Provider) -> &BTreeSet<String> {
        self.0.get_or_init(|| confiding(provider))
    }
}

/// A state confides whose request carries a secret, or anything confidential of another state that does.
fn confiding(provider: &Provider) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let judge = Judge { provider, confiding: &found };
        let carries = |active: &Active| match &active.act {
            Act::Request(request) => request
                .templates()
                .into_iter()
                // The stored credential is a secret as a whole: whatever of it is sent, the answer is for no screen.
                .any(|template| reads_token(template) || !judge.template(template, MAX_DEPTH).may_be_seen()),
            // What comes back from a browser is a callback, whose `code` is secret by its name.
            Act::Browser(_) => false,
        };
        let states = active(provider).filter(|(state, _)| !found.contains(&state.name));
        let more: Vec<String> =
            states.filter(|(_, active)| carries(active)).map(|(state, _)| state.name.clone()).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

impl Judge<'_> {
    /// A field of the answer of a state.
    pub(super) fn answer(self, state: &str, path: &[Step]) -> Secrecy {
        if is_secret_field(path, self.provider) {
            Secrecy::Secret
        } else if self.confiding.contains(state)
            && !is_shown(path)
            && !is_compared(self.provider, state, path)
        {
            Secrecy::Confidential
        } else {
            Secrecy::Public
        }
    }

    /// A field of the answer that leads to `success`.
    pub(super) fn last_answer(self, path: &[Step]) -> Secrecy {
        let Some(success) = self.provider.state_id("success") else { return Secrecy::Secret };
        let leads = |active: &Active| {
            active.on.iter().any(|rule| matches!(&rule.then, Then::Go(to) if to.value == success))
        };
        let last = active(self.provider).filter(|(_, active)| leads(active));
        // Where a login begins in `success`, no answer leads there.
        let secrecy = last.map(|(state, _)| self.answer(&state.name, path)).max();
        secrecy.unwrap_or(if is_secret_field(path, self.provider) {
            Secrecy::Secret
        } else {
            Secrecy::Public
        })
    }

    /// A member of the stored credential. The record as a whole is a secret.
    pub(super) fn credential(self, path: &[Step], depth: usize) -> Secrecy {
        let Some(Step::Key(member)) = path.first() else { return Secrecy::Secret };
        if is_secret_name(member) {
            return Secrecy::Secret;
        }
        match self.provider.success().and_then(|success| success.keep.get(member)) {
            Some(ValueSource::Path(query)) => self.last_answer(query.value.steps()),
            // One that is made from the credential itself would lead back here: it is not followed further.
            Some(ValueSource::Template(template)) if reads_credential(template) => {
                let names = template.names().into_iter().map(|(name, _)| match name {
                    Name::Token(path) if last_key(path).is_some_and(|key| !is_secret_name(key)) => {
                        Secrecy::Confidential
                    }
                    Name::Token(_) => Secrecy::Secret,
                    // It was kept by this very entry, or by another that is judged itself.
                    Name::Last(path) if last_key(path).is_some_and(|key| !is_secret_name(key)) => {
                        Secrecy::Public
                    }
                    Name::Last(_) => Secrecy::Secret,
                    other => self.name(other, depth).secrecy,
                });
                names.max().unwrap_or_default()
            }
            Some(ValueSource::Template(template)) => self.template(template, depth).secrecy,
            None => Secrecy::Public,
        }
    }
}

impl Judge<'_> {
    /// A member of what a login replaces: what was kept, or the challenge of the refusal, which the client had in the clear.
    pub(super) fn replaced(self, path: &[Step], depth: usize) -> Secrecy {
        match path.first() {
            Some(Step::Key(member)) if member == "challenge" && path.len() > 1 => Secrecy::Public,
            _ => self.credential(path, depth),
        }
    }
}

fn reads_credential(template: &Template) -> bool {
    template.names().iter().any(|(name, _)| matches!(name, Name::Token(_) | Name::Last(_)))
}

fn reads_token(template: &Template) -> bool {
    template.names().iter().any(|(name, _)| matches!(name, Name::Token(_)))
}

/// Whether a field of an answer is a secret: by its name, or because `success` reads a token from it. An answer as a whole
/// is one.
pub fn is_secret_field(path: &[Step], provider: &Provider) -> bool {
    last_key(path).is_none_or(is_secret_name) || token_paths(provider).any(|token| token == path)
}

/// A field of the answer that a flow failed with, which `[errors]` names to tell of the failure.
pub(super) fn of_failure(path: &[Step], provider: &Provider) -> Secrecy {
    let is_secret =
        last_key(path).is_none_or(is_secret_in_failure) || token_paths(provider).any(|token| token == path);
    if is_secret { Secrecy::Secret } else { Secrecy::Public }
}

/// Whether a text is what a service merely calls `code`: the field of a request's answer, which the file sends nowhere. A
/// code that is redeemed is sent.
pub(super) fn is_entered(shown: &Template, provider: &Provider) -> bool {
    let [Part::Expression(Expression::Name(name @ Name::Answer { state, path }, _), _)] =
        shown.parts.as_slice()
    else {
        return false;
    };
    let is_request =
        |known: &State, active: &Active| known.name == *state && matches!(active.act, Act::Request(_));
    let is_sent = |state: &State| {
        let others =
            state.templates().into_iter().filter(|placed| placed.spot != crate::provider::Spot::ShowCode);
        others.flat_map(|placed| placed.template.names()).any(|(sent, _)| sent == name)
    };
    matches!(path.last(), Some(Step::Key(last)) if last == "code")
        && active(provider).any(|(known, active)| is_request(known, active))
        && !provider.states.iter().any(is_sent)
}

/// Whether a rule of a state compares a field with what the file writes.
fn is_compared(provider: &Provider, state: &str, path: &[Step]) -> bool {
    let own = active(provider).filter(|(known, _)| known.name == state);
    let rules = own.flat_map(|(_, active)| &active.on);
    let terms =
        rules.flat_map(|rule| rule.when.iter().chain(&rule.unless)).flat_map(|condition| &condition.terms);
    terms.into_iter().any(|term| matches!(&term.test, Test::Equals(query, _) if query.steps() == path))
}

fn is_shown(path: &[Step]) -> bool {
    last_key(path).is_some_and(is_shown_name)
}

fn last_key(path: &[Step]) -> Option<&str> {
    path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    })
}

/// The places in answers from which `success` takes its tokens.
fn token_paths(provider: &Provider) -> impl Iterator<Item = &[Step]> {
    let sources = provider.success().map(|success| [&success.access_token, &success.refresh_token]);
    sources.into_iter().flatten().filter_map(|source| match source {
        ValueSource::Path(query) => Some(query.value.steps()),
        ValueSource::Template(_) => None,
    })
}

fn active(provider: &Provider) -> impl Iterator<Item = (&State, &Active)> {
    provider.states.iter().filter_map(|state| match &state.kind {
        StateKind::Active(active) => Some((state, &**active)),
        _ => None,
    })
}
