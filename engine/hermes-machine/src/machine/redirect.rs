//! Redirects: 307 and 308 to an origin of the run's allowance, two hops at most. Rules never see one.

use url::Url;

use super::effect::Request;
use super::event::Response;
use hermes_format::origin::{self, Origin, Origins};

/// How many redirects of one request are followed.
const MAX_HOPS: u8 = 2;

/// What a redirect comes to.
pub(super) enum Redirect {
    /// The answer is none.
    No,
    /// Send this instead: the same method, headers and body, at another URL.
    Follow(Request),
    /// It is not followed: the URL it leads to, where there is one, and why.
    Refuse {
        /// The URL.
        to: Option<Url>,
        /// The reason.
        why: &'static str,
    },
}

/// Judges an answer to `request`, of which `hops` redirects were followed before.
pub(super) fn judge(request: &Request, response: &Response, hops: u8, allowance: &Origins) -> Redirect {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Redirect::No;
    }
    let Some(url) = response.header("location").and_then(|to| request.url.join(to).ok()) else {
        return Redirect::Refuse { to: None, why: "it names no place to go to" };
    };
    match obstacle(&url, response.status, hops, allowance) {
        Some(why) => Redirect::Refuse { to: Some(url), why },
        None => Redirect::Follow(Request { url, path_template: "/…".to_owned(), ..request.clone() }),
    }
}

fn obstacle(url: &Url, status: u16, hops: u8, allowance: &Origins) -> Option<&'static str> {
    let origin = Origin::of(url);
    let host = url.host_str().unwrap_or_default();
    if !matches!(status, 307 | 308) {
        Some("only 307 and 308 keep the request as it is")
    } else if hops >= MAX_HOPS {
        Some("it is one redirect too many")
    } else if !origin::transport_allowed(url) {
        Some("it leads to a place without https")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("its address holds a user name")
    } else if !origin.is_some_and(|origin| allowance.allows(&origin)) {
        Some(if allowance.names_host(host) {
            "the provider's file does not name that port of it"
        } else {
            "the provider's file does not name that host"
        })
    } else {
        None
    }
}
