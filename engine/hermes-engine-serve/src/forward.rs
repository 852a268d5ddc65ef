//! A request on its way: with the credential of its account, once more with another where the server refuses it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use hermes_engine::{Access, Account, ProviderInfo, Rejection};
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use url::Url;

use crate::body::{Answer, Receiving, Upload, text};
use crate::exchange::Exchange;
use crate::header::{clean_answer, clean_request};
use crate::key::Key;
use crate::path::Target;
use crate::refusal::{Kind, LONGEST_WAIT, Refusal, SHOULD_RETRY, words};
use crate::server::Shared;
use crate::upgrade;

/// How many accounts are tried for one request.
const ACCOUNTS: usize = 4;
/// How long an account rests after a 429 that names no time: limits are usually per minute.
const USUAL_REST: Duration = Duration::from_secs(60);
/// The longest error of a server into which the time of a limit is written.
const LONGEST_ERROR: usize = 16 * 1024;

/// A request that a client may make.
pub(crate) struct Forward {
    pub(crate) shared: Arc<Shared>,
    pub(crate) target: Target,
    pub(crate) key: Arc<Key>,
    pub(crate) parts: Parts,
}

/// What is sent, and for whom.
struct Route {
    account: Account,
    model: Option<String>,
}

impl Forward {
    /// Sends the request, and gives the answer of the server.
    pub(crate) async fn run(self, incoming: Incoming, exchange: &mut Exchange) -> Result<Answered, Refusal> {
        let limits = &self.shared.limits;
        let upload = Upload::new(incoming, limits.hold, limits.body);
        if upload.is_too_long() {
            return Err(too_long());
        }
        let route = self.route(&upload).await?;
        let mut access = route.access().await?;
        let (mut renewed, mut accounts) = (false, 1);
        loop {
            let answer = self.send(&access, &upload).await?;
            let next = match answer.status() {
                StatusCode::UNAUTHORIZED if !renewed => {
                    renewed = true;
                    Some(self.renewed(&route, &access, 401).await?)
                }
                StatusCode::FORBIDDEN if !renewed && self.is_of_token(&access, &answer) => {
                    renewed = true;
                    // One that stays forbidden is not the token's fault, whatever comes of the renewal.
                    let next = self.renewed(&route, &access, 403).await.ok();
                    if let Some(next) = &next {
                        self.shared.forbidden.note(next);
                    }
                    next
                }
                StatusCode::PAYMENT_REQUIRED | StatusCode::TOO_MANY_REQUESTS if accounts < ACCOUNTS => {
                    accounts += 1;
                    self.another(&route, &access, &answer).await
                }
                _ => None,
            };
            match next {
                Some(next) if upload.is_repeatable() => {
                    exchange.repeated();
                    access = next;
                }
                _ => return Ok(Answered { answer, access }),
            }
        }
    }

    /// The account, and the model where it decides anything.
    async fn route(&self, upload: &Upload) -> Result<Route, Refusal> {
        let account = self.shared.account(&self.target)?;
        let info = account.provider().await?;
        if !self.key.scope.allows_account(info.id(), self.target.label.as_deref()) {
            let message =
                format!("the client key `{}` is not for `{}`", self.key.name, self.target.account());
            return Err(Refusal::new(Kind::User, "key_scope", message));
        }
        let model = if self.key.scope.models.is_empty() && !info.has_routes() {
            None
        } else {
            self.model_in_path().or(upload.model().await)
        };
        self.check_model(&info, model.as_deref())?;
        Ok(Route { account, model: model.filter(|_| info.has_routes()) })
    }

    /// The model of a path such as `/models/NAME:action`.
    fn model_in_path(&self) -> Option<String> {
        let (_, after) = self.target.rest.rsplit_once("/models/")?;
        let (name, _) = after.split_once(':')?;
        Some(name.to_owned())
    }

