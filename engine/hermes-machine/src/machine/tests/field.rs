//! F3, F6, F7, F9b: what real servers do between a login and its credential, and what must not be lost by it.

use serde_json::{Value, json};

use super::scenario::{DEVICE, EPOCH, Scenario, device_answer, start};
use crate::machine::{Effect, Event, Failure, FailureKind, Grant};
use hermes_format::provider::Action;
use hermes_format::time::UnixMs;

fn polling(members: Value) -> Scenario {
    let mut answer = device_answer();
    for (name, value) in members.as_object().unwrap() {
        answer[name] = value.clone();
    }
    Scenario::login(DEVICE).answer(200, answer)
}

fn granted(members: Value) -> Grant {
    let mut answer = json!({"access_token": "at-of-this-login", "refresh_token": "rt-of-this-login"});
    for (name, value) in members.as_object().unwrap() {
        answer[name] = value.clone();
    }
    polling(json!({})).wake("5s").answer(200, answer).grant()
}

#[test]
fn f3_a_lifetime_that_can_not_be_used_is_unknown_with_one_warning() {
    for life in [json!(-1), json!("never"), json!(true), json!("60s"), json!({"in": 5})] {
        let grant = granted(json!({"expires_in": life}));
        assert_eq!((grant.expires_at, grant.warnings.len()), (None, 1), "{life}: {:?}", grant.warnings);
        assert!(grant.warnings[0].contains("`expires`"), "{:?}", grant.warnings);
    }
    for none in [json!(null), json!("")] {
        let grant = granted(json!({"expires_in": none}));
        assert_eq!((grant.expires_at, grant.warnings.len()), (None, 0));
    }
}

#[test]
fn f3_what_is_around_a_token_is_no_part_of_it_and_an_unusable_refresh_token_is_left_out() {
    let grant = granted(json!({"refresh_token": "rt2\n", "token_type": "BEARER "}));
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), "rt2");
    assert_eq!(grant.token_type.as_deref(), Some("BEARER"));
    for odd in [json!(17), json!("a b"), json!({"x": 1})] {
        let grant = granted(json!({"refresh_token": odd, "token_type": 4}));
        assert!(grant.refresh_token.is_none() && grant.warnings.len() == 1, "{:?}", grant.warnings);
    }
}

#[test]
fn f3_another_token_type_is_a_warning() {
    for (token_type, kept) in
        [("JWT", Some("JWT")), ("Bearer token", Some("Bearer token")), ("a\u{1b}[0m", None)]
    {
        let grant = granted(json!({ "token_type": token_type }));
        assert_eq!((grant.token_type.as_deref(), grant.warnings.len()), (kept, 1), "{token_type}");
        assert!(grant.warnings[0].contains("it is used as Bearer"), "{:?}", grant.warnings);
    }
    let file = DEVICE.replace("[states.success]", "[states.success]\ntoken_type = \"JWT\"");
    let polled = Scenario::login(&file).answer(200, device_answer()).wake("5s");
    assert!(
        polled.answer(200, json!({"access_token": "at", "token_type": "jwt"})).grant().warnings.is_empty()
    );
}

#[test]
fn f3_a_pace_that_can_not_be_used_is_the_usual_one() {
    for interval in [json!(-1), json!("fast"), json!([5])] {
        polling(json!({"interval": interval})).wake("5s");
    }
    for life in [json!("60s"), json!(-3), json!("soon"), json!(0)] {
        let Effect::Wait { deadline, .. } = polling(json!({"expires_in": life})).effect else { panic!() };
        assert_eq!(deadline.unwrap().as_secs(), 1000 + 600, "{life}");
    }
    let answer = json!({"access_token": "at-of-this-login"});
    let grant = polling(json!({"interval": "fast", "expires_in": -1})).wake("5s").answer(200, answer).grant();
    assert_eq!(grant.warnings.len(), 2, "{:?}", grant.warnings);
}

