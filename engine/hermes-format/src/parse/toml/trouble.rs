//! What was meant where TOML's parser stopped.
//!
//! The parser says which sign it wanted; a person is to be told what to write. What a reader would get wrong: a guess is
//! made only from the words at the place, so what is not understood keeps the parser's own sentence.

mod sign;
mod value;

use super::super::around::{Line, Open, line_at, lines_before, open, without_comment};
use super::super::{Place, SYNTAX};
use crate::diagnostic::{Diagnostic, nearest};

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
        self.odd_blank()
            .or_else(|| self.comment())
            .or_else(|| self.curly())
            .or_else(|| self.colon())
            .or_else(|| self.equals())
            .or_else(|| self.path_as_key())
            .or_else(|| self.unclosed_text())
            .or_else(|| self.thousands())
            .or_else(|| self.last_comma())
            .or_else(|| self.one_too_many())
            .or_else(|| self.quote_in_text())
            .or_else(|| self.comma())
            .or_else(|| self.table_and_value())
            .or_else(|| self.bare_text())
            .or_else(|| self.no_number())
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

    /// `region = "global"` and `[region.cn]`
    fn table_and_value(&self) -> Option<Diagnostic> {
        if !self.is("cannot extend value of type") {
            return None;
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || ".]=".contains(c)).unwrap_or(self.rest.len());
        let name = self.rest.get(..end)?;
        let span = self.place.span(self.start, self.start + end);
        let finding =
            Diagnostic::new(&SYNTAX, span, format!("`{name}` has a value, and can't be a table too"));
        let value = lines_before(self.place.text, self.line.start)
            .find(|line| line.text.split('=').next().is_some_and(|key| key.trim() == name));
        let finding = match value {
            Some(line) => {
                let start = line.start + line.indent();
                finding.also(self.place.span(start, start + name.len()), "its value")
            }
            None => finding,
        };
        let headers = self.place.text.lines().filter_map(|line| line.trim_start().strip_prefix('['));
        let tables = headers.filter_map(|header| header.split(['.', ']']).next());
        let near = nearest(name, tables.filter(|table| *table != name).chain(["regions"]));
        let Some(near) = near.filter(|_| self.before.trim() == "[") else {
            return Some(finding.help("take one of the two out, or give it another name"));
        };
        let header = format!("[{near}{}", self.rest.get(end..)?.split(']').next()?);
        let is_free = !self.place.text.contains(&format!("{header}]"));
        let finding = finding.meant(near);
        Some(if is_free { finding.fix(span, near) } else { finding })
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
