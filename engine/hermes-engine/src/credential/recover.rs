//! What a renewal that was cut off has left is finished before anything else is done.
//!
//! Note: an attempt is of one grant, and only who asks for that one finishes it. Its store sees to that.

use hermes_format::provider::Action;
use serde_json::Value;

use super::ask::Ask;
use super::plan::pause;
use super::reach;
use super::redeem::{self, Ending, Prepared};
use super::scribe::{Leased, Scribe};
use super::token::Error;
use crate::clock;
use crate::store::{Attempt, Change, Lease, StoredGrant, wait};

/// Finishes what an attempt has left of a grant. `None` where there was nothing to finish.
///
/// Answers that arrived are read again, as of the time when they arrived. An intent alone means that the token may have
/// been spent: it is tried once more, as after an answer that never came.
pub(super) fn recover(ask: Ask<'_>, lease: &mut Lease) -> Result<Option<Ending>, Error> {
    let (Some(pending), Some(grant)) = (lease.pending.take(), lease.grant.clone()) else { return Ok(None) };
    // Another file of this id can read it, and nothing here will be written over it.
    if ask.provider().starts(Action::Refresh).is_empty() {
        return Ok(None);
    }
    // A server that has trouble of its own is left alone here too (S34).
    if grant.health.unread.is_none() && pause(&grant, clock::wall()).is_some() {
        return Ok(None);
    }
    let has_token = grant.tokens.refresh.is_some();
    if pending.answers.is_empty() {
        let starts = ask.provider().starts(Action::Refresh);
        if !has_token && starts.iter().any(|start| reach::spends_refresh_token(ask.provider(), *start)) {
            // What can't be dropped now is looked at again at the next start.
            let _ = wait(ask.request.store.commit(lease, Change::Unchanged, Attempt::Ends));
            return Ok(None);
        }
        return redeem::attempt(ask, lease, &grant, |scribe| scribe.without_repeat()).map(Some);
    }
    let engine = match redeem::engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Some(Ending::Failed(trouble))),
    };
    let start = ask.refresh(&grant, token(&grant));
    let scribe = Scribe::new(Leased { store: ask.request.store, lease }).knowing(pending.answers);
    let scribe = if has_token { scribe } else { scribe.without_sending() };
    redeem::run(ask, &grant, Prepared { engine, scribe, start }).map(Some)
}

/// What `token.*` names. Where the spent refresh token was wiped a text stands in its place, so that the requests can be
/// made whose answers are known; it is never sent.
fn token(grant: &StoredGrant) -> Value {
    let mut token = grant.token();
    if grant.tokens.refresh.is_none()
        && let Some(members) = token.as_object_mut()
    {
        members.insert("refresh_token".to_owned(), Value::from("wiped"));
    }
    token
}
