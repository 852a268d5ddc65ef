//! HE603: nothing to choose after a login.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Status;

/// HE603.
pub(super) static CODE: Code = Code::warning("HE603", "no-models");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let has_models = !provider.models.is_empty() || provider.api.models.is_some();
    if subject.flow || has_models || provider.status == Status::Discontinued {
        return Vec::new();
    }
    vec![
        Diagnostic::new(&CODE, subject.top(), "no models: there is nothing to choose after a login")
            .help("add `models = [\"…\"]`, the first is the default, or `api.models = \"…\"` where the provider lists them"),
    ]
}
