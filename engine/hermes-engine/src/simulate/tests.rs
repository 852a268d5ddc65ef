use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use hermes_format::provider::{Action, Shared};
use hermes_machine::machine::{Code, Grant, Outcome, Prompt, Start};
use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::*;
use crate::driver::{NoWitness, Nobody, run};
use crate::entropy::System;
use crate::fake::provider;
use crate::http::Http;

/// A device login that is polled faster than any real one.
const DEVICE: &str = r#"
start = { login = "device" }

[states.device]
post           = "https://auth.acme.example/device"
form.client_id = "acme-cli"
on = [
  { if = { exists = ["$.device_code", "$.user_code", "$.verification_uri"] }, to = "poll" },
  { fail = "authorization_failed" },
]

[states.poll]
show  = { url = "{{device.verification_uri}}", code = "{{device.user_code}}" }
every = { value = "20ms", min = "20ms" }
until = "30s"
post             = "https://auth.acme.example/token"
form.grant_type  = "urn:ietf:params:oauth:grant-type:device_code"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "authorization_pending" }, to = "poll" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { fail = "token_exchange_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
refresh = { to = "refresh" }

[states.refresh]
post               = "https://auth.acme.example/token"
form.grant_type    = "refresh_token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "invalid_grant" }, fail = "refresh_failed", relogin = true },
  { fail = "refresh_failed" },
]
"#;

/// A login in the browser, of which the way back is to be filled in.
const BROWSER: &str = r#"
start = { login = "authorize" }

[states.authorize]
open = "https://auth.acme.example/authorize"
BACK
until                       = "30s"
query.state                 = "{{random.state}}"
query.code_challenge        = "{{pkce.challenge}}"
query.code_challenge_method = "S256"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { unless = { exists = ["$.code"] }, fail = "authorization_failed" },
  { to = "exchange" },
]

[states.exchange]
post               = "https://auth.acme.example/token"
form.code          = "{{authorize.code}}"
form.code_verifier = "{{pkce.verifier}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
"#;

fn listening() -> String {
    let back = "listen = \"http://127.0.0.1:0/callback\"\nquery.redirect_uri = \"{{redirect_uri}}\"";
    BROWSER.replace("BACK", back)
}

fn pasted() -> String {
    BROWSER.replace("BACK", "paste = true")
}

/// Logs in to a simulator in this process.
async fn login(text: &str, scenario: Scenario) -> (Outcome, Vec<Exchange>) {
    let provider = provider(text);
    let mut simulator = Simulator::bind(Server::new(provider.clone(), scenario), 0).await.expect("a port");
    let outcome = act(&simulator, provider, Action::Login, None).await;
    (outcome, simulator.exchanges())
}

async fn act(simulator: &Simulator, provider: Shared, action: Action, token: Option<Value>) -> Outcome {
    let start = Start {
        provider,
        action,
        from: None,
        region: None,
        inputs: IndexMap::new(),
        token,
        bound_to: None,
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(System),
    };
    let http = Http::new(simulator.http(None));
    let mut person = Visiting::new(Nobody, simulator.visitor());
    run(start, &http, &mut person, &mut NoWitness).await.expect("signals can be caught")
}

