//! How a credential that is not fresh can be renewed, if it can.

use hermes_format::provider::{Action, Provider, Shared, StateId};
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Trouble, TroubleClass};

use super::freshness::is_hash_of;
use super::{Inputs, made, reach, trouble};
use crate::store::moment::is_ahead;
use crate::store::{Pause, StoredGrant};

/// The shortest time between two renewals of one grant (S34).
const BETWEEN_MS: i64 = 10_000;
/// The pause after a failure (S34).
pub(super) const PAUSE_MS: i64 = 30_000;
/// The longest pause that a server can ask for.
const LONGEST_PAUSE_MS: i64 = 24 * 3600 * 1000;

/// How long to leave a server alone after a failure: what it asks for, and no less than the usual.
pub(super) fn pause_ms(failure: &Trouble) -> i64 {
    let asked =
        failure.facts.retry_after.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    asked.clamp(PAUSE_MS, LONGEST_PAUSE_MS)
}

/// How a credential can be renewed.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// By the file's refresh.
    Refresh,
    /// By a login that needs no person, from this state.
    Login(StateId),
    /// Not at all, and why.
    Impossible(Trouble),
}

/// What a plan is made for.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) provider: &'a Shared,
    pub(super) inputs: &'a Inputs,
    pub(super) region: Option<&'a str>,
}

/// Finds the way to renew a credential, or to make a first one.
pub(super) fn plan(given: Given<'_>, grant: Option<&StoredGrant>) -> Plan {
    let refused = match grant.map(|grant| refresh_refused(given.provider, grant)) {
        Some(None) => return Plan::Refresh,
        Some(Some(refused)) => refused,
        None => trouble::standard(given.provider, Code::NotLoggedIn),
    };
    match made::login_without_person(given) {
        made::Unattended::Ready(id) => Plan::Login(id),
        // The reason that tells which value is missing says more than that nothing is stored.
        made::Unattended::Lacks(lack) if grant.is_none() => Plan::Impossible(lack),
        made::Unattended::Lacks(_) | made::Unattended::None => Plan::Impossible(refused),
    }
}

/// Why the file's refresh can't be used for a grant.
fn refresh_refused(provider: &Provider, grant: &StoredGrant) -> Option<Trouble> {
    if let Some(mark) = &grant.health.relogin {
        return Some(trouble::marked(provider, mark));
    }
    let Some(start) = provider.starts(Action::Refresh).first().copied() else {
        let code = if grant.tokens.access.is_some() { Code::LoginExpired } else { Code::NotLoggedIn };
        return Some(trouble::standard(provider, code));
    };
    let lacks = grant.tokens.refresh.is_none() && reach::spends_refresh_token(provider, start);
    let code = if grant.tokens.access.is_some() { Code::NoRefreshToken } else { Code::NotLoggedIn };
    lacks.then(|| trouble::standard(provider, code))
}

/// Why a renewal that is possible must wait (S34).
pub(super) fn must_wait(
    provider: &Provider,
    grant: &StoredGrant,
    rejected_sha256: Option<&str>,
    now: UnixMs,
) -> Option<Trouble> {
    if let Some(pause) = pause(grant, now) {
        return Some(trouble::paused(provider, &pause, now));
    }
    let current = grant.tokens.access.as_ref();
    let rejected =
        rejected_sha256.zip(current).is_some_and(|(hash, token)| is_hash_of(hash, token.expose_secret()));
    let until = UnixMs(grant.health.renewed_at?.0.saturating_add(BETWEEN_MS));
    let just_renewed = is_ahead(until, BETWEEN_MS, now) && !rejected;
    just_renewed.then(|| {
        let left = until.0.saturating_sub(now.0) / 1000 + 1;
        let ended = grant.expires_at().is_some_and(|end| end <= now);
        let ended = if ended { ", and is expired" } else { "" };
        let words =
            format!("the credential was renewed a moment ago{ended}; the next renewal is in {left} s");
        Trouble { class: TroubleClass::Retry, ..trouble::worded(provider, Code::RefreshFailed, &words) }
    })
}

/// The pause after a failure, while it lasts.
pub(super) fn pause(grant: &StoredGrant, now: UnixMs) -> Option<Pause> {
    grant.health.paused.clone().filter(|pause| {
        let longest = pause.since.map_or(PAUSE_MS, |since| pause.until.0.saturating_sub(since.0));
        is_ahead(pause.until, longest.min(LONGEST_PAUSE_MS), now)
    })
}
