//! Text to [`Template`].
//!
//! The `{{…}}` are found here, so that every place is exact and literal text never meets handlebars' rules for blanks
//! and escapes; what stands inside a `{{…}}` with a helper is read by handlebars' own parser. Inside quotes every
//! character stands for itself, a backslash too: a text holds one of the two quotes, not both.

use std::ops::Range;

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use regex::RegexBuilder;

use super::scan::{Place, Tokens, find_expression, nesting, tokens};
use super::{Expression, Helper, Name, Part, Pattern, Template};
use crate::diagnostic::{Advice, nearest};
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
    /// What to write instead.
    pub help: Option<Advice>,
}

/// Something in a template that can't be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What it is.
    pub fault: TemplateFault,
    /// The words; the whole value where escapes make their place uncertain.
    pub span: Span,
    /// What to do about it.
    pub help: Option<Advice>,
}

/// What can be wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Braces or quotes that don't close, or words in no known order.
    #[error("not a template: {0}")]
    Syntax(String),
    /// Something of handlebars beyond names and the helpers.
    #[error("{0}: a template holds names and helpers such as `first`, no logic")]
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

const MAX_BYTES: usize = 8 * 1024;
/// handlebars recurses at each parenthesis.
const MAX_NESTING: usize = 8;
const MAX_REGEX_BYTES: usize = 1 << 20;
/// The helpers that are no [`Helper`]: what they take is not all values.
const HELPERS: [&str; 3] = ["first", "jwt", "match"];

/// The names of all helpers.
pub(crate) fn helpers() -> impl Iterator<Item = &'static str> {
    HELPERS.into_iter().chain(Helper::ALL.into_iter().map(|(name, _)| name))
}

impl Template {
    /// Parses a text of a file. `span` is where it stands, quotes included. All errors are collected.
    pub fn parse(text: &str, span: Span, names: &dyn Names) -> Result<Template, Vec<TemplateError>> {
        if text.len() > MAX_BYTES {
            return Err(vec![TemplateError { fault: TemplateFault::TooLong, span, help: None }]);
        }
        let place = Place::of(text, span);
        let mut parts = Vec::new();
        let mut errors = Vec::new();
        let mut at = 0;
        while let Some(open) = text[at..].find("{{").map(|found| at + found) {
            if open > at {
                parts.push(Part::Text(text[at..open].to_owned()));
            }
            let inside = match find_expression(text, open) {
                Ok(inside) => inside,
                Err((fault, words)) => {
                    at = words.end;
                    errors.push(TemplateError { fault, span: place.span(words), help: None });
                    continue;
                }
            };
            at = inside.end + 2;
            let mut reader = Reader { words: &text[inside.clone()], start: inside.start, place, names };
            match reader.read() {
                Ok((expression, span)) => parts.push(Part::Expression(expression, span)),
                Err(error) => errors.push(error),
            }
        }
        if at < text.len() {
            parts.push(Part::Text(text[at..].to_owned()));
        }
        if errors.is_empty() { Ok(Template { parts, span, text: text.to_owned() }) } else { Err(errors) }
    }
}

