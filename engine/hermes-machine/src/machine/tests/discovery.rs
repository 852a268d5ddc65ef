//! Logins that find their server: lists of URLs, hosts that answers name, a redirect URI that is sent early, clients that
//! prove themselves by what the server takes.

use serde_json::json;

use super::scenario::{Scenario, start};
use crate::machine::{Earlier, Effect, Event, Start};
use hermes_format::origin::Origins;
use hermes_format::provider::Action;

const FILE: &str = r#"
name  = "Acme"
start = { login = "about" }
hosts = ["{{about.first}}", "{{issuer}}", "{{token_url}}", "{{token.token_url}}"]
[inputs]
server        = {}
client_secret = { secret = true }
[vars]
root      = "{{origin server}}"
issuer    = "{{first about.issuer root}}"
token_url = "{{first metadata.token_endpoint old_token}}"
old_token = "{{root}}/token"
[states.about]
get  = "{{server}}"
read = "challenge"
on   = [{ to = "metadata" }]
[states.metadata]
get = ["{{about.first}}", "{{well_known issuer 'a'}}", "{{issuer}}/b"]
on  = [
  { unless = { status = 200, "$.issuer" = "{{issuer}}" }, next = true, to = "register" },
  { if = { "$.grants[*]" = "client_credentials" }, to = "exchange" },
  { to = "register" },
]
[states.register]
post               = "{{root}}/register"
json.redirect_uris = ["{{redirect_uri}}"]
on                 = [{ if = { exists = ["$.client_id"] }, to = "authorize" }, { fail = "registration_failed" }]
[states.authorize]
open               = "{{root}}/authorize"
listen             = ["http://127.0.0.1:1/cb", "http://127.0.0.1:0/cb"]
until              = "5m"
query.redirect_uri = "{{redirect_uri}}"
query.state        = "{{random.state}}"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { to = "exchange" },
]
[states.exchange]
post            = "{{token_url}}"
auth.client     = { id = "{{first register.client_id 'me'}}", secret = "{{first client_secret ''}}", methods = "{{first metadata.methods ''}}" }
form.grant_type = "x"
on              = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
[states.success]
keep.token_url = "{{token_url}}"
refresh        = { to = "refresh" }
[states.refresh]
post               = "{{token.token_url}}"
form.refresh_token = "{{token.refresh_token}}"
on                 = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed" }]
"#;

fn begin() -> Start {
    let mut start = start(FILE, Action::Login);
    start.inputs.insert("server".to_owned(), "https://api.acme.example/v1".to_owned());
    start
}

/// A login whose first answer is this challenge.
fn challenged(begin: Start, challenge: &str) -> Scenario {
    Scenario::begin(begin).sends_to("https://api.acme.example/v1").reply(
        401,
        &[("www-authenticate", challenge)],
        "",
    )
}

#[track_caller]
fn asked(scenario: &Scenario) -> Vec<&str> {
    match &scenario.effect {
        Effect::Agree { origins, .. } => origins.iter().map(|origin| origin.as_str()).collect(),
        other => panic!("it does not ask: {other:?}"),
    }
}

const METADATA: &str = "https://api.acme.example/.well-known/a";

#[test]
fn the_urls_of_a_list_are_asked_in_order_and_one_without_values_is_passed_over() {
    let scenario = challenged(begin(), "Bearer").sends_to(METADATA).answer(404, json!({}));
    let scenario = scenario.sends_to("https://api.acme.example/b").answer(404, json!({}));
    assert!(matches!(scenario.effect, Effect::Bind(_)), "{:?}", scenario.effect);
}

#[test]
fn the_answer_of_the_last_url_is_dropped() {
    let poisoned = json!({ "issuer": "https://evil.example", "token_endpoint": "https://evil.example/t" });
    let scenario = challenged(begin(), "Bearer").answer(200, poisoned.clone()).answer(200, poisoned);
    let scenario = scenario.step(Event::Bound("http://127.0.0.1:1/cb".into()));
    let scenario =
        scenario.sends_to("https://api.acme.example/register").answer(201, json!({ "client_id": "c" }));
    let Effect::Listen { show, .. } = &scenario.effect else { panic!("{:?}", scenario.effect) };
    let page = show.url.clone().expect("a page");
    let state = page.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let query = crate::machine::CallbackQuery(vec![("state".to_owned(), state)]);
    scenario.step(Event::CalledBack(query)).sends_to("https://api.acme.example/token");
}

