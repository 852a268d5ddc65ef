//! HE605: two providers that read the same environment variable or file.

use std::collections::BTreeMap;

use super::CatalogueRule;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{At, InputSource, Provider};

/// HE605.
pub(super) static CODE: Code = Code::warning("HE605", "shared-source");

/// The rule.
pub(super) static RULE: CatalogueRule = CatalogueRule { code: &CODE, run };

fn run(providers: &[&Provider]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut first: BTreeMap<(&str, &str), (&str, &At<String>)> = BTreeMap::new();
    for provider in providers {
        for source in provider.inputs.values().flat_map(|input| &input.from) {
            let (kind, place) = match source {
                InputSource::Env(name) => ("environment variable", name),
                InputSource::File { path, .. } => ("file", path),
                InputSource::Command(_) => continue,
            };
            let (reader, other) = *first.entry((kind, &place.value)).or_insert((&provider.id, place));
            if reader != provider.id && other.span != place.span {
                findings.push(
                    Diagnostic::new(&CODE, place.span, format!("`{reader}` reads the {kind} `{}` too", place.value))
                        .also(other.span, "there")
                        .help("a key that serves two providers is sent to both: let one provider read it, or allow this with the reason"),
                );
            }
        }
    }
    findings
}
