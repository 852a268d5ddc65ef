//! One request and one answer on a connection of the listener.
//!
//! Everything that reaches the port is hostile until it is the callback: other pages of the browser, other users of this
//! computer, port scanners. Each connection has its own task, a few seconds and a few kilobytes; one that says nothing
//! holds up nobody.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hermes_engine_core::machine::CallbackQuery;
use hermes_engine_core::secret::equal_in_constant_time;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Expected, Waiting};

/// The longest request head that is read.
const HEAD_LIMIT: usize = 16 * 1024;
/// The most parameters that a callback may have.
const PARAMETER_LIMIT: usize = 64;
/// The most headers that a request may have.
const HEADERS_LIMIT: usize = 100;
/// The most connections at once; a browser opens a handful.
const CONNECTION_LIMIT: usize = 64;
/// How long a client may take to ask, and how long to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The page that a person sees.
const PAGE: &str = include_str!("page.html");

/// What a request was.
#[derive(Debug)]
enum Verdict {
    Callback(CallbackQuery),
    /// Not HTTP, or too large.
    Unreadable,
    /// A `Host` that is not this listener's: a page of the web that was led here by its name server.
    Misdirected,
    NotFound,
    NotGet,
}

/// Accepts connections for as long as it is polled.
pub(super) async fn serve(socket: TcpListener, expected: Arc<Expected>, waiting: Waiting) {
    let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, _)) => {
                let (expected, waiting) = (expected.clone(), waiting.clone());
                connections.spawn(async move {
                    attend(stream, &expected, &waiting).await;
                    drop(slot);
                });
            }
            // Out of descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn attend(mut stream: TcpStream, expected: &Expected, waiting: &Waiting) {
    let head = match tokio::time::timeout(PATIENCE, read_head(&mut stream)).await {
        Ok(Some(head)) => head,
        // Browsers connect ahead of need; silence deserves none but silence.
        Ok(None) | Err(_) => return,
    };
    let (answer, callback) = match judge(&head, expected) {
        Verdict::Callback(query) => match waiting.lock().ok().and_then(|mut waiting| waiting.take()) {
            Some(tell) => (page(), Some((tell, query))),
            None => (plain("409 Conflict", "", "This page has done its part already."), None),
        },
        Verdict::Unreadable => (plain("400 Bad Request", "", "This request can't be read."), None),
        Verdict::Misdirected => {
            (plain("421 Misdirected Request", "", "Nothing is served under this name."), None)
        }
        Verdict::NotFound => (plain("404 Not Found", "", "There is nothing here."), None),
        Verdict::NotGet => {
            (plain("405 Method Not Allowed", "Allow: GET\r\n", "Only GET is answered here."), None)
        }
    };
    // The page goes first: the run may end, and the listener with it, as soon as the callback is told.
    let _ = tokio::time::timeout(PATIENCE, send(&mut stream, &answer)).await;
    if let Some((tell, query)) = callback {
        let _ = tell.send(query);
    }
    let _ = tokio::time::timeout(PATIENCE, drain(&mut stream)).await;
}

/// Reads up to the empty line. `None` where the client went away first; what is too long or no HTTP comes back as it is.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(2048);
    loop {
        let mut part = [0; 2048];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(part.get(..count)?);
        let finished = head.windows(4).any(|end| end == b"\r\n\r\n");
        if finished || head.len() >= HEAD_LIMIT || !looks_like_a_method(&head) {
            return Some(head);
        }
    }
}

/// Whether it can still become a request: a TLS greeting never ends in an empty line.
fn looks_like_a_method(head: &[u8]) -> bool {
    head.iter().take_while(|byte| **byte != b' ').take(16).all(u8::is_ascii_alphabetic)
}

fn judge(head: &[u8], expected: &Expected) -> Verdict {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
    let mut request = httparse::Request::new(&mut headers);
    if !matches!(request.parse(head), Ok(httparse::Status::Complete(_))) {
        return Verdict::Unreadable;
    }
    let hosts: Vec<&[u8]> =
        request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("host")).map(|h| h.value).collect();
    let known = |host: &[u8]| expected.hosts.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(host));
    if !matches!(hosts.as_slice(), [host] if known(host)) {
        return Verdict::Misdirected;
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // A random part of the path can stand for the `state` (S17).
    if !equal_in_constant_time(path, &expected.path) {
        return Verdict::NotFound;
    }
    if request.method != Some("GET") {
        return Verdict::NotGet;
    }
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().take(PARAMETER_LIMIT + 1).collect();
    if query.len() > PARAMETER_LIMIT { Verdict::Unreadable } else { Verdict::Callback(CallbackQuery(query)) }
}

async fn send(stream: &mut TcpStream, answer: &str) -> std::io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads what a client still says. Closing with bytes unread resets the connection, and the client might lose its page.
async fn drain(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    for _ in 0..64 {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
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
            prop_assert!(!matches!(judge(&head, &expected()), Verdict::Callback(_)));
        }

        #[test]
        fn every_query_is_decoded(code in "\\PC{0,40}", state in "\\PC{0,40}") {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("code", &code)
                .append_pair("state", &state)
                .finish();
            let head = format!("GET /back?{query} HTTP/1.1\r\nhost: 127.0.0.1:7\r\n\r\n");
            let Verdict::Callback(read) = judge(head.as_bytes(), &expected()) else {
                return Err(TestCaseError::fail(head));
            };
            prop_assert_eq!(read.0, [("code".to_owned(), code), ("state".to_owned(), state)]);
        }
    }
}
