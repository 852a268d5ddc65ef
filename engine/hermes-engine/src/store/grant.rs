//! What a store keeps of an account, whatever it keeps it in.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Grant, Trouble};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::change::END;
use super::moment;
use super::record::{Expiry, Mark, Pause};
use super::rest::{Refusal, Rest};
use super::slot::MAIN;

/// The grants of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The provider's id.
    pub provider: String,
    /// The members below which another program nests this provider's tokens (`stored_at`). A database ignores it.
    pub stored_at: Vec<String>,
}

impl Scope {
    /// The grants of a provider whose tokens are not nested.
    pub fn plain(provider: &str) -> Scope {
        Scope { provider: provider.to_owned(), stored_at: Vec::new() }
    }
}

/// What tells a grant from the provider's others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GrantId {
    /// Its id; [`MAIN`] is the provider's first.
    pub id: String,
    /// Whether it is in a store beneath this one, as a profile reads those of its root.
    pub is_inherited: bool,
}

impl GrantId {
    /// The provider's first grant.
    pub fn main() -> GrantId {
        GrantId { id: MAIN.to_owned(), is_inherited: false }
    }
}

/// What changes with a grant. Only its store can compare two ([`Store::has_moved`](super::Store::has_moved)).
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Revision(pub Vec<u8>);

impl fmt::Debug for Revision {
    /// Hashes of tokens may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revision")
    }
}

/// A grant as it is stored.
#[derive(Debug, Clone, Default)]
pub struct StoredGrant {
    /// What tells it from the provider's others.
    pub id: String,
    /// Where it is kept, if not in this store's own place: the `auth.json` of a profile's root.
    pub kept_in: Option<PathBuf>,
    /// What changes with it.
    pub revision: Revision,
    /// Whether it is a key that was given to another program, which nothing renews.
    pub is_key: bool,
    /// What a user calls it.
    pub label: Option<String>,
    /// Its place in the order; the lowest is tried first.
    pub priority: i64,
    /// Its tokens.
    pub tokens: Tokens,
    /// What it was made with.
    pub made: Made,
    /// How its use and its renewals went.
    pub health: Health,
    /// Whether a renewal of it may have been left unfinished.
    pub is_unfinished: bool,
}

/// The tokens of a grant.
#[derive(Clone, Default)]
pub struct Tokens {
    /// The access token.
    pub access: Option<Secret>,
    /// The refresh token.
    pub refresh: Option<Secret>,
    /// When the access token was obtained.
    pub obtained_at: Option<UnixMs>,
    /// When it expires.
    pub expiry: Expiry,
    /// All that a provider file names as `token.*`; members that this engine does not know among them.
    pub members: Map<String, Value>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// What a grant was made with.
#[derive(Clone, Default)]
pub struct Made {
    /// The region of the login.
    pub region: Option<String>,
    /// Where the grant may go; `None` where another program made it.
    pub origins: Option<Origins>,
    /// The typed values of inputs that are kept with it.
    pub inputs: IndexMap<String, String>,
    /// The fingerprints of the sources' values that it was made of, by input.
    pub made_from: IndexMap<String, String>,
}

impl fmt::Debug for Made {
    /// A typed value can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("region", &self.region)
            .field("inputs", &self.inputs.keys())
            .finish_non_exhaustive()
    }
}

/// How the use and the renewals of a grant went.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// When it was last renewed.
    pub renewed_at: Option<UnixMs>,
    /// The pause after a failed renewal, over or not.
    pub paused: Option<Pause>,
    /// Why only a new login helps.
    pub relogin: Option<Mark>,
    /// The answer to a renewal that is kept because the file can't read it.
    pub unread: Option<Mark>,
    /// Why it gives way to others, over or not.
    pub rest: Option<Rest>,
    /// What a server wants of the next login.
    pub challenge: Option<Challenge>,
}

/// What a server that has refused a grant wants of the next login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The parameters of its challenge; `None` where the login has answered it.
    pub parameters: Option<Map<String, Value>>,
    /// How many logins in a row were refused for what they allow.
    pub refusals: u64,
}

impl Challenge {
    /// What is left of it after the login that it asked for.
    pub(super) fn answered(&self) -> Option<Challenge> {
        let is_counted = self.parameters.is_some() && self.refusals > 0;
        is_counted.then(|| Challenge { parameters: None, refusals: self.refusals })
    }
}

impl StoredGrant {
    /// What tells it from the provider's others.
    pub fn key(&self) -> GrantId {
        GrantId { id: self.id.clone(), is_inherited: self.kept_in.is_some() }
    }

    /// The file that it is in, where that is not the home's own but that of the root of a profile.
    pub fn root_file(&self) -> Option<&Path> {
        self.kept_in.as_deref()
    }

