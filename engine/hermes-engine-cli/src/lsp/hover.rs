//! What the word under the cursor means.

use hermes_format::provider::Provider;
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::cursor::{self, Cursor};
use super::document::Document;
use super::room::{self, Room};
use super::schema::Schema;
use super::{meaning, name, path, place};

/// The meaning of the word at a byte: of a key what the schema says, of a name, a path or a code what is known of it.
pub(super) fn hover(document: &Document, offset: usize) -> Option<Hover> {
    let cursor = cursor::word_at(&document.text, offset, document.language);
    let (text, (start, end)) = of_path(document, offset, &cursor)
        .or_else(|| Some((of_word(document, offset, &cursor)?, word(document, offset))))?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text }),
        range: Some(place::range(&document.text, start..end)),
    })
}

fn word(document: &Document, offset: usize) -> (usize, usize) {
    cursor::word(&document.text, offset, cursor::is_name)
}

/// A JSONPath, with its place.
fn of_path(document: &Document, offset: usize, cursor: &Cursor) -> Option<(String, (usize, usize))> {
    let (query, at) = cursor::json_path(&document.text, offset)?;
    let provider = &document.read.as_ref()?.provider;
    let text = match room::of(cursor, document.is_test)? {
        Room::PathOf(state) => path::describe(provider, state, query.steps())?,
        Room::PathOfSuccess => path::describe_of_success(provider, query.steps()),
        _ => return None,
    };
    Some((text, at))
}

fn of_word(document: &Document, offset: usize, cursor: &Cursor) -> Option<String> {
    let provider = document.read.as_ref().map(|read| &*read.provider);
    let (start, end) = word(document, offset);
    let word = document.text.get(start..end)?;
    match cursor {
        Cursor::Elsewhere => None,
        Cursor::Key { table, written } | Cursor::Heading { table, written } => {
            let own = room::of(cursor, document.is_test).and_then(|room| of_room(provider?, &room, written));
            let path: Vec<String> = table.iter().chain([written]).cloned().collect();
            own.or_else(|| Schema::of(document.is_test).describe(&path).map(str::to_owned))
        }
        Cursor::Value { written, .. } if cursor::template(written).is_some() => {
            let helper = cursor::is_head(written).then(|| meaning::helper(word)).flatten();
            helper.map(str::to_owned).or_else(|| name::describe(provider?, word))
        }
        Cursor::Value { .. } => match room::of(cursor, document.is_test)? {
            Room::Unit => meaning::unit(word).map(str::to_owned),
            room => of_room(provider?, &room, word),
        },
    }
}

fn of_room(provider: &Provider, room: &Room<'_>, word: &str) -> Option<String> {
    match room {
        Room::State => name::state(provider, word),
        Room::Code => meaning::error(provider, word),
        Room::Unit | Room::PathOf(_) | Room::PathOfSuccess => None,
    }
}
