//! What a credential rests from: a server has refused it, so the others go first for a while.

use hermes_format::time::UnixMs;
use serde_json::Value;

use super::document::Document;
use super::grant::Challenge;
use super::json::Object;
use super::moment;
use super::record::Record;

/// How long a credential rests after a refusal, in milliseconds: Hermes Agent's own figures, and for 403 as for 401.
const AFTER_REFUSAL_MS: i64 = 300_000;
const AFTER_LIMIT_MS: i64 = 3_600_000;

/// Why a credential gives way to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It was refused or limited, and rests until then.
    Cooling {
        /// When it was refused, where that is known.
        since: Option<UnixMs>,
        /// When it is tried again.
        until: UnixMs,
        /// The HTTP status that it was refused with, where that is known.
        status: Option<u16>,
    },
    /// Another program has given it up.
    Dead,
}

/// What a server said of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status: 401 and 403 are the token's fault, 429 its use.
    pub status: u16,
    /// When it was said.
    pub at: UnixMs,
    /// When it may be tried again, where the server named a time.
    pub until: Option<UnixMs>,
}

impl Rest {
    /// Whether it is not over. One that began in the future was written by a clock that has been set back since.
    pub(super) fn lasts(&self, now: UnixMs) -> bool {
        match self {
            Rest::Cooling { since, until, .. } => {
                let longest = since.map_or(i64::MAX, |since| until.0.saturating_sub(since.0));
                moment::is_ahead(*until, longest, now)
            }
            Rest::Dead => true,
        }
    }

    /// Whether it is over with another token: it was refused for what it is, and not for how often it was used.
    pub(super) fn is_of_token(&self) -> bool {
        match self {
            Rest::Cooling { status, .. } => status.is_some_and(is_refusal),
            Rest::Dead => true,
        }
    }
}

/// When a credential that was refused is tried again.
pub(super) fn usual_end(refusal: Refusal) -> UnixMs {
    let usual = refusal.at.0.saturating_add(cooling_ms(Some(refusal.status)));
    refusal.until.unwrap_or(UnixMs(usual))
}

/// Whether a server refused the token for what it is, and not for how often it was used.
pub(super) fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// How long a credential rests where the server named no time.
fn cooling_ms(status: Option<u16>) -> i64 {
    if status.is_some_and(is_refusal) { AFTER_REFUSAL_MS } else { AFTER_LIMIT_MS }
}

/// What a row or a record says of it.
pub(super) fn rest(row: &Object) -> Option<Rest> {
    match row.text("last_status").as_deref() {
        Some("dead") => Some(Rest::Dead),
        Some("exhausted") => {
            let time = |name: &str| row.value(name).as_ref().and_then(moment::read);
            let status =
                row.value("last_error_code").and_then(|code| code.as_u64()).and_then(|n| n.try_into().ok());
            let since = time("last_status_at");
            let usual = since.map(|at| UnixMs(at.0.saturating_add(cooling_ms(status))));
            let until = time("last_error_reset_at").or(usual)?;
            Some(Rest::Cooling { since, until, status })
        }
        _ => None,
    }
}

impl Document {
    /// Notes that a server has refused a credential, so that the others are tried first for a while.
    pub fn cool(&mut self, provider: &str, record: &Record, refusal: Refusal) {
        // Said in full, for Hermes Agent knows another figure for 403.
        let until = usual_end(refusal);
        let note = |row: &mut Object| {
            row.set("last_status", "exhausted");
            row.set("last_status_at", moment::write(refusal.at));
            row.set("last_error_code", refusal.status);
            row.set("last_error_reset_at", moment::write(until));
        };
        self.change(provider, record, note);
    }

    /// Notes what a server wants of the next login.
    pub fn challenge(&mut self, provider: &str, record: &Record, challenge: &Challenge) {
        self.change(provider, record, |row| {
            match &challenge.parameters {
                Some(parameters) => row.set("challenge", Value::Object(parameters.clone())),
                None => drop(row.remove("challenge")),
            }
            row.set("refusals", challenge.refusals);
        });
    }
}

impl Record {
    /// What a server wants of the next login.
    pub fn challenge(&self) -> Option<Challenge> {
        let parameters = match self.object.value("challenge") {
            Some(Value::Object(parameters)) => Some(parameters),
            _ => None,
        };
        let refusals = self.object.value("refusals").and_then(|count| count.as_u64()).unwrap_or_default();
        (parameters.is_some() || refusals > 0).then_some(Challenge { parameters, refusals })
    }

    /// Counts on from the login that a refusal asked to replace.
    pub(super) fn follow_refusals(&mut self, before: Option<&Record>) {
        if let Some(left) = before.and_then(Record::challenge).and_then(|challenge| challenge.answered()) {
            self.object.set("refusals", left.refusals);
        }
    }
}
