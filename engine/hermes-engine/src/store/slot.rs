//! One of a provider's several credentials: its name, its place in the order, and what it rests from.
//!
//! The first is the record under `providers`, which Hermes Agent knows as the provider's login; it has no row of its own.
//! What is said of it stands in the record and in the rows that are its copies.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use hermes_format::time::UnixMs;
use hermes_machine::machine::Grant;
use serde_json::Value;
use serde_json::value::RawValue;

use super::GrantKey;
use super::document::Document;
use super::json::{Object, item_texts, member_of, member_texts};
use super::pool::{self, FAILURE};
use super::record::{EARLIER, Record};
use super::rest::{Rest, rest};
use super::row::{Head, Kin, kinship, presumed, without_twins};
use super::sha256;

/// The id of the record of a provider, which needs none in the file.
pub const MAIN: &str = "main";
/// The member of the file that keeps what Hermes Agent would drop from a row when it writes it.
const KEPT: &str = "hermes_engine_rows";
/// What is kept there: where a row's tokens may go, and with what, and which refresh tokens its grant has had.
const KEPT_MEMBERS: [&str; 5] = ["region", "origins", "inputs", "made_from", EARLIER];
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
    /// The record, with the rows that are its login. What was refused is the token, so only a row that holds the present
    /// one says anything of it.
    fn of_main(record: Record, rows: &[(Kin, Object)]) -> Slot {
        let own = record.object();
        let current = || rows.iter().filter(|(kin, _)| *kin == Kin::Current).map(|(_, row)| row);
        let by_hand = |row: &&Object| row.text("source").is_some_and(|source| source.starts_with("manual"));
        let named = rows.iter().map(|(_, row)| row).filter(by_hand).chain(current());
        let mut labels = named.filter_map(|row| row.text("label")).filter(|label| label != pool::OFFERED);
        let label = record.label().or_else(|| labels.next());
        let priority = rows.iter().filter_map(|(_, row)| priority(row)).min().or_else(|| priority(own));
        let rest = rest(own).or_else(|| current().find_map(rest));
        Slot { id: MAIN.to_owned(), label, priority: priority.unwrap_or_default(), rest, record }
    }

    fn of_row(row: Object, id: String, root_file: Option<&Arc<Path>>) -> Slot {
        let (priority, rest) = (priority(&row).unwrap_or_default(), rest(&row));
        let record = Record::of_row(row, id.clone());
        let record = root_file.map_or(record.clone(), |file| record.of_root(file));
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

    /// Why it gives way to the others, whether or not that is over.
    pub(super) fn rest_at_any_time(&self) -> Option<Rest> {
        self.rest
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

/// A credential of a provider as it is listed: a row of the pool is read no further than that takes.
pub(crate) enum Listed<'d> {
    /// One that was read: the provider's own record above all.
    Read(Slot),
    /// A row of the pool.
    Row(Unread<'d>),
}

/// A row that is a credential of its own.
pub(crate) struct Unread<'d> {
    head: Head<'d>,
    id: String,
    kept: Option<Cow<'d, RawValue>>,
    /// Whether it comes after the record whatever its priority: nothing tells how old its tokens are.
    is_behind: bool,
    root_file: Option<Arc<Path>>,
}

impl Listed<'_> {
    /// The credential.
    pub(crate) fn slot(&self) -> Slot {
        match self {
            Listed::Read(slot) => slot.clone(),
            Listed::Row(row) => row.slot(),
        }
    }

    /// What tells it from the others.
    pub(crate) fn id(&self) -> &str {
        match self {
            Listed::Read(slot) => &slot.id,
            Listed::Row(row) => &row.id,
        }
    }

    /// What a user calls it.
    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            Listed::Read(slot) => slot.label.as_deref(),
            Listed::Row(row) => row.head.label.as_deref(),
        }
    }

    /// Whether there is anything in it to use.
    pub(crate) fn holds_tokens(&self) -> bool {
        match self {
            Listed::Read(slot) => slot.holds_tokens(),
            Listed::Row(row) => row.head.holds_tokens(),
        }
    }

    /// Whether it says anything of a failure, by which it may give way to others.
    pub(crate) fn is_troubled(&self) -> bool {
        match self {
            Listed::Read(_) => true,
            Listed::Row(row) => row.head.is_troubled,
        }
    }

    fn place(&self) -> (bool, i64) {
        match self {
            Listed::Read(slot) => (false, slot.priority),
            Listed::Row(row) => (row.is_behind, row.head.priority),
        }
    }
}

