//! The independent MiniMax server itself: what other tests lean on.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::MinimaxServer;
use crate::support::minimax_server::{CLIENT_ID, ExpiredIn, Reuse, Rotation, SCOPE, USER_CODE_GRANT};

/// The pair of [RFC 7636, appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What a client would see of one request: the status, the headers as text, and the body.
struct Seen(u16, String, String);

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.2).expect("JSON")
    }
}

fn post(addr: SocketAddr, url: &str, form: &[(&str, &str)]) -> Seen {
    let (host, path) = url.split_once('/').expect("a path");
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut stream = TcpStream::connect(addr).expect("the server listens");
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("written");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    Seen(head[9..12].parse().expect("a status"), head.to_lowercase(), body.to_owned())
}

fn ask_code(addr: SocketAddr, host: &str) -> Value {
    let form = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("scope", SCOPE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "a-state-of-128-bits-or-more"),
    ];
    post(addr, &format!("{host}/oauth/code"), &form).json()
}

fn poll(addr: SocketAddr, host: &str, code: &Value, verifier: &str) -> Seen {
    let code = code["user_code"].as_str().expect("a code");
    let form = [
        ("grant_type", USER_CODE_GRANT),
        ("client_id", CLIENT_ID),
        ("user_code", code),
        ("code_verifier", verifier),
    ];
    post(addr, &format!("{host}/oauth/token"), &form)
}

fn refresh(addr: SocketAddr, host: &str, token: &str) -> Seen {
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", token)];
    post(addr, &format!("{host}/oauth/token"), &form)
}

#[test]
fn a_login_waits_as_often_as_it_was_told_and_then_succeeds() {
    let server = MinimaxServer::new().pending(2).interval_ms(2_000).start();
    let code = ask_code(server.addr(), "api.minimax.io");
    assert_eq!(code["interval"], 2_000);
    assert_eq!(code["state"], "a-state-of-128-bits-or-more");
    let statuses: Vec<Value> = (0..3)
        .map(|_| poll(server.addr(), "api.minimax.io", &code, VERIFIER).json()["status"].clone())
        .collect();
    assert_eq!(statuses, ["pending", "pending", "success"]);
    assert_eq!((server.counts().code, server.counts().poll), (1, 3));
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_eq!(poll(server.addr(), "api.minimax.io", &code, VERIFIER).0, 400, "a code serves once");
}

#[test]
fn a_wrong_verifier_and_the_other_region_are_refused() {
    let server = MinimaxServer::new().start();
    let code = ask_code(server.addr(), "api.minimaxi.com");
    let other = VERIFIER.replace('d', "e");
    assert_eq!(poll(server.addr(), "api.minimaxi.com", &code, &other).0, 400);
    assert_eq!(poll(server.addr(), "api.minimax.io", &code, VERIFIER).0, 400);
    assert_eq!(server.violations().len(), 2);
    assert_eq!(poll(server.addr(), "api.minimaxi.com", &code, VERIFIER).0, 200);
}

#[test]
fn today_requests_are_redirected_to_the_account_host_with_method_and_body() {
    let server = MinimaxServer::new().redirecting().start();
    let Seen(status, head, _) = post(server.addr(), "api.minimax.io/oauth/code", &[("client_id", CLIENT_ID)]);
    assert_eq!(status, 307);
    assert!(head.contains("location: https://account.minimax.io/oauth2/device/code"), "{head}");
    let dropped = post(server.addr(), "account.minimax.io/oauth2/device/code", &[]);
    assert_eq!(dropped.json()["error_description"], "client_id is required");
    assert_eq!(server.counts().redirected, 1);
}

#[test]
fn a_refresh_token_serves_once() {
    let server = MinimaxServer::new().with_login("a", "r").start();
    let first = refresh(server.addr(), "api.minimax.io", "r").json();
    let Seen(status, _, body) = refresh(server.addr(), "api.minimax.io", "r");
    assert_eq!(status, 400);
    assert!(body.contains("refresh_token_reused"));
    assert_eq!(server.live_refresh_tokens(), [first["refresh_token"].as_str().expect("a token")]);
    assert_eq!((server.counts().refresh, server.counts().redeemed), (2, 1));
}

#[test]
fn within_a_reuse_interval_the_same_successor_is_given_again() {
    let server =
        MinimaxServer::new().with_login("a", "r").reuse(Reuse::Within(Duration::from_secs(60))).start();
    let first = refresh(server.addr(), "api.minimax.io", "r").json();
    assert_eq!(refresh(server.addr(), "api.minimax.io", "r").json(), first);
    assert_eq!(server.counts().redeemed, 1);
}

#[test]
fn a_refresh_token_that_is_not_rotated_goes_on() {
    for (rotation, expected) in
        [(Rotation::Absent, None), (Rotation::Null, Some(Value::Null)), (Rotation::Empty, Some("".into()))]
    {
        let server = MinimaxServer::new().with_login("a", "r").rotation(rotation).start();
        for _ in 0..2 {
            assert_eq!(
                refresh(server.addr(), "api.minimax.io", "r").json().get("refresh_token").cloned(),
                expected
            );
        }
        assert_eq!(server.live_refresh_tokens(), ["r"]);
    }
}

#[test]
fn times_come_in_the_unit_that_was_asked_for() {
    let code = |kind| {
        let server = MinimaxServer::new().expired_in(kind).code_life(Duration::from_secs(120)).start();
        ask_code(server.addr(), "api.minimax.io")["expired_in"].clone()
    };
    assert!(code(ExpiredIn::UnixMs).as_u64().is_some_and(|ms| ms > 1_000_000_000_000));
    assert!(
        code(ExpiredIn::UnixSeconds)
            .as_u64()
            .is_some_and(|s| (1_000_000_000..1_000_000_000_000).contains(&s))
    );
    assert_eq!(code(ExpiredIn::Seconds), 120);
    assert_eq!(code(ExpiredIn::SecondsAsText), "120");
}