#[test]
fn a_redirect_uri_that_is_sent_early_is_that_of_the_listener() {
    let scenario = challenged(begin(), "Bearer").answer(404, json!({})).answer(404, json!({}));
    let Effect::Bind(listener) = &scenario.effect else { panic!("{:?}", scenario.effect) };
    assert_eq!(listener.port, 1);
    let scenario = scenario.no_answer(crate::machine::FailureKind::Connect);
    let Effect::Bind(listener) = &scenario.effect else { panic!("{:?}", scenario.effect) };
    assert_eq!(listener.port, 0);
    let scenario = scenario.step(Event::Bound("http://127.0.0.1:7/cb".into()));
    assert_eq!(
        scenario.request().body,
        Some(crate::machine::Body::Json(json!({ "redirect_uris": ["http://127.0.0.1:7/cb"] })))
    );
    // It is bound once.
    let scenario = scenario.answer(201, json!({ "client_id": "c" }));
    let Effect::Listen { show, .. } = &scenario.effect else { panic!("{:?}", scenario.effect) };
    let page = show.url.as_ref().expect("a page").as_str();
    assert!(page.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcb"), "{page}");
}

const ELSEWHERE: &str = r#"Bearer issuer="https://login.other.example/t""#;

#[test]
fn s4_a_host_that_an_answer_names_is_asked_for_before_anything_is_sent_there() {
    let scenario = challenged(begin(), ELSEWHERE);
    assert_eq!(asked(&scenario), ["https://login.other.example"]);
    let sends_secret =
        |scenario: &Scenario| matches!(&scenario.effect, Effect::Agree { sends_secret: true, .. });
    assert!(!sends_secret(&scenario));
    let declined = scenario.step(Event::Declined).trouble();
    assert_eq!(
        (declined.code.as_str(), declined.facts.host.as_deref()),
        ("origin_refused", Some("login.other.example"))
    );
    assert!(declined.help.expect("advice").contains("--allow login.other.example"));

    let mut with_secret = begin();
    with_secret.inputs.insert("client_secret".to_owned(), "s3cr3t-client".to_owned());
    let scenario = challenged(with_secret, ELSEWHERE);
    assert!(sends_secret(&scenario));
    let scenario = scenario.step(Event::Agreed).sends_to("https://login.other.example/.well-known/a/t");
    // A second host is a second question; the same one is not.
    let metadata = json!({
        "issuer": "https://login.other.example/t", "grants": ["client_credentials"],
        "token_endpoint": "https://tokens.other.example:8443/t",
    });
    let scenario = scenario.answer(200, metadata);
    assert_eq!(asked(&scenario), ["https://tokens.other.example:8443"]);
    let grant = scenario
        .step(Event::Agreed)
        .sends_to("https://tokens.other.example:8443/t")
        .answer(200, json!({ "access_token": "a-token-0001" }))
        .grant();
    let origins = grant.origins.0;
    for origin in
        ["https://api.acme.example", "https://login.other.example", "https://tokens.other.example:8443"]
    {
        assert!(origins.iter().any(|own| own == origin), "{origin} of {origins:?}");
    }
}

#[test]
fn s4_what_was_agreed_to_before_is_not_asked_again() {
    let agreed = Origins(vec!["https://login.other.example".to_owned()]);
    let earlier = Earlier { agreed, ..Earlier::default() };
    let metadata = "https://login.other.example/.well-known/a/t";
    challenged(Start { earlier, ..begin() }, ELSEWHERE).sends_to(metadata);
    let earlier = Earlier { hosts: vec!["login.other.example".to_owned()], ..Earlier::default() };
    challenged(Start { earlier: earlier.clone(), ..begin() }, ELSEWHERE).sends_to(metadata);
    // Another host is another question, and one without https is none.
    let scenario = challenged(Start { earlier, ..begin() }, r#"Bearer issuer="https://evil.example""#);
    assert_eq!(asked(&scenario), ["https://evil.example"]);
    let scenario = challenged(begin(), r#"Bearer issuer="http://login.other.example""#);
    assert_eq!(scenario.trouble().code.as_str(), "origin_refused");
}

#[test]
fn s4_a_refresh_asks_no_one_and_sends_only_where_the_credential_may_go() {
    let token = json!({ "refresh_token": "r-token-0001", "token_url": "https://tokens.other.example/t" });
    let refresh = |origins: &[&str]| {
        let mut start = Start { token: Some(token.clone()), ..start(FILE, Action::Refresh) };
        start.bound_to = Some(Origins(origins.iter().map(|origin| (*origin).to_owned()).collect()));
        Scenario::begin(start)
    };
    refresh(&["https://tokens.other.example"]).sends_to("https://tokens.other.example/t");
    assert_eq!(refresh(&["https://api.acme.example"]).trouble().code.as_str(), "origin_refused");
}

/// What a client sends to prove itself: the header, and the fields of the form.
#[track_caller]
fn proof(
    methods: serde_json::Value,
    secret: Option<&str>,
) -> (Option<String>, Option<String>, Option<String>) {
    let mut begin = begin();
    begin.inputs.extend(secret.map(|secret| ("client_secret".to_owned(), secret.to_owned())));
    let metadata =
        json!({ "issuer": "https://api.acme.example", "grants": ["client_credentials"], "methods": methods });
    let scenario = challenged(begin, "Bearer").answer(200, metadata);
    let header = scenario.request().headers.iter().find(|(name, _)| name == "authorization");
    let header = header.map(|(_, value)| value.value.expose_secret().to_owned());
    (header, scenario.form("client_id"), scenario.form("client_secret"))
}

#[test]
fn a_client_proves_itself_by_what_the_server_takes() {
    let basic = || Some("Basic bWU6YSUyQnNlY3JldA==".to_owned());
    let secret = Some("a+secret");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(proof(json!(["client_secret_post", "client_secret_basic"]), secret), (basic(), None, None));
    assert_eq!(proof(json!(["client_secret_post"]), secret), (None, text("me"), text("a+secret")));
    assert_eq!(proof(json!("client_secret_post"), secret), (None, text("me"), text("a+secret")));
    assert_eq!(proof(json!(["none"]), secret), (None, text("me"), None));
    assert_eq!(proof(json!(null), secret), (basic(), None, None));
    assert_eq!(proof(json!(null), None), (None, text("me"), None));
}

#[test]
fn a_client_that_can_not_prove_itself_sends_nothing() {
    let metadata = json!({ "issuer": "https://api.acme.example", "grants": ["client_credentials"], "methods": ["tls_client_auth"] });
    let trouble = challenged(begin(), "Bearer").answer(200, metadata).trouble();
    assert_eq!(trouble.code.as_str(), "bad_answer");
    assert!(trouble.message.contains("none of the ways"), "{}", trouble.message);
}
