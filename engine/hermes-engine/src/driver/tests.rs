//! Runs of real machines against servers on loopback, and of scripts where a machine would be in the way.

mod listen;
mod signal;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hermes_format::provider::Shared;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Failure, FailureKind, Listener, Prompt, Request, Response, Trouble};
use indexmap::IndexMap;
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::entropy::System;
use crate::fake::{Reply, Server, answer, in_process_of_its_own, ok, post, provider};
use crate::http::HttpOptions;

/// A person who writes down what they see and does one thing when they are shown something.
struct Somebody {
    seen: Vec<String>,
    pastes: mpsc::UnboundedReceiver<String>,
    when_shown: Box<dyn FnMut(&Prompt) + Send>,
    when_waiting: Box<dyn FnMut() + Send>,
}

impl Somebody {
    fn new() -> (Somebody, mpsc::UnboundedSender<String>) {
        let (paste, pastes) = mpsc::unbounded_channel();
        let person = Somebody {
            seen: Vec::new(),
            pastes,
            when_shown: Box::new(|_| {}),
            when_waiting: Box::new(|| {}),
        };
        (person, paste)
    }

    fn seen(&self) -> Vec<&str> {
        let mut seen: Vec<&str> = self.seen.iter().map(String::as_str).collect();
        seen.dedup();
        seen
    }
}

impl Person for Somebody {
    fn show(&mut self, prompt: &Prompt, opened: &Opened) {
        let url = prompt.url.as_ref().map_or("-", |url| url.as_str());
        self.seen.push(format!("{url} {} {opened:?}", prompt.code.as_deref().unwrap_or("-")));
        (self.when_shown)(prompt);
    }
    fn waiting(&mut self, _: Option<Duration>) {
        self.seen.push("waiting".into());
        (self.when_waiting)();
    }
    fn waited(&mut self) {
        self.seen.push("waited".into());
    }
    fn paste(&mut self) -> std::pin::Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(async {
            match self.pastes.recv().await {
                Some(text) => text,
                None => std::future::pending().await,
            }
        })
    }
}

/// A witness that writes down what it is told.
#[derive(Default)]
struct Records {
    lines: Vec<String>,
    refuse: bool,
    repeats: usize,
    known: Option<(Response, UnixMs)>,
}

