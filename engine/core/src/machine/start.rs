//! The beginning of a run: which state it begins in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::code::Code;
use super::effect::Effect;
use super::outcome::{Outcome, Trouble};
use super::run::Run;
use super::trouble::Failing;
use super::{Machine, Start, reach, request};
use crate::provider::{Act, Action, Back, Browser, StateId, StateKind, Status, ValueSource};
use crate::template::Template;
use crate::time::Now;

impl Machine {
    /// Starts a run. The effect is the first thing to do; it can already be the end.
    pub fn start(start: Start, now: Now) -> (Machine, Effect) {
        let (action, from, browser) = (start.action, start.from, start.browser);
        let mut machine = Machine {
            run: Run::new(start),
            action,
            at: None,
            paces: BTreeMap::new(),
            asking: None,
            taken: Vec::new(),
            entries: 0,
            last_status: None,
            outstanding: Effect::Finish(Outcome::Cancelled),
        };
        machine.outstanding = match refusal(&machine.run, action) {
            Some(trouble) => Effect::Finish(Outcome::Failed(trouble)),
            None => match from.or_else(|| first_state(&machine.run, action, browser)) {
                Some(id) => match reach::refusal(&machine.run, id) {
                    Some(trouble) => Effect::Finish(Outcome::Failed(trouble)),
                    None => machine.enter(id, &Value::Null, now),
                },
                None => machine.fail(Code::NotSupported),
            },
        };
        let first = machine.outstanding.clone();
        (machine, first)
    }
}

/// Why nothing is started at all.
fn refusal(run: &Run, action: Action) -> Option<Trouble> {
    let failing = Failing::of(run, None);
    let discontinued = run.provider.status == Status::Discontinued;
    if discontinued && action == Action::Login {
        return Some(match run.provider.status_note.clone() {
            Some(note) => failing.because(Code::Discontinued, note),
            None => failing.code(Code::Discontinued, false),
        });
    }
    let unknown = run.provider.regions.as_ref().and_then(|regions| {
        let region = run.region.as_deref()?;
        (!regions.tables.contains_key(region)).then(|| regions.tables.keys().cloned().collect::<Vec<_>>())
    });
    unknown.map(|known| {
        failing.because(Code::NotSupported, format!("there is no such region; it has {}", known.join(", ")))
    })
}

/// The first state of an action's list whose values are all present, and, for a listener, where a browser is at hand;
/// else the last.
fn first_state(run: &Run, action: Action, browser: bool) -> Option<StateId> {
    let starts = run.provider.starts(action);
    let ready = starts.iter().find(|id| is_ready(run, **id, browser));
    ready.or(starts.last()).copied()
}

fn is_ready(run: &Run, id: StateId, browser: bool) -> bool {
    let Some(state) = run.provider.states.get(id.0) else { return false };
    match &state.kind {
        StateKind::Active(active) => match &active.act {
            Act::Request(asked) => request::build(&state.name, asked, run).is_ok(),
            Act::Browser(visit) => (browser || !listens(visit)) && values_are_present(visit, run),
        },
        StateKind::Success(success) => match &success.access_token {
            ValueSource::Template(template) => template.render(run).is_ok(),
            ValueSource::Path(_) => false,
        },
        _ => true,
    }
}

fn listens(visit: &Browser) -> bool {
    matches!(visit.back, Back::Listen(_))
}

/// Whether all but the redirect URI, which is not known before the listener is bound, has a value.
fn values_are_present(visit: &Browser, run: &Run) -> bool {
    let templates = std::iter::once(&visit.open).chain(visit.query.values());
    let redirects = |t: &Template| t.names().iter().any(|(n, _)| **n == crate::template::Name::RedirectUri);
    templates.filter(|t| !redirects(t)).all(|t| t.render(run).is_ok())
}
