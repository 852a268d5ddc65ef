//! Learns which texts are values of the run itself, from where the file says that a request carries them.

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use super::mask::Mask;
use super::{Exchange, Recording, Request};
use crate::simulate::example_input;
use hermes_format::provider::{Act, Body, Constants, JsonTemplate, Provider, StateKind, ValueSource};
use hermes_format::template::{Expression, Name, Part, Template};
use hermes_machine::machine::{self, Outcome};

/// The secrets among the inputs, by words that could stand in their place.
pub(super) fn inputs(provider: &Provider, values: &IndexMap<String, String>, mask: &mut Mask) {
    for (name, _) in provider.inputs.iter().filter(|(_, input)| input.secret) {
        if let Some(value) = values.get(name) {
            mask.name(value, example_input(provider, name));
        }
    }
}

/// The access token, where the file's words and the inputs that are no secret make it: it tells nothing new.
pub(super) fn public_token(provider: &Provider, recording: &Recording, mask: &mut Mask) {
    let Some(ValueSource::Template(template)) = provider.success().map(|success| &success.access_token)
    else {
        return;
    };
    let is_public = |name: &String| provider.inputs.get(name).is_some_and(|input| !input.secret);
    let inputs = recording.started.inputs.clone().into_iter().filter(|(name, _)| is_public(name)).collect();
    let scope = Constants { provider, region: recording.started.region.as_deref(), inputs: &inputs };
    if let (Ok(token), Outcome::Success(grant)) = (template.render(&scope), &recording.outcome)
        && token == grant.access_token.expose_secret()
    {
        mask.name(&token, token.clone());
    }
}

/// The run's own values in a question.
pub(super) fn exchange(provider: &Provider, exchange: &Exchange, mask: &mut Mask) {
    match exchange {
        Exchange::Http(request, _) | Exchange::Failed(request, _) => {
            query(provider, &request.state, &request.url, mask);
            body(provider, request, mask);
        }
        Exchange::Browser(state, Some(opened), _) => query(provider, state, opened, mask),
        Exchange::Browser(..) => {}
    }
}

fn body(provider: &Provider, request: &Request, mask: &mut Mask) {
    let Some(Act::Request(written)) = act(provider, &request.state) else { return };
    match (&written.body, &request.body) {
        (Some(Body::Form(written)), Some(machine::Body::Form(sent))) => {
            for (key, value) in sent {
                learn(written.get(key), value, mask);
            }
        }
        (Some(Body::Json(written)), Some(machine::Body::Json(sent))) => {
            written.iter().for_each(|(key, written)| json(written, sent.get(key), mask));
        }
        _ => {}
    }
}

fn json(written: &JsonTemplate, sent: Option<&Value>, mask: &mut Mask) {
    match (written, sent) {
        (JsonTemplate::Text(template), Some(Value::String(text))) => learn(Some(template), text, mask),
        (JsonTemplate::Object(members), Some(sent)) => {
            members.iter().for_each(|(key, written)| json(written, sent.get(key), mask));
        }
        _ => {}
    }
}

fn query(provider: &Provider, state: &str, url: &Url, mask: &mut Mask) {
    let written = match act(provider, state) {
        Some(Act::Request(request)) => &request.query,
        Some(Act::Browser(browser)) => &browser.query,
        None => return,
    };
    for (key, value) in url.query_pairs() {
        learn(written.get(key.as_ref()), &value, mask);
    }
}

fn act<'a>(provider: &'a Provider, state: &str) -> Option<&'a Act> {
    match &provider.state(provider.state_id(state)?).kind {
        StateKind::Active(active) => Some(&active.act),
        _ => None,
    }
}

/// Learns a value that is written as one of the run's own, and nothing else.
fn learn(written: Option<&Template>, value: &str, mask: &mut Mask) {
    let Some(Template { parts, text, .. }) = written else { return };
    if let [Part::Expression(Expression::Name(name, _), _)] = parts.as_slice()
        && matches!(name, Name::Random(_) | Name::PkceChallenge | Name::RedirectUri)
    {
        mask.name(value, text.trim().to_owned());
    }
}
