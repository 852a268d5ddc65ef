//! What can be written at the cursor.

use hermes_engine::catalog::{Catalog, mode_names};
use hermes_format::parse::{Language, Node};
use hermes_format::time::UNITS;
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

use super::cursor::{self, Cursor};
use super::document::Document;
use super::room::{self, Room};
use super::schema::Schema;
use super::{meaning, name, path, scope, vocabulary};

/// All that can be written at a byte of a document; the editor filters by what is written already.
pub(super) fn items(document: &Document, offset: usize, catalog: &Catalog) -> Vec<CompletionItem> {
    let tree = document.tree_around(offset);
    match cursor::at(&document.text, offset, document.language) {
        Cursor::Elsewhere => Vec::new(),
        Cursor::Heading { table, .. } if table.is_empty() => {
            known(Schema::of(document.is_test).tables()).collect()
        }
        Cursor::Key { table, .. } | Cursor::Heading { table, .. } => keys(document, tree.as_deref(), &table),
        Cursor::Value { path, written, quoted } => match cursor::template(&written) {
            Some(_) => names(document, &written, &path),
            None => {
                let words = words(document, tree.as_deref(), &path, catalog);
                words.into_iter().map(|word| value(word, quoted, document.language)).collect()
            }
        },
    }
}

fn known<'a>(keys: Vec<(&'a str, &'a str)>) -> impl Iterator<Item = CompletionItem> {
    keys.into_iter().map(|(key, what)| item(key.to_owned(), CompletionItemKind::PROPERTY, what.to_owned()))
}

/// The keys of a table: those of the schema, and those that other parts of the file make up.
fn keys(document: &Document, tree: Option<&Node>, table: &[String]) -> Vec<CompletionItem> {
    let schema = Schema::of(document.is_test);
    let mut keys: Vec<CompletionItem> = known(schema.keys(table)).collect();
    let room: Vec<&str> = table.iter().map(String::as_str).collect();
    let plain = |name: String| item(name, CompletionItemKind::PROPERTY, String::new());
    match room.as_slice() {
        ["states", state, "on", "*", "if" | "unless"] => {
            let paths = path::of_answers(document, state).into_iter();
            keys.extend(paths.map(|path| value(path, false, document.language)));
        }
        ["states"] => keys.extend(vocabulary::missing_states(document, tree).into_iter().map(plain)),
        ["errors"] => keys.extend(vocabulary::codes(document, tree).into_iter().map(plain)),
        ["replies" | "sent"] | ["test", "*", "replies" | "sent"] if document.is_test => {
            keys.extend(vocabulary::acting(document).map(str::to_owned).map(plain));
        }
        _ => {}
    }
    keys
}

/// The names that begin with what is written before the last dot; an editor replaces only what stands after it.
fn names(document: &Document, written: &str, path: &[String]) -> Vec<CompletionItem> {
    let Some(read) = &document.read else { return Vec::new() };
    let (Some(open), Some(name)) = (cursor::open_template(written), cursor::template(written)) else {
        return Vec::new();
    };
    let typed = name.rfind('.').map_or("", |dot| name.get(..=dot).unwrap_or(""));
    let known = if document.is_test { name::all(&read.provider) } else { scope::offered(read, path, open) }
        .into_iter();
    let fitting = known.filter_map(|known| Some((known.name.strip_prefix(typed)?.to_owned(), known.what)));
    let names = fitting.map(|(name, what)| item(name, CompletionItemKind::VARIABLE, what));
    let is_head = typed.is_empty() && cursor::is_head(written);
    let helpers = meaning::HELPERS.iter().filter(|_| is_head);
    let helpers = helpers
        .map(|(name, what)| item((*name).to_owned(), CompletionItemKind::FUNCTION, (*what).to_owned()));
    names.chain(helpers).collect()
}

/// The words that may be the value of a key.
fn words(document: &Document, tree: Option<&Node>, path: &[String], catalog: &Catalog) -> Vec<String> {
    let room: Vec<&str> = path.iter().map(String::as_str).collect();
    match room.as_slice() {
        ["api", "mode"] | ["models", "*", "mode"] => return mode_names(),
        ["extends"] => return catalog.files().1.into_iter().map(|entry| entry.id).collect(),
        ["region"] | ["test", "*", "region"] => return vocabulary::regions(document),
        // The schema has the words of `end`: what a run can end in.
        ["test", "*", "expect", "end"] => return schema_words(document, path),
        _ => {}
    }
    match room::of_value(&room, document.is_test) {
        Some(Room::State) if document.is_test => vocabulary::acting(document).map(str::to_owned).collect(),
        Some(Room::State) => vocabulary::states(document, tree),
        Some(Room::Code) => vocabulary::codes(document, tree),
        Some(Room::Unit) => UNITS.map(|(name, _)| name.to_owned()).to_vec(),
        Some(Room::PathOf(state)) => path::of_answers(document, state),
        Some(Room::PathOfSuccess) => path::that_lead_to_success(document),
        None => schema_words(document, path),
    }
}

fn schema_words(document: &Document, path: &[String]) -> Vec<String> {
    Schema::of(document.is_test).words(path).into_iter().map(str::to_owned).collect()
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
