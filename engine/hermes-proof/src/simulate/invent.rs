//! Invented values: each plainly false, each of the kind that the file reads it as.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::field::{Lasts, Read, Use};
use hermes_format::query::Step;
use hermes_format::time::UnixMs;

/// The letters of a user code: no vowels, so no words
/// ([RFC 8628 §6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1)).
const CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What the values of one answer are made from.
pub(super) struct Inventor<'a> {
    /// 32 bytes that no other answer has.
    pub(super) nonce: [u8; 32],
    /// The wall clock.
    pub(super) now: UnixMs,
    /// The host that the request named: its own pages are on it.
    pub(super) host: &'a str,
    /// A host that the file allows for endpoints that an answer names.
    pub(super) endpoint: &'a str,
    /// The code that a person types in this run.
    pub(super) code: &'a str,
    /// How long the code lives.
    pub(super) code_life: Duration,
}

impl Inventor<'_> {
    /// The value of a field, by what it is read as, or by its name where nothing reads it.
    pub(super) fn value(&self, path: &[Step], used: Option<&Use>) -> Value {
        let name = name_of(path);
        match used {
            None | Some(Use::Text) => self.by_name(name),
            Some(Use::Fixed(text)) => text.as_str().into(),
            Some(Use::Refresh) => self.token("refresh", path),
            Some(Use::Access) => self.token("access", path),
            Some(Use::Code) => self.code.into(),
            Some(Use::Page) => self.page(name).into(),
            Some(Use::Endpoint) => format!("https://{}", self.endpoint).into(),
            Some(Use::Time(lasts, unit)) => self.time(self.length(*lasts), *unit),
            Some(Use::Jwt(claims)) => self.jwt(claims, path).into(),
        }
    }

    fn by_name(&self, name: &str) -> Value {
        let has = |part: &str| name.to_ascii_lowercase().contains(part);
        match () {
            () if has("token_type") => "Bearer".into(),
            () if has("user_code") => self.code.into(),
            () if has("expire") => json!(self.length(Lasts::Token).as_secs()),
            () if has("interval") => json!(self.length(Lasts::Pause).as_secs()),
            () if has("uri") || has("url") => self.page(name).into(),
            () if has("refresh") => self.token("refresh", &[Step::Key(name.to_owned())]),
            () if has("device") => self.token("device", &[Step::Key(name.to_owned())]),
            () if has("code") => self.token("code", &[Step::Key(name.to_owned())]),
            () if has("token") || has("key") => self.token("access", &[Step::Key(name.to_owned())]),
            () => self.token(name, &[Step::Key(name.to_owned())]),
        }
    }

    fn token(&self, kind: &str, path: &[Step]) -> Value {
        format!("sim-{kind}-{}", self.text(path)).into()
    }

    /// 22 characters of 128 bits, the same for one path of one answer.
    fn text(&self, path: &[Step]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.nonce);
        for step in path {
            match step {
                Step::Key(key) => hash.update(key.as_bytes()),
                Step::Index(index) => hash.update(index.to_be_bytes()),
            }
        }
        BASE64_URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
    }

    fn page(&self, name: &str) -> String {
        let page = format!("https://{}{}", self.host, super::page::VERIFY);
        if name.contains("complete") { format!("{page}?user_code={}", self.code) } else { page }
    }

    fn length(&self, lasts: Lasts) -> Duration {
        match lasts {
            Lasts::Pause => Duration::from_secs(1),
            Lasts::Code => self.code_life,
            Lasts::Token => Duration::from_secs(3_600),
        }
    }

    fn time(&self, length: Duration, unit: Read) -> Value {
        let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        let end = self.now.0.saturating_add(length);
        match unit {
            Read::Seconds => json!(length / 1_000),
            Read::Milliseconds => json!(length),
            Read::Unix => json!(end / 1_000),
            Read::UnixMilliseconds => json!(end),
            Read::Iso => {
                jiff::Timestamp::from_millisecond(end).map(|t| t.to_string()).unwrap_or_default().into()
            }
        }
    }

    /// An unsigned token ([RFC 7519 §6](https://www.rfc-editor.org/rfc/rfc7519#section-6)): nobody should take it for a
    /// real one.
    fn jwt(&self, claims: &[Vec<String>], path: &[Step]) -> String {
        let seconds = self.now.0 / 1_000;
        let mut payload = json!({
            "iss": "https://simulated.invalid", "sub": "sim-subject", "jti": self.text(path),
            "iat": seconds, "exp": seconds + 3_600,
        });
        for claim in claims.iter().filter(|claim| *claim != &["exp"]) {
            put(&mut payload, claim);
        }
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&payload))
    }
}

/// Puts a text at a path of claims, making the objects on the way.
fn put(payload: &mut Value, claim: &[String]) {
    let Some((last, before)) = claim.split_last() else { return };
    let mut at = payload;
    for key in before {
        let Some(object) = at.as_object_mut() else { return };
        at = object.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Some(object) = at.as_object_mut() {
        object.entry(last.clone()).or_insert_with(|| format!("sim-{last}").into());
    }
}

/// The last key of a path.
pub(super) fn name_of(path: &[Step]) -> &str {
    path.iter()
        .rev()
        .find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .unwrap_or("value")
}

/// A code such as `WDJB-MJHT`, from 8 random bytes.
pub(super) fn user_code(bytes: [u8; 8]) -> String {
    let letter = |byte: u8| char::from(CODE_LETTERS[usize::from(byte) % CODE_LETTERS.len()]);
    let letters: Vec<char> = bytes.into_iter().map(letter).collect();
    let (left, right) = letters.split_at(4);
    format!("{}-{}", left.iter().collect::<String>(), right.iter().collect::<String>())
}
