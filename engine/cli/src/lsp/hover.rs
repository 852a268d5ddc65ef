//! What the word under the cursor means.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::cursor::{self, Cursor};
use super::document::Document;
use super::schema::Schema;
use super::{name, place};

/// The meaning of the word at a byte: of a key what the schema says, of a name what it resolves to.
pub(super) fn hover(document: &Document, offset: usize) -> Option<Hover> {
    let (start, end) = cursor::word(&document.text, offset, cursor::is_name);
    let text = match cursor::word_at(&document.text, offset, document.language) {
        Cursor::Elsewhere => None,
        Cursor::Key { mut table, written } | Cursor::Heading { mut table, written } => {
            table.push(written);
            Schema::of(document.is_test).describe(&table).map(str::to_owned)
        }
        Cursor::Value { written, .. } => {
            let provider = &document.read.as_ref()?.provider;
            let word = document.text.get(start..end)?;
            match cursor::template(&written) {
                Some(_) => name::describe(provider, word),
                None => name::state(provider, word),
            }
        }
    }?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text }),
        range: Some(place::range(&document.text, start..end)),
    })
}
