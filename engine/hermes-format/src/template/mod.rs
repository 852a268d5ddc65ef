//! `{{…}}` in the texts of a file: names, a few helpers, and nothing else.
//!
//! A template is parsed once, by handlebars' own parser, into a short list of nodes, and rendered from that. A missing
//! name is an error, never an empty string. Values go into typed slots; none can become syntax of the slot.

mod display;
mod helper;
pub mod jwt;
mod parse;
mod path;
mod scan;
mod url;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use serde_json::Value;

use crate::query::{Step, present};
use crate::source::Span;

pub use self::helper::Helper;
pub use self::jwt::claim;
pub(crate) use self::parse::helpers;
pub use self::parse::{Names, TemplateError, TemplateFault, UnknownName, steps};
pub use self::path::path_text;
pub use self::url::{
    Destination, OriginShape, UrlTrouble, destination, is_whole_url, origin_name, origin_shape, render_url,
    render_var,
};

/// A text of a file, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Where the text stands, quotes included.
    pub span: Span,
    /// The text as it was written.
    pub text: String,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text that stands for itself.
    Text(String),
    /// What stands in `{{…}}`, and where.
    Expression(Expression, Span),
}

/// What may stand in `{{…}}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A name, and where it stands.
    Name(Name, Span),
    /// A text in quotes.
    Literal(String),
    /// `first a b 'c'`: the first that is present.
    First(Vec<Expression>),
    /// `jwt token 'claim' …`: a claim of a JSON Web Token's payload, nested by further keys.
    Jwt(Box<Expression>, Vec<String>),
    /// `match text 'regex'`: the first group of the first match.
    Match(Box<Expression>, Pattern),
    /// Another helper and its arguments.
    Call(Helper, Vec<Expression>),
    /// A var that is made of more than constants, the span of its name, and its template: what the var is depends on when
    /// it is asked for.
    Var(Name, Span, Arc<Template>),
}

/// A name, resolved to what it is a name of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A var of the file.
    Var(String),
    /// An input of the file.
    Input(String),
    /// A key of the chosen region.
    Region(String),
    /// A field of the answer that took the machine out of a state.
    Answer {
        /// The state's name.
        state: String,
        /// The steps into the answer; none is the whole answer.
        path: Vec<Step>,
    },
    /// A field of the stored credential.
    Token(Vec<Step>),
    /// In a login that a refusal asked for: a field of the credential that it replaces, or of the refusal's challenge.
    Last(Vec<Step>),
    /// `pkce.verifier`.
    PkceVerifier,
    /// `pkce.challenge`.
    PkceChallenge,
    /// `random.NAME`: made once a login.
    Random(String),
    /// `uuid`: fresh at each use.
    Uuid,
    /// `redirect_uri`: where the listener is.
    RedirectUri,
    /// In `[errors]`: a field of the answer that failed.
    Response(Vec<Step>),
    /// In `[errors]`: the text of an answer that is not JSON.
    ResponseBody,
}

impl Name {
    /// Whether its value is known before a run and stays the same in it.
    pub fn is_constant(&self) -> bool {
        matches!(self, Name::Var(_) | Name::Input(_) | Name::Region(_))
    }
}

/// A regular expression that compares by its text.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Gives names their values while a template is rendered.
pub trait Scope {
    /// The value of a name, null where it is null; `None` where nothing has it.
    fn value(&self, name: &Name) -> Option<Value>;
}

/// A name had no value, or one that can't stand in a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{{{{{expression}}}}}` {problem}")]
pub struct Missing {
    /// The expression as it was written.
    pub expression: String,
    /// Where it stands.
    pub span: Span,
    /// `has no value`, `is an object where a text belongs`, …
    pub problem: &'static str,
}

impl Template {
    /// The template of a text without names.
    pub fn literal(text: impl Into<String>, span: Span) -> Template {
        let text = text.into();
        Template { parts: vec![Part::Text(text.clone())], span, text }
    }

    /// The text, where the template holds no names.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// All names in the template, with their places, those inside helpers too.
    pub fn names(&self) -> Vec<(&Name, Span)> {
        let mut names = Vec::new();
        for part in &self.parts {
            if let Part::Expression(expression, _) = part {
                collect_names(expression, &mut names);
            }
        }
        names
    }

    /// The names that are written in the template itself, and not in a var that it uses.
    pub fn own_names(&self) -> Vec<(&Name, Span)> {
        let inner: Vec<Span> = self.vars().flat_map(|var| var.names()).map(|(_, span)| span).collect();
        self.names().into_iter().filter(|(_, span)| !inner.contains(span)).collect()
    }

    /// The templates of the vars in it that are made of more than constants.
    fn vars(&self) -> impl Iterator<Item = &Template> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Expression(expression, _) = part {
                collect_vars(expression, &mut found);
            }
        }
        found.into_iter()
    }

    /// The text with every name's value in its place. Numbers and booleans are written as JSON writes them.
    ///
    /// A var or a region's key that the file itself makes `""`, and `{{first x ''}}`, give `""`; see the format's page.
    pub fn render(&self, scope: &dyn Scope) -> Result<String, Missing> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Expression(expression, span) => {
                    text.push_str(&render_text(expression, *span, scope)?);
                    within_limit(&text, expression, *span)?;
                }
            }
        }
        Ok(text)
    }

    /// The same, but a template that is one whole `{{…}}` keeps the JSON type of its value.
    pub fn render_json(&self, scope: &dyn Scope) -> Result<Value, Missing> {
        match self.parts.as_slice() {
            [Part::Expression(expression, span)] => {
                value_or_blank(expression, scope).ok_or_else(|| missing(expression, *span, NO_VALUE))
            }
            _ => self.render(scope).map(Value::String),
        }
    }
}

