//! What a renewal that was cut off has left is finished before anything else is done.
//!
//! What a reader would get wrong: a journal is of one credential, and only who asks for that one finishes it. The others'
//! stay where they are: their tokens are nothing for this caller, nor are this caller's inputs for them. A journal in the
//! wrong place is moved, and one whose grant has gone is dropped, only under its own lock.

use hermes_format::provider::Action;
use serde_json::Value;

use super::ask::Ask;
use super::plan::pause;
use super::redeem::{self, Ending, Prepared};
use super::scribe::Scribe;
use super::token::Error;
use crate::clock;
use crate::store::{Held, Pending, Record, Slot, StoreError, sha256};

/// Finishes the journal of a credential. `None` where there was nothing to finish.
///
/// Answers that arrived are read again, as of the time when they arrived. An intent alone means that the token may have
/// been spent: it is tried once more, as after an answer that never came.
pub(super) fn recover(ask: Ask<'_>, held: &Held<'_>) -> Result<Option<Ending>, Error> {
    sort(ask, held);
    let slots = slots(ask)?;
    let mut journal = held.journal(ask.slot());
    let pending = journal.pending()?;
    let live = pending.and_then(|pending| Some((owner(&pending, &slots)?.record.clone(), pending)));
    let Some((record, pending)) = live.filter(|(record, _)| record.slot() == ask.slot()) else {
        return Ok(None);
    };
    // Another file of this id can read it, and nothing here will be written over it.
    if ask.provider().starts(Action::Refresh).is_empty() {
        return Ok(None);
    }
    // A server that has trouble of its own is left alone here too (S34).
    if record.unread_answer().is_none() && pause(&record, clock::wall()).is_some() {
        return Ok(None);
    }
    let has_token = record.refresh_token().is_some();
    if pending.answers.is_empty() {
        if !has_token && pending.intent.refresh_token_sha256.is_some() {
            // A journal that can't be removed is looked at again at the next start.
            let _ = journal.clear();
            return Ok(None);
        }
        return redeem::attempt(ask, held, &record, |journal| Scribe::new(journal).without_repeat())
            .map(Some);
    }
    let engine = match redeem::engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Some(Ending::Failed(trouble))),
    };
    // Where the journal can't be written any more, what it holds is worth reading all the same.
    let _ = journal.resume();
    let scribe = Scribe::new(journal).knowing(pending.answers);
    let scribe = if has_token { scribe } else { scribe.without_sending() };
    let start = ask.refresh(&record, token(&record));
    redeem::run(ask, &record, Prepared { engine, scribe, start }).map(Some)
}

fn slots(ask: Ask<'_>) -> Result<Vec<Slot>, StoreError> {
    let document = ask.request.store.read()?;
    Ok(document.slots_in(ask.key.is_of_root, ask.id(), &super::place(ask.provider())))
}

/// Puts each journal of the provider in its own place, and drops those of grants that have moved or gone.
fn sort(ask: Ask<'_>, held: &Held<'_>) {
    held.each_journal(|mut neighbour| {
        // What can't be read is told to who asks for its credential.
        let Ok(pending) = neighbour.journal.pending() else { return };
        // What is stored is read under its lock, or a renewal that has just begun would count as gone.
        let Ok(slots) = slots(ask) else { return };
        match pending.and_then(|pending| owner(&pending, &slots)) {
            Some(slot) => neighbour.move_to(&slot.id),
            None => drop(neighbour.journal.clear()),
        }
    });
}

/// The credential that a journal is of, where that has not moved since: it holds the refresh token that was about to be
/// spent. One that another program has wiped, after it tried the token that was spent here, has not moved; only the
/// credential that the journal names can be that, and a key never is.
fn owner<'s>(pending: &Pending, slots: &'s [Slot]) -> Option<&'s Slot> {
    let intent = &pending.intent;
    let is_named = |slot: &&Slot| match &intent.slot {
        Some(id) => slot.id == *id,
        // An earlier version wrote it, and did not say.
        None => slots.len() == 1,
    };
    let same = || slots.iter().filter(|slot| slot.record.generation() == intent.generation);
    let token = |slot: &Slot| slot.record.refresh_token().map(|token| sha256(token.expose_secret()));
    let has_spent = |slot: &&Slot| token(slot) == intent.refresh_token_sha256;
    let is_wiped = |slot: &&Slot| token(slot).is_none() && !slot.is_key();
    match &intent.refresh_token_sha256 {
        Some(_) => {
            same().filter(has_spent).max_by_key(is_named).or_else(|| same().filter(is_wiped).find(is_named))
        }
        None => same().filter(has_spent).find(is_named),
    }
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
