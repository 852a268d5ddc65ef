//! What is kept when `success` is reached: read from the answer that led there.

use serde_json::{Map, Value};

use super::account;
use super::outcome::Grant;
use super::run::Run;
use super::server_clock;
use hermes_format::label::notice_may_be_shown;
use hermes_format::provider::{Success, ValueSource};
use hermes_format::query::present;
use hermes_format::secret::{Secret, is_token};
use hermes_format::template::{Missing, Scope, Template};
use hermes_format::time::{self, Now, Reading, Unit, UnixMs};

/// Why the answer that led to `success` is no credential.
#[derive(Debug)]
pub(super) enum Unusable {
    /// No access token: the template's missing name, where it is a template.
    NoToken(Option<Missing>),
    /// A value can't be used: its name, and what is wrong with it.
    Bad(&'static str, &'static str),
    /// A key has characters that no token has; the inputs that it is made of.
    BadKey(Vec<String>),
}

/// Makes the credential. What is not needed to use it never decides whether it is one: that is left out, with a warning.
pub(super) fn grant(success: &Success, answer: &Value, run: &Run, now: Now) -> Result<Grant, Unusable> {
    let mut warnings = run.warnings.clone();
    let access_token = token(&success.access_token, answer, run, "access_token")?;
    let refresh_token =
        optional_token(&success.refresh_token, answer, run, "refresh_token").unwrap_or_else(|_| {
            warnings.push("the server's refresh token can't be used, and is not kept".to_owned());
            None
        });
    let token_type = accepted_type(success, answer, &mut warnings)?;
    let expires_at = expiry(success, answer, run, now, &mut warnings);
    let kept =
        success.keep.iter().filter_map(|(key, source)| Some((key.clone(), read(source, answer, run)?)));
    let account = account::name(answer).filter(|name| {
        let mut tokens = [Some(&access_token), refresh_token.as_ref()].into_iter().flatten();
        !run.holds_secret(name) && tokens.all(|token| !name.contains(token.expose_secret()))
    });
    let notice = success.notice.as_ref().filter(|notice| notice_may_be_shown(notice, &run.provider));
    let notice = notice.and_then(|source| read(source, answer, run));
    Ok(Grant {
        access_token,
        refresh_token,
        token_type,
        obtained_at: now.wall,
        expires_at,
        keep: kept.collect::<Map<_, _>>(),
        notice: notice.and_then(|n| n.as_str().map(str::to_owned)).filter(|n| !run.holds_secret(n)),
        warnings,
        account,
        region: run.region_name().map(str::to_owned),
        origins: run.granted(),
    })
}

/// The value of a source, if it is present.
fn read(source: &ValueSource, answer: &Value, scope: &dyn Scope) -> Option<Value> {
    match source {
        ValueSource::Path(query) => present(query.value.select(answer)).cloned(),
        ValueSource::Template(template) => {
            let value = template.render_json(scope).ok()?;
            present(Some(&value)).cloned()
        }
    }
}

fn token(source: &ValueSource, answer: &Value, run: &Run, name: &'static str) -> Result<Secret, Unusable> {
    match optional_token(source, answer, run, name)? {
        Some(token) => Ok(token),
        None => Err(Unusable::NoToken(match source {
            ValueSource::Template(template) => template.render(run).err(),
            ValueSource::Path(_) => None,
        })),
    }
}

fn optional_token(
    source: &ValueSource,
    answer: &Value,
    run: &Run,
    name: &'static str,
) -> Result<Option<Secret>, Unusable> {
    match read(source, answer, run) {
        None => Ok(None),
        // A line end around a token is no part of it.
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if is_token(text.trim()) => Ok(Some(Secret::new(text.trim()))),
        Some(Value::String(_)) => Err(match source {
            ValueSource::Template(template) if is_given(template) => {
                let inputs = run.provider.inputs_in([template]).into_iter();
                Unusable::BadKey(inputs.map(str::to_owned).collect())
            }
            _ => Unusable::Bad(name, "has characters that no token has"),
        }),
        Some(_) => Err(Unusable::Bad(name, "is not a text")),
    }
}

/// Whether a template is made of nothing that a server said.
fn is_given(template: &Template) -> bool {
    template.names().iter().all(|(name, _)| name.is_constant())
}

/// Types of tokens that are sent with a proof (RFC 9449, RFC 7800, HTTP MAC): no use without it, and no use instead of it.
const PROVED: [&str; 4] = ["dpop", "mac", "pop", "hmac"];

/// The token's type. One that needs another proof than the file gives is refused (S31); any other is sent as the file says.
fn accepted_type(
    success: &Success,
    answer: &Value,
    warnings: &mut Vec<String>,
) -> Result<Option<String>, Unusable> {
    let wanted = success.token_type.as_deref().unwrap_or("Bearer");
    // What is no text names no type.
    let Some(Value::String(text)) = present(answer.get("token_type")) else { return Ok(None) };
    let text = text.trim();
    let is_proved = |name: &str| PROVED.iter().any(|proved| proved.eq_ignore_ascii_case(name));
    if text.eq_ignore_ascii_case(wanted) {
        return Ok(Some(text.to_owned()));
    }
    if is_proved(text) || is_proved(wanted) {
        return Err(Unusable::Bad("token_type", "is not the one that the provider's file expects"));
    }
    let is_word = text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_ ".contains(c));
    let shown = if is_word { format!("`{text}`") } else { "something else".to_owned() };
    warnings.push(format!("the server calls the token {shown}, not {wanted}; it is used as {wanted}"));
    Ok(is_word.then(|| text.to_owned()))
}

/// When the token expires by this computer's clock. `None` is unknown: it serves until a server refuses it.
fn expiry(
    success: &Success,
    answer: &Value,
    run: &Run,
    now: Now,
    warnings: &mut Vec<String>,
) -> Option<UnixMs> {
    let of_token = || {
        let reads_token = success.expires.iter().any(|time| time.unit() == Some(Unit::Jwt));
        let token = read(&success.access_token, answer, run).filter(|_| reads_token)?;
        server_clock::of_token(token.as_str()?, now.wall)
    };
    let there = run.server_clock.or_else(of_token).unwrap_or(now.wall);
    warnings.extend(server_clock::difference(there, now.wall));
    let reading = Reading { answer: Some(answer), scope: run, now: there };
    let (life, is_unusable) = time::resolve_first(&success.expires, time::TOKEN_LIFE, &reading);
    match life {
        Some(life) if life.is_zero() => {
            let dead =
                "the token has expired already by what the server says; it is used until a server refuses it";
            warnings.push(dead.to_owned());
            None
        }
        Some(life) => {
            let ms = i64::try_from(life.as_millis()).ok()?;
            Some(UnixMs(now.wall.0.saturating_add(ms)))
        }
        None => {
            if is_unusable {
                let unknown = "the server's answer has no lifetime that can be used (`expires`); the token is used until a server refuses it";
                warnings.push(unknown.to_owned());
            }
            None
        }
    }
}
