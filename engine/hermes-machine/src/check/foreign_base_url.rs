//! HE606: a token that is sent to hosts that had no part in the login.

use super::Rule;
use super::host::{hosts, related};
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE606.
pub(super) static CODE: Code = Code::warning("HE606", "foreign-base-url");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let mut findings = Vec::new();
    for url in provider.api_urls() {
        let foreign = provider.regions_or_none().into_iter().find_map(|region| {
            let mut own: Vec<String> =
                provider.request_urls().flat_map(|url| hosts(subject, url, region)).collect();
            // A key is made by nobody here: it belongs to where most of its requests go.
            if own.is_empty() {
                own.extend(provider.api.base_url.iter().flat_map(|url| hosts(subject, url, region)));
            }
            let is_foreign =
                |sent_to: &String| !own.is_empty() && !own.iter().any(|own| related(subject, own, sent_to));
            hosts(subject, url, region).find(is_foreign)
        });
        findings.extend(foreign.map(|sent_to| {
            Diagnostic::new(
                &CODE,
                url.span,
                match provider.request_urls().next() {
                    Some(_) => format!("`{sent_to}` had no part in the login, and receives its token"),
                    None => format!("`{sent_to}` is not where the key belongs, and receives it"),
                },
            )
            .help(format!("if that is meant, say so: `hosts = [\"{sent_to}\"]`"))
        }));
    }
    findings
}
