//! The port over `auth.json`.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::document::Document;
use super::error::StoreError;
use super::grant::{
    Attempt, Change, Committed, GrantId, Health, ListedGrant, Made, NewGrant, Note, Revision, Scope,
    Snapshot, StoredGrant, Tokens,
};
use super::journal::{Answer, Intent, Journal, Unfinished};
use super::port::{Intended, Lease, Pending, Stamp, Store, StoreResult};
use super::record::Record;
use super::slot::{Listed, MAIN, Row, Slot};
use super::{FileStore, GrantKey, Held, grant_name, sha256};
use crate::clock;

/// What a lease of a grant in a file holds.
struct Holding {
    place: Vec<String>,
    held: Held,
    record: Option<Record>,
    journal: Journal,
    /// Whether an attempt was left that is to be gone on with.
    is_resumed: bool,
}

impl GrantId {
    fn key<'a>(&'a self, provider: &'a str) -> GrantKey<'a> {
        GrantKey { provider, slot: &self.id, is_of_root: self.is_inherited }
    }
}

impl StoredGrant {
    /// A record, with what is said of it in the rows that are its copies.
    fn of_slot(slot: Slot) -> StoredGrant {
        let (rest, label, priority) = (slot.rest_at_any_time(), slot.label.clone(), slot.priority);
        let is_key = slot.is_key();
        let grant = StoredGrant::of_record(&slot.record);
        StoredGrant { is_key, label, priority, health: Health { rest, ..grant.health }, ..grant }
    }

    fn of_record(record: &Record) -> StoredGrant {
        let tokens = Tokens {
            access: record.access_token(),
            refresh: record.refresh_token(),
            obtained_at: record.obtained_at(),
            expiry: record.expiry(),
            members: record.members(),
        };
        StoredGrant {
            id: record.slot().to_owned(),
            kept_in: record.root_file().map(Path::to_owned),
            revision: Revision::counted(record.generation(), &tokens),
            is_key: false,
            label: record.label(),
            priority: 0,
            tokens,
            made: Made {
                region: record.region(),
                origins: record.origins(),
                inputs: record.inputs(),
                made_from: record.made_from(),
            },
            health: Health {
                renewed_at: record.last_redeem_at(),
                paused: record.pause(),
                relogin: record.relogin_mark(),
                unread: record.unread_answer(),
                rest: None,
                challenge: record.challenge(),
            },
            is_unfinished: false,
        }
    }

    /// The same grant after a change of its record.
    fn after(&self, record: &Record) -> StoredGrant {
        let now = StoredGrant::of_record(record);
        let health = Health { rest: self.health.rest, ..now.health };
        let label = now.label.or_else(|| self.label.clone());
        StoredGrant { is_key: self.is_key, label, priority: self.priority, health, ..now }
    }
}

impl Document {
    /// The grants of a provider that a user has put there, by priority. A row that holds the record's grant, now or
    /// earlier, is no other grant, and is left out.
    pub fn grants(&self, scope: &Scope) -> Snapshot {
        self.grants_with(scope, &HashSet::new())
    }

