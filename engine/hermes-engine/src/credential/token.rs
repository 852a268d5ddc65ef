//! What a client asks for: a token that is valid now.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::provider::Shared;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Grant, Trouble, TroubleClass};
use serde_json::Value;

use super::ask::Ask;
use super::engine::GetIo;
use super::freshness::{Freshness, is_hash_of};
use super::later::Later;
use super::plan::{Plan, must_wait, plan};
use super::recover::recover;
use super::redeem::{self, Ending};
use super::unfinished::finish_any;
use super::{Inputs, made, order, trouble, turn};
use crate::clock;
use crate::http::HttpOptions;
use crate::store::{AnyStore, GrantId, Lease, StoreError, StoreErrorKind, StoredGrant, wait, wait_unless};

/// What is asked for.
pub struct Request<'a> {
    /// Where credentials are stored.
    pub store: &'a dyn AnyStore,
    /// The provider.
    pub provider: &'a Shared,
    /// The region, where no stored credential has one; `None` is the file's default.
    pub region: Option<&'a str>,
    /// The values of its inputs.
    pub inputs: &'a Inputs,
    /// The built-in file of this id, or a trusted one: a stored credential may go where it sends it, whichever file is in
    /// force.
    pub vouched: Option<&'a Shared>,
    /// How long the token must live on, at least.
    pub min_ttl: Option<Duration>,
    /// The token that a server has just refused.
    pub rejected: Option<Rejected<'a>>,
    /// The label or the id of the one credential that is meant; `None` is all, in their order.
    pub only: Option<&'a str>,
    /// How requests are sent, where any are.
    pub http: HttpOptions,
    /// The client and the runtime of a program that keeps one; `None` starts them for the one renewal, and holds signals
    /// until it is stored.
    pub io: Option<GetIo<'a>>,
    /// Raised where nobody waits any more: a lock is waited for no longer, and no renewal begins. One that has begun is
    /// brought to its end.
    pub stop: Option<&'a AtomicBool>,
    /// Who brings a commit to its end when its caller is answered before: as soon as the server's answer is durable.
    /// `None` answers when the renewed credential is stored.
    pub later: Option<&'a Later>,
}

/// A token that a server has refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected<'a> {
    /// SHA-256 of the token, in hex.
    pub sha256: &'a str,
    /// The HTTP status: 401 and 403 are the token's own fault, and exactly this one is renewed; 402 and 429 say that its
    /// credential was used too much, and that another's turn has come.
    pub status: u16,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
}

impl Rejected<'_> {
    /// Whether a renewed token would be refused as well.
    pub fn is_limit(&self) -> bool {
        matches!(self.status, 402 | 429)
    }
}

/// Where a credential came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// It was stored, and good.
    Stored,
    /// It has just been renewed.
    Renewed,
    /// It was made from inputs.
    Made,
}

/// A credential that can be used now.
#[derive(Clone)]
pub struct Credential {
    /// The access token.
    pub access_token: Secret,
    /// What `{{token.*}}` names, for [`hermes_machine::access::access`].
    pub token: Value,
    /// The region.
    pub region: Option<String>,
    /// The values of inputs, for the same.
    pub inputs: indexmap::IndexMap<String, String>,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// When a use would renew it; `None` where nothing is known to renew ahead of.
    pub renew_at: Option<UnixMs>,
    /// Where the credential may go.
    pub origins: Origins,
    /// Where it came from.
    pub source: Source,
    /// What a person should know; not yet made safe for a screen.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("source", &self.source)
            .field("region", &self.region)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// The same with more warnings.
    pub fn warning(mut self, warnings: Vec<String>) -> Credential {
        self.warnings.extend(warnings);
        self
    }
}

/// Why there is no credential.
#[derive(Debug)]
pub enum Error {
    /// Something is wrong; the class says whose turn it is.
    Trouble(Trouble),
    /// The person interrupted a renewal, which was brought to its end first, or did not begin (130).
    Interrupted,
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        Error::Trouble(trouble)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Interrupted => Error::Interrupted,
            error => Error::Trouble(error.into()),
        }
    }
}