impl Unread<'_> {
    /// The same on its own.
    pub(crate) fn into_owned(self) -> Unread<'static> {
        let kept = self.kept.map(|kept| Cow::Owned(kept.into_owned()));
        let Unread { id, is_behind, root_file, .. } = self;
        Unread { head: self.head.into_owned(), id, kept, is_behind, root_file }
    }

    pub(crate) fn slot(&self) -> Slot {
        let row = completed(self.head.object(), self.kept.as_deref());
        Slot::of_row(row, self.id.clone(), self.root_file.as_ref())
    }
}

impl Document {
    /// The credentials of a provider that a user has put there, by priority; tokens of the record stand below `place`.
    ///
    /// A row that holds the record's grant, now or earlier, is no other credential, and is left out.
    pub fn slots(&self, provider: &str, place: &[String]) -> Vec<Slot> {
        self.listed(provider, place).iter().map(Listed::slot).collect()
    }

    /// The credentials of a provider that are in the home's own file, or in that of its root, whether or not they are
    /// shadowed there.
    pub(crate) fn slots_in(&self, is_of_root: bool, provider: &str, place: &[String]) -> Vec<Slot> {
        self.listed_in(is_of_root, provider, place).iter().map(Listed::slot).collect()
    }

    /// The same, the rows not yet read.
    pub(crate) fn listed_in(&self, is_of_root: bool, provider: &str, place: &[String]) -> Vec<Listed<'_>> {
        let (file, root_file) = match self.beneath() {
            Some(root) if is_of_root => (root, self.root_file()),
            _ => (self, None),
        };
        let main = file.own_record_at(provider, place);
        let main = main.map(|main| root_file.map_or(main.clone(), |file| main.of_root(file)));
        listed(provider, main, (file, root_file))
    }

    /// The same as [`slots`](Document::slots), the rows not yet read.
    pub(crate) fn listed(&self, provider: &str, place: &[String]) -> Vec<Listed<'_>> {
        let (rows, root_file) = self.rows_of(provider);
        let mut all = listed(provider, self.record_at(provider, place), (rows, root_file));
        if root_file.is_none() && self.beneath().is_some() {
            for one in &mut all {
                if let Some(original) = self.original_of(provider, one) {
                    *one = Listed::Read(original);
                }
            }
        }
        all
    }

    /// The row of a profile's root that a row of the profile is a copy of. Another program copies all of the root's rows
    /// into the profile as soon as it writes one there; the grant is renewed where it was made.
    fn original_of(&self, provider: &str, one: &Listed<'_>) -> Option<Slot> {
        let Listed::Row(row) = one else { return None };
        let key = GrantKey { provider, slot: &row.id, is_of_root: true };
        let original = self.find(key, &[])?;
        let copied = row.head.token()?;
        let hash = sha256(copied.expose_secret());
        let is_copy = original.refresh_token().as_ref() == Some(copied) || original.earlier().contains(&hash);
        is_copy.then(|| Slot::of_row(original.object().clone(), row.id.clone(), self.root_file()))
    }

    /// Where the rows of a provider are: in the root of a profile that has neither rows nor a record of it.
    fn rows_of(&self, provider: &str) -> (&Document, Option<&Arc<Path>>) {
        let is_own = || self.own_record_at(provider, &[]).is_some() || !self.heads(provider).is_empty();
        match self.beneath() {
            Some(root) if !is_own() => (root, self.root_file()),
            _ => (self, None),
        }
    }

    /// The rows of a provider, not yet read.
    fn heads(&self, provider: &str) -> Vec<Option<Head<'_>>> {
        let rows = self.root().member("credential_pool").and_then(|pool| member_of(pool, provider));
        rows.map(item_texts).unwrap_or_default().into_iter().map(Head::read).collect()
    }

    /// What is kept of the rows of a provider, by their ids.
    fn kept(&self, provider: &str) -> HashMap<String, Cow<'_, RawValue>> {
        let mut kept = HashMap::new();
        match self.root().member(KEPT).and_then(|all| member_of(all, provider)) {
            Some(Cow::Borrowed(text)) => {
                member_texts(text, &mut |id, value| {
                    kept.insert(id.to_owned(), Cow::Borrowed(value));
                });
            }
            Some(Cow::Owned(text)) => {
                member_texts(&text, &mut |id, value| {
                    kept.insert(id.to_owned(), Cow::Owned(value.to_owned()));
                });
            }
            None => {}
        }
        kept
    }

    /// A credential that stands in the pool alone.
    pub fn row(&self, provider: &str, id: &str) -> Option<Record> {
        let is_it = |head: &Head<'_>| head.is_a_person_s() && head.id.as_deref() == Some(id);
        let head = self.heads(provider).into_iter().flatten().find(is_it)?;
        let kept = self.kept(provider).remove(id);
        Some(Slot::of_row(completed(head.object(), kept.as_deref()), id.to_owned(), None).record)
    }

    /// Adds a credential beside the others, or puts it in place of one of the same id.
    pub fn put_row(&mut self, provider: &str, record: &Record) {
        let Some(id) = record.row() else { return };
        self.keep(provider, record);
        let is_there = self.row(provider, id).is_some();
        let pool = self.open("credential_pool");
        if is_there {
            pool::put(Some(pool), provider, id, record);
        } else {
            pool::add(pool, provider, record);
        }
    }

    /// Keeps what another program would drop from a row.
    pub(super) fn keep(&mut self, provider: &str, record: &Record) {
        let Some(id) = record.row() else { return };
        let members = KEPT_MEMBERS.into_iter();
        let kept: serde_json::Map<String, Value> =
            members.filter_map(|name| Some((name.to_owned(), record.object().value(name)?))).collect();
        self.open(KEPT).open(provider).set(id, Value::Object(kept));
    }

    /// The hashes of the refresh tokens of rows that are presumed to be the login of a record, here and in the root.
    pub(super) fn presumed_tokens(&self, provider: &str, record: &Record) -> Vec<String> {
        let kept = self.kept(provider);
        let heads = self.heads(provider);
        let own = presumed(&heads, &kinship(provider, record, &heads, &|id| kept.contains_key(id)));
        let of_root = self.beneath().filter(|_| record.root_file().is_some());
        let of_root = of_root.map(|root| root.presumed_tokens(provider, record)).unwrap_or_default();
        [own, of_root].concat()
    }

    /// Which rows of a provider have to do with one of its credentials, and how.
    pub(super) fn kinship_of<'r>(
        &self,
        provider: &'r str,
        record: &'r Record,
        is_meant: fn(Kin) -> bool,
    ) -> impl Fn(&[Option<Head<'_>>]) -> Vec<bool> + use<'r> {
        let kept: HashSet<String> = self.kept(provider).into_keys().collect();
        move |heads| {
            let kin = kinship(provider, record, heads, &|id| kept.contains(id));
            kin.into_iter().map(is_meant).collect()
        }
    }

    /// Moves a credential in the order. Another that stands there already, and those behind it, move back.
    pub fn set_priority(&mut self, provider: &str, place: &[String], id: &str, priority: i64) {
        let slots = self.slots(provider, place);
        let is_taken = slots.iter().any(|slot| slot.id != id && slot.priority == priority);
        let mut rows = HashMap::new();
        for slot in slots {
            let wanted = match slot.id == id {
                true => priority,
                false if is_taken && slot.priority >= priority => slot.priority.saturating_add(1),
                false => continue,
            };
            if slot.id == id {
                // Where a user has said where it belongs, its age is no reason to put it elsewhere.
                self.file_of(&slot.record).keep(provider, &slot.record);
            }
            match slot.record.row() {
                Some(row) => drop(rows.insert(row.to_owned(), wanted)),
                None => self.change_all(provider, &slot.record, |row| row.set("priority", wanted)),
            }
        }
        self.move_rows(provider, &rows);
        self.beneath_mut().into_iter().for_each(|root| root.move_rows(provider, &rows));
    }

    /// Gives rows their places, all at once: there may be a thousand.
    fn move_rows(&mut self, provider: &str, places: &HashMap<String, i64>) {
        let is_moved = |head: &Option<Head<'_>>| {
            head.as_ref().and_then(|head| head.id.as_ref()).is_some_and(|id| places.contains_key(id))
        };
        let pool = self.root_mut().object_mut("credential_pool");
        pool::change(
            pool,
            provider,
            |heads| heads.iter().map(is_moved).collect(),
            |row| {
                if let Some(place) = row.text("id").and_then(|id| places.get(&id)) {
                    row.set("priority", *place);
                }
            },
        );
    }

    /// Removes one credential and its copies; with the last the provider is no longer the active one. What the root of a
    /// profile has stays.
    pub fn remove_slot(&mut self, provider: &str, place: &[String], slot: &Slot) {
        if slot.record.root_file().is_some() {
            return;
        }
        let is_meant = self.kinship_of(provider, &slot.record, |kin| kin != Kin::None);
        pool::remove(self.root_mut().object_mut("credential_pool"), provider, is_meant);
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

    /// Changes a credential wherever its present tokens stand.
    pub(super) fn change(&mut self, provider: &str, record: &Record, change: impl FnMut(&mut Object)) {
        self.change_where(provider, record, |kin| kin == Kin::Current, change);
    }

    /// The same with the rows that are its login and hold earlier tokens.
    fn change_all(&mut self, provider: &str, record: &Record, change: impl FnMut(&mut Object)) {
        self.change_where(provider, record, |kin| kin != Kin::None, change);
    }

    fn change_where(
        &mut self,
        provider: &str,
        record: &Record,
        is_meant: fn(Kin) -> bool,
        mut change: impl FnMut(&mut Object),
    ) {
        if record.root_file().is_some() {
            // A profile may have rows that another program has derived from the root's record.
            let copies = self.kinship_of(provider, record, is_meant);
            pool::change(self.root_mut().object_mut("credential_pool"), provider, copies, &mut change);
        }
        let file = self.file_of(record);
        if record.row().is_none()
            && let Some(main) =
                file.root_mut().object_mut("providers").and_then(|records| records.object_mut(provider))
        {
            change(main);
        }
        let copies = file.kinship_of(provider, record, is_meant);
        pool::change(file.root_mut().object_mut("credential_pool"), provider, copies, change);
    }

    /// The file that a credential is in.
    pub(super) fn file_of(&mut self, record: &Record) -> &mut Document {
        if record.root_file().is_some() && self.beneath().is_some() {
            return self.beneath_mut().unwrap_or_else(|| unreachable!("it is there"));
        }
        self
    }
}

/// The credentials of a provider whose record is this one, and whose rows are in this file.
fn listed<'d>(
    provider: &str,
    main: Option<Record>,
    (rows, root_file): (&'d Document, Option<&Arc<Path>>),
) -> Vec<Listed<'d>> {
    let kept = rows.kept(provider);
    let heads = rows.heads(provider);
    let kin = match &main {
        Some(main) => kinship(provider, main, &heads, &|id| kept.contains_key(id)),
        None => vec![Kin::None; heads.len()],
    };
    let (mut of_main, mut own) = (Vec::new(), Vec::new());
    for (head, kin) in heads.into_iter().zip(kin).filter_map(|(head, kin)| Some((head?, kin))) {
        match kin {
            Kin::None if head.is_a_person_s() => own.push(head),
            Kin::None => {}
            kin => of_main.push((kin, head.object())),
        }
    }
    let is_login = main.as_ref().is_some_and(Record::is_login);
    let rows = without_twins(own).into_iter().filter_map(|head| {
        let id = head.id.clone()?;
        let kept = kept.get(&id).cloned();
        let is_behind = is_login && kept.is_none() && head.is_of_unknown_age();
        Some(Listed::Row(Unread { head, id, kept, is_behind, root_file: root_file.cloned() }))
    });
    let main = main.map(|main| Listed::Read(Slot::of_main(main, &of_main)));
    let mut all: Vec<Listed<'_>> = main.into_iter().chain(rows).collect();
    all.sort_by_key(Listed::place);
    all
}

/// A row with what another program has dropped of it.
fn completed(mut row: Object, kept: Option<&RawValue>) -> Object {
    let Some(kept) = kept.and_then(|kept| Object::parse(kept.get()).ok()) else { return row };
    for name in KEPT_MEMBERS {
        if let Some(value) = kept.value(name).filter(|_| !row.has(name)) {
            row.set(name, value);
        }
    }
    row
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