    fn grants_with(&self, scope: &Scope, journals: &HashSet<String>) -> Snapshot {
        let of = |one: Listed<'_>| {
            let (is_troubled, holds_tokens) = (one.is_troubled(), one.holds_tokens());
            let id = one.id().to_owned();
            let key = GrantKey { provider: &scope.provider, slot: &id, is_of_root: false };
            let is_unfinished = !journals.is_empty() && journals.contains(&grant_name(key));
            let label = one.label().map(str::to_owned);
            let read: Arc<dyn Fn() -> StoredGrant + Send + Sync> = match one {
                Listed::Read(slot) => {
                    Arc::new(move || StoredGrant { is_unfinished, ..StoredGrant::of_slot(slot.clone()) })
                }
                Listed::Row(row) => {
                    let row = row.into_owned();
                    Arc::new(move || StoredGrant { is_unfinished, ..StoredGrant::of_slot(row.slot()) })
                }
            };
            ListedGrant { id, label, holds_tokens, is_troubled, read }
        };
        let all = self.listed(&scope.provider, &scope.stored_at);
        Snapshot { grants: all.into_iter().map(of).collect(), warnings: self.warnings.clone() }
    }

    /// One grant, in the home's own file or in that of its root.
    fn grant(&self, scope: &Scope, id: &GrantId) -> Option<StoredGrant> {
        let all = self.listed_in(id.is_inherited, &scope.provider, &scope.stored_at);
        let found = all.iter().find(|one| one.id() == id.id).map(Listed::slot);
        let found = found.map(StoredGrant::of_slot);
        found.or_else(|| {
            let record = self.find(id.key(&scope.provider), &scope.stored_at)?;
            Some(StoredGrant::of_record(&record))
        })
    }

    /// What becomes of a grant that was held.
    fn apply(
        &mut self,
        Scope { provider, stored_at: place }: &Scope,
        id: &GrantId,
        spent: Option<&Record>,
        change: &Change,
    ) -> Applied {
        let mut record = match (spent, self.find(id.key(provider), place), change) {
            (None, None, Change::Minted(login, at)) => {
                let mut record = login.record(None, place);
                record.note_redeem(*at);
                self.put(provider, None, &record);
                return Applied::Stored(record);
            }
            (_, None, _) => return Applied::Gone,
            (Some(spent), Some(now), _) if !now.moved_from(spent) => now,
            (_, Some(now), _) => return Applied::Moved(now),
        };
        match change {
            Change::Renewed(renewal) => {
                record.renew(&renewal.grant, &renewal.origins, renewal.at);
                self.put(provider, spent, &record);
            }
            Change::Minted(login, at) => {
                let row = Row::again(&record, login);
                let place: &[String] = if row.is_some() { &[] } else { place };
                let mut minted = login.record(Some(&record), place);
                minted.note_redeem(*at);
                record = match row {
                    Some(row) => minted.into_row(&row),
                    None => minted,
                };
                self.put(provider, spent, &record);
            }
            Change::ReloginRequired(failed) => record.mark_relogin(provider, &failed.trouble, failed.at),
            Change::Unread(failed) => record.note_unread(&failed.trouble, failed.at),
            Change::Paused(until, failed) => record.pause_until(*until, &failed.trouble, failed.at),
            Change::Unchanged => return Applied::Stored(record),
        }
        if !matches!(change, Change::Renewed(_) | Change::Minted(..)) {
            self.put(provider, None, &record);
        }
        Applied::Stored(record)
    }
}

/// What a change of a record came to.
enum Applied {
    Stored(Record),
    Moved(Record),
    Gone,
}

impl FileStore {
    /// The grants of a provider, by priority. Takes no lock.
    pub fn snapshot(&self, scope: &Scope) -> StoreResult<Snapshot> {
        Ok(self.read()?.grants_with(scope, &self.all_journals()))
    }

