//! JSONPaths into answers: those that a rule can ask for, and what is known of one that is written.

use std::fmt::Write as _;

use hermes_format::condition::Test;
use hermes_format::provider::{Act, Active, Provider, State, StateKind, Then};
use hermes_format::query::{Query, Step};
use hermes_format::template::Name;

use super::document::Document;
use super::{name, spot};

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

/// A field of a state's answers: the ways on which it is guaranteed, and what uses it.
pub(super) fn describe(provider: &Provider, state: &str, steps: &[Step]) -> Option<String> {
    let active = active(provider, state)?;
    let success = provider.state_id("success");
    let analysis = name::analysis(active);
    let mut text =
        format!("`{}` of the answer that took the machine out of `{state}`\n", name::dotted(steps));
    let mut leads_to_success = false;
    for (at, rule) in active.on.iter().enumerate() {
        let Then::Go(to) = &rule.then else { continue };
        // A state that is entered again has another answer in the end.
        if provider.state(to.value).name == state {
            continue;
        }
        leads_to_success |= Some(to.value) == success;
        let what = if analysis.guaranteed(at).contains(steps) { "guaranteed" } else { "**not** guaranteed" };
        let _ = write!(text, "\n- {what} on the way to `{}`", provider.state(to.value).name);
    }
    if asked(active).iter().any(|path| is_within(path, steps)) {
        let _ = write!(text, "\n- asked for by the rules of `{state}`");
    }
    let read = leads_to_success.then(|| spot::read_by_success(provider, steps)).into_iter().flatten();
    for user in once_each(spot::uses(provider, state, steps).into_iter().chain(read).collect()) {
        let _ = write!(text, "\n- used by {user}");
    }
    Some(text)
}

/// A field of the answers that lead to `success`: which states guarantee it, and what keeps it.
pub(super) fn describe_of_success(provider: &Provider, steps: &[Step]) -> String {
    let success = provider.state_id("success");
    let mut text = format!("`{}` of the answer that leads to `success`\n", name::dotted(steps));
    for state in &provider.states {
        let Some(active) = of_active(state) else { continue };
        let analysis = name::analysis(active);
        let leads = |then: &Then| matches!(then, Then::Go(to) if Some(to.value) == success);
        let mut leading = active.on.iter().enumerate().filter(|(_, rule)| leads(&rule.then)).peekable();
        if leading.peek().is_some() {
            let is_sure = leading.all(|(at, _)| analysis.guaranteed(at).contains(steps));
            let what = if is_sure { "guaranteed" } else { "**not** guaranteed" };
            let _ = write!(text, "\n- {what} by `{}`", state.name);
        }
    }
    for user in once_each(spot::read_by_success(provider, steps)) {
        let _ = write!(text, "\n- used by {user}");
    }
    text
}

fn is_within(path: &str, steps: &[Step]) -> bool {
    Query::parse(path).is_ok_and(|path| path.steps().starts_with(steps))
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
        Test::Exists(path) | Test::Equals(path, _) | Test::Holds(path, _) => Some(path.text().to_owned()),
        _ => None,
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
