//! A store in memory: for tests, and for a program whose credentials live no longer than it does.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;

use super::error::{StoreError, StoreErrorKind};
use super::grant::{
    Attempt, Challenge, Change, Committed, FailedRenewal, GrantId, ListedGrant, NewGrant, Note, Renewal,
    Revision, Scope, Snapshot, StoredGrant,
};
use super::journal::Answer;
use super::port::{Intended, Lease, Pending, Stamp, Store, StoreResult};
use super::record::{Mark, Pause};
use super::rest::{Rest, usual_end};
use super::sha256;
use super::slot::MAIN;
use super::timer::pause;
use crate::clock;

/// The pause between two looks at a grant that somebody holds.
const PAUSE: Duration = Duration::from_millis(5);

/// A store in memory. Clones share what it holds.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    leases_of: Option<Duration>,
}

#[derive(Debug, Default)]
struct Shared {
    providers: Mutex<BTreeMap<String, Vec<Row>>>,
    /// Who holds which grant, whether or not it is there.
    gates: Mutex<HashMap<(String, String), Arc<AtomicBool>>>,
    changes: AtomicU64,
    last_login: Mutex<Option<String>>,
}

/// A grant, and the attempt to renew it that is not over.
#[derive(Debug, Clone)]
struct Row {
    grant: StoredGrant,
    generation: u64,
    attempt: Option<Pending>,
}

/// What a lease holds.
struct Held {
    scope: Scope,
    id: String,
    seen: Option<Revision>,
    gate: Arc<AtomicBool>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.store(false, Ordering::SeqCst);
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// The same store with leases that end after a while, as those of a database do.
    pub fn with_leases_of(self, time: Duration) -> MemoryStore {
        MemoryStore { leases_of: Some(time), ..self }
    }

    /// Writes the tokens of a provider's first grant as a program would that knows nothing of revisions.
    pub fn write_elsewhere(&self, provider: &str, access: Option<&str>, refresh: Option<&str>) {
        let mut all = self.rows();
        let rows = all.entry(provider.to_owned()).or_default();
        if rows.iter().all(|row| row.grant.id != MAIN) {
            let grant = StoredGrant { id: MAIN.to_owned(), ..StoredGrant::default() };
            rows.push(Row { grant, generation: 0, attempt: None });
        }
        for row in rows.iter_mut().filter(|row| row.grant.id == MAIN) {
            let tokens = &mut row.grant.tokens;
            (tokens.access, tokens.refresh) = (access.map(Secret::from), refresh.map(Secret::from));
            for (name, token) in [("access_token", access), ("refresh_token", refresh)] {
                tokens.members.insert(name.to_owned(), token.into());
            }
            row.touch();
        }
        drop(all);
        self.changed();
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Row>>> {
        self.shared.providers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_login(&self) -> MutexGuard<'_, Option<String>> {
        self.shared.last_login.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.shared.changes.fetch_add(1, Ordering::SeqCst);
    }

    async fn gate(&self, provider: &str, id: &str, wait: Duration) -> StoreResult<Arc<AtomicBool>> {
        let gate = {
            let mut gates = self.shared.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.entry((provider.to_owned(), id.to_owned())).or_default().clone()
        };
        let began = Instant::now();
        while gate.swap(true, Ordering::SeqCst) {
            if began.elapsed() >= wait {
                let message = format!("the grant `{id}` of `{provider}` is held by another");
                return Err(StoreError::new(StoreErrorKind::Busy, message));
            }
            pause(PAUSE).await;
        }
        Ok(gate)
    }

    fn apply(&self, held: &Held, change: &Change, attempt: &Attempt) -> Committed {
        let mut all = self.rows();
        let row = find(&mut all, &held.scope.provider, &held.id);
        let committed = match (row, &held.seen) {
            (None, None) => match change {
                Change::Minted(login, at) => {
                    let mut row = Row::new(login, MAIN.to_owned(), 0);
                    row.grant.health.renewed_at = Some(*at);
                    let grant = row.grant.clone();
                    all.entry(held.scope.provider.clone()).or_default().push(row);
                    Committed::Stored(Box::new(grant))
                }
                _ => Committed::Gone,
            },
            (None, Some(_)) => Committed::Gone,
            (Some(row), seen) => {
                let is_same =
                    seen.as_ref().is_some_and(|seen| !Store::has_moved(self, seen, &row.grant.revision));
                if is_same {
                    row.apply(change, attempt);
                    Committed::Stored(Box::new(row.grant.clone()))
                } else {
                    row.attempt = None;
                    Committed::Moved(Box::new(row.shown()))
                }
            }
        };
        drop(all);
        self.changed();
        committed
    }
}

fn find<'r>(all: &'r mut BTreeMap<String, Vec<Row>>, provider: &str, id: &str) -> Option<&'r mut Row> {
    all.get_mut(provider)?.iter_mut().find(|row| row.grant.id == id)
}

