//! HE210: a name in single braces, or after a `$`: no template, so the braces themselves are sent.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Provider;
use hermes_format::template::{Part, Template};

/// HE210.
pub(super) static CODE: Code = Code::warning("HE210", "literal-name");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let placed = provider.states.iter().flat_map(|state| state.templates());
    let placed = placed.chain(provider.api_templates()).chain(provider.error_templates());
    let templates = placed.map(|placed| placed.template).chain(provider.vars.values());
    templates.filter_map(|template| finding(provider, template)).collect()
}

fn finding(provider: &Provider, template: &Template) -> Option<Diagnostic> {
    let texts = template.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Expression(..) => None,
    });
    let (written, name) = texts.flat_map(braced).find(|(_, name)| is_known(provider, name))?;
    let meant = format!("{{{{{name}}}}}");
    let finding = Diagnostic::new(&CODE, template.span, format!("`{written}` is sent as it stands"))
        .help(format!("the value of `{name}` is `{meant}`"));
    let is_whole = template.text == written;
    Some(if is_whole { finding.fix(template.span, format!("\"{meant}\"")) } else { finding })
}

/// What stands in single braces, with them and without: `{scope}`, `${scope}`.
fn braced(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let end = at + text.get(at..)?.find('}')?;
        let start = if text.get(..at)?.ends_with('$') { at - 1 } else { at };
        Some((text.get(start..=end)?, text.get(at + 1..end)?))
    })
}

fn is_known(provider: &Provider, name: &str) -> bool {
    let is_region_key = |key: &str| {
        provider.regions.iter().any(|regions| regions.tables.values().any(|table| table.contains_key(key)))
    };
    provider.vars.contains_key(name)
        || provider.inputs.contains_key(name)
        || name.strip_prefix("region.").is_some_and(is_region_key)
}
