//! `# check: allow HE401 -- reason` on the line above a finding silences it.
//!
//! What a reader would get wrong: an allowance is itself checked. One without a reason, or one that silences nothing, is a
//! finding, so that none outlives what it was written for.

use hermes_format::diagnostic::{BROUGHT, Code, Diagnostic, in_language_of_files, sort};
use hermes_format::load::UNKNOWN_FLOW;
use hermes_format::parse::SYNTAX;
use hermes_format::provider::lower;
use hermes_format::raw::read::{UNKNOWN_KEY, WRONG_TYPE};
use hermes_format::source::{FileId, Sources, Span};

/// HE007: an allowance without a reason or without a finding.
pub static IDLE_ALLOWANCE: Code = Code::warning("HE007", "idle-allowance");

/// An allowance of a file.
struct Allowance {
    /// The comment.
    span: Span,
    /// The line that it is for, counted from 1: the next that is no allowance.
    line: usize,
    /// The codes that it silences, and whether each silenced something.
    codes: Vec<(String, bool)>,
    /// Whether it says why.
    has_reason: bool,
}

/// Takes out the findings that their files allow, and reports those allowances of `files` that have no reason or no
/// finding, or a code that is none of `codes`. What remains is sorted by place.
///
/// An allowance in a flow silences its finding for every provider that extends it, and is judged where the flow is
/// checked by itself; one above `extends` silences what that brought, for one provider. What keeps a file from being
/// loaded can't be allowed.
pub fn apply_allowances(
    findings: Vec<Diagnostic>,
    sources: &Sources,
    files: &[FileId],
    codes: &[&Code],
) -> Vec<Diagnostic> {
    let mut allowances: Vec<Allowance> =
        sources.iter().flat_map(|(file, _)| of_file(sources, file)).collect();
    let mut left: Vec<Diagnostic> = findings
        .into_iter()
        .filter(|finding| !allowances.iter_mut().any(|allowance| allowance.silences(finding, sources)))
        .collect();
    left.extend(
        allowances
            .iter()
            .filter(|allowance| files.contains(&allowance.span.file))
            .filter_map(|allowance| idle(allowance, codes)),
    );
    sort(&mut left);
    in_language_of_files(&mut left, sources);
    left
}

/// The allowances of a text, as they are written: what somebody who trusts it lets pass.
pub fn allowances(text: &str) -> Vec<&str> {
    let comments = text.lines().map(str::trim);
    comments.filter(|comment| of_line(comment, FileId(0), 0).is_some()).collect()
}

impl Allowance {
    /// Whether it is for this finding; it is then used.
    fn silences(&mut self, finding: &Diagnostic, sources: &Sources) -> bool {
        let brought = finding.secondary.iter().filter(|label| label.text == BROUGHT).map(|label| label.span);
        let mut places = [finding.primary.span].into_iter().chain(brought);
        let is_here = self.has_reason
            && !hides_more(finding)
            && places.any(|place| self.span.file == place.file && self.line == sources.start_of(place).line);
        let code = self.codes.iter_mut().find(|(code, _)| code == finding.code.id).filter(|_| is_here);
        code.map(|(_, used)| *used = true).is_some()
    }
}

/// Whether a finding keeps its file from being made into what the rules look at: they may find more once it is mended. It
/// can't be allowed.
pub fn hides_more(finding: &Diagnostic) -> bool {
    let fatal = [&SYNTAX, &UNKNOWN_KEY, &WRONG_TYPE, &UNKNOWN_FLOW];
    fatal.into_iter().chain(lower::code::ALL).any(|code| code == finding.code)
}

fn idle(allowance: &Allowance, codes: &[&Code]) -> Option<Diagnostic> {
    if !allowance.has_reason || allowance.codes.is_empty() {
        return Some(
            Diagnostic::new(
                &IDLE_ALLOWANCE,
                allowance.span,
                "an allowance without a code or without a reason",
            )
            .help("write `# check: allow HE401 -- why it is right here`"),
        );
    }
    let (code, _) = allowance.codes.iter().find(|(_, used)| !used)?;
    let others = allowance.codes.len() > 1;
    let message = match (codes.iter().any(|known| known.id == code), others) {
        (false, _) => format!("there is no code `{code}`"),
        (true, true) => format!("an allowance for `{code}`, which is not found"),
        (true, false) => "an allowance for something that is not found".to_owned(),
    };
    Some(
        Diagnostic::new(&IDLE_ALLOWANCE, allowance.span, message)
            .help("take it out; it belongs on the line above the finding"),
    )
}

fn of_file(sources: &Sources, file: FileId) -> Vec<Allowance> {
    let text = sources.file(file).map_or("", |source| source.text.as_str());
    let mut allowances: Vec<Allowance> = Vec::new();
    let mut waiting = 0;
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match of_line(line.trim_end_matches(['\r', '\n']), file, start) {
            Some(allowance) => allowances.push(allowance),
            None => {
                allowances.iter_mut().skip(waiting).for_each(|allowance| allowance.line = number + 1);
                waiting = allowances.len();
            }
        }
        start += line.len();
    }
    allowances
}

fn of_line(line: &str, file: FileId, start: usize) -> Option<Allowance> {
    let comment = line.trim_start();
    let said =
        comment.strip_prefix('#')?.trim_start().strip_prefix("check:")?.trim_start().strip_prefix("allow")?;
    let (codes, reason) = said.split_once("--").unwrap_or((said, ""));
    let at = |offset: usize| u32::try_from(start + offset).unwrap_or(u32::MAX);
    Some(Allowance {
        span: Span { file, start: at(line.len() - comment.len()), end: at(line.len()) },
        line: 0,
        codes: codes
            .split([' ', ','])
            .filter(|code| !code.is_empty())
            .map(|code| (code.to_owned(), false))
            .collect(),
        has_reason: !reason.trim().is_empty(),
    })
}

#[cfg(test)]
mod tests;
