//! HE211: a value with which a URL begins and that begins none, and a page to show that is none.

use std::collections::BTreeMap;

use super::Rule;
use super::literal_path::meant_template;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic, slip};
use hermes_format::provider::{Placed, Provider, Spot, StateId};
use hermes_format::source::Span;
use hermes_format::template::{Expression, Name, Part, Template, is_whole_url};

/// HE211.
pub(super) static CODE: Code = Code::error("HE211", "no-url");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

/// The findings by the values they are about: a value is spoken of once.
type Findings = BTreeMap<Span, Diagnostic>;

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let of_states =
        provider.states.iter().enumerate().flat_map(|(i, state)| {
            state.templates().into_iter().map(move |placed| (Some(StateId(i)), placed))
        });
    let of_api = provider.api_templates().into_iter().map(|placed| (None, placed));
    let mut findings = Findings::new();
    for (at, Placed { spot, template: url, .. }) in of_states.chain(of_api) {
        let search = Search { provider, url };
        match (spot, url.parts.first()) {
            (Spot::ShowUrl, Some(Part::Text(_))) => {
                match at.and_then(|at| meant_template(subject, at, url)) {
                    Some(meant) => drop(findings.insert(url.span, no_url(&url.text, url.span).meant(meant))),
                    None => template_begins(url, &search, &mut findings),
                }
            }
            // Any other that begins with words of its own is judged when it is read.
            (Spot::Url | Spot::Open | Spot::ShowUrl | Spot::BaseUrl, Some(Part::Expression(first, span))) => {
                expression_begins(first, *span, &search, &mut findings);
            }
            _ => {}
        }
    }
    findings.into_values().collect()
}

fn no_url(value: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&CODE, span, format!("`{value}` is no http or https URL"))
}

/// Where a value stands.
#[derive(Clone, Copy)]
enum Place {
    /// These words are the value.
    Value(Span),
    /// It stands among these words, or below them.
    Around(Span),
}

/// Where is looked, and for which URL.
struct Search<'a> {
    provider: &'a Provider,
    url: &'a Template,
}

fn expression_begins(expression: &Expression, span: Span, search: &Search<'_>, findings: &mut Findings) {
    let provider = search.provider;
    match expression {
        Expression::Name(Name::Var(name), _) => {
            if let Some(var) = provider.vars.get(name) {
                template_begins(var, search, findings);
            }
        }
        Expression::Name(Name::Region(key), _) => {
            let tables = provider.regions.iter().flat_map(|regions| regions.tables.values());
            tables
                .filter_map(|table| table.get(key))
                .for_each(|at| judge(&at.value, Place::Value(at.span), search, findings));
        }
        Expression::Name(Name::Input(name), _) => {
            if let Some((input, default)) =
                provider.inputs.get(name).and_then(|i| Some((i, i.default.as_ref()?)))
            {
                judge(default, Place::Around(input.span), search, findings);
            }
        }
        Expression::First(choices) => {
            choices.iter().for_each(|choice| expression_begins(choice, span, search, findings));
        }
        Expression::Literal(text) => judge(text, Place::Around(span), search, findings),
        Expression::Var(_, _, var) => template_begins(var, search, findings),
        Expression::Call(_, arguments) => {
            arguments.iter().take(1).for_each(|url| expression_begins(url, span, search, findings));
        }
        Expression::Name(..) | Expression::Jwt(..) | Expression::Match(..) => {}
    }
}

fn template_begins(template: &Template, search: &Search<'_>, findings: &mut Findings) {
    match (template.as_literal(), template.parts.first()) {
        (Some(text), _) => judge(text, Place::Value(template.span), search, findings),
        (None, Some(Part::Expression(expression, span))) => {
            expression_begins(expression, *span, search, findings);
        }
        (None, Some(Part::Text(start))) if !["https://", "http://"].iter().any(|s| start.starts_with(s)) => {
            judge(&template.text, Place::Value(template.span), search, findings);
        }
        (None, _) => {}
    }
}

/// What is empty is not there: what comes in its place is judged.
fn judge(value: &str, place: Place, search: &Search<'_>, findings: &mut Findings) {
    if value.is_empty() || is_whole_url(value) {
        return;
    }
    let (Place::Value(span) | Place::Around(span)) = place;
    let finding = no_url(value, span);
    let is_elsewhere = search.url.span != span;
    let finding = if is_elsewhere { finding.also(search.url.span, "this begins with it") } else { finding };
    findings.entry(span).or_insert_with(|| match (meant(value), place) {
        (Some(url), Place::Value(_)) if url == value.trim() => {
            finding.help("take the blanks out").fix(span, format!("\"{url}\""))
        }
        (Some(url), Place::Value(_)) => finding.meant(url),
        (Some(url), Place::Around(_)) => finding.help(format!("write `{url}`")),
        (None, _) => finding.help("write a whole URL, such as `https://api.example.com`"),
    });
}

/// The URL that was meant by one with blanks around it, with a misspelt scheme, or without any.
fn meant(value: &str) -> Option<String> {
    let trimmed = value.trim();
    let url = match trimmed.split_once("://") {
        Some(("https" | "http", _)) => trimmed.to_owned(),
        Some((scheme, rest)) if slip(scheme, "https").is_some() => format!("https://{rest}"),
        Some(_) => return None,
        None if trimmed.contains('.') => format!("https://{trimmed}"),
        None => return None,
    };
    is_whole_url(&url).then_some(url)
}
