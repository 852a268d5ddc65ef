//! Requests against servers on loopback.

mod tls;

use std::io::Write as _;
use std::time::{Duration, Instant};

use hermes_machine::machine::{Body, FailureKind};
use serde_json::json;
use url::Url;

use super::*;
use crate::fake::{Reply, Server, answer, in_process_of_its_own, ok, post};

fn plain() -> Http {
    Http::new(HttpOptions::default())
}

/// With a limit that a server which says nothing soon reaches.
fn quick() -> Http {
    Http::new(HttpOptions { timeout: Some(Duration::from_millis(300)), ..HttpOptions::default() })
}

/// What comes of one request that the server answers with `reply`.
async fn ask(http: &Http, reply: impl Fn(&str) -> Reply + Send + 'static) -> Result<Response, Failure> {
    let server = Server::start(reply).await;
    http.send(&post(server.url("/token?code=c0de"), None)).await
}

#[track_caller]
fn check(result: Result<Response, Failure>, kind: FailureKind, sent: bool, message: &str) {
    let failure = result.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.message.as_str()), (kind, sent, message));
}

#[tokio::test]
async fn a_form_is_sent_as_it_is_written() {
    let server = Server::start(|_| ok("{}")).await;
    let form = vec![("a".to_owned(), "x y&z=ü".to_owned()), ("b".to_owned(), "+".to_owned())];
    let response = plain().send(&post(server.url("/t"), Some(Body::Form(form)))).await.unwrap();
    assert_eq!(
        (response.status, response.body.as_slice(), response.truncated),
        (200, b"{}".as_slice(), false)
    );
    assert!(response.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    let sent = server.requests().concat();
    assert!(sent.starts_with("POST /t HTTP/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\na=x+y%26z%3D%C3%BC&b=%2B"), "{sent}");
    let agent = format!("user-agent: hermes-engine/{}", env!("CARGO_PKG_VERSION"));
    for header in ["authorization: Bearer hidden", "content-type: application/x-www-form-urlencoded", &agent]
    {
        assert!(sent.contains(&format!("{header}\r\n")), "{header} in {sent}");
    }
}

#[tokio::test]
async fn json_is_sent_as_json_unless_the_file_names_another_type() {
    let server = Server::start(|_| ok("{}")).await;
    let mut request = post(server.url("/t"), Some(Body::Json(json!({"b": 1, "a": [null]}))));
    plain().send(&request).await.unwrap();
    let value = hermes_machine::machine::HeaderValue {
        value: "application/x-acme".to_owned().into(),
        sensitive: false,
    };
    request.headers.push(("content-type".into(), value));
    plain().send(&request).await.unwrap();
    let sent = server.requests();
    assert!(
        sent[0].contains("content-type: application/json\r\n") && sent[0].ends_with(r#"{"b":1,"a":[null]}"#)
    );
    assert!(
        sent[1].contains("content-type: application/x-acme\r\n") && !sent[1].contains("application/json")
    );
}

#[tokio::test]
async fn s6_a_body_is_cut_at_the_limit() {
    let exact = ask(&plain(), |_| ok(&"x".repeat(BODY_LIMIT))).await.unwrap();
    assert_eq!((exact.body.len(), exact.truncated), (BODY_LIMIT, false));
    let long = ask(&plain(), |_| ok(&"x".repeat(BODY_LIMIT + 1))).await.unwrap();
    assert_eq!((long.body.len(), long.truncated), (BODY_LIMIT, true));
}

#[tokio::test]
async fn s6_a_body_is_counted_after_decoding() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b'0'; 8 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < BODY_LIMIT);
    let read = ask(&plain(), move |_| answer("200 OK", "content-encoding: gzip\r\n", &bomb)).await.unwrap();
    assert_eq!((read.body.len(), read.truncated), (BODY_LIMIT, true));
}

#[tokio::test]
async fn what_claims_to_be_packed_and_is_not_can_t_be_read() {
    let broken = ask(&plain(), |_| answer("200 OK", "content-encoding: gzip\r\n", b"plain")).await;
    check(broken, FailureKind::Broken, true, "the answer of 127.0.0.1 can't be decoded");
}

