//! What a real server checks in a request before it answers.
//!
//! There is no list of OAuth's rules here: a field must hold what the file says it holds, and whatever the file takes from
//! an earlier answer must be what that answer held. PKCE alone needs arithmetic.

use indexmap::IndexMap;
use serde_json::Value;

use super::body::Content;
use super::session::Book;
use super::slot::{Place, Slot, plain};
use hermes_format::query::Step;
use hermes_format::template::{Name, Scope};
use hermes_machine::pkce;

/// What is wrong with a request, as OAuth says it ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// The status: 400, or 401 where a credential is missing or wrong.
    pub(super) status: u16,
    /// The `error`.
    pub(super) error: &'static str,
    /// The `error_description`.
    pub(super) description: String,
    /// Whether a refresh token was unknown or used before, which a file may have a rule for.
    pub(super) is_spent_token: bool,
}

impl Violation {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Violation {
        let status = if matches!(error, "invalid_token" | "invalid_client") { 401 } else { 400 };
        Violation { status, error, description: description.into(), is_spent_token: false }
    }
}

/// Which run a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// One that is under way.
    Session(u64),
    /// A new one.
    Fresh {
        /// The credential that it presents.
        grant: Option<usize>,
    },
}

/// Finds the run that a request belongs to by the values it brings back.
///
/// `inputs` are those that the server was told: who brings one of them needs no earlier answer.
pub(super) fn link(
    slots: &[Slot<'_>],
    content: &Content,
    book: &Book,
    inputs: &IndexMap<String, String>,
) -> Result<Link, Violation> {
    let mut grant = None;
    for slot in slots {
        let Some(got) = slot.received(content) else { continue };
        let names = slot.want.names();
        for name in &names {
            // `{{first a b}}` may be either, so each name is tried with the value.
            let text = match names.as_slice() {
                [_] => slot.want.learn(&plain(&got), &Nothing).map_or_else(|| plain(&got), |(_, text)| text),
                _ => slot.want.bare(&plain(&got)),
            };
            match name {
                Name::Answer { state, path } => {
                    if let Some(session) = book.by_answer(state, path, &text) {
                        return Ok(Link::Session(session));
                    }
                }
                Name::Token(path) => grant = grant.or_else(|| book.by_token(path, &text)),
                _ => {}
            }
        }
    }
    let unknown = slots.iter().filter(|slot| !brings_input(slot, content, inputs));
    match unknown.into_iter().find_map(|slot| stranger(slot, content, grant.is_some())) {
        Some(violation) => Err(violation),
        None => judge_grant(grant, slots, book).map(|()| Link::Fresh { grant }),
    }
}

/// Whether a place that may hold an input holds the one that the server was told.
fn brings_input(slot: &Slot<'_>, content: &Content, inputs: &IndexMap<String, String>) -> bool {
    let Some(got) = slot.received(content).map(|got| slot.want.bare(&plain(&got))) else { return false };
    let is_it = |name: &&Name| matches!(name, Name::Input(input) if inputs.get(input) == Some(&got));
    slot.want.names().iter().any(is_it)
}

/// A place that must bring something back which the server gave out, and does not.
fn stranger(slot: &Slot<'_>, content: &Content, has_grant: bool) -> Option<Violation> {
    let names = slot.want.names();
    let missing = slot.received(content).is_none();
    let what = if missing { "is missing" } else { "was not given out by this server" };
    if names.iter().any(|name| matches!(name, Name::Answer { .. })) {
        return Some(Violation::new("invalid_grant", format!("{} {what}", slot.label)));
    }
    if has_grant || !names.iter().any(|name| matches!(name, Name::Token(_))) {
        return None;
    }
    let is_refresh = is_refresh_token(slot);
    let error = if is_refresh { "invalid_grant" } else { "invalid_token" };
    let violation = Violation::new(error, format!("{} {what}", slot.label));
    Some(Violation { is_spent_token: is_refresh && !missing, ..violation })
}

fn judge_grant(grant: Option<usize>, slots: &[Slot<'_>], book: &Book) -> Result<(), Violation> {
    let Some(found) = grant.and_then(|number| book.grant(number)) else { return Ok(()) };
    let refresh = slots.iter().any(is_refresh_token);
    let error = if refresh { "invalid_grant" } else { "invalid_token" };
    let fault = match (found.is_revoked, found.is_spent && refresh) {
        (true, _) => "the token was revoked",
        (_, true) => "the refresh token was used before (refresh_token_reused)",
        _ => return Ok(()),
    };
    Err(Violation { is_spent_token: refresh, ..Violation::new(error, fault) })
}

/// Whether a place carries the stored refresh token.
pub(super) fn is_refresh_token(slot: &Slot<'_>) -> bool {
    let refresh = [Step::Key("refresh_token".into())];
    slot.want.names().iter().any(|name| matches!(name, Name::Token(path) if *path == refresh))
}

/// Compares every place with what belongs there, and learns what only the client knows.
///
/// `scope` gives the values of one session; what is learned is returned, to be remembered with it.
pub(super) fn check(
    slots: &[Slot<'_>],
    content: &Content,
    scope: &dyn Scope,
) -> Result<Vec<(Name, Value)>, Violation> {
    let mut learned: Vec<(Name, Value)> = Vec::new();
    for slot in slots {
        let scope = Learning { scope, learned: &learned };
        let want = slot.want.value(&scope);
        let Some(got) = slot.received(content) else {
            match want {
                Some(want) if want == "" => continue,
                None if slot.want.names().iter().all(|name| matches!(name, Name::Uuid)) => continue,
                _ => return Err(Violation::new(error_of(slot), format!("{} is missing", slot.label))),
            }
        };
        match want {
            Some(want) if same(&slot.place, &want, &got) => {}
            Some(_) => {
                return Err(Violation::new(
                    error_of(slot),
                    format!("{} is not what it should be", slot.label),
                ));
            }
            None => {
                if let Some((name, text)) = slot.want.learn(&plain(&got), &scope) {
                    if name == Name::Uuid {
                        continue;
                    }
                    judge(&name, &text, &scope)?;
                    learned.push((name, Value::String(text)));
                }
            }
        }
    }
    Ok(learned)
}

/// JSON keeps its types; everything else is text.
fn same(place: &Place<'_>, want: &Value, got: &Value) -> bool {
    match place {
        Place::Json(_) => want == got,
        _ => plain(want) == plain(got),
    }
}

/// Judges a value that only the client can know.
fn judge(name: &Name, text: &str, scope: &dyn Scope) -> Result<(), Violation> {
    match name {
        Name::PkceChallenge if text.len() != 43 => {
            Err(Violation::new("invalid_request", "code_challenge is no SHA-256 in base64url"))
        }
        Name::PkceVerifier => judge_verifier(text, scope.value(&Name::PkceChallenge)),
        _ if text.is_empty() => Err(Violation::new("invalid_request", "a value is empty")),
        _ => Ok(()),
    }
}

/// [RFC 7636 §4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6)
fn judge_verifier(verifier: &str, challenge: Option<Value>) -> Result<(), Violation> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(unreserved) {
        return Err(Violation::new("invalid_grant", "code_verifier is not 43 to 128 unreserved characters"));
    }
    match challenge {
        Some(challenge) if challenge != pkce::challenge(verifier).as_str() => {
            Err(Violation::new("invalid_grant", "code_verifier does not hash to the code_challenge"))
        }
        _ => Ok(()),
    }
}

/// The error that fits a place.
fn error_of(slot: &Slot<'_>) -> &'static str {
    let names = slot.want.names();
    let from_server = |name: &&Name| {
        matches!(name, Name::Answer { .. } | Name::PkceVerifier | Name::Token(_) | Name::RedirectUri)
    };
    match slot.label.rsplit('.').next().unwrap_or("") {
        _ if matches!(slot.place, Place::BasicId | Place::BasicSecret) => "invalid_client",
        _ if matches!(slot.place, Place::Bearer) => "invalid_token",
        _ if names.iter().any(from_server) => "invalid_grant",
        "client_id" => "invalid_client",
        "grant_type" => "unsupported_grant_type",
        "scope" => "invalid_scope",
        _ => "invalid_request",
    }
}

/// A scope in which nothing has a value.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Name) -> Option<Value> {
        None
    }
}

/// A scope with what this request has taught so far.
struct Learning<'a> {
    scope: &'a dyn Scope,
    learned: &'a [(Name, Value)],
}

impl Scope for Learning<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        let learned = self.learned.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        learned.or_else(|| self.scope.value(name))
    }
}
