//! HE202: a field of an answer that is not there yet.

use super::Rule;
use hermes_format::diagnostic::Code;

/// HE202.
pub(super) static CODE: Code = Code::error("HE202", "used-before-run");

/// The rule; the work is done by [`super::proof`].
pub(super) static RULE: Rule = Rule {
    code: &CODE,
    run: |subject| subject.proof.iter().filter(|finding| finding.code == &CODE).cloned().collect(),
};
