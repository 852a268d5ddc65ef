//! What is known of a value before any run: whether it is a secret, who made it, and whether a screen may show it.
//!
//! One judge for `check` and for the machine: both ask it of the same template. Note: a label is about where a value *comes
//! from*, not about what it looks like. A user code comes from an answer and is no secret; an access token is one wherever
//! it is written, and so is a part that is cut out of it.
//!
//! Note: where a value may be *sent* is not a label's question. That is the run's allowance, whatever its templates say:
//! [`Provider::origins`].

mod answer;
mod name;

use std::collections::BTreeSet;

use crate::provider::{Provider, Spot, ValueSource};
use crate::template::{Expression, Name, Part, Template};

pub(crate) use answer::Confiding;
pub use answer::is_secret_field;
pub use name::is_secret_name;
pub use name::may_name_secret;

/// Who made a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// The answer of a state, by the state's name.
    Answer(String),
    /// The stored credential.
    Token,
    /// The user or the environment, by the input's name.
    Input(String),
    /// The engine: `pkce.*`, `random.*`, `uuid`, `redirect_uri`.
    Engine,
}

/// Who may know a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secrecy {
    /// Anybody.
    #[default]
    Public,
    /// It is part of an answer to a request that carried a secret: no screen and no log shows it.
    Confidential,
    /// It is a secret.
    Secret,
}

/// Whether a value is a secret, and who made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Who may know it.
    pub secrecy: Secrecy,
    /// Who had a part in it; empty for what the file itself says.
    pub makers: BTreeSet<Maker>,
}

impl Label {
    fn of(secrecy: Secrecy, maker: Maker) -> Label {
        Label { secrecy, makers: BTreeSet::from([maker]) }
    }

    /// The label of a value into which both went.
    fn join(mut self, other: Label) -> Label {
        self.secrecy = self.secrecy.max(other.secrecy);
        self.makers.extend(other.makers);
        self
    }

    /// Whether it is a secret itself.
    pub fn is_secret(&self) -> bool {
        self.secrecy == Secrecy::Secret
    }

    /// Whether a screen or a log may show it.
    pub fn may_be_seen(&self) -> bool {
        self.secrecy == Secrecy::Public
    }

    /// Whether an answer, or the credential that was read from one, had a part in it.
    pub fn is_from_answer(&self) -> bool {
        self.makers.iter().any(|maker| matches!(maker, Maker::Answer(_) | Maker::Token))
    }
}

/// The label of what stands in one `{{…}}`.
pub fn label(expression: &Expression, provider: &Provider) -> Label {
    Judge::of(provider).expression(expression, MAX_DEPTH)
}

/// The label of a text with all that stands in it.
pub fn label_template(template: &Template, provider: &Provider) -> Label {
    Judge::of(provider).template(template, MAX_DEPTH)
}

/// Whether a screen may show what a template makes at its place.
pub fn may_be_shown(template: &Template, spot: Spot<'_>, provider: &Provider) -> bool {
    label_template(template, provider).may_be_seen()
        || (spot == Spot::ShowCode && answer::is_entered(template, provider))
}

/// Whether a screen may show the notice of `success`.
pub fn notice_may_be_shown(notice: &ValueSource, provider: &Provider) -> bool {
    match notice {
        ValueSource::Path(query) => Judge::of(provider).last_answer(query.value.steps()) == Secrecy::Public,
        ValueSource::Template(template) => may_be_shown(template, Spot::Notice, provider),
    }
}

/// How deep vars are followed; a cycle of vars is refused when a file is loaded.
const MAX_DEPTH: usize = 16;

/// Judges the values of one provider.
#[derive(Clone, Copy)]
struct Judge<'a> {
    provider: &'a Provider,
    /// The states whose requests carry a secret, by name.
    confiding: &'a BTreeSet<String>,
}

impl<'a> Judge<'a> {
    fn of(provider: &'a Provider) -> Judge<'a> {
        Judge { provider, confiding: provider.confiding.of(provider) }
    }

    fn template(self, template: &Template, depth: usize) -> Label {
        template.parts.iter().fold(Label::default(), |sum, part| match part {
            Part::Text(_) => sum,
            Part::Expression(expression, _) => sum.join(self.expression(expression, depth)),
        })
    }

    fn expression(self, expression: &Expression, depth: usize) -> Label {
        match expression {
            Expression::Name(name, ..) => self.name(name, depth),
            Expression::Literal(_) => Label::default(),
            Expression::First(choices) => {
                choices.iter().fold(Label::default(), |sum, choice| sum.join(self.expression(choice, depth)))
            }
            Expression::Jwt(token, claim) => {
                let label = self.expression(token, depth);
                Label { secrecy: of_claim(claim, label.secrecy), ..label }
            }
            // Whatever the pattern, it can give the whole text but for a letter.
            Expression::Match(text, _) => self.expression(text, depth),
            Expression::Call(_, arguments) => {
                arguments.iter().fold(Label::default(), |sum, inner| sum.join(self.expression(inner, depth)))
            }
            Expression::Var(_, _, template) => self.template(template, depth),
        }
    }

    fn name(self, name: &Name, depth: usize) -> Label {
        let provider = self.provider;
        match name {
            Name::Var(var) => match (depth.checked_sub(1), provider.vars.get(var)) {
                (Some(depth), Some(template)) => self.template(template, depth),
                _ => Label::default(),
            },
            Name::Input(input) => {
                let is_secret = provider.inputs.get(input).is_some_and(|known| known.secret);
                let secrecy = if is_secret { Secrecy::Secret } else { Secrecy::Public };
                Label::of(secrecy, Maker::Input(input.clone()))
            }
            Name::Region(_) => Label::default(),
            Name::Answer { state, path } => Label::of(self.answer(state, path), Maker::Answer(state.clone())),
            Name::Token(path) => Label::of(self.credential(path, depth), Maker::Token),
            Name::Last(path) => Label::of(self.replaced(path, depth), Maker::Token),
            Name::PkceVerifier => Label::of(Secrecy::Secret, Maker::Engine),
            Name::PkceChallenge | Name::Random(_) | Name::Uuid | Name::RedirectUri => {
                Label::of(Secrecy::Public, Maker::Engine)
            }
            Name::Response(path) => {
                Label::of(answer::of_failure(path, provider), Maker::Answer(String::new()))
            }
            Name::ResponseBody => Label::of(Secrecy::Public, Maker::Answer(String::new())),
        }
    }
}

/// A claim tells of the token; it is not the token, unless its name says that it is another.
fn of_claim(claim: &[String], token: Secrecy) -> Secrecy {
    match token {
        _ if claim.last().is_some_and(|name| is_secret_name(name)) => Secrecy::Secret,
        Secrecy::Secret => Secrecy::Public,
        other => other,
    }
}

#[cfg(test)]
mod tests;
