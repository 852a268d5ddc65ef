//! What a client needs for its next request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::HeaderValue;
use url::Url;

use super::error::{Error, ErrorKind, Result};

/// A token that is valid now, and how to use it. Cheap to clone.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Parts>);

pub(super) struct Parts {
    pub(super) token: Secret,
    pub(super) base_url: Option<Url>,
    pub(super) mode: Option<String>,
    pub(super) model: Option<String>,
    pub(super) region: Option<String>,
    pub(super) headers: http::HeaderMap,
    pub(super) expires_at: Option<UnixMs>,
    pub(super) warnings: Vec<String>,
    pub(super) provider: String,
    pub(super) is_renewable: bool,
}

impl Access {
    /// The access token.
    pub fn token(&self) -> &Secret {
        &self.0.token
    }

    /// The headers that authorize a request, `Authorization` among them. Secret values are marked sensitive.
    pub fn headers(&self) -> http::HeaderMap {
        self.0.headers.clone()
    }

    /// The URL that requests go to, as clients are configured with it: without a `/` at its end.
    pub fn base_url(&self) -> Option<&str> {
        self.0.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/'))
    }

    /// A URL below the base URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`]: the path leaves the base URL, so the credential would go elsewhere.
    /// [`ErrorKind::File`]: the provider's file names no base URL.
    pub fn url(&self, path: &str) -> Result<Url> {
        let Some(base) = &self.0.base_url else {
            let message = "the provider's file has no `api.base_url`";
            return Err(Error::new(ErrorKind::File, "no_base_url", message));
        };
        join(base, path)
    }

    /// The protocol that the provider speaks.
    pub fn mode(&self) -> Option<&str> {
        self.0.mode.as_deref()
    }

    /// The id of the provider.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Whether the token can be replaced by another without the user: not a key that they typed or set.
    pub fn is_renewable(&self) -> bool {
        self.0.is_renewable
    }

    /// The model: the one that was asked for, else the provider's first.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The region.
    pub fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// When the token expires, by this computer's clock; `None` is unknown.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let at = self.0.expires_at?;
        Some(UNIX_EPOCH + Duration::from_millis(at.0.max(0).unsigned_abs()))
    }

    /// What the user should know: the token still serves although it could not be renewed, permissions were tightened, …
    /// The text may quote a server: clean it before it reaches a terminal.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("base_url", &self.base_url())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// A path below a base URL. Nothing is joined as text alone: what was built is compared once more.
fn join(base: &Url, path: &str) -> Result<Url> {
    let leaves = || Error::new(ErrorKind::Refused, "origin_refused", "the path leaves the base URL");
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let is_dots = |segment: &str| {
        let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        decoded == "." || decoded == ".."
    };
    if path.contains(['\\', '#']) || path.split('/').any(is_dots) {
        return Err(leaves());
    }
    let mut url = base.clone();
    let below = format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&below);
    if query.is_some() {
        url.set_query(query);
    }
    let inside = url.path().starts_with(base.path().trim_end_matches('/'));
    if url.origin() == base.origin() && inside { Ok(url) } else { Err(leaves()) }
}

/// The headers of `[api]`, secret values marked.
pub(super) fn headers(all: &[(String, HeaderValue)]) -> Result<http::HeaderMap> {
    let mut map = http::HeaderMap::with_capacity(all.len());
    for (name, value) in all {
        let bad = |error: http::Error| Error::because(ErrorKind::File, "bad_header", error);
        let name = http::HeaderName::try_from(name.as_str()).map_err(|error| bad(error.into()))?;
        let text = http::HeaderValue::from_str(value.value.expose_secret());
        let mut text = text.map_err(|error| bad(error.into()))?;
        text.set_sensitive(value.sensitive);
        map.append(name, text);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(path: &str) -> Option<String> {
        let base = Url::parse("https://api.acme.example/v1").expect("a URL");
        join(&base, path).ok().map(String::from)
    }

    #[test]
    fn a_path_is_joined_below_the_base_url() {
        for (path, url) in [
            ("models", "https://api.acme.example/v1/models"),
            ("/models", "https://api.acme.example/v1/models"),
            ("", "https://api.acme.example/v1/"),
            ("a/b?c=d", "https://api.acme.example/v1/a/b?c=d"),
            ("//evil.example/x", "https://api.acme.example/v1/evil.example/x"),
            ("https://evil.example/x", "https://api.acme.example/v1/https://evil.example/x"),
            ("a@evil.example", "https://api.acme.example/v1/a@evil.example"),
        ] {
            assert_eq!(joined(path).as_deref(), Some(url), "{path}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_base_url_is_refused() {
        for path in ["../x", "a/../../x", "%2e%2e/x", "a/%2E./x", "..", ".", "\\\\evil.example", "a#b"] {
            assert_eq!(joined(path), None, "{path}");
        }
    }
}
