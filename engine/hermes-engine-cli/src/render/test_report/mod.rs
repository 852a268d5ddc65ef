//! What `test` says: for a person, as JSON, as JUnit's XML.
//!
//! A place is `file:line:column`, of the test file for what failed, of the provider's file for what no test reaches.

mod json;
mod junit;
mod text;

pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use text::text;

use hermes_engine::catalog::Tested;
use hermes_format::source::{LineColumn, Sources, Span};
use hermes_proof::replay::coverage::ItemKind;

/// The kinds of things that tests reach, as they are counted together.
const COUNTED: [(&str, &[ItemKind]); 5] = [
    ("rules", &[ItemKind::Rule]),
    ("values", &[ItemKind::Present, ItemKind::Absent]),
    ("ends", &[ItemKind::End]),
    ("regions", &[ItemKind::Region]),
    ("sources", &[ItemKind::Source]),
];

/// A file that could not be tested.
pub(crate) struct Broken {
    /// Where: the file, with line and column where they are known.
    pub(crate) place: String,
    /// Why.
    pub(crate) message: String,
}

impl Broken {
    /// One for each error.
    pub(crate) fn of(tested: &Tested) -> Vec<Broken> {
        let unreadable = tested.unreadable.iter().map(|(entry, error)| Broken {
            place: entry.source(),
            message: format!("it can't be read: {error}"),
        });
        let errors = tested.diagnostics.iter().filter(|finding| finding.is_error());
        let found = errors.map(|finding| Broken {
            place: Place::of(&tested.sources, finding.primary.span).to_string(),
            message: format!("[{}] {}", finding.code.id, finding.message),
        });
        unreadable.chain(found).collect()
    }
}

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
