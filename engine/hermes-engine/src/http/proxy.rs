//! The proxy that the environment names: refused where it can't be used, named where it fails.
//!
//! Note: reqwest drops a proxy that it can't read, and then connects directly. That is never what its user wants.

use url::Url;

/// The variables that are looked at, in this order.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy, as failures name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// The variable that names it.
    pub(super) variable: &'static str,
    /// Its host and port, without a user or a password.
    pub(super) place: String,
}

/// The proxy of requests to other computers. An error says which variable is wrong, without its value: it may hold a
/// password.
pub(super) fn of_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Proxy>, String> {
    let set = |name: &&&str| variable(name).is_some_and(|value| !value.trim().is_empty());
    let Some(name) = VARIABLES.iter().find(set).copied() else { return Ok(None) };
    let value = variable(name).unwrap_or_default();
    let value = value.trim();
    let url = if value.contains("://") { Url::parse(value) } else { Url::parse(&format!("http://{value}")) };
    let example = "write it as `http://HOST:PORT`";
    let Some(url) = url.ok().filter(Url::has_host) else {
        return Err(format!("{name} is not the address of a proxy; {example}"));
    };
    match url.scheme() {
        "http" | "https" => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Ok(Some(Proxy { variable: name, place: format!("{host}{port}") }))
        }
        scheme if scheme.starts_with("socks") => {
            Err(format!("{name} names a SOCKS proxy, and only HTTP proxies can be used; {example}"))
        }
        _ => Err(format!("{name} names a proxy of an unknown kind; {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expect: Result<Option<&str>, &str>) {
        let found = of_environment(&|asked| (asked == name).then(|| value.to_owned()));
        match (found, expect) {
            (Ok(proxy), Ok(place)) => assert_eq!(proxy.as_ref().map(|proxy| proxy.place.as_str()), place),
            (Err(why), Err(part)) => assert!(why.contains(part) && why.starts_with(name), "{why}"),
            (found, expect) => panic!("{found:?}, and not {expect:?}"),
        }
    }

    #[test]
    fn f13_a_proxy_that_can_not_be_used_is_an_error_and_not_a_direct_connection() {
        check("HTTPS_PROXY", "nonsense://x", Err("unknown kind"));
        check("https_proxy", "http://", Err("not the address of a proxy"));
        check("ALL_PROXY", "socks5://127.0.0.1:1080", Err("SOCKS"));
        check("HTTPS_PROXY", " ", Ok(None));
        check("NO_PROXY", "nonsense://x", Ok(None));
    }

    #[test]
    fn s25_a_proxy_is_named_without_its_password() {
        check("HTTPS_PROXY", "http://user:secret@proxy.example:3128", Ok(Some("proxy.example:3128")));
        check("https_proxy", "proxy.example:3128", Ok(Some("proxy.example:3128")));
        let found = of_environment(&|_| Some("gopher://user:secret@proxy.example".to_owned()));
        assert!(!found.unwrap_err().contains("secret"));
    }
}