#[tokio::test]
async fn s6_long_headers_are_refused() {
    let long =
        ask(&plain(), |_| answer("200 OK", &format!("x-long: {}\r\n", "y".repeat(33 * 1024)), b"")).await;
    check(long, FailureKind::Broken, true, "the headers of 127.0.0.1 are longer than 32 KiB");
}

#[tokio::test]
async fn s3_a_redirect_is_an_answer() {
    let server = Server::start(|_| answer("307 Temporary Redirect", "location: /elsewhere\r\n", b"")).await;
    let response = plain().send(&post(server.url("/t"), None)).await.unwrap();
    assert_eq!((response.status, server.requests().len()), (307, 1));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let began = Instant::now();
    check(
        ask(&quick(), |_| Reply::Stall(Vec::new())).await,
        FailureKind::TimedOut,
        true,
        "127.0.0.1 did not answer in time",
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_in_time() {
    let half = || Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into());
    check(
        ask(&quick(), move |_| half()).await,
        FailureKind::TimedOut,
        true,
        "127.0.0.1 did not answer in time",
    );
}

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let half = || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into());
    let message = "127.0.0.1 closed the connection before its answer was complete";
    check(ask(&plain(), move |_| half()).await, FailureKind::Broken, true, message);
}

#[tokio::test]
async fn a_connection_that_breaks_may_have_carried_the_request_and_is_not_repeated() {
    let server = Server::start(|_| Reply::Nothing).await;
    let broken = plain().send(&post(server.url("/t?code=c0de"), None)).await;
    check(
        broken,
        FailureKind::Broken,
        true,
        "127.0.0.1 closed the connection before its answer was complete",
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_carried_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = Url::parse(&format!("http://{free}/?code=c0de")).unwrap();
    check(
        plain().send(&post(url, None)).await,
        FailureKind::Connect,
        false,
        "127.0.0.1 refused the connection",
    );
}

#[tokio::test]
async fn a_name_that_no_server_knows_carried_nothing() {
    let url = Url::parse("https://auth.invalid/?code=c0de").unwrap();
    let failure = plain().send(&post(url, None)).await.unwrap_err();
    assert!(!failure.sent && !failure.message.contains("c0de"), "{failure:?}");
}

#[tokio::test]
async fn s1_plain_http_goes_to_this_computer_only() {
    for url in ["http://auth.example/", "http://localhost.:1/", "http://10.0.0.1/", "ftp://127.0.0.1/"] {
        let refused = plain().send(&post(Url::parse(url).unwrap(), None)).await;
        check(refused, FailureKind::Connect, false, "plain http is for this computer only");
    }
}

#[tokio::test]
async fn s1_localhost_is_this_computer_for_every_name_server() {
    let server = Server::start(|_| ok("{}")).await;
    let url = format!("http://localhost:{}/t", server.address.port());
    plain().send(&post(Url::parse(&url).unwrap(), None)).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_header_that_would_end_early_is_not_sent() {
    let server = Server::start(|_| ok("{}")).await;
    let mut request = post(server.url("/t"), None);
    let value =
        hermes_machine::machine::HeaderValue { value: "a\r\nb: c".to_owned().into(), sensitive: false };
    request.headers.push(("x-acme".into(), value));
    let message = "the header `x-acme` can't be sent: it holds a control character";
    check(plain().send(&request).await, FailureKind::Connect, false, message);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_stand_in_gets_the_request_with_the_host_of_the_real_server() {
    let server = Server::start(|_| ok("{}")).await;
    let connect_to = vec![parse_connect_to(&format!("auth.example={}", server.address)).unwrap()];
    let http = Http::new(HttpOptions { connect_to, ..HttpOptions::default() });
    http.send(&post(Url::parse("https://auth.example/a%20b/token?c=d").unwrap(), None)).await.unwrap();
    let sent = server.requests().concat();
    assert!(sent.starts_with("POST /a%20b/token?c=d HTTP/1.1\r\n"), "{sent}");
    assert_eq!(sent.matches("host: auth.example\r\n").count(), 1, "{sent}");
    assert!(!sent.contains("127.0.0.1"), "{sent}");
}

#[tokio::test]
async fn s5_a_proxy_of_the_environment_is_used_but_never_for_loopback() {
    let proxy = Server::start(|_| answer("403 Forbidden", "", b"")).await;
    let server = Server::start(|_| ok("{}")).await;
    let test = "http::tests::asks_through_the_proxy_of_the_environment";
    let proxy_url = format!("http://{}", proxy.address);
    let direct = server.address.to_string();
    let variables = [
        ("HTTPS_PROXY", proxy_url.as_str()),
        ("HTTP_PROXY", &proxy_url),
        ("ALL_PROXY", &proxy_url),
        ("DIRECT", &direct),
    ];
    let variables: Vec<_> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let done = tokio::task::spawn_blocking(move || {
        let variables: Vec<_> = variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        in_process_of_its_own(test, &[&variables[..], &[("NO_PROXY", "internal.invalid")]].concat())
    });
    let printed = done.await.unwrap();
    let refused = format!("the proxy {} (HTTPS_PROXY) does not connect to auth.invalid", proxy.address);
    assert!(printed.contains(&refused), "{printed}");
    assert!(printed.contains("stand-in: 200") && printed.contains("loopback: 200"), "{printed}");
    assert_eq!(server.requests().len(), 2);
    let asked = proxy.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("CONNECT auth.invalid:443 "), "{asked:?}");
}

#[tokio::test]
#[ignore = "runs in a process of its own, whose environment names a proxy"]
#[expect(clippy::print_stdout, reason = "the other process reads it")]
async fn asks_through_the_proxy_of_the_environment() {
    let direct = std::env::var("DIRECT").unwrap();
    let connect_to = vec![parse_connect_to(&format!("api.invalid={direct}")).unwrap()];
    let http = Http::new(HttpOptions { connect_to, ..HttpOptions::default() });
    let get = async |url: String| http.send(&post(Url::parse(&url).unwrap(), None)).await;
    println!("{}", get("https://auth.invalid/".into()).await.unwrap_err().message);
    println!("{}", get("https://internal.invalid/".into()).await.unwrap_err().message);
    println!("stand-in: {}", get("https://api.invalid/".into()).await.unwrap().status);
    println!("loopback: {}", get(format!("http://{direct}/")).await.unwrap().status);
}

/// What is said of a request through a proxy of the environment.
async fn said_of(proxy: String) -> String {
    let done = tokio::task::spawn_blocking(move || {
        let variables = [("HTTPS_PROXY", proxy.as_str())];
        in_process_of_its_own("http::tests::asks_once_through_the_proxy_of_the_environment", &variables)
    });
    done.await.unwrap()
}

#[tokio::test]
async fn f13_a_proxy_that_fails_is_named_with_the_reason() {
    let wants_password = Server::start(|_| answer("407 Proxy Authentication Required", "", b"")).await;
    let said = said_of(format!("http://{}", wants_password.address)).await;
    assert!(said.contains(&format!("the proxy {} wants a user name", wants_password.address)), "{said}");
    assert!(said.contains("HTTP 407"), "{said}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = said_of(format!("http://{free}")).await;
    assert!(said.contains(&format!("the proxy {free} (HTTPS_PROXY) can't be reached")), "{said}");
    for (value, why) in [("socks5://127.0.0.1:1", "SOCKS"), ("nonsense://x", "unknown kind")] {
        let said = said_of(value.to_owned()).await;
        assert!(said.contains("HTTPS_PROXY names a") && said.contains(why), "{said}");
    }
}

#[tokio::test]
#[ignore = "runs in a process of its own, whose environment names a proxy"]
#[expect(clippy::print_stdout, reason = "the other process reads it")]
async fn asks_once_through_the_proxy_of_the_environment() {
    let http = Http::new(HttpOptions::default());
    let url = Url::parse("https://auth.invalid/").unwrap();
    println!("{}", http.send(&post(url, None)).await.unwrap_err().message);
}
