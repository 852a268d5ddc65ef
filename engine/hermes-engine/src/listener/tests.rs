//! Everything that may reach the port, against a listener on loopback.

mod start;
mod stray;

use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::Duration;

use base64::Engine as _;
use sha2::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn wanted(host: &str, port: u16) -> Wanted {
    Wanted { host: host.into(), port, path: "/callback".into() }
}

async fn bound() -> Listener {
    Listener::bind(&wanted("127.0.0.1", 0)).await.unwrap()
}

fn port(listener: &Listener) -> u16 {
    url::Url::parse(listener.redirect_uri()).unwrap().port().unwrap()
}

async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Sends a request while somebody waits; the answer, and the callback where there was one. `PORT` is the listener's.
async fn visit(listener: &Listener, request: &str) -> (String, Option<CallbackQuery>) {
    let port = port(listener);
    let request = request.replace("PORT", &port.to_string());
    let address = ([127, 0, 0, 1], port).into();
    tokio::select! {
        biased;
        query = listener.callback() => (String::new(), Some(query)),
        answer = exchange(address, request.as_bytes()) => (answer, None),
    }
}

async fn check(request: &str, status: &str) {
    let listener = bound().await;
    let (answer, callback) = visit(&listener, request).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request:?}: {answer}");
    assert_eq!(callback, None, "{request:?}");
}

