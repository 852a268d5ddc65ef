//! What was meant where YAML's parser stopped.
//!
//! The parser names the rule of its grammar that it could not end; a person is to be told what to write. What a reader would
//! get wrong: the parser stops *after* the mistake, often lines after it, so most guesses look back.

mod place;
mod sign;

use super::super::around::{Line, Open, entry_end, line_at, lines_before, open, without_comment};
use super::super::{Place, SYNTAX};
use crate::diagnostic::Diagnostic;

/// An error of the parser's, with the text around it.
pub(super) struct Trouble<'p, 't> {
    place: &'p Place<'t>,
    message: &'p str,
    start: usize,
    line: Line<'t>,
}

impl<'p, 't> Trouble<'p, 't> {
    pub(super) fn new(place: &'p Place<'t>, message: &'p str, start: usize) -> Trouble<'p, 't> {
        Trouble { place, message, start, line: line_at(place.text, start) }
    }

    /// The finding in words of the file, where the text shows what was meant.
    pub(super) fn finding(&self) -> Option<Diagnostic> {
        self.odd_blank()
            .or_else(|| self.tab())
            .or_else(|| self.comment())
            .or_else(|| self.template())
            .or_else(|| self.no_beginning())
            .or_else(|| self.unclosed_quote())
            .or_else(|| self.last_comma())
            .or_else(|| self.quote_in_text())
            .or_else(|| self.escape())
            .or_else(|| self.unclosed_bracket())
            .or_else(|| self.one_too_many())
            .or_else(|| self.dash_without_blank())
            .or_else(|| self.indentation())
            .or_else(|| self.no_colon())
            .or_else(|| self.colon_in_text())
            .or_else(|| self.misplaced())
    }

    fn is(&self, part: &str) -> bool {
        self.message.contains(part)
    }

