//! HE608: a model that is given twice, or a second one for auxiliary tasks.

use std::collections::BTreeMap;

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::source::Span;

/// HE608.
pub(super) static CODE: Code = Code::error("HE608", "repeated-model");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let models = &subject.provider.models;
    let mut findings = Vec::new();
    let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
    for model in models {
        for name in std::iter::once(&model.id).chain(&model.aliases) {
            if let Some(first) = taken.insert(name, model.span) {
                findings.push(
                    Diagnostic::new(&CODE, model.span, format!("the model `{name}` is given twice"))
                        .also(first, "the first")
                        .help("take one of them out"),
                );
            }
        }
    }
    let mut small = models.iter().filter(|model| model.aux);
    if let Some(first) = small.next() {
        findings.extend(small.map(|second| {
            Diagnostic::new(
                &CODE,
                second.span,
                format!("`{}` is a second model for auxiliary tasks", second.id),
            )
            .also(first.span, "the first")
            .help("write `aux = true` for one model")
        }));
    }
    findings
}
