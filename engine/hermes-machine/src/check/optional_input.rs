//! HE213: an input that nothing need supply, where a client can't do without it.
//!
//! Only `[api]` is looked at: a state whose values are not there may be one of several that an action begins in.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Provider;
use hermes_format::template::{Expression, Name, Part, Template};

/// HE213.
pub(super) static CODE: Code = Code::warning("HE213", "optional-input");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let placed = provider.api_templates();
    // A provider may give a prompt or a default to what its flow leaves optional.
    let templates = placed.iter().map(|placed| placed.template).filter(|_| !subject.flow);
    let missing = templates.filter_map(|template| Some((template, missing_in(template, provider)?)));
    missing.map(|(template, input)| finding(template, input, provider)).collect()
}

fn finding(template: &Template, input: &str, provider: &Provider) -> Diagnostic {
    let message = format!("`{input}` may have no value, and this can't do without one");
    let finding = Diagnostic::new(&CODE, template.span, message).help(format!(
        "give it a `prompt` or a `default`, or write `{{{{first {input} ''}}}}` where it may be left out"
    ));
    match provider.inputs.get(input) {
        Some(known) => finding.also(known.span, "it has no `prompt` and no `default`"),
        None => finding,
    }
}

/// The first input without which a template has no value, and that may have none.
fn missing_in<'a>(template: &'a Template, provider: &'a Provider) -> Option<&'a str> {
    template.parts.iter().find_map(|part| match part {
        Part::Text(_) => None,
        Part::Expression(expression, _) => missing(expression, provider),
    })
}

fn missing<'a>(expression: &'a Expression, provider: &'a Provider) -> Option<&'a str> {
    match expression {
        Expression::Name(Name::Input(name), _) => {
            let input = provider.inputs.get(name)?;
            (input.prompt.is_none() && input.default.is_none()).then_some(name)
        }
        Expression::Name(Name::Var(name), _) => missing_in(provider.vars.get(name)?, provider),
        Expression::First(choices) => {
            let mut all = choices.iter().map(|choice| missing(choice, provider));
            let first = all.next()??;
            all.all(|choice| choice.is_some()).then_some(first)
        }
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => missing(inner, provider),
        Expression::Var(_, _, template) => missing_in(template, provider),
        Expression::Call(helper, _) if helper.is_total() => None,
        Expression::Call(_, arguments) => missing(arguments.first()?, provider),
        Expression::Name(..) | Expression::Literal(_) => None,
    }
}
