//! HE412: a secret that one host made, sent to another.

use super::Rule;
use super::host::{hosts, related};
use super::subject::Subject;
use super::subject::goes_to;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::{Maker, label_template};
use hermes_format::provider::{Act, Spot};

/// HE412.
pub(super) static CODE: Code = Code::error("HE412", "secret-to-foreign-host");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let mut findings: Vec<Diagnostic> = Vec::new();
    for (_, state, active) in subject.active() {
        let Act::Request(request) = &active.act else { continue };
        for placed in state.templates().into_iter().filter(|placed| is_sent(placed.spot)) {
            let label = label_template(placed.template, provider);
            if !label.is_secret() {
                continue;
            }
            let foreign = provider.regions_or_none().into_iter().find_map(|region| {
                let made_on = label.makers.iter().flat_map(|maker| hosts_of(subject, maker, region));
                let made_on: Vec<String> = made_on.collect();
                request.urls().flat_map(|url| hosts(subject, url, region)).find_map(|sent_to| {
                    let made_on = made_on.iter().find(|made_on| !related(subject, made_on, &sent_to))?;
                    Some((made_on.clone(), sent_to))
                })
            });
            findings.extend(foreign.map(|(made_on, sent_to)| {
                Diagnostic::new(
                    &CODE,
                    placed.template.span,
                    format!("a secret of `{made_on}` is sent to `{sent_to}`"),
                )
                .also(request.url.span, "sent here")
                .help(format!("if that is meant, say so: `hosts = [\"{sent_to}\"]`"))
            }));
        }
    }
    findings
}

fn is_sent(spot: Spot<'_>) -> bool {
    use Spot::{BasicId, BasicSecret, Bearer, Form, Header, Json, Query, Url};
    matches!(spot, Url | Query(_) | Header(_) | Form(_) | Json(_) | BasicId | BasicSecret | Bearer)
}

/// The hosts that made a value: of a state, its own; of the credential, those whose answers lead to `success`.
fn hosts_of(subject: &Subject<'_>, maker: &Maker, region: Option<&str>) -> Vec<String> {
    let success = subject.provider.state_id("success");
    let made = subject.active().filter(|(_, state, active)| match maker {
        Maker::Answer(name) => state.name == *name,
        Maker::Token => active.on.iter().any(|rule| goes_to(rule) == success),
        Maker::Input(_) | Maker::Engine => false,
    });
    let urls = made.flat_map(|(_, _, active)| active.act.urls());
    urls.flat_map(|url| hosts(subject, url, region)).collect()
}
