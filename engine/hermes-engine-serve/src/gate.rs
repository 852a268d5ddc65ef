//! Who may call, by the request alone: nothing is looked up and nothing is sent before this.

use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{Method, Version};

use crate::listener::Authority;
use crate::path::Target;
use crate::refusal::{Kind, Refusal};

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// Whether the process is alive.
    Health,
    /// Whether it takes requests.
    Ready,
    /// The counters.
    Metrics,
    /// Whether there is a server at all: some clients ask before they send a key.
    Probe,
    /// A request for a server.
    Request(Target),
}

/// Looks at the line and the header fields of a request.
///
/// Note: `Sec-Fetch-Mode` says nothing, as HTTP clients that are no browser send it. A page in a browser can't leave
/// `Origin` and `Sec-Fetch-Site` out, and one that rebinds its name to this address can't choose `Host`.
pub(crate) fn admit(parts: &Parts, authority: &Authority) -> Result<Admitted, Refusal> {
    let invalid = |message: &str| Refusal::new(Kind::Invalid, "bad_request", message);
    if parts.method == Method::CONNECT || parts.method == Method::TRACE {
        return Err(Refusal::new(Kind::Method, "bad_method", format!("{} is not served", parts.method)));
    }
    if parts.uri.scheme().is_some() || parts.uri.authority().is_some() || !parts.uri.path().starts_with('/') {
        return Err(invalid("the request target must be a path"));
    }
    if parts.version != Version::HTTP_11 && parts.version != Version::HTTP_10 {
        return Err(invalid("only HTTP/1.0 and HTTP/1.1 are served"));
    }
    if !is_for(&parts.headers, authority) {
        let message = "the Host header must be the address that this proxy listens on";
        return Err(Refusal::new(Kind::User, "bad_host", message));
    }
    for name in [header::ORIGIN, HeaderName::from_static("sec-fetch-site")] {
        if parts.headers.contains_key(&name) {
            return Err(Refusal::new(Kind::User, "browser_refused", "pages of a browser are not served"));
        }
    }
    match parts.uri.path() {
        "/healthz" => return only_reading(parts, Admitted::Health),
        "/readyz" => return only_reading(parts, Admitted::Ready),
        "/metrics" => return only_reading(parts, Admitted::Metrics),
        _ => {}
    }
    let target = Target::read(&parts.uri).map_err(|error| invalid(&error.to_string()))?;
    if parts.method == Method::HEAD && matches!(target.rest.as_str(), "" | "/") {
        return Ok(Admitted::Probe);
    }
    Ok(Admitted::Request(target))
}

fn only_reading(parts: &Parts, admitted: Admitted) -> Result<Admitted, Refusal> {
    match parts.method {
        Method::GET | Method::HEAD => Ok(admitted),
        _ => Err(Refusal::new(Kind::Method, "bad_method", "only GET is served here")),
    }
}

/// Whether there is exactly one `Host`, and it names the listener.
fn is_for(headers: &HeaderMap, authority: &Authority) -> bool {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    match (hosts.next().map(|host| host.to_str()), hosts.next()) {
        (Some(Ok(host)), None) => authority.is(host),
        _ => false,
    }
}

/// The key that a client presents: in one header, or the same one in several.
pub(crate) fn presented_key<'h>(headers: &'h HeaderMap, names: &[HeaderName]) -> Result<&'h str, Refusal> {
    let refused = |code, message: &str| Refusal::new(Kind::User, code, message);
    let mut found: Option<&str> = None;
    for value in names.iter().flat_map(|name| headers.get_all(name)) {
        let text = value.to_str().unwrap_or_default().trim();
        let scheme = text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "));
        let key = if scheme { text[7..].trim() } else { text };
        if found.is_some_and(|found| found != key) {
            return Err(refused("keys_differ", "the request has two different client keys"));
        }
        found = Some(key);
    }
    found.filter(|key| !key.is_empty()).ok_or_else(|| {
        refused("no_key", "the request has no client key; make one with `hermes-engine serve key add NAME --provider PROVIDER`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn here() -> Authority {
        Authority::Tcp("127.0.0.1:4180".parse().expect("an address"))
    }

    fn judged(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Admitted, String> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        admit(&parts, &here()).map_err(|refusal| refusal.code.into_owned())
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4180");

    #[test]
    fn a_request_needs_one_host_and_it_is_ours() {
        assert!(matches!(judged("POST", "/acme/x", &[HOST]), Ok(Admitted::Request(_))));
        for hosts in [
            vec![],
            vec![HOST, HOST],
            vec![("host", "127.0.0.1:4180.evil.example")],
            vec![("host", "evil.example")],
        ] {
            assert_eq!(judged("POST", "/acme/x", &hosts), Err("bad_host".into()), "{hosts:?}");
        }
    }

    #[test]
    fn pages_are_refused_and_clients_that_only_look_like_one_are_not() {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(judged("POST", "/acme/x", &[HOST, (name, value)]), Err("browser_refused".into()));
            assert_eq!(judged("GET", "/metrics", &[HOST, (name, value)]), Err("browser_refused".into()));
        }
        assert!(judged("POST", "/acme/x", &[HOST, ("sec-fetch-mode", "cors")]).is_ok());
    }

    #[test]
    fn only_paths_are_targets() {
        assert_eq!(judged("GET", "http://127.0.0.1:4180/acme/x", &[HOST]), Err("bad_request".into()));
        assert_eq!(judged("CONNECT", "evil.example:443", &[HOST]), Err("bad_method".into()));
        assert_eq!(judged("TRACE", "/acme/x", &[HOST]), Err("bad_method".into()));
        assert_eq!(judged("OPTIONS", "*", &[HOST]), Err("bad_request".into()));
        assert_eq!(judged("GET", "/acme/%2e%2e/x", &[HOST]), Err("bad_request".into()));
    }

    #[test]
    fn a_probe_of_the_base_is_told_from_a_request() {
        assert_eq!(judged("HEAD", "/acme", &[HOST]), Ok(Admitted::Probe));
        assert_eq!(judged("HEAD", "/acme/", &[HOST]), Ok(Admitted::Probe));
        assert!(matches!(judged("HEAD", "/acme/x", &[HOST]), Ok(Admitted::Request(_))));
        assert_eq!(judged("GET", "/healthz", &[HOST]), Ok(Admitted::Health));
        assert_eq!(judged("POST", "/metrics", &[HOST]), Err("bad_method".into()));
    }

    #[test]
    fn a_key_is_taken_from_any_header_and_two_must_agree() {
        let names = [header::AUTHORIZATION, HeaderName::from_static("x-api-key")];
        let key = |lines: &[(&str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            presented_key(&headers, &names).map(str::to_owned).map_err(|refusal| refusal.code.into_owned())
        };
        assert_eq!(key(&[("authorization", "Bearer hek_a")]).as_deref(), Ok("hek_a"));
        assert_eq!(key(&[("x-api-key", "hek_a"), ("authorization", "bearer hek_a")]).as_deref(), Ok("hek_a"));
        assert_eq!(
            key(&[("x-api-key", "hek_a"), ("authorization", "Bearer hek_b")]),
            Err("keys_differ".into())
        );
        assert_eq!(key(&[]), Err("no_key".into()));
    }
}
