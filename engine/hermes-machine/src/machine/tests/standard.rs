//! A device flow and a refresh, from the first request to the credential.

use serde_json::json;

use super::scenario::{DEVICE, EPOCH, Scenario, device_answer, start};
use crate::machine::{Effect, Event, FailureKind, Outcome, Start, TroubleClass};
use hermes_format::origin::Origins;
use hermes_format::provider::Action;
use hermes_format::time::UnixMs;

fn approved() -> Scenario {
    let token = json!({"access_token": "at", "refresh_token": "rt", "expires_in": 3600, "token_type": "bearer", "plan": "pro"});
    Scenario::login(DEVICE).answer(200, device_answer()).wake("5s").answer(200, token)
}

#[test]
fn a_login_ends_in_the_credential_of_the_last_answer() {
    let grant = approved().grant();
    assert_eq!(grant.access_token.expose_secret(), "at");
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), "rt");
    assert_eq!(grant.expires_at, Some(UnixMs(EPOCH + 5_000 + 3_600_000)));
    assert_eq!(grant.keep.get("plan"), Some(&json!("pro")));
    assert_eq!(grant.origins.0, ["https://auth.acme.example", "https://api.acme.example"]);
}

#[test]
fn an_entry_that_the_file_makes_empty_is_not_sent() {
    let scenario = Scenario::login(DEVICE);
    assert_eq!(scenario.form("client_id").as_deref(), Some("cli"));
    assert_eq!(scenario.form("scope"), None);
}

#[test]
fn the_page_and_the_code_are_shown_before_the_first_pause() {
    let scenario = Scenario::login(DEVICE).answer(200, device_answer());
    let Effect::Wait { show: Some(prompt), .. } = &scenario.effect else { panic!("{:?}", scenario.effect) };
    assert_eq!(prompt.url.as_ref().unwrap().as_str(), "https://www.acme.example/activate");
    assert_eq!(prompt.code.as_deref(), Some("WDJB-MJHT"));
}

#[test]
fn a_page_on_a_host_of_somebody_else_is_not_shown() {
    let mut answer = device_answer();
    answer["verification_uri"] = json!("https://evil.example/activate");
    let trouble = Scenario::login(DEVICE).answer(200, answer).trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("origin_refused", TroubleClass::Refused));
}

#[test]
fn a_denial_fails_with_its_code_and_its_class() {
    let denied = json!({"error": "access_denied"});
    let trouble =
        Scenario::login(DEVICE).answer(200, device_answer()).wake("5s").answer(400, denied).trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("authorization_denied", TroubleClass::Denied));
    assert_eq!(trouble.state.as_deref(), Some("poll"));
}

#[test]
fn an_error_says_what_the_file_says_of_it() {
    let polled = || Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    assert_eq!(polled().reply(400, &[], "no way").trouble().message, "Acme said: no way");
    assert_eq!(polled().reply(400, &[], "{broken").trouble().message, "Acme said: nothing");
    let described = json!({"error": "x", "error_description": "too old"});
    assert_eq!(polled().answer(400, described).trouble().message, "Acme said: too old");
}

#[test]
fn s25_an_error_never_quotes_a_token() {
    let leaking = json!({"error_description": "your token is abcdefghij", "access_token": "abcdefghij"});
    let polled = Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    assert!(!polled.answer(400, leaking).trouble().message.contains("abcdefghij"));
}

#[test]
fn an_empty_token_in_an_answer_hides_nothing_of_its_error() {
    let polled = Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    let empty = json!({"error": "x", "error_description": "too old", "access_token": ""});
    assert_eq!(polled.answer(400, empty).trouble().message, "Acme said: too old");
}

#[test]
fn s25_an_answer_in_another_form_is_not_quoted_where_it_may_hold_a_token() {
    let polled = || Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    for body in
        ["\u{feff} {\"access_token\":\"abcdefghij\"", "access_token=abcdefghij&scope=a", "f({'id_token': 1})"]
    {
        assert_eq!(polled().reply(400, &[], body).trouble().message, "Acme said: nothing");
    }
}

#[test]
fn s25_a_secret_that_only_a_screen_would_put_together_is_not_quoted() {
    let refresh = DEVICE.replace("[errors]", "[errors]\nrefresh_failed = \"Acme said: {{response.body}}\"");
    let refresh = || Scenario::refresh(&refresh, json!({"refresh_token": "abcdefghij"}));
    assert_eq!(refresh().reply(400, &[], "no abcde").trouble().message, "Acme said: no abcde");
    for split in ["abcdefghij", "abcde\u{200b}fghij", "abcde\u{1b}[0mfghij"] {
        let message = refresh().reply(400, &[], split).trouble().message;
        assert!(!hermes_format::text::sanitise(&message).contains("abcdefghij"), "{message}");
    }
}

