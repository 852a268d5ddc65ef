//! Where the name under the cursor is written.

use std::path::Path;

use hermes_format::parse::Node;
use hermes_format::provider::Provider;
use hermes_format::source::Span;
use lsp_types::Location;

use super::cursor::{self, Cursor};
use super::document::{Document, Read};
use super::room::{self, Room};
use super::{meaning, place};

/// The places of what the word at a byte names: a state, var, input or region's key. A state's field leads to the state, a
/// code with a text to the rules that fail with it, and a rule's code to its text.
pub(super) fn find(document: &Document, offset: usize) -> Vec<Location> {
    let cursor = cursor::word_at(&document.text, offset, document.language);
    match &cursor {
        Cursor::Elsewhere => Vec::new(),
        Cursor::Key { written, .. } | Cursor::Heading { written, .. } => {
            match room::of(&cursor, document.is_test) {
                Some(Room::State) => one(document, &["states"], written),
                Some(Room::Code) => rules_that_fail(document, written),
                _ => Vec::new(),
            }
        }
        Cursor::Value { written, .. } => {
            let (start, end) = cursor::word(&document.text, offset, cursor::is_name);
            let Some(word) = document.text.get(start..end) else { return Vec::new() };
            match (cursor::template(written), room::of(&cursor, document.is_test)) {
                (Some(_), _) => one(document, &["vars", "inputs", "states"], word),
                (None, Some(Room::State)) => one(document, &["states"], word),
                (None, Some(Room::Code)) if document.is_test => rules_that_fail(document, word),
                (None, Some(Room::Code)) => own(document, &["errors"], word).into_iter().collect(),
                _ => Vec::new(),
            }
        }
    }
}

fn one(document: &Document, tables: &[&str], word: &str) -> Vec<Location> {
    let (first, rest) = word.split_once('.').unwrap_or((word, ""));
    own(document, tables, first).or_else(|| brought(document, first, rest)).into_iter().collect()
}

/// A name that the text itself has, as it is now.
fn own(document: &Document, tables: &[&str], name: &str) -> Option<Location> {
    let tree = document.tree.as_ref().filter(|_| !document.is_test)?;
    let entry = |table: &&str| tree.get(table).and_then(Node::as_table)?.get(name);
    let span = tables.iter().find_map(entry)?.key;
    let range = place::range(&document.text, span.start as usize..span.end as usize);
    Some(Location { uri: document.uri.clone(), range })
}

/// A name of a flow, of a region, or of the provider that a test is for.
fn brought(document: &Document, first: &str, rest: &str) -> Option<Location> {
    let read = document.read.as_ref()?;
    location(read, span_of(&read.provider, first, rest)?)
}

fn rules_that_fail(document: &Document, word: &str) -> Vec<Location> {
    let Some(read) = &document.read else { return Vec::new() };
    let spans = meaning::fails(&read.provider).filter(|(_, code, ..)| *code == word).map(|(.., span)| span);
    spans.filter_map(|span| location(read, span)).collect()
}

/// A place in a file that can be opened: those inside the program can't be.
fn location(read: &Read, span: Span) -> Option<Location> {
    let source = read.sources.file(span.file).filter(|source| !source.is_built_in())?;
    let range = place::range(&source.text, span.start as usize..span.end as usize);
    Some(Location { uri: place::uri_of(Path::new(&source.name))?, range })
}

fn span_of(provider: &Provider, first: &str, rest: &str) -> Option<Span> {
    if first == "region" {
        let tables = &provider.regions.as_ref()?.tables;
        return tables.values().find_map(|keys| keys.get(rest)).map(|value| value.span);
    }
    // A final state without a table has no place but the whole file.
    let state =
        provider.state_id(first).map(|id| provider.state(id).span).filter(|span| *span != provider.span);
    let input = || provider.inputs.get(first).map(|input| input.span);
    state.or_else(input).or_else(|| provider.vars.get(first).map(|value| value.span))
}
