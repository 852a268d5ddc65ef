//! Which inputs a login can't do without.
//!
//! The one answer for everything that starts a login: the command line asks for these, a simulation invents them, and a
//! test must give them.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::{Constants, Placed, Provider, State, StateId, StateKind, Success, ValueSource};
use crate::query::Step;
use crate::template::{Expression, Name, Part, Template, evaluate};

impl Provider {
    /// The inputs without a value that a login which begins in `start` needs, in the order in which it meets them.
    ///
    /// An input is needed where a state that can be reached, or `[api]`, has no value without it. What an answer on the
    /// way can supply is not: of `{{first api_key poll.access_token}}` a login that polls needs no `api_key`. An input
    /// with a `prompt` is needed for optional values too, such as those of `keep`.
    pub fn inputs_needed<'p>(&'p self, start: StateId, constants: &Constants<'_>) -> IndexSet<&'p str> {
        let reached = self.reachable(&[start]);
        let states = reached.iter().filter_map(|id| self.states.get(id.0));
        let run = Walk { provider: self, constants, reached: &reached, after_login: false };
        let api = Walk { after_login: true, ..run };
        let of_states = states.flat_map(State::templates).map(|placed| (run, placed));
        let of_api = self.api_templates().into_iter().map(|placed| (api, placed));
        let lacking = of_states.chain(of_api).flat_map(|(walk, placed)| walk.lacks(&placed));
        // Where a rule asks whether it is there, the flow has a way without it.
        let asked = self.inputs_asked_for(&reached);
        let has_prompt = |name: &str| self.inputs.get(name).is_some_and(|input| input.prompt.is_some());
        lacking.filter(|name| has_prompt(name) || !asked.contains(name)).collect()
    }

