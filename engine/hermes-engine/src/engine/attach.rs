//! What HTTP middleware decides: where a credential may go, and what an answer says of it.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use url::Url;

use super::access::Access;
use super::account::Rejection;
use super::error::{Error, ErrorKind, Result};

/// Refuses a request that would carry the credential elsewhere than to its base URL's origin.
pub(crate) fn check_origin(access: &Access, url: &Url) -> Result<()> {
    let base = access.base_url().and_then(|base| Url::parse(base).ok());
    if base.is_some_and(|base| base.origin() == url.origin()) {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    let message = format!("the credential is not for `{host}`");
    Err(Error::new(ErrorKind::Refused, "origin_refused", message)
        .with_help("send it to a URL that `Access::url` made"))
}

/// What an answer says of the credential, if anything.
pub(crate) fn rejection(status: StatusCode, headers: &HeaderMap) -> Option<Rejection> {
    let seconds = || headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok();
    match status.as_u16() {
        401 => Some(Rejection::status(401)),
        status @ (402 | 429) => {
            let rejection = Rejection::status(status);
            Some(seconds().map_or(rejection, |wait| rejection.retry_after(Duration::from_secs(wait))))
        }
        _ => None,
    }
}
