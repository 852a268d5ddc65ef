//! The port: what the engine needs of whatever keeps its grants, a file or a row of a database.
//!
//! A renewal holds its grant, makes its intent durable, sends, makes each answer durable before anybody parses it, and
//! commits. [`Lease::pending`] shows what an attempt left that was cut off. Implementations are written with `async fn`; the
//! engine keeps them erased ([`AnyStore`]).
//!
//! Note: a revision is compared by its store and nobody else. Another program may write the same grant without counting,
//! and a grant whose tokens it has wiped has not moved.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use hermes_format::time::UnixMs;

use super::FileStore;
use super::error::StoreError;
use super::grant::{
    Attempt, Change, Committed, GrantId, NewGrant, Note, Revision, Scope, Snapshot, StoredGrant,
};
use super::journal::Answer;

/// How often a thread that waits looks whether it is asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// The result of a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Where grants are kept.
///
/// A future that is dropped before it is ready has taken nothing, unless its method says otherwise.
pub trait Store: Send + Sync + 'static {
    /// The grants of a provider, by priority. Takes no lock.
    fn grants(&self, scope: &Scope) -> impl Future<Output = StoreResult<Snapshot>> + Send;

    /// The ids of the providers that have a grant.
    fn providers(&self) -> impl Future<Output = StoreResult<Vec<String>>> + Send;

    /// The provider of the last login, which is used where nothing else is chosen.
    fn last_login(&self) -> impl Future<Output = StoreResult<Option<String>>> + Send;

    /// Proves that a grant could be stored: asked before a user is.
    fn ready(&self, scope: &Scope) -> impl Future<Output = StoreResult<()>> + Send;

    /// Holds a grant, stored or not yet: nobody else renews or replaces it until the lease is dropped.
    ///
    /// # Errors
    ///
    /// [`Busy`](super::StoreErrorKind::Busy) after `wait`.
    fn hold(
        &self,
        scope: &Scope,
        id: &GrantId,
        wait: Duration,
    ) -> impl Future<Output = StoreResult<Lease>> + Send;

    /// Proves that what is about to be spent can be followed by what comes of it, then makes the intent durable. After an
    /// error, or where the grant has moved meanwhile, nothing may be sent.
    fn intend(&self, lease: &mut Lease) -> impl Future<Output = StoreResult<Intended>> + Send;

    /// Makes an answer durable before it is parsed. An error does not end the attempt.
    fn answer(&self, lease: &mut Lease, answer: &Answer) -> impl Future<Output = StoreResult<()>> + Send;

    /// Stores what came of it, durably, if the grant is still the one that was held; then the attempt ends as `attempt`
    /// says, or in any case where the grant has moved or gone. Brought to its end even if it is dropped.
    ///
    /// After an error a renewed grant's attempt stays; that of any other change ends as it was to.
    fn commit(
        &self,
        lease: &mut Lease,
        change: Change,
        attempt: Attempt,
    ) -> impl Future<Output = StoreResult<Committed>> + Send;

    /// Notes something of a grant without holding it. What is said of a token is not noted of another.
    fn note(
        &self,
        scope: &Scope,
        id: &GrantId,
        seen: &Revision,
        note: Note,
    ) -> impl Future<Output = StoreResult<Committed>> + Send;

    /// Stores a login, the last one from now on. A renewal of the grant that it replaces is waited for.
    fn put(
        &self,
        login: NewGrant,
        wait: Duration,
    ) -> impl Future<Output = StoreResult<Option<GrantId>>> + Send;

    /// Removes one grant, or all of a provider. Tells whether there was one.
    fn remove(
        &self,
        scope: &Scope,
        id: Option<&GrantId>,
        wait: Duration,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Forgets that one grant, or all of a provider, have failed. Tells whether any had.
    fn forgive(
        &self,
        scope: &Scope,
        id: Option<&GrantId>,
        wait: Duration,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Whether a grant that was seen at one revision is another at the other, or the same after a renewal.
    fn has_moved(&self, seen: &Revision, now: &Revision) -> bool {
        seen != now
    }

    /// The files of a home in which a login that was approved is kept until it is stored; without them it is not kept.
    #[doc(hidden)]
    fn files(&self) -> Option<&FileStore> {
        None
    }

    /// What is another whenever a grant of this provider may have changed: what is in memory is believed while it is the
    /// same. Must not wait. `None` is never the same.
    fn stamp(&self, scope: &Scope) -> Option<Stamp> {
        let _ = scope;
        None
    }
}

/// What changes with the grants of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(pub Vec<u8>);

/// Whether an attempt can begin.
#[derive(Debug, Clone)]
pub enum Intended {
    /// Its intent is durable.
    Durable,
    /// Somebody who did not have to hold it has changed the grant.
    Moved(Box<StoredGrant>),
    /// Somebody has removed it.
    Gone,
}

/// An attempt that was not brought to its end.
#[derive(Debug, Clone, Default)]
pub struct Pending {
    /// The answers that had arrived, in order. None: the token may have been spent all the same.
    pub answers: Vec<Answer>,
}

/// A grant that is held.
pub struct Lease {
    /// The grant as it is; `None` where there is none yet. A commit changes it.
    pub grant: Option<StoredGrant>,
    /// What an attempt left.
    pub pending: Option<Pending>,
    /// When the lease ends, if it does before it is dropped: nothing is sent from then on.
    pub until: Option<UnixMs>,
    held: Box<dyn Any + Send>,
}

impl Lease {
    /// A lease with what its store needs of it.
    pub fn new(grant: Option<StoredGrant>, pending: Option<Pending>, held: impl Any + Send) -> Lease {
        Lease { grant, pending, until: None, held: Box::new(held) }
    }

    /// The lease, with nothing left in its place.
    pub(crate) fn take(&mut self) -> Lease {
        std::mem::replace(self, Lease::new(None, None, ()))
    }

    /// What its store needs of it.
    ///
    /// # Errors
    ///
    /// [`Lost`](super::StoreErrorKind::Lost): it is another store's.
    pub fn held<T: 'static>(&mut self) -> StoreResult<&mut T> {
        self.held.downcast_mut().ok_or_else(|| StoreError::lost("the lease is of another store"))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("grant", &self.grant)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = StoreResult<T>> + Send + 'a>>;

/// Makes the erased trait, and every store one of it.
macro_rules! erased {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        /// Any [`Store`], as an object. Implemented by every store.
        #[allow(missing_docs)]
        pub trait AnyStore: Send + Sync + 'static {
            $(fn $name<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, $out>;)*
            fn has_moved(&self, seen: &Revision, now: &Revision) -> bool;
            fn stamp(&self, scope: &Scope) -> Option<Stamp>;
            #[doc(hidden)]
            fn files(&self) -> Option<&FileStore>;
        }

        impl<S: Store> AnyStore for S {
            $(fn $name<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, $out> {
                Box::pin(Store::$name(self, $($arg),*))
            })*

            fn has_moved(&self, seen: &Revision, now: &Revision) -> bool {
                Store::has_moved(self, seen, now)
            }

            fn stamp(&self, scope: &Scope) -> Option<Stamp> {
                Store::stamp(self, scope)
            }

            fn files(&self) -> Option<&FileStore> {
                Store::files(self)
            }
        }
    };
}

