//! What `test` says: for a person, as JSON, as JUnit's XML.
//!
//! A place is `file:line:column`, of the test file for what failed, of the provider's file for what no test reaches.

mod json;
mod junit;
mod text;

pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use text::text;

use hermes_engine_core::replay::coverage::ItemKind;
use hermes_engine_core::source::{LineColumn, Sources, Span};

/// The kinds of things that tests reach, as they are counted together.
const COUNTED: [(&str, &[ItemKind]); 5] = [
    ("rules", &[ItemKind::Rule]),
    ("values", &[ItemKind::Present, ItemKind::Absent]),
    ("ends", &[ItemKind::End]),
    ("regions", &[ItemKind::Region]),
    ("sources", &[ItemKind::Source]),
];

/// A place in a file.
struct Place<'a> {
    file: &'a str,
    at: LineColumn,
}

impl Place<'_> {
    fn of(sources: &Sources, span: Span) -> Place<'_> {
        let file = sources.file(span.file).map_or("", |source| source.name.as_str());
        Place { file, at: sources.start_of(span) }
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.at.line, self.at.column)
    }
}

#[cfg(test)]
mod tests;