#[test]
fn an_answer_without_a_token_is_no_success() {
    let polled = || Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    polled().answer(200, json!({"access_token": 7})).fails("bad_answer");
    polled().answer(200, json!({"access_token": "a\nb"})).fails("bad_answer");
}

#[test]
fn s31_a_token_that_needs_a_proof_the_file_does_not_give_is_refused() {
    let polled = || Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    let typed = |token_type: &str| json!({"access_token": "at", "token_type": token_type});
    for other in ["mac", "DPoP", "PoP"] {
        polled().answer(200, typed(other)).fails("bad_answer");
    }
    assert!(polled().answer(200, typed("BEARER")).grant().warnings.is_empty());
}

#[test]
fn a_refresh_sends_the_stored_token_and_gives_what_the_answer_has() {
    let scenario = Scenario::refresh(DEVICE, json!({"access_token": "old", "refresh_token": "rt"}));
    assert_eq!(scenario.form("refresh_token").as_deref(), Some("rt"));
    let grant = scenario.answer(200, json!({"access_token": "new", "refresh_token": null})).grant();
    assert!(grant.refresh_token.is_none());
    assert_eq!(grant.expires_at, None, "an unknown lifetime is not an old one");
}

#[test]
fn a_spent_refresh_token_asks_for_a_login_and_a_bad_day_does_not() {
    let refresh = || Scenario::refresh(DEVICE, json!({"refresh_token": "rt"}));
    let spent = refresh().answer(400, json!({"error": "invalid_grant"})).trouble();
    assert_eq!((spent.class, spent.relogin), (TroubleClass::Login, true));
    let bad_day = refresh().reply(502, &[], "<html>").trouble();
    assert_eq!((bad_day.class, bad_day.relogin), (TroubleClass::Retry, false));
    refresh().no_answer(FailureKind::Connect).fails("network");
}

#[test]
fn a_failure_tells_of_the_answer_what_is_known_of_it() {
    let check = |status: u16, body: &str, reason: &str| {
        let refresh = Scenario::refresh(DEVICE, json!({"refresh_token": "rt"}));
        let message = refresh.reply(status, &[], body).trouble().message;
        assert_eq!(message, format!("Acme: the credential could not be renewed{reason}"), "{body}");
    };
    check(502, "<html>", " (HTTP 502): the answer is a web page");
    check(200, "<html>", ": the answer is a web page");
    check(200, r#"{"access_token": "abc"#, ": the answer is no JSON");
    check(200, r#"{"message": "try later"}"#, ": an unexpected answer");
}

#[test]
fn a_refresh_without_a_refresh_token_asks_for_a_login() {
    let trouble = Scenario::refresh(DEVICE, json!({"access_token": "old"})).trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("no_refresh_token", TroubleClass::Login));
}

#[test]
fn s4_a_stored_credential_goes_only_where_it_was_made_for() {
    let elsewhere = Start {
        token: Some(json!({"refresh_token": "rt"})),
        bound_to: Some(Origins(vec!["https://old.acme.example".into()])),
        earlier: Default::default(),
        ..start(DEVICE, Action::Refresh)
    };
    Scenario::begin(elsewhere).fails("origin_refused");
}

#[test]
fn s3_a_307_to_a_named_host_keeps_the_request() {
    let scenario = Scenario::login(DEVICE).reply(307, &[("location", "https://api.acme.example/x?y=1")], "");
    let scenario = scenario.sends_to("https://api.acme.example/x?y=1");
    assert_eq!(scenario.form("client_id").as_deref(), Some("cli"));
    let back = [("location", "https://auth.acme.example/device")];
    let scenario = scenario.reply(308, &back, "").sends_to("https://auth.acme.example/device");
    scenario.reply(307, &back, "").fails("redirected");
}

#[test]
fn s3_any_other_redirect_is_refused() {
    let redirected =
        |status, to: &str| Scenario::login(DEVICE).reply(status, &[("location", to)], "").fails("redirected");
    redirected(302, "https://api.acme.example/x");
    redirected(307, "https://evil.example/");
    redirected(307, "http://api.acme.example/");
    redirected(307, "https://user@api.acme.example/");
    Scenario::login(DEVICE).reply(307, &[], "").fails("redirected");
}

#[test]
fn cancelling_ends_the_run_wherever_it_is() {
    let cancelled = |scenario: Scenario| {
        assert!(matches!(scenario.step(Event::Cancelled).effect, Effect::Finish(Outcome::Cancelled)));
    };
    cancelled(Scenario::login(DEVICE));
    cancelled(Scenario::login(DEVICE).answer(200, device_answer()));
}

#[test]
fn a_key_that_is_set_is_a_login_without_a_request() {
    let file = "name = \"Acme\"\nstart = { login = \"success\" }\n[inputs.api_key]\nsecret = true\nfrom = [{ env = \"ACME_KEY\" }]\n[states.success]\naccess_token = \"{{api_key}}\"\n";
    let mut begin = start(file, Action::Login);
    begin.inputs.insert("api_key".into(), "sk-1".into());
    assert_eq!(Scenario::begin(begin).grant().access_token.expose_secret(), "sk-1");
    let trouble = Scenario::login(file).trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("not_logged_in", TroubleClass::Login));
    assert!(trouble.help.unwrap().contains("ACME_KEY"));
}