impl Row {
    fn new(login: &NewGrant, id: String, generation: u64) -> Row {
        let mut row = Row {
            grant: StoredGrant { id, ..StoredGrant::of_login(login) },
            generation: generation + 1,
            attempt: None,
        };
        row.touch();
        row
    }

    fn touch(&mut self) {
        self.grant.revision = Revision::counted(self.generation, &self.grant.tokens);
    }

    /// The grant as it is shown.
    fn shown(&self) -> StoredGrant {
        StoredGrant { is_unfinished: self.attempt.is_some(), ..self.grant.clone() }
    }

    fn apply(&mut self, change: &Change, attempt: &Attempt) {
        let health = &mut self.grant.health;
        let mark = |failed: &FailedRenewal| Mark {
            code: failed.trouble.code.as_str().to_owned(),
            message: failed.trouble.to_string(),
            server: failed.trouble.facts.server.clone(),
            at: Some(failed.at),
        };
        match change {
            Change::Renewed(renewal) => self.renew(renewal),
            Change::Minted(login, at) => {
                let label = login.label.clone().or(self.grant.label.take());
                let place = login.priority.unwrap_or(self.grant.priority);
                *self = Row::new(login, self.grant.id.clone(), self.generation);
                (self.grant.label, self.grant.priority) = (label, place);
                self.grant.health.renewed_at = Some(*at);
            }
            Change::ReloginRequired(failed) => {
                health.relogin = Some(mark(failed));
                health.paused = None;
            }
            Change::Unread(failed) => {
                health.unread = Some(mark(failed));
                health.paused = None;
            }
            Change::Paused(until, failed) => {
                let Mark { code, message, at: since, .. } = mark(failed);
                health.paused = Some(Pause { until: *until, since, code, message });
            }
            Change::Unchanged => {}
        }
        self.end(attempt);
    }

    fn renew(&mut self, renewal: &Renewal) {
        self.grant = self.grant.renewed(renewal);
        self.generation += 1;
        self.touch();
    }

    fn end(&mut self, attempt: &Attempt) {
        match (attempt, &mut self.attempt) {
            (Attempt::Ends, left) => *left = None,
            (Attempt::Retracts(state), Some(left)) => {
                while left.answers.last().is_some_and(|last| last.state == *state) {
                    left.answers.pop();
                }
            }
            (Attempt::Stays | Attempt::Retracts(_), _) => {}
        }
    }
}

/// Where a login goes: to the grant of its label, beside the others under a new one, else to the first.
fn target(rows: &[Row], login: &NewGrant) -> String {
    let label = login.label.as_deref();
    let named = rows.iter().find(|row| label.is_some() && row.grant.label.as_deref() == label);
    let is_beside = label.is_some() && rows.iter().any(|row| row.grant.holds_tokens());
    match (named, &login.grant) {
        (Some(row), _) => row.grant.id.clone(),
        (None, Some(grant)) if is_beside => {
            let token = grant.refresh_token.as_ref().unwrap_or(&grant.access_token);
            sha256(token.expose_secret()).chars().take(12).collect()
        }
        (None, _) => MAIN.to_owned(),
    }
}