    fn check_model(&self, info: &ProviderInfo, model: Option<&str>) -> Result<(), Refusal> {
        let names: Vec<&str> = model.into_iter().chain(model.and_then(|name| info.model(name))).collect();
        // What asks for no model, such as a list of them, uses none.
        let asks = model.is_some() || self.parts.method == http::Method::POST;
        if asks && !self.key.scope.allows_model(&names) {
            let message =
                format!("the client key `{}` is not for the model `{}`", self.key.name, model.unwrap_or("?"));
            return Err(Refusal::new(Kind::User, "key_scope", message));
        }
        Ok(())
    }

    /// Sends the request with a credential.
    async fn send(&self, access: &Access, upload: &Upload) -> Result<Response<Incoming>, Refusal> {
        let base = access.base_url().and_then(|base| Url::parse(base).ok());
        let no_base = || Refusal::new(Kind::User, "no_base_url", "the provider's file has no `api.base_url`");
        let base = base.ok_or_else(no_base)?;
        let leaves = || Refusal::new(Kind::Invalid, "bad_request", "the path leaves the account's base URL");
        let rest = self.shared.protocols.rest(access.mode(), &base, &self.target.rest);
        let uri = self.target.below(&base, rest).ok_or_else(leaves)?;
        let mut request = Request::new(upload.body());
        *request.method_mut() = self.parts.method.clone();
        *request.version_mut() = Version::HTTP_11;
        let upgrade = upgrade::asked(&self.parts);
        let headers = request.headers_mut();
        *headers = self.parts.headers.clone();
        clean_request(headers);
        self.shared.protocols.key_headers().iter().for_each(|name| drop(headers.remove(name)));
        put(headers, access.headers());
        if upgrade {
            upgrade::ask(headers);
        }
        *request.uri_mut() = uri;
        let sent = if upgrade {
            self.shared.upstream.send_for_upgrade(request).await
        } else {
            self.shared.upstream.send(request).await
        };
        sent.map_err(|error| {
            if upload.is_too_long() {
                return too_long();
            }
            self.shared.noted.metrics.unreachable.fetch_add(1, Ordering::Relaxed);
            let host = base.host_str().unwrap_or_default();
            Refusal::new(
                Kind::Unreachable,
                "unreachable",
                format!("`{host}` can't be reached: {}", root(&error)),
            )
        })
    }

    /// Another token in the place of one that the server has refused.
    async fn renewed(&self, route: &Route, access: &Access, status: u16) -> Result<Access, Refusal> {
        route.account.reject(access, Rejection::status(status)).await?;
        let next = route.access().await?;
        if next.token() == access.token() {
            let message = format!("`{}` refused the token with status {status}", access.provider());
            return Err(Refusal::new(Kind::Busy, "token_refused", message));
        }
        self.shared.noted.metrics.renewals.fetch_add(1, Ordering::Relaxed);
        Ok(next)
    }

    /// Whether a 403 can be about the token: it can be renewed, no better scope is asked for, and a renewal has not been
    /// tried for it.
    fn is_of_token(&self, access: &Access, answer: &Response<Incoming>) -> bool {
        let challenges = answer.headers().get_all(header::WWW_AUTHENTICATE).into_iter();
        let mut challenges = challenges.filter_map(|value| value.to_str().ok());
        access.is_renewable()
            && !challenges.any(|text| text.contains("insufficient_scope"))
            && !self.shared.forbidden.is_noted(access)
    }

    /// Another account in the place of one whose limit is reached; `None` where there is no other.
    async fn another(&self, route: &Route, access: &Access, answer: &Response<Incoming>) -> Option<Access> {
        let status = answer.status().as_u16();
        let wait = retry_after(answer.headers()).or((status == 429).then_some(USUAL_REST));
        let why = Rejection::status(status);
        let why = wait.map_or(why, |wait| why.retry_after(wait));
        route.account.reject(access, why).await.ok()?;
        let next = route.access().await.ok().filter(|next| next.token() != access.token())?;
        self.shared.noted.metrics.failovers.fetch_add(1, Ordering::Relaxed);
        Some(next)
    }
}

