//! JSONPath, used only to select ([RFC 9535](https://www.rfc-editor.org/rfc/rfc9535)).
//!
//! Paths are singular: each selects one value or none. They are parsed when a file is loaded, never from an answer.

use serde_json::Value;

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
        let _ = text;
        unimplemented!()
    }

    /// A path of the given steps.
    pub fn of(steps: Vec<Step>) -> Query {
        let _ = steps;
        unimplemented!()
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
        walk(root, &self.steps)
    }
}

/// The value that `steps` lead to from `root`.
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