    /// Whether a user means this one: by its label or its id.
    pub fn is_called(&self, name: &str) -> bool {
        self.label.as_deref() == Some(name) || self.id == name
    }

    /// What it is called: its label, else its id.
    pub fn name(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.id)
    }

    /// Why it gives way to the others now.
    pub fn rest(&self, now: UnixMs) -> Option<Rest> {
        self.health.rest.filter(|rest| rest.lasts(now))
    }

    /// Whether there is anything in it to use.
    pub fn holds_tokens(&self) -> bool {
        self.tokens.access.is_some() || self.tokens.refresh.is_some()
    }

    /// When the access token expires; `None` is unknown.
    pub fn expires_at(&self) -> Option<UnixMs> {
        match self.tokens.expiry {
            Expiry::At(at) => Some(at),
            Expiry::Unknown | Expiry::Unreadable => None,
        }
    }

    /// What a provider file names as `token.*`.
    pub fn token(&self) -> Value {
        Value::Object(self.tokens.members.clone())
    }

    /// A grant as a login brought it. It has no place among others yet.
    pub(crate) fn of_login(login: &NewGrant) -> StoredGrant {
        let grant = login.grant.as_ref();
        StoredGrant {
            id: MAIN.to_owned(),
            is_key: login.is_key,
            label: login.label.clone(),
            priority: login.priority.unwrap_or_default(),
            tokens: grant.map(Tokens::of).unwrap_or_default(),
            made: Made {
                region: grant.and_then(|grant| grant.region.clone()),
                origins: grant.map(|grant| grant.origins.clone()),
                inputs: login.inputs.clone(),
                made_from: login.made_from.clone(),
            },
            ..StoredGrant::default()
        }
    }

    /// The grant after a renewal. A rate limit outlives the token.
    pub(crate) fn renewed(&self, renewal: &Renewal) -> StoredGrant {
        let mut grant = self.clone();
        grant.tokens.renew(&renewal.grant);
        grant.made.origins.get_or_insert_with(|| renewal.origins.clone());
        let rest = grant.health.rest.filter(|rest| !rest.is_of_token());
        let challenge = grant.health.challenge.take();
        grant.health = Health { renewed_at: Some(renewal.at), rest, challenge, ..Health::default() };
        grant
    }
}

impl Tokens {
    /// The tokens that a flow brought.
    pub(crate) fn of(grant: &Grant) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.members.insert("token_type".to_owned(), json!("Bearer"));
        tokens.renew(grant);
        tokens
    }

    /// Puts what a flow brought in the place of what is there. What it did not bring stays, but for the lifetime.
    fn renew(&mut self, grant: &Grant) {
        let members = &mut self.members;
        members.extend(grant.keep.clone());
        members.extend([
            ("access_token".to_owned(), json!(grant.access_token.expose_secret())),
            ("obtained_at".to_owned(), json!(moment::write(grant.obtained_at))),
        ]);
        if let Some(token_type) = &grant.token_type {
            members.insert("token_type".to_owned(), json!(token_type));
        }
        if let Some(refresh) = grant.refresh_token.as_ref().filter(|token| !token.is_empty()) {
            members.insert("refresh_token".to_owned(), json!(refresh.expose_secret()));
            self.refresh = Some(refresh.clone());
        }
        END.iter().for_each(|name| drop(members.shift_remove(*name)));
        if let Some(at) = grant.expires_at {
            let life = at.0.saturating_sub(grant.obtained_at.0).max(0) / 1000;
            members.insert("expires_at".to_owned(), json!(moment::write(at)));
            members.insert("expires_in".to_owned(), json!(life));
        }
        self.access = Some(grant.access_token.clone());
        self.obtained_at = Some(grant.obtained_at);
        self.expiry = grant.expires_at.map_or(Expiry::Unknown, Expiry::At);
    }
}

/// The grants of a provider by priority, read without a lock.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The grants that a user has put there; the first is tried first.
    pub grants: Vec<ListedGrant>,
    /// What was fixed while reading, or could not be, for a user: permissions that were too wide, ….
    pub warnings: Vec<String>,
}

/// A grant that is read only when its turn comes: there may be a thousand, and one is wanted.
#[derive(Clone)]
pub struct ListedGrant {
    /// What tells it from the provider's others.
    pub id: String,
    /// What a user calls it.
    pub label: Option<String>,
    /// Whether there is anything in it to use.
    pub holds_tokens: bool,
    /// Whether it says anything of a failure, by which it may give way to others.
    pub is_troubled: bool,
    pub(super) read: Arc<dyn Fn() -> StoredGrant + Send + Sync>,
}

