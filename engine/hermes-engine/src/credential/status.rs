//! The one truth on what a stored credential is good for.

use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::provider::Shared;
use hermes_format::time::UnixMs;
use hermes_machine::access::Held;
use hermes_machine::machine::{Code, Grant, Trouble};

use serde_json::{Value, json};

use super::freshness::{Demand, Freshness, early_of, freshness};
use super::order::{candidates, inputs_of, is_any_held};
use super::plan::{Given, Plan, must_wait, plan};
use super::turn::resting;
use super::usable::{lack_of, made_from};
use super::{Inputs, made};
use crate::store::{Rest, Snapshot, StoredGrant};

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can be used as it is.
    LoggedIn,
    /// It has expired, and the next use renews it.
    Refreshable,
    /// It could be used, and gives way to the others for a while: a server has refused or limited it.
    CoolingDown,
    /// The answer to its last renewal is kept, and the provider's file can't read it.
    AnswerUnread,
    /// A login was approved, and is kept until it can be finished.
    LoginUnfinished,
    /// Only a new login helps.
    ReloginRequired,
    /// There is none.
    NotLoggedIn,
}

/// What is known of a provider's credential without asking anybody.
#[derive(Debug, Clone)]
pub struct Status {
    /// What it is good for.
    pub standing: Standing,
    /// Why; a fragment without secrets, not yet made safe for a screen.
    pub reason: Option<String>,
    /// The code with which a use would fail.
    pub code: Option<Code>,
    /// The region.
    pub region: Option<String>,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// What a person calls the credential.
    pub label: Option<String>,
    /// What tells a stored one from the provider's others.
    pub id: Option<String>,
    /// The place of a stored one in the order; the lowest is tried first.
    pub priority: Option<i64>,
    /// How long before its end a use would renew it; `None` where nothing can.
    pub early: Option<Duration>,
    /// Where it comes from: `auth.json`, the path of that of a profile's root, or as [`made_from`] says.
    pub source: Option<String>,
}

impl Standing {
    /// Whether a use would succeed, as far as can be known without asking.
    pub fn is_usable(self) -> bool {
        matches!(self, Standing::LoggedIn | Standing::Refreshable | Standing::CoolingDown)
    }
}

impl Status {
    /// The `auth.json` of the root, where a profile reads it there.
    pub fn root_file(&self) -> Option<&str> {
        // All other sources are words.
        self.source.as_deref().filter(|source| source.starts_with('/'))
    }

    pub(super) fn of(standing: Standing, grant: Option<&StoredGrant>) -> Status {
        Status {
            standing,
            reason: None,
            code: None,
            region: grant.and_then(|grant| grant.made.region.clone()),
            expires_at: grant.and_then(StoredGrant::expires_at),
            label: grant.and_then(|grant| grant.label.clone()),
            id: grant.map(|grant| grant.id.clone()),
            priority: grant.map(|grant| grant.priority),
            early: None,
            source: grant.map(|grant| match grant.root_file() {
                Some(file) => file.display().to_string(),
                None => "auth.json".to_owned(),
            }),
        }
    }

    /// There is none that can be used, for this reason.
    pub fn unusable(code: Code, reason: &str) -> Status {
        Status {
            reason: Some(reason.to_owned()),
            code: Some(code),
            ..Status::of(Standing::NotLoggedIn, None)
        }
    }

    /// A credential that nothing can be done with is none.
    fn unless_lacking(self, given: Given<'_>, token: &Value, origins: &Origins) -> Status {
        let held = Held { region: given.region, inputs: &given.inputs.values, token, origins };
        match lack_of(given.provider, &held) {
            Some(lack) => Status { standing: Standing::NotLoggedIn, ..self }.because(lack),
            None => self,
        }
    }

    /// Where there is none, the sources that failed are a part of why.
    fn with_failed(self, inputs: &Inputs) -> Status {
        if self.standing.is_usable() {
            return self;
        }
        let failed = inputs.failed_for_want().map(ToString::to_string);
        let unread = inputs.unread_env_file.as_ref().map(|why| format!("the home's .env is not read: {why}"));
        let reasons: Vec<String> = self.reason.into_iter().chain(failed).chain(unread).collect();
        Status { reason: (!reasons.is_empty()).then(|| reasons.join("; ")), ..self }
    }

    fn because(self, trouble: Trouble) -> Status {
        Status { reason: Some(trouble.to_string()), code: Some(trouble.code), ..self }
    }
}

/// Judges the credential of a provider that is tried first. Sends nothing and changes nothing.
pub fn status(snapshot: &Snapshot, provider: &Shared, inputs: &Inputs, now: UnixMs) -> Status {
    let mut all = statuses(snapshot, provider, inputs, now);
    if all.is_empty() { Status::of(Standing::NotLoggedIn, None) } else { all.swap_remove(0) }
}

