//! Values that are none in TOML: texts without quotes, words of other languages, numbers as people write them.

use super::super::super::SYNTAX;
use super::super::super::around::{open, without_comment};
use super::Trouble;
use crate::diagnostic::Diagnostic;

/// What a word without quotes was meant to be.
enum Word {
    True,
    False,
    Null,
    Text,
}

impl Word {
    fn of(word: &str) -> Word {
        match word.to_ascii_lowercase().as_str() {
            "true" | "yes" => Word::True,
            "false" | "no" => Word::False,
            "null" | "none" | "nil" => Word::Null,
            _ => Word::Text,
        }
    }
}

/// A value as TOML writes it; `None` where that is not certain.
pub(super) fn written(value: &str) -> Option<String> {
    let is_own = value.starts_with(['"', '\'', '[', '{']) || value.replace('_', "").parse::<f64>().is_ok();
    match Word::of(value) {
        Word::True => Some("true".to_owned()),
        Word::False => Some("false".to_owned()),
        Word::Null => None,
        Word::Text if value.is_empty() => None,
        Word::Text if is_own => Some(value.to_owned()),
        Word::Text => in_quotes(value),
    }
}

/// A text in quotes, where its beginning is no sign of another language and it has none that needs an escape.
fn in_quotes(text: &str) -> Option<String> {
    let is_text = !text.starts_with(['<', '>', '&', '|'])
        && !text.contains(['"', '\'', '\\', '`'])
        && !text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
    is_text.then(|| format!("\"{text}\""))
}

impl Trouble<'_, '_> {
    /// `region = global`
    pub(super) fn bare_text(&self) -> Option<Diagnostic> {
        let beginnings = [
            "string values must be quoted",
            "invalid boolean",
            "invalid float, expected `nan`",
            "invalid float, expected `inf`",
        ];
        let is_empty = self.before.trim_end().ends_with('=') && self.rest.starts_with([',', '}', ']']);
        if !is_empty && !beginnings.iter().any(|message| self.is(message)) {
            return None;
        }
        let text = self.rest.get(..self.bare_end())?.trim_end();
        if text.is_empty() {
            return Some(self.no_value());
        }
        let span = self.place.span(self.start, self.start + text.len());
        let say = |message: &str| Diagnostic::new(&SYNTAX, span, message);
        let finding = match Word::of(text) {
            Word::Null => return Some(say("TOML has no null").help("leave the key out")),
            Word::True => say("TOML writes `true`"),
            Word::False => say("TOML writes `false`"),
            Word::Text => say("a text needs quotes"),
        };
        let goes_on = self.rest.get(text.len()..)?.trim_start().starts_with('=') || text.contains(',');
        match written(text).filter(|_| !goes_on) {
            Some(meant) => {
                Some(finding.help(format!("write `{meant}`")).fix(self.value_span(text.len()), meant))
            }
            None => Some(finding.help("put all of it between quotes")),
        }
    }

    /// A number, date or time that is none: a UUID, a version, `1.`.
    pub(super) fn no_number(&self) -> Option<Diagnostic> {
        let is_number =
            ["invalid ", "`_` may only", "unexpected leading zero", "unexpected sign", "redundant "];
        if !is_number.iter().any(|message| self.is(message)) {
            return None;
        }
        let from = self.before.rfind(['=', ',', '[', '{'])? + 1;
        let from = from + self.before.get(from..)?.len() - self.before.get(from..)?.trim_start().len();
        let whole = self.line.text.get(from..)?;
        let end = whole.find(|c: char| c.is_whitespace() || ",]}#=".contains(c)).unwrap_or(whole.len());
        let value = whole
            .get(..end)
            .filter(|value| value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)))?;
        let start = self.line.start + from;
        let span = self.place.span(start, start + value.len());
        let is_text = value.contains(|c: char| c.is_alphabetic())
            || [".", "-", ":"].iter().any(|sign| value.trim_start_matches('-').matches(sign).count() > 1);
        match in_quotes(value).filter(|_| is_text) {
            Some(meant) => {
                let finding = Diagnostic::new(&SYNTAX, span, "a text needs quotes");
                Some(finding.help(format!("write `{meant}`")).fix(span, meant))
            }
            None => Some(Diagnostic::new(&SYNTAX, span, "this is no number of TOML").help(
                "write a whole number without zeros before it or a fraction as `0.5`; a text needs quotes",
            )),
        }
    }

    /// `context = 200,000`
    pub(super) fn thousands(&self) -> Option<Diagnostic> {
        let is_part = |c: char| c.is_ascii_digit() || c == ',';
        let before = self.before.trim_end();
        let head = before.trim_end_matches(is_part);
        let tail = if before.len() == self.before.len() { self.rest } else { "" };
        let tail = tail.len() - tail.trim_start_matches(is_part).len();
        let from = self.line.start + head.len();
        let number = self.place.slice(from, self.line.start + before.len() + tail).trim_end_matches(',');
        let (first, groups) = number.split_once(',').filter(|_| head.trim_end().ends_with('='))?;
        let is_number = matches!(first.len(), 1..=3)
            && !first.starts_with('0')
            && groups.split(',').all(|group| group.len() == 3);
        is_number.then(|| {
            let span = self.place.span(from, from + number.len());
            let meant = number.replace(',', "_");
            let finding = Diagnostic::new(&SYNTAX, span, "a number is written without commas");
            finding.help(format!("write `{meant}`")).fix(span, meant)
        })
    }

    /// Where the words of a value without quotes end: a value that stands alone in its line goes on to the line's end.
    fn bare_end(&self) -> usize {
        let is_alone = self.before.trim_end().ends_with('=') && open(self.before).is_empty();
        if !is_alone {
            return self.rest.find([',', ']', '}', '#', '=']).unwrap_or(self.rest.len());
        }
        let end = self.rest.find(['#', '=']).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default().trim_end().trim_end_matches([',', ';']).len()
    }

    /// The place of a value, with the comma or semicolon that ends its line but belongs to nothing.
    fn value_span(&self, length: usize) -> crate::source::Span {
        let after = self.rest.get(length..).unwrap_or_default();
        let is_alone = open(self.before).is_empty() && self.before.trim_end().ends_with('=');
        let is_last = after.starts_with([',', ';']) && without_comment(after).len() == 1;
        self.place.span(self.start, self.start + length + usize::from(is_alone && is_last))
    }

    fn no_value(&self) -> Diagnostic {
        let finding = self.say(self.start, self.start, "a value is missing");
        let next = self.place.slice(self.line.start + self.line.text.len(), self.place.text.len());
        let is_list = self.rest.trim().is_empty() && next.trim_start().starts_with(['{', '"']);
        finding.help(match is_list {
            true => "a list begins with `[` on the line of its `=`",
            false => "write it after the `=`",
        })
    }
}