#[test]
fn f3_of_several_lifetimes_the_first_that_can_be_used_counts() {
    let file = DEVICE.replace(
        "expires = { value = \"$.expires_in\", unit = \"s\" }",
        "expires = [{ value = \"$.access_token\", unit = \"jwt\" }, { value = \"$.expires_in\", unit = \"s\", default = \"2h\" }]",
    );
    let life = |answer: Value| {
        let polled = Scenario::login(&file).answer(200, device_answer()).wake("5s");
        polled.answer(200, answer).grant().expires_at.map(|at| (at.0 - EPOCH) / 1000 - 5)
    };
    // {"exp": 1767247205}: six hours after the answer
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NjcyNDcyMDV9.x";
    assert_eq!(life(json!({"access_token": jwt, "expires_in": 60})), Some(21_600));
    assert_eq!(life(json!({"access_token": "opaque", "expires_in": 60})), Some(60));
    assert_eq!(life(json!({"access_token": "opaque"})), Some(7200));
}

#[test]
fn f6_one_hiccup_of_a_one_shot_state_loses_no_login() {
    let busy = |status: u16, headers: &[(&str, &str)], pause: &str| {
        Scenario::login(DEVICE).reply(status, headers, "").wake(pause)
    };
    busy(503, &[], "1s").answer(200, device_answer()).wake("5s");
    busy(429, &[("retry-after", "7")], "7s").answer(200, device_answer()).wake("5s");
    busy(502, &[], "1s").reply(502, &[], "").wake("2s").reply(502, &[], "").fails("authorization_failed");
    Scenario::login(DEVICE).reply(503, &[("retry-after", "600")], "").fails("authorization_failed");
    let lost = |sent| Event::Failed(Failure { kind: FailureKind::Broken, sent, message: "reset".into() });
    let unread = Scenario::login(DEVICE).step(lost(false)).wake("1s").step(lost(false)).wake("2s");
    unread.answer(200, device_answer()).wake("5s");
    Scenario::login(DEVICE).step(lost(true)).wake("1s").step(lost(true)).fails("network");
}

#[test]
fn f6_a_refresh_is_repeated_by_whoever_keeps_its_journal() {
    let refresh = || Scenario::refresh(DEVICE, json!({"refresh_token": "rt-of-this-login"}));
    let trouble = refresh().reply(429, &[("retry-after", "600")], "").trouble();
    assert_eq!(trouble.facts.retry_after.map(|wait| wait.as_secs()), Some(600));
    assert!(trouble.help.unwrap().contains("10 min"));
}

#[test]
fn f2_a_refused_grant_needs_a_login_in_whichever_shape_it_is_said() {
    let refused = |status: u16, answer: Value| {
        Scenario::refresh(DEVICE, json!({"refresh_token": "rt-of-this-login"}))
            .answer(status, answer)
            .trouble()
    };
    for answer in [
        json!({"error": {"code": "invalid_grant", "message": "gone"}}),
        json!({"error": "Invalid_Grant"}),
        json!({"code": "refresh_token_expired"}),
        json!({"error": "invalid_token"}),
    ] {
        assert!(refused(400, answer.clone()).relogin, "{answer}");
    }
    for (status, error) in [(400, "invalid_client"), (429, "rate_limited")] {
        assert!(!refused(status, json!({"error": error})).relogin, "{status} {error}");
    }
}

#[test]
fn f7_a_page_is_no_answer_to_a_poll_and_is_told() {
    let told = |scenario: &Scenario| match &scenario.effect {
        Effect::Wait { note: Some(note), .. } => note.clone(),
        other => panic!("{other:?}"),
    };
    let page = polling(json!({})).wake("5s").reply(403, &[("cf-mitigated", "challenge")], "<html>");
    assert_eq!(told(&page), "a web page (HTTP 403, Cloudflare challenge)");
    let portal = page.wake("5s").reply(200, &[("content-type", "text/html")], "<html>log in</html>");
    assert_eq!(told(&portal), "a web page (HTTP 200)");
    let moved = portal.wake("10s").reply(302, &[("location", "http://wifi.example/login")], "");
    assert_eq!(told(&moved), "a redirect to `wifi.example`");
    let empty = moved.wake("20s").reply(204, &[], "");
    assert_eq!(told(&empty), "HTTP 204: the answer is empty");
    let text = empty.wake("40s").reply(200, &[("content-type", "text/plain")], "Please log in");
    assert_eq!(told(&text), "HTTP 200: the answer is no JSON");
    let answer = json!({"access_token": "at-of-this-login"});
    text.wake("1m").answer(200, answer).grant();
}

