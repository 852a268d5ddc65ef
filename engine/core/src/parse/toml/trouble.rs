//! What was meant where TOML's parser stopped.
//!
//! The parser says which sign it wanted; a person is to be told what to write. What a reader would get wrong: a guess is
//! made only from the words at the place, so what is not understood keeps the parser's own sentence.

use super::super::around::{Line, Open, line_at, open, without_comment};
use super::super::{Place, SYNTAX};
use crate::diagnostic::Diagnostic;

/// An error of the parser's, with the text around it.
pub(super) struct Trouble<'p, 't> {
    place: &'p Place<'t>,
    message: &'p str,
    start: usize,
    /// The words from the place on, to the end of the line.
    rest: &'t str,
    /// The words before the place in its line.
    before: &'t str,
    line: Line<'t>,
}

impl<'p, 't> Trouble<'p, 't> {
    pub(super) fn new(place: &'p Place<'t>, message: &'p str, start: usize) -> Trouble<'p, 't> {
        let line = line_at(place.text, start);
        let (before, rest) = line.text.split_at_checked(start - line.start).unwrap_or((line.text, ""));
        Trouble { place, message, start, rest, before, line }
    }

    /// The finding in words of the file, where the words at the place show what was meant.
    pub(super) fn finding(&self) -> Option<Diagnostic> {
        self.curly()
            .or_else(|| self.colon())
            .or_else(|| self.path_as_key())
            .or_else(|| self.unclosed_text())
            .or_else(|| self.quote_in_text())
            .or_else(|| self.comma())
            .or_else(|| self.bare_text())
            .or_else(|| self.hint())
    }

