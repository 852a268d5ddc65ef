//! HE604: an id or an alias that is given twice.

use std::collections::BTreeMap;

use super::CatalogueRule;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Provider;
use hermes_format::source::Span;

/// HE604.
pub(super) static CODE: Code = Code::error("HE604", "clashing-name");

/// The rule.
pub(super) static RULE: CatalogueRule = CatalogueRule { code: &CODE, run };

fn run(providers: &[&Provider]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let ids: BTreeMap<&str, Span> = providers.iter().map(|p| (p.id.as_str(), p.span.part(0, 0))).collect();
    let mut taken: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for provider in providers {
        for alias in &provider.aliases {
            let name = alias.value.as_str();
            let said = |message: String| Diagnostic::new(&CODE, alias.span, message).help("take it out");
            if name == provider.id {
                findings.push(said(format!("`{name}` is the provider's own id")));
            } else if let Some(other) = ids.get(name) {
                findings
                    .push(said(format!("`{name}` is the id of another provider")).also(*other, "the other"));
            } else if let Some((id, other)) = taken.insert(name, (&provider.id, alias.span)) {
                let message = if id == provider.id {
                    format!("the alias `{name}` is given twice")
                } else {
                    format!("`{name}` is an alias of `{id}` too")
                };
                findings.push(said(message).also(other, "the other"));
            }
        }
    }
    findings
}
