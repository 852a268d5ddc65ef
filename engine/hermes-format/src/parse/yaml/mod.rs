//! YAML 1.2 to nodes.
//!
//! Only what JSON can say is read: no tags, no anchors, aliases or merge keys, text keys, booleans by their YAML 1.2 names
//! (so a key `on` is a key).

mod depth;
mod reader;
mod tree;
mod trouble;

use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_yaml::{Error, Location, Options, Spanned};

use super::limits::{MAX_DEPTH, too_deep};
use super::{Node, Place, SYNTAX, Table, Value};
use crate::diagnostic::Diagnostic;
use reader::Reader;
use tree::Tree;

/// Parses a whole file: the parser stops at its first error, the reader after it finds all.
pub(super) fn parse(place: &Place<'_>) -> Result<Node, Vec<Diagnostic>> {
    let tree: Option<Spanned<Tree>> = serde_yaml::from_str_with_options(place.text, options())
        .map_err(|error| vec![finding(place, &error)])?;
    let Some(tree) = tree else {
        return Ok(Node { span: place.span(0, 0), value: Value::Table(Table::new()) });
    };
    Reader::new(place).root(tree)
}

/// Whether the parser finds nothing wrong with a text.
fn reads(text: &str) -> bool {
    serde_yaml::from_str_with_options::<Option<Spanned<Tree>>>(text, options()).is_ok()
}

fn options() -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        budget: serde_yaml::budget! {
            max_events: 50_000,
            max_nodes: 25_000,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
            max_total_scalar_bytes: 2 * super::MAX_BYTES,
            max_merge_keys: 0,
        },
    }
}

/// The finding for the parser's error, in words of the file rather than of the parser's options.
fn finding(place: &Place<'_>, error: &Error) -> Diagnostic {
    let (start, end) = error.location().map_or((0, 0), |location| range(place, location));
    let span = place.word(start, end);
    let mut error = error;
    while let Error::AliasError { error: inner, .. } | Error::WithSnippet { error: inner, .. } = error {
        error = inner;
    }
    let say = |message: &str| Diagnostic::new(&SYNTAX, span, message);
    match error {
        Error::DuplicateMappingKey { .. } => {
            let key = place.slice(start, end);
            let finding = super::written_twice(key, span);
            match trouble::first_of(place, key, start) {
                Some((start, end)) => finding.label("again here").also(place.span(start, end), "first here"),
                None => finding,
            }
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(span),
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            say("a file is one document; a second one begins here").help("take the `---` out")
        }
        Error::Budget { breach: BudgetBreach::Anchors { .. }, .. } => anchor(place, start),
        Error::Budget { .. } => say("the file has too many values"),
        Error::MergeKeyNotAllowed { .. } => say("a merge key (`<<`) is not read").help("write the keys out"),
        Error::UnsupportedTag { tag, .. } => {
            let at = place.slice(0, start).rfind(tag.as_str()).unwrap_or(start);
            refused_tag(place, at, at + tag.len())
        }
        Error::NullIntoString { .. } => say("a key is text, not null").help("put the key in quotes"),
        Error::NonFiniteFloat { .. } => say("the number is not finite"),
        _ => {
            let message = error.to_string();
            let meant = trouble::Trouble::new(place, &message, start).finding();
            meant.unwrap_or_else(|| match plain(&message) {
                message if message == NO_KEY => say(NO_KEY).help("put the key in quotes"),
                message => say(&message),
            })
        }
    }
}

/// The finding for an anchor, or a text that only begins as one: the parser's place is behind its name.
fn anchor(place: &Place<'_>, after: usize) -> Diagnostic {
    let before = place.slice(0, after).trim_end();
    let start = before.rfind(|c: char| c.is_whitespace() || ",[{".contains(c)).map_or(0, |at| at + 1);
    let start = if place.slice(after, place.text.len()).starts_with('&') { after } else { start };
    Diagnostic::new(&SYNTAX, place.word(start, start), "an anchor of YAML (`&NAME`) is not read")
        .help("put a text that begins with `&` between quotes; write out what an anchor was to repeat")
}

/// What is said of a key that is no text.
const NO_KEY: &str = "a key is text, not a list or a table";

/// The parser's sentence without the place, which the finding has.
fn plain(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message {
        "expected string scalar" => NO_KEY.to_owned(),
        "recursion limit exceeded" => format!("tables and lists may be nested {MAX_DEPTH} deep"),
        _ => message.replace('`', "'"),
    }
}

fn refused_tag(place: &Place<'_>, start: usize, end: usize) -> Diagnostic {
    let message = format!("the tag `{}` is not read", place.slice(start, end));
    Diagnostic::new(&SYNTAX, place.span(start, end), message).help("leave it out")
}

/// The range of bytes that a location means; the parser counts characters where it has not counted bytes.
fn range(place: &Place<'_>, location: Location) -> (usize, usize) {
    let span = location.span();
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    match (span.byte_offset(), span.byte_len()) {
        (Some(start), Some(len)) => (number(start), number(start.saturating_add(len))),
        _ => {
            let (first, len) = (number(span.offset()), number(span.len()));
            let mut offsets = place.text.char_indices().map(|(at, _)| at).skip(first);
            let start = offsets.next().unwrap_or(place.text.len());
            let end = if len == 0 { start } else { offsets.nth(len - 1).unwrap_or(place.text.len()) };
            (start, end)
        }
    }
}
