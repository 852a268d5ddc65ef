//! What is known of a value before any run: whether it is a secret, and who made it.
//!
//! The same labels serve `check` (no secret in a URL, on a screen, at a foreign host) and the machine (redaction). What a
//! reader would get wrong: a label is about where a value *comes from*, not about what it looks like. A user code comes
//! from an answer and is no secret; an access token is one wherever it is written.

use std::collections::BTreeSet;

use crate::provider::{JsonTemplate, Provider, ValueSource};
use crate::query::Step;
use crate::template::{Expression, Name, Part, Template};

/// Who made a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// The answer of a state, by the state's name.
    Answer(String),
    /// The stored credential.
    Token,
    /// A person or the environment, by the input's name.
    Input(String),
    /// The engine: `pkce.*`, `random.*`, `uuid`, `redirect_uri`.
    Engine,
}

/// Whether a value is a secret, and who made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Whether it must never be seen.
    pub secret: bool,
    /// Who had a part in it; empty for what the file itself says.
    pub makers: BTreeSet<Maker>,
}

impl Label {
    /// A value that anybody may see.
    fn public(maker: Maker) -> Label {
        Label { secret: false, makers: BTreeSet::from([maker]) }
    }

    /// A value that nobody may see.
    fn secret(maker: Maker) -> Label {
        Label { secret: true, makers: BTreeSet::from([maker]) }
    }

    /// The label of a value into which both went.
    fn join(mut self, other: Label) -> Label {
        self.secret |= other.secret;
        self.makers.extend(other.makers);
        self
    }

    /// Whether an answer, or the credential that was read from one, had a part in it.
    pub fn is_from_answer(&self) -> bool {
        self.makers.iter().any(|maker| matches!(maker, Maker::Answer(_) | Maker::Token))
    }
}

/// How deep vars are followed; a cycle of vars is refused when a file is loaded.
const MAX_DEPTH: usize = 16;

/// The label of what stands in one `{{…}}`.
pub fn label(expression: &Expression, provider: &Provider) -> Label {
    of_expression(expression, provider, MAX_DEPTH)
}

/// The label of a text with all that stands in it.
pub fn label_template(template: &Template, provider: &Provider) -> Label {
    of_template(template, provider, MAX_DEPTH)
}

/// The label of a JSON value with all that stands in it.
pub fn label_json(json: &JsonTemplate, provider: &Provider) -> Label {
    match json {
        JsonTemplate::Text(template) => label_template(template, provider),
        JsonTemplate::Literal(_) => Label::default(),
        JsonTemplate::Array(items) => {
            items.iter().fold(Label::default(), |sum, item| sum.join(label_json(item, provider)))
        }
        JsonTemplate::Object(entries) => {
            entries.values().fold(Label::default(), |sum, item| sum.join(label_json(item, provider)))
        }
    }
}

fn of_template(template: &Template, provider: &Provider, depth: usize) -> Label {
    template.parts.iter().fold(Label::default(), |sum, part| match part {
        Part::Text(_) => sum,
        Part::Expression(expression, _) => sum.join(of_expression(expression, provider, depth)),
    })
}

fn of_expression(expression: &Expression, provider: &Provider, depth: usize) -> Label {
    match expression {
        Expression::Name(name, ..) => of_name(name, provider, depth),
        Expression::Literal(_) => Label::default(),
        Expression::First(choices) => choices
            .iter()
            .fold(Label::default(), |sum, choice| sum.join(of_expression(choice, provider, depth))),
        // A claim tells of the token; it is not the token.
        Expression::Jwt(token, _) => Label { secret: false, ..of_expression(token, provider, depth) },
        Expression::Match(text, pattern) => {
            let label = of_expression(text, provider, depth);
            Label { secret: label.secret && !cuts_a_part(pattern.0.as_str()), ..label }
        }
    }
}

/// Whether a pattern cuts a part out by what stands beside it (`ep=([^;]+)`), and so can't give the whole text.
fn cuts_a_part(pattern: &str) -> bool {
    let Some((before, _)) = pattern.split_once('(') else { return false };
    before.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && !before.contains(['*', '?', '|'])
}

