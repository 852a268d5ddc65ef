//! A machine's request, as reqwest sends it.

use std::net::SocketAddr;
use std::time::Duration;

use hermes_format::provider::Method;
use hermes_machine::machine::{Body, Failure, HeaderValue, Request};
use reqwest::header::{self, HeaderMap, HeaderName};
use url::Url;

use super::connect_to::authority;
use super::failure::unsent;

/// The request to send; with a stand-in it goes there in plain http, the `Host` header as it would have been.
pub(super) fn request(
    request: &Request,
    stand_in: Option<SocketAddr>,
    timeout: Duration,
) -> Result<reqwest::Request, Failure> {
    let (url, host) = match stand_in {
        Some(to) => (moved(&request.url, to)?, Some(authority(&request.url))),
        None => (request.url.clone(), None),
    };
    let mut wire = reqwest::Request::new(method(request.method), url);
    *wire.timeout_mut() = Some(timeout);
    let headers = wire.headers_mut();
    for (name, value) in &request.headers {
        add(headers, name, value)?;
    }
    if let Some(host) = host {
        let host = host.parse().map_err(|_| unsent("the host can't be written in a header"))?;
        headers.insert(header::HOST, host);
    }
    if let Some((kind, body)) = request.body.as_ref().map(encode).transpose()? {
        headers.entry(header::CONTENT_TYPE).or_insert(header::HeaderValue::from_static(kind));
        *wire.body_mut() = Some(body.into());
    }
    Ok(wire)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

pub(super) fn moved(url: &Url, to: SocketAddr) -> Result<Url, Failure> {
    let rest = &url[url::Position::BeforePath..url::Position::AfterQuery];
    Url::parse(&format!("http://{to}{rest}")).map_err(|_| unsent("the URL can't be sent to its stand-in"))
}

fn add(headers: &mut HeaderMap, name: &str, value: &HeaderValue) -> Result<(), Failure> {
    let bad = || unsent(format!("the header `{name}` can't be sent: it holds a control character"));
    let key: HeaderName =
        name.parse().map_err(|_| unsent(format!("`{name}` is not the name of a header")))?;
    let mut to_send =
        header::HeaderValue::from_bytes(value.value.expose_secret().as_bytes()).map_err(|_| bad())?;
    to_send.set_sensitive(value.sensitive);
    headers.append(key, to_send);
    Ok(())
}

fn encode(body: &Body) -> Result<(&'static str, Vec<u8>), Failure> {
    match body {
        Body::Form(fields) => {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            Ok(("application/x-www-form-urlencoded", text.into_bytes()))
        }
        Body::Json(value) => serde_json::to_vec(value)
            .map(|bytes| ("application/json", bytes))
            .map_err(|_| unsent("the body can't be written as JSON")),
    }
}
