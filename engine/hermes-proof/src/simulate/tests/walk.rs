//! A machine and a server, face to face, on a clock that nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};
use url::Url;

use crate::simulate::{Asked, Exchange, PASTE_HEADER, Reply, Scenario, Server};
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Provider};
use hermes_format::source::Sources;
use hermes_format::time::{Now, UnixMs};
use hermes_machine::machine::{
    Body, CallbackQuery, Effect, Entropy, Event, Failure, FailureKind, Grant, Machine, Outcome, Prompt,
    Request, Response, Start,
};

/// 2026-01-01T00:00:00Z
const EPOCH: i64 = 1_767_225_600_000;

/// Counts up, so that every value differs and every run is alike.
pub(super) struct Counting(pub(super) u64);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

/// A world of one server and the clients that talk to it.
pub(super) struct World {
    pub(super) provider: Arc<Provider>,
    pub(super) server: Server,
    pub(super) seen: Vec<Exchange>,
    /// What a client was shown.
    pub(super) prompts: Vec<Prompt>,
    /// The bodies of the answers.
    pub(super) bodies: Vec<String>,
    entropy: Counting,
    elapsed: Duration,
}

/// The provider of a file that must be right.
#[track_caller]
pub(in crate::simulate) fn provider(text: &str) -> Arc<Provider> {
    let file =
        FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: text.into() };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

impl World {
    #[track_caller]
    pub(super) fn new(file: &str, scenario: Scenario) -> World {
        let provider = provider(file);
        let server = Server::new(provider.clone(), scenario);
        World {
            provider,
            server,
            seen: Vec::new(),
            prompts: Vec::new(),
            bodies: Vec::new(),
            entropy: Counting(7),
            elapsed: Duration::ZERO,
        }
    }

    /// Runs an action to its end.
    pub(super) fn run(&mut self, action: Action, region: Option<&str>, token: Option<Value>) -> Outcome {
        let start = Start {
            provider: self.provider.clone(),
            action,
            from: None,
            region: region.map(str::to_owned),
            inputs: IndexMap::new(),
            token,
            bound_to: None,
            earlier: Default::default(),
            browser: true,
            entropy: Box::new(Counting(u64::try_from(self.seen.len()).unwrap_or(0) + 99)),
        };
        let (mut machine, mut effect) = Machine::start(start, self.now());
        for _ in 0..1_000 {
            let event = match effect {
                Effect::Finish(outcome) => return outcome,
                Effect::Send(request) => self.send(&request),
                Effect::Wait { until, show, .. } => {
                    self.prompts.extend(show);
                    self.elapsed = self.elapsed.max(until);
                    Event::Woke
                }
                Effect::Agree { .. } => Event::Agreed,
                Effect::Bind(listener) => {
                    Event::Bound(format!("http://{}:54321{}", listener.host, listener.path))
                }
                Effect::Listen { show, until, .. } => self.visit(show, until),
            };
            effect = machine.step(event, self.now());
        }
        panic!("the run does not end: {:#?}", self.seen)
    }

    #[track_caller]
    pub(super) fn login(&mut self) -> Outcome {
        self.run(Action::Login, None, None)
    }

    /// Logs in; anything but a credential is a panic.
    #[track_caller]
    pub(super) fn log_in(&mut self) -> Grant {
        self.expect_grant(Action::Login, None)
    }

    #[track_caller]
    pub(super) fn expect_grant(&mut self, action: Action, token: Option<Value>) -> Grant {
        match self.run(action, None, token) {
            Outcome::Success(grant) => *grant,
            other => panic!("{other:?} after {:#?}", self.seen),
        }
    }

    pub(super) fn waited(&self) -> Duration {
        self.elapsed
    }

    pub(super) fn notes(&self) -> Vec<&str> {
        self.seen.iter().map(|exchange| exchange.note.as_str()).collect()
    }

    fn now(&self) -> Now {
        let ms = i64::try_from(self.elapsed.as_millis()).expect("a short test");
        Now { wall: UnixMs(EPOCH + ms), elapsed: self.elapsed }
    }

    /// Asks the server directly.
    pub(super) fn ask(&mut self, asked: &Asked) -> Reply {
        let now = self.now().wall;
        let (reply, exchange) = self.server.answer(asked, now, &mut self.entropy);
        self.seen.push(exchange);
        if let Reply::Answer { body, .. } = &reply {
            self.bodies.push(String::from_utf8_lossy(body).into_owned());
        }
        reply
    }

    fn send(&mut self, request: &Request) -> Event {
        match self.ask(&asked(request)) {
            Reply::Answer { status, headers, body } => {
                let truncated = body.len() > 64 * 1024;
                let body = body.into_iter().take(64 * 1024).collect();
                Event::Answered(Response { status, headers, body, truncated })
            }
            Reply::Broken => {
                Event::Failed(Failure { kind: FailureKind::Broken, sent: true, message: "broken".into() })
            }
        }
    }

    /// Plays the browser: what the page sends it to is the callback.
    fn visit(&mut self, show: Prompt, until: Duration) -> Event {
        let url = show.url.clone().expect("a page");
        self.prompts.push(show);
        let reply = self.ask(&get(&url));
        match (header(&reply, "location"), header(&reply, PASTE_HEADER)) {
            (Some(location), _) => {
                let location = Url::parse(location).expect("a URL");
                assert_eq!(location.host_str(), Some("127.0.0.1"), "the listener's own address");
                Event::CalledBack(CallbackQuery(location.query_pairs().into_owned().collect()))
            }
            (None, Some(text)) => Event::Pasted(text.into()),
            (None, None) => {
                self.elapsed = until;
                Event::Woke
            }
        }
    }
}

/// The members of `{{token.*}}` that a credential has once it is stored.
pub(super) fn stored(grant: &Grant) -> Value {
    let mut token = json!({ "access_token": grant.access_token.expose_secret() });
    if let Some(refresh) = &grant.refresh_token {
        token["refresh_token"] = refresh.expose_secret().into();
    }
    for (name, value) in &grant.keep {
        token[name] = value.clone();
    }
    token
}

pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    match reply {
        Reply::Answer { headers, .. } => {
            headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        }
        Reply::Broken => None,
    }
}

pub(super) fn status(reply: &Reply) -> u16 {
    match reply {
        Reply::Answer { status, .. } => *status,
        Reply::Broken => 0,
    }
}

pub(super) fn get(url: &Url) -> Asked {
    Asked {
        method: "GET".into(),
        host: url.host_str().unwrap_or_default().into(),
        path: url.path().into(),
        query: url.query().unwrap_or_default().into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

pub(super) fn post(url: &str, form: &[(&str, &str)]) -> Asked {
    let url = Url::parse(url).expect("a URL");
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    Asked {
        method: "POST".into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: body.into_bytes(),
        ..get(&url)
    }
}

/// A machine's request, as it would go over the wire.
fn asked(request: &Request) -> Asked {
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.value.expose_secret().into()))
        .collect();
    let (kind, body) = match &request.body {
        None => ("", Vec::new()),
        Some(Body::Form(fields)) => {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            ("application/x-www-form-urlencoded", text.into_bytes())
        }
        Some(Body::Json(value)) => ("application/json", value.to_string().into_bytes()),
    };
    headers.push(("content-type".into(), kind.into()));
    Asked { method: request.method.as_str().into(), headers, body, ..get(&request.url) }
}
