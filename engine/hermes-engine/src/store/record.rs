//! The stored credential of one provider.
//!
//! Its tokens may stand in the record or, where another program nests them, below some of its members; what this engine
//! adds (`generation`, `origins`, `inputs`, …) always stands in the record itself.

use std::path::Path;
use std::sync::Arc;

use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::ServerError;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::GrantKey;
use super::json::Object;
use super::moment;
use super::slot::MAIN;

/// The stored credential of one provider.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub(super) object: Object,
    place: Vec<String>,
    /// The id of the pool row that this is, where it is one.
    row: Option<String>,
    /// The file of the root, where it stands there and is read by a profile.
    root_file: Option<Arc<Path>>,
}

/// What holds the hashes of the refresh tokens that a grant has had.
pub(super) const EARLIER: &str = "refresh_tokens_sha256";
/// What holds the hashes of those that rows have that are presumed to be the same login.
const PRESUMED: &str = "row_tokens_sha256";
/// How many of them are kept.
const EARLIER_KEPT: usize = 8;

/// Whether a text can be a token: not empty, and such that a header and a line of output can hold it.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// When an access token ends, as its record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expiry {
    /// At this time.
    At(UnixMs),
    /// The record doesn't say.
    #[default]
    Unknown,
    /// The record says something that is no time.
    Unreadable,
}

/// Why only a new login helps, as it was marked in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The code of the failure.
    pub code: String,
    /// The failure in words.
    pub message: String,
    /// What the server said.
    pub server: Option<ServerError>,
    /// When it happened.
    pub at: Option<UnixMs>,
}

/// A pause after a failed renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When it ends.
    pub until: UnixMs,
    /// When it began, where that is known.
    pub since: Option<UnixMs>,
    /// The code of the failure.
    pub code: String,
    /// The failure in words.
    pub message: String,
}

impl Record {
    pub(super) fn new(object: Object, place: &[String]) -> Record {
        Record { object, place: place.to_vec(), row: None, root_file: None }
    }

    /// A row of the pool, which is a credential like any other.
    pub(super) fn of_row(object: Object, id: String) -> Record {
        Record { object, place: Vec::new(), row: Some(id), root_file: None }
    }

    /// The same record as a profile reads it from its root.
    pub(super) fn of_root(self, file: &Arc<Path>) -> Record {
        Record { root_file: Some(file.clone()), ..self }
    }

    /// The file that it is in, where that is not the home's own but that of the root of a profile.
    pub fn root_file(&self) -> Option<&Path> {
        self.root_file.as_deref()
    }

    /// What tells it from all others.
    pub(crate) fn key<'a>(&'a self, provider: &'a str) -> GrantKey<'a> {
        GrantKey { provider, slot: self.slot(), is_of_root: self.root_file.is_some() }
    }

    /// The members below which the tokens stand.
    pub(super) fn place(&self) -> &[String] {
        &self.place
    }

    /// The id of the pool row that this is, where it is one.
    pub(crate) fn row(&self) -> Option<&str> {
        self.row.as_deref()
    }

    /// What tells it from the provider's others, as [`Slot::id`](super::Slot::id) does.
    pub(crate) fn slot(&self) -> &str {
        self.row().unwrap_or(MAIN)
    }

    pub(super) fn object(&self) -> &Object {
        &self.object
    }

    /// The object that holds the tokens.
    fn tokens(&self) -> Object {
        let below = |object: Option<Object>, name: &String| object?.object(name);
        self.place.iter().fold(Some(self.object.clone()), below).unwrap_or_default()
    }

    /// The same, to change it.
    pub(super) fn tokens_mut(&mut self) -> &mut Object {
        self.place.iter().fold(&mut self.object, |object, name| object.open(name))
    }

    /// The members that a file names as `token.*`; those beside nested tokens too.
    pub fn token(&self) -> Value {
        Value::Object(self.members())
    }

    /// The same, as members.
    pub(super) fn members(&self) -> Map<String, Value> {
        let mut members = self.object.values();
        if let Some(first) = self.place.first() {
            members.shift_remove(first);
            members.extend(self.tokens().values());
        }
        members
    }

