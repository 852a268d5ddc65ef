//! HTTP: hosts, paths, forms in, JSON out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::book::{Book, Region};

/// What the server sends.
pub(super) enum Sent {
    Json(u16, Value),
    Text(u16, &'static str, String),
    Redirect(String),
    /// The connection breaks.
    Nothing,
}

/// A request, decoded.
pub(super) struct Form {
    pub(super) region: Region,
    pub(super) fields: HashMap<String, String>,
    pub(super) bearer: Option<String>,
}

impl Form {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

pub(super) fn router(book: Arc<Mutex<Book>>) -> Router {
    Router::new().fallback(handle).with_state(book)
}

async fn handle(State(book): State<Arc<Mutex<Book>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let host = text(header::HOST);
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let form = Form {
        region: if host.ends_with("minimaxi.com") { Region::China } else { Region::Global },
        fields: url::form_urlencoded::parse(&bytes).into_owned().collect(),
        bearer: text(header::AUTHORIZATION).strip_prefix("Bearer ").map(str::to_owned),
    };
    let route = format!("{} {}", parts.method, parts.uri.path());
    let delay = {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        *book.counts.hosts.entry(host.clone()).or_insert(0) += 1;
        if parts.method == "POST" && parts.uri.path().starts_with("/oauth") {
            judge_headers(&mut book, &text);
        }
        let is_refresh = form.field("grant_type") == "refresh_token";
        if is_refresh { book.options.refresh_delay } else { std::time::Duration::ZERO }
    };
    tokio::time::sleep(delay).await;
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    write(book.answer(&host, &route, &form))
}

/// What any client of the service sends.
fn judge_headers(book: &mut Book, text: &impl Fn(header::HeaderName) -> String) {
    if !text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded") {
        book.wrong("the body is not a form");
    }
    if !text(header::ACCEPT).contains("application/json") {
        book.wrong("no Accept: application/json");
    }
}

fn write(sent: Sent) -> Response {
    let (status, kind, body) = match sent {
        Sent::Json(status, value) => (status, "application/json; charset=utf-8", value.to_string()),
        Sent::Text(status, kind, text) => (status, kind, text),
        Sent::Redirect(location) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(header::LOCATION, location.parse().expect("a URL"));
            return response;
        }
        // Promises more than it sends, so that the connection is closed in the middle.
        Sent::Nothing => {
            let mut response = Response::new(Body::from("{"));
            response.headers_mut().insert(header::CONTENT_LENGTH, "100".parse().expect("a number"));
            return response;
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a type"));
    response.headers_mut().insert(header::CACHE_CONTROL, "no-store".parse().expect("a value"));
    response
}
