//! The proof that every field a state uses was guaranteed, by following every way through the flow.
//!
//! Each simple path from each start is walked, with what the rules taken on it guarantee. Facts are not merged where paths
//! meet: two spellings of a field may each be guaranteed on their own path. Simple paths are enough: what a run knows
//! after going in a circle is what it would know had it left each state only by the rule it left it by last.

mod presence;
mod say;

use std::collections::{BTreeMap, BTreeSet};

pub use self::presence::{Presence, presence};
use self::say::{finding, rule_span};
use super::subject::{Subject, goes_to};
use super::{unguarded_field, used_before_run};
use hermes_format::diagnostic::{Diagnostic, MOST};
use hermes_format::provider::{
    ACTIONS, Act, Action, Back, Provider, StateId, StateKind, Success, ValueSource,
};
use hermes_format::query::Step;
use hermes_format::source::Span;
use hermes_format::template::{Expression, Name, Part};

/// How much is looked at before a flow is too tangled to be proved: arrivals, and the templates of the states there.
const MAX_LOOKS: usize = 20_000;

/// A rule that was taken on the way.
#[derive(Debug, Clone, Copy)]
struct Taken {
    state: StateId,
    rule: usize,
}

/// How a state was come to.
struct Arrival<'w> {
    action: Action,
    way: &'w [Taken],
    at: StateId,
}

/// Why a name may have no value.
enum Gap<'n> {
    /// The state has not run.
    NotRun(&'n str),
    /// It has run, and the rule taken guarantees nothing of the kind.
    Unguarded(Taken, &'n [Step]),
    /// A login begins without a credential.
    NoCredential,
    /// No listener has been bound.
    NoListener,
    /// It is there only where a refusal asked for the login.
    NoRefusal,
}

/// The findings by the words they are about: a place is spoken of once.
type Findings = BTreeMap<Span, Diagnostic>;

/// All findings of the proof; an error is the one of a flow that is too tangled to be proved.
pub(super) fn findings(subject: &Subject<'_>) -> Result<Vec<Diagnostic>, Box<Diagnostic>> {
    let mut findings = Findings::new();
    // Pairs: a state, and one that has run before it.
    let mut ever_run = BTreeSet::new();
    let complete = walk(subject, &mut |arrival| {
        ever_run.extend(arrival.way.iter().map(|taken| (arrival.at, taken.state)));
        arrived(subject, arrival, &mut findings);
    });
    if !complete {
        return Err(tangled(subject.provider, "too many ways lead through it"));
    }
    let mut all: Vec<Diagnostic> = findings.into_values().collect();
    alternatives_that_never_run(subject, &ever_run, &mut all);
    Ok(all)
}

/// The finding about a flow of which nothing can be proved.
pub(super) fn tangled(provider: &Provider, why: &str) -> Box<Diagnostic> {
    let span = provider.start.login.first().map_or(provider.span.part(0, 0), |start| start.span);
    let finding = Diagnostic::new(&unguarded_field::CODE, span, format!("this flow can't be proved: {why}"));
    Box::new(finding.help("lead some of its states together, and let rules ask for what the login needs"))
}

/// Visits every arrival on every simple path; false if there were too many.
fn walk(subject: &Subject<'_>, visit: &mut dyn FnMut(&Arrival<'_>)) -> bool {
    let mut left = MAX_LOOKS;
    ACTIONS.iter().all(|action| {
        let starts = subject.provider.starts(*action);
        starts.into_iter().all(|start| step(subject, *action, &mut Vec::new(), start, &mut left, visit))
    })
}

