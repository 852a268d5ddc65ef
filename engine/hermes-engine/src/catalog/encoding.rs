//! The text of a file on disk, and what is said of one that is not UTF-8.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::parse::SYNTAX;
use hermes_format::source::{Sources, Span};

/// More than any provider file may have; what is longer is refused when it is parsed.
const READ_LIMIT: u64 = 1024 * 1024;

/// A file that is not UTF-8.
#[derive(Debug, thiserror::Error)]
#[error("it is not UTF-8 at byte {at}")]
struct NotUtf8 {
    /// The path, as a person calls it.
    name: String,
    /// Its text, with `U+FFFD` for what is none.
    text: String,
    /// The first byte that is no text.
    at: usize,
}

/// The text of a file, which is called by this path, cut where it is too long to be a provider file.
pub(super) fn read_text(file: File, path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() as u64 == READ_LIMIT;
    String::from_utf8(bytes).or_else(|error| {
        let (fault, bytes) = (error.utf8_error(), error.into_bytes());
        let text = String::from_utf8_lossy(&bytes);
        let at = fault.valid_up_to();
        // The cut may go through a character.
        if is_cut && fault.error_len().is_none() {
            return Ok(text.get(..at).unwrap_or_default().to_owned());
        }
        let name = path.display().to_string();
        Err(io::Error::new(io::ErrorKind::InvalidData, NotUtf8 { name, text: text.into_owned(), at }))
    })
}

/// The finding about a file that could not be read because it is not UTF-8; `None` where that is not why.
pub(super) fn finding(error: &io::Error, sources: &mut Sources) -> Option<Diagnostic> {
    let fault = error.get_ref()?.downcast_ref::<NotUtf8>()?;
    let start = u32::try_from(fault.at).ok()?;
    let stand_in = u32::try_from(char::REPLACEMENT_CHARACTER.len_utf8()).ok()?;
    let file = sources.add(&fault.name, &fault.text);
    let span = Span { file, start, end: start.saturating_add(stand_in) };
    Some(
        Diagnostic::new(&SYNTAX, span, "a file is UTF-8, and this is none")
            .help("save the file as UTF-8, without the words in another encoding"),
    )
}