#[test]
fn a_failure_says_what_its_answer_lacks_or_why_it_could_not_be_read() {
    let began = || Scenario::login(DEVICE);
    let says = |scenario: Scenario, end: &str| {
        let message = scenario.trouble().message;
        assert!(message.ends_with(end), "{message}");
    };
    let mut answer = device_answer();
    answer.as_object_mut().unwrap().remove("user_code");
    says(began().answer(200, answer), "what a login needs: no `$.user_code`");
    says(began().reply(200, &[], "<p>sorry</p>"), "the answer is a web page");
    says(began().reply(200, &[], ""), "the answer is empty");
    says(began().reply(200, &[], "{\"a\":1,\"a\":2}"), "the answer has a key twice in one object");
}

#[test]
fn s9_a_code_that_can_not_be_shown_is_no_login_without_one() {
    for code in ["AB\u{1b}[31mCD", &"A".repeat(65)] {
        let mut answer = device_answer();
        answer["user_code"] = json!(code);
        let trouble = Scenario::login(DEVICE).answer(200, answer).trouble();
        assert_eq!(trouble.code.as_str(), "bad_answer");
        assert!(
            trouble.message.ends_with("the code to show is none that can be printed"),
            "{}",
            trouble.message
        );
    }
}

#[test]
fn s3_a_refused_redirect_names_the_host_and_advises_nobody_to_allow_it() {
    for place in ["https://new.example/x", "http://auth.acme.example/x"] {
        let help = Scenario::login(DEVICE).reply(307, &[("location", place)], "").trouble().help.unwrap();
        assert!(help.contains("newer version") && !help.contains("hosts"), "{help}");
    }
    let trouble = Scenario::login(DEVICE).reply(307, &[("location", "https://new.example/x")], "").trouble();
    assert!(trouble.message.contains("`new.example`"), "{}", trouble.message);
}

#[test]
fn who_gave_up_is_the_state_that_waited() {
    let polled = Scenario::login(DEVICE).answer(200, device_answer()).wake("5s");
    let pending = polled.later(3600).answer(400, json!({"error": "authorization_pending"}));
    let trouble = pending.step(Event::Woke).trouble();
    assert_eq!((trouble.code.as_str(), trouble.state.as_deref()), ("timeout", Some("poll")));
}

#[test]
fn s25_an_error_that_would_tell_a_secret_gives_way_to_the_standard_text() {
    for quoted in [
        "denied for {{response.device_code}} and {{response.client_secret}}",
        "denied for {{match response.device_code '..(.*)'}}",
        "denied for {{client_secret}}",
        "denied for {{match token.refresh_token '(.).*'}}",
        "denied for {{refresh.data.blob}}",
    ] {
        let file = DEVICE.replace("[errors]", &format!("[errors]\nrefresh_failed = '''{quoted}'''"));
        let file = format!("{file}\n[inputs.client_secret]\nsecret = true\n");
        let mut begin = start(&file, Action::Refresh);
        begin.token = Some(json!({"refresh_token": "REFRESH-TOKEN-789"}));
        begin.inputs.insert("client_secret".into(), "CLIENT-SECRET-456".into());
        let answer = json!({"device_code": "DEVICE-CODE-SECRET-123", "client_secret": "CLIENT-SECRET-456"});
        let trouble = Scenario::begin(begin).answer(400, answer).trouble();
        assert!(
            trouble.message.starts_with("Acme: the credential could not be renewed"),
            "{}",
            trouble.message
        );
        let all = format!("{trouble:?}");
        assert!(!all.contains("SECRET") && !all.contains("REFRESH-TOKEN"), "{all}");
    }
}

#[test]
fn s25_part_of_an_answer_to_a_secret_is_not_shown() {
    let noticed = |notice: &str| {
        let file = DEVICE.replace("notice  = \"$.message\"", &format!("notice = {notice}"));
        let token = json!({"access_token": "at", "message": "welcome", "data": {"blob": "MINTED-KEY-1234"}});
        Scenario::login(&file).answer(200, device_answer()).wake("5s").answer(200, token).grant().notice
    };
    assert_eq!(noticed("\"$.message\"").as_deref(), Some("welcome"));
    for secret in ["\"$.data.blob\"", "\"$.access_token\"", "\"{{device.device_code}}\""] {
        assert_eq!(noticed(secret), None, "{secret}");
    }
}