    /// The inputs of which a rule of these states asks whether they have a value.
    fn inputs_asked_for(&self, states: &BTreeSet<StateId>) -> BTreeSet<&str> {
        let states = states.iter().filter_map(|id| self.states.get(id.0));
        let rules = states.flat_map(|state| match &state.kind {
            StateKind::Active(active) => active.on.as_slice(),
            _ => &[],
        });
        let terms = rules.flat_map(|rule| rule.when.iter().chain(&rule.unless)).flat_map(|c| &c.terms);
        let known = terms.filter_map(|term| term.test.known());
        known
            .flat_map(Template::names)
            .filter_map(|(name, _)| match name {
                Name::Input(input) => Some(input.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// What an expression lacks.
enum Lack<'p> {
    /// Nothing: it has a value, or an answer can give it one.
    Nothing,
    /// These inputs.
    Inputs(IndexSet<&'p str>),
    /// A value that no input supplies.
    Value,
}

/// A walk through the templates of one login.
#[derive(Clone, Copy)]
struct Walk<'p, 'a> {
    provider: &'p Provider,
    constants: &'a Constants<'a>,
    reached: &'a BTreeSet<StateId>,
    /// Whether `{{token.*}}` is what the login has obtained; before its end there is none.
    after_login: bool,
}

impl<'p> Walk<'p, '_> {
    fn lacks(self, placed: &Placed<'p>) -> IndexSet<&'p str> {
        let Lack::Inputs(inputs) = self.of_template(placed.template) else { return IndexSet::new() };
        let has_prompt =
            |name: &str| self.provider.inputs.get(name).is_some_and(|input| input.prompt.is_some());
        inputs.into_iter().filter(|name| placed.required || has_prompt(name)).collect()
    }

    fn of_template(self, template: &'p Template) -> Lack<'p> {
        let mut lacking = IndexSet::new();
        for part in &template.parts {
            let Part::Expression(expression, _) = part else { continue };
            match self.of_expression(expression) {
                Lack::Nothing => {}
                Lack::Inputs(inputs) => lacking.extend(inputs),
                Lack::Value => return Lack::Value,
            }
        }
        if lacking.is_empty() { Lack::Nothing } else { Lack::Inputs(lacking) }
    }

    fn of_expression(self, expression: &'p Expression) -> Lack<'p> {
        match expression {
            Expression::Literal(_) => Lack::Nothing,
            Expression::Name(name, _) => self.of_name(name),
            Expression::First(choices) => self.of_first(choices),
            Expression::Var(_, _, template) => self.of_template(template),
            Expression::Call(helper, _) if helper.is_total() => Lack::Nothing,
            Expression::Call(_, arguments) => {
                arguments.first().map_or(Lack::Nothing, |url| self.of_expression(url))
            }
            Expression::Jwt(inner, _) | Expression::Match(inner, _) => match self.of_expression(inner) {
                // Of a value that is known it is known what is found in it.
                Lack::Nothing if is_constant(inner) => given(evaluate(expression, self.constants).is_some()),
                lack => lack,
            },
        }
    }

    /// One that has a value, or can get one, is enough; else the first that an input completes.
    fn of_first(self, choices: &'p [Expression]) -> Lack<'p> {
        let mut first = Lack::Value;
        for choice in choices {
            match (self.of_expression(choice), &first) {
                (Lack::Nothing, _) => return Lack::Nothing,
                (lack @ Lack::Inputs(_), Lack::Value) => first = lack,
                _ => {}
            }
        }
        first
    }

    fn of_name(self, name: &'p Name) -> Lack<'p> {
        match name {
            Name::Var(var) => {
                self.provider.vars.get(var).map_or(Lack::Value, |template| self.of_template(template))
            }
            Name::Input(input) => {
                let is_set = self.constants.input(input).is_some_and(|value| !value.is_empty());
                if is_set { Lack::Nothing } else { Lack::Inputs(IndexSet::from([input.as_str()])) }
            }
            Name::Region(key) => given(self.constants.region_key(key).is_some()),
            Name::Answer { state, .. } => {
                given(self.provider.state_id(state).is_some_and(|id| self.reached.contains(&id)))
            }
            Name::Token(path) if self.after_login => self.of_token(path),
            Name::Token(_) | Name::Last(_) => Lack::Value,
            Name::PkceVerifier | Name::PkceChallenge | Name::Random(_) | Name::Uuid | Name::RedirectUri => {
                Lack::Nothing
            }
            Name::Response(_) | Name::ResponseBody => Lack::Value,
        }
    }

    /// What the login stores under a name.
    fn of_token(self, path: &[Step]) -> Lack<'p> {
        let (Some(success), Some(Step::Key(key))) = (self.provider.success(), path.first()) else {
            return Lack::Value;
        };
        match kept(success, key) {
            // What is kept is made at the end of the login, before there is a credential: it can't be made of itself.
            Some(ValueSource::Template(template)) => {
                Walk { after_login: false, ..self }.of_template(template)
            }
            Some(ValueSource::Path(_)) => given(self.sends_something()),
            None => Lack::Value,
        }
    }

    /// Whether the login has an answer in the end.
    fn sends_something(self) -> bool {
        let mut states = self.reached.iter().filter_map(|id| self.provider.states.get(id.0));
        states.any(|state| matches!(state.kind, StateKind::Active(_)))
    }
}

fn given<'p>(is_given: bool) -> Lack<'p> {
    if is_given { Lack::Nothing } else { Lack::Value }
}

fn kept<'p>(success: &'p Success, key: &str) -> Option<&'p ValueSource> {
    match key {
        "access_token" => Some(&success.access_token),
        "refresh_token" => Some(&success.refresh_token),
        key => success.keep.get(key),
    }
}

fn is_constant(expression: &Expression) -> bool {
    match expression {
        Expression::Literal(_) => true,
        Expression::Name(name, _) => name.is_constant(),
        Expression::First(choices) | Expression::Call(_, choices) => choices.iter().all(is_constant),
        Expression::Var(_, _, template) => template.names().iter().all(|(name, _)| name.is_constant()),
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => is_constant(inner),
    }
}

#[cfg(test)]
mod tests;