erased! {
    grants(scope: &'a Scope) -> Snapshot;
    providers() -> Vec<String>;
    last_login() -> Option<String>;
    ready(scope: &'a Scope) -> ();
    hold(scope: &'a Scope, id: &'a GrantId, wait: Duration) -> Lease;
    intend(lease: &'a mut Lease) -> Intended;
    answer(lease: &'a mut Lease, answer: &'a Answer) -> ();
    commit(lease: &'a mut Lease, change: Change, attempt: Attempt) -> Committed;
    note(scope: &'a Scope, id: &'a GrantId, seen: &'a Revision, note: Note) -> Committed;
    put(login: NewGrant, wait: Duration) -> Option<GrantId>;
    remove(scope: &'a Scope, id: Option<&'a GrantId>, wait: Duration) -> bool;
    forgive(scope: &'a Scope, id: Option<&'a GrantId>, wait: Duration) -> bool;
}

impl fmt::Debug for dyn AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyStore")
    }
}

/// Waits for a store on a thread that may wait.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        std::thread::park();
    }
}

/// The same, and gives up where the flag is raised first.
///
/// # Errors
///
/// [`StoreError::Interrupted`]: the flag is up, and the future was dropped.
pub(crate) fn wait_unless<T>(
    stop: Option<&AtomicBool>,
    future: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let Some(stop) = stop else { return wait(future) };
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        if stop.load(Ordering::SeqCst) {
            return Err(StoreError::Interrupted);
        }
        std::thread::park_timeout(LOOK);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}