fn step(
    subject: &Subject<'_>,
    action: Action,
    way: &mut Vec<Taken>,
    at: StateId,
    left: &mut usize,
    visit: &mut dyn FnMut(&Arrival<'_>),
) -> bool {
    let looks = 1 + subject.provider.states.get(at.0).map_or(0, |state| state.templates().len());
    let Some(less) = left.checked_sub(looks) else { return false };
    *left = less;
    visit(&Arrival { action, way, at });
    let Some(StateKind::Active(active)) = subject.provider.states.get(at.0).map(|state| &state.kind) else {
        return true;
    };
    for (rule, taken) in subject.live_rules(at, active) {
        let Some(next) = goes_to(taken) else { continue };
        if next == at || way.iter().any(|taken| taken.state == next) {
            continue;
        }
        way.push(Taken { state: at, rule });
        let complete = step(subject, action, way, next, left, visit);
        way.pop();
        if !complete {
            return false;
        }
    }
    true
}

fn arrived(subject: &Subject<'_>, arrival: &Arrival<'_>, findings: &mut Findings) {
    let Some(state) = subject.provider.states.get(arrival.at.0) else { return };
    for placed in state.templates() {
        for part in &placed.template.parts {
            let Part::Expression(expression, _) = part else { continue };
            let Some((gap, name, span)) = gap(subject, arrival, expression) else { continue };
            // What is merely not present is no mistake, but what no login can ever give is.
            if placed.required || matches!(gap, Gap::NoCredential) {
                findings.entry(span).or_insert_with(|| finding(subject, arrival, &gap, name, span));
            }
        }
    }
    if let StateKind::Success(success) = &state.kind {
        token_guaranteed(subject, arrival, success, findings);
    }
}

/// The first name in an expression that may have no value; of a `first`, only if all its choices may have none.
fn gap<'n>(
    subject: &Subject<'_>,
    arrival: &Arrival<'_>,
    expression: &'n Expression,
) -> Option<(Gap<'n>, &'n Name, Span)> {
    if is_known(subject, arrival, expression) {
        return None;
    }
    match expression {
        Expression::Literal(_) => None,
        Expression::Name(name, span) => name_gap(subject, arrival, name).map(|gap| (gap, name, *span)),
        Expression::First(choices) => {
            let mut gaps = choices.iter().map(|choice| gap(subject, arrival, choice));
            let first = gaps.next()??;
            gaps.all(|gap| gap.is_some()).then_some(first)
        }
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => gap(subject, arrival, inner),
        Expression::Call(helper, _) if helper.is_total() => None,
        Expression::Call(_, arguments) => gap(subject, arrival, arguments.first()?),
        Expression::Var(_, span, template) => {
            let mut parts = template.parts.iter().filter_map(|part| match part {
                Part::Expression(expression, _) => Some(expression),
                Part::Text(_) => None,
            });
            let (gap, name, _) = parts.find_map(|inner| gap(subject, arrival, inner))?;
            // Reported where the var is used: elsewhere it may have its values.
            Some((gap, name, *span))
        }
    }
}

/// Whether a rule on the way was taken only because the value is present. What a state that ran after that answers is
/// another value.
fn is_known(subject: &Subject<'_>, arrival: &Arrival<'_>, expression: &Expression) -> bool {
    let names = match expression {
        Expression::Name(name, _) => vec![name],
        Expression::Var(_, _, template) => template.names().into_iter().map(|(name, _)| name).collect(),
        _ => return false,
    };
    let ran = |name: &Name| match name {
        Name::Answer { state, .. } => {
            let id = subject.provider.state_id(state);
            arrival.way.iter().position(|taken| Some(taken.state) == id).map(|at| at + 1)
        }
        _ => None,
    };
    let since = names.into_iter().filter_map(ran).max().unwrap_or_default();
    let written = expression.to_string();
    arrival.way.iter().skip(since).any(|taken| {
        let known = subject.facts(taken.state).and_then(|facts| facts.known.get(taken.rule));
        known.is_some_and(|known| known.contains(&written))
    })
}

