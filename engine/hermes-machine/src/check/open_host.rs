//! HE403: a URL whose host an answer says, and nothing bounds.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::Diagnostic;
use hermes_format::label::{label, label_template};
use hermes_format::provider::ValueSource;
use hermes_format::query::Step;
use hermes_format::template::{Expression, Name, OriginShape, Template, origin_shape};

pub(super) use hermes_format::provider::lower::code::OPEN_HOST as CODE;

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    // Those that the user is asked about are bounded by that.
    let is_bounded = |url: &&Template| !provider.hosts.is_empty() || provider.asks_about(url);
    let urls = provider.request_urls().filter(|url| !is_bounded(url));
    let urls = urls.chain(provider.api_urls().filter(|_| provider.hosts.is_empty()));
    urls.filter_map(|url| match origin_shape(url) {
        Ok(OriginShape::Value(expression, span)) if is_answered(expression, subject) => Some(span),
        Ok(OriginShape::Labels { values, .. }) if values.iter().any(|value| is_answered(value, subject)) => {
            Some(url.span)
        }
        _ => None,
    })
    .map(|span| {
        Diagnostic::new(&CODE, span, "an answer says to which host this goes, and nothing bounds it")
            .help("name where it may lead: `hosts = [\"*.example.com\"]`; or list the value itself, and the user is asked")
    })
    .collect()
}

/// Whether an answer had a part in a value: one of this run, or one from which the stored credential kept it.
fn is_answered(expression: &Expression, subject: &Subject<'_>) -> bool {
    let provider = subject.provider;
    if let Expression::Name(Name::Token(path), _) = expression {
        let kept = match path.as_slice() {
            [Step::Key(key)] => provider.success().and_then(|success| success.keep.get(key)),
            _ => None,
        };
        if let Some(ValueSource::Template(template)) = kept {
            return label_template(template, provider).is_from_answer();
        }
    }
    label(expression, provider).is_from_answer()
}
