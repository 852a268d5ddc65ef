//! The beginning of a run: which state it begins in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::code::Code;
use super::effect::Effect;
use super::outcome::{Outcome, Trouble};
use super::run::Run;
use super::trouble::Failing;
use super::{Machine, Start, reach, request};
use hermes_format::provider::{Act, Action, Back, Browser, StateId, StateKind, Status, ValueSource};
use hermes_format::template::Template;
use hermes_format::time::Now;

impl Machine {
    /// Starts a run. The effect is the first thing to do; it can already be the end.
    pub fn start(start: Start, now: Now) -> (Machine, Effect) {
        let from = start.from;
        let mut machine = Machine::new(start);
        machine.outstanding = match refusal(&machine.run, machine.action) {
            Some(trouble) => Effect::Finish(Outcome::Failed(trouble)),
            None => machine.begin(from, now),
        };
        let first = machine.outstanding.clone();
        (machine, first)
    }

    /// A machine that has done nothing yet.
    pub(super) fn new(start: Start) -> Machine {
        let (action, browser) = (start.action, start.browser);
        Machine {
            run: Run::new(start),
            action,
            at: None,
            paces: BTreeMap::new(),
            asking: None,
            taken: Vec::new(),
            entries: 0,
            last_status: None,
            url_at: 0,
            listening: None,
            unbound: 0,
            pending: None,
            later_starts: Vec::new(),
            browser,
            is_resumed: false,
            tries: Default::default(),
            note: None,
            outstanding: Effect::Finish(Outcome::Cancelled),
        }
    }

    /// Enters the first state: the one that was asked for, or the file's choice.
    fn begin(&mut self, from: Option<StateId>, now: Now) -> Effect {
        let Some(id) = from.or_else(|| first_state(&self.run, self.action, self.browser)) else {
            return self.fail(Code::NotSupported);
        };
        if from.is_none() {
            let starts = self.run.provider.starts(self.action).into_iter();
            self.later_starts = starts.skip_while(|start| *start != id).skip(1).collect();
        }
        self.enter_start(id, now)
    }

    /// Enters a start, unless its run would be refused on the way.
    pub(super) fn enter_start(&mut self, id: StateId, now: Now) -> Effect {
        match reach::refusal(&self.run, id) {
            Some(trouble) => Effect::Finish(Outcome::Failed(trouble)),
            None => {
                self.at = Some(id);
                self.go(id, Value::Null, now)
            }
        }
    }

    /// The next start that is ready, for one that can't begin after all.
    pub(super) fn next_start(&mut self) -> Option<StateId> {
        if !self.taken.is_empty() {
            return None;
        }
        let ready = |id: &StateId| is_ready(&self.run, *id, self.browser);
        let at = self.later_starts.iter().position(ready)?;
        let id = self.later_starts[at];
        self.later_starts.drain(..=at);
        Some(id)
    }
}

/// Why nothing is started at all.
pub(super) fn refusal(run: &Run, action: Action) -> Option<Trouble> {
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
            Act::Request(asked) => {
                let at = request::url_at(asked, 0, run).unwrap_or(asked.others.len());
                request::build(&state.name, asked, at, run).is_ok()
            }
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
    let redirects =
        |t: &Template| t.names().iter().any(|(n, _)| **n == hermes_format::template::Name::RedirectUri);
    templates.filter(|t| !redirects(t)).all(|t| t.render(run).is_ok())
}