    fn say(&self, start: usize, end: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&SYNTAX, self.place.span(start, end), message)
    }

    fn is(&self, beginning: &str) -> bool {
        self.message.starts_with(beginning)
    }

    fn curly(&self) -> Option<Diagnostic> {
        let inner = self.rest.strip_prefix(['“', '”', '„', '‘', '’'])?;
        let close = inner.find(['”', '“', '’', '‘']);
        let text = close.and_then(|at| inner.get(..at)).unwrap_or(without_comment(inner));
        let length = close.and_then(|at| Some(at + inner.get(at..)?.chars().next()?.len_utf8()));
        let end = self.line.start
            + self.before.len()
            + (self.rest.len() - inner.len())
            + length.unwrap_or(text.len());
        let finding = self.say(self.start, end, "these are not straight quotes");
        let straight = format!("\"{text}\"");
        Some(finding.help(format!("write `{straight}`")).fix(self.place.span(self.start, end), straight))
    }

    /// `region: "global"`
    fn colon(&self) -> Option<Diagnostic> {
        let value =
            self.rest.strip_prefix(':').filter(|_| self.is("invalid unquoted key") || self.is("key with"))?;
        let key = self.before.trim();
        let finding = self.say(self.start, self.start + 1, format!("TOML writes `{key} = …`, with no colon"));
        let from = self.line.start + self.before.trim_end().len();
        let to = self.line.end() - value.trim().len();
        let value = without_comment(value.trim());
        let is_bare = value.starts_with(|c: char| c.is_alphabetic()) && !matches!(value, "true" | "false");
        let quoted = if is_bare { format!("\"{value}\"") } else { value.to_owned() };
        Some(
            finding
                .help(format!("write `{key} = {quoted}`"))
                .fix(self.place.span(from, to.max(self.start + 1)), " = "),
        )
    }

    /// `{ $.status = "error" }`
    fn path_as_key(&self) -> Option<Diagnostic> {
        let end = self.rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(self.rest.len());
        let path =
            self.rest.get(..end).filter(|path| path.starts_with('$') && self.is("invalid unquoted key"))?;
        let span = self.place.span(self.start, self.start + end);
        let quoted = format!("\"{path}\"");
        let finding = Diagnostic::new(&SYNTAX, span, "a JSONPath as a key needs quotes");
        Some(finding.help(format!("write `{quoted}`")).fix(span, quoted))
    }

    fn unclosed_text(&self) -> Option<Diagnostic> {
        if self.is("invalid multi-line") {
            let at = self.place.text.rfind("\"\"\"").or_else(|| self.place.text.rfind("'''"))?;
            return Some(
                self.say(at, at + 3, "the text is not closed").help("write the same three quotes at its end"),
            );
        }
        let Open { at, with } = open(self.before).pop().filter(|open| {
            matches!(open.with, '"' | '\'')
                && (self.is("invalid basic string") || self.is("invalid literal string"))
        })?;
        let at = self.line.start + at;
        Some(
            self.say(at, self.line.end(), "the text is not closed")
                .help(format!("write `{with}` at its end")),
        )
    }

    /// `"a "b" c"`
    fn quote_in_text(&self) -> Option<Diagnostic> {
        let quote = self.before.chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
        if !(self.is("unexpected key or value") || self.is("missing comma")) {
            return None;
        }
        let help = if quote == '"' {
            "write a quote that belongs to the text as `\\\"`, or put the text between single quotes"
        } else {
            "put a text that holds a single quote between double quotes"
        };
        Some(self.say(self.start - 1, self.start, "the text ends at this quote, and more follows").help(help))
    }

    fn comma(&self) -> Option<Diagnostic> {
        if !self.is("missing comma") {
            return None;
        }
        let before = self.place.slice(0, self.start);
        let end = before.trim_end().len();
        let finding = Diagnostic::new(
            &SYNTAX,
            self.place.word(self.start, self.start),
            "a comma is missing before this",
        );
        let line = line_at(self.place.text, end);
        let finding = finding.help("write a comma between two values, and after each rule of a list");
        let is_sure = !line.text.contains('#');
        Some(if is_sure { finding.fix(self.place.span(end, end), ",") } else { finding })
    }

    /// `region = global`
    fn bare_text(&self) -> Option<Diagnostic> {
        let is_boolean = self.is("invalid boolean");
        if !(self.is("string values must be quoted") || is_boolean) {
            return None;
        }
        if self.rest.trim().is_empty() {
            let finding = self.say(self.start, self.start, "a value is missing");
            let next = self.place.slice(self.line.start + self.line.text.len(), self.place.text.len());
            return Some(match next.trim_start().starts_with(['{', '"']) {
                true => finding.help("a list begins with `[` on the line of its `=`"),
                false => finding.help("write it after the `=`"),
            });
        }
        let end = self.rest.find([',', ']', '}', '#', '=']).unwrap_or(self.rest.len());
        let text = self.rest.get(..end)?.trim_end();
        let span = self.place.span(self.start, self.start + text.len());
        let say = |message: &str| Diagnostic::new(&SYNTAX, span, message);
        let (finding, meant) = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" => (say("TOML writes `true`"), "true".to_owned()),
            "false" | "no" => (say("TOML writes `false`"), "false".to_owned()),
            "null" | "none" => return Some(say("TOML has no null").help("leave the key out")),
            _ => (say("a text needs quotes"), format!("\"{text}\"")),
        };
        if text.contains(['"', '\'', '\\', '`']) || self.rest.get(end..)?.starts_with('=') {
            return Some(finding.help("put all of it between quotes"));
        }
        Some(finding.help(format!("write `{meant}`")).fix(span, meant))
    }

    /// The parser's own sentence, and what to do.
    fn hint(&self) -> Option<Diagnostic> {
        let word = self.place.word(self.start, self.start);
        let say = |message: &str, help: &str| Some(Diagnostic::new(&SYNTAX, word, message).help(help));
        match self.message {
            m if m.starts_with("key with no value") && self.before.trim() == "-" => {
                say("`- ` begins an item in YAML", "TOML writes a list as `[…, …]`")
            }
            m if m.starts_with("key with no value") => {
                say("a key without a value", "write `KEY = VALUE`; a key of several words needs quotes")
            }
            m if m.starts_with("extra `=`") => say("one `=` too many", "write one"),
            m if m.starts_with("missing table open") => {
                say("nothing is open that this closes", "take it out, or write `[` where its list begins")
            }
            m if m.starts_with("invalid key-value pair") => say(
                "this belongs to no key",
                "write `KEY = ` before it, or `[` at the end of the line where its list begins",
            ),
            m if m.starts_with("missing escaped value") => say(
                "no escape of TOML",
                "write `\\\\` for a backslash, or put the text between single quotes",
            ),
            m if m.starts_with("unclosed table") || m.starts_with("unclosed array table") => Some(
                self.say(self.line.start, self.line.end(), "the header is not closed")
                    .help("write `]` at its end"),
            ),
            m if m.starts_with("unexpected key or value") => {
                say("a line holds one key and its value; this is more", "begin a new line, or take it out")
            }
            m if m.starts_with("missing key for inline") && self.rest.starts_with('{') => {
                say("a text that begins with `{{` needs quotes", "write `\"{{…}}\"`")
            }
            _ => None,
        }
    }
}

/// The bracket that a file never closes.
pub(super) fn unclosed_bracket(place: &Place<'_>) -> Option<(usize, Diagnostic)> {
    let Open { at, with } = *open(place.text).first().filter(|open| matches!(open.with, '[' | '{'))?;
    let close = if with == '[' { ']' } else { '}' };
    let finding = Diagnostic::new(&SYNTAX, place.span(at, at + 1), format!("this `{with}` is not closed"));
    Some((at, finding.help(format!("write `{close}` where it ends"))))
}

/// Whether a line begins with a key and its `=`, or is a header.
pub(super) fn is_statement(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'');
    line.starts_with('[') || line.starts_with(is_key)
}
