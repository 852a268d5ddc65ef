//! What can be written at the cursor.

use hermes_engine::catalog::Catalog;
use hermes_engine_core::parse::{Language, Node};
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

use super::cursor::{self, Cursor};
use super::document::Document;
use super::name;
use super::schema::Schema;

/// All that can be written at a byte of a document; the editor filters by what is written already.
pub(super) fn items(document: &Document, offset: usize, catalog: &Catalog) -> Vec<CompletionItem> {
    match cursor::at(&document.text, offset, document.language) {
        Cursor::Elsewhere => Vec::new(),
        Cursor::Key { table, .. } => keys(document, &table),
        Cursor::Value { path, written, quoted } => match cursor::template(&written) {
            Some(name) => names(document, name),
            None => {
                let words = words(document, &path, catalog);
                words.into_iter().map(|word| value(word, quoted, document.language)).collect()
            }
        },
    }
}

fn keys(document: &Document, table: &[String]) -> Vec<CompletionItem> {
    let schema = Schema::of(document.is_test);
    let item =
        |(key, what): (&str, &str)| item(key.to_owned(), CompletionItemKind::PROPERTY, what.to_owned());
    schema.keys(table).into_iter().map(item).collect()
}

/// The names that begin with what is written before the last dot; an editor replaces only what stands after it.
fn names(document: &Document, written: &str) -> Vec<CompletionItem> {
    let Some(read) = &document.read else { return Vec::new() };
    let typed = written.rfind('.').map_or("", |dot| written.get(..=dot).unwrap_or(""));
    let known = name::all(&read.provider).into_iter();
    let fitting = known.filter_map(|known| Some((known.name.strip_prefix(typed)?.to_owned(), known.what)));
    fitting.map(|(name, what)| item(name, CompletionItemKind::VARIABLE, what)).collect()
}

/// The words that may be the value of a key.
fn words(document: &Document, path: &[String], catalog: &Catalog) -> Vec<String> {
    let path_of: Vec<&str> = path.iter().map(String::as_str).collect();
    match path_of.as_slice() {
        ["start", _]
        | ["start", _, "*"]
        | ["states", _, "on", "*", "to"]
        | ["states", _, "refresh", "to"] => states(document),
        ["extends"] => catalog.files().1.into_iter().map(|entry| entry.id).collect(),
        ["region"] | ["test", "*", "region"] => regions(document),
        _ => Schema::of(document.is_test).words(path).into_iter().map(str::to_owned).collect(),
    }
}

/// The states of the text as it is, of its flows, and the two ends that a rule can name.
fn states(document: &Document) -> Vec<String> {
    let tree = document.tree.as_ref().and_then(|tree| tree.get("states")).and_then(Node::as_table);
    let own = tree.into_iter().flat_map(|table| table.keys().cloned());
    let read = document.read.iter().flat_map(|read| &read.provider.states).map(|state| state.name.clone());
    let mut names: Vec<String> = Vec::new();
    for name in own.chain(read).chain(["success".to_owned(), "done".to_owned()]) {
        if !names.contains(&name) && name != "error" && name != "timeout" {
            names.push(name);
        }
    }
    names
}

fn regions(document: &Document) -> Vec<String> {
    let regions = document.read.as_ref().and_then(|read| read.provider.regions.as_ref());
    regions.into_iter().flat_map(|regions| regions.tables.keys().cloned()).collect()
}

fn value(word: String, quoted: bool, language: Language) -> CompletionItem {
    let insert = (!quoted && language == Language::Toml).then(|| format!("\"{word}\""));
    CompletionItem { insert_text: insert, ..item(word, CompletionItemKind::VALUE, String::new()) }
}

fn item(label: String, kind: CompletionItemKind, what: String) -> CompletionItem {
    let markup = MarkupContent { kind: MarkupKind::Markdown, value: what };
    let documentation = (!markup.value.is_empty()).then_some(Documentation::MarkupContent(markup));
    CompletionItem { label, kind: Some(kind), documentation, ..CompletionItem::default() }
}
