//! A run is judged whole before its first byte: no refusal may come after a refresh token was spent.
//!
//! Every URL that the run can come to is looked at with what is known now: vars, inputs, the region and the stored
//! credential. What only an answer will tell counts as the file's `hosts`.
//!
//! Note: a URL is judged again when it is sent to, with all its values. Here is only decided what need not begin.

use std::collections::BTreeSet;

use super::code::Code;
use super::outcome::Trouble;
use super::run::Run;
use super::trouble::Failing;
use hermes_format::provider::{Action, StateId, StateKind};
use hermes_format::template::{self, Name, Template};

/// Why a run that begins in a state must not begin.
pub(super) fn refusal(run: &Run, from: StateId) -> Option<Trouble> {
    let reached = run.provider.reachable(&[from]);
    let names: BTreeSet<&str> = reached
        .iter()
        .filter_map(|id| run.provider.states.get(id.0))
        .map(|state| state.name.as_str())
        .collect();
    reached.iter().find_map(|id| {
        let state = run.provider.states.get(id.0)?;
        let StateKind::Active(active) = &state.kind else { return None };
        let obstacle = active.act.urls().into_iter().find_map(|url| obstacle(run, url, &names))?;
        let failing = Failing::of(run, Some(&state.name));
        Some(match obstacle {
            Obstacle::Foreign(host, why) => {
                failing.refused(Code::OriginRefused, &host, format!("{why}, and nothing was sent"))
            }
            Obstacle::Unbounded => {
                let why = "an answer says where this state sends, and the file does not bound it; nothing was sent";
                let help = "name the hosts that it may lead to in the provider's file: `hosts = [\"*.example.com\"]`";
                Trouble { help: Some(help.to_owned()), ..failing.because(Code::OriginRefused, why) }
            }
        })
    })
}

enum Obstacle {
    /// It leads to an origin that is not allowed: its host, and why.
    Foreign(String, String),
    /// It leads wherever an answer says.
    Unbounded,
}

/// Why a URL must not be sent to, whatever comes; `states` are those whose answers this run can have.
fn obstacle(run: &Run, url: &Template, states: &BTreeSet<&str>) -> Option<Obstacle> {
    // The user is asked when the answer has come.
    if run.action == Action::Login && run.provider.asks_about(url) {
        return None;
    }
    let is_later = |name: &Name| match name {
        Name::Answer { state, .. } => states.contains(state.as_str()),
        Name::RedirectUri => true,
        _ => false,
    };
    let destination = template::destination(url, run, &is_later);
    let mut refused = destination.known.iter().filter_map(|url| Some((url, run.refusal(url)?)));
    if let Some((url, why)) = refused.next() {
        return Some(Obstacle::Foreign(url.host_str().unwrap_or_default().to_owned(), why));
    }
    if !destination.is_open {
        return None;
    }
    let hosts = run.provider.origins_of_hosts(run.region.as_deref(), &run.inputs);
    if hosts.is_empty() {
        return Some(Obstacle::Unbounded);
    }
    let outside = hosts.iter().find(|host| !run.allowance().covers(host))?;
    let host = outside.trim_start_matches("https://").to_owned();
    let why = format!("the stored credential was not made for `{host}`");
    Some(Obstacle::Foreign(host, why))
}
