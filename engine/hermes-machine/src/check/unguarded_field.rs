//! HE203: a field that no rule guaranteed on some way.

use super::Rule;
use hermes_format::diagnostic::Code;

/// HE203.
pub(super) static CODE: Code = Code::error("HE203", "unguarded-field");

/// The rule; the work is done by [`super::proof`].
pub(super) static RULE: Rule = Rule {
    code: &CODE,
    run: |subject| subject.proof.iter().filter(|finding| finding.code == &CODE).cloned().collect(),
};
