//! Signs that YAML has no place for, or misses.

use super::super::super::around::{Line, lines_before, odd_blanks, slashes, without_comment};
use super::super::super::odd_blank;
use super::Trouble;
use crate::diagnostic::Diagnostic;

impl Trouble<'_, '_> {
    /// A no-break space that indents a line or follows its colon; in a text it may stand.
    pub(super) fn odd_blank(&self) -> Option<Diagnostic> {
        let of_line = |line: Line<'_>| {
            let odd = odd_blanks(line.text).into_iter().filter(|(at, _)| {
                let before = line.text.get(..*at).unwrap_or_default().trim_end();
                let is_key = before.find(':').is_some_and(|at| at + 1 == before.len());
                before.is_empty() || is_key || before.trim_start() == "-"
            });
            odd_blank(self.place, line, &odd.collect::<Vec<_>>())
        };
        let before = lines_before(self.place.text, self.line.start).filter_map(of_line).last();
        before.or_else(|| of_line(self.line))
    }

    /// `// a comment` on a line of its own; behind a text it is a part of it.
    pub(super) fn comment(&self) -> Option<Diagnostic> {
        let before = lines_before(self.place.text, self.line.start).find(|line| !line.text.trim().is_empty());
        let is_comment = |line: &Line<'_>| slashes(line.text) == Some(line.indent());
        let line = [Some(self.line), before].into_iter().flatten().find(is_comment)?;
        let start = line.start + line.indent();
        let finding = self.say(start, start + 2, "YAML has no comments that begin with `//`");
        Some(finding.help("begin a comment with `#`").fix(self.place.span(start, start + 2), "#"))
    }

    /// `name: "Acme",`
    pub(super) fn last_comma(&self) -> Option<Diagnostic> {
        let words = without_comment(self.line.text).trim_end();
        let value = words.strip_suffix([',', ';'])?.trim_end();
        let sign = words.get(words.len() - 1..)?;
        let is_closed =
            value.ends_with(['"', '\'', ']', '}']) && self.start + 1 >= self.line.start + value.len();
        let end = self.line.start + words.len();
        (is_closed && !self.is("flow ")).then(|| {
            let finding =
                self.say(end - 1, end, format!("YAML has no `{sign}` at the end of a line like this"));
            finding.help("take it out").fix(self.place.span(self.line.start + value.len(), end), "")
        })
    }

    /// `{ to: success }},`
    pub(super) fn one_too_many(&self) -> Option<Diagnostic> {
        let close = self.is("misplaced bracket").then(|| self.place.slice(self.start, self.start + 1))?;
        let finding = self.say(self.start, self.start + 1, format!("one `{close}` too many"));
        Some(finding.help("take it out, or write its other half where it begins"))
    }

    /// `-{ to: poll }`
    pub(super) fn dash_without_blank(&self) -> Option<Diagnostic> {
        let rest = self.line.text.trim_start().strip_prefix('-').filter(|rest| {
            !rest.is_empty()
                && !rest.starts_with([' ', '-'])
                && (self.is("'-' indicator") || self.is("expected ':'"))
        })?;
        let after = self.line.start + self.line.text.len() - rest.len();
        let finding = self.say(after - 1, after, "a blank is missing after this `-`");
        Some(finding.help("write `- ` before each item of a list").fix(self.place.span(after, after), " "))
    }
}
