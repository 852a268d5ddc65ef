//! What is kept when `success` is reached: read from the answer that led there.

use serde_json::{Map, Value};

use super::outcome::Grant;
use super::run::Run;
use crate::label::notice_may_be_shown;
use crate::provider::{Success, ValueSource};
use crate::query::present;
use crate::secret::{Secret, is_token};
use crate::template::{Missing, Scope, Template};
use crate::time::{self, Now, Reading, UnixMs};

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

/// Makes the credential.
pub(super) fn grant(success: &Success, answer: &Value, run: &Run, now: Now) -> Result<Grant, Unusable> {
    let access_token = token(&success.access_token, answer, run, "access_token")?;
    let refresh_token = optional_token(&success.refresh_token, answer, run, "refresh_token")?;
    let token_type = accepted_type(success, answer)?;
    let expires_at = expiry(success, answer, run, now)?;
    let kept =
        success.keep.iter().filter_map(|(key, source)| Some((key.clone(), read(source, answer, run)?)));
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
        region: run.region_name().map(str::to_owned),
        origins: run.provider.origins(run.region.as_deref(), &run.inputs),
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
        Some(Value::String(text)) if is_token(&text) => Ok(Some(Secret::new(text))),
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

/// The token's type, which must be Bearer or what the file says (S31).
fn accepted_type(success: &Success, answer: &Value) -> Result<Option<String>, Unusable> {
    let wanted = success.token_type.as_deref().unwrap_or("Bearer");
    match present(answer.get("token_type")) {
        None => Ok(None),
        Some(Value::String(text)) if text.eq_ignore_ascii_case(wanted) => Ok(Some(text.clone())),
        Some(_) => Err(Unusable::Bad("token_type", "is not the one that the provider's file expects")),
    }
}

fn expiry(success: &Success, answer: &Value, run: &Run, now: Now) -> Result<Option<UnixMs>, Unusable> {
    let Some(expires) = &success.expires else { return Ok(None) };
    let reading = Reading { answer: Some(answer), scope: run, now: now.wall };
    let life = time::resolve(expires, time::TOKEN_LIFE, &reading)
        .map_err(|_| Unusable::Bad("expires", "is not a time that can be used"))?;
    let at = |life: std::time::Duration| i64::try_from(life.as_millis()).ok();
    Ok(life.and_then(at).map(|ms| UnixMs(now.wall.0.saturating_add(ms))))
}
