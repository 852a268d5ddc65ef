//! HE607: a provider that people know by its id alone.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE607.
pub(super) static CODE: Code = Code::warning("HE607", "nameless");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    // A provider without a name is called by its id.
    if subject.flow || provider.name != provider.id {
        return Vec::new();
    }
    vec![
        Diagnostic::new(&CODE, subject.top(), format!("`{}` has no name of its own", provider.id))
            .help("add `name = \"…\"`: what a person calls the service"),
    ]
}