impl Route {
    /// A token that is valid now. Where a renewal is in flight, its end is waited for.
    async fn access(&self) -> Result<Access, Refusal> {
        let request = self.account.access().ignoring_limits();
        let request = match &self.model {
            Some(model) => request.model(model),
            None => request,
        };
        Ok(request.await?)
    }
}

/// The answer of a server, and with what it was got.
pub(crate) struct Answered {
    answer: Response<Incoming>,
    access: Access,
}

impl Answered {
    /// Whether the server hands the connection over.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.answer.status() == StatusCode::SWITCHING_PROTOCOLS
    }

    pub(crate) fn into_answer(self) -> Response<Incoming> {
        self.answer
    }

    /// The answer as the client gets it.
    pub(crate) async fn finish(self, mut exchange: Exchange) -> Response<Answer> {
        let (mut parts, body) = self.answer.into_parts();
        clean_answer(&mut parts.headers);
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        exchange.answered(parts.status.as_u16(), None);
        let limited = matches!(parts.status.as_u16(), 402 | 429 | 503 | 529);
        let wait = retry_after(&parts.headers).filter(|wait| limited && *wait > LONGEST_WAIT);
        let Some(wait) = wait else {
            return Response::from_parts(parts, Receiving::new(body, exchange).boxed_unsync());
        };
        // Clients sleep on a long wait without a word.
        parts.headers.remove(header::RETRY_AFTER);
        parts.headers.remove("retry-after-ms");
        parts.headers.insert(SHOULD_RETRY, http::HeaderValue::from_static("false"));
        let told = format!("`{}` asks to wait {}", self.access.provider(), words(wait));
        let body = Limited::new(body, LONGEST_ERROR).collect().await;
        let bytes = body.map(|body| body.to_bytes()).unwrap_or_default();
        // One that is packed, or no error as clients read them, stays as it is.
        let told = with_message(&bytes, &told).map_or(bytes, Into::into);
        parts.headers.remove(header::CONTENT_LENGTH);
        exchange.sent(told.len());
        exchange.ended("complete");
        Response::from_parts(parts, text(told))
    }
}

/// An error with a sentence more in its message.
fn with_message(bytes: &[u8], told: &str) -> Option<String> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let message = value.pointer_mut("/error/message")?;
    *message = Value::from(format!("{} ({told})", message.as_str()?));
    Some(value.to_string())
}

fn too_long() -> Refusal {
    Refusal::new(Kind::TooLong, "body_too_long", "the body of the request is longer than the proxy takes")
}

/// The credential last: nothing that a client sent can take its place.
fn put(headers: &mut HeaderMap, own: HeaderMap) {
    for name in own.keys() {
        headers.remove(name);
    }
    let mut last = None;
    for (name, value) in own {
        last = name.or(last);
        if let Some(name) = &last {
            headers.append(name.clone(), value);
        }
    }
}

/// How long a server asks to wait: seconds or a date ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

/// The cause that says most: the last one.
fn root(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().expect("a value"));
            retry_after(&headers)
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(600));
        assert!(wait(&date).is_some_and(|wait| wait > Duration::from_secs(590)));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn the_time_of_a_limit_is_written_into_the_servers_own_message() {
        let told = with_message(br#"{"type":"error","error":{"message":"Limit reached"}}"#, "wait 2 h");
        assert_eq!(
            told.as_deref(),
            Some(r#"{"type":"error","error":{"message":"Limit reached (wait 2 h)"}}"#)
        );
        assert_eq!(with_message(b"busy", "wait"), None);
    }

    #[test]
    fn the_credential_takes_the_place_of_what_a_client_sent() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", "client".parse().unwrap());
        headers.append("x-a", "client too".parse().unwrap());
        let mut own = HeaderMap::new();
        own.append("x-a", "one".parse().unwrap());
        own.append("x-a", "two".parse().unwrap());
        own.append("x-b", "three".parse().unwrap());
        put(&mut headers, own);
        assert_eq!(headers.get_all("x-a").into_iter().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(headers["x-b"], "three");
    }
}
