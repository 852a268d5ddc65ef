//! HE113: a code that is a slip away from one with a standard text.

use super::Rule;
use super::subject::Subject;
use crate::machine::code::{KNOWN, lookup};
use hermes_format::diagnostic::{Code, Diagnostic, slip};
use hermes_format::provider::Then;

/// HE113.
pub(super) static CODE: Code = Code::warning("HE113", "misspelt-code");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let rules = subject.active().flat_map(|(_, _, active)| &active.on);
    let codes = rules.filter_map(|rule| match &rule.then {
        Then::Fail { code, .. } => Some(code),
        Then::Go(_) => None,
    });
    // One that has a text is meant as it is.
    let own = codes.filter(|code| !subject.provider.errors.contains_key(&code.value));
    own.filter_map(|code| {
        let known = slip_of(&code.value)?;
        let message = format!("`{}` is no code that has a text", code.value);
        Some(Diagnostic::new(&CODE, code.span, message).meant(known))
    })
    .collect()
}

/// The code with a standard text that this one nearly is.
fn slip_of(code: &str) -> Option<&'static str> {
    let slips = KNOWN.iter().filter_map(|known| Some((slip(code, known.code)?, known.code)));
    slips.min().filter(|_| lookup(code).is_none()).map(|(_, known)| known)
}
