//! What `auth.json` holds: records, the pool, and what this engine does not know.

use std::path::Path;
use std::sync::Arc;

use hermes_format::time::UnixMs;
use indexmap::IndexSet;
use serde_json::Value;
use zeroize::Zeroizing;

use super::GrantKey;
use super::error::StoreError;
use super::json::{Node, Object, item_texts};
use super::moment;
use super::pool;
use super::record::Record;
use super::row::{Head, Kin};
use super::slot::MAIN;

/// The whole file. What this engine does not know stays as it is, to the byte.
///
/// That of a profile has the root's beneath it: what the profile lacks of a provider is read there, and written back
/// there.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// What was mended while reading, or could not be, for a person: permissions that were too wide, ….
    pub warnings: Vec<String>,
    root: Object,
    beneath: Option<Box<Beneath>>,
}

/// The file of a profile's root.
#[derive(Debug, Clone)]
struct Beneath {
    file: Arc<Path>,
    document: Document,
}

impl Document {
    /// Reads the text of a file; `None` is a file that isn't there.
    pub(super) fn parse(path: &Path, text: Option<&str>) -> Result<Document, StoreError> {
        let corrupt = |reason: String| StoreError::Corrupt { path: path.to_owned(), reason };
        let Some(text) = text else { return Ok(Document::default()) };
        // An editor may have put a byte order mark there; the next write drops it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // The error's own words can quote the file, so only its place is told (S25).
        let place =
            |e: serde_json::Error| corrupt(format!("line {}, column {}: not JSON", e.line(), e.column()));
        let root = Object::parse(text).map_err(place)?;
        for name in ["providers", "credential_pool", "suppressed_sources"] {
            if root.has(name) && root.object(name).is_none() {
                return Err(corrupt(format!("`{name}` is not an object")));
            }
        }
        let records = root.object("providers").unwrap_or_default();
        match records.names().find(|id| records.has(id) && records.object(id).is_none()) {
            Some(id) => Err(corrupt(format!("`providers.{id}` is not an object"))),
            None => Ok(Document { warnings: Vec::new(), root, beneath: None }),
        }
    }

    /// Puts the file of a profile's root beneath this one.
    pub(super) fn put_beneath(&mut self, file: &Path, document: Document) {
        self.beneath = Some(Box::new(Beneath { file: file.into(), document }));
    }

    /// The file of the root, where this is a profile's.
    pub(super) fn beneath(&self) -> Option<&Document> {
        self.beneath.as_ref().map(|beneath| &beneath.document)
    }

    /// The same, to change it.
    pub(super) fn beneath_mut(&mut self) -> Option<&mut Document> {
        self.beneath.as_mut().map(|beneath| &mut beneath.document)
    }

    /// The path of that file, as it is named.
    pub fn root_path(&self) -> Option<&Path> {
        self.root_file().map(|file| &**file)
    }

    /// The same, to be shared.
    pub(super) fn root_file(&self) -> Option<&Arc<Path>> {
        self.beneath.as_ref().map(|beneath| &beneath.file)
    }

