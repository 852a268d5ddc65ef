//! A walk through a flow: a file, a clock that only the test moves, and the events that the test gives.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::machine::{Body, Effect, Entropy, Event, Failure, FailureKind, Grant, Machine, Outcome, Request};
use crate::machine::{Response, Start, Trouble};
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Provider};
use hermes_format::source::Sources;
use hermes_format::time::{Now, UnixMs};

/// 2026-01-01T00:00:00Z
pub(super) const EPOCH: i64 = 1_767_225_600_000;

/// Counts up, so that every value differs and every run is alike.
pub(super) struct Counting(pub(super) u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

pub(super) struct Scenario {
    pub(super) machine: Machine,
    pub(super) effect: Effect,
    elapsed: Duration,
}

/// Loads a file that must be right.
#[track_caller]
pub(super) fn provider(text: &str) -> Arc<Provider> {
    let mut sources = Sources::default();
    let file =
        FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: text.into() };
    let loaded = load(&mut sources, &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

pub(super) fn start(text: &str, action: Action) -> Start {
    start_of(&provider(text), action)
}

pub(super) fn start_of(provider: &Arc<Provider>, action: Action) -> Start {
    Start {
        provider: provider.clone(),
        action,
        from: None,
        region: None,
        inputs: IndexMap::new(),
        token: None,
        bound_to: None,
        earlier: Default::default(),
        browser: true,
        entropy: Box::new(Counting(0)),
    }
}

impl Scenario {
    pub(super) fn login(text: &str) -> Scenario {
        Scenario::begin(start(text, Action::Login))
    }

    pub(super) fn refresh(text: &str, token: Value) -> Scenario {
        Scenario::begin(Start { token: Some(token), ..start(text, Action::Refresh) })
    }

    pub(super) fn begin(start: Start) -> Scenario {
        let elapsed = Duration::from_secs(1000);
        let (machine, effect) = Machine::start(start, at(elapsed));
        Scenario { machine, effect, elapsed }
    }

    pub(super) fn now(&self) -> Now {
        at(self.elapsed)
    }

    pub(super) fn step(mut self, event: Event) -> Scenario {
        self.effect = self.machine.step(event, self.now());
        self
    }

    /// Sleeps until the machine wants to wake; says how long it was.
    #[track_caller]
    pub(super) fn wake(mut self, expect: &str) -> Scenario {
        let (Effect::Wait { until, .. } | Effect::Listen { until, .. }) = self.effect else {
            panic!("it does not wait: {:?}", self.effect)
        };
        let slept = until.saturating_sub(self.elapsed);
        assert_eq!(hermes_format::time::format_duration(slept), expect);
        self.elapsed = until;
        self.step(Event::Woke)
    }

    /// Lets time pass while something else is outstanding.
    pub(super) fn later(mut self, seconds: u64) -> Scenario {
        self.elapsed += Duration::from_secs(seconds);
        self
    }

    pub(super) fn answer(self, status: u16, body: Value) -> Scenario {
        self.reply(status, &[], &body.to_string())
    }

    pub(super) fn reply(self, status: u16, headers: &[(&str, &str)], body: &str) -> Scenario {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let response = Response { status, headers, body: body.as_bytes().to_vec(), truncated: false };
        self.step(Event::Answered(response))
    }

    pub(super) fn no_answer(self, kind: FailureKind) -> Scenario {
        self.step(Event::Failed(Failure { kind, sent: false, message: "connection refused".into() }))
    }

    #[track_caller]
    pub(super) fn request(&self) -> &Request {
        match &self.effect {
            Effect::Send(request) => request,
            other => panic!("it does not send: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn sends_to(self, url: &str) -> Scenario {
        assert_eq!(self.request().url.as_str(), url);
        self
    }

    #[track_caller]
    pub(super) fn form(&self, field: &str) -> Option<String> {
        match &self.request().body {
            Some(Body::Form(fields)) => fields.iter().find(|(name, _)| name == field).map(|(_, v)| v.clone()),
            other => panic!("it sends no form: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn grant(self) -> Grant {
        match self.effect {
            Effect::Finish(Outcome::Success(grant)) => *grant,
            other => panic!("it has no credential: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn trouble(self) -> Trouble {
        match self.effect {
            Effect::Finish(Outcome::Failed(trouble)) => trouble,
            other => panic!("it did not fail: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn fails(self, code: &str) {
        assert_eq!(self.trouble().code.as_str(), code);
    }
}

pub(super) fn at(elapsed: Duration) -> Now {
    let since = i64::try_from(elapsed.as_millis()).unwrap() - 1_000_000;
    Now { wall: UnixMs(EPOCH + since), elapsed }
}

/// A device flow with all that one has.
pub(super) const DEVICE: &str = r#"
name  = "Acme"
start = { login = "device" }

[vars]
url = "https://auth.acme.example"

[api]
base_url = "https://api.acme.example/v1"

[states.device]
post           = "{{url}}/device"
form.client_id = "cli"
form.scope     = "{{first ''}}"
on = [
  { unless = { status = 200 }, fail = "authorization_failed" },
  { unless = { exists = ["$.device_code", "$.user_code", "$.verification_uri"] }, fail = "authorization_incomplete" },
  { to = "poll" },
]

[states.poll]
show  = { url = "{{device.verification_uri}}", code = "{{device.user_code}}" }
every = { value = "{{device.interval}}", unit = "s", default = "5s", min = "1s" }
until = { value = "{{device.expires_in}}", unit = "s", default = "10m" }
post             = "{{url}}/token"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "authorization_pending" }, to = "poll" },
  { if = { "$.error" = "slow_down" }, to = "poll", slower = "5s" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { fail = "token_exchange_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
refresh = { to = "refresh", early = "2m" }
notice  = "$.message"
keep.plan = "$.plan"

[states.refresh]
post               = "{{url}}/token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "invalid_grant" }, fail = "refresh_failed", relogin = true },
  { fail = "refresh_failed" },
]

[errors]
token_exchange_failed = "Acme said: {{first response.error_description response.body 'nothing'}}"
"#;

pub(super) fn device_answer() -> Value {
    json!({
        "device_code": "dev-1", "user_code": "WDJB-MJHT",
        "verification_uri": "https://www.acme.example/activate", "interval": 5, "expires_in": 600
    })
}
