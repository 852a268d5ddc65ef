//! A test file from a login that was watched: what each state was answered, with every secret replaced.
//!
//! What a reader would get wrong: nothing that a server said is taken over as it is. Of texts only those stay that the
//! rules compare with and those that a standard names; of URLs the part before the query; numbers and booleans stay.

mod mask;
mod write;

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value, json};
use url::Url;

use crate::machine::{Body, CallbackQuery, Failure, FailureKind, Outcome, Request, Response};
use crate::provider::{self, Act, Action, Provider, StateKind};
use crate::template::{Expression, Name, Part, Template};
use crate::time::UnixMs;
use mask::Mask;

/// A run that was watched.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What the run was for.
    pub action: Action,
    /// The region, where the provider has any.
    pub region: Option<String>,
    /// When it began.
    pub began: UnixMs,
    /// What was sent and answered, in order.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub outcome: Outcome,
}

/// One question and its answer.
#[derive(Debug, Clone)]
pub enum Exchange {
    /// A request and its answer.
    Http(Request, Response),
    /// A request that got no answer.
    Failed(Request, Failure),
    /// A visit of the browser by this state: the URL that was opened, and the query with which it came back.
    Browser(String, Url, CallbackQuery),
}

/// Writes a test file, in TOML, that replays what was recorded.
pub fn test_file(provider: &Provider, recording: &Recording) -> String {
    let mut mask = Mask::new(words(provider));
    for exchange in &recording.exchanges {
        match exchange {
            Exchange::Http(request, _) | Exchange::Failed(request, _) => {
                learn_query(provider, &request.state, &request.url, &mut mask);
                learn_form(provider, request, &mut mask);
            }
            Exchange::Browser(state, opened, _) => learn_query(provider, state, opened, &mut mask),
        }
    }
    let mut replies: IndexMap<&str, Vec<Value>> = IndexMap::new();
    for exchange in &recording.exchanges {
        let (state, reply) = match exchange {
            Exchange::Http(request, response) => (request.state.as_str(), mask.response(response)),
            Exchange::Failed(request, failure) => {
                (request.state.as_str(), json!({ "fail": word(failure.kind) }))
            }
            Exchange::Browser(state, _, query) => (state.as_str(), mask.callback(query)),
        };
        replies.entry(state).or_default().push(reply);
    }
    write::write(provider, recording, &replies, &mut mask)
}

/// The texts that the provider's own file writes in its conditions: they tell nothing new.
fn words(provider: &Provider) -> BTreeSet<String> {
    use crate::condition::{Operand, Test};
    let mut words = BTreeSet::new();
    for state in &provider.states {
        let StateKind::Active(active) = &state.kind else { continue };
        let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
        for term in conditions.flat_map(|condition| &condition.terms) {
            match &term.test {
                Test::Body(texts) => words.extend(texts.iter().cloned()),
                Test::Equals(_, operands) => {
                    words.extend(operands.iter().filter_map(|operand| match operand {
                        Operand::Literal(Value::String(text)) => Some(text.clone()),
                        _ => None,
                    }))
                }
                Test::Exists(_) | Test::Status(_) => {}
            }
        }
    }
    words
}

fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Connect | FailureKind::Tls => "connect",
        FailureKind::TimedOut => "timeout",
        FailureKind::Broken => "reset",
    }
}

/// Learns the run's own values (`{{random.state}}`) from where the file says that a form carries them.
fn learn_form(provider: &Provider, request: &Request, mask: &mut Mask) {
    let Some(Act::Request(written)) = act(provider, &request.state) else { return };
    let (Some(provider::Body::Form(written)), Some(Body::Form(sent))) = (&written.body, &request.body) else {
        return;
    };
    for (key, value) in sent {
        if let Some(name) = written.get(key).and_then(own_value) {
            mask.name(value, name);
        }
    }
}

/// The same, from the query of a URL.
fn learn_query(provider: &Provider, state: &str, url: &Url, mask: &mut Mask) {
    let written = match act(provider, state) {
        Some(Act::Request(request)) => &request.query,
        Some(Act::Browser(browser)) => &browser.query,
        None => return,
    };
    for (key, value) in url.query_pairs() {
        if let Some(name) = written.get(key.as_ref()).and_then(own_value) {
            mask.name(&value, name);
        }
    }
}

fn act<'a>(provider: &'a Provider, state: &str) -> Option<&'a Act> {
    match &provider.state(provider.state_id(state)?).kind {
        StateKind::Active(active) => Some(&active.act),
        _ => None,
    }
}

fn own_value(template: &Template) -> Option<String> {
    match template.parts.as_slice() {
        [
            Part::Expression(
                Expression::Name(Name::Random(_) | Name::PkceChallenge | Name::RedirectUri, _),
                _,
            ),
        ] => Some(template.text.trim().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