    /// The text to write: two spaces a level, and a newline at the end.
    pub(super) fn text(&self) -> Result<Zeroizing<String>, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(&self.root)?;
        text.push('\n');
        Ok(Zeroizing::new(text))
    }

    /// Says when the file was changed, and that it is of version 1 where it does not say.
    pub(super) fn stamp(&mut self, at: UnixMs) {
        if !self.root.has("version") {
            self.root.set("version", 1);
        }
        self.root.set("updated_at", moment::write(at));
    }

    /// The record of a provider whose tokens stand in the record itself.
    pub fn record(&self, provider: &str) -> Option<Record> {
        self.record_at(provider, &[])
    }

    /// The record of a provider whose tokens stand below some members of it (`stored_at`).
    pub fn record_at(&self, provider: &str, place: &[String]) -> Option<Record> {
        let own = self.own_record_at(provider, place);
        own.or_else(|| Some(self.beneath()?.own_record_at(provider, place)?.of_root(self.root_file()?)))
    }

    /// The same without a look at the root of a profile.
    pub fn own_record_at(&self, provider: &str, place: &[String]) -> Option<Record> {
        let record = self.root.object("providers")?.object(provider)?;
        Some(Record::new(record, place))
    }

    /// One of the credentials that are stored now; `None` where it has gone.
    pub fn find(&self, key: GrantKey<'_>, place: &[String]) -> Option<Record> {
        if key.is_of_root {
            let file = self.root_file()?;
            return self
                .beneath()?
                .find(GrantKey { is_of_root: false, ..key }, place)
                .map(|it| it.of_root(file));
        }
        match key.slot {
            MAIN => self.own_record_at(key.provider, place),
            row => self.row(key.provider, row),
        }
    }

    /// What a credential that was read before is now; `None` where it has gone.
    pub fn again(&self, provider: &str, seen: &Record) -> Option<Record> {
        self.find(seen.key(provider), seen.place())
    }

    /// Puts a credential in its place: its provider's, or its row of the pool. Other rows that hold the grant of `before`,
    /// or have held it, follow.
    pub fn put(&mut self, provider: &str, before: Option<&Record>, record: &Record) {
        let mut record = record.clone();
        if let Some(before) = before.filter(|before| before.row().is_none()) {
            record.presume(self.presumed_tokens(provider, before));
        }
        let record = &record;
        if let Some(before) = before {
            let is_copy = |kin| matches!(kin, Kin::Current | Kin::Earlier);
            let copies = self.kinship_of(provider, before, is_copy);
            let pool = self.root.object_mut("credential_pool");
            pool::change(pool, provider, copies, |row| pool::renew(row, record));
        }
        if record.root_file().is_some() {
            self.beneath_mut().into_iter().for_each(|root| root.put_own(provider, before, record));
        } else {
            self.put_own(provider, None, record);
        }
    }

    fn put_own(&mut self, provider: &str, before: Option<&Record>, record: &Record) {
        if let Some(before) = before {
            let is_copy = |kin| matches!(kin, Kin::Current | Kin::Earlier);
            let copies = self.kinship_of(provider, before, is_copy);
            let pool = self.root.object_mut("credential_pool");
            pool::change(pool, provider, copies, |row| pool::renew(row, record));
        }
        match record.row() {
            Some(row) => {
                self.keep(provider, record);
                pool::put(self.root.object_mut("credential_pool"), provider, row, record);
            }
            None => self.open("providers").put(provider, Node::Object(record.object().clone())),
        }
    }

    /// Gives Hermes Agent a key that a person has typed, as a row of its pool.
    pub fn offer_key(&mut self, provider: &str, record: &Record) {
        pool::offer_key(self.open("credential_pool"), provider, record);
    }

    /// Makes a provider the one that Hermes Agent uses, and its credentials known again to it: what a login does.
    pub fn activate(&mut self, provider: &str) {
        self.root.set("active_provider", provider);
        self.unsuppress(provider);
    }

    /// Ends the suppression of a provider's sources.
    fn unsuppress(&mut self, provider: &str) {
        if let Some(suppressed) = self.root.object_mut("suppressed_sources") {
            suppressed.remove(provider);
        }
    }

    /// The ids of all that have a record or a row that a person has put into the pool, in their order.
    pub fn providers(&self) -> Vec<String> {
        let records = self.root.object("providers").unwrap_or_default();
        let pool = self.root.object("credential_pool").unwrap_or_default();
        let with_record = records.names().filter(|id| records.has(id));
        let is_a_person_s = |text| Head::read(text).is_some_and(|head| head.is_a_person_s());
        let has_rows =
            |id: &&String| pool.member(id).map(item_texts).unwrap_or_default().into_iter().any(is_a_person_s);
        let with_rows = pool.names().filter(has_rows);
        let own = with_record.chain(with_rows).cloned();
        let of_root = self.beneath().map(Document::providers).unwrap_or_default();
        let ids: IndexSet<String> = own.chain(of_root).collect();
        ids.into_iter().collect()
    }

    /// Whether nothing of a provider is stored here, but something in the root of this profile.
    pub fn is_only_of_root(&self, provider: &str, place: &[String]) -> Option<&Path> {
        let slots = self.slots(provider, place);
        let is_of_root = !slots.is_empty() && slots.iter().all(|slot| slot.record.root_file().is_some());
        self.root_path().filter(|_| is_of_root)
    }

    /// The provider that Hermes Agent uses where nothing else is chosen.
    pub fn active_provider(&self) -> Option<String> {
        self.root.text("active_provider").or_else(|| self.beneath()?.active_provider())
    }

    /// Removes every copy of a provider's credentials: record, pool rows, active provider. Tells whether there was one.
    ///
    /// What another program has copied into the pool from a variable or a file of its own stays, and so does what is no
    /// list of rows, and what the root of a profile has.
    pub fn remove(&mut self, provider: &str) -> bool {
        let record = self.own_record_at(provider, &[]);
        let is_copy = record.as_ref().map(|record| self.kinship_of(provider, record, |kin| kin != Kin::None));
        let is_meant = |heads: &[Option<Head<'_>>]| -> Vec<bool> {
            let copies = is_copy.as_ref().map(|is_copy| is_copy(heads)).unwrap_or_default();
            let copies = copies.into_iter().chain(std::iter::repeat(false));
            let is_a_person_s = |head: &Option<Head<'_>>| head.as_ref().is_some_and(Head::is_a_person_s);
            heads.iter().zip(copies).map(|(head, is_copy)| is_copy || is_a_person_s(head)).collect()
        };
        let of_rows = pool::remove(self.root.object_mut("credential_pool"), provider, is_meant);
        self.root.object_mut("providers").and_then(|records| records.remove(provider));
        self.forget(provider);
        record.is_some() || of_rows
    }

    /// Forgets what the file says of a provider that has no credential any more.
    pub(super) fn forget(&mut self, provider: &str) {
        self.remove_kept(provider);
        if self.root.text("active_provider").as_deref() == Some(provider) {
            self.root.set("active_provider", Value::Null);
        }
    }

    /// The whole file.
    pub(super) fn root(&self) -> &Object {
        &self.root
    }

    /// The whole file, to change it.
    pub(super) fn root_mut(&mut self) -> &mut Object {
        &mut self.root
    }

    /// A member that is an object; made where it isn't there.
    pub(super) fn open(&mut self, name: &str) -> &mut Object {
        if !self.root.has("version") {
            self.root.set("version", 1);
        }
        self.root.open(name)
    }
}