    /// The access token.
    pub fn access_token(&self) -> Option<Secret> {
        self.secret("access_token")
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<Secret> {
        self.secret("refresh_token")
    }

    /// A text member that is present and [can be a token](is_token).
    fn secret(&self, name: &str) -> Option<Secret> {
        self.tokens().text(name).filter(|text| is_token(text)).map(Secret::new)
    }

    /// Whether it is a login, or was one that another program has wiped; other records hold settings alone.
    pub(super) fn is_login(&self) -> bool {
        self.access_token().is_some() || self.refresh_token().is_some() || self.object.has("last_auth_error")
    }

    /// SHA-256, in hex, of the refresh tokens that the grant has had, the oldest first. The present one may be among
    /// them: when another program has renewed the grant, the one before is known by it.
    pub(super) fn earlier(&self) -> Vec<String> {
        let Some(Value::Array(hashes)) = self.object.value(EARLIER) else { return Vec::new() };
        hashes.into_iter().filter_map(|hash| hash.as_str().map(str::to_owned)).collect()
    }

    /// Notes the present refresh token among those that the grant has had; the last of them are kept.
    pub(super) fn note_refresh_token(&mut self) {
        let Some(token) = self.refresh_token() else { return };
        let hash = super::sha256(token.expose_secret());
        let mut all = self.earlier();
        all.retain(|other| *other != hash);
        all.push(hash);
        let kept = all.len().saturating_sub(EARLIER_KEPT);
        self.object.set(EARLIER, json!(all.split_off(kept)));
    }

    /// SHA-256, in hex, of the refresh tokens of rows that are presumed to be this login, the oldest first.
    pub(super) fn presumed(&self) -> Vec<String> {
        let Some(Value::Array(hashes)) = self.object.value(PRESUMED) else { return Vec::new() };
        hashes.into_iter().filter_map(|hash| hash.as_str().map(str::to_owned)).collect()
    }

    /// Notes them: what showed it may be gone after this write.
    pub(super) fn presume(&mut self, hashes: Vec<String>) {
        let mut all = self.presumed();
        all.extend(hashes.into_iter().filter(|hash| !all.contains(hash)).collect::<Vec<_>>());
        let kept = all.len().saturating_sub(EARLIER_KEPT);
        if !all.is_empty() {
            self.object.set(PRESUMED, json!(all.split_off(kept)));
        }
    }

    /// The same where the record takes the place of another, whose tokens are not to be taken for a login either.
    pub(super) fn follow_refresh_tokens(&mut self, before: Option<&Record>) {
        self.object.remove(EARLIER);
        if let Some(mut before) = before.cloned() {
            before.note_refresh_token();
            if let Some(earlier) = before.object.value(EARLIER) {
                self.object.set(EARLIER, earlier);
            }
        }
        self.note_refresh_token();
    }

    /// How often this engine has written the grant; another program keeps the number as it finds it.
    pub fn generation(&self) -> u64 {
        self.object.value("generation").and_then(|v| v.as_u64()).unwrap_or_default()
    }

    /// Whether this is another grant than `other`, or the same after a renewal. A record that has lost its refresh token
    /// is not: another program wipes what it could not renew.
    pub fn moved_from(&self, other: &Record) -> bool {
        let (mine, theirs) = (self.refresh_token(), other.refresh_token());
        let lost = mine.is_none() && theirs.is_some();
        self.generation() != other.generation()
            || (!lost && (mine != theirs || self.access_token() != other.access_token()))
    }

    /// The region of the login.
    pub fn region(&self) -> Option<String> {
        self.object.text("region").filter(|region| !region.is_empty())
    }

    /// What a person calls it.
    pub fn label(&self) -> Option<String> {
        self.object.text("label")
    }

    /// Its place in the order, where it says one.
    pub(super) fn priority(&self) -> Option<i64> {
        self.object.value("priority")?.as_i64()
    }

    /// The typed values of inputs that are kept with the credential.
    pub fn inputs(&self) -> IndexMap<String, String> {
        let Some(Value::Object(inputs)) = self.object.value("inputs") else { return IndexMap::new() };
        inputs.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    }

    /// The fingerprints of the sources' values that the credential was made of, by input.
    pub fn made_from(&self) -> IndexMap<String, String> {
        let Some(Value::Object(prints)) = self.object.value("made_from") else { return IndexMap::new() };
        prints.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    }

    /// Where the credential may go; `None` where another program wrote the record.
    pub fn origins(&self) -> Option<Origins> {
        serde_json::from_value(self.object.value("origins")?).ok()
    }

    /// When the access token was obtained.
    pub fn obtained_at(&self) -> Option<UnixMs> {
        self.tokens().value("obtained_at").as_ref().and_then(moment::read)
    }

    /// When the access token expires; `None` is unknown.
    pub fn expires_at(&self) -> Option<UnixMs> {
        match self.expiry() {
            Expiry::At(at) => Some(at),
            Expiry::Unknown | Expiry::Unreadable => None,
        }
    }

    /// The same, telling what is not said from what can't be read.
    pub fn expiry(&self) -> Expiry {
        let tokens = self.tokens();
        let said = ["expires_at", "expires_at_ms"].into_iter().find(|name| tokens.has(name));
        if let Some(value) = said.and_then(|name| tokens.value(name)) {
            return moment::read(&value).map_or(Expiry::Unreadable, Expiry::At);
        }
        let seconds = tokens.value("expires_in").and_then(|v| v.as_f64());
        match (self.obtained_at(), seconds) {
            (Some(from), Some(life)) if (0.0..1e9).contains(&life) => {
                Expiry::At(UnixMs(from.0.saturating_add((life * 1000.0) as i64)))
            }
            (_, Some(_)) => Expiry::Unreadable,
            _ => Expiry::Unknown,
        }
    }

    /// When this engine last renewed the credential.
    pub fn last_redeem_at(&self) -> Option<UnixMs> {
        self.object.value("last_redeem_at").as_ref().and_then(moment::read)
    }

    /// The pause after a failed renewal.
    pub fn pause(&self) -> Option<Pause> {
        let pause = self.object.object("refresh_pause")?;
        let until = pause.value("until").as_ref().and_then(moment::read)?;
        Some(Pause {
            until,
            since: pause.value("since").as_ref().and_then(moment::read),
            code: pause.text("code").unwrap_or_default(),
            message: pause.text("message").unwrap_or_default(),
        })
    }

    /// The answer to a renewal that is kept because the file can't read it, in words. Void for another refresh token.
    pub fn unread_answer(&self) -> Option<Mark> {
        let kept = self.object.object("unread_answer")?;
        let spent = self.refresh_token().map(|token| super::sha256(token.expose_secret()));
        (kept.text("refresh_token_sha256") == spent).then(|| Mark {
            code: kept.text("code").unwrap_or_default(),
            message: kept.text("message").unwrap_or_default(),
            server: None,
            at: kept.value("at").as_ref().and_then(moment::read),
        })
    }

    /// Whether it was noted that an answer is kept, for whichever token.
    pub fn is_marked_unread(&self) -> bool {
        self.object.has("unread_answer")
    }

    /// Why only a new login helps, if that is so. A mark that was made for another refresh token is void.
    pub fn relogin_mark(&self) -> Option<Mark> {
        let error = self.object.object("last_auth_error")?;
        let marked = error.text("refresh_token_sha256");
        let void =
            marked.is_some() && marked != self.refresh_token().map(|t| super::sha256(t.expose_secret()));
        let relogin = error.value("relogin_required") == Some(Value::Bool(true));
        (relogin && !void).then(|| Mark {
            code: error.text("code").unwrap_or_else(|| "refresh_failed".to_owned()),
            message: error.text("message").unwrap_or_default(),
            server: error.value("server").and_then(|said| serde_json::from_value(said).ok()),
            at: error.value("at").as_ref().and_then(moment::read),
        })
    }
}
