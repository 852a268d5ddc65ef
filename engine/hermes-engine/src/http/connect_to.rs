//! `--connect-to HOST=127.0.0.1:PORT`: a server on this computer stands in for the real one.
//!
//! Only what is put on the wire changes. Every check of a host or an origin judges the https URL that the file wrote.

use std::net::SocketAddr;

use url::{Host, Url};

/// Why a text is no `HOST=127.0.0.1:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectToError {
    /// There is no `=` with something on both sides.
    #[error("`{text}` is not of the form HOST=127.0.0.1:PORT")]
    Form {
        /// What was given.
        text: String,
    },
    /// What stands before the `=` is not the name of a host.
    #[error("`{host}` is not a host; write it without https:// and without a path")]
    Host {
        /// What was given.
        host: String,
    },
    /// What stands after the `=` is not an address with a port.
    #[error("`{address}` is not an address with a port, such as 127.0.0.1:8080")]
    Address {
        /// What was given.
        address: String,
    },
    /// The address is another computer's.
    #[error("`{address}` is not on this computer; only 127.0.0.1 and [::1] may stand in for a host")]
    NotLoopback {
        /// What was given.
        address: SocketAddr,
    },
}

/// Reads the argument of `--connect-to`. A host may carry a port (`HOST:8443=…`); without one it is that of https.
pub fn parse_connect_to(text: &str) -> Result<(String, SocketAddr), ConnectToError> {
    let (host, address) = text
        .split_once('=')
        .filter(|(host, address)| !host.is_empty() && !address.is_empty())
        .ok_or_else(|| ConnectToError::Form { text: text.to_owned() })?;
    let host = normal_host(host).ok_or_else(|| ConnectToError::Host { host: host.to_owned() })?;
    let to: SocketAddr =
        address.parse().map_err(|_| ConnectToError::Address { address: address.to_owned() })?;
    if to.port() == 0 {
        return Err(ConnectToError::Address { address: address.to_owned() });
    }
    if to.ip().is_loopback() { Ok((host, to)) } else { Err(ConnectToError::NotLoopback { address: to }) }
}

/// A host as URLs write it: lower case, the port of https left out.
fn normal_host(text: &str) -> Option<String> {
    if text.contains(['/', '@', '?', '#', '\\']) {
        return None;
    }
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    Some(authority(&url)).filter(|_| !matches!(url.host(), None | Some(Host::Domain(""))))
}

/// Host and port as the `Host` header writes them ([RFC 9110 §7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)).
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The address that stands in for the host of this URL, if one does.
pub(super) fn stand_in(connect_to: &[(String, SocketAddr)], url: &Url) -> Option<SocketAddr> {
    let wanted = authority(url);
    let found = connect_to.iter().find(|(host, _)| host.eq_ignore_ascii_case(&wanted));
    found.filter(|(_, to)| url.scheme() == "https" && to.ip().is_loopback()).map(|(_, to)| *to)
}

/// Whether a URL is one of plain http at this very address.
pub(super) fn is_at(address: SocketAddr, url: &Url) -> bool {
    let host = match url.host() {
        Some(Host::Ipv4(host)) => host.into(),
        Some(Host::Ipv6(host)) => host.into(),
        Some(Host::Domain(_)) | None => return false,
    };
    url.scheme() == "http"
        && url.port_or_known_default().map(|port| SocketAddr::new(host, port)) == Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_the_address_that_stands_in() {
        let options = super::super::HttpOptions {
            connect_to: vec![parse_connect_to("a.example=127.0.0.1:80").unwrap()],
            ..Default::default()
        };
        let http = super::super::Http::new(options);
        let reached = |url: &str| http.reached_at(&Url::parse(url).unwrap()).to_string();
        assert_eq!(reached("https://a.example/x?y=1"), "http://127.0.0.1/x?y=1");
        assert_eq!(reached("https://b.example/x"), "https://b.example/x");
    }

    #[track_caller]
    fn check(text: &str, expect: Result<(&str, &str), &str>) {
        let parsed = parse_connect_to(text).map_err(|error| error.to_string());
        let expect = expect
            .map(|(host, to)| (host.to_owned(), to.parse::<SocketAddr>().unwrap()))
            .map_err(str::to_owned);
        assert_eq!(parsed, expect);
    }

    #[test]
    fn a_host_is_given_an_address_on_this_computer() {
        check("auth.example.com=127.0.0.1:8080", Ok(("auth.example.com", "127.0.0.1:8080")));
        check("Auth.Example.com:443=[::1]:80", Ok(("auth.example.com", "[::1]:80")));
        check("auth.example.com:8443=127.9.9.9:1", Ok(("auth.example.com:8443", "127.9.9.9:1")));
    }

    #[test]
    fn another_target_is_refused() {
        let other = "is not on this computer; only 127.0.0.1 and [::1] may stand in for a host";
        check("a.example=10.0.0.1:80", Err(&format!("`10.0.0.1:80` {other}")));
        check("a.example=0.0.0.0:80", Err(&format!("`0.0.0.0:80` {other}")));
        let no_address = "is not an address with a port, such as 127.0.0.1:8080";
        check("a.example=localhost:80", Err(&format!("`localhost:80` {no_address}")));
        check("a.example=127.0.0.1", Err(&format!("`127.0.0.1` {no_address}")));
        check("a.example=127.0.0.1:0", Err(&format!("`127.0.0.1:0` {no_address}")));
    }

    #[test]
    fn a_url_is_no_host() {
        let no_host = "is not a host; write it without https:// and without a path";
        check("https://a.example=127.0.0.1:80", Err(&format!("`https://a.example` {no_host}")));
        check("a@b=127.0.0.1:80", Err(&format!("`a@b` {no_host}")));
        check("a.example", Err("`a.example` is not of the form HOST=127.0.0.1:PORT"));
        check("=127.0.0.1:80", Err("`=127.0.0.1:80` is not of the form HOST=127.0.0.1:PORT"));
    }

    #[test]
    fn only_https_to_that_very_host_and_port_is_stood_in_for() {
        let map = [parse_connect_to("a.example=127.0.0.1:80").unwrap()];
        let found = |url: &str| stand_in(&map, &Url::parse(url).unwrap()).is_some();
        assert!(found("https://A.example/x"));
        for other in ["https://b.a.example/", "https://a.example:8443/", "http://a.example/"] {
            assert!(!found(other), "{other}");
        }
    }
}
