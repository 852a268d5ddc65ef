//! One of a provider's several credentials: its name, its place in the order, and what it rests from.
//!
//! The first is the record under `providers`, which Hermes Agent knows as the provider's login; it has no row of its own.
//! What is said of it stands in the record and, where there is one, in the row that is its copy.

use hermes_engine_core::machine::Grant;
use hermes_engine_core::time::UnixMs;
use serde_json::Value;

use super::document::Document;
use super::json::Object;
use super::pool::{self, FAILURE};
use super::record::Record;
use super::rest::{Rest, rest};
use super::sha256;

/// The id of the record of a provider, which needs none in the file.
pub const MAIN: &str = "main";
/// The member of the file that keeps what Hermes Agent would drop from a row when it writes it.
const KEPT: &str = "hermes_engine_rows";
/// What is kept there: where a row's tokens may go, and with what.
const KEPT_MEMBERS: [&str; 4] = ["region", "origins", "inputs", "made_from"];
/// A credential and its place among those of its provider.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The credential.
    pub record: Record,
    /// What tells it from the others: the id of its row, or [`MAIN`].
    pub id: String,
    /// What a person calls it.
    pub label: Option<String>,
    /// Its place in the order; the lowest is tried first.
    pub priority: i64,
    rest: Option<Rest>,
}

impl Slot {
    fn of_main(record: Record, copy: Option<&Object>) -> Slot {
        let of_copy = |name: &str| copy.and_then(|copy| copy.text(name));
        let own = record.object();
        let priority = copy.and_then(priority).or_else(|| priority(own)).unwrap_or_default();
        let rest = rest(own).or_else(|| copy.and_then(rest));
        let label = record.label().or_else(|| of_copy("label").filter(|label| label != pool::OFFERED));
        Slot { id: MAIN.to_owned(), label, priority, rest, record }
    }

    fn of_row(row: Object, id: String) -> Slot {
        let (priority, rest) = (priority(&row).unwrap_or_default(), rest(&row));
        let record = Record::of_row(row, id.clone());
        Slot { id, label: record.label(), priority, rest, record }
    }

    /// Whether a person means this one: by its label or its id.
    pub fn is_called(&self, name: &str) -> bool {
        self.label.as_deref() == Some(name) || self.id == name
    }

    /// What it is called: its label, else its id.
    pub fn name(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.id)
    }

    /// Why it gives way to the others now.
    pub fn rest(&self, now: UnixMs) -> Option<Rest> {
        self.rest.filter(|rest| rest.lasts(now))
    }

    /// Whether it is a key that was given to Hermes Agent, which nothing renews.
    pub fn is_key(&self) -> bool {
        self.record.object().text("auth_type").as_deref() == Some("api_key")
    }

    /// Whether there is anything in it to use.
    pub fn holds_tokens(&self) -> bool {
        self.record.access_token().or(self.record.refresh_token()).is_some()
    }
}

fn priority(row: &Object) -> Option<i64> {
    row.value("priority")?.as_i64()
}

impl Document {
    /// The credentials of a provider that a person has put there, by priority; tokens of the record stand below `place`.
    ///
    /// A row that holds the record's grant is no other credential, and is left out.
    pub fn slots(&self, provider: &str, place: &[String]) -> Vec<Slot> {
        let main = self.record_at(provider, place);
        let rows = pool::rows(self.root().object("credential_pool"), provider);
        let is_copy = |row: &&Object| main.as_ref().is_some_and(|main| pool::is_copy(row, main));
        let copy = rows.iter().find(is_copy);
        let own = rows.iter().filter(|row| !is_copy(row) && pool::is_a_person_s(row));
        let own = own.filter_map(|row| Some(Slot::of_row(self.completed(provider, row), row.text("id")?)));
        let own: Vec<Slot> = own.collect();
        let mut slots: Vec<Slot> =
            main.clone().map(|main| Slot::of_main(main, copy)).into_iter().chain(own).collect();
        slots.sort_by_key(|slot| slot.priority);
        slots
    }

    /// A row with what another program has dropped of it.
    fn completed(&self, provider: &str, row: &Object) -> Object {
        let mut row = row.clone();
        let id = row.text("id").unwrap_or_default();
        let all = self.root().object(KEPT).and_then(|all| all.object(provider));
        let Some(kept) = all.and_then(|all| all.object(&id)) else { return row };
        for name in KEPT_MEMBERS {
            if let Some(value) = kept.value(name).filter(|_| !row.has(name)) {
                row.set(name, value);
            }
        }
        row
    }