impl Store for MemoryStore {
    async fn grants(&self, scope: &Scope) -> StoreResult<Snapshot> {
        let all = self.rows();
        let mut rows: Vec<&Row> = all.get(&scope.provider).into_iter().flatten().collect();
        rows.sort_by_key(|row| row.grant.priority);
        let grants = rows.into_iter().map(|row| ListedGrant::new(row.shown())).collect();
        Ok(Snapshot { grants, warnings: Vec::new() })
    }

    async fn providers(&self) -> StoreResult<Vec<String>> {
        Ok(self.rows().iter().filter(|(_, rows)| !rows.is_empty()).map(|(id, _)| id.clone()).collect())
    }

    async fn last_login(&self) -> StoreResult<Option<String>> {
        Ok(self.last_login().clone())
    }

    async fn ready(&self, _: &Scope) -> StoreResult<()> {
        Ok(())
    }

    async fn hold(&self, scope: &Scope, id: &GrantId, wait: Duration) -> StoreResult<Lease> {
        let gate = self.gate(&scope.provider, &id.id, wait).await?;
        let mut all = self.rows();
        let row = find(&mut all, &scope.provider, &id.id);
        let (grant, pending) = row.map(|row| (row.shown(), row.attempt.clone())).unzip();
        let seen = grant.as_ref().map(|grant| grant.revision.clone());
        let held = Held { scope: scope.clone(), id: id.id.clone(), seen, gate };
        let until = self.leases_of.map(|time| {
            UnixMs(clock::wall().0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
        });
        let mut lease = Lease::new(grant, pending.flatten(), held);
        lease.until = until;
        Ok(lease)
    }

    async fn intend(&self, lease: &mut Lease) -> StoreResult<Intended> {
        let held = lease.held::<Held>()?;
        let mut all = self.rows();
        let Some(row) = find(&mut all, &held.scope.provider, &held.id) else { return Ok(Intended::Gone) };
        if held.seen.as_ref().is_none_or(|seen| Store::has_moved(self, seen, &row.grant.revision)) {
            return Ok(Intended::Moved(Box::new(row.shown())));
        }
        if row.attempt.as_ref().is_some_and(|left| !left.answers.is_empty()) {
            let message = "an attempt to renew the grant is not finished yet";
            return Err(StoreError::new(StoreErrorKind::Busy, message));
        }
        row.attempt.get_or_insert_default();
        Ok(Intended::Durable)
    }

    async fn answer(&self, lease: &mut Lease, answer: &Answer) -> StoreResult<()> {
        let held = lease.held::<Held>()?;
        let mut all = self.rows();
        if let Some(row) = find(&mut all, &held.scope.provider, &held.id) {
            row.attempt.get_or_insert_default().answers.push(answer.clone());
        }
        Ok(())
    }

    async fn commit(&self, lease: &mut Lease, change: Change, attempt: Attempt) -> StoreResult<Committed> {
        let held = lease.held::<Held>()?;
        let committed = self.apply(held, &change, &attempt);
        let now = match &committed {
            Committed::Stored(grant) | Committed::Moved(grant) => Some((**grant).clone()),
            Committed::Gone => None,
        };
        held.seen = now.as_ref().map(|grant| grant.revision.clone());
        lease.grant = now;
        Ok(committed)
    }

    async fn note(&self, scope: &Scope, id: &GrantId, seen: &Revision, note: Note) -> StoreResult<Committed> {
        let mut all = self.rows();
        let Some(row) = find(&mut all, &scope.provider, &id.id) else { return Ok(Committed::Gone) };
        if !matches!(note, Note::Priority(_)) && *seen != row.grant.revision {
            return Ok(Committed::Moved(Box::new(row.shown())));
        }
        match note {
            Note::Rests(refusal) => {
                let until = usual_end(refusal);
                let (since, status) = (Some(refusal.at), Some(refusal.status));
                row.grant.health.rest = Some(Rest::Cooling { since, until, status });
            }
            Note::Challenged(challenge) => row.grant.health.challenge = Some(challenge),
            Note::Priority(place) => {
                let rows = all.get_mut(&scope.provider).into_iter().flatten();
                let mut others: Vec<&mut Row> = rows.filter(|row| row.grant.id != id.id).collect();
                if others.iter().any(|row| row.grant.priority == place) {
                    let behind = others.iter_mut().filter(|row| row.grant.priority >= place);
                    behind.for_each(|row| row.grant.priority += 1);
                }
                if let Some(row) = find(&mut all, &scope.provider, &id.id) {
                    row.grant.priority = place;
                }
            }
        }
        let grant = find(&mut all, &scope.provider, &id.id).map(|row| Box::new(row.shown()));
        self.changed();
        Ok(grant.map_or(Committed::Gone, Committed::Stored))
    }

    async fn put(&self, login: NewGrant, wait: Duration) -> StoreResult<Option<GrantId>> {
        if login.grant.is_none() {
            *self.last_login() = Some(login.scope.provider.clone());
            return Ok(None);
        }
        let provider = &login.scope.provider;
        loop {
            let id = target(self.rows().get(provider).map(Vec::as_slice).unwrap_or_default(), &login);
            let gate = self.gate(provider, &id, wait).await?;
            let _held = Held { scope: login.scope.clone(), id: id.clone(), seen: None, gate };
            let mut all = self.rows();
            let rows = all.entry(provider.clone()).or_default();
            // Another login may have taken the place meanwhile.
            if target(rows, &login) != id {
                continue;
            }
            let last = rows.iter().map(|row| row.grant.priority).max();
            match rows.iter_mut().find(|row| row.grant.id == id) {
                Some(row) => {
                    let label = login.label.clone().or(row.grant.label.take());
                    let priority = login.priority.unwrap_or(row.grant.priority);
                    let challenge = row.grant.health.challenge.as_ref().and_then(Challenge::answered);
                    *row = Row::new(&login, id.clone(), row.generation);
                    (row.grant.label, row.grant.priority) = (label, priority);
                    row.grant.health.challenge = challenge;
                }
                None => {
                    let mut row = Row::new(&login, id.clone(), 0);
                    row.grant.priority = login.priority.unwrap_or(last.map_or(0, |last| last + 1));
                    rows.push(row);
                }
            }
            drop(all);
            *self.last_login() = Some(provider.clone());
            self.changed();
            return Ok(Some(GrantId { id, is_inherited: false }));
        }
    }

    async fn remove(&self, scope: &Scope, id: Option<&GrantId>, wait: Duration) -> StoreResult<bool> {
        // A renewal of all that is under way finds its grant gone; that of one is waited for.
        let _held = match id {
            Some(id) => {
                let gate = self.gate(&scope.provider, &id.id, wait).await?;
                Some(Held { scope: scope.clone(), id: id.id.clone(), seen: None, gate })
            }
            None => None,
        };
        let mut all = self.rows();
        let Some(rows) = all.get_mut(&scope.provider) else { return Ok(false) };
        let before = rows.len();
        rows.retain(|row| id.is_some_and(|id| id.id != row.grant.id));
        let is_removed = rows.len() < before;
        let is_empty = rows.is_empty();
        drop(all);
        self.last_login().take_if(|last| is_empty && *last == scope.provider);
        self.changed();
        Ok(is_removed)
    }

    async fn forgive(&self, scope: &Scope, id: Option<&GrantId>, _: Duration) -> StoreResult<bool> {
        let mut all = self.rows();
        let rows = all.get_mut(&scope.provider).into_iter().flatten();
        let mut had_failed = false;
        for row in rows.filter(|row| id.is_none_or(|id| id.id == row.grant.id)) {
            let health = &mut row.grant.health;
            if health.unread.is_some() {
                row.attempt = None;
            }
            had_failed |= health.relogin.take().is_some() | health.paused.take().is_some();
            had_failed |= health.unread.take().is_some() | health.rest.take().is_some();
        }
        self.changed();
        Ok(had_failed)
    }

    fn has_moved(&self, seen: &Revision, now: &Revision) -> bool {
        seen.has_moved(now)
    }

    fn stamp(&self, _: &Scope) -> Option<Stamp> {
        Some(Stamp(self.shared.changes.load(Ordering::SeqCst).to_be_bytes().to_vec()))
    }
}
