//! The JSONPaths that a rule can ask for: what the file itself speaks of, and what the standards name.

use hermes_engine_core::condition::Test;
use hermes_engine_core::provider::{Act, Active, Provider, State, StateKind, Then};
use hermes_engine_core::query::Query;
use hermes_engine_core::template::Name;

use super::document::Document;

/// Fields of answers by RFC 6749 and RFC 8628.
const OF_REQUESTS: [&str; 10] = [
    "$.access_token",
    "$.refresh_token",
    "$.token_type",
    "$.expires_in",
    "$.error",
    "$.device_code",
    "$.user_code",
    "$.verification_uri",
    "$.verification_uri_complete",
    "$.interval",
];

/// Parameters of a callback by RFC 6749 and RFC 9207.
const OF_CALLBACKS: [&str; 4] = ["$.code", "$.state", "$.error", "$.iss"];

/// The paths into the answers of a state: those that other states use or its own rules ask for, then the standards'.
pub(super) fn of_answers(document: &Document, state: &str) -> Vec<String> {
    let Some(read) = &document.read else { return Vec::new() };
    let provider = &read.provider;
    let mut paths = used(provider, state);
    let Some(active) = active(provider, state) else { return paths };
    paths.extend(asked(active));
    paths.extend(match active.act {
        Act::Request(_) => OF_REQUESTS.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>(),
        Act::Browser(_) => OF_CALLBACKS.iter().map(|path| (*path).to_owned()).collect(),
    });
    once_each(paths)
}

/// The paths into the answers from which a rule leads to `success`.
pub(super) fn that_lead_to_success(document: &Document) -> Vec<String> {
    let Some(read) = &document.read else { return Vec::new() };
    let success = read.provider.state_id("success");
    let leads = |active: &&Active| {
        active.on.iter().any(|rule| matches!(&rule.then, Then::Go(to) if Some(to.value) == success))
    };
    let states = read.provider.states.iter().filter_map(of_active).filter(leads);
    let standard = OF_REQUESTS.iter().map(|path| (*path).to_owned());
    once_each(states.flat_map(asked).chain(standard).collect())
}

fn used(provider: &Provider, state: &str) -> Vec<String> {
    let placed = provider.states.iter().flat_map(State::templates).chain(provider.error_templates());
    let names = placed.flat_map(|placed| placed.template.names());
    let paths = names.filter_map(|(name, _)| match name {
        Name::Answer { state: named, path } if named == state && !path.is_empty() => {
            Some(Query::of(path.clone()).text().to_owned())
        }
        _ => None,
    });
    paths.collect()
}

fn asked(active: &Active) -> Vec<String> {
    let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
    let terms = conditions.flat_map(|condition| &condition.terms);
    let paths = terms.filter_map(|term| match &term.test {
        Test::Exists(path) | Test::Equals(path, _) => Some(path.text().to_owned()),
        Test::Status(_) | Test::Body(_) => None,
    });
    paths.collect()
}

fn active<'p>(provider: &'p Provider, state: &str) -> Option<&'p Active> {
    of_active(provider.state(provider.state_id(state)?))
}

fn of_active(state: &State) -> Option<&Active> {
    match &state.kind {
        StateKind::Active(active) => Some(active),
        _ => None,
    }
}

fn once_each(paths: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(paths.len());
    for path in paths {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    all
}