/// Judges all credentials of a provider, in the order in which they are tried; where there is none, that alone.
pub fn statuses(snapshot: &Snapshot, provider: &Shared, inputs: &Inputs, now: UnixMs) -> Vec<Status> {
    let listed = candidates(snapshot, provider, now);
    let grants: Vec<StoredGrant> = listed.iter().map(|one| one.grant()).collect();
    let first = grants.first();
    let region = first.and_then(|first| first.made.region.clone());
    let given = Given { provider, inputs, region: region.as_deref() };
    let stored = |grant: &StoredGrant| {
        let own = inputs_of(provider, inputs, first.unwrap_or(grant), grant);
        stored(Given { provider, inputs: &own, region: grant.made.region.as_deref() }, grant, now)
    };
    let stored = grants.iter().map(stored);
    let first = match made::from_inputs(given) {
        Some(Ok(grant)) => {
            let is_first = !is_any_held(&listed) || made::is_supplied(provider, inputs);
            is_first.then(|| of_sources(given, grant))
        }
        _ if !grants.is_empty() => None,
        Some(Err(lack)) => Some(Status::of(Standing::NotLoggedIn, None).because(lack).with_failed(inputs)),
        None => Some(absent(given).with_failed(inputs)),
    };
    first.into_iter().chain(stored).collect()
}

fn of_sources(given: Given<'_>, grant: Grant) -> Status {
    let status = Status {
        region: grant.region.clone(),
        source: made_from(given.provider, given.inputs),
        expires_at: grant.expires_at,
        ..Status::of(Standing::LoggedIn, None)
    };
    let mut token = Value::Object(grant.keep);
    token["access_token"] = json!(grant.access_token.expose_secret());
    status.unless_lacking(given, &token, &grant.origins)
}

fn absent(given: Given<'_>) -> Status {
    match plan(given, None) {
        Plan::Impossible(trouble) => Status::of(Standing::NotLoggedIn, None).because(trouble),
        Plan::Refresh | Plan::Login(_) => Status {
            reason: Some("it is made at the next use".to_owned()),
            source: made_from(given.provider, given.inputs),
            ..Status::of(Standing::Refreshable, None)
        },
    }
}

fn stored(given: Given<'_>, grant: &StoredGrant, now: UnixMs) -> Status {
    let renewable = matches!(plan(given, Some(grant)), Plan::Refresh | Plan::Login(_));
    let early = renewable.then(|| early_of(given.provider, grant));
    let status = Status { early, ..unrested(given, grant, now) };
    match grant.rest(now) {
        Some(Rest::Cooling { .. }) if status.standing.is_usable() => {
            Status { standing: Standing::CoolingDown, reason: Some(resting(grant)), ..status }
        }
        Some(Rest::Dead) if status.reason.is_none() => Status { reason: Some(resting(grant)), ..status },
        _ => status,
    }
}

/// The same as if it were its turn.
fn unrested(given: Given<'_>, grant: &StoredGrant, now: UnixMs) -> Status {
    let changed = made::has_changed(given.provider, grant, given.inputs);
    let freshness = freshness(given.provider, grant, Demand::default(), now);
    let plan = plan(given, Some(grant).filter(|_| !changed));
    match (freshness, plan) {
        (Freshness::Fresh | Freshness::Due, plan) if !changed => Status {
            // It serves until it ends, and then no more.
            reason: match plan {
                Plan::Impossible(trouble) if grant.health.relogin.is_some() => Some(trouble.to_string()),
                _ => None,
            },
            ..Status::of(Standing::LoggedIn, Some(grant))
        }
        .unless_lacking(given, &grant.token(), &grant.made.origins.clone().unwrap_or_default()),
        (_, Plan::Refresh) if grant.health.unread.is_some() => {
            let kept = grant.health.unread.as_ref();
            Status {
                reason: kept.map(|kept| kept.message.clone()),
                code: kept.map(|kept| Code::from(kept.code.as_str())),
                ..Status::of(Standing::AnswerUnread, Some(grant))
            }
        }
        (_, Plan::Refresh | Plan::Login(_)) => Status {
            reason: must_wait(given.provider, grant, None, now).map(|wait| wait.to_string()),
            ..Status::of(Standing::Refreshable, Some(grant))
        },
        (_, Plan::Impossible(trouble)) => {
            let nothing = trouble.code == Code::NotLoggedIn;
            let standing = if nothing { Standing::NotLoggedIn } else { Standing::ReloginRequired };
            Status::of(standing, Some(grant)).because(trouble)
        }
    }
}
