//! Accounts that never get old: renewed ahead of their end, a bounded number at a time.
//!
//! Note: a server that hangs holds up no other provider. No provider takes all the places, and the next place goes to the
//! provider that has the fewest.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, SystemTime};

use hermes_format::time::UnixMs;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Engine;
use super::access::Access;
use super::account::Account;
use super::error::{Error, ErrorKind, Result};
use super::status::{AccountState, AccountStatus, Reading, system_time};
use crate::clock;
use crate::keep::{Schedule, Watched};
use crate::store::wait;

/// How many renewals run at once. Each holds a lock and a journal open beside its socket.
const PLACES: usize = 16;
/// How many of them one provider may take.
const PLACES_OF_ONE: usize = 12;
/// When what could not be read is looked at again.
const AGAIN: Duration = Duration::from_secs(10);
/// The shortest time between two looks at the store.
const SHORTEST_LOOK: Duration = Duration::from_secs(1);

impl Engine {
    /// Renews accounts ahead of their end, until the future is dropped: a bounded number at a time, no provider before
    /// the others. With no account, all that are stored are kept, those that are added meanwhile too; an account without
    /// a label is all of its provider's.
    ///
    /// `report` is called with the state of each account at each look, and with what came of each renewal; with an error
    /// where the store could not be read, which is tried again.
    ///
    /// Nothing needs it: [`Account::access`] renews by itself. It spares the first caller the wait.
    ///
    /// # Errors
    ///
    /// What can't be read at the start.
    pub async fn keep(
        &self,
        accounts: Vec<Account>,
        report: impl FnMut(Result<AccountStatus>) + Send + 'static,
    ) -> Result<()> {
        let keeper = Keeper {
            engine: self.clone(),
            accounts,
            schedule: Schedule::new(seed()),
            waiting: HashMap::new(),
            running: HashMap::new(),
            busy: HashSet::new(),
            report,
        };
        self.tended(keeper.run()).await
    }
}

/// What is different in each process: two of them renew at different moments.
fn seed() -> u64 {
    u64::from(std::process::id()) ^ u64::try_from(clock::wall().0).unwrap_or_default()
}

/// An account, and when it ends.
struct Kept {
    status: AccountStatus,
    watched: Watched,
}

/// What came of a renewal.
struct Renewed {
    kept: Kept,
    outcome: Result<Access>,
}

struct Keeper<R> {
    engine: Engine,
    accounts: Vec<Account>,
    schedule: Schedule,
    /// What is due, by provider.
    waiting: HashMap<String, VecDeque<Kept>>,
    /// How many renewals run, by provider.
    running: HashMap<String, usize>,
    /// What waits or runs.
    busy: HashSet<String>,
    report: R,
}

impl<R: FnMut(Result<AccountStatus>) + Send> Keeper<R> {
    async fn run(mut self) -> Result<()> {
        let mut renewals = JoinSet::new();
        let mut next_look = Instant::now() + self.look().await?;
        loop {
            self.fill(&mut renewals);
            tokio::select! {
                Some(renewed) = renewals.join_next() => {
                    let renewed = renewed.map_err(|_| Error::lost())?;
                    let due = Instant::now() + self.note(renewed);
                    next_look = next_look.min(due);
                }
                () = tokio::time::sleep_until(next_look) => {
                    let pause = self.look().await.unwrap_or_else(|error| {
                        (self.report)(Err(error));
                        AGAIN
                    });
                    next_look = Instant::now() + pause;
                }
            }
        }
    }

    /// Reads what is stored, queues what is due, and tells how long to wait for the next look.
    async fn look(&mut self) -> Result<Duration> {
        let accounts = self.accounts.clone();
        let all = self.engine.block(move |engine| stored(engine, &accounts)).await?;
        let now = clock::wall();
        let mut live = Vec::new();
        for mut kept in all {
            if self.busy.contains(&kept.watched.key) {
                continue;
            }
            let due = self.schedule.due(&kept.watched);
            let can_be_renewed =
                !matches!(kept.status.state, AccountState::ReloginRequired | AccountState::NotLoggedIn);
            if can_be_renewed && due.is_some_and(|due| due <= now) {
                self.busy.insert(kept.watched.key.clone());
                self.waiting.entry(kept.status.provider.clone()).or_default().push_back(kept);
                continue;
            }
            kept.status.renew_at = due.filter(|_| can_be_renewed).map(system_time);
            if kept.status.state.is_usable() {
                live.push(kept.watched);
            }
            (self.report)(Ok(kept.status));
        }
        Ok(self.schedule.pause(&live, now).max(SHORTEST_LOOK))
    }