/// A token that is valid now: the stored one if it is fresh, else a renewed one. Never asks a person.
///
/// Of several credentials the first that can be used serves. While a stored token still lives and is not the one that was
/// rejected, a renewal that fails is a warning.
///
/// A key from a source of the file (a variable, a file, a command) goes before all that is stored; one that a server has
/// refused gives way to it.
pub fn token(request: &Request<'_>) -> Result<Credential, Error> {
    let ask = Ask { request, scope: &super::scope(request.provider), id: &GrantId::main() };
    let mut refused = None;
    let lack = match made::from_inputs(ask.given()) {
        Some(Ok(grant)) if is_first(request)? => match refusal(ask, &grant) {
            Some(trouble) => {
                refused = Some(trouble.clone());
                trouble
            }
            None => return Ok(made_of(ask, grant)),
        },
        // A key that a person typed is stored; any other is missing.
        Some(Ok(_)) | None => trouble::standard(ask.provider(), Code::NotLoggedIn),
        Some(Err(lack)) => lack,
    };
    let is_key = super::login::is_key(ask.provider());
    let take = || {
        turn::take(request, |ask, grant| match is_key {
            true => typed_key(ask, grant, lack.clone()),
            false => stored_or_renewed(ask, grant),
        })
    };
    let result = match take() {
        // A login that was approved and not finished is finished now.
        Err(Error::Trouble(lack)) if lack.class == TroubleClass::Login => match finish_any(request)? {
            true => take(),
            false => Err(lack.into()),
        },
        result => result,
    };
    match (result, refused) {
        (Err(Error::Trouble(none)), Some(refused)) if none.code == Code::NotLoggedIn => Err(refused.into()),
        (result, _) => result,
    }
}

/// Whether a key that is made of inputs goes before what is stored: one that a source gives, or any where nothing is stored.
fn is_first(request: &Request<'_>) -> Result<bool, Error> {
    Ok(request.only.is_none()
        && (made::is_supplied(request.provider, request.inputs) || !is_any_held(request)?))
}

fn is_any_held(request: &Request<'_>) -> Result<bool, Error> {
    let snapshot = wait(request.store.grants(&super::scope(request.provider)))?;
    Ok(order::is_any_held(&order::candidates(&snapshot, request.provider, clock::wall())))
}

fn stored_or_renewed(ask: Ask<'_>, seen: Option<StoredGrant>) -> Result<Credential, Error> {
    let fresh = seen.as_ref().filter(|grant| ask.freshness(grant, clock::wall()) == Freshness::Fresh);
    if let Some((grant, credential)) = fresh.and_then(|it| Some((it, ask.credential(it, Source::Stored)?))) {
        if !grant.is_unfinished {
            return Ok(credential);
        }
        return match hold(ask, Duration::ZERO) {
            Ok(lease) => match locked(ask, lease, Some(grant)) {
                // This token serves all the same.
                Err(Error::Trouble(_)) => Ok(credential),
                finished => finished,
            },
            Err(StoreError::Interrupted) => Err(Error::Interrupted),
            // Somebody else is about it just now.
            Err(error) if error.kind() == StoreErrorKind::Busy => Ok(credential),
            Err(error) => fall_back(ask, Some(grant), error.into()),
        };
    }
    match hold(ask, ask.lock_limit()) {
        Ok(lease) => locked(ask, lease, seen.as_ref()),
        Err(StoreError::Interrupted) => Err(Error::Interrupted),
        Err(error) => {
            // Who held the lock may have renewed it all the same.
            let now = ask.read()?;
            match now.as_ref().filter(|now| ask.freshness(now, clock::wall()) == Freshness::Fresh) {
                Some(renewed) => settled(ask, renewed, Source::Stored),
                None => fall_back(ask, now.as_ref(), error.into()),
            }
        }
    }
}

fn hold(ask: Ask<'_>, limit: Duration) -> Result<Lease, StoreError> {
    let Request { store, stop, .. } = *ask.request;
    wait_unless(stop, store.hold(ask.scope, ask.id, limit))
}

/// Finishes what was begun, and renews only what still needs it.
fn locked(ask: Ask<'_>, mut lease: Lease, seen: Option<&StoredGrant>) -> Result<Credential, Error> {
    let mut source = Source::Stored;
    let mut warnings = Vec::new();
    match recover(ask, &mut lease)? {
        Some(Ending::Unkept(grant, warning)) => return unkept(ask, &grant, warning),
        Some(Ending::Kept(_, said)) => {
            source = Source::Renewed;
            warnings = said;
        }
        Some(Ending::Unread(trouble)) => return fall_back(ask, lease.grant.as_ref(), trouble),
        // What it means for the grant stands in the grant.
        Some(Ending::Adopted(_) | Ending::Gone | Ending::Failed(_)) | None => {}
    }
    if let Some(grant) = &lease.grant {
        let has_moved = |seen: &StoredGrant| ask.request.store.has_moved(&seen.revision, &grant.revision);
        let moved = seen.is_none_or(has_moved);
        match ask.freshness(grant, clock::wall()) {
            Freshness::Fresh => return settled(ask, grant, source).map(|it| it.warning(warnings)),
            Freshness::Due if moved => return settled(ask, grant, source).map(|it| it.warning(warnings)),
            Freshness::Due | Freshness::Ended => {}
        }
    }
    renew(ask, lease)
}

