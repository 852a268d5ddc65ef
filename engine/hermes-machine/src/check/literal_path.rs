//! HE212: a path, or the name of a field, that is sent or stored as it stands.

use super::Rule;
use super::subject::{Subject, goes_to};
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Placed, Spot, State, StateId};
use hermes_format::query::{Query, Step};
use hermes_format::template::Template;

/// HE212.
pub(super) static CODE: Code = Code::warning("HE212", "literal-path");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let of_states = provider.states.iter().enumerate().flat_map(|(i, state)| {
        let placed = state.templates().into_iter();
        placed.filter_map(move |placed| path_in_template(subject, Some(StateId(i)), placed))
    });
    let others = provider.api_templates().into_iter().chain(provider.error_templates());
    let others = others.filter_map(|placed| path_in_template(subject, None, placed));
    let words = provider.states.iter().flat_map(State::templates);
    let words = words.filter_map(|placed| {
        // A token that is a word is a secret that is written in the file: HE411 tells.
        let path = path_of_word(subject, placed).filter(|_| !is_token(placed.spot))?;
        let message = format!("`{}` is kept as it stands", placed.template.text);
        Some(Diagnostic::new(&CODE, placed.template.span, message).meant(path))
    });
    of_states.chain(others).chain(words).collect()
}

fn path_in_template(subject: &Subject<'_>, at: Option<StateId>, placed: Placed<'_>) -> Option<Diagnostic> {
    let template = placed.template;
    // A page to show that is a path is no URL: HE211 tells.
    path_of(template).filter(|_| placed.spot != Spot::ShowUrl)?;
    let finding = Diagnostic::new(&CODE, template.span, format!("`{}` is taken as it stands", template.text));
    let help = "a value of an answer is `{{STATE.field}}`; a path stands alone only in conditions and in `[states.success]`";
    Some(match at.and_then(|at| meant_template(subject, at, template)) {
        Some(meant) => finding.meant(meant),
        None => finding.help(help),
    })
}

fn path_of(template: &Template) -> Option<Query> {
    template.as_literal().filter(|text| text.starts_with("$.")).and_then(|text| Query::parse(text).ok())
}

/// The template that was meant by a path: the field of the one state that leads here with an answer that has it.
pub(super) fn meant_template(subject: &Subject<'_>, at: StateId, template: &Template) -> Option<String> {
    let state = guarantor(subject, at, path_of(template)?.steps())?;
    let field = template.text.strip_prefix("$.")?.replace('[', ".").replace(']', "");
    Some(format!("{{{{{state}.{field}}}}}"))
}

/// The one state that leads to this one with an answer that has the field.
fn guarantor<'a>(subject: &Subject<'a>, at: StateId, field: &[Step]) -> Option<&'a str> {
    let mut states = subject.active().filter(|(id, _, active)| {
        *id != at
            && active.on.iter().enumerate().any(|(i, rule)| {
                goes_to(rule) == Some(at)
                    && subject.facts(*id).and_then(|f| f.guaranteed.get(i)).is_some_and(|g| g.contains(field))
            })
    });
    let (_, first, _) = states.next()?;
    states.next().is_none().then_some(first.name.as_str())
}

/// The path that was meant by a word in `[states.success]`: one that the key itself is called, or that a rule asks for.
/// A message to a person is no single word.
pub(super) fn path_of_word(subject: &Subject<'_>, placed: Placed<'_>) -> Option<String> {
    let word = placed.template.as_literal().filter(|text| is_word(text))?;
    let is_meant = match placed.spot {
        Spot::Notice => true,
        Spot::Keep(key) => key == word || is_asked_for(subject, word),
        Spot::AccessToken => word == "access_token" || is_asked_for(subject, word),
        Spot::RefreshToken => word == "refresh_token" || is_asked_for(subject, word),
        _ => false,
    };
    is_meant.then(|| format!("$.{word}"))
}

fn is_token(spot: Spot<'_>) -> bool {
    matches!(spot, Spot::AccessToken | Spot::RefreshToken)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_asked_for(subject: &Subject<'_>, word: &str) -> bool {
    let path = vec![Step::Key(word.to_owned())];
    let mut facts = subject.active().filter_map(|(id, ..)| subject.facts(id));
    facts.any(|facts| facts.guaranteed.iter().any(|guaranteed| guaranteed.0.contains(&path)))
}
