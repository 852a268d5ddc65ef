//! JSONPath, used only to select ([RFC 9535](https://www.rfc-editor.org/rfc/rfc9535)).
//!
//! Paths are singular: each selects one value or none. They are parsed when a file is loaded, never from an answer, and
//! evaluated by jsonpath-rust. Its steps are kept beside a path: `check` reasons about them.

use std::fmt;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::{QueryRef, js_path_process};
use serde_json::Value;

#[cfg(test)]
mod tests;

const MAX_BYTES: usize = 512;
const MAX_STEPS: usize = 16;
/// The parser recurses at each bracket of a filter; a singular query nests none.
const MAX_NESTING: usize = 8;

/// A singular query, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    text: String,
    steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// An element of an array; a negative one counts from the end.
    Index(i64),
}

/// Why a text is no query that can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is not JSONPath.
    #[error("not a JSONPath: {reason}")]
    Syntax {
        /// What the parser expected.
        reason: String,
    },
    /// It can select more than one value.
    #[error("it can select more than one value, so it can't be compared")]
    Plural,
    /// It holds a filter.
    #[error("a filter selects, it does not judge: put the comparison outside the path")]
    Filter,
    /// It is longer or deeper than the limits.
    #[error("longer than 512 bytes or deeper than 16 steps")]
    TooLarge,
}

impl Query {
    /// Parses a path.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        if text.len() > MAX_BYTES || nesting(text) > MAX_NESTING {
            return Err(QueryError::TooLarge);
        }
        // Nearly every path of a file; the grammar's parser takes a hundred times as long for it.
        if let Some(steps) = names(text).filter(|steps| steps.len() <= MAX_STEPS) {
            return Ok(Query { text: text.to_owned(), steps });
        }
        if has_stray_blank(text) {
            return Err(QueryError::Syntax { reason: "a blank that belongs to no segment".to_owned() });
        }
        let parsed = parse_json_path(text).map_err(|error| QueryError::Syntax { reason: reason(&error) })?;
        let steps = parsed.segments.into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
        if steps.len() > MAX_STEPS {
            return Err(QueryError::TooLarge);
        }
        Ok(Query { text: text.to_owned(), steps })
    }

    /// A path of the given steps.
    pub fn of(steps: Vec<Step>) -> Query {
        let mut text = String::from("$");
        for step in &steps {
            text.push_str(&step.to_string());
        }
        Query { text, steps }
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The value at the path, if it is there. Null and `""` are there; see [`present`].
    pub fn select<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        let selectors = self.steps.iter().map(|step| match step {
            Step::Key(key) => Selector::Name(key.clone()),
            Step::Index(at) => Selector::Index(*at),
        });
        let path = JpQuery::new(selectors.map(Segment::Selector).collect());
        js_path_process(&path, root).ok()?.into_iter().next().map(QueryRef::val)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Step {
    /// Writes the step as JSONPath: `.name`, `['a name']`, `[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Index(at) => write!(f, "[{at}]"),
            Step::Key(key) if is_shorthand(key) => write!(f, ".{key}"),
            // JSON's escapes are those of JSONPath's double quotes.
            Step::Key(key) => write!(f, "[{}]", Value::from(key.as_str())),
        }
    }
}

/// Whether a key can be written without brackets
/// ([RFC 9535 §2.5.1.1](https://www.rfc-editor.org/rfc/rfc9535#section-2.5.1.1)); the ASCII part of what may.
fn is_shorthand(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The steps of a path of nothing but plain names: `$.data.token`.
fn names(text: &str) -> Option<Vec<Step>> {
    let names = text.strip_prefix("$.")?.split('.');
    names.map(|name| is_shorthand(name).then(|| Step::Key(name.to_owned()))).collect()
}

/// How deep brackets and parentheses open at once, those in quotes counted too.
fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a blank outside brackets stands elsewhere than before a segment (`$.a b`, `$.a `), which the parser lets pass.
fn has_stray_blank(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open && !text[..at].ends_with('\\') => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 && !is_before_segment(&text[at..]) => return true,
            _ => {}
        }
    }
    false
}

fn is_before_segment(blanks: &str) -> bool {
    blanks.trim_start().starts_with(['.', '['])
}

fn step(segment: Segment) -> Result<Step, QueryError> {
    match segment {
        Segment::Selector(Selector::Name(name)) => Ok(Step::Key(name)),
        Segment::Selector(Selector::Index(at)) => Ok(Step::Index(at)),
        other if has_filter(&other) => Err(QueryError::Filter),
        _ => Err(QueryError::Plural),
    }
}

fn has_filter(segment: &Segment) -> bool {
    match segment {
        Segment::Descendant(inner) => has_filter(inner),
        Segment::Selector(selector) => matches!(selector, Selector::Filter(_)),
        Segment::Selectors(selectors) => selectors.iter().any(|s| matches!(s, Selector::Filter(_))),
    }
}

/// One line on what the parser disliked; its own message is a drawing of several.
fn reason(error: &JsonPathError) -> String {
    match error {
        JsonPathError::PestError(error) => {
            // Its text begins with ` --> LINE:COLUMN`; the enum behind it is of a crate that we don't depend on.
            let drawing = error.to_string();
            let column = drawing.lines().next().and_then(|line| line.rsplit(':').next()).unwrap_or("?");
            format!("unexpected text at character {column}")
        }
        _ => "a part that RFC 9535 does not allow".to_owned(),
    }
}

/// The value that the steps of a dotted name (`{{poll.data.0.id}}`) lead to from `root`: what the path of these steps selects.
pub fn walk<'a>(root: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(i) => {
            let list = value.as_array()?;
            let at = if *i < 0 {
                list.len().checked_add_signed(isize::try_from(*i).ok()?)?
            } else {
                usize::try_from(*i).ok()?
            };
            list.get(at)
        }
    })
}

/// The one meaning of *present*: there, not null, not `""`.
pub fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|v| !v.is_null() && v.as_str() != Some(""))
}
