//! What a renewal that was cut off has left is finished before anything else is done.

use hermes_engine_core::provider::Action;
use serde_json::Value;

use super::ask::Ask;
use super::plan::pause;
use super::redeem::{self, Ending, Prepared};
use super::scribe::Scribe;
use super::token::Error;
use crate::clock;
use crate::store::{Held, Pending, Record, sha256};

/// Finishes the journal of a grant. `None` where there was nothing to finish.
///
/// Answers that arrived are read again, as of the time when they arrived. An intent alone means that the token may have
/// been spent: it is tried once more, as after an answer that never came.
pub(super) fn recover(ask: Ask<'_>, held: &Held<'_>) -> Result<Option<Ending>, Error> {
    let pending = held.journal().pending()?;
    let document = ask.request.store.read()?;
    let all = document.slots(ask.id(), &super::place(ask.provider())).into_iter().map(|slot| slot.record);
    let live = pending.and_then(|pending| {
        let record = { all }.find(|record| belongs(&pending, record))?;
        Some((pending, record))
    });
    let can_refresh = !ask.provider().starts(Action::Refresh).is_empty();
    let Some((pending, record)) = live.filter(|_| can_refresh) else {
        // A journal that can't be removed is looked at again at the next start.
        let _ = held.journal().clear();
        return Ok(None);
    };
    // A server that has trouble of its own is left alone here too (S34).
    if pause(&record, clock::wall()).is_some() {
        return Ok(None);
    }
    let has_token = record.refresh_token().is_some();
    if pending.answers.is_empty() {
        if !has_token && pending.intent.refresh_token_sha256.is_some() {
            let _ = held.journal().clear();
            return Ok(None);
        }
        return redeem::attempt(ask, held, &record, |journal| Scribe::new(journal).without_repeat())
            .map(Some);
    }
    let engine = match redeem::engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Some(Ending::Failed(trouble))),
    };
    let mut journal = held.journal();
    // Where the journal can't be written any more, what it holds is worth reading all the same.
    let _ = journal.resume();
    let scribe = Scribe::new(journal).knowing(pending.answers);
    let scribe = if has_token { scribe } else { scribe.without_sending() };
    let start = ask.refresh(&record, token(&record));
    redeem::run(ask, &record, Prepared { engine, scribe, start }).map(Some)
}

/// Whether a journal is of this grant and not of one that has moved since. A record that another program has wiped, after
/// it tried the token that was spent here, has not moved.
fn belongs(pending: &Pending, record: &Record) -> bool {
    let stored = record.refresh_token().map(|token| sha256(token.expose_secret()));
    let same_token = stored.is_none() || stored == pending.intent.refresh_token_sha256;
    same_token && pending.intent.generation == record.generation()
}

/// What `token.*` names. Where the spent refresh token was wiped a text stands in its place, so that the requests can be
/// made whose answers are known; it is never sent.
fn token(record: &Record) -> Value {
    let mut token = record.token();
    if record.refresh_token().is_none()
        && let Some(members) = token.as_object_mut()
    {
        members.insert("refresh_token".to_owned(), Value::from("wiped"));
    }
    token
}