impl Witness for Records {
    fn sending(&mut self, request: &Request) -> io::Result<()> {
        self.lines.push(format!("sending {}", request.state));
        if self.refuse { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
    fn answered(&mut self, _: &Request, response: &Response) -> io::Result<()> {
        self.lines.push(format!("answered {}", response.status));
        Err(io::ErrorKind::StorageFull.into())
    }
    fn known(&mut self, _: &Request) -> Option<(Response, UnixMs)> {
        self.known.take()
    }
    fn again(&mut self, _: &Request, failure: &Failure) -> bool {
        self.lines.push(format!("again? sent {}", failure.sent));
        self.repeats += 1;
        true
    }
}

/// Effects to give out in order, and the events that came.
struct Script {
    effects: VecDeque<Effect>,
    events: Arc<Mutex<Vec<(String, UnixMs)>>>,
}

impl Step for Script {
    fn step(&mut self, event: Event, now: Now) -> Effect {
        self.events.lock().unwrap().push((format!("{event:?}"), now.wall));
        self.effects.pop_front().unwrap_or(Effect::Finish(Outcome::Cancelled))
    }
}

/// Performs these effects, and gives the events that they became.
async fn perform(
    effects: Vec<Effect>,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
    action: Action,
) -> io::Result<Vec<(String, UnixMs)>> {
    let signals = Signals::catch()?;
    let signals = if action == Action::Refresh {
        Interrupts::Hold { _caught: signals }
    } else {
        Interrupts::Cancel(signals)
    };
    let setting = Setting { clock: Clock::start(), browser: false, signals };
    let http = Http::new(HttpOptions { timeout: Some(Duration::from_secs(5)), ..HttpOptions::default() });
    let mut effects = VecDeque::from(effects);
    let first = effects.pop_front().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let script = Script { effects, events: events.clone() };
    drive(script, first, Performer::new(setting, &http, person, witness)).await?;
    Ok(Arc::into_inner(events).unwrap().into_inner().unwrap())
}

fn names(events: &[(String, UnixMs)]) -> Vec<&str> {
    events.iter().map(|(event, _)| event.as_str()).collect()
}

fn start(provider: Shared, action: Action) -> Start {
    Start {
        provider,
        action,
        from: None,
        region: None,
        inputs: IndexMap::new(),
        token: Some(json!({"access_token": "old-access", "refresh_token": "old-refresh"})),
        bound_to: None,
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(System),
    }
}

fn prompt(code: &str) -> Prompt {
    Prompt { url: None, code: Some(code.into()) }
}

const HOUR: Duration = Duration::from_secs(3600);

/// A device flow and a refresh on a server.
fn device_flow(server: &Server) -> Shared {
    provider(
        &r#"
        name = "Acme"
        start = { login = "device" }
        [vars]
        auth = "URL"
        [states.device]
        post = "{{auth}}/device"
        form.scope = "a b"
        on = [{ unless = { exists = ["$.device_code", "$.user_code", "$.uri"] }, fail = "authorization_failed" }, { to = "poll" }]
        [states.poll]
        show = { url = "{{device.uri}}", code = "{{device.user_code}}" }
        every = { value = "1ms", min = "1ms" }
        until = "1m"
        post = "{{auth}}/token"
        form.device_code = "{{device.device_code}}"
        on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { if = { "$.error" = "authorization_pending" }, to = "poll" }, { fail = "token_exchange_failed" }]
        [states.success]
        refresh = { to = "refresh" }
        [states.refresh]
        post = "{{auth}}/token"
        form.refresh_token = "{{token.refresh_token}}"
        on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed" }]
        "#
        .replace("URL", server.url("").as_str().trim_end_matches('/')),
    )
}

fn device_server(pending: usize) -> impl Fn(&str) -> Reply + Send + 'static {
    let left = Mutex::new(pending);
    move |request| {
        if request.starts_with("POST /device ") {
            return ok(r#"{"device_code": "d", "user_code": "AB-CD", "uri": "http://127.0.0.1:9/verify"}"#);
        }
        let mut left = left.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return answer("400 Bad Request", "", br#"{"error": "authorization_pending"}"#);
        }
        ok(r#"{"access_token": "new-access", "refresh_token": "new-refresh"}"#)
    }
}

#[tokio::test]
async fn a_device_flow_runs_to_its_end_and_shows_its_code_once() {
    let server = Server::start(device_server(2)).await;
    let (mut person, _paste) = Somebody::new();
    let mut witness = Records::default();
    let http = Http::new(HttpOptions::default());
    let start = start(device_flow(&server), Action::Login);
    let outcome = run(start, &http, &mut person, &mut witness).await.unwrap();
    let Outcome::Success(grant) = outcome else { panic!("{outcome:?}") };
    assert_eq!(grant.access_token.expose_secret(), "new-access");
    let shown: Vec<_> = person.seen.iter().filter(|line| line.contains("AB-CD")).collect();
    assert_eq!(shown, ["http://127.0.0.1:9/verify AB-CD NotTried"]);
    assert_eq!(server.requests().len(), 4);
    let poll =
        ["sending poll", "answered 400", "sending poll", "answered 400", "sending poll", "answered 200"];
    assert_eq!(witness.lines, [&["sending device", "answered 200"], &poll[..]].concat());
}

#[tokio::test]
async fn a_wait_is_told_while_it_lasts() {
    let (mut person, _paste) = Somebody::new();
    let wait = |ms, show| Effect::Wait { until: Duration::from_millis(ms), deadline: None, show, note: None };
    let effects =
        vec![wait(300, Some(prompt("A"))), wait(900, Some(prompt("A"))), wait(900, Some(prompt("B")))];
    let began = Instant::now();
    let events = perform(effects, &mut person, &mut NoWitness, Action::Login).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert_eq!(names(&events), ["Woke", "Woke", "Woke"]);
    assert_eq!(person.seen(), ["- A NotTried", "waiting", "waited", "waiting", "waited", "- B NotTried"]);
}

#[tokio::test]
async fn a_witness_that_refuses_keeps_a_request_from_being_sent() {
    let server = Server::start(|_| ok("{}")).await;
    let mut witness = Records { refuse: true, ..Records::default() };
    let send = Effect::Send(post(server.url("/"), None));
    let error = perform(vec![send], &mut Nobody, &mut witness, Action::Refresh).await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (io::ErrorKind::StorageFull, 0));
}

#[tokio::test]
async fn s29_an_answer_is_recorded_before_it_is_read_and_read_even_where_that_failed() {
    let server = Server::start(|_| ok("{}")).await;
    let mut witness = Records::default();
    let send = Effect::Send(post(server.url("/"), None));
    let events = perform(vec![send], &mut Nobody, &mut witness, Action::Refresh).await.unwrap();
    assert_eq!(names(&events), ["Answered(Response(200, 2 bytes))"]);
    assert_eq!(witness.lines, ["sending ask", "answered 200"]);
}

#[tokio::test]
async fn s29_a_request_without_an_answer_is_repeated_once_at_most() {
    let server = Server::start(|_| Reply::Nothing).await;
    let mut witness = Records::default();
    let send = Effect::Send(post(server.url("/"), None));
    let events = perform(vec![send], &mut Nobody, &mut witness, Action::Refresh).await.unwrap();
    assert!(events[0].0.starts_with("Failed("), "{events:?}");
    assert_eq!(witness.lines, ["sending ask", "again? sent true", "sending ask"]);
    assert_eq!((server.requests().len(), witness.repeats), (2, 1));
}

#[tokio::test]
async fn s29_a_known_answer_is_read_at_its_own_time_and_nothing_is_sent() {
    let server = Server::start(|_| ok("{}")).await;
    let known = Response { status: 201, headers: Vec::new(), body: Vec::new(), truncated: false };
    let mut witness = Records { known: Some((known, UnixMs(1_000))), ..Records::default() };
    let send = Effect::Send(post(server.url("/"), None));
    let events = perform(vec![send], &mut Nobody, &mut witness, Action::Refresh).await.unwrap();
    assert_eq!(events, [("Answered(Response(201, 0 bytes))".to_owned(), UnixMs(1_000))]);
    assert!(server.requests().is_empty() && witness.lines.is_empty());
}

#[tokio::test]
async fn a_failure_is_told_to_the_machine() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = url::Url::parse(&format!("http://{free}/")).unwrap();
    let events = perform(vec![Effect::Send(post(url, None))], &mut Nobody, &mut NoWitness, Action::Login)
        .await
        .unwrap();
    assert!(events[0].0.contains(&format!("{:?}", FailureKind::Connect)), "{events:?}");
}

#[test]
fn s33_the_end_of_a_run_waits_for_nothing_that_it_left_behind() {
    let (hang, never) = std::sync::mpsc::channel::<()>();
    let began = Instant::now();
    let result = block_on(async move {
        tokio::task::spawn_blocking(move || never.recv_timeout(Duration::from_secs(30)));
        7
    });
    assert_eq!(result.unwrap(), 7);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(hang);
}
