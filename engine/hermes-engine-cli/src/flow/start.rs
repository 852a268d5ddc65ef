//! Where a login begins: the state that was named, the one that the user chooses, or the file's own choice.

use hermes_engine::clock::Clock;
use hermes_engine::credential;
use hermes_engine::entropy::System;
use hermes_engine::input::Inputs;
use hermes_format::provider::{Act, Action, Constants, Provider, State, StateId, StateKind, Status as Life};
use hermes_machine::machine::{Earlier, Machine, Start};

use super::{How, ask};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::session::Session;

/// What a login is started with.
pub(super) fn start(
    session: &Session<'_>,
    inputs: &Inputs,
    how: &How,
    from: Option<StateId>,
    browser: bool,
) -> Start {
    Start {
        provider: session.provider.clone(),
        action: Action::Login,
        from,
        region: how.region.clone(),
        inputs: inputs.values.clone(),
        token: None,
        bound_to: None,
        earlier: Earlier {
            hosts: how.allow.clone(),
            ..credential::earlier(&session.store, &session.provider, inputs, how.replaces.as_deref())
        },
        browser,
        entropy: Box::new(System),
    }
}

/// The state of `--from`, one of those that the file lists for a login.
pub(super) fn named(session: &Session<'_>, name: Option<&str>) -> Result<Option<StateId>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let starts = session.provider.starts(Action::Login);
    let found = session.provider.state_id(name).filter(|id| starts.contains(id));
    let known: Vec<&str> = starts.iter().map(|id| session.provider.state(*id).name.as_str()).collect();
    found.map(Some).ok_or_else(|| {
        Failure::usage(format!("no login of `{}` begins in `{name}`", session.provider.id))
            .help(format!("it begins in {}", known.join(" or ")))
    })
}

/// The state that a login begins in. `None` where it ends before it begins.
///
/// This is the machine's own answer: it is started, which costs nothing and sends nothing.
pub(super) fn begins_in(start: Start) -> Option<StateId> {
    Machine::start(start, Clock::start().now()).0.state()
}

/// Lets the user choose how to log in: in the way that the file prefers here, or with a key that can be typed. `None` where
/// there is nothing to choose.
pub(super) fn choose(
    session: &Session<'_>,
    how: &How,
    inputs: &Inputs,
    preferred: StateId,
) -> Result<Option<StateId>, Failure> {
    if how.from.is_some() || how.stdin.is_some() || !render::ask::at_terminal() {
        return Ok(None);
    }
    let provider = &session.provider;
    let mut seen = vec![needed(provider, how, inputs, preferred)];
    let mut ways = vec![preferred];
    for id in provider.starts(Action::Login) {
        let needs = needed(provider, how, inputs, id);
        // Two ways that ask for the same are one to the user.
        if !needs.is_empty() && !seen.contains(&needs) {
            seen.push(needs);
            ways.push(id);
        }
    }
    if ways.len() < 2 {
        return Ok(None);
    }
    let lines = ways.iter().map(|id| way(provider, &needed(provider, how, inputs, *id), *id));
    let chosen = render::ask::choice(&format!("{}: how do you log in?", provider.name), lines)?;
    Ok(ways.get(chosen).copied())
}

fn needed<'p>(provider: &'p Provider, how: &How, inputs: &Inputs, id: StateId) -> Vec<&'p str> {
    let constants = Constants { provider, region: how.region.as_deref(), inputs: &inputs.values };
    provider.inputs_needed(id, &constants).into_iter().collect()
}

/// A way to log in, in words.
fn way(provider: &Provider, needed: &[&str], id: StateId) -> String {
    let labels = needed.iter().filter_map(|name| Some(ask::label(name, provider.inputs.get(*name)?)));
    let labels: Vec<String> = labels.collect();
    let with = |what: &str| match labels.as_slice() {
        [] => what.to_owned(),
        labels => format!("{what} ({})", labels.join(", ")),
    };
    let reached = provider.reachable(&[id]);
    let shows = reached.iter().any(|id| shows_page(provider.state(*id)));
    match &provider.state(id).kind {
        StateKind::Active(active) if matches!(active.act, Act::Browser(_)) => with("In the browser"),
        StateKind::Active(_) if shows => with("In the browser, with a code"),
        _ => format!("With {}", labels.join(", ")),
    }
}

fn shows_page(state: &State) -> bool {
    matches!(&state.kind, StateKind::Active(active) if active.show.is_some())
}

/// Another start that asks for nothing, by the name of its state.
pub(super) fn without_questions<'s>(session: &'s Session<'_>, other_than: StateId) -> Option<&'s str> {
    let provider = &session.provider;
    let inputs = session.inputs(&Default::default()).ok()?;
    let mut starts = provider.starts(Action::Login).into_iter().filter(|id| *id != other_than);
    let free = starts.find(|id| needed(provider, &How::default(), &inputs, *id).is_empty())?;
    Some(&provider.state(free).name)
}

/// The sources of the secrets with which a login begins: a token of another program's is never taken silently.
pub(super) fn sources(
    session: &Session<'_>,
    inputs: &Inputs,
    how: &How,
    from: Option<StateId>,
) -> Vec<String> {
    let provider = &session.provider;
    let Some(id) = begins_in(start(session, inputs, how, from, false)) else { return Vec::new() };
    let used = provider.inputs_in(provider.state(id).templates().into_iter().map(|placed| placed.template));
    let is_secret = |name: &&str| provider.inputs.get(*name).is_some_and(|input| input.secret);
    let origins = used.into_iter().filter(is_secret).filter_map(|name| inputs.origins.get(name));
    origins.filter(|origin| origin.is_source()).map(|origin| render::safe(&origin.to_string())).collect()
}

/// Refuses a provider that is gone, with its note.
pub(super) fn refuse_discontinued(provider: &Provider) -> Result<(), Failure> {
    if provider.status != Life::Discontinued {
        return Ok(());
    }
    let failure = Failure::new(Exit::File, "discontinued", format!("`{}` is discontinued", provider.id));
    let note = provider.status_note.clone();
    Err(failure.help(note.unwrap_or_else(|| "choose another provider".to_owned())).about(&provider.id))
}
