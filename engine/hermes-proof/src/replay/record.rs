//! A test file from a login that was watched: what each state was answered, with every secret replaced.
//!
//! What a reader would get wrong: nothing that a server said is taken over as it is. Of texts only those stay that the
//! rules compare with and those that a standard names; of URLs the part before the query; numbers, booleans and dates stay.

mod learn;
mod mask;
mod write;

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use serde_json::{Value, json};
use url::Url;

use hermes_format::provider::{Action, Provider, StateKind};
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{
    CallbackQuery, Effect, Event, Failure, FailureKind, Outcome, Request, Response, pasted_query,
};
use mask::Mask;

/// A run that was watched.
#[derive(Debug, Clone)]
pub struct Recording {
    /// How it was started.
    pub started: Started,
    /// What was sent and answered, in order.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a run was started.
#[derive(Clone)]
pub struct Started {
    /// What it was for.
    pub action: Action,
    /// The name of the state that it was told to begin in, where it was.
    pub from: Option<String>,
    /// The region, where the provider has any.
    pub region: Option<String>,
    /// Whether a browser was at hand.
    pub browser: bool,
    /// The values of inputs.
    pub inputs: IndexMap<String, String>,
    /// When it began.
    pub began: UnixMs,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Started { action, from, region, .. } = self;
        let started = (action, from, region);
        f.debug_tuple("Started").field(&started).finish_non_exhaustive()
    }
}

/// One question and its answer.
#[derive(Debug, Clone)]
pub enum Exchange {
    /// A request and its answer.
    Http(Request, Response),
    /// A request that got no answer.
    Failed(Request, Failure),
    /// A visit of the browser by this state: the URL that was opened, and what came of it.
    Browser(String, Option<Url>, Visit),
}

/// What came of a visit of the browser.
#[derive(Debug, Clone)]
pub enum Visit {
    /// The browser came back with this query.
    CalledBack(CallbackQuery),
    /// The person pasted this.
    Pasted(Secret),
    /// Nobody came back in time.
    Nobody,
}

impl Exchange {
    /// Keeps what a performed effect came to, where that is an exchange. A paste that was not taken is forgotten when
    /// another is asked for.
    pub fn keep(exchanges: &mut Vec<Exchange>, effect: &Effect, event: &Event) {
        if let Effect::Listen { state, again: Some(_), .. } = effect {
            exchanges
                .pop_if(|last| matches!(last, Exchange::Browser(of, _, Visit::Pasted(_)) if of == state));
        }
        exchanges.extend(Exchange::of(effect, event));
    }

    fn of(effect: &Effect, event: &Event) -> Option<Exchange> {
        Some(match (effect, event) {
            (Effect::Send(request), Event::Answered(response)) => {
                Exchange::Http(request.clone(), response.clone())
            }
            (Effect::Send(request), Event::Failed(failure)) => {
                Exchange::Failed(request.clone(), failure.clone())
            }
            (Effect::Listen { state, show, .. }, event) => {
                let visit = match event {
                    Event::CalledBack(query) => Visit::CalledBack(query.clone()),
                    Event::Pasted(text) if !text.expose_secret().trim().is_empty() => {
                        Visit::Pasted(text.clone())
                    }
                    Event::Woke => Visit::Nobody,
                    _ => return None,
                };
                Exchange::Browser(state.clone(), show.url.clone(), visit)
            }
            _ => return None,
        })
    }

    fn state(&self) -> &str {
        match self {
            Exchange::Http(request, _) | Exchange::Failed(request, _) => &request.state,
            Exchange::Browser(state, ..) => state,
        }
    }
}

/// Writes a test file, in TOML, that replays what was recorded.
pub fn test_file(provider: &Provider, recording: &Recording) -> String {
    let mut mask = Mask::new(words(provider));
    learn::inputs(provider, &recording.started.inputs, &mut mask);
    learn::public_token(provider, recording, &mut mask);
    for exchange in &recording.exchanges {
        learn::exchange(provider, exchange, &mut mask);
    }
    let mut replies: IndexMap<&str, Vec<Value>> = IndexMap::new();
    for exchange in &recording.exchanges {
        replies.entry(exchange.state()).or_default().push(reply(exchange, &mut mask));
    }
    write::write(provider, recording, &replies, &mut mask)
}

fn reply(exchange: &Exchange, mask: &mut Mask) -> Value {
    match exchange {
        Exchange::Http(_, response) => mask.response(response),
        Exchange::Failed(_, failure) => json!({ "fail": word(failure.kind) }),
        Exchange::Browser(.., Visit::CalledBack(query)) => json!({ "callback": mask.query(query) }),
        Exchange::Browser(.., Visit::Pasted(text)) => {
            let (place, query) = pasted_query(text.expose_secret());
            // The whole address is told by its place; a place that a service chose says nothing.
            let place = place.and_then(|place| mask.named(&place)).map(|place| format!("{place}?"));
            let pairs: Vec<_> =
                mask.query(&query).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            json!({ "paste": format!("{}{}", place.unwrap_or_default(), pairs.join("&")) })
        }
        Exchange::Browser(.., Visit::Nobody) => json!({ "fail": "timeout" }),
    }
}

/// The texts that the provider's own file writes in its conditions: they tell nothing new.
fn words(provider: &Provider) -> BTreeSet<String> {
    use hermes_format::condition::{Operand, Test};
    let mut words = BTreeSet::new();
    for state in &provider.states {
        let StateKind::Active(active) = &state.kind else { continue };
        let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
        for term in conditions.flat_map(|condition| &condition.terms) {
            match &term.test {
                Test::Body(texts) => words.extend(texts.iter().cloned()),
                compared => words.extend(compared.operands().iter().filter_map(|operand| match operand {
                    Operand::Literal(Value::String(text)) => Some(text.clone()),
                    Operand::Literal(Value::Number(number)) => Some(number.to_string()),
                    _ => None,
                })),
            }
        }
    }
    words
}

fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Connect | FailureKind::Tls | FailureKind::NotSimulated => "connect",
        FailureKind::TimedOut => "timeout",
        FailureKind::Broken => "reset",
    }
}

#[cfg(test)]
mod tests;
