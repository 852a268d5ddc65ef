//! What a client needs for its next request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hermes_format::origin::{Origin, Origins};
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::HeaderValue;
use serde_json::Value;
use url::Url;

use super::error::{Error, ErrorKind, Result};

/// A token that is valid now, and how to use it. Cheap to clone.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Parts>);

#[derive(Clone)]
pub(super) struct Parts {
    pub(super) provider: String,
    /// What `{{token.*}}` names.
    pub(super) members: Value,
    pub(super) origins: Origins,
    pub(super) source: String,
    pub(super) is_model_chosen: bool,
    pub(super) aux_model: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) token: Secret,
    /// As clients are configured with it.
    pub(super) base: Option<String>,
    pub(super) base_url: Option<Url>,
    /// As the provider's file writes them.
    pub(super) named_headers: Vec<(String, HeaderValue)>,
    pub(super) mode: Option<String>,
    pub(super) model: Option<String>,
    pub(super) region: Option<String>,
    pub(super) headers: http::HeaderMap,
    pub(super) expires_at: Option<UnixMs>,
    pub(super) warnings: Vec<String>,
    pub(super) is_renewable: bool,
}

impl Access {
    /// The provider's id.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// The access token.
    pub fn token(&self) -> &Secret {
        &self.0.token
    }

    /// The headers that authorize a request, `Authorization` among them. Secret values are marked sensitive.
    pub fn headers(&self) -> http::HeaderMap {
        self.0.headers.clone()
    }

    /// The same by their names as the provider's file writes them.
    pub fn named_headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.named_headers.iter().map(|(name, value)| (name.as_str(), &value.value))
    }

    /// The URL that requests go to, as clients are configured with it: without a `/` at its end.
    pub fn base_url(&self) -> Option<&str> {
        self.0.base.as_deref()
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

    /// Whether the token can be replaced by another without the user: not a key that they typed or set.
    pub fn is_renewable(&self) -> bool {
        self.0.is_renewable
    }

    /// The model: the one that was asked for, else the provider's first.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The small model of the provider, where it has one.
    pub fn aux_model(&self) -> Option<&str> {
        self.0.aux_model.as_deref()
    }

    /// Whether the model was asked for, and is not only the provider's first.
    pub fn is_model_chosen(&self) -> bool {
        self.0.is_model_chosen
    }

    /// Where the token came from: `auth.json`, `env:NAME`, `.env:NAME`, `file:PATH`, `command:PROGRAM`.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// A member of the stored credential that is text, such as `access_key_id`. It may be a secret.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.0.members.get(name).and_then(Value::as_str)
    }

    /// The same through a proxy that adds the credential: its URL and a key for it in the credential's place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: the URL or the key can't be used in a request.
    pub fn through(&self, base_url: &str, key: &str) -> Result<Access> {
        let value = HeaderValue { value: Secret::new(format!("Bearer {key}")), sensitive: true };
        let named_headers = vec![("Authorization".to_owned(), value)];
        let bad_url = |error| Error::because(ErrorKind::Usage, "bad_url", error);
        let url = Url::parse(base_url).map_err(bad_url)?;
        Ok(Access(Arc::new(Parts {
            token: Secret::new(key),
            members: Value::Null,
            origins: Origins(Origin::of(&url).map(|origin| origin.as_str().to_owned()).into_iter().collect()),
            source: "proxy".to_owned(),
            headers: headers(&named_headers)?,
            named_headers,
            base: Some(base_url.to_owned()),
            base_url: Some(url),
            expires_at: None,
            ..(*self.0).clone()
        })))
    }

    /// The same for a client that is told this model, chosen or not.
    pub fn told(&self, model: Option<&str>) -> Access {
        let parts = (*self.0).clone();
        Access(Arc::new(Parts {
            is_model_chosen: model.is_some(),
            model: model.map(str::to_owned).or_else(|| parts.model.clone()),
            ..parts
        }))
    }

    /// Whether the credential may be sent to the origin of a URL.
    pub fn may_go_to(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.0.origins.allows(&origin))
    }

    /// The origins that the credential may be sent to.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.origins.0.iter().map(String::as_str)
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

impl Access {
    /// Sources that failed, in sentences: why another than the first gave the credential.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
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
