//! Where a request may go: URLs, origins and named hosts.

use indexmap::IndexMap;
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

/// Why a text is no host of `hosts`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// A scheme, port, path, blank, or nothing.
    #[error("not a host: write `api.example.com` or `*.example.com`")]
    NotAHost,
    /// `*.com`, `*.github.io`: anybody can have a name below it.
    #[error("anybody can register a name below it")]
    TooWide,
}

impl HostPattern {
    /// Parses an entry of `hosts`.
    pub fn parse(text: &str) -> Result<HostPattern, HostPatternError> {
        let _ = text;
        unimplemented!()
    }

    /// Whether a host, as [`Url::host_str`] gives it, is meant.
    pub fn matches(&self, host: &str) -> bool {
        let _ = host;
        unimplemented!()
    }
}

/// The hosts that a file names: those of its URLs, those a person supplies, and `hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedHosts(pub Vec<HostPattern>);

impl NamedHosts {
    /// Whether a host, as [`Url::host_str`] gives it, is named.
    pub fn names(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(host))
    }

    /// Names the host of a URL.
    pub fn add_url(&mut self, url: &Url) {
        self.0.extend(url.host_str().map(|host| HostPattern::Exactly(host.to_owned())));
    }
}

/// S1: https, or http to a loopback literal (127/8, `[::1]`); `localhost` is a name and none.
pub fn transport_allowed(url: &Url) -> bool {
    let _ = url;
    unimplemented!()
}

/// Whether two hosts are under one registrable domain. Addresses and unknown suffixes have no siblings.
pub fn siblings(a: &str, b: &str) -> bool {
    let _ = (a, b);
    unimplemented!()
}

/// Why a URL of an answer is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShownRefused {
    /// More than 2048 bytes.
    #[error("a URL of more than 2048 bytes")]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("not a URL with a host")]
    NotAUrl,
    /// `user:password@`.
    #[error("a URL with a user name or a password")]
    UserInfo,
    /// Neither https nor http on a loopback literal.
    #[error("a URL that is not https")]
    NotHttps,
    /// A host that is neither named nor a sibling of one that is.
    #[error("a URL on `{host}`, which the file does not name")]
    Host {
        /// The host.
        host: String,
    },
}

/// S8: judges a URL that a person is to be shown, and gives the form that is shown. `moves` first puts hosts in the place
/// of others.
pub fn judge_shown(
    url: &str,
    moves: &IndexMap<String, String>,
    named: &NamedHosts,
) -> Result<Url, ShownRefused> {
    let _ = (url, moves, named);
    unimplemented!()
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
