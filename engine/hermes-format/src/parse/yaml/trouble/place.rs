//! Lines that stand where nothing like them can.

use super::super::super::SYNTAX;
use super::super::super::around::{Line, without_comment};
use super::super::depth::{self, Off};
use super::super::reads;
use super::Trouble;
use crate::diagnostic::Diagnostic;

impl Trouble<'_, '_> {
    /// A line that is indented as none of the keys around it.
    pub(super) fn indentation(&self) -> Option<Diagnostic> {
        let is_depth = [
            "did not find expected key",
            "sequence entries are not allowed",
            "mapping values",
            "document start",
            "'-' indicator",
        ];
        if !is_depth.iter().any(|part| self.is(part)) {
            return None;
        }
        let off = depth::off(self.place.text, self.start);
        let mend = |off: &&Off<'_>| {
            let mut text = self.place.text.to_owned();
            text.replace_range(off.line.start..off.line.start + off.line.indent(), &" ".repeat(off.wanted));
            reads(&text)
        };
        let mended = off.iter().find(mend);
        let Off { line, wanted, beside, or } = *mended.or(off.first())?;
        let start = line.start + line.indent();
        let name = |line: Line<'_>| {
            let words = without_comment(line.text).trim().trim_start_matches("- ").to_owned();
            words.split_once(':').map_or(words.clone(), |(key, _)| key.to_owned())
        };
        let (own, other) = (name(line), name(beside));
        let number = self.place.slice(0, beside.start).matches('\n').count() + 1;
        let or = or.map_or(String::new(), |or| format!(", or by {}", blanks(or)));
        let own_start = start + self.place.slice(start, line.end()).find(&own)?;
        let other_start = beside.start + beside.text.find(&other)?;
        let finding = self
            .say(
                own_start,
                own_start + own.len(),
                format!("`{own}` is not indented as what stands beside it"),
            )
            .also(self.place.span(other_start, other_start + other.len()), "beside this")
            .help(format!("indent it by {}, as `{other}` in line {number} is{or}", blanks(wanted)));
        let is_sure = mended.is_some() && or.is_empty();
        Some(if is_sure {
            finding.fix(self.place.span(line.start, start), " ".repeat(wanted))
        } else {
            finding
        })
    }

    /// A line at the wrong depth, or of the wrong kind for where it stands.
    pub(super) fn misplaced(&self) -> Option<Diagnostic> {
        let start = self.line.start + self.line.indent();
        let word = self.place.slice(start, self.line.end());
        let key = word.split_once(':').map(|(key, _)| key.trim_start_matches("- "));
        let span = |length: usize| self.place.span(start, start + length);
        let say = |length: usize, message: String| Diagnostic::new(&SYNTAX, span(length), message);
        if self.is("'-' indicator") {
            let name = key.unwrap_or(word);
            return Some(
                say(name.len(), format!("`{name}` stands beside the items of a list, in none of them"))
                    .help("indent it as far as the other keys of its item, or begin an item with `- `"),
            );
        }
        if self.is("did not find expected key") || self.is("sequence entries are not allowed") {
            return Some(say(word.len(), "an item of a list where a key is wanted".to_owned()).help(
                "a list stands under its key, each item on a line of its own that begins with `- `; a table has keys alone",
            ));
        }
        if self.is("mapping values") || self.is("document start") {
            let name = key?;
            return Some(
                say(name.len(), format!("`{name}` is not indented as the keys around it are"))
                    .help("keys of one table are indented alike, those of a table in it by two blanks more"),
            );
        }
        None
    }
}

/// A number of blanks in words.
fn blanks(count: usize) -> String {
    match count {
        0 => "no blank".to_owned(),
        1 => "one blank".to_owned(),
        count => format!("{count} blanks"),
    }
}