fn renew(ask: Ask<'_>, mut lease: Lease) -> Result<Credential, Error> {
    let grant = lease.grant.clone();
    let grant = grant.as_ref();
    let current = grant.filter(|grant| !made::has_changed(ask.provider(), grant, ask.request.inputs));
    let region = grant.and_then(|grant| grant.made.region.as_deref());
    let plan = plan(ask.given_for(region), current);
    if let Plan::Impossible(trouble) = plan {
        return fall_back(ask, grant, trouble);
    }
    let rejected = ask.rejected();
    if let Some(wait) = current.and_then(|it| must_wait(ask.provider(), it, rejected, clock::wall())) {
        return fall_back(ask, grant, wait);
    }
    let ending = match (plan, current) {
        (Plan::Refresh, Some(current)) => redeem::refresh(ask, &mut lease, current)?,
        (Plan::Login(from), _) => redeem::login(ask, &mut lease, from)?,
        (Plan::Refresh | Plan::Impossible(_), _) => Ending::Gone,
    };
    match ending {
        Ending::Kept(renewed, warnings) => {
            settled(ask, &renewed, Source::Renewed).map(|it| it.warning(warnings))
        }
        Ending::Unkept(renewed, warning) => unkept(ask, &renewed, warning),
        Ending::Adopted(theirs) => adopted(ask, &theirs),
        Ending::Gone => Err(trouble::standard(ask.provider(), Code::NotLoggedIn).into()),
        Ending::Failed(failure) | Ending::Unread(failure) => fall_back(ask, grant, failure),
    }
}

fn settled(ask: Ask<'_>, grant: &StoredGrant, source: Source) -> Result<Credential, Error> {
    let credential = ask.credential(grant, source);
    credential.ok_or_else(|| trouble::standard(ask.provider(), Code::NotLoggedIn).into())
}

fn unkept(ask: Ask<'_>, grant: &StoredGrant, warning: String) -> Result<Credential, Error> {
    let credential = settled(ask, grant, Source::Renewed)?;
    Ok(Credential { warnings: vec![warning], ..credential })
}

fn adopted(ask: Ask<'_>, theirs: &StoredGrant) -> Result<Credential, Error> {
    if ask.freshness(theirs, clock::wall()) == Freshness::Ended {
        let words = "another program changed the credential, and it is expired";
        return Err(trouble::worded(ask.provider(), Code::RefreshFailed, words).into());
    }
    settled(ask, theirs, Source::Stored)
}

fn fall_back(ask: Ask<'_>, grant: Option<&StoredGrant>, failure: Trouble) -> Result<Credential, Error> {
    let warning = format!("the stored token still serves, but it could not be renewed: {failure}");
    ask.still_alive(grant, warning).ok_or(Error::Trouble(failure))
}

/// A key that a person typed, which nothing can renew.
fn typed_key(ask: Ask<'_>, grant: Option<StoredGrant>, lack: Trouble) -> Result<Credential, Error> {
    let grant = grant.filter(|grant| grant.tokens.access.is_some()).ok_or(lack)?;
    if ask.freshness(&grant, clock::wall()) == Freshness::Ended {
        let words = "the server has refused the stored key, and it can't be renewed";
        return Err(trouble::worded(ask.provider(), Code::LoginExpired, words).into());
    }
    settled(ask, &grant, Source::Stored)
}

/// What a server said of a key, if it was this one.
fn refusal(ask: Ask<'_>, grant: &Grant) -> Option<Trouble> {
    let key = grant.access_token.expose_secret();
    let rejected = ask.request.rejected.filter(|rejected| is_hash_of(rejected.sha256, key))?;
    Some(if rejected.is_limit() {
        turn::limited(ask, "the server limits the key")
    } else {
        let words = "the server has refused the key, and it can't be renewed";
        trouble::worded(ask.provider(), Code::LoginExpired, words)
    })
}

/// A credential that is made of inputs and stored nowhere.
fn made_of(ask: Ask<'_>, grant: Grant) -> Credential {
    let mut token = grant.keep;
    token.insert("access_token".to_owned(), Value::from(grant.access_token.expose_secret()));
    Credential {
        access_token: grant.access_token,
        token: Value::Object(token),
        region: grant.region,
        inputs: ask.request.inputs.values.clone(),
        expires_at: grant.expires_at,
        renew_at: grant.expires_at,
        origins: grant.origins,
        source: Source::Made,
        warnings: Vec::new(),
    }
}