/// Reads what stands inside one `{{…}}`.
struct Reader<'a> {
    words: &'a str,
    start: usize,
    place: Place,
    names: &'a dyn Names,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(Expression, Span), TemplateError> {
        let trimmed = self.words.trim_start();
        let start = self.words.len() - trimmed.len();
        let whole = start..start + trimmed.trim_end().len();
        let mut tokens = tokens(self.words);
        let span = self.span(whole.clone());
        let expression = match tokens.make_contiguous() {
            [] => return Err(self.syntax(whole, "nothing between `{{` and `}}`")),
            // Not by handlebars, to which a name that begins with `else` is a branch.
            [only] if *only == whole => self.name(&self.words[whole.clone()], whole)?,
            _ => {
                let helper = self.compile(whole.clone())?;
                self.helper(&helper, &mut tokens, whole)?
            }
        };
        Ok((expression, span))
    }

    fn compile(&self, whole: Range<usize>) -> Result<HelperTemplate, TemplateError> {
        if nesting(self.words) > MAX_NESTING {
            return Err(self.syntax(whole, "parentheses nested too deep"));
        }
        let source = format!("{{{{{}}}}}", double_backslashes(self.words));
        let parsed = handlebars::Template::compile(&source).map(|template| template.elements);
        match parsed.as_deref() {
            Ok([TemplateElement::Expression(helper)]) => Ok(helper.as_ref().clone()),
            _ => Err(self.syntax(whole, "neither a name nor a helper with its arguments")),
        }
    }

    fn helper(
        &self,
        helper: &HelperTemplate,
        tokens: &mut Tokens,
        whole: Range<usize>,
    ) -> Result<Expression, TemplateError> {
        if !helper.hash.is_empty() || helper.block_param.is_some() {
            return Err(self.error(TemplateFault::Logic("a named argument".to_owned()), whole));
        }
        let place = tokens.pop_front().unwrap_or(whole.clone());
        let name = match &helper.name {
            Parameter::Name(name) => name.as_str(),
            Parameter::Path(handlebars::Path::Relative((_, raw))) => return self.name(raw, place),
            _ => return Err(self.error(TemplateFault::Logic("parentheses around it all".to_owned()), whole)),
        };
        if !helpers().any(|known| known == name) {
            let mut error = self.error(TemplateFault::Logic(format!("unknown helper `{name}`")), place);
            error.help = nearest(name, helpers()).map(|near| Advice::Meant(near.to_owned()));
            return Err(error);
        }
        let mut arguments = Vec::new();
        for parameter in &helper.params {
            arguments.push(self.argument(parameter, tokens, &whole)?);
        }
        self.call(name, arguments, whole)
    }

    fn argument(
        &self,
        parameter: &Parameter,
        tokens: &mut Tokens,
        whole: &Range<usize>,
    ) -> Result<Expression, TemplateError> {
        if let Parameter::Subexpression(inner) = parameter {
            return match inner.as_element() {
                TemplateElement::Expression(helper) => self.helper(helper, tokens, whole.clone()),
                _ => Err(self.syntax(whole.clone(), "parentheses without a helper")),
            };
        }
        let place = tokens.pop_front().unwrap_or(whole.clone());
        match parameter {
            Parameter::Literal(serde_json::Value::String(text)) => Ok(Expression::Literal(text.clone())),
            Parameter::Path(handlebars::Path::Relative((_, raw))) => self.name(raw, place),
            _ => {
                let words = self.words.get(place.clone()).unwrap_or_default();
                Err(self.error(
                    TemplateFault::Logic(format!("`{words}`, neither a name nor a text in quotes")),
                    place,
                ))
            }
        }
    }

    fn call(
        &self,
        helper: &str,
        arguments: Vec<Expression>,
        whole: Range<usize>,
    ) -> Result<Expression, TemplateError> {
        if helper == "first" {
            return Ok(Expression::First(arguments));
        }
        if let Some((_, known)) = Helper::ALL.into_iter().find(|(name, _)| *name == helper) {
            let is_text: Vec<bool> = arguments.iter().map(|a| matches!(a, Expression::Literal(_))).collect();
            return match known.problem(&is_text) {
                Some(problem) => Err(self.syntax(whole, problem)),
                None => Ok(Expression::Call(known, arguments)),
            };
        }
        let mut arguments = arguments.into_iter();
        let subject = arguments.next().map(Box::new);
        let texts: Option<Vec<String>> = arguments
            .map(|argument| match argument {
                Expression::Literal(text) => Some(text),
                _ => None,
            })
            .collect();
        match (helper, subject, texts) {
            ("jwt", Some(token), Some(path)) if !path.is_empty() => Ok(Expression::Jwt(token, path)),
            ("match", Some(text), Some(regex)) if regex.len() == 1 => {
                Ok(Expression::Match(text, self.regex(&regex.concat(), whole)?))
            }
            ("jwt", ..) => Err(self.syntax(whole, "`jwt` takes a token and names of claims in quotes")),
            _ => Err(self.syntax(whole, "`match` takes a text and one regular expression in quotes")),
        }
    }

    fn regex(&self, regex: &str, whole: Range<usize>) -> Result<Pattern, TemplateError> {
        let built =
            RegexBuilder::new(regex).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build();
        built.map(Pattern).map_err(|error| {
            // Its last line is the reason; those before it draw the place.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.error(TemplateFault::Regex(reason), whole)
        })
    }

    fn name(&self, raw: &str, place: Range<usize>) -> Result<Expression, TemplateError> {
        let path: Vec<&str> = raw.split('.').collect();
        let is_plain = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        };
        if !path.iter().all(is_plain) {
            return Err(self.error(TemplateFault::Logic(format!("`{raw}`")), place));
        }
        match self.names.resolve(&path) {
            Ok(name) => Ok(Expression::Name(name, self.span(place))),
            Err(unknown) => {
                let mut error = self.error(TemplateFault::UnknownName(raw.to_owned()), place);
                error.help = unknown.help;
                Err(error)
            }
        }
    }

    fn span(&self, words: Range<usize>) -> Span {
        self.place.span(self.start + words.start..self.start + words.end)
    }

    fn error(&self, fault: TemplateFault, words: Range<usize>) -> TemplateError {
        TemplateError { fault, span: self.span(words), help: None }
    }

    fn syntax(&self, words: Range<usize>, reason: &str) -> TemplateError {
        self.error(TemplateFault::Syntax(reason.to_owned()), words)
    }
}

/// Backslashes stand for themselves inside quotes; handlebars reads the escapes of JSON there.
fn double_backslashes(words: &str) -> String {
    words.replace('\\', "\\\\")
}

/// The steps into an answer that the rest of a dotted name means: digits are an index, anything else is a key.
pub fn steps(path: &[&str]) -> Vec<Step> {
    let is_index = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let step = |part: &&str| match part.parse() {
        Ok(at) if is_index(part) => Step::Index(at),
        _ => Step::Key((*part).to_owned()),
    };
    path.iter().map(step).collect()
}
