//! Which of a state's rules the next answer should take.
//!
//! The rules say what each of them is for: one that leads nearer to the end lets the client in, one that leads back makes
//! it wait, one that fails with a code of denial denies. No grant type is known here.

use std::collections::VecDeque;

use super::field::leads_to_success;
use super::scenario::Scenario;
use super::session::{Decision, Session};
use hermes_format::provider::{Act, Active, Provider, StateId, StateKind, Then};

/// What an answer is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Go on.
    Onwards,
    /// Ask again later.
    Wait,
    /// Ask again later, and slower.
    Slower,
    /// The person said no.
    Deny,
    /// The code is too old.
    Expire,
    /// Only a new login helps.
    Relogin,
    /// Something breaks, and the same request works later.
    Hiccup(u32),
    /// A page waits for the person to decide.
    AskThePerson,
}

/// What a state is, in the flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    /// Whether it is polled: it repeats, with a pause.
    pub(super) is_polled: bool,
    /// Whether it is a visit of the browser.
    pub(super) is_browser: bool,
    /// Whether the person's decision shows in its answer.
    pub(super) decides: bool,
    /// Whether its answer leads to `success`.
    pub(super) is_last: bool,
    /// Whether it takes the stored refresh token.
    pub(super) is_refresh: bool,
}

impl Role {
    /// The role of a state. `is_refresh` is what its request says.
    pub(super) fn of(provider: &Provider, id: StateId, active: &Active, is_refresh: bool) -> Role {
        let is_polled =
            active.every.is_some() && targets(provider, id, active, Intent::Wait).next().is_some();
        let is_browser = matches!(active.act, Act::Browser(_));
        let someone_decides = |other: &Active| other.every.is_some() || matches!(other.act, Act::Browser(_));
        let nobody_decides = !provider.states.iter().any(|state| match &state.kind {
            StateKind::Active(other) => someone_decides(other),
            _ => false,
        });
        let is_last = leads_to_success(provider, provider.state(id));
        let decides = is_polled || is_browser || (nobody_decides && is_last && !is_refresh);
        Role { is_polled, is_browser, decides, is_last, is_refresh }
    }
}

/// What the next answer of a state is to say.
pub(super) fn intent(scenario: Scenario, role: Role, session: &Session, asked: u32) -> Intent {
    if scenario == Scenario::SpentRefresh && role.is_refresh {
        return Intent::Relogin;
    }
    if !role.decides {
        return Intent::Onwards;
    }
    match (session.decision, scenario) {
        (Decision::Denied, _) | (Decision::Open, Scenario::Deny) => Intent::Deny,
        (Decision::Approved, _) => Intent::Onwards,
        (_, Scenario::Expire) => Intent::Expire,
        (_, Scenario::Ask | Scenario::Pending) if role.is_browser => Intent::AskThePerson,
        (_, Scenario::Ask | Scenario::Pending) if role.is_polled => Intent::Wait,
        _ if !role.is_polled => Intent::Onwards,
        (_, Scenario::SlowDown) if asked == 1 => Intent::Slower,
        (_, Scenario::Hiccup) if (1..=3).contains(&asked) => Intent::Hiccup(asked),
        _ if asked == 0 => Intent::Wait,
        _ => Intent::Onwards,
    }
}

/// The rules that say it, the best first.
pub(super) fn targets<'a>(
    provider: &'a Provider,
    id: StateId,
    active: &'a Active,
    intent: Intent,
) -> impl Iterator<Item = usize> + use<'a> {
    let here = distance(provider, id);
    let mut ranked: Vec<(usize, usize)> = active
        .on
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| {
            let rank = match &rule.then {
                Then::Go(to) => {
                    let there = distance(provider, to.value);
                    let is_nearer = there < here;
                    match intent {
                        Intent::Onwards if is_nearer => there,
                        Intent::Wait if !is_nearer && rule.slower.is_none() => 0,
                        Intent::Slower if !is_nearer && rule.slower.is_some() => 0,
                        _ => return None,
                    }
                }
                Then::Fail { code, relogin } => fail_rank(intent, &code.value, *relogin)?,
            };
            Some((rank, index))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, index)| index)
}

fn fail_rank(intent: Intent, code: &str, relogin: bool) -> Option<usize> {
    match intent {
        Intent::Relogin if relogin => Some(0),
        Intent::Deny if code.contains("denied") => Some(0),
        Intent::Expire if code.contains("expired") || code.contains("timeout") => Some(0),
        // Any other failure is a denial too, where the file has no better word.
        Intent::Deny if !relogin => Some(1),
        _ => None,
    }
}

/// How many answers a good end is away from a state; `usize::MAX` where none is.
fn distance(provider: &Provider, from: StateId) -> usize {
    let mut seen = vec![false; provider.states.len()];
    let mut queue = VecDeque::from([(from, 0)]);
    while let Some((id, steps)) = queue.pop_front() {
        if std::mem::replace(&mut seen[id.0], true) {
            continue;
        }
        match &provider.state(id).kind {
            StateKind::Success(_) | StateKind::Done => return steps,
            StateKind::Active(active) => queue.extend(active.on.iter().filter_map(|rule| match &rule.then {
                Then::Go(to) => Some((to.value, steps + 1)),
                Then::Fail { .. } => None,
            })),
            StateKind::Error | StateKind::Timeout => {}
        }
    }
    usize::MAX
}