#[track_caller]
fn grant(outcome: Outcome) -> Grant {
    match outcome {
        Outcome::Success(grant) => *grant,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_polled_login_is_approved_and_refreshed_once_per_token() {
    let provider = provider(DEVICE);
    let server = Server::new(provider.clone(), Scenario::Approve);
    let mut simulator = Simulator::bind(server, 0).await.expect("a port");
    let first = grant(act(&simulator, provider.clone(), Action::Login, None).await);
    let refresh_token = first.refresh_token.expect("a refresh token").expose_secret().to_owned();
    let token = json!({ "access_token": "a", "refresh_token": refresh_token });
    grant(act(&simulator, provider.clone(), Action::Refresh, Some(token.clone())).await);
    let again = act(&simulator, provider, Action::Refresh, Some(token)).await;
    assert!(matches!(&again, Outcome::Failed(trouble) if trouble.relogin), "{again:?}");
    let exchanges = simulator.exchanges();
    let pages: Vec<&str> = exchanges.iter().filter_map(|exchange| exchange.page.as_deref()).collect();
    assert!(
        matches!(pages.as_slice(), [page] if page.starts_with("/simulated/verify?user_code=")),
        "{pages:?}"
    );
}

#[tokio::test]
async fn a_visitor_plays_the_browser_that_comes_back_to_the_listener() {
    let (outcome, exchanges) = login(&listening(), Scenario::Approve).await;
    grant(outcome);
    assert_eq!(exchanges.len(), 2);
    let by_name = listening().replace("http://127.0.0.1:0/callback", "http://localhost:0");
    grant(login(&by_name, Scenario::Approve).await.0);
    let (outcome, _) = login(&listening(), Scenario::Deny).await;
    assert!(
        matches!(&outcome, Outcome::Failed(trouble) if trouble.code.as_str() == "authorization_denied"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_visitor_pastes_what_the_page_says() {
    let (outcome, _) = login(&pasted(), Scenario::Approve).await;
    grant(outcome);
    let (outcome, _) = login(&pasted(), Scenario::BadState).await;
    assert!(
        matches!(&outcome, Outcome::Failed(trouble) if trouble.code.as_str() == "state_mismatch"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_answer() {
    let (outcome, exchanges) = login(DEVICE, Scenario::Hiccup).await;
    grant(outcome);
    assert!(exchanges.iter().any(|exchange| exchange.status.is_none()), "{exchanges:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let (outcome, _) = login(&listening(), Scenario::Huge).await;
    assert!(
        matches!(&outcome, Outcome::Failed(trouble) if trouble.code.as_str() == "token_exchange_failed"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_port_is_given_back_when_the_server_is_dropped() {
    let server = || Server::new(provider(DEVICE), Scenario::Approve);
    let first = Simulator::bind(server(), 0).await.expect("a port");
    let port = first.addr().port();
    assert!(first.addr().ip().is_loopback());
    assert!(Simulator::bind(server(), port).await.is_err(), "the port is taken");
    drop(first);
    let until = Instant::now() + Duration::from_secs(10);
    while Simulator::bind(server(), port).await.is_err() {
        assert!(Instant::now() < until, "the port stays taken");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_prompt_without_a_page_needs_no_visit() {
    let server = Server::new(provider(DEVICE), Scenario::Approve);
    let simulator = Simulator::bind(server, 0).await.expect("a port");
    assert_eq!(simulator.visitor().visit(&Prompt::default()).await.ok(), Some(Visit::Shown));
}

/// The status of a request that says that it is for a host.
async fn status_for(simulator: &Simulator, host: &str) -> String {
    let mut stream = TcpStream::connect(simulator.addr()).await.expect("it listens");
    let head = format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_request_for_another_host_is_not_answered() {
    let simulator = Simulator::bind(Server::new(provider(DEVICE), Scenario::Ask), 0).await.expect("a port");
    let own = format!("Host: {}\r\n", simulator.addr());
    for host in [own.as_str(), "Host: localhost:7\r\n", "Host: [::1]:7\r\n"] {
        assert_eq!(status_for(&simulator, host).await, "200", "{host}");
    }
    assert_eq!(status_for(&simulator, "Host: auth.acme.example\r\n").await, "404");
    for host in [
        "attacker.example",
        "127.attacker.example",
        "auth.acme.example.attacker.example",
        "localhost.attacker.example",
    ] {
        assert_eq!(status_for(&simulator, &format!("Host: {host}\r\n")).await, "421", "{host}");
    }
    assert_ne!(status_for(&simulator, "").await, "200");
}

#[tokio::test]
async fn what_leads_out_of_the_simulation_is_not_sent() {
    let outside = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let there = outside.local_addr().expect("an address");
    let there = format!("{{{{first (match device.nothing '^(zz)$') 'http://{there}/token'}}}}");
    let text = DEVICE.replacen("start = ", "hosts = [\"*.acme.example\"]\nstart = ", 1);
    let provider = provider(&text.replacen("https://auth.acme.example/token", &there, 1));
    let simulator =
        Simulator::bind(Server::new(provider.clone(), Scenario::Approve), 0).await.expect("a port");
    let outcome = act(&simulator, provider, Action::Login, None).await;
    assert!(
        matches!(&outcome, Outcome::Failed(trouble) if trouble.code == Code::OriginRefused && trouble.message.contains("is not simulated")),
        "{outcome:?}"
    );
    let reached = tokio::time::timeout(Duration::from_millis(1), outside.accept()).await;
    assert!(reached.is_err(), "something was sent out of the simulation");
}

#[tokio::test]
async fn what_is_no_http_harms_nobody() {
    let server = Server::new(provider(DEVICE), Scenario::Approve);
    let mut simulator = Simulator::bind(server, 0).await.expect("a port");
    let mut stream = TcpStream::connect(simulator.addr()).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"\x16\x03\x01 hello\r\n\r\n").await.expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(simulator.exchanges().is_empty());
    let again: Pin<Box<dyn Future<Output = Outcome>>> =
        Box::pin(act(&simulator, provider(DEVICE), Action::Login, None));
    grant(again.await);
}
