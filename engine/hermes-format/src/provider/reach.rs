//! Which states and inputs an action can come to.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::{Act, Action, Back, Browser, Listen, Provider, State, StateId, StateKind, Then, ValueSource};
use crate::template::{Name, Template};

/// All actions.
pub const ACTIONS: [Action; 4] = [Action::Login, Action::Refresh, Action::Logout, Action::Verify];

impl Provider {
    /// The states that a run can come to from these, themselves included.
    pub fn reachable(&self, from: &[StateId]) -> BTreeSet<StateId> {
        let mut open = from.to_vec();
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(self.successors(id));
            }
        }
        reached
    }

    /// The states that the rules of a state lead to.
    pub fn successors(&self, id: StateId) -> impl Iterator<Item = StateId> {
        let rules = match self.states.get(id.0).map(|state| &state.kind) {
            Some(StateKind::Active(active)) => active.on.as_slice(),
            _ => &[],
        };
        rules.iter().filter_map(|rule| match &rule.then {
            Then::Go(to) => Some(to.value),
            Then::Fail { .. } => None,
        })
    }

    /// The nearest state from one on that listens, and its listeners.
    pub fn next_listener(&self, from: StateId) -> Option<(StateId, &[Listen])> {
        let mut open = std::collections::VecDeque::from([from]);
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop_front() {
            if !seen.insert(id) {
                continue;
            }
            if let Some(StateKind::Active(active)) = self.states.get(id.0).map(|state| &state.kind)
                && let Act::Browser(Browser { back: Back::Listen(listeners), .. }) = &active.act
            {
                return Some((id, listeners));
            }
            open.extend(self.successors(id));
        }
        None
    }

    /// The inputs whose values a run of the action can come to need, those that vars are made of included. A login needs
    /// those of `[api]` too: what it obtains is of no use without them.
    pub fn inputs_used(&self, action: Action) -> IndexSet<&str> {
        let mut used = self.inputs_of_runs(&self.starts(action));
        if action == Action::Login {
            used.extend(self.inputs_of_api());
        }
        used
    }

    /// The inputs whose values runs from some states can come to need, those that vars are made of included.
    pub fn inputs_of_runs(&self, from: &[StateId]) -> IndexSet<&str> {
        let states = self.reachable(from).into_iter().filter_map(|id| self.states.get(id.0));
        self.inputs_in(states.flat_map(State::templates).map(|placed| placed.template))
    }

    /// The inputs that `[api]` reads, those that vars are made of included.
    pub fn inputs_of_api(&self) -> IndexSet<&str> {
        self.inputs_in(self.api_templates().into_iter().map(|placed| placed.template))
    }

    /// Whether refresh, logout, verify, `[api]` or `hosts` reads an input. A typed value is then kept with the credential.
    pub fn persists(&self, input: &str) -> bool {
        let later = [Action::Refresh, Action::Logout, Action::Verify];
        later.into_iter().any(|action| self.inputs_used(action).contains(input))
            || self.inputs_of_api().contains(input)
            || self.inputs_in(self.hosts.iter().filter_map(|host| host.made_of.as_ref())).contains(input)
    }

    /// The inputs that are the token itself, where a login begins in `success`: API keys. A login is there to ask for them.
    pub fn key_inputs(&self) -> IndexSet<&str> {
        let starts = self.starts(Action::Login).into_iter().filter_map(|id| self.states.get(id.0));
        self.inputs_in(starts.filter_map(|state| match &state.kind {
            StateKind::Success(success) => match &success.access_token {
                ValueSource::Template(token) => Some(token),
                ValueSource::Path(_) => None,
            },
            _ => None,
        }))
    }

    /// The inputs in some templates, those that vars are made of included.
    pub fn inputs_in<'a>(&'a self, templates: impl IntoIterator<Item = &'a Template>) -> IndexSet<&'a str> {
        let mut open: Vec<&Template> = templates.into_iter().collect();
        open.reverse();
        let mut used = IndexSet::new();
        let mut seen = BTreeSet::new();
        while let Some(template) = open.pop() {
            for (name, _) in template.names() {
                match name {
                    Name::Input(input) => {
                        used.insert(input.as_str());
                    }
                    Name::Var(var) if seen.insert(var) => open.extend(self.vars.get(var)),
                    _ => {}
                }
            }
        }
        used
    }
}

#[cfg(test)]
mod tests;
