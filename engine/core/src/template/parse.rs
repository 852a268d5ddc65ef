//! Text to [`Template`].

use super::{Name, Template};
use crate::query::Step;
use crate::source::Span;

/// The names that a file knows.
pub trait Names {
    /// Resolves a dotted path such as `["request_code", "user_code"]`. See [`steps`] for the part inside an answer.
    fn resolve(&self, path: &[&str]) -> Result<Name, UnknownName>;
}

/// A name that a file does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownName {
    /// What to write instead, such as ``did you mean `region.auth`?``.
    pub help: Option<String>,
}

/// Something in a template that can't be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What it is.
    pub fault: TemplateFault,
    /// The words; the whole value where escapes make their place uncertain.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

/// What can be wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Braces or quotes that don't close, or words in no known order.
    #[error("not a template: {0}")]
    Syntax(String),
    /// Something of handlebars beyond names and the three helpers.
    #[error("{0}: a template holds names and the helpers `first`, `jwt` and `match`, no logic")]
    Logic(String),
    /// A name that nothing has.
    #[error("unknown name `{0}`")]
    UnknownName(String),
    /// The regular expression of a `match`.
    #[error("not a regular expression that can be used: {0}")]
    Regex(String),
    /// Longer than 8 KiB.
    #[error("a text of more than 8 KiB")]
    TooLong,
}

impl Template {
    /// Parses a text of a file. `span` is where it stands, quotes included. All errors are collected.
    pub fn parse(text: &str, span: Span, names: &dyn Names) -> Result<Template, Vec<TemplateError>> {
        let _ = (text, span, names);
        unimplemented!()
    }
}

/// The steps into an answer that the rest of a dotted name means: digits are an index, anything else is a key.
pub fn steps(path: &[&str]) -> Vec<Step> {
    path.iter().map(|part| part.parse().map_or_else(|_| Step::Key((*part).to_owned()), Step::Index)).collect()
}