impl ListedGrant {
    /// A grant that is at hand.
    pub fn new(grant: StoredGrant) -> ListedGrant {
        let Health { relogin, rest, .. } = &grant.health;
        ListedGrant {
            id: grant.id.clone(),
            label: grant.label.clone(),
            holds_tokens: grant.holds_tokens(),
            is_troubled: relogin.is_some() || rest.is_some(),
            read: Arc::new(move || grant.clone()),
        }
    }

    /// Reads it.
    pub fn grant(&self) -> StoredGrant {
        (self.read)()
    }

    /// Whether a user means this one: by its label or its id.
    pub fn is_called(&self, name: &str) -> bool {
        self.label.as_deref() == Some(name) || self.id == name
    }
}

impl fmt::Debug for ListedGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedGrant")
            .field("id", &self.id)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// What a login brought.
#[derive(Clone)]
pub struct NewGrant {
    /// Whose it is.
    pub scope: Scope,
    /// The tokens. `None` where they are a source's value, which is never stored: it is only the last login.
    pub grant: Option<Grant>,
    /// Whether it is a key, which nothing renews.
    pub is_key: bool,
    /// What the user calls it. It takes the place of the grant of that label; a new label is stored beside the others.
    pub label: Option<String>,
    /// Its place in the order; `None` is behind the others.
    pub priority: Option<i64>,
    /// The typed values of inputs to keep.
    pub inputs: IndexMap<String, String>,
    /// The fingerprints of the sources' values that it was made of.
    pub made_from: IndexMap<String, String>,
    /// Where another program would send it.
    pub base_url: Option<String>,
}

impl fmt::Debug for NewGrant {
    /// A typed value can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewGrant")
            .field("scope", &self.scope)
            .field("label", &self.label)
            .field("inputs", &self.inputs.keys())
            .finish_non_exhaustive()
    }
}

/// What a renewal brought.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The tokens. What they lack (a refresh token, members to keep) stays as it is.
    pub grant: Grant,
    /// Where the grant may go, if that is not stored yet.
    pub origins: Origins,
    /// When it arrived.
    pub at: UnixMs,
}

/// Why a renewal failed.
#[derive(Debug, Clone)]
pub struct FailedRenewal {
    /// The failure.
    pub trouble: Trouble,
    /// When it happened.
    pub at: UnixMs,
}

/// What becomes of a grant that is held.
#[derive(Debug, Clone)]
pub enum Change {
    /// It was renewed.
    Renewed(Box<Renewal>),
    /// It was made anew, or for the first time, by a login without a user.
    Minted(Box<NewGrant>, UnixMs),
    /// Only a new login helps. The tokens stay.
    ReloginRequired(Box<FailedRenewal>),
    /// The answer is kept in the attempt, and the provider's file can't read it.
    Unread(Box<FailedRenewal>),
    /// Nobody renews it before this moment.
    Paused(UnixMs, Box<FailedRenewal>),
    /// Nothing.
    Unchanged,
}

/// What becomes of the attempt that a commit ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is over: what it had in hand is stored, or is worth nothing.
    Ends,
    /// It stays as it is, and whoever holds the grant next takes it up.
    Stays,
    /// The same, and the last answers of this state are asked for anew.
    Retracts(String),
}

/// What a commit found.
#[derive(Debug, Clone)]
pub enum Committed {
    /// The grant as it was held; it is stored as this now.
    Stored(Box<StoredGrant>),
    /// Another grant, or the same after a renewal by somebody else: nothing was changed.
    Moved(Box<StoredGrant>),
    /// None.
    Gone,
}

/// What is noted of a grant without holding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A server refused or limits it: the others go first for a while.
    Rests(Refusal),
    /// A server wants another login.
    Challenged(Challenge),
    /// Its place in the order. Another that has it, and those behind it, move back.
    Priority(i64),
}

impl Revision {
    /// A revision of a store that counts its own writes, and that other programs write without counting.
    pub(super) fn counted(generation: u64, tokens: &Tokens) -> Revision {
        let hash = |token: &Option<Secret>| {
            token.as_ref().map(|token| super::sha256(token.expose_secret())).unwrap_or_default()
        };
        Revision(format!("{generation}/{}/{}", hash(&tokens.refresh), hash(&tokens.access)).into_bytes())
    }

    /// Whether a grant that was seen at this revision is another at `now`. One that has lost its refresh token is not:
    /// another program wipes what it could not renew.
    pub(super) fn has_moved(&self, now: &Revision) -> bool {
        let parts = |revision: &Revision| -> Vec<Vec<u8>> {
            revision.0.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect()
        };
        match (parts(self).as_slice(), parts(now).as_slice()) {
            ([generation, refresh, _], [generation_now, refresh_now, _]) if generation == generation_now => {
                let is_wiped = !refresh.is_empty() && refresh_now.is_empty();
                !is_wiped && self != now
            }
            _ => true,
        }
    }
}
