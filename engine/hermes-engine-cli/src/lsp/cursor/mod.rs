//! What stands at the cursor, in a text that may be broken.
//!
//! Only what is before the cursor is read. Nothing here judges: a text that is no TOML gives some place in it.

mod scan;
mod yaml;

use hermes_format::parse::Language;
use hermes_format::query::Query;

/// What stands at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cursor {
    /// A key is being written.
    Key {
        /// The table that it belongs to, dotted parts before it included; `*` is an element of a list.
        table: Vec<String>,
        /// What is written of it.
        written: String,
    },
    /// A value is being written.
    Value {
        /// The key whose value it is.
        path: Vec<String>,
        /// What is written of it, without the opening quotation mark.
        written: String,
        /// Whether a quotation mark is open.
        quoted: bool,
    },
    /// The heading of a table is being written.
    Heading {
        /// The table that it is in, dotted parts before it.
        table: Vec<String>,
        /// What is written of its last part.
        written: String,
    },
    /// A comment, or a text that no key is near.
    Elsewhere,
}

/// What stands at a byte of a text.
pub(super) fn at(text: &str, offset: usize, language: Language) -> Cursor {
    let before = text.get(..offset).unwrap_or(text);
    match language {
        Language::Toml => scan::toml(before),
        Language::Yaml => yaml::yaml(before),
    }
}

/// What stands at a byte, read to the end of the word there.
pub(super) fn word_at(text: &str, offset: usize, language: Language) -> Cursor {
    at(text, word(text, offset, is_word).1, language)
}

/// The bytes around a place that hold only such characters.
pub(super) fn word(text: &str, offset: usize, is_part: fn(char) -> bool) -> (usize, usize) {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.trim_end_matches(is_part).len();
    let end = offset + (after.len() - after.trim_start_matches(is_part).len());
    (start, end.min(text.len()))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a character may stand in a dotted name of a template.
pub(super) fn is_name(c: char) -> bool {
    is_word(c) || c == '.'
}

/// The JSONPath around a place, and its bytes; `None` where none stands there.
pub(super) fn json_path(text: &str, offset: usize) -> Option<(Query, (usize, usize))> {
    let (start, end) = word(text, offset, |c| is_name(c) || matches!(c, '$' | '[' | ']'));
    let words = text.get(start..end)?;
    let start = start + words.find('$')?;
    // The bracket of a list in YAML is none of the path's.
    let path = text.get(start..end)?;
    let path = if path.contains('[') { path } else { path.trim_end_matches(']') };
    let query = Query::parse(path).ok()?;
    (start <= offset).then_some((query, (start, start + path.len())))
}

/// The template that is open at the end of a text, after its `{{`; `None` outside of one.
pub(super) fn open_template(written: &str) -> Option<&str> {
    let (_, open) = written.rsplit_once("{{")?;
    (!open.contains("}}")).then_some(open)
}

/// The name that is being written in an open `{{`; `None` outside of one.
pub(super) fn template(written: &str) -> Option<&str> {
    let open = open_template(written)?;
    Some(open.rsplit(|c| !is_name(c)).next().unwrap_or(open))
}

/// Whether a helper may stand where an open template ends: at its beginning, or after a parenthesis.
pub(super) fn is_head(written: &str) -> bool {
    let before = open_template(written).map(|open| open.trim_end_matches(is_name).trim_end());
    before.is_some_and(|before| before.is_empty() || before.ends_with('('))
}
