//! What is said of a name that may have no value.

use super::{Arrival, Gap, Taken};
use crate::check::subject::{Subject, listed};
use crate::check::{unguarded_field, used_before_run};
use hermes_format::diagnostic::{Diagnostic, nearest};
use hermes_format::provider::StateKind;
use hermes_format::query::{Query, Step};
use hermes_format::source::Span;
use hermes_format::template::Name;

pub(super) fn finding(
    subject: &Subject<'_>,
    arrival: &Arrival<'_>,
    gap: &Gap<'_>,
    name: &Name,
    span: Span,
) -> Diagnostic {
    let written = subject.sources.text(span);
    match gap {
        Gap::NotRun(state) => not_run(subject, arrival, state, span),
        Gap::NoCredential => Diagnostic::new(
            &used_before_run::CODE,
            span,
            format!("`{written}` has no value: a login begins without a credential"),
        )
        .help("name the state whose answer is meant: `{{STATE.field}}`"),
        Gap::NoListener => Diagnostic::new(
            &used_before_run::CODE,
            span,
            "`redirect_uri` has no value: nothing has listened yet",
        )
        .help("write it in a state with `listen`, or where one comes after it"),
        Gap::NoRefusal => Diagnostic::new(
            &unguarded_field::CODE,
            span,
            format!("`{written}` may have no value: only a login that a refusal asked for has one"),
        )
        .help(format!("write what is meant else: `{{{{first {written} …}}}}`")),
        Gap::Unguarded(taken, path) => unguarded(subject, *taken, path, name, span),
    }
}

fn not_run(subject: &Subject<'_>, arrival: &Arrival<'_>, state: &str, span: Span) -> Diagnostic {
    let at = subject.provider.states.get(arrival.at.0).map_or("", |state| state.name.as_str());
    if state == at {
        return Diagnostic::new(
            &used_before_run::CODE,
            span,
            format!("`{state}` has no answer yet while it runs"),
        )
        .help("the answer can be used by the states that its rules lead to");
    }
    let way: Vec<&str> = arrival
        .way
        .iter()
        .filter_map(|taken| subject.provider.states.get(taken.state.0))
        .map(|state| state.name.as_str())
        .chain([at])
        .collect();
    Diagnostic::new(&used_before_run::CODE, span, format!("`{state}` may not have run before `{at}`"))
        .label(format!("it has not on the way {}", way.join(" → ")))
        .help(format!("let every way to `{at}` lead through `{state}`, or write `{{{{first … …}}}}`"))
}

fn unguarded(subject: &Subject<'_>, taken: Taken, path: &[Step], name: &Name, span: Span) -> Diagnostic {
    let state = subject.provider.states.get(taken.state.0).map_or("", |state| state.name.as_str());
    let mut finding =
        Diagnostic::new(&unguarded_field::CODE, span, format!("no rule guarantees `{}`", written(name)));
    let known = subject.facts(taken.state).and_then(|facts| facts.guaranteed.get(taken.rule));
    let known = known.filter(|known| !known.0.is_empty());
    finding = finding.label(match known {
        Some(known) => format!("`{state}` checks {}", listed(known)),
        None => format!("`{state}` checks nothing of the answer on this way"),
    });
    let fields: Vec<String> =
        known.map(|known| known.0.iter().map(|steps| dotted(steps)).collect()).unwrap_or_default();
    finding = match nearest(&dotted(path), fields.iter().map(String::as_str)) {
        Some(meant) => finding.meant(format!("{state}.{meant}")),
        None => finding.help(format!(
            "add a rule to `{state}`: `{{ unless = {{ exists = [\"{}\"] }}, fail = \"…\" }}`",
            Query::of(path.to_vec()).text()
        )),
    };
    match rule_span(subject, taken) {
        Some(rule) => finding.also(rule, "this rule leads on without it"),
        None => finding,
    }
}

pub(super) fn rule_span(subject: &Subject<'_>, taken: Taken) -> Option<Span> {
    match &subject.provider.states.get(taken.state.0)?.kind {
        StateKind::Active(active) => active.on.get(taken.rule).map(|rule| rule.span),
        _ => None,
    }
}

fn written(name: &Name) -> String {
    match name {
        Name::Answer { state, path } => format!("{state}.{}", dotted(path)),
        _ => String::new(),
    }
}

fn dotted(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}
