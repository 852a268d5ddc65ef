//! F2: the reason that a server gives is in every failure, as a fact and in words, with advice that fits it.

use serde_json::{Value, json};

use super::scenario::{DEVICE, Scenario, device_answer};
use crate::machine::{CallbackQuery, Event, Trouble};

/// A device flow without words of its own.
fn plain() -> String {
    DEVICE.split("[errors]").next().unwrap().to_owned()
}

fn asked(status: u16, answer: Value) -> Trouble {
    Scenario::login(&plain()).answer(status, answer).trouble()
}

fn polled(status: u16, answer: Value) -> Trouble {
    Scenario::login(&plain()).answer(200, device_answer()).wake("5s").answer(status, answer).trouble()
}

#[test]
fn f2_a_failure_says_what_the_server_said_and_keeps_it_as_a_fact() {
    let trouble = asked(
        400,
        json!({"error": "unauthorized_client", "error_description": "Device flow is disabled for this app"}),
    );
    assert_eq!(
        trouble.to_string(),
        "Acme: the server did not start the login (HTTP 400): unauthorized_client: Device flow is disabled for this app"
    );
    let said = trouble.facts.server.unwrap();
    assert_eq!((said.error.as_deref(), said.status), (Some("unauthorized_client"), Some(400)));
    assert!(trouble.help.unwrap().contains("does not allow this client"));
}

#[test]
fn f2_an_error_with_status_200_is_not_a_lack() {
    let disabled =
        json!({"error": "device_flow_disabled", "error_description": "Device Flow must be enabled"});
    let trouble = asked(200, disabled);
    assert_eq!(
        trouble.to_string(),
        "Acme: the server answered with an error: device_flow_disabled: Device Flow must be enabled"
    );
    assert!(!trouble.help.unwrap().contains("start the login again"));
    let unknown = polled(200, json!({"error": "incorrect_device_code"}));
    assert_eq!(unknown.to_string(), "Acme: the server gave no token: incorrect_device_code");
}

#[test]
fn f2_advice_fits_the_reason() {
    let check = |status: u16, error: &str, word: &str| {
        let help = polled(status, json!({"error": error})).help.unwrap();
        assert!(help.contains(word), "{error}: {help}");
    };
    check(401, "invalid_client", "client id");
    check(400, "invalid_scope", "scopes");
    check(400, "authorization_declined", "approve it in the browser");
    check(400, "invalid_grant", "start the login again");
    check(400, "odd_reason", "resolve what the server reports");
    let refresh = Scenario::refresh(&plain(), json!({"refresh_token": "rt-of-this-login"}));
    let ended =
        refresh.answer(400, json!({"error": "invalid_grant", "error_description": "revoked"})).trouble();
    assert!(ended.relogin && ended.help.as_deref().unwrap().contains("run-flow acme"));
    assert_eq!(
        ended.to_string(),
        "Acme: the credential could not be renewed (HTTP 400): invalid_grant: revoked"
    );
}

#[test]
fn f2_a_callback_says_why_it_brings_no_code() {
    let file = r#"
        name  = "Acme"
        start = { login = "visit" }
        [states.visit]
        open = "https://auth.acme.example/authorize"
        query.state = "{{random.state}}"
        listen = "http://127.0.0.1:0/callback"
        until = "5m"
        on = [{ unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" }, { unless = { exists = ["$.code"] }, fail = "authorization_failed" }, { to = "success" }]
        [states.success]
        access_token = "$.code"
    "#;
    let back = |state: &str| {
        let scenario = Scenario::login(file).step(Event::Bound("http://127.0.0.1:7/callback".into()));
        let name = hermes_format::template::Name::Random("state".into());
        let known = scenario.machine.value(&name).unwrap().as_str().unwrap().to_owned();
        let pairs = [("error", "invalid_scope"), ("error_description", "no `models`"), ("state", state)];
        let pairs = pairs.map(|(n, v)| (n.to_owned(), if v == "own" { known.clone() } else { v.to_owned() }));
        scenario.step(Event::CalledBack(CallbackQuery(pairs.to_vec()))).trouble()
    };
    assert_eq!(
        back("own").to_string(),
        "Acme: the server did not start the login: invalid_scope: no `models`"
    );
    let foreign = back("somebody-elses");
    assert!(foreign.facts.server.is_none() && !foreign.to_string().contains("models"), "{foreign}");
}

#[test]
fn s25_a_reason_never_repeats_what_was_sent() {
    let mut answer = device_answer();
    answer["device_code"] = json!("dc-1234567890-of-this-login");
    let polled = Scenario::login(&plain()).answer(200, answer).wake("5s");
    let echo = json!({"error": "bad", "error_description": "unknown dc-1234567890-of-this-login, cut: dc-1234567890-of"});
    let trouble = polled.answer(400, echo).trouble();
    assert_eq!(
        trouble.to_string(),
        "Acme: the server gave no token (HTTP 400): bad: unknown [redacted], cut: [redacted]"
    );
    let refresh = Scenario::refresh(&plain(), json!({"refresh_token": "rt-of-this-login"}));
    let echo = json!({"error": {"message": "rt-of-this-login is revoked", "code": "gone"}});
    assert!(!refresh.answer(403, echo).trouble().to_string().contains("rt-of-this-login"));
}

#[test]
fn f2_the_files_own_words_are_followed_by_what_they_do_not_say() {
    let polled = || Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    let quoted = polled().answer(400, json!({"error": "x", "error_description": "too old"})).trouble();
    assert_eq!(quoted.to_string(), "Acme said: too old");
    let silent =
        DEVICE.replace("Acme said: {{first response.error_description response.body 'nothing'}}", "Acme: no");
    let silent = Scenario::login(&silent).answer(200, device_answer()).wake("5s");
    let silent = silent.answer(400, json!({"error": "x", "error_description": "too old"})).trouble();
    assert_eq!((silent.message.as_str(), silent.to_string().as_str()), ("Acme: no", "Acme: no: x: too old"));
}
