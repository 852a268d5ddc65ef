//! Provider and test files: any text is a provider or has an error with a place in it, and what is a provider can be
//! checked, drawn and run.
//!
//! The first byte of an input says what the rest is: `T` and `Y` a provider in TOML and YAML, `F` and `G` a flow, `t` and
//! `y` a test file.

use std::time::Duration;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{load, load_flow};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Provider, Shared};
use hermes_format::source::{Sources, Span};
use hermes_machine::check::{Context, check};
use hermes_machine::machine::{
    Body, CallbackQuery, Effect, Event, Failure, FailureKind, HeaderValue, Machine,
};
use hermes_machine::machine::{Request, Response, Start};
use hermes_proof::graph::{Form, Graph};
use hermes_proof::replay;
use hermes_proof::simulate::{Asked, PASTE_HEADER, Reply, Scenario, Server};
use serde_json::json;
use url::Url;

use super::scene::{self, BEGINNING, Seeded, at, keeps_its_deadline};

/// How many effects of a run are looked at.
const STEPS: usize = 40;
/// How many tests of a file are run.
const TESTS: usize = 4;

/// Takes any text as a file.
pub fn holds(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match kind {
        b'T' => provider(Language::Toml, text, false),
        b'Y' => provider(Language::Yaml, text, false),
        b'F' => provider(Language::Toml, text, true),
        b'G' => provider(Language::Yaml, text, true),
        b't' => tests(Language::Toml, text),
        b'y' => tests(Language::Yaml, text),
        _ => {}
    }
}

fn provider(language: Language, text: &str, flow: bool) {
    let mut sources = Sources::default();
    let read = if flow { load_flow } else { load };
    let loaded = read(&mut sources, &scene::file(language, text), &scene::flow);
    have_places(&loaded.diagnostics, &sources);
    let refused = loaded.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(loaded.provider.is_none(), refused, "{:#?}", loaded.diagnostics);
    let Some(provider) = loaded.provider else { return };
    have_places(&check(&provider, &Context { sources: &sources, flow, modes: &[] }), &sources);
    is_drawn(&provider);
    if !flow {
        for action in [Action::Login, Action::Refresh, Action::Logout, Action::Verify] {
            runs(&provider, action, text.len());
        }
    }
}

fn tests(language: Language, text: &str) {
    let provider = scene::provider(include_str!("../../../providers.d/minimax-oauth.toml"));
    let mut sources = Sources::default();
    let (tests, findings) = replay::load(&mut sources, &scene::file(language, text), &provider);
    have_places(&findings, &sources);
    let refused = findings.iter().any(Diagnostic::is_error);
    assert!(tests.is_some() || refused, "refused without a reason");
    let Some(mut tests) = tests else { return };
    tests.tests.truncate(TESTS);
    let report = replay::run(&provider, &tests);
    assert_eq!(report.tests.len(), tests.tests.len());
}

/// Every finding points into the text that it is about, at whole characters.
fn have_places(findings: &[Diagnostic], sources: &Sources) {
    for finding in findings {
        let fix = finding.fix.iter().map(|fix| fix.span);
        let beside = finding.secondary.iter().map(|label| label.span);
        for Span { file, start, end } in beside.chain(fix).chain([finding.primary.span]) {
            let text = sources.file(file).map(|source| source.text.get(start as usize..end as usize));
            assert!(matches!(text, Some(Some(_))), "no such place: {finding:#?}");
        }
        assert!(!finding.message.is_empty());
    }
}

fn is_drawn(provider: &Provider) {
    let graph = Graph::of(provider, None);
    for form in [Form::Mermaid, Form::Dot, Form::Svg, Form::Text] {
        assert!(graph.draw(form).ends_with('\n'));
    }
}

