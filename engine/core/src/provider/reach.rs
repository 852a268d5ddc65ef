//! Which states and inputs an action can come to.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::{Action, Provider, StateId, StateKind, Then};
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

    /// The inputs whose values a run of the action can come to need, those that vars are made of included. A login needs
    /// those of `[api]` too: what it obtains is of no use without them.
    pub fn inputs_used(&self, action: Action) -> IndexSet<&str> {
        let states = self.reachable(&self.starts(action));
        let states = states.into_iter().filter_map(|id| self.states.get(id.0));
        let mut used = IndexSet::new();
        for placed in states.flat_map(|state| state.templates()) {
            self.inputs_of(placed.template, &mut used);
        }
        if action == Action::Login {
            self.api_templates().iter().for_each(|placed| self.inputs_of(placed.template, &mut used));
        }
        used
    }

    /// Whether refresh, logout, verify or `[api]` reads an input. A typed value is then kept with the credential.
    pub fn persists(&self, input: &str) -> bool {
        let later = [Action::Refresh, Action::Logout, Action::Verify];
        if later.into_iter().any(|action| self.inputs_used(action).contains(input)) {
            return true;
        }
        let mut used = IndexSet::new();
        self.api_templates().iter().for_each(|placed| self.inputs_of(placed.template, &mut used));
        used.contains(input)
    }

    /// Adds the inputs of a template, through vars.
    fn inputs_of<'a>(&'a self, template: &'a Template, used: &mut IndexSet<&'a str>) {
        let mut open = vec![template];
        let mut seen = BTreeSet::new();
        while let Some(template) = open.pop() {
            for (name, _) in template.names() {
                match name {
                    Name::Input(input) => {
                        used.insert(input);
                    }
                    Name::Var(var) if seen.insert(var) => open.extend(self.vars.get(var)),
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
