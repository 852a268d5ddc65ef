//! HE106: a text for an error code that nothing fails with.

use super::Rule;
use super::subject::Subject;
use crate::machine::code::KNOWN;
use hermes_format::diagnostic::{Code, Diagnostic, nearest};
use hermes_format::provider::Then;

/// HE106.
pub(super) static CODE: Code = Code::error("HE106", "unknown-error-code");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

/// Texts of the file itself, which slip in where `[errors]` is its last heading.
const OF_THE_FILE: [&str; 4] = ["name", "summary", "docs", "status_note"];

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut codes: Vec<&str> = KNOWN.iter().map(|known| known.code).collect();
    codes.extend(subject.active().flat_map(|(_, _, active)| &active.on).filter_map(
        |rule| match &rule.then {
            Then::Fail { code, .. } => Some(code.value.as_str()),
            Then::Go(_) => None,
        },
    ));
    let texts = subject.provider.errors.iter();
    let strange = texts.filter(|(code, text)| subject.is_own(text.span) && !codes.contains(&code.as_str()));
    strange
        .map(|(code, text)| {
            let finding = Diagnostic::new(&CODE, text.span, format!("nothing fails with `{code}`"));
            match nearest(code, codes.iter().copied()) {
                Some(meant) => finding.meant(meant).fix(text.span, meant),
                None if OF_THE_FILE.contains(&code.as_str()) => {
                    finding.help(format!("the file's own `{code}` stands at its top, outside of `errors`"))
                }
                None => finding.help("take the text out, or let a rule fail with this code"),
            }
        })
        .collect()
}
