//! Where a request may go: URLs, origins and named hosts.

use url::Url;

/// Scheme, host and port ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of a URL with a host.
    pub fn of(url: &Url) -> Option<Origin> {
        url.host_str()?;
        Some(Origin(url.origin().ascii_serialization()))
    }

    /// As it is written in the store: `https://api.example.com`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A host of `hosts`: one, or any depth below one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// The host itself.
    Exactly(String),
    /// `*.x.ai`: any depth below `x.ai`, not `x.ai`.
    Below(String),
}

/// Where a credential may go: origins, and patterns such as `https://*.x.ai`. As the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Origins(pub Vec<String>);

impl Origins {
    /// Whether a request may carry the credential to `origin`.
    pub fn allows(&self, origin: &Origin) -> bool {
        let _ = origin;
        unimplemented!()
    }
}
