//! HE401: a secret in a URL, where logs and histories keep it.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::label_template;
use hermes_format::provider::{Act, Spot};

/// HE401.
pub(super) static CODE: Code = Code::warning("HE401", "secret-in-url");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let requests = subject.active().filter(|(_, _, active)| matches!(active.act, Act::Request(_)));
    let placed = requests.flat_map(|(_, state, _)| state.templates()).chain(provider.api_templates());
    let in_urls = placed.filter(|placed| matches!(placed.spot, Spot::Url | Spot::Query(_) | Spot::BaseUrl));
    in_urls
        .filter(|placed| label_template(placed.template, provider).is_secret())
        .map(|placed| {
            Diagnostic::new(&CODE, placed.template.span, "a secret in a URL, which servers and proxies log")
                .help("send it in a header, a form or `auth`, where the service allows that")
        })
        .collect()
}
