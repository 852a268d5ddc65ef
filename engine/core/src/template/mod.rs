//! `{{…}}` in the texts of a file: names, three helpers, and nothing else.
//!
//! A template is parsed once, by handlebars' own parser, into a short list of nodes, and rendered from that. A missing
//! name is an error, never an empty string. Values go into typed slots; none can become syntax of the slot.

mod parse;
mod url;

use serde_json::Value;

use crate::query::Step;
use crate::source::Span;

pub use self::parse::{Names, TemplateError, TemplateFault, UnknownName, steps};
pub use self::url::{OriginShape, UrlTrouble, origin_shape, render_url};

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
        unimplemented!()
    }

    /// The text with every name's value in its place. Numbers and booleans are written as JSON writes them.
    pub fn render(&self, scope: &dyn Scope) -> Result<String, Missing> {
        let _ = scope;
        unimplemented!()
    }

    /// The same, but a template that is one whole `{{…}}` keeps the JSON type of its value.
    pub fn render_json(&self, scope: &dyn Scope) -> Result<Value, Missing> {
        let _ = scope;
        unimplemented!()
    }
}

/// The value of an expression, if it is present.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> Option<Value> {
    let _ = (expression, scope);
    unimplemented!()
}
