//! Which names can have a value in the template of a key.
//!
//! The same question as HE202 and HE203 answer of names that are written, asked of those that could be. What a reader would
//! get wrong: a name may have a value on one way to a state and none on another. Where every way must give it one, only
//! such names are offered; inside `first`, and in what is kept of a success, one way is enough.

use std::collections::BTreeSet;

use hermes_engine_core::provider::{ACTIONS, Act, Action, Active, Back, Provider, StateId, StateKind, Then};

use super::name;

/// The place of a template.
pub(super) struct Scope<'a> {
    provider: &'a Provider,
    /// The key whose value it is.
    room: Vec<&'a str>,
    /// Whether a name that has a value on some ways only is no mistake.
    is_lenient: bool,
    /// Whether a name that never has one is none either: the other choices of `first` stand in.
    is_choice: bool,
}

impl<'a> Scope<'a> {
    /// The place of a key; `open` is what is written of the template before the cursor.
    pub(super) fn of(provider: &'a Provider, path: &'a [String], open: &str) -> Scope<'a> {
        let room: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_choice = open.split(|c: char| c.is_whitespace() || c == '(').any(|word| word == "first");
        let is_kept = matches!(room.as_slice(), ["states", "success", key, ..] if *key != "access_token");
        Scope { provider, room, is_lenient: is_choice || is_kept, is_choice }
    }

    /// Whether a name can have a value here.
    pub(super) fn has(&self, name: &str) -> bool {
        let (first, field) = name.split_once('.').unwrap_or((name, ""));
        let answer = self.provider.state_id(first);
        let is_made = matches!(first, "pkce" | "random" | "uuid");
        match self.room.as_slice() {
            ["errors", ..] => true,
            _ if first == "response" => false,
            ["vars" | "inputs" | "hosts", ..] => {
                answer.is_none() && !is_made && !matches!(first, "token" | "redirect_uri")
            }
            ["api" | "models", ..] => answer.is_none() && !is_made && first != "redirect_uri",
            ["states", state, ..] => match (self.provider.state_id(state), answer) {
                // A state of which nothing is known yet: anything but the answer it has not got.
                (None, _) => first != *state,
                (Some(at), Some(from)) => self.has_answer(from, field, at),
                (Some(at), None) => self.has_given(first, at),
            },
            _ => true,
        }
    }

    /// Whether a field of an answer is there when a state runs.
    fn has_answer(&self, from: StateId, field: &str, at: StateId) -> bool {
        if from == at {
            return false;
        }
        if self.provider.reachable(&self.starts()).contains(&at) && !self.runs_before(&[from], at) {
            return false;
        }
        let StateKind::Active(active) = &self.provider.state(from).kind else { return false };
        let analysis = name::analysis(active);
        let steps = name::steps(field);
        let mut leading =
            active.on.iter().enumerate().filter(|(_, rule)| self.leads(&rule.then, from, at)).peekable();
        let is_sure = |rule: usize| analysis.guaranteed(rule).contains(&steps);
        match leading.peek() {
            // Nothing leads there yet.
            None => true,
            Some(_) if self.is_lenient => leading.any(|(rule, _)| is_sure(rule)),
            Some(_) => leading.all(|(rule, _)| is_sure(rule)),
        }
    }

    /// Whether a name that the engine gives has a value when a state runs.
    fn has_given(&self, first: &str, at: StateId) -> bool {
        match first {
            "redirect_uri" => {
                let listening: Vec<StateId> = self.listening().collect();
                listening.contains(&at) || (!listening.is_empty() && self.runs_before(&listening, at))
            }
            // A login begins without a credential.
            "token" if !self.is_choice => {
                !self.provider.reachable(&self.provider.starts(Action::Login)).contains(&at)
            }
            _ => true,
        }
    }

    /// Whether one of some states runs before another: on every way to it, or on one where that is enough.
    fn runs_before(&self, some: &[StateId], at: StateId) -> bool {
        let reached = self.reached_without(&self.starts(), &[at]);
        let can = some.iter().any(|state| reached.contains(state) && self.successors_reach(*state, at));
        can && (self.is_lenient || !self.reached_without(&self.starts(), some).contains(&at))
    }

    fn successors_reach(&self, from: StateId, at: StateId) -> bool {
        let next: Vec<StateId> = self.provider.successors(from).collect();
        self.provider.reachable(&next).contains(&at)
    }

    /// Whether a rule of `from` leads to a state by a way that does not come through `from` again.
    fn leads(&self, then: &Then, from: StateId, at: StateId) -> bool {
        match then {
            Then::Go(to) => self.reached_without(&[to.value], &[from]).contains(&at),
            Then::Fail { .. } => false,
        }
    }

    /// The states that are reached by ways that stop at some.
    fn reached_without(&self, from: &[StateId], without: &[StateId]) -> BTreeSet<StateId> {
        let mut open: Vec<StateId> = from.to_vec();
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !without.contains(&id) && reached.insert(id) {
                open.extend(self.provider.successors(id));
            }
        }
        reached
    }

    fn starts(&self) -> Vec<StateId> {
        ACTIONS.iter().flat_map(|action| self.provider.starts(*action)).collect()
    }

    fn listening(&self) -> impl Iterator<Item = StateId> {
        let states = self.provider.states.iter().enumerate();
        states
            .filter(|(_, state)| matches!(&state.kind, StateKind::Active(active) if listens(active)))
            .map(|(at, _)| StateId(at))
    }
}

fn listens(active: &Active) -> bool {
    matches!(&active.act, Act::Browser(browser) if matches!(browser.back, Back::Listen(_)))
}
