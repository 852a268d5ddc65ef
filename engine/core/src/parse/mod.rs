//! Text to a tree of nodes that know their places, TOML and YAML alike.
//!
//! Nothing after this room knows which language a file was written in. What a reader would get wrong: the limits hold
//! for the *text*, before a provider's meaning is looked at, so a file from anywhere can be given to [`parse`].

mod limits;
mod node;
mod toml;
mod yaml;

pub use limits::{MAX_BYTES, MAX_DEPTH};
pub use node::{Entry, Node, Table, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::FileId;

/// HE002: the text is not TOML, not YAML, or beyond what a file may hold.
pub static SYNTAX: Code = Code::error("HE002", "syntax");

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `.toml`, TOML 1.0.
    Toml,
    /// `.yaml` and `.yml`, YAML 1.2 without tags and merge keys.
    Yaml,
}

/// Parses a file's text. The node is the file's outermost table; an empty file is an empty table.
///
/// # Errors
///
/// [`SYNTAX`] findings, each with its place: all of a TOML file's, the first of a YAML file's. Among them are texts beyond
/// [`MAX_BYTES`], nesting beyond [`MAX_DEPTH`], a key that is written twice, and control characters.
pub fn parse(text: &str, language: Language, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let _ = (text, language, file);
    unimplemented!()
}