    /// Begins renewals while there are places.
    fn fill(&mut self, renewals: &mut JoinSet<Renewed>) {
        while renewals.len() < PLACES {
            let count = |running: &HashMap<String, usize>, id: &str| running.get(id).copied().unwrap_or(0);
            let candidates = self.waiting.iter().filter(|(_, queue)| !queue.is_empty());
            let candidates = candidates.map(|(id, _)| (count(&self.running, id), id));
            let next = candidates.min().filter(|(taken, _)| *taken < PLACES_OF_ONE);
            let Some(id) = next.map(|(_, id)| id.clone()) else { return };
            let Some(kept) = self.waiting.get_mut(&id).and_then(VecDeque::pop_front) else { return };
            self.waiting.retain(|_, queue| !queue.is_empty());
            *self.running.entry(id).or_default() += 1;
            let engine = self.engine.clone();
            renewals.spawn(renew(engine, kept));
        }
    }

    /// Reports what came of a renewal, and tells when the next look is due for it.
    fn note(&mut self, Renewed { kept, outcome }: Renewed) -> Duration {
        let Kept { mut status, mut watched } = kept;
        if let Some(count) = self.running.get_mut(&status.provider) {
            *count = count.saturating_sub(1);
        }
        self.running.retain(|_, count| *count > 0);
        self.busy.remove(&watched.key);
        let now = clock::wall();
        let before = status.expires_at;
        match outcome {
            Ok(access) if access.expires_at() > before => {
                self.schedule.renewed(&watched.key);
                status.expires_at = access.expires_at();
                status.state = AccountState::LoggedIn;
                watched.expires_at = status.expires_at.map(unix_ms);
                status.access = Some(access);
            }
            Ok(access) => {
                let words = access.warnings().first().map_or("not refreshed", String::as_str);
                status.error = Some(Error::new(ErrorKind::Retryable, "refresh_failed", words));
                self.schedule.failed(&watched.key, now);
            }
            // Whoever stops it knows.
            Err(error) if error.kind() == ErrorKind::Cancelled => return SHORTEST_LOOK,
            Err(error) => {
                self.schedule.failed(&watched.key, now);
                status.error = Some(error);
            }
        }
        let due = self.schedule.due(&watched);
        status.renew_at = due.map(system_time);
        (self.report)(Ok(status));
        self.schedule.pause([&watched], now).max(SHORTEST_LOOK)
    }
}

/// Renews one account: a little more than it has left makes it due.
async fn renew(engine: Engine, kept: Kept) -> Renewed {
    let left = kept.watched.expires_at.map_or(0, |at| at.0.saturating_sub(clock::wall().0)).max(0);
    let account = Account::new(engine.clone(), &kept.status.provider);
    let account = match &kept.status.id {
        Some(id) => account.labelled(id.clone()),
        None => account,
    };
    let ttl = Duration::from_millis(left.unsigned_abs()) + Duration::from_secs(1);
    let outcome = account.access().min_ttl(ttl).await;
    Renewed { kept, outcome }
}

/// All accounts that are kept, as they are now.
fn stored(engine: &Engine, accounts: &[Account]) -> Result<Vec<Kept>> {
    let is_all = accounts.is_empty();
    let accounts = match is_all {
        true => {
            let known = wait(engine.inner.store.providers())?.into_iter();
            known.map(|id| Account::new(engine.clone(), &id)).collect()
        }
        false => accounts.to_vec(),
    };
    let mut all = Vec::new();
    for account in accounts {
        let found =
            engine.inner.files.open(account.name()).and_then(|file| account.statuses(&file, Reading::All));
        let statuses = match found {
            // One file that can't be used takes nothing from the others.
            Err(_) if is_all => continue,
            found => found?,
        };
        let is_meant = |status: &AccountStatus| {
            account.label().is_none_or(|label| {
                status.label.as_deref() == Some(label) || status.id.as_deref() == Some(label)
            })
        };
        all.extend(statuses.into_iter().filter(is_meant).map(Kept::of));
    }
    Ok(all)
}

impl Kept {
    fn of(status: AccountStatus) -> Kept {
        let watched = Watched {
            key: format!("{}/{}", status.provider, status.id.as_deref().unwrap_or_default()),
            expires_at: status.expires_at.filter(|_| status.early.is_some()).map(unix_ms),
            early: status.early.unwrap_or_default(),
        };
        Kept { status, watched }
    }
}

fn unix_ms(at: SystemTime) -> UnixMs {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