fn name_gap<'n>(subject: &Subject<'_>, arrival: &Arrival<'_>, name: &'n Name) -> Option<Gap<'n>> {
    match name {
        Name::Answer { state, path } => {
            let id = subject.provider.state_id(state)?;
            let Some(taken) = arrival.way.iter().find(|taken| taken.state == id) else {
                return Some(Gap::NotRun(state));
            };
            let known = subject.facts(id)?.guaranteed.get(taken.rule)?;
            (!known.contains(path)).then_some(Gap::Unguarded(*taken, path))
        }
        Name::Token(_) if arrival.action == Action::Login => Some(Gap::NoCredential),
        Name::Last(_) => Some(Gap::NoRefusal),
        Name::RedirectUri => {
            let mut states = arrival.way.iter().map(|taken| taken.state);
            let is_bound = states.any(|id| listens(subject, id));
            // A state that sends it before its time has the listener bound for it.
            (!is_bound && subject.provider.next_listener(arrival.at).is_none()).then_some(Gap::NoListener)
        }
        _ => None,
    }
}

fn listens(subject: &Subject<'_>, id: StateId) -> bool {
    match subject.provider.states.get(id.0).map(|state| &state.kind) {
        Some(StateKind::Active(active)) => {
            matches!(&active.act, Act::Browser(browser) if matches!(browser.back, Back::Listen(_)))
        }
        _ => false,
    }
}

/// `access_token` is guaranteed by the rule that led to `success`.
fn token_guaranteed(
    subject: &Subject<'_>,
    arrival: &Arrival<'_>,
    success: &Success,
    findings: &mut Findings,
) {
    let ValueSource::Path(query) = &success.access_token else { return };
    let Some(taken) = arrival.way.last() else {
        let span = subject.provider.start.login.iter().find(|start| start.value == arrival.at);
        let span = span.map_or(query.span, |start| start.span);
        findings.entry(span).or_insert_with(|| {
            let message = format!("no answer has led here from which `{}` could be read", query.value.text());
            Diagnostic::new(&unguarded_field::CODE, span, message).help(
                "write what the token is made of: `access_token = \"{{api_key}}\"` in `[states.success]`",
            )
        });
        return;
    };
    let known = subject.facts(taken.state).and_then(|facts| facts.guaranteed.get(taken.rule));
    if known.is_none_or(|known| known.contains(query.value.steps())) {
        return;
    }
    let Some(span) = rule_span(subject, *taken) else { return };
    findings.entry(span).or_insert_with(|| {
        let path = query.value.text();
        let mut finding = Diagnostic::new(
            &unguarded_field::CODE,
            span,
            format!("no rule guarantees `{path}`, the access token"),
        )
        .label("this rule leads to `success` without it")
        .help(format!("let the rule ask for it: `if = {{ status = 200, exists = [\"{path}\"] }}`"));
        if query.span.file == span.file && query.span != subject.provider.span {
            finding = finding.also(query.span, "what `success` reads");
        }
        finding
    });
}

/// A choice of `first`, or an optional value, that names a state which never runs before.
fn alternatives_that_never_run(
    subject: &Subject<'_>,
    ever: &BTreeSet<(StateId, StateId)>,
    all: &mut Vec<Diagnostic>,
) {
    let said: BTreeSet<Span> = all.iter().map(|finding| finding.primary.span).collect();
    let reached: BTreeSet<StateId> = ACTIONS
        .iter()
        .flat_map(|action| subject.provider.reachable(&subject.provider.starts(*action)))
        .collect();
    for id in reached {
        if all.len() >= MOST {
            return;
        }
        let Some(state) = subject.provider.states.get(id.0) else { continue };
        for placed in state.templates() {
            // What a var names may be another state's, which uses the var too.
            for (name, span) in placed.template.own_names() {
                let Name::Answer { state: named, .. } = name else { continue };
                let Some(other) = subject.provider.state_id(named) else { continue };
                if !ever.contains(&(id, other)) && !said.contains(&span) {
                    let message = match other == id {
                        true => format!("`{named}` has no answer yet while it runs"),
                        false => format!("`{named}` never runs before `{}`", state.name),
                    };
                    all.push(
                        Diagnostic::new(&used_before_run::CODE, span, message)
                            .help("name a state that leads here"),
                    );
                }
            }
        }
    }
}
