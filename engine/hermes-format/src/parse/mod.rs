//! Text to a tree of nodes that know their places, TOML and YAML alike.
//!
//! Nothing after this room knows which language a file was written in. What a reader would get wrong: the limits hold
//! for the *text*, before anything is known of its meaning, so [`parse`] can be given a file from anywhere.

mod around;
mod limits;
mod node;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

pub(crate) use limits::too_many;
pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_ENTRIES};
pub use node::{Entry, Node, Table, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// HE002: the text is not TOML, not YAML, or beyond what a file may hold.
pub static SYNTAX: Code = Code::error("HE002", "syntax");

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `.toml`, TOML 1.0.
    Toml,
    /// `.yaml` and `.yml`, YAML 1.2 without tags, anchors, aliases and merge keys.
    Yaml,
}

impl Language {
    /// The language of a file, by its name.
    pub fn of(name: &str) -> Language {
        let is_yaml = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
        if is_yaml { Language::Yaml } else { Language::Toml }
    }
}

/// Parses a file's text. The node is the file's outermost table; an empty file is an empty table.
///
/// # Errors
///
/// [`SYNTAX`] findings, each with its place: all of a TOML file's, the first of a YAML file's. Among them are texts beyond
/// [`MAX_BYTES`], nesting beyond [`MAX_DEPTH`], more than [`MAX_ENTRIES`] in a row, a key that is written twice, and control characters.
pub fn parse(text: &str, language: Language, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let place = Place::new(text, file);
    limits::check_text(&place)?;
    let node = match language {
        Language::Toml => toml::parse(&place),
        Language::Yaml => yaml::parse(&place),
    };
    let node = node.map_err(|findings| conflicts(&place).unwrap_or(findings))?;
    limits::check_node(&node)?;
    Ok(node)
}

/// The text that a parser sees, and where it stands in the file: a byte order mark is not part of it.
struct Place<'t> {
    file: FileId,
    text: &'t str,
    skipped: usize,
}

impl<'t> Place<'t> {
    fn new(whole: &'t str, file: FileId) -> Place<'t> {
        let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
        Place { file, text, skipped: whole.len() - text.len() }
    }

    /// The span of a range of the text, kept inside it and on characters' boundaries.
    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(self.boundary(at) + self.skipped).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(start), end: offset(end.max(start)) }
    }

    /// The span of a range, and of the word that begins there where the range is empty.
    fn word(&self, start: usize, end: usize) -> Span {
        let rest = self.slice(start.min(end), self.text.len());
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.span(start, if end > start { end } else { start + word })
    }

    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or("")
    }
}

/// The findings for what a merge left in the text, if it did: the parser's own only follow from it.
fn conflicts(place: &Place<'_>) -> Option<Vec<Diagnostic>> {
    let lines = place.text.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line.trim_end()))
    });
    let begins = lines.filter(|(_, line)| line.starts_with("<<<<<<< ")).take(limits::MAX_FINDINGS);
    let findings: Vec<_> = begins
        .map(|(at, line)| {
            let span = place.span(at, at + line.len());
            Diagnostic::new(&SYNTAX, span, "a conflict of a merge that nobody has settled").help(
                "keep one of the two versions, and take out the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`",
            )
        })
        .collect();
    (!findings.is_empty()).then_some(findings)
}

/// The finding for blanks of a line that no parser takes for one, as [`around::odd_blanks`] finds them.
fn odd_blank(place: &Place<'_>, line: around::Line<'_>, odd: &[(usize, char)]) -> Option<Diagnostic> {
    let ((first, c), (last, end)) = (*odd.first()?, *odd.last()?);
    let name = match c {
        '\u{a0}' | '\u{202f}' => "a no-break space".to_owned(),
        c => format!("the blank U+{:04X}", u32::from(c)),
    };
    let end = last + end.len_utf8();
    let plain = line.text.char_indices().filter(|(at, _)| (first..end).contains(at));
    let plain =
        plain.map(|(at, c)| if odd.binary_search(&(at, c)).is_ok() { ' ' } else { c }).collect::<String>();
    let start = line.start + first;
    let finding = Diagnostic::new(
        &SYNTAX,
        place.span(start, start + c.len_utf8()),
        format!("{name} where a plain blank is wanted"),
    );
    Some(finding.help("write a blank in its place").fix(place.span(start, line.start + end), plain))
}

/// The finding for a key that is written twice.
fn written_twice(key: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&SYNTAX, span, format!("`{key}` is written twice"))
        .help("write each table and each key once, with all that belongs to it")
}