fn of_name(name: &Name, provider: &Provider, depth: usize) -> Label {
    match name {
        Name::Var(var) => match (depth.checked_sub(1), provider.vars.get(var)) {
            (Some(depth), Some(template)) => of_template(template, provider, depth),
            _ => Label::default(),
        },
        Name::Input(input) => {
            let maker = Maker::Input(input.clone());
            match provider.inputs.get(input) {
                Some(known) if known.secret => Label::secret(maker),
                _ => Label::public(maker),
            }
        }
        Name::Region(_) => Label::default(),
        Name::Answer { state, path } => {
            let maker = Maker::Answer(state.clone());
            if is_secret_field(path, provider) { Label::secret(maker) } else { Label::public(maker) }
        }
        Name::Token(path) => {
            if is_secret_of_credential(path, provider) {
                Label::secret(Maker::Token)
            } else {
                Label::public(Maker::Token)
            }
        }
        Name::PkceVerifier => Label::secret(Maker::Engine),
        Name::PkceChallenge | Name::Random(_) | Name::Uuid | Name::RedirectUri => {
            Label::public(Maker::Engine)
        }
        Name::Response(path) => {
            let maker = Maker::Answer(String::new());
            if is_secret_of_failure(path, provider) { Label::secret(maker) } else { Label::public(maker) }
        }
        Name::ResponseBody => Label::public(Maker::Answer(String::new())),
    }
}

/// Fields of an answer that are secrets wherever they occur (RFC 6749, 7009, 7523, 8628, OpenID Connect, and keys that
/// services mint).
const SECRET_FIELDS: [&str; 16] = [
    "access_token",
    "api_key",
    "apikey",
    "assertion",
    "authorization_code",
    "client_secret",
    "code",
    "code_verifier",
    "device_auth_id",
    "device_code",
    "id_token",
    "key",
    "password",
    "refresh_token",
    "secret",
    "token",
];

/// Whether a field of an answer is a secret: by its name, or because `success` reads a token from it.
pub fn is_secret_field(path: &[Step], provider: &Provider) -> bool {
    let Some(last) = path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    }) else {
        return true;
    };
    is_secret_name(last) || token_paths(provider).any(|token| token == path)
}

/// The same for the answer that a flow failed with, where `code` and `key` are words about the error.
fn is_secret_of_failure(path: &[Step], provider: &Provider) -> bool {
    let about_the_error = matches!(path.last(), Some(Step::Key(key)) if key == "code" || key == "key");
    path.is_empty() || (!about_the_error && is_secret_field(path, provider))
}

/// Whether a field of this name is a secret wherever it occurs; camelCase and kebab-case count alike.
pub fn is_secret_name(name: &str) -> bool {
    let mut plain = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        plain.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    SECRET_FIELDS.contains(&plain.as_str())
}

/// Whether a member of the stored credential is a secret. The record as a whole is one.
fn is_secret_of_credential(path: &[Step], provider: &Provider) -> bool {
    let Some(Step::Key(member)) = path.first() else { return true };
    if is_secret_name(member) {
        return true;
    }
    let kept = provider.success().and_then(|success| success.keep.get(member));
    match kept {
        Some(ValueSource::Path(query)) => is_secret_field(query.value.steps(), provider),
        Some(ValueSource::Template(template)) => {
            // A kept value made from the credential itself would lead back here.
            template.names().iter().all(|(name, _)| !matches!(name, Name::Token(_)))
                && label_template(template, provider).secret
        }
        None => false,
    }
}

/// The places in answers from which `success` takes its tokens.
fn token_paths(provider: &Provider) -> impl Iterator<Item = &[Step]> {
    let sources = provider.success().map(|success| [&success.access_token, &success.refresh_token]);
    sources.into_iter().flatten().filter_map(|source| match source {
        ValueSource::Path(query) => Some(query.value.steps()),
        ValueSource::Template(_) => None,
    })
}

#[cfg(test)]
mod tests;