    /// The names of the journals that are there.
    fn all_journals(&self) -> HashSet<String> {
        let targets = [self.target(false), self.target(true)].into_iter().flatten();
        let folders = targets.filter_map(|target| std::fs::read_dir(target.with_file_name("journal")).ok());
        folders.flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

impl Held {
    fn scope(&self, place: &[String]) -> Scope {
        Scope { provider: self.provider.clone(), stored_at: place.to_vec() }
    }

    fn id(&self) -> GrantId {
        GrantId { id: self.slot.clone(), is_inherited: self.is_of_root }
    }

    /// Puts each journal of the provider in its own place, and drops those of grants that have moved or gone.
    fn sort_journals(&self, place: &[String]) {
        self.each_journal(|mut neighbour| {
            // What can't be read is told to who asks for its credential.
            let Ok(left) = neighbour.journal.pending() else { return };
            // What is stored is read under its lock, or a renewal that has just begun would count as gone.
            let Ok(slots) = self.slots(place) else { return };
            match left.and_then(|left| owner(&left, &slots)) {
                Some(slot) => neighbour.move_to(&slot.id),
                None => drop(neighbour.journal.clear()),
            }
        });
    }

    fn slots(&self, place: &[String]) -> Result<Vec<Slot>, StoreError> {
        let GrantKey { provider, is_of_root, .. } = self.key();
        Ok(self.store.read()?.slots_in(is_of_root, provider, place))
    }

    /// What an attempt to renew this grant left, where the grant has not moved since.
    fn left(&self, journal: &Journal, place: &[String]) -> Result<Option<Unfinished>, StoreError> {
        let Some(left) = journal.pending()? else { return Ok(None) };
        let slots = self.slots(place)?;
        let is_own = owner(&left, &slots).is_some_and(|slot| slot.id == self.key().slot);
        Ok(Some(left).filter(|_| is_own))
    }
}

/// The credential that a journal is of, where that has not moved since: it holds the refresh token that was about to be
/// spent. One that another program has wiped, after it tried the token that was spent here, has not moved; only the
/// credential that the journal names can be that, and a key never is.
fn owner<'s>(left: &Unfinished, slots: &'s [Slot]) -> Option<&'s Slot> {
    let intent = &left.intent;
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

fn intent(record: &Record) -> Intent {
    Intent {
        slot: Some(record.slot().to_owned()),
        generation: record.generation(),
        refresh_token_sha256: record.refresh_token().map(|token| sha256(token.expose_secret())),
        started_at: clock::wall().0,
    }
}

/// Where a login is put.
struct Target {
    /// The id of its slot.
    slot: String,
    /// The credentials that are there.
    others: Vec<Slot>,
}

impl Target {
    fn of(document: &Document, login: &NewGrant) -> Target {
        let others = document.slots(&login.scope.provider, &login.scope.stored_at);
        let label = |slot: &&Slot| login.label.is_some() && slot.label == login.label;
        let named = others.iter().find(label);
        let is_beside = login.label.is_some() && others.iter().any(Slot::holds_tokens);
        let new_id = || login.grant.as_ref().map(|grant| Row::new_id(grant, &others)).unwrap_or_default();
        let slot = match named {
            // What the root of a profile has is replaced by a login beside it, which goes before it.
            Some(slot) if slot.record.root_file().is_some() && slot.id != MAIN => new_id(),
            Some(slot) if slot.record.row().is_some() => slot.id.clone(),
            None if is_beside => new_id(),
            Some(_) | None => MAIN.to_owned(),
        };
        Target { slot, others }
    }
}

impl Row {
    /// What a row says after its credential was made anew; `None` where it is none.
    fn again(record: &Record, login: &NewGrant) -> Option<Row> {
        Some(Row {
            id: record.row()?.to_owned(),
            label: record.label().unwrap_or_default(),
            priority: record.priority().unwrap_or_default(),
            is_key: login.is_key,
            base_url: login.base_url.clone(),
        })
    }
}

impl Document {
    /// Puts a login in its place.
    fn put_login(&mut self, login: &NewGrant, target: &Target) {
        let Scope { provider, stored_at } = &login.scope;
        if target.slot == MAIN {
            // A login in a profile leaves that of the root as it is.
            let before = self.own_record_at(provider, stored_at);
            let record = login.record(before.as_ref(), stored_at);
            self.put(provider, before.as_ref(), &record);
            if login.is_key {
                self.offer_key(provider, &record);
            }
        } else {
            let of = target.others.iter().find(|other| other.id == target.slot);
            let last = target.others.iter().map(|slot| slot.priority).max().unwrap_or_default();
            let row = Row {
                id: target.slot.clone(),
                label: login.label.clone().unwrap_or_default(),
                priority: of.map_or(last.saturating_add(1), |slot| slot.priority),
                is_key: login.is_key,
                base_url: login.base_url.clone(),
            };
            let before = of.map(|slot| &slot.record);
            let record = login.record(before, &[]).into_row(&row);
            self.put_row(provider, &record);
        }
        if let Some(priority) = login.priority {
            self.set_priority(provider, stored_at, &target.slot, priority);
        }
        self.activate(provider);
    }
}

impl Store for FileStore {
    async fn grants(&self, scope: &Scope) -> StoreResult<Snapshot> {
        self.snapshot(scope)
    }

    async fn providers(&self) -> StoreResult<Vec<String>> {
        Ok(self.read()?.providers())
    }

    async fn last_login(&self) -> StoreResult<Option<String>> {
        Ok(self.read()?.active_provider())
    }

    async fn ready(&self, scope: &Scope) -> StoreResult<()> {
        self.prove_login(&scope.provider).await
    }

    async fn hold(&self, scope: &Scope, id: &GrantId, wait: Duration) -> StoreResult<Lease> {
        let held = self.hold_grant(id.key(&scope.provider), wait).await?;
        held.sort_journals(&scope.stored_at);
        let journal = held.journal(&id.id);
        let left = held.left(&journal, &scope.stored_at)?;
        let document = self.read()?;
        let record = document.find(id.key(&scope.provider), &scope.stored_at);
        let grant = record.as_ref().and_then(|_| document.grant(scope, id));
        let is_resumed = left.as_ref().is_some_and(|left| !left.answers.is_empty());
        let pending = left.map(|left| Pending { answers: left.answers });
        let holding = Holding { place: scope.stored_at.clone(), held, record, journal, is_resumed };
        Ok(Lease::new(grant, pending, holding))
    }

