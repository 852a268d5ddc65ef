//! What can be written at the cursor.

use std::collections::BTreeSet;

use hermes_engine::catalog::{Catalog, mode_names};
use hermes_engine_core::machine::code;
use hermes_engine_core::parse::{Language, Node};
use hermes_engine_core::provider::{StateKind, Then};
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

use super::cursor::{self, Cursor};
use super::document::Document;
use super::schema::Schema;
use super::{name, path};

/// All that can be written at a byte of a document; the editor filters by what is written already.
pub(super) fn items(document: &Document, offset: usize, catalog: &Catalog) -> Vec<CompletionItem> {
    match cursor::at(&document.text, offset, document.language) {
        Cursor::Elsewhere => Vec::new(),
        Cursor::Key { table, .. } => keys(document, &table),
        Cursor::Value { path, written, quoted } => match cursor::template(&written) {
            Some(name) => names(document, name, &path),
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
    let mut keys: Vec<CompletionItem> = schema.keys(table).into_iter().map(item).collect();
    if let [.., state, on, _, "if" | "unless"] =
        table.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
        && *on == "on"
    {
        let paths = path::of_answers(document, state).into_iter();
        keys.extend(paths.map(|path| value(path, false, document.language)));
    }
    keys
}

/// The names that begin with what is written before the last dot; an editor replaces only what stands after it.
fn names(document: &Document, written: &str, path: &[String]) -> Vec<CompletionItem> {
    let Some(read) = &document.read else { return Vec::new() };
    let typed = written.rfind('.').map_or("", |dot| written.get(..=dot).unwrap_or(""));
    let known = name::all(&read.provider).into_iter();
    let known = known.filter(|known| document.is_test || name::may_stand(&read.provider, &known.name, path));
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
        ["states", state, "on", "*", "if" | "unless", "exists"]
        | ["states", state, "on", "*", "if" | "unless", "exists", "*"] => path::of_answers(document, state),
        ["states", "success", "access_token" | "refresh_token" | "notice"]
        | ["states", "success", "keep", _]
        | ["states", "success", "expires", "value"] => path::that_lead_to_success(document),
        ["states", _, "on", "*", "fail"] => codes(document),
        ["api", "mode"] | ["models", "*", "mode"] => mode_names(),
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

/// The codes that the file fails with, and those that the engine has words for.
fn codes(document: &Document) -> Vec<String> {
    let states = document.read.iter().flat_map(|read| &read.provider.states);
    let rules = states.flat_map(|state| match &state.kind {
        StateKind::Active(active) => active.on.as_slice(),
        _ => &[],
    });
    let own = rules.filter_map(|rule| match &rule.then {
        Then::Fail { code, .. } => Some(code.value.clone()),
        Then::Go(_) => None,
    });
    let known = code::KNOWN.iter().map(|known| known.code.to_owned());
    own.chain(known).collect::<BTreeSet<String>>().into_iter().collect()
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
