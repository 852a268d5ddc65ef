//! Pauses, hiccups and deadlines.

use serde_json::json;

use super::scenario::{DEVICE, Scenario, device_answer};
use crate::machine::{Effect, Event, FailureKind, TroubleClass};

fn waiting(interval: serde_json::Value) -> Scenario {
    let mut answer = device_answer();
    answer["interval"] = interval;
    Scenario::login(DEVICE).answer(200, answer)
}

fn pending(scenario: Scenario) -> Scenario {
    scenario.answer(400, json!({"error": "authorization_pending"}))
}

#[test]
fn s11_pending_keeps_the_pace() {
    pending(pending(waiting(json!(7)).wake("7s")).wake("7s")).wake("7s");
}

#[test]
fn the_pace_of_an_answer_has_the_bounds_and_the_default_of_the_file() {
    pending(waiting(json!(null)).wake("5s")).wake("5s");
    waiting(json!(0)).wake("1s");
    waiting(json!("9")).wake("9s");
}

#[test]
fn s11_slow_down_adds_five_seconds_for_good() {
    let slowed = waiting(json!(5)).wake("5s").answer(400, json!({"error": "slow_down"})).wake("10s");
    pending(pending(slowed).wake("10s")).wake("10s");
}

#[test]
fn s11_a_hiccup_doubles_the_pause_up_to_a_minute_and_is_forgotten() {
    let mut scenario = waiting(json!(5)).wake("5s");
    for pause in ["5s", "10s", "20s", "40s", "1m", "1m"] {
        scenario = scenario.reply(503, &[], "<html>").wake(pause);
    }
    pending(scenario.no_answer(FailureKind::Broken).wake("1m")).wake("5s");
}

#[test]
fn retry_after_can_only_lengthen_a_pause() {
    let busy = waiting(json!(5)).wake("5s").reply(429, &[("retry-after", "33")], "").wake("33s");
    busy.reply(400, &[("retry-after", "1")], r#"{"error": "authorization_pending"}"#).wake("5s");
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_login_at_once() {
    waiting(json!(5)).wake("5s").no_answer(FailureKind::Tls).fails("network");
}

#[test]
fn a_wake_before_its_time_changes_nothing() {
    let early = waiting(json!(5)).later(4).step(Event::Woke);
    assert!(matches!(early.effect, Effect::Wait { .. }), "{:?}", early.effect);
    let in_time = early.later(1).step(Event::Woke);
    assert!(matches!(in_time.effect, Effect::Send(_)), "{:?}", in_time.effect);
}

#[test]
fn no_request_starts_at_the_deadline() {
    let mut answer = device_answer();
    answer["expires_in"] = json!(12);
    let scenario = Scenario::login(DEVICE).answer(200, answer).wake("5s");
    let trouble = pending(pending(scenario).wake("5s")).wake("2s").trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("timeout", TroubleClass::TimedOut));
}

#[test]
fn s12_a_login_that_was_slept_through_is_over() {
    let mut answer = device_answer();
    answer["expires_in"] = json!(600);
    let scenario = Scenario::login(DEVICE).answer(200, answer).later(8 * 3600);
    let trouble = scenario.step(Event::Woke).trouble();
    assert_eq!(trouble.code.as_str(), "timeout", "nothing is sent after a night in a bag");
}

#[test]
fn an_answer_that_was_asked_for_in_time_counts_after_the_deadline() {
    let mut answer = device_answer();
    answer["expires_in"] = json!(8);
    let scenario = Scenario::login(DEVICE).answer(200, answer).wake("5s").later(30);
    assert_eq!(
        scenario.answer(200, json!({"access_token": "late"})).grant().access_token.expose_secret(),
        "late"
    );
}

#[test]
fn a_first_request_that_does_not_wait_is_sent_at_once() {
    let file = DEVICE.replace("min = \"1s\" }", "min = \"1s\", first = \"at-once\" }");
    let asked = Scenario::login(&file).answer(200, device_answer()).wake("0s");
    assert_eq!(asked.request().state, "poll");
    pending(asked).wake("5s");
}