    async fn intend(&self, lease: &mut Lease) -> StoreResult<Intended> {
        let Holding { place, held, record, journal, .. } = lease.held::<Holding>()?;
        held.prove_ready().await?;
        // Another program may have held the lock that was just waited for, and renewed the grant under it.
        let now = self.read()?.find(held.key(), place);
        match (&*record, now) {
            (Some(seen), Some(now)) if !now.moved_from(seen) => {
                journal.begin(&intent(&now))?;
                *record = Some(now);
                Ok(Intended::Durable)
            }
            (_, Some(now)) => Ok(Intended::Moved(Box::new(StoredGrant::of_record(&now)))),
            (_, None) => Ok(Intended::Gone),
        }
    }

    async fn answer(&self, lease: &mut Lease, answer: &Answer) -> StoreResult<()> {
        let Holding { journal, is_resumed, .. } = lease.held::<Holding>()?;
        if std::mem::take(is_resumed) {
            journal.resume()?;
        }
        journal.note(answer)
    }

    async fn commit(&self, lease: &mut Lease, change: Change, attempt: Attempt) -> StoreResult<Committed> {
        let before = lease.grant.take();
        let Holding { place, held, record, journal, is_resumed } = lease.held::<Holding>()?;
        let spent = record.clone();
        let is_renewed = matches!(change, Change::Renewed(_) | Change::Minted(..));
        let applied = {
            let (scope, id, spent) = (held.scope(place), held.id(), spent.clone());
            self.change(move |document| document.apply(&scope, &id, spent.as_ref(), &change)).await
        };
        let attempt = match &applied {
            Ok(Applied::Stored(_)) => attempt,
            Ok(Applied::Moved(_) | Applied::Gone) => Attempt::Ends,
            Err(_) if is_renewed => Attempt::Stays,
            Err(_) => attempt,
        };
        match attempt {
            // What can't be removed or taken back now is looked at again at the next start.
            Attempt::Ends => drop(journal.clear()),
            Attempt::Retracts(state) => {
                if std::mem::take(is_resumed) {
                    let _ = journal.resume();
                }
                let _ = journal.retract(&state);
            }
            Attempt::Stays => {}
        }
        let after = |record: &Record| match &before {
            Some(before) => before.after(record),
            None => StoredGrant::of_record(record),
        };
        let (now, committed) = match applied {
            Ok(Applied::Stored(now)) => {
                let grant = after(&now);
                (Some(now), Ok(Committed::Stored(Box::new(grant))))
            }
            Ok(Applied::Moved(now)) => {
                let grant = after(&now);
                (Some(now), Ok(Committed::Moved(Box::new(grant))))
            }
            Ok(Applied::Gone) => (None, Ok(Committed::Gone)),
            Err(error) => (spent, Err(error)),
        };
        *record = now;
        lease.grant = match &committed {
            Ok(Committed::Stored(grant) | Committed::Moved(grant)) => Some((**grant).clone()),
            Ok(Committed::Gone) => None,
            Err(_) => before,
        };
        committed
    }

    async fn note(&self, scope: &Scope, id: &GrantId, seen: &Revision, note: Note) -> StoreResult<Committed> {
        let (scope, id, seen) = (scope.clone(), id.clone(), seen.clone());
        self.change(move |document| {
            let Scope { provider, stored_at } = &scope;
            let Some(now) = document.find(id.key(provider), stored_at) else { return Committed::Gone };
            let grant = StoredGrant::of_record(&now);
            if !matches!(note, Note::Priority(_)) && seen != grant.revision {
                return Committed::Moved(Box::new(grant));
            }
            match note {
                Note::Rests(refusal) => document.cool(provider, &now, refusal),
                Note::Challenged(challenge) => document.challenge(provider, &now, &challenge),
                Note::Priority(place) => document.set_priority(provider, stored_at, &id.id, place),
            }
            document.grant(&scope, &id).map_or(Committed::Gone, |grant| Committed::Stored(Box::new(grant)))
        })
        .await
    }