    fn say(&self, start: usize, end: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&SYNTAX, self.place.span(start, end), message)
    }

    /// A finding whose mend is to put the words from `start` to `end` between quotes.
    fn quoted(&self, start: usize, end: usize, message: String) -> Diagnostic {
        let text = self.place.slice(start, end);
        let finding = self.say(start, end, message);
        if text.contains(['"', '\\', '`']) {
            return finding.help("put the whole text between single quotes");
        }
        let quoted = format!("\"{text}\"");
        finding.help(format!("write `{quoted}`")).fix(self.place.span(start, end), quoted)
    }

    fn tab(&self) -> Option<Diagnostic> {
        let at = self.line.text.find('\t').filter(|_| self.is("tabs disallowed"))?;
        let at = self.line.start + at;
        Some(self.say(at, at + 1, "a tab in the indentation").help("indent with blanks"))
    }

    /// `post: {{portal}}/x`
    fn template(&self) -> Option<Diagnostic> {
        let at = [self.start, self.start.checked_sub(1)?];
        let start = at.into_iter().find(|at| self.place.slice(*at, at + 2) == "{{")?;
        let rest = self.place.slice(start, self.line.start + self.line.text.len());
        let after = rest.find("}}")? + 2;
        let is_inside = !open(self.place.slice(self.line.start, start)).is_empty();
        let end = match rest.get(after..)?.find([',', '}', ']']).filter(|_| is_inside) {
            Some(more) => rest.get(..after + more)?.trim_end().len(),
            None => without_comment(rest).len(),
        };
        Some(self.quoted(start, start + end, "a text that begins with `{{` needs quotes".to_owned()))
    }

    /// A text that begins with a sign that YAML has taken.
    fn no_beginning(&self) -> Option<Diagnostic> {
        let sign = self.place.slice(self.start, self.place.text.len()).chars().next()?;
        let is_sign = match sign {
            '`' | '@' | '%' => self.is("unexpected character"),
            '*' => self.is("unknown anchor") || self.is("scanning an anchor"),
            '&' => self.is("scanning an anchor"),
            '>' | '|' => self.is("scanning a block scalar"),
            _ => false,
        };
        let name = if sign == '`' { "a backtick".to_owned() } else { format!("`{sign}`") };
        let rest = without_comment(self.place.slice(self.start, self.line.start + self.line.text.len()));
        let is_inside = !open(self.place.slice(self.line.start, self.start)).is_empty();
        let rest = rest.get(..if is_inside { entry_end(rest) } else { rest.len() })?.trim_end();
        is_sign.then(|| {
            let message = format!("a text that begins with {name} needs quotes");
            let finding = self.quoted(self.start, self.start + rest.len(), message);
            // A sign of its own meaning may have been meant.
            if sign == '`' || sign == '@' || sign == '%' {
                finding
            } else {
                Diagnostic { fix: None, ..finding }
            }
        })
    }

    fn unclosed_quote(&self) -> Option<Diagnostic> {
        let looks_back = self.is("multiline quoted scalar")
            || self.is("trailing content")
            || self.is("quoted scalar, found unexpected");
        if !looks_back {
            return None;
        }
        let own = self.is("quoted scalar, found unexpected").then_some(self.line);
        let found = own.into_iter().chain(lines_before(self.place.text, self.line.start)).take(LOOKED_AT);
        let found = found.map(|line| (line, open(line.text).pop()));
        let (line, quote) = found.into_iter().find(|(line, _)| !line.text.trim().is_empty())?;
        let Open { at, with } = quote.filter(|open| matches!(open.with, '"' | '\''))?;
        let finding = self.say(line.start + at, line.start + at + 1, "this quote is not closed");
        Some(finding.help(format!("write `{with}` at the end of the text")))
    }

    /// `"a "b" c"`
    fn quote_in_text(&self) -> Option<Diagnostic> {
        let before = self.place.slice(self.line.start, self.start).trim_end();
        let quote =
            before.chars().next_back().filter(|c| matches!(c, '"' | '\'') && self.is("trailing content"))?;
        let at = self.line.start + before.len() - 1;
        let help = if quote == '"' {
            "write a quote that belongs to the text as `\\\"`, or put the text between single quotes"
        } else {
            "write a quote that belongs to the text twice, or put the text between double quotes"
        };
        Some(self.say(at, at + 1, "the text ends at this quote, and more follows").help(help))
    }

    fn escape(&self) -> Option<Diagnostic> {
        self.is("unknown escape").then(|| {
            let text = self.place.slice(self.start, self.line.start + self.line.text.len());
            let known = "0abtnvfre \"/\\N_LPxuU\t";
            let pairs = text.char_indices().zip(text.chars().skip(1));
            let bad = pairs.into_iter().find(|((_, c), next)| *c == '\\' && !known.contains(*next));
            let (start, end) = bad.map_or((0, 1), |((at, _), next)| (at, at + 1 + next.len_utf8()));
            self.say(self.start + start, self.start + end, "no escape of YAML")
                .help("write `\\\\` for a backslash, or put the text between single quotes")
        })
    }

    fn unclosed_bracket(&self) -> Option<Diagnostic> {
        let is_inside = ["flow mapping", "flow sequence", "illegal placement of ':'", "unclosed bracket"];
        if !is_inside.iter().any(|part| self.is(part)) {
            return None;
        }
        let end = if self.is("unclosed") { self.place.text.len() } else { self.start };
        let Open { at, with } =
            *open(self.place.slice(0, end)).iter().rfind(|open| matches!(open.with, '[' | '{'))?;
        let close = if with == '[' { ']' } else { '}' };
        if at >= self.line.start && !self.is("unclosed") {
            let before = self.place.slice(at, self.start).trim_end();
            let word = before.rfind([' ', ',', '{', '[']).map_or(0, |i| i + 1);
            let word = if before.len() > word && self.place.slice(self.start, self.start + 1) == ":" {
                at + word
            } else {
                self.start
            };
            let finding =
                Diagnostic::new(&SYNTAX, self.place.word(word, word), "a comma is missing before this");
            return Some(
                finding
                    .help(format!("write a comma between two entries, or `{close}` where the `{with}` ends")),
            );
        }
        Some(
            self.say(at, at + 1, format!("this `{with}` is not closed"))
                .help(format!("write `{close}` where it ends")),
        )
    }

    /// `region = global` and `region:global`
    fn no_colon(&self) -> Option<Diagnostic> {
        if !(self.is("simple key") || self.is("mapping values")) {
            return None;
        }
        let own = without_comment(self.line.text);
        let here = keyed(own).filter(|_| self.is("simple key")).map(|found| (self.line, found));
        let (line, (key, value)) = here.or_else(|| {
            // The parser took the line before for a part of this one's key.
            let before =
                lines_before(self.place.text, self.line.start).find(|line| !line.text.trim().is_empty())?;
            keyed(without_comment(before.text)).map(|found| (before, found))
        })?;
        let start = line.start + line.indent();
        let end = line.start + without_comment(line.text).len();
        let meant = format!("{key}: {value}");
        let finding = self.say(start, end, format!("YAML writes `{key}: …`, with a colon and a blank"));
        Some(finding.help(format!("write `{meant}`")).fix(self.place.span(start, end), meant))
    }

    /// `summary: Acme: the second`
    fn colon_in_text(&self) -> Option<Diagnostic> {
        let before = self.place.slice(self.line.start, self.start);
        let value = before.find(": ").filter(|_| self.is("mapping values"))? + 2;
        let value = value + before.get(value..)?.len() - before.get(value..)?.trim_start().len();
        let end = without_comment(self.line.text).len();
        let (start, end) = (self.line.start + value, self.line.start + end);
        Some(self.quoted(start, end, "a `: ` inside a text needs quotes".to_owned()))
    }
}

/// As many lines before the parser's place are looked at.
const LOOKED_AT: usize = 8;

/// The key and the value of a line that was meant to be `key: value`.
fn keyed(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (key, value) = line.split_once('=').or_else(|| line.split_once(':'))?;
    let (key, value) = (key.trim_end(), value.trim_start());
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_key) && !value.is_empty() && !line.contains(": "))
        .then_some((key, value))
}

/// Where a key that is written twice was written before in the same table.
pub(super) fn first_of(place: &Place<'_>, key: &str, start: usize) -> Option<(usize, usize)> {
    let line = line_at(place.text, start);
    let indent = start - line.start;
    if place.slice(line.start, start).trim_start_matches([' ', '-']).is_empty() {
        for line in lines_before(place.text, line.start) {
            let text = line.text.trim_start_matches([' ', '-']);
            let own = line.text.len() - text.len();
            if text.is_empty() || text.starts_with('#') || own > indent {
                continue;
            }
            if own < indent {
                return None;
            }
            if text.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')) {
                return Some((line.start + own, line.start + own + key.len()));
            }
        }
    }
    None
}
