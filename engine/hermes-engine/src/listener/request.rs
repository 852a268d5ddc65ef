//! What a request to the listener is, and what is answered: bytes in, text out.
//!
//! What a reader would get wrong: an answer is made of the verdict alone. Nothing of a request can come back in it (S19).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hermes_format::secret::equal_in_constant_time;
use hermes_machine::machine::{CallbackQuery, Listener as Wanted};
use sha2::{Digest as _, Sha256};

/// The most parameters that a callback may have.
const PARAMETER_LIMIT: usize = 64;
/// The most headers that a request may have.
const HEADERS_LIMIT: usize = 100;

/// The page that a person sees.
const PAGE: &str = include_str!("page.html");

/// What a request must say to be the callback.
#[derive(Debug)]
pub struct Expected {
    /// The path, exactly.
    path: String,
    /// The values of `Host` that are taken.
    hosts: Vec<String>,
}

/// What a request was.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The callback, with its parameters.
    Callback(CallbackQuery),
    /// The callback's path without a parameter.
    Bare,
    /// Not HTTP, or too large.
    Unreadable,
    /// A `Host` that is not this listener's: a page of the web that was led here by its name server.
    Misdirected,
    /// Another path.
    NotFound,
    /// Another method.
    NotGet,
}

impl Expected {
    /// What the callback of a listener on this port must say.
    pub fn new(wanted: &Wanted, port: u16) -> Expected {
        // An address without a path is asked for as `/` (RFC 9110 §4.2.3).
        let path = if wanted.path.is_empty() { "/".to_owned() } else { wanted.path.clone() };
        Expected { path, hosts: hosts(&wanted.host, port) }
    }

    /// What a visit of a page on loopback must say.
    pub(super) fn page(path: String, port: u16) -> Expected {
        Expected { path, hosts: hosts("127.0.0.1", port) }
    }

    /// Judges a request by its head: all up to the empty line.
    pub fn judge(&self, head: &[u8]) -> Verdict {
        self.read(head, |_, query| callback(query)).unwrap_or_else(|verdict| verdict)
    }

    /// Reads a request that is for this path and under one of these hosts; any other is a verdict already.
    pub(super) fn read<T>(
        &self,
        head: &[u8],
        then: impl FnOnce(&[httparse::Header<'_>], &str) -> T,
    ) -> Result<T, Verdict> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
        let mut request = httparse::Request::new(&mut headers);
        if !matches!(request.parse(head), Ok(httparse::Status::Complete(_))) {
            return Err(Verdict::Unreadable);
        }
        let hosts: Vec<&[u8]> =
            request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("host")).map(|h| h.value).collect();
        let known = |host: &[u8]| self.hosts.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(host));
        if !matches!(hosts.as_slice(), [host] if known(host)) {
            return Err(Verdict::Misdirected);
        }
        let target = request.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // A random part of the path can stand for the `state` (S17).
        if !equal_in_constant_time(path, &self.path) {
            return Err(Verdict::NotFound);
        }
        if request.method != Some("GET") {
            return Err(Verdict::NotGet);
        }
        Ok(then(request.headers, query))
    }
}

fn callback(query: &str) -> Verdict {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().take(PARAMETER_LIMIT + 1).collect();
    match query.len() {
        0 => Verdict::Bare,
        count if count > PARAMETER_LIMIT => Verdict::Unreadable,
        _ => Verdict::Callback(CallbackQuery(query)),
    }
}

/// The names under which a browser may ask for this listener: its literal, and `localhost` where the file says so.
fn hosts(host: &str, port: u16) -> Vec<String> {
    let names: &[&str] = if host == "localhost" { &["localhost", "127.0.0.1", "[::1]"] } else { &[host] };
    let bare = names.iter().filter(|_| port == 80).map(|name| (*name).to_owned());
    names.iter().map(|name| format!("{name}:{port}")).chain(bare).collect()
}

impl Verdict {
    /// The answer, whole.
    pub fn answer(&self) -> String {
        match self {
            Verdict::Callback(_) => page(),
            Verdict::Bare => not_this_login(),
            Verdict::Unreadable => plain("400 Bad Request", "", "This request can't be read."),
            Verdict::Misdirected => {
                plain("421 Misdirected Request", "", "Nothing is served under this name.")
            }
            Verdict::NotFound => plain("404 Not Found", "", "There is nothing here."),
            Verdict::NotGet => {
                plain("405 Method Not Allowed", "Allow: GET\r\n", "Only GET is answered here.")
            }
        }
    }
}

/// The answer to a callback for which nobody waits any more.
pub(super) fn done_already() -> String {
    plain("409 Conflict", "", "This page has done its part already.")
}

/// The answer to a callback that does not belong to the login that is under way.
pub(super) fn not_this_login() -> String {
    let text = "This is not the answer to the login that is waiting. Go on in the page that it opened.";
    plain("400 Bad Request", "", text)
}

/// The answer to another user of this computer.
pub(super) fn another_user() -> String {
    plain("403 Forbidden", "", "This address belongs to a login of another user.")
}

/// The answer to a visit that is none: a prefetch, a script, an image.
pub(super) fn not_a_visit() -> String {
    plain("400 Bad Request", "", "This address is to be opened in a browser.")
}

/// The answer to a visit of a page that was visited before.
pub(super) fn used_up() -> String {
    plain(
        "410 Gone",
        "",
        "This page was opened before. The login is stopped: start it again in the terminal.",
    )
}

/// Sends a browser on. The address is one that was parsed and written anew, so it can't end the header.
pub(super) fn redirect(to: &url::Url) -> String {
    plain("302 Found", &format!("Location: {to}\r\n"), "The login goes on at its provider.")
}

fn page() -> String {
    static STYLE: LazyLock<String> = LazyLock::new(|| {
        let style = PAGE.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        let hash = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
        format!("; style-src 'sha256-{hash}'")
    });
    answer("200 OK", &STYLE, "text/html", "", PAGE)
}

fn plain(status: &str, headers: &str, text: &str) -> String {
    answer(status, "", "text/plain", headers, &format!("{text}\n"))
}

fn answer(status: &str, style: &str, kind: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: {kind}; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'{style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
         Referrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Cache-Control: no-store\r\n\
         {headers}Connection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected() -> Expected {
        Expected { path: "/back".into(), hosts: vec!["127.0.0.1:7".into()] }
    }

    proptest! {
        #[test]
        fn s19_no_bytes_are_too_much_and_none_without_the_host_are_a_callback(
            start in "(GET /back\\?code=1 HTTP/1\\.1\r\n)?",
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let head = [start.as_bytes(), &bytes, b"\r\n\r\n"].concat();
            prop_assert!(!matches!(expected().judge(&head), Verdict::Callback(_)));
        }

        #[test]
        fn every_query_is_decoded(code in "\\PC{0,40}", state in "\\PC{0,40}") {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("code", &code)
                .append_pair("state", &state)
                .finish();
            let head = format!("GET /back?{query} HTTP/1.1\r\nhost: 127.0.0.1:7\r\n\r\n");
            let Verdict::Callback(read) = expected().judge(head.as_bytes()) else {
                return Err(TestCaseError::fail(head));
            };
            prop_assert_eq!(read.0, [("code".to_owned(), code), ("state".to_owned(), state)]);
        }
    }
}