#[test]
fn f7_a_timeout_says_what_the_last_answer_was() {
    let polled = polling(json!({"expires_in": 12})).wake("5s").reply(503, &[], "").wake("5s");
    let trouble = polled.reply(503, &[], "").wake("2s").trouble();
    assert_eq!(trouble.to_string(), "Acme: the login was not approved in time: the last answer was HTTP 503");
}

#[test]
fn f7_slow_down_takes_the_interval_of_its_answer() {
    let slowed = |interval: u64| {
        polling(json!({"interval": 1}))
            .wake("1s")
            .answer(400, json!({"error": "slow_down", "interval": interval}))
    };
    slowed(8).wake("8s").answer(400, json!({"error": "authorization_pending"})).wake("8s");
    slowed(2).wake("6s");
    slowed(5000).wake("1m");
}

#[test]
fn f9b_a_life_is_counted_on_the_servers_clock() {
    // {"exp": 1767222900}: 45 minutes before this computer's clock, 15 after the server's.
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NjcyMjI5MDB9.x";
    let file = DEVICE.replace("\"$.expires_in\", unit = \"s\"", "\"$.access_token\", unit = \"jwt\"");
    let refresh = Scenario::refresh(&file, json!({"refresh_token": "rt-of-this-login"}));
    let body = json!({"access_token": jwt}).to_string();
    let grant = refresh.reply(200, &[("date", "Wed, 31 Dec 2025 23:00:00 GMT")], &body).grant();
    assert_eq!(grant.expires_at, Some(UnixMs(EPOCH + 15 * 60_000)));
    assert!(grant.warnings.iter().any(|said| said.contains("differs from the server's by 1 h")));
}

#[test]
fn f9b_without_a_date_the_token_tells_the_servers_clock_where_ours_is_wrong() {
    use base64::Engine as _;
    let file = DEVICE.replace("\"$.expires_in\", unit = \"s\"", "\"$.access_token\", unit = \"jwt\"");
    let check = |made: i64, expires: i64, life: Option<i64>, is_told: bool| {
        let at = |minutes: i64| EPOCH / 1000 + minutes * 60;
        let claims = json!({"iat": at(made), "exp": at(expires)}).to_string();
        let jwt = format!("e30.{}.x", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims));
        let refresh = Scenario::refresh(&file, json!({"refresh_token": "rt-of-this-login"}));
        let grant = refresh.answer(200, json!({"access_token": jwt})).grant();
        assert_eq!(grant.expires_at.map(|at| (at.0 - EPOCH) / 60_000), life, "{made} {expires}");
        assert_eq!(
            grant.warnings.iter().any(|said| said.contains("clock differs")),
            is_told,
            "{made} {expires}"
        );
    };
    check(0, 60, Some(60), false);
    // One of a cache: it was made a while ago, and its end is right.
    check(-50, 10, Some(10), false);
    // This computer's clock is two hours ahead, and one behind.
    check(-120, -60, Some(60), true);
    check(60, 120, Some(60), true);
}

#[test]
fn f9b_a_token_that_is_dead_at_birth_serves_until_it_is_refused() {
    let grant = granted(json!({"expires_in": 0}));
    assert_eq!(grant.expires_at, None);
    assert!(grant.warnings[0].contains("until a server refuses it"), "{:?}", grant.warnings);
    let begun = Scenario::begin(start(DEVICE, Action::Login));
    assert!(matches!(begun.effect, Effect::Send(_)));
}
