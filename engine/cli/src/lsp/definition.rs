//! Where the name under the cursor is written.

use std::path::Path;

use hermes_engine_core::parse::Node;
use hermes_engine_core::provider::Provider;
use hermes_engine_core::source::Span;
use lsp_types::Location;

use super::cursor::{self, Cursor};
use super::document::Document;
use super::place;

/// The place of the state, var, input or region's key that the word at a byte names. A state's field leads to the state.
pub(super) fn find(document: &Document, offset: usize) -> Option<Location> {
    let Cursor::Value { written, .. } = cursor::word_at(&document.text, offset, document.language) else {
        return None;
    };
    let (start, end) = cursor::word(&document.text, offset, cursor::is_name);
    let word = document.text.get(start..end)?;
    let (first, rest) = word.split_once('.').unwrap_or((word, ""));
    let tables: &[&str] = match cursor::template(&written) {
        Some(_) => &["vars", "inputs", "states"],
        None => &["states"],
    };
    own(document, tables, first).or_else(|| brought(document, first, rest))
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
    let span = span_of(&read.provider, first, rest)?;
    let source = read.sources.file(span.file).filter(|source| !source.name.starts_with("built-in:"))?;
    let range = place::range(&source.text, span.start as usize..span.end as usize);
    Some(Location { uri: place::uri_of(Path::new(&source.name))?, range })
}

fn span_of(provider: &Provider, first: &str, rest: &str) -> Option<Span> {
    if first == "region" {
        let tables = &provider.regions.as_ref()?.tables;
        return tables.values().find_map(|keys| keys.get(rest)).map(|value| value.span);
    }
    let state = provider.state_id(first).map(|id| provider.state(id).span);
    let input = || provider.inputs.get(first).map(|input| input.span);
    state.or_else(input).or_else(|| provider.vars.get(first).map(|value| value.span))
}