    async fn put(&self, login: NewGrant, wait: Duration) -> StoreResult<Option<GrantId>> {
        let login = Arc::new(login);
        let provider = &login.scope.provider;
        if login.grant.is_none() {
            let login = login.clone();
            self.change(move |document| document.activate(&login.scope.provider)).await?;
            return Ok(None);
        }
        loop {
            let Target { slot, .. } = Target::of(&self.read()?, &login);
            let key = GrantKey { provider, slot: &slot, is_of_root: false };
            let held = self.hold_grant(key, wait).await?;
            let (of_login, held_slot) = (login.clone(), slot.clone());
            let is_put = self.change(move |document| {
                let target = Target::of(document, &of_login);
                // Another login may have taken the place meanwhile; then this one has another, and waits for its lock.
                let is_held = target.slot == held_slot;
                if is_held {
                    document.put_login(&of_login, &target);
                }
                is_held
            });
            if is_put.await? {
                // A refresh of the earlier login that was cut off has nothing to finish any more.
                held.journal(&slot).clear()?;
                // What was kept until it is stored.
                self.clear_login(provider, login.label.as_deref());
                return Ok(Some(GrantId { id: slot, is_inherited: false }));
            }
        }
    }

    async fn remove(&self, scope: &Scope, id: Option<&GrantId>, wait: Duration) -> StoreResult<bool> {
        let Scope { provider, .. } = scope;
        let Some(id) = id else {
            let scope = scope.clone();
            let removed = self.change(move |document| document.remove(&scope.provider)).await?;
            // They hold what servers answered: tokens, as they came. A renewal that is under way finds its grant gone.
            self.clear_journals(provider, wait).await?;
            return Ok(self.clear_logins(provider) || removed);
        };
        let held = self.hold_grant(id.key(provider), wait).await?;
        let (of_scope, of_id) = (scope.clone(), id.clone());
        let removed = self.change(move |document| {
            let (Scope { provider, stored_at }, id) = (&of_scope, &of_id);
            let all = document.slots(provider, stored_at);
            let is_meant =
                |slot: &&Slot| slot.id == id.id && slot.record.root_file().is_some() == id.is_inherited;
            let slot = all.iter().find(is_meant)?;
            document.remove_slot(provider, stored_at, slot);
            Some(slot.label.clone())
        });
        let removed = removed.await?;
        if let Some(label) = &removed {
            self.clear_login(provider, label.as_deref());
        }
        held.journal(&id.id).clear()?;
        Ok(removed.is_some())
    }

    async fn forgive(&self, scope: &Scope, id: Option<&GrantId>, wait: Duration) -> StoreResult<bool> {
        let Scope { provider, stored_at } = scope;
        let is_meant = |slot: &Slot| id.is_none_or(|id| id.id == slot.id);
        let all = self.read()?.slots(provider, stored_at).into_iter();
        for slot in all.filter(|slot| is_meant(slot) && slot.record.is_marked_unread()) {
            // What the file can't read is dropped, for that is what is asked for; what is only not finished stays.
            let held = self.hold_grant(slot.record.key(provider), wait).await?;
            held.journal(&slot.id).clear()?;
        }
        let (of_scope, of_id) = (scope.clone(), id.cloned());
        let forgiven = self.change(move |document| {
            let (Scope { provider, stored_at }, id) = (&of_scope, of_id.as_ref());
            let all = document.slots(provider, stored_at);
            let only = id.and_then(|id| all.iter().find(|slot| slot.id == id.id));
            let label = only.and_then(|slot| slot.label.clone());
            (id.is_none() || only.is_some()).then(|| (document.forgive(provider, only), label))
        });
        let Some((forgiven, label)) = forgiven.await? else { return Ok(false) };
        let is_dropped = match id {
            Some(_) => self.clear_login(provider, label.as_deref()),
            None => self.clear_logins(provider),
        };
        Ok(forgiven || is_dropped)
    }

    fn files(&self) -> Option<&FileStore> {
        Some(self)
    }

    fn has_moved(&self, seen: &Revision, now: &Revision) -> bool {
        seen.has_moved(now)
    }

    fn stamp(&self, _: &Scope) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt as _;
        let of = |path: &Path| {
            let about = std::fs::metadata(path).ok();
            about.map(|about| (about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
        };
        let root = self.home().root().map(|root| root.auth_json());
        let all = [Some(self.path()), root].map(|path| path.map(|path| of(&path)));
        Some(Stamp(format!("{all:?}").into_bytes()))
    }
}
