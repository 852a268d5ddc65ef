//! Where a request may go: URLs, origins and named hosts.

use indexmap::IndexMap;
use url::{Host, Url};

#[cfg(test)]
mod tests;

const MAX_SHOWN_BYTES: usize = 2048;

/// Scheme, host and port ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of an http or https URL.
    pub fn of(url: &Url) -> Option<Origin> {
        matches!(url.scheme(), "http" | "https").then(|| Origin(url.origin().ascii_serialization()))
    }

    /// The parts that [`Origin::as_str`] joins: scheme, host, and `:port` where it is not the scheme's own.
    fn parts(&self) -> Option<(&str, &str, &str)> {
        let (scheme, authority) = self.0.split_once("://")?;
        // An IPv6 literal has colons of its own, inside brackets.
        let host_end = authority.rfind(']').map_or(0, |end| end + 1);
        let port = authority.get(host_end..)?.find(':').map_or(authority.len(), |at| at + host_end);
        Some((scheme, authority.get(..port)?, authority.get(port..)?))
    }

    /// The host, as [`Url::host_str`] gives it.
    pub fn host(&self) -> &str {
        self.parts().map_or("", |(_, host, _)| host)
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
    /// `*.acme.example`: any depth below `acme.example`, not `acme.example`.
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
        let (host, is_pattern) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        // The parser of hosts decodes `%`; nobody means that here.
        if host.is_empty()
            || host.contains(['%', '*', ':', '/', '@'])
            || host.starts_with('.')
            || host.ends_with('.')
        {
            return Err(HostPatternError::NotAHost);
        }
        match (Host::parse(host).map_err(|_| HostPatternError::NotAHost)?, is_pattern) {
            (host @ (Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)), false) => {
                Ok(HostPattern::Exactly(host.to_string()))
            }
            (Host::Domain(name), true) if psl::domain_str(&name).is_some() => Ok(HostPattern::Below(name)),
            (Host::Domain(_), true) => Err(HostPatternError::TooWide),
            (_, true) => Err(HostPatternError::NotAHost),
        }
    }

    /// Whether a host, as [`Url::host_str`] gives it, is meant.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            HostPattern::Exactly(own) => own == host,
            HostPattern::Below(above) => is_subdomain(host, above),
        }
    }
}

/// S1: https, or http to this computer: a loopback literal (127/8, `[::1]`), or `localhost`, for which no name server is
/// ever asked here ([RFC 6761 §6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)).
pub fn transport_allowed(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

/// Whether two hosts are under one registrable domain, by the public suffix list; a suffix that is not on it has one label,
/// as the list's own rule is. Addresses have no siblings.
pub fn siblings(a: &str, b: &str) -> bool {
    fn registrable(host: &str) -> Option<psl::Domain<'_>> {
        let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        if is_address { None } else { psl::domain(host.as_bytes()) }
    }
    match (registrable(a), registrable(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
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
    named: &Origins,
) -> Result<Url, ShownRefused> {
    if url.len() > MAX_SHOWN_BYTES {
        return Err(ShownRefused::TooLong);
    }
    let mut url = Url::parse(url).map_err(|_| ShownRefused::NotAUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ShownRefused::UserInfo);
    }
    if let Some(new) = url.host_str().and_then(|old| moves.get(old)) {
        url.set_host(Some(new)).map_err(|_| ShownRefused::NotAUrl)?;
    }
    if !transport_allowed(&url) {
        return Err(ShownRefused::NotHttps);
    }
    let host = url.host_str().ok_or(ShownRefused::NotAUrl)?;
    if !named.names_host(host) && !named.has_sibling(host) {
        return Err(ShownRefused::Host { host: host.to_owned() });
    }
    // Percent-encoding can make it three times as long.
    if url.as_str().len() > MAX_SHOWN_BYTES { Err(ShownRefused::TooLong) } else { Ok(url) }
}

/// Where a credential may go: origins, and patterns such as `https://*.acme.example`. As the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Origins(pub Vec<String>);

impl Origins {
    /// Whether a request may go to `origin`.
    pub fn allows(&self, origin: &Origin) -> bool {
        self.0.iter().any(|entry| match entry.split_once("://*.") {
            Some((scheme, below)) => is_below(origin, scheme, below),
            None => Url::parse(entry).ok().and_then(|url| Origin::of(&url)).as_ref() == Some(origin),
        })
    }

    /// Whether all that an entry of other origins allows is allowed here too.
    pub fn covers(&self, entry: &str) -> bool {
        // What is below a host is allowed by an entry for that host, or for one above it.
        let as_url = entry.replacen("://*.", "://any.", 1);
        let origin = Url::parse(&as_url).ok().and_then(|url| Origin::of(&url));
        let is_pattern = as_url != entry;
        let wide = |own: &&String| !is_pattern || own.contains("://*.");
        let own = Origins(self.0.iter().filter(wide).cloned().collect());
        origin.is_some_and(|origin| own.allows(&origin))
    }

    /// Whether a host, as [`Url::host_str`] gives it, is that of an origin, on whichever port.
    pub fn names_host(&self, host: &str) -> bool {
        self.0.iter().any(|entry| match entry.split_once("://*.") {
            Some((_, below)) => is_subdomain(host, below),
            None => Url::parse(entry).is_ok_and(|url| url.host_str() == Some(host)),
        })
    }

    /// Whether a host shares its registrable domain with that of an origin.
    pub fn has_sibling(&self, host: &str) -> bool {
        let root = |entry: &String| Url::parse(&entry.replacen("://*.", "://", 1));
        let mut own = self.0.iter().filter_map(|entry| root(entry).ok());
        own.any(|url| url.host_str().is_some_and(|own| siblings(own, host)))
    }
}

/// Whether an origin has this scheme, and a host and port below `HOST[:PORT]`.
fn is_below(origin: &Origin, scheme: &str, below: &str) -> bool {
    // Parsed so that a port that is the scheme's own and capitals are written one way.
    let above = Url::parse(&format!("{scheme}://{below}")).ok().and_then(|url| Origin::of(&url));
    let Some(above) = above else { return false };
    match (origin.parts(), above.parts()) {
        (Some((scheme, host, port)), Some((scheme_above, host_above, port_above))) => {
            scheme == scheme_above && port == port_above && is_subdomain(host, host_above)
        }
        _ => false,
    }
}

fn is_subdomain(host: &str, above: &str) -> bool {
    host.strip_suffix(above)
        .and_then(|labels| labels.strip_suffix('.'))
        .is_some_and(|labels| !labels.is_empty())
}
