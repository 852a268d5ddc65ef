//! Signs that TOML does not have, has no place for, or has too often.

use super::super::super::around::{entry_end, line_at, odd_blanks, open, slashes, without_comment};
use super::super::super::{SYNTAX, odd_blank};
use super::Trouble;
use super::value::written;
use crate::diagnostic::Diagnostic;

impl Trouble<'_, '_> {
    /// A no-break space between the words of a line.
    pub(super) fn odd_blank(&self) -> Option<Diagnostic> {
        odd_blank(self.place, self.line, &odd_blanks(self.line.text))
    }

    /// `// a comment`
    pub(super) fn comment(&self) -> Option<Diagnostic> {
        let is_first = self.before.trim().is_empty();
        let other = ["/*", ";"].into_iter().find(|sign| is_first && self.rest.starts_with(sign));
        let at =
            slashes(self.line.text).filter(|at| *at >= self.before.len() || self.before.trim().is_empty());
        let (at, sign) = at.map(|at| (at, "//")).or(other.map(|sign| (self.before.len(), sign)))?;
        let start = self.line.start + at;
        let span = self.place.span(start, start + sign.len());
        let finding =
            Diagnostic::new(&SYNTAX, span, format!("TOML has no comments that begin with `{sign}`"));
        let finding = finding.help("begin a comment with `#`; it ends with its line");
        // What closes a bracket would become a part of the comment.
        let is_sure = is_first || !self.line.text.get(at..)?.contains([']', '}']);
        Some(if is_sure && sign != "/*" { finding.fix(span, "#") } else { finding })
    }

    /// `region: "global"`
    pub(super) fn colon(&self) -> Option<Diagnostic> {
        let after = self.rest.strip_prefix(':').filter(|after| !after.starts_with("//"))?;
        if !(self.is("invalid unquoted key") || self.is("key with")) {
            return None;
        }
        let is_inside = !open(self.before).is_empty();
        let from = self.before.rfind(['{', ',']).filter(|_| is_inside).map_or(0, |at| at + 1);
        let key = self.before.get(from..)?.trim();
        let finding = self.say(self.start, self.start + 1, format!("TOML writes `{key} = …`, with no colon"));
        let after = after.strip_prefix('=').unwrap_or(after);
        let end = if is_inside { entry_end(after) } else { after.len() };
        let value = without_comment(after.get(..end)?).trim();
        let Some(value_meant) = written(value) else {
            return Some(finding.help(format!("write `{key} = VALUE`")));
        };
        let from = self.line.start + self.before.trim_end().len();
        let blanks = after.len() - after.trim_start().len();
        let to = self.line.start + self.line.text.len() - after.len() + blanks + value.len();
        Some(
            finding
                .help(format!("write `{key} = {value_meant}`"))
                .fix(self.place.span(from, to), format!(" = {value_meant}")),
        )
    }

    /// `region == "global"` and `status != 200`
    pub(super) fn equals(&self) -> Option<Diagnostic> {
        if self.rest.starts_with("!=") {
            let finding = self.say(self.start, self.start + 2, "TOML has no `!=`");
            return Some(
                finding.help("write `=`, and `unless` in the place of `if` where a value must not be"),
            );
        }
        if !(self.is("extra `=`") || self.is("extra assignment")) {
            return None;
        }
        let more = self.rest.len() - self.rest.trim_start_matches('=').len();
        let span = self.place.span(self.start, self.start + more);
        let finding = Diagnostic::new(&SYNTAX, span, "one `=` too many").help("write one");
        let value = self.rest.get(more..)?.trim_start();
        let is_sure = value.starts_with(|c: char| c.is_ascii_digit() || "\"'[{".contains(c));
        Some(if is_sure { finding.fix(span, "") } else { finding })
    }

    /// `name = "Acme",` and `["a"; "b"]`
    pub(super) fn last_comma(&self) -> Option<Diagnostic> {
        let sign = self.rest.chars().next().filter(|sign| matches!(sign, ',' | ';'))?;
        if sign == ';' && !open(self.before).is_empty() {
            let span = self.place.span(self.start, self.start + 1);
            let finding = Diagnostic::new(&SYNTAX, span, "TOML has `,` between two values, and no `;`");
            return Some(finding.help("write `,`").fix(span, ","));
        }
        let is_last = without_comment(self.rest.get(1..)?).trim().is_empty();
        if !(self.is("unexpected key or value") && is_last) {
            return None;
        }
        let message = format!("TOML has no `{sign}` at the end of a line like this");
        let from = self.line.start + self.before.trim_end().len();
        let finding = self.say(self.start, self.start + 1, message).help("take it out");
        Some(finding.fix(self.place.span(from, self.start + 1), ""))
    }

    /// `{ to = "success" }},`
    pub(super) fn one_too_many(&self) -> Option<Diagnostic> {
        let close = self.rest.chars().next().filter(|close| matches!(close, '}' | ']'))?;
        let is_here = ["missing comma", "unexpected key or value", "invalid inline table element"];
        is_here.iter().any(|message| self.is(message)).then(|| {
            let finding = self.say(self.start, self.start + 1, format!("one `{close}` too many"));
            finding.help("take it out, or write its other half where it begins")
        })
    }

    pub(super) fn comma(&self) -> Option<Diagnostic> {
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
}
