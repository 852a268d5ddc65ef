//! The one truth on what a stored credential is good for.

use hermes_engine_core::machine::Trouble;
use hermes_engine_core::provider::{InputSource, Shared};
use hermes_engine_core::time::UnixMs;

use super::freshness::{Demand, Freshness, freshness};
use super::plan::{Given, Plan, must_wait, plan};
use super::{Inputs, made};
use crate::store::{Document, Record};

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can be used as it is.
    LoggedIn,
    /// It has expired, and the next use renews it.
    Refreshable,
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
    pub code: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// What a person calls the credential.
    pub label: Option<String>,
    /// Where it comes from: `auth.json`, or the variable, file or command of an input.
    pub source: Option<String>,
}

impl Standing {
    /// Whether a use would succeed, as far as can be known without asking.
    pub fn is_usable(self) -> bool {
        matches!(self, Standing::LoggedIn | Standing::Refreshable)
    }
}

impl Status {
    fn of(standing: Standing, record: Option<&Record>) -> Status {
        Status {
            standing,
            reason: None,
            code: None,
            region: record.and_then(Record::region),
            expires_at: record.and_then(Record::expires_at),
            label: record.and_then(Record::label),
            source: record.map(|_| "auth.json".to_owned()),
        }
    }

    fn because(self, trouble: Trouble) -> Status {
        Status { reason: Some(trouble.message), code: Some(trouble.code), ..self }
    }
}

/// Judges a provider's credential. Sends nothing and changes nothing.
pub fn status(document: &Document, provider: &Shared, inputs: &Inputs, now: UnixMs) -> Status {
    let record = super::record(document, provider);
    let region = record.as_ref().and_then(Record::region);
    let given = Given { provider, inputs, region: region.as_deref() };
    match (made::from_inputs(given), record) {
        (Some(Ok(grant)), _) => Status {
            region: grant.region,
            source: sources(given),
            expires_at: grant.expires_at,
            ..Status::of(Standing::LoggedIn, None)
        },
        (Some(Err(lack)), None) => Status::of(Standing::NotLoggedIn, None).because(lack),
        (_, None) => absent(given),
        (_, Some(record)) => stored(given, &record, now),
    }
}

fn absent(given: Given<'_>) -> Status {
    match plan(given, None) {
        Plan::Impossible(trouble) => Status::of(Standing::NotLoggedIn, None).because(trouble),
        Plan::Refresh | Plan::Login(_) => Status {
            reason: Some("it is made at the next use".to_owned()),
            source: sources(given),
            ..Status::of(Standing::Refreshable, None)
        },
    }
}

fn stored(given: Given<'_>, record: &Record, now: UnixMs) -> Status {
    let changed = made::has_changed(given.provider, record, given.inputs);
    let freshness = freshness(given.provider, record, Demand::default(), now);
    let plan = plan(given, Some(record).filter(|_| !changed));
    match (freshness, plan) {
        (Freshness::Fresh | Freshness::Due, plan) if !changed => Status {
            // It serves until it ends, and then no more.
            reason: match plan {
                Plan::Impossible(trouble) if record.relogin_mark().is_some() => Some(trouble.message),
                _ => None,
            },
            ..Status::of(Standing::LoggedIn, Some(record))
        },
        (_, Plan::Refresh | Plan::Login(_)) => Status {
            reason: must_wait(given.provider, record, None, now).map(|wait| wait.message),
            ..Status::of(Standing::Refreshable, Some(record))
        },
        (_, Plan::Impossible(trouble)) => {
            let nothing = trouble.code == "not_logged_in";
            let standing = if nothing { Standing::NotLoggedIn } else { Standing::ReloginRequired };
            Status::of(standing, Some(record)).because(trouble)
        }
    }
}

/// What the sources of the inputs are called that have a value.
fn sources(given: Given<'_>) -> Option<String> {
    let from_sources = given.provider.inputs.iter().filter(|(name, _)| given.inputs.is_from_source(name));
    let names: Vec<&str> = from_sources
        .map(|(_, input)| input)
        .flat_map(|input| &input.from)
        .map(|source| match source {
            InputSource::Env(name) => name.value.as_str(),
            InputSource::File { path, .. } => path.value.as_str(),
            InputSource::Command(words) => words.value.first().map_or("a program", String::as_str),
        })
        .collect();
    (!names.is_empty()).then(|| names.join(" or "))
}
