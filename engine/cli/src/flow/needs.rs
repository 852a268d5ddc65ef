//! Which inputs a run can need: those in the states that it can reach, and those of `[api]`.

use std::collections::BTreeSet;

use hermes_engine_core::label::{Maker, label_template};
use hermes_engine_core::provider::{
    Act, Action, Active, Constants, Provider, Show, StateId, StateKind, Success, Then, ValueSource,
};
use hermes_engine_core::template::Template;
use indexmap::IndexMap;

/// The inputs that a login may need, beginning in `from` or where the file says, with the values at hand.
pub(super) fn of_login(
    provider: &Provider,
    from: Option<StateId>,
    values: &IndexMap<String, String>,
) -> BTreeSet<String> {
    let starts = provider.starts(Action::Login);
    // As the machine chooses: the first whose values are all present, else the last.
    let is_ready =
        |id: &&StateId| of_templates(provider, state(provider, **id)).iter().all(|n| values.contains_key(n));
    let start = from.or_else(|| starts.iter().find(is_ready).or(starts.last()).copied());
    let states = start.map(|start| reachable(provider, start)).unwrap_or_default();
    let in_states = states.into_iter().flat_map(|id| state(provider, id));
    let constants = Constants { provider, region: None, inputs: values };
    // What has a value without it, as in `{{first key 'none'}}`, needs no input.
    let lacking = in_states.chain(api(provider)).filter(|template| template.render(&constants).is_err());
    of_templates(provider, lacking.collect())
}

fn reachable(provider: &Provider, start: StateId) -> BTreeSet<StateId> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        let StateKind::Active(active) = kind(provider, id) else { continue };
        let next = active.on.iter().filter_map(|rule| match &rule.then {
            Then::Go(to) => Some(to.value),
            Then::Fail { .. } => None,
        });
        open.extend(next.filter(|to| seen.insert(*to)));
    }
    seen
}

fn kind(provider: &Provider, id: StateId) -> &StateKind {
    provider.states.get(id.0).map_or(&StateKind::Error, |state| &state.kind)
}

fn state(provider: &Provider, id: StateId) -> Vec<&Template> {
    match kind(provider, id) {
        StateKind::Active(active) => of_active(active),
        StateKind::Success(success) => of_success(success),
        _ => Vec::new(),
    }
}

fn of_active(active: &Active) -> Vec<&Template> {
    let mut all = match &active.act {
        Act::Request(request) => request.templates(),
        Act::Browser(browser) => [&browser.open].into_iter().chain(browser.query.values()).collect(),
    };
    if let Some(Show { url, code, .. }) = &active.show {
        all.extend(url.iter().chain(code));
    }
    all
}

fn of_success(success: &Success) -> Vec<&Template> {
    let values = [&success.access_token, &success.refresh_token].into_iter().chain(success.keep.values());
    values
        .filter_map(|value| match value {
            ValueSource::Template(template) => Some(template),
            ValueSource::Path(_) => None,
        })
        .collect()
}

fn api(provider: &Provider) -> Vec<&Template> {
    provider.api_templates().into_iter().map(|placed| placed.template).collect()
}

/// The inputs in templates, those inside vars too.
fn of_templates(provider: &Provider, templates: Vec<&Template>) -> BTreeSet<String> {
    let makers = templates.into_iter().flat_map(|template| label_template(template, provider).makers);
    makers.filter_map(|maker| if let Maker::Input(name) = maker { Some(name) } else { None }).collect()
}

/// Whether an input is what the provider calls its token: an API key, which a login is there to ask for.
pub(super) fn is_key(provider: &Provider, input: &str) -> bool {
    let starts = provider.starts(Action::Login);
    starts.iter().any(|id| match kind(provider, *id) {
        StateKind::Success(success) => match &success.access_token {
            ValueSource::Template(token) => of_templates(provider, vec![token]).contains(input),
            ValueSource::Path(_) => false,
        },
        _ => false,
    })
}