/// Runs a flow against its own simulation and against answers that make no sense, by turns that `seed` decides.
fn runs(provider: &Shared, action: Action, seed: usize) {
    let inputs =
        provider.inputs.keys().map(|name| (name.clone(), "https://acme.example/a".to_owned())).collect();
    let token = json!({ "access_token": "marker-access", "refresh_token": "marker-refresh" });
    let token = (action != Action::Login).then_some(token);
    let start = Start { token, inputs, ..scene::start(provider, action, 0) };
    let mut server = Server::new(provider.clone(), Scenario::all().nth(seed % 15).unwrap_or_default());
    let (mut machine, mut effect) = Machine::start(start, at(BEGINNING));
    let mut now = BEGINNING;
    let mut deadline = None;
    for turn in (seed / 15..).take(STEPS) {
        keeps_its_deadline(&effect);
        let event = match &effect {
            Effect::Send(request) => {
                let state = machine.state();
                let is_over = deadline.is_some_and(|(of, end)| of == state && now >= end);
                assert!(!is_over, "a request after the deadline");
                answer(request, turn % 8, &mut server, now)
            }
            Effect::Wait { until, deadline: end, .. } => {
                deadline = end.map(|end| (machine.state(), end));
                now = now.max(*until);
                Event::Woke
            }
            Effect::Agree { .. } => {
                if turn % 2 == 0 {
                    Event::Agreed
                } else {
                    Event::Declined
                }
            }
            Effect::Bind(listener) => Event::Bound(format!("http://{}:7{}", listener.host, listener.path)),
            Effect::Listen { show, .. } => visit(show.url.as_ref(), &mut server, now),
            Effect::Finish(_) => return,
        };
        effect = machine.step(event, at(now));
    }
}

/// Visits a page of the simulation as a browser would, up to where that leads.
fn visit(page: Option<&Url>, server: &mut Server, now: Duration) -> Event {
    let reply = page.map(|page| server.answer(&get(page), at(now).wall, &mut Seeded(9)).0);
    let Some(Reply::Answer { headers, .. }) = reply else { return Event::Pasted("code=a".into()) };
    let header = |wanted| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let to = header("location").and_then(|to| Url::parse(&to).ok());
    match (header(PASTE_HEADER), to) {
        (Some(text), _) => Event::Pasted(text.into()),
        (None, Some(to)) => Event::CalledBack(CallbackQuery(to.query_pairs().into_owned().collect())),
        (None, None) => Event::Pasted("code=a".into()),
    }
}

fn answer(request: &Request, turn: usize, server: &mut Server, now: Duration) -> Event {
    let odd = ["", "[]", "<p>", r#"{"error":"slow_down"}"#, r#"{"access_token":{},"expires_in":-1}"#];
    let reply = match odd.get(turn) {
        Some(body) => Reply::Answer { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() },
        None => server.answer(&asked(request), at(now).wall, &mut Seeded(9)).0,
    };
    match reply {
        Reply::Answer { status, headers, body } => {
            Event::Answered(Response { status, headers, body, truncated: false })
        }
        Reply::Broken => {
            let message = "it broke".to_owned();
            Event::Failed(Failure { kind: FailureKind::Broken, sent: true, message })
        }
    }
}

/// A request as the simulation sees it.
fn asked(request: &Request) -> Asked {
    let header =
        |(name, value): &(String, HeaderValue)| (name.clone(), value.value.expose_secret().to_owned());
    let (kind, body) = match &request.body {
        None => ("text/plain", String::new()),
        Some(Body::Form(fields)) => {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            ("application/x-www-form-urlencoded", form)
        }
        Some(Body::Json(value)) => ("application/json", value.to_string()),
    };
    let kind = ("content-type".to_owned(), kind.to_owned());
    Asked {
        method: request.method.as_str().to_owned(),
        headers: request.headers.iter().map(header).chain([kind]).collect(),
        body: body.into_bytes(),
        ..get(&request.url)
    }
}

fn get(url: &Url) -> Asked {
    Asked {
        method: "GET".to_owned(),
        host: url.host_str().unwrap_or_default().to_owned(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}