const NO_VALUE: &str = "has no value";

/// The longest text that is made of a template, in bytes: names that stand for names can make more than any memory holds.
const LONGEST_TEXT: usize = 1 << 20;

fn within_limit(text: &str, expression: &Expression, span: Span) -> Result<(), Missing> {
    if text.len() > LONGEST_TEXT { Err(missing(expression, span, "makes too long a text")) } else { Ok(()) }
}

fn collect_names<'a>(expression: &'a Expression, names: &mut Vec<(&'a Name, Span)>) {
    match expression {
        Expression::Name(name, span) => names.push((name, *span)),
        Expression::Literal(_) => {}
        Expression::First(list) => list.iter().for_each(|inner| collect_names(inner, names)),
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => collect_names(inner, names),
        Expression::Call(_, list) => list.iter().for_each(|inner| collect_names(inner, names)),
        Expression::Var(name, span, template) => {
            names.push((name, *span));
            names.extend(template.names());
        }
    }
}

fn collect_vars<'a>(expression: &'a Expression, found: &mut Vec<&'a Template>) {
    match expression {
        Expression::Var(_, _, template) => found.push(template),
        Expression::First(list) | Expression::Call(_, list) => {
            list.iter().for_each(|inner| collect_vars(inner, found));
        }
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => collect_vars(inner, found),
        Expression::Name(..) | Expression::Literal(_) => {}
    }
}

impl Template {
    /// Puts the templates of vars in the place of their names, where `late` has one.
    pub(crate) fn expand(&mut self, late: &dyn Fn(&str) -> Option<Arc<Template>>) {
        for part in &mut self.parts {
            if let Part::Expression(expression, _) = part {
                expand(expression, late);
            }
        }
    }
}

fn expand(expression: &mut Expression, late: &dyn Fn(&str) -> Option<Arc<Template>>) {
    match expression {
        Expression::Name(Name::Var(var), span) => {
            if let Some(template) = late(var) {
                *expression = Expression::Var(Name::Var(var.clone()), *span, template);
            }
        }
        Expression::Name(..) | Expression::Literal(_) | Expression::Var(..) => {}
        Expression::First(list) | Expression::Call(_, list) => {
            list.iter_mut().for_each(|inner| expand(inner, late));
        }
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => expand(inner, late),
    }
}

fn missing(expression: &Expression, span: Span, problem: &'static str) -> Missing {
    Missing { expression: expression.to_string(), span, problem }
}

/// The value of one `{{…}}` as a text.
fn render_text(expression: &Expression, span: Span, scope: &dyn Scope) -> Result<String, Missing> {
    let value = value_or_blank(expression, scope).ok_or_else(|| missing(expression, span, NO_VALUE))?;
    scalar_text(&value).ok_or_else(|| {
        let kind = if value.is_array() {
            "is a list where a text belongs"
        } else {
            "is an object where a text belongs"
        };
        missing(expression, span, kind)
    })
}

/// A text, a number or a boolean as a text.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The value of an expression if it is present, or `""` where the file itself says so.
fn value_or_blank(expression: &Expression, scope: &dyn Scope) -> Option<Value> {
    evaluate(expression, scope).or_else(|| is_blank(expression, scope).then(|| Value::String(String::new())))
}

/// Whether the file itself, and not an answer, makes this `""`.
fn is_blank(expression: &Expression, scope: &dyn Scope) -> bool {
    match expression {
        Expression::Literal(text) => text.is_empty(),
        Expression::Name(name @ (Name::Var(_) | Name::Region(_)), _) => {
            scope.value(name).is_some_and(|value| value.as_str() == Some(""))
        }
        Expression::First(list) => list.last().is_some_and(|last| is_blank(last, scope)),
        Expression::Var(_, _, template) => match template.parts.as_slice() {
            [Part::Expression(inner, _)] => is_blank(inner, scope),
            parts => parts.is_empty(),
        },
        Expression::Call(helper, _) => helper.is_total(),
        Expression::Name(..) | Expression::Jwt(..) | Expression::Match(..) => false,
    }
}

/// The value of an expression, if it is present.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> Option<Value> {
    let value = match expression {
        Expression::Name(name, _) => scope.value(name),
        Expression::Literal(text) => Some(Value::String(text.clone())),
        Expression::First(list) => list.iter().find_map(|inner| evaluate(inner, scope)),
        Expression::Jwt(token, path) => claim(evaluate(token, scope)?.as_str()?, path),
        Expression::Match(text, pattern) => {
            let text = scalar_text(&evaluate(text, scope)?)?;
            let captures = pattern.0.captures(&text)?;
            let group = usize::from(captures.len() > 1);
            captures.get(group).map(|found| Value::String(found.as_str().to_owned()))
        }
        Expression::Call(helper, arguments) => {
            // A text that the file writes is one, `''` too.
            let value = |argument: &Expression| match argument {
                Expression::Literal(text) => Some(Value::String(text.clone())),
                other => evaluate(other, scope),
            };
            helper.call(&arguments.iter().map(value).collect::<Vec<_>>())
        }
        // One that is a whole `{{…}}` keeps the type of its value.
        Expression::Var(_, _, template) => match template.parts.as_slice() {
            [Part::Expression(inner, _)] => evaluate(inner, scope),
            _ => render_var(template, scope).map(Value::String),
        },
    };
    value.filter(|value| present(Some(value)).is_some())
}