fn pairs(query: &CallbackQuery) -> Vec<(&str, &str)> {
    query.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn s19_the_callback_is_taken_and_decoded() {
    let listener = bound().await;
    let get =
        "GET /callback?code=a%20b+c&state=%C3%BC&code=2&empty= HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n";
    let (_, callback) = visit(&listener, get).await;
    let expect = [("code", "a b c"), ("state", "ü"), ("code", "2"), ("empty", "")];
    assert_eq!(pairs(&callback.unwrap()), expect);
}

/// A paste may come while the page of the callback is sent: who waited waits again, and the callback is there.
#[tokio::test]
async fn a_callback_is_not_lost_with_the_wait_that_it_came_in() {
    let listener = bound().await;
    let port = port(&listener);
    let get = format!("GET /callback?code=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let address = ([127, 0, 0, 1], port).into();
    let mut first = Box::pin(listener.callback());
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let answer = exchange(address, get.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    drop(first);
    let second = tokio::time::timeout(Duration::from_secs(10), listener.callback()).await;
    assert_eq!(pairs(&second.expect("it is there")), [("code", "1")]);
}

#[tokio::test]
async fn s19_the_page_reflects_nothing_and_loads_nothing() {
    let listener = bound().await;
    let address = ([127, 0, 0, 1], port(&listener)).into();
    let request =
        format!("GET /callback?code=c0de&x=%3Cb%3E HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", port(&listener));
    let (query, answer) = tokio::join!(listener.callback(), exchange(address, request.as_bytes()));
    assert_eq!(pairs(&query), [("code", "c0de"), ("x", "<b>")]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("You can close this window") && !answer.contains("c0de") && !body.contains("<b>"));
    for header in ["Referrer-Policy: no-referrer", "Cache-Control: no-store", "Connection: close"] {
        assert!(head.contains(header), "{header}");
    }
    let style = body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    let policy = format!("Content-Security-Policy: default-src 'none'; style-src 'sha256-{hash}';");
    assert!(head.contains(&policy), "{head}");
    for active in ["<script", "style=", "http:", "https:", "src=", "onload"] {
        assert!(!body.contains(active), "{active}");
    }
}

#[tokio::test]
async fn s19_another_path_is_not_found() {
    for path in ["/", "/callback/", "/callback2", "/Callback", "//callback", "/x/../callback", "*"] {
        check(&format!("GET {path}?code=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n"), "404 Not Found").await;
    }
}

#[tokio::test]
async fn s19_another_method_is_not_allowed() {
    for method in ["POST", "HEAD", "OPTIONS", "PUT"] {
        let request = format!("{method} /callback?code=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
        check(&request, "405 Method Not Allowed").await;
    }
}

#[tokio::test]
async fn s19_another_host_is_misdirected() {
    let hosts = [
        "Host: evil.example:PORT",
        "Host: localhost:PORT",
        "Host: 127.0.0.1",
        "Host: 127.0.0.1:1",
        "X-Host: 127.0.0.1:PORT",
        "Host: 127.0.0.1:PORT\r\nHost: 127.0.0.1:PORT",
    ];
    for host in hosts {
        check(&format!("GET /callback?code=1 HTTP/1.1\r\n{host}\r\n\r\n"), "421 Misdirected Request").await;
    }
}

#[tokio::test]
async fn what_is_no_request_can_t_be_read() {
    check("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", "400 Bad Request").await;
    check("GET /callback\r\n\r\n", "400 Bad Request").await;
    check(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(20_000)), "400 Bad Request").await;
    let many: String = (0..200).map(|i| format!("p{i}=1&")).collect();
    check(&format!("GET /callback?{many} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n"), "400 Bad Request").await;
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_up_nobody() {
    let listener = bound().await;
    let address: SocketAddr = ([127, 0, 0, 1], port(&listener)).into();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let get = "GET /callback?code=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n";
    let (_, callback) = tokio::time::timeout(Duration::from_secs(2), visit(&listener, get)).await.unwrap();
    assert_eq!(pairs(&callback.unwrap()), [("code", "1")]);
}

#[tokio::test]
async fn s19_only_the_first_of_two_callbacks_is_taken() {
    let listener = bound().await;
    let get = "GET /callback?code=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n";
    let (_, callback) = visit(&listener, get).await;
    assert!(callback.is_some());
    let again = get.replace("PORT", &port(&listener).to_string());
    let answer = exchange(([127, 0, 0, 1], port(&listener)).into(), again.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 409 Conflict\r\n"), "{answer}");
}

#[tokio::test]
async fn nothing_listens_after_the_listener_is_gone() {
    let listener = bound().await;
    let address: SocketAddr = ([127, 0, 0, 1], port(&listener)).into();
    drop(listener);
    // Its task ends when the runtime comes to it.
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn localhost_listens_on_the_literals() {
    let listener = Listener::bind(&wanted("localhost", 0)).await.unwrap();
    let port = port(&listener);
    assert_eq!(listener.redirect_uri(), format!("http://localhost:{port}/callback"));
    let get = "GET /callback?code=1 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";
    assert!(visit(&listener, get).await.1.is_some());
    if let Ok(other) = TcpStream::connect(("::1", port)).await {
        drop(other);
        let request = get.replace("PORT", &port.to_string());
        let address: SocketAddr = (std::net::Ipv6Addr::LOCALHOST, port).into();
        let (query, _) = tokio::join!(listener.callback(), exchange(address, request.as_bytes()));
        assert_eq!(pairs(&query), [("code", "1")]);
    }
}

#[tokio::test]
async fn an_address_without_a_path_stays_one_and_is_asked_for_as_the_root() {
    let listener = Listener::bind(&Wanted { path: String::new(), ..wanted("localhost", 0) }).await.unwrap();
    let port = port(&listener);
    assert_eq!(listener.redirect_uri(), format!("http://localhost:{port}"));
    let (_, callback) = visit(&listener, "GET /?code=1 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n").await;
    assert_eq!(pairs(&callback.expect("a callback")), [("code", "1")]);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let error = Listener::bind(&wanted(host, port)).await.unwrap_err();
        assert!(matches!(error, BindError::Taken { port: named } if named == port), "{error}");
    }
    let error = Listener::bind(&wanted("127.0.0.1", port)).await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("another program listens on port {port} of this computer")),
        "{error}"
    );
}

#[tokio::test]
async fn s19_only_loopback_is_bound() {
    for host in ["0.0.0.0", "10.0.0.1", "[::]", "example.com"] {
        let error = Listener::bind(&wanted(host, 0)).await.unwrap_err();
        assert!(matches!(error, BindError::NotLoopback { .. }), "{error}");
    }
}