    /// Adds a credential beside the others, or puts it in place of one of the same id.
    pub fn put_row(&mut self, provider: &str, record: &Record) {
        let Some(id) = record.row() else { return };
        let kept: serde_json::Map<String, Value> = KEPT_MEMBERS
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), record.object().value(name)?)))
            .collect();
        self.open(KEPT).open(provider).set(id, Value::Object(kept));
        let is_there = self.slots(provider, &[]).iter().any(|slot| slot.record.row() == Some(id));
        let pool = self.open("credential_pool");
        if is_there {
            pool::put(Some(pool), provider, id, record);
        } else {
            pool::add(pool, provider, record);
        }
    }

    /// Moves a credential in the order. Another that stands there already, and those behind it, move back.
    pub fn set_priority(&mut self, provider: &str, place: &[String], id: &str, priority: i64) {
        let slots = self.slots(provider, place);
        let is_taken = slots.iter().any(|slot| slot.id != id && slot.priority == priority);
        for slot in slots {
            let wanted = match slot.id == id {
                true => priority,
                false if is_taken && slot.priority >= priority => slot.priority.saturating_add(1),
                false => continue,
            };
            self.change(provider, &slot.record, |row| row.set("priority", wanted));
        }
    }

    /// Removes one credential and its copies; with the last the provider is no longer the active one.
    pub fn remove_slot(&mut self, provider: &str, place: &[String], slot: &Slot) {
        let pool = self.root_mut().object_mut("credential_pool");
        pool::remove(pool, provider, |row| pool::is_row_of(row, &slot.record));
        match slot.record.row() {
            Some(id) => {
                let kept = self.root_mut().object_mut(KEPT).and_then(|all| all.object_mut(provider));
                kept.and_then(|rows| rows.remove(id));
            }
            None => {
                self.root_mut().object_mut("providers").and_then(|records| records.remove(provider));
            }
        }
        if self.slots(provider, place).is_empty() {
            self.forget(provider);
        }
    }

    /// Removes what was kept of all rows of a provider.
    pub(super) fn remove_kept(&mut self, provider: &str) {
        if let Some(all) = self.root_mut().object_mut(KEPT) {
            all.remove(provider);
            if all.names().next().is_none() {
                self.root_mut().remove(KEPT);
            }
        }
    }

    /// Changes a credential wherever it stands.
    pub(super) fn change(&mut self, provider: &str, record: &Record, mut change: impl FnMut(&mut Object)) {
        if record.row().is_none()
            && let Some(main) =
                self.root_mut().object_mut("providers").and_then(|records| records.object_mut(provider))
        {
            change(main);
        }
        pool::change(self.root_mut().object_mut("credential_pool"), provider, record, change);
    }
}

/// What a row says beside its grant.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id; see [`Row::new_id`].
    pub id: String,
    /// What a person calls it.
    pub label: String,
    /// Its place in the order.
    pub priority: i64,
    /// Whether it is a key, which nothing renews.
    pub is_key: bool,
    /// Where Hermes Agent sends it.
    pub base_url: Option<String>,
}

impl Row {
    /// An id that none of these has: the first digits of a token's hash.
    pub fn new_id(grant: &Grant, others: &[Slot]) -> String {
        let token = grant.refresh_token.as_ref().unwrap_or(&grant.access_token);
        let hash = sha256(token.expose_secret());
        let ids = (6..=hash.len()).filter_map(|length| hash.get(..length));
        ids.into_iter().find(|id| others.iter().all(|slot| slot.id != *id)).unwrap_or(&hash).to_owned()
    }
}

impl Record {
    /// Makes the record of a login a row of the pool.
    pub fn into_row(self, row: &Row) -> Record {
        let mut object = Object::default();
        object.set("id", row.id.as_str());
        object.set("label", row.label.as_str());
        object.set("auth_type", if row.is_key { "api_key" } else { "oauth" });
        object.set("priority", row.priority);
        object.set("source", if row.is_key { "manual" } else { "manual:device_code" });
        let own = ["provider", "label"];
        for (name, value) in
            self.object.values().into_iter().filter(|(name, _)| !own.contains(&name.as_str()))
        {
            object.set(&name, value);
        }
        if let Some(at) = self.expires_at() {
            object.set("expires_at_ms", at.0);
        }
        if let Some(base_url) = &row.base_url {
            object.set("base_url", base_url.as_str());
        }
        FAILURE.into_iter().for_each(|name| object.set(name, Value::Null));
        object.set("request_count", 0);
        Record::of_row(object, row.id.clone())
    }
}
