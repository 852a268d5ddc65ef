//! Logins in a browser: listener, callback, paste.

use serde_json::json;

use super::scenario::{Scenario, start};
use crate::machine::{CallbackQuery, Effect, Event, Failure, FailureKind, Start};
use hermes_format::provider::Action;

const LOOPBACK: &str = r#"
name  = "Acme"
start = { login = "authorize" }

[states.authorize]
open   = "https://auth.acme.example/authorize"
listen = "http://127.0.0.1:0/callback"
until  = "5m"
query.redirect_uri   = "{{redirect_uri}}"
query.state          = "{{random.state}}"
query.code_challenge = "{{pkce.challenge}}"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { unless = { exists = ["$.code"] }, fail = "authorization_failed" },
  { to = "exchange" },
]

[states.exchange]
post               = "https://auth.acme.example/token"
form.code          = "{{authorize.code}}"
form.redirect_uri  = "{{redirect_uri}}"
form.code_verifier = "{{pkce.verifier}}"
on = [{ if = { status = 200, exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]

[states.success]
"#;

const URI: &str = "http://127.0.0.1:4711/callback";

fn opened(file: &str) -> (Scenario, String) {
    let scenario = Scenario::login(file);
    assert!(matches!(&scenario.effect, Effect::Bind(l) if l.port == 0 && l.path.starts_with("/callback")));
    let scenario = scenario.step(Event::Bound(URI.into()));
    let Effect::Listen { show, .. } = &scenario.effect else { panic!("{:?}", scenario.effect) };
    let url = show.url.clone().unwrap();
    let state =
        url.query_pairs().find(|(k, _)| k == "state").map(|(_, v)| v.into_owned()).unwrap_or_default();
    (scenario, state)
}

fn query(pairs: &[(&str, &str)]) -> Event {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Event::CalledBack(CallbackQuery(pairs))
}

#[test]
fn a_callback_leads_to_the_exchange_of_its_code() {
    let (scenario, state) = opened(LOOPBACK);
    let scenario = scenario.step(query(&[("code", "c0de"), ("state", &state)]));
    assert_eq!(scenario.form("code").as_deref(), Some("c0de"));
    assert_eq!(scenario.form("redirect_uri").as_deref(), Some(URI));
    assert!(scenario.form("code_verifier").unwrap().len() >= 43);
    scenario.answer(200, json!({"access_token": "at"})).grant();
}

#[test]
fn s16_a_state_that_is_wrong_missing_or_twice_is_a_mismatch() {
    let mismatch = |pairs: &[(&str, &str)]| opened(LOOPBACK).0.step(query(pairs)).fails("state_mismatch");
    mismatch(&[("code", "c"), ("state", "guess")]);
    mismatch(&[("code", "c")]);
    let (scenario, state) = opened(LOOPBACK);
    scenario.step(query(&[("code", "c"), ("state", &state), ("state", &state)])).fails("state_mismatch");
}

#[test]
fn s18_an_issuer_that_the_file_names_is_compared() {
    let issuer = "{ unless = { \"$.iss\" = \"https://auth.acme.example\" }, fail = \"state_mismatch\" },\n  { if = { \"$.error\"";
    let file = LOOPBACK.replace("{ if = { \"$.error\"", issuer);
    let back = |iss: &[(&str, &str)]| {
        let (scenario, state) = opened(&file);
        scenario.step(query(&[&[("code", "c"), ("state", state.as_str())], iss].concat()))
    };
    back(&[]).fails("state_mismatch");
    back(&[("iss", "https://evil.example")]).fails("state_mismatch");
    assert_eq!(back(&[("iss", "https://auth.acme.example")]).form("code").as_deref(), Some("c"));
}

#[test]
fn the_address_of_the_last_page_can_be_pasted() {
    let (scenario, state) = opened(LOOPBACK);
    let pasted = scenario.step(Event::Pasted(format!("{URI}?code=c&state={state}\n").into()));
    assert_eq!(pasted.form("code").as_deref(), Some("c"));
}

#[test]
fn s16_a_bare_code_is_not_taken_where_a_state_was_sent() {
    opened(LOOPBACK).0.step(Event::Pasted("c".into())).fails("state_mismatch");
}

#[test]
fn a_paste_that_is_not_of_this_login_is_asked_for_again() {
    let (mut scenario, state) = opened(LOOPBACK);
    let page = match &scenario.effect {
        Effect::Listen { show, again: None, .. } => show.url.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    for (paste, why) in [
        (format!("http://127.0.0.1:4712/callback?code=c&state={state}"), "comes back to"),
        (page.to_string(), "was opened"),
        ("https://acme.example/".to_owned(), "comes back to"),
    ] {
        scenario = scenario.step(Event::Pasted(paste.into()));
        let Effect::Listen { again: Some(again), .. } = &scenario.effect else {
            panic!("{:?}", scenario.effect)
        };
        assert!(again.contains(why), "{again}");
    }
    let pasted = scenario.step(Event::Pasted(format!("{URI}?code=c&state={state}").into()));
    assert_eq!(pasted.form("code").as_deref(), Some("c"));
}

#[test]
fn an_empty_paste_changes_nothing() {
    let (scenario, _) = opened(LOOPBACK);
    assert!(matches!(scenario.step(Event::Pasted("  ".into())).effect, Effect::Listen { .. }));
}

#[test]
fn a_random_part_of_the_path_stands_in_for_the_state() {
    let file = LOOPBACK
        .replace("0/callback\"", "0/callback/{{random.path}}\"")
        .replace("query.state          = \"{{random.state}}\"\n", "")
        .replace("  { unless = { \"$.state\" = \"{{random.state}}\" }, fail = \"state_mismatch\" },\n", "");
    let (scenario, _) = opened(&file);
    let asked = scenario.step(Event::Pasted("c".into()));
    assert!(matches!(asked.effect, Effect::Listen { again: Some(_), .. }), "{:?}", asked.effect);
    let (scenario, _) = opened(&file);
    assert_eq!(scenario.step(query(&[("code", "c")])).form("code").as_deref(), Some("c"));
}

#[test]
fn nobody_comes_back() {
    let (scenario, _) = opened(LOOPBACK);
    scenario.wake("5m").fails("timeout");
}

#[test]
fn a_list_of_starts_takes_the_first_that_can_run() {
    let file = format!(
        "{}\n[inputs.key]\nfrom = [{{ env = \"ACME_KEY\" }}]\nsecret = true\n[states.mint]\npost = \"https://auth.acme.example/mint\"\nform.key = \"{{{{key}}}}\"\non = [{{ if = {{ exists = [\"$.access_token\"] }}, to = \"success\" }}, {{ fail = \"x\" }}]\n",
        LOOPBACK
            .replace("start = { login = \"authorize\" }", "start = { login = [\"mint\", \"authorize\"] }")
    );
    assert!(matches!(Scenario::login(&file).effect, Effect::Bind(_)));
    let mut begin = start(&file, Action::Login);
    begin.inputs.insert("key".into(), "k-123456".into());
    assert_eq!(Scenario::begin(begin).request().state, "mint");
    let no_browser = Start { browser: false, ..start(&file, Action::Login) };
    assert!(matches!(Scenario::begin(no_browser).effect, Effect::Bind(_)), "the last is taken all the same");
}

/// Two registered ports, and a login with a code for where neither is free.
fn with_alternatives() -> String {
    LOOPBACK
        .replace("login = \"authorize\"", "login = [\"authorize\", \"exchange\"]")
        .replace(
            "\"http://127.0.0.1:0/callback\"",
            "[\"http://localhost:1455/callback\", \"http://localhost:1457/callback\"]",
        )
        .replace("\"{{authorize.code}}\"", "\"{{first authorize.code ''}}\"")
        .replace("\"{{redirect_uri}}\"\nform", "\"{{first redirect_uri ''}}\"\nform")
}

fn taken() -> Event {
    let message = "another program listens there".to_owned();
    Event::Failed(Failure { kind: FailureKind::Connect, sent: false, message })
}

#[track_caller]
fn binds(scenario: &Scenario, port: u16) {
    assert!(
        matches!(&scenario.effect, Effect::Bind(listener) if listener.port == port),
        "{:?}",
        scenario.effect
    );
}

#[test]
fn the_next_listener_is_bound_where_a_port_is_taken() {
    let scenario = Scenario::login(&with_alternatives());
    binds(&scenario, 1455);
    let scenario = scenario.step(taken());
    binds(&scenario, 1457);
    let uri = "http://localhost:1457/callback";
    let scenario = scenario.step(Event::Bound(uri.into()));
    let Effect::Listen { show, .. } = &scenario.effect else { panic!("{:?}", scenario.effect) };
    let url = show.url.clone().unwrap();
    assert!(url.query_pairs().any(|(name, value)| name == "redirect_uri" && value == uri), "{url}");
}

#[test]
fn a_start_whose_listeners_are_all_taken_gives_way_to_the_next() {
    let scenario = Scenario::login(&with_alternatives()).step(taken()).step(taken());
    assert_eq!(scenario.request().state, "exchange");
}

#[test]
fn a_start_that_was_asked_for_gives_way_to_none() {
    let file = with_alternatives();
    let from = super::scenario::provider(&file).state_id("authorize");
    let scenario = Scenario::begin(Start { from, ..start(&file, Action::Login) });
    scenario.step(taken()).step(taken()).fails("listener_unavailable");
    Scenario::login(LOOPBACK).step(taken()).fails("listener_unavailable");
}

#[test]
fn the_tie_of_a_callback_is_the_random_value_that_a_rule_compares() {
    let tie = |file: &str| opened(file).0.machine.callback_tie();
    let (scenario, state) = opened(LOOPBACK);
    let own = scenario.machine.callback_tie().expect("a state was sent");
    assert_eq!((own.name.as_str(), own.value.expose_secret()), ("state", state.as_str()));
    let ties = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        own.holds(&CallbackQuery(pairs))
    };
    assert!(ties(&[("code", "c"), ("state", &state)]));
    assert!(!ties(&[("code", "c")]) && !ties(&[("state", "guess")]));
    assert!(!ties(&[("state", &state), ("state", &state)]));
    // Asked for rather than guarded, and by another name.
    let asked = LOOPBACK
        .replace("  { unless = { \"$.state\" = \"{{random.state}}\" }, fail = \"state_mismatch\" },\n", "")
        .replace(
            "{ to = \"exchange\" }",
            "{ if = { \"$.nonce\" = \"{{random.state}}\" }, to = \"exchange\" }, { fail = \"x\" }",
        );
    assert_eq!(tie(&asked).map(|tie| tie.name).as_deref(), Some("nonce"));
    let none = LOOPBACK
        .replace("query.state          = \"{{random.state}}\"\n", "")
        .replace("  { unless = { \"$.state\" = \"{{random.state}}\" }, fail = \"state_mismatch\" },\n", "");
    assert_eq!(tie(&none), None);
}

#[test]
fn a_login_whose_start_page_was_opened_twice_ends() {
    opened(LOOPBACK).0.step(Event::Intercepted).fails("login_intercepted");
    let (scenario, state) = opened(LOOPBACK);
    let exchange = scenario.step(query(&[("code", "c0de"), ("state", &state)]));
    exchange.step(Event::Intercepted).fails("login_intercepted");
}

#[test]
fn a_wake_before_the_end_of_a_visit_changes_nothing() {
    let early = opened(LOOPBACK).0.later(299).step(Event::Woke);
    assert!(matches!(early.effect, Effect::Listen { .. }), "{:?}", early.effect);
    early.later(1).step(Event::Woke).fails("timeout");
}

#[test]
fn s23_a_page_that_would_hold_a_secret_is_not_opened() {
    for secret in ["{{pkce.verifier}}", "{{match client_secret '..(.*)'}}"] {
        let file = LOOPBACK.replace("on = [\n", &format!("query.x = \"{secret}\"\non = [\n"));
        let file = format!("{file}\n[inputs.client_secret]\nsecret = true\n");
        let mut begin = start(&file, Action::Login);
        begin.inputs.insert("client_secret".into(), "CLIENT-SECRET-456".into());
        let trouble = Scenario::begin(begin).step(Event::Bound(URI.into())).trouble();
        assert!(trouble.message.ends_with("what it would show holds a secret"), "{}", trouble.message);
    }
}
