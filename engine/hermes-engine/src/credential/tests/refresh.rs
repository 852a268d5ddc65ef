use hermes_machine::machine::TroubleClass;
use serde_json::{Value, json};

use super::super::*;
use super::scene::{Scene, at, record, single_use, tokens, with};
use super::server::{Reply, Server};
use crate::store::{MAIN, sha256};

#[test]
fn a_fresh_token_is_handed_out_without_a_request_or_a_trace() {
    let server = single_use();
    let scene = Scene::new(record(3000)).at(&server);
    let before = scene.file();
    assert_eq!(scene.token(), "a1");
    assert_eq!((server.count(), scene.file()), (0, before));
    assert_eq!(std::fs::read_dir(scene.home()).unwrap().count(), 1, "no locks, no journal");
}

#[test]
fn a_token_near_its_end_is_renewed_and_stored_with_its_pool_row() {
    let server = single_use();
    let scene = Scene::new(record(30)).at(&server);
    let credential = scene.ask().unwrap();
    assert_eq!(credential.access_token.expose_secret(), "a2");
    assert_eq!((credential.source, credential.warnings.len()), (Source::Renewed, 0));
    let file = scene.file();
    let stored = &file["providers"]["acme"];
    assert_eq!((&stored["access_token"], &stored["refresh_token"]), (&json!("a2"), &json!("r2")));
    assert_eq!((&stored["generation"], &stored["expires_in"]), (&json!(1), &json!(3600)));
    assert_eq!(file["credential_pool"]["acme"][0]["refresh_token"], "r2");
    assert_eq!(file["active_provider"], "other", "a refresh changes no choice");
    assert_eq!(scene.token(), "a2");
    assert_eq!(server.count(), 1);
    assert!(!scene.store().is_unfinished("acme", MAIN));
}

#[test]
fn a_longer_life_can_be_asked_for_once() {
    let server = Server::start(|_, _| {
        Reply::Json(200, json!({ "access_token": "a2", "expires_in": 900 }).to_string())
    });
    let mut scene = Scene::new(record(3000)).at(&server);
    scene.min_ttl = Some(std::time::Duration::from_secs(7200));
    assert_eq!(scene.token(), "a2");
    assert_eq!(scene.stored()["refresh_token"], "r1", "one that is not sent anew stays");
    // Shorter than was asked for, and renewed a moment ago: it is handed out as it is.
    let warnings = scene.ask().unwrap().warnings;
    assert_eq!(server.count(), 1);
    assert!(warnings[0].contains("renewed a moment ago; the next renewal is in"), "{warnings:?}");
}

#[test]
fn exactly_the_token_that_was_rejected_is_renewed() {
    let server = single_use();
    let mut scene = Scene::new(record(3000)).at(&server);
    scene.rejected = Some(sha256("a0"));
    assert_eq!(scene.token(), "a1");
    scene.rejected = Some(sha256("a1").to_uppercase());
    assert_eq!(scene.token(), "a2");
    // Who comes late with the same complaint gets what others have got.
    assert_eq!(scene.token(), "a2");
    assert_eq!(server.count(), 1);
    // S34: the current token's hash breaks the rest between two renewals.
    scene.rejected = Some(sha256("a2"));
    assert_eq!(scene.token(), "a3");
}

#[test]
fn s29_a_spent_refresh_token_asks_for_a_login_and_keeps_the_tokens() {
    let server = Server::start(|_, _| Reply::Json(400, json!({ "error": "invalid_grant" }).to_string()));
    let scene = Scene::new(record(-5)).at(&server);
    let trouble = scene.trouble();
    assert_eq!(
        (trouble.code.as_str(), trouble.class, trouble.relogin),
        ("refresh_failed", TroubleClass::Login, true)
    );
    let stored = scene.stored();
    assert_eq!((&stored["access_token"], &stored["refresh_token"]), (&json!("a1"), &json!("r1")));
    assert_eq!(stored["last_auth_error"]["relogin_required"], true);
    assert_eq!(stored["last_auth_error"]["code"], "refresh_failed");
    // The server is not asked again.
    assert_eq!(scene.trouble().class, TroubleClass::Login);
    assert_eq!(server.count(), 1);
    assert_eq!(scene.status().standing, Standing::ReloginRequired);
}

#[test]
fn a_token_that_still_lives_is_handed_out_with_a_warning_when_its_renewal_is_refused() {
    let server = Server::start(|_, _| Reply::Json(400, json!({ "error": "invalid_grant" }).to_string()));
    let mut scene = Scene::new(record(30)).at(&server);
    for requests in [1, 1] {
        let credential = scene.ask().unwrap();
        assert_eq!(credential.access_token.expose_secret(), "a1");
        assert_eq!((credential.warnings.len(), server.count()), (1, requests));
    }
    assert_eq!(scene.status().standing, Standing::LoggedIn);
    scene.rejected = Some(sha256("a1"));
    assert_eq!(scene.trouble().class, TroubleClass::Login);
}

#[test]
fn s34_a_server_with_trouble_of_its_own_changes_nothing_and_is_left_alone_for_a_while() {
    for reply in [(500, "{}"), (429, "{}"), (200, "<html>"), (200, r#"{"status": "busy"}"#), (403, "")] {
        let server = Server::start(move |_, _| Reply::Json(reply.0, reply.1.to_owned()));
        let mut scene = Scene::new(record(-5)).at(&server);
        let trouble = scene.trouble();
        assert_eq!(
            (trouble.code.as_str(), trouble.class),
            ("refresh_failed", TroubleClass::Retry),
            "{reply:?}"
        );
        let stored = scene.stored();
        assert_eq!((&stored["access_token"], &stored["refresh_token"]), (&json!("a1"), &json!("r1")));
        assert_eq!(stored["last_auth_error"], Value::Null);
        assert_eq!(scene.status().standing, Standing::Refreshable);
        scene.rejected = Some(sha256("a1"));
        let again = scene.trouble();
        assert_eq!((again.class, server.count()), (TroubleClass::Retry, 1), "{again:?}");
        // After the pause the server is asked again.
        scene.put(with(stored, json!({ "refresh_pause": { "until": at(-1), "code": "x", "message": "x" } })));
        scene.trouble();
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn a_pause_that_a_clock_set_far_ahead_is_void() {
    let server = single_use();
    let paused = json!({ "refresh_pause": { "until": at(3000), "code": "x", "message": "x" }, "last_redeem_at": at(5000) });
    let scene = Scene::new(with(record(-5), paused)).at(&server);
    assert_eq!(scene.token(), "a2");
    assert_eq!(scene.stored()["refresh_pause"], Value::Null);
}

#[test]
fn s34_a_grant_is_renewed_once_in_ten_seconds() {
    let server = single_use();
    let scene = Scene::new(with(record(-5), json!({ "last_redeem_at": at(-3) }))).at(&server);
    assert_eq!(scene.trouble().class, TroubleClass::Retry);
    assert_eq!(server.count(), 0);
    scene.put(with(record(-5), json!({ "last_redeem_at": at(-11) })));
    assert_eq!(scene.token(), "a2");
}

#[test]
fn an_answer_that_never_came_is_asked_for_once_more() {
    let server = Server::start(|n, _| if n == 0 { Reply::HangUp } else { Reply::Json(200, tokens(2)) });
    let scene = Scene::new(record(-5)).at(&server);
    assert_eq!(scene.token(), "a2");
    let bodies = server.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn the_same_token_is_not_tried_a_third_time() {
    let server = Server::start(|_, _| Reply::HangUp);
    let scene = Scene::new(record(-5)).at(&server);
    let trouble = scene.trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("network", TroubleClass::Retry));
    assert_eq!(server.count(), 2);
    assert_eq!(scene.stored()["refresh_token"], "r1");
}

#[test]
fn a_refused_token_that_somebody_else_has_renewed_is_adopted() {
    let scene = std::sync::Arc::new(Scene::new(record(-5)));
    // Another program, which knows nothing of our locks, is first.
    let other = scene.clone();
    let server = Server::start(move |_, _| {
        other.put(with(record(3000), json!({ "access_token": "theirs", "refresh_token": "r9" })));
        Reply::Json(400, json!({ "error": "invalid_grant" }).to_string())
    });
    let asking = Scene { server: Some(server.address), ..Scene::empty(super::scene::ACME) };
    let credential = asking.ask_at(&scene.store()).unwrap();
    assert_eq!(credential.access_token.expose_secret(), "theirs");
    assert_eq!(scene.stored()["last_auth_error"], Value::Null);
}

#[test]
fn a_renewed_grant_is_stored_although_another_program_has_wiped_the_record_meanwhile() {
    let scene = std::sync::Arc::new(Scene::new(record(-5)));
    let other = scene.clone();
    let server = Server::start(move |_, _| {
        other.put(json!({
            "provider": "acme", "client_id": "cli", "origins": ["https://auth.example"],
            "last_auth_error": { "code": "invalid_grant", "relogin_required": true }
        }));
        Reply::Json(200, tokens(2))
    });
    let asking = Scene { server: Some(server.address), ..Scene::empty(super::scene::ACME) };
    assert_eq!(asking.ask_at(&scene.store()).unwrap().access_token.expose_secret(), "a2");
    let stored = scene.stored();
    assert_eq!((&stored["refresh_token"], &stored["last_auth_error"]), (&json!("r2"), &Value::Null));
}

#[test]
fn who_logs_out_during_a_renewal_stays_logged_out() {
    let scene = std::sync::Arc::new(Scene::new(record(-5)));
    let other = scene.clone();
    let server = Server::start(move |_, _| {
        std::fs::write(other.home().join("auth.json"), "{}").unwrap();
        Reply::Json(200, tokens(2))
    });
    let asking = Scene { server: Some(server.address), ..Scene::empty(super::scene::ACME) };
    assert!(asking.ask_at(&scene.store()).is_err());
    assert_eq!(scene.file(), json!({}));
}

#[test]
fn a_store_that_can_t_be_written_is_found_out_before_the_token_is_spent() {
    let server = single_use();
    let scene = Scene::new(record(30)).at(&server);
    // A folder in the place of a file fails for root too, whom no mode stops.
    std::fs::create_dir_all(scene.home().join("journal/acme/x")).unwrap();
    let credential = scene.ask().unwrap();
    assert_eq!((credential.access_token.expose_secret(), credential.warnings.len()), ("a1", 1));
    scene.put(record(-5));
    assert_eq!(scene.trouble().class, TroubleClass::Store);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_lock_that_can_t_be_had_is_found_out_before_the_token_is_spent() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    std::fs::create_dir(scene.home().join("auth.lock")).unwrap();
    let trouble = scene.trouble();
    assert_eq!((trouble.code.as_str(), server.count()), ("store_unwritable", 0));
    assert!(trouble.message.contains("auth.lock"), "{}", trouble.message);
}

#[test]
fn a_renewed_token_that_can_t_be_stored_is_handed_out_and_stored_by_the_next_run() {
    let scene = std::sync::Arc::new(Scene::new(record(-5)));
    let other = scene.clone();
    let path = scene.home().join("auth.json");
    let (moved, at) = (scene.home().join("elsewhere"), path.clone());
    let server = Server::start(move |_, _| {
        // Between the request and the commit the file becomes unreadable.
        std::fs::rename(&at, &moved).unwrap();
        std::fs::create_dir(&at).unwrap();
        Reply::Json(200, tokens(2))
    });
    let asking = Scene { server: Some(server.address), ..Scene::empty(super::scene::ACME) };
    let credential = asking.ask_at(&scene.store()).unwrap();
    assert_eq!((credential.access_token.expose_secret(), credential.warnings.len()), ("a2", 1));
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(other.home().join("elsewhere"), &path).unwrap();
    assert_eq!(asking.ask_at(&scene.store()).unwrap().access_token.expose_secret(), "a2");
    assert_eq!(server.count(), 1);
    assert_eq!(scene.stored()["refresh_token"], "r2");
}

#[test]
fn s4_a_refresh_token_goes_only_where_it_was_made_for() {
    let server = single_use();
    let foreign = with(record(-5), json!({ "origins": ["https://else.example"] }));
    let mut scene = Scene::new(foreign).at(&server);
    assert_eq!(
        (scene.trouble().code.as_str(), scene.trouble().class),
        ("origin_refused", TroubleClass::Refused)
    );
    assert_eq!(server.count(), 0);
    // A record without origins is bound to the built-in file's, and to nothing without one.
    scene.put(with(record(-5), json!({ "origins": null })));
    assert_eq!(scene.trouble().code.as_str(), "origin_refused");
    scene.vouched = Some(scene.provider.clone());
    assert_eq!(scene.token(), "a2");
    assert_eq!(scene.stored()["origins"], json!(["https://auth.example", "https://api.example"]));
}

#[test]
fn what_can_t_be_renewed_says_why() {
    let check = |record: Value, code: &str, standing: Standing| {
        let scene = Scene::new(record);
        let trouble = scene.trouble();
        assert_eq!((trouble.code.as_str(), trouble.class), (code, TroubleClass::Login));
        assert_eq!(scene.status().standing, standing, "{code}");
        assert_eq!(scene.status().code.as_ref().map(|known| known.as_str()), Some(code));
    };
    check(with(record(-5), json!({ "refresh_token": null })), "no_refresh_token", Standing::ReloginRequired);
    check(with(record(-5), json!({ "refresh_token": "" })), "no_refresh_token", Standing::ReloginRequired);
    check(json!({ "provider": "acme" }), "not_logged_in", Standing::NotLoggedIn);
    let wiped =
        json!({ "last_auth_error": { "code": "invalid_grant", "message": "m", "relogin_required": true } });
    check(wiped, "invalid_grant", Standing::ReloginRequired);
    assert_eq!(Scene::empty(super::scene::ACME).trouble().code.as_str(), "not_logged_in");
}

const TWO_STEPS: &str = r#"
name  = "Acme"
start = { login = "ask" }

[api]
mode     = "chat_completions"
base_url = "https://api.example/v1"

[states.ask]
show = { url = "https://auth.example/verify" }
post = "https://auth.example/code"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "authorization_failed" }]

[states.success]
expires   = { value = "$.expires_in", unit = "s" }
refresh   = { to = "refresh" }
stored_at = "$.tokens"
refresh_token = "{{first refresh.refresh_token ''}}"

[states.refresh]
post               = "https://auth.example/token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { exists = ["$.step", "$.refresh_token"] }, to = "mint" },
  { fail = "refresh_failed" },
]

[states.mint]
post      = "https://auth.example/mint"
form.step = "{{refresh.step}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed" }]
"#;

fn nested(left: i64) -> Value {
    let tokens =
        json!({ "access_token": "a1", "refresh_token": "r1", "id_token": "i", "expires_at": at(left) });
    json!({ "tokens": tokens, "auth_mode": "theirs", "origins": ["https://auth.example"] })
}

#[test]
fn a_refresh_of_two_requests_is_taken_up_where_it_was_cut_off() {
    let server = Server::start(|n, body| match (n, body) {
        (0, "refresh_token=r1") => {
            Reply::Json(200, json!({ "step": "s", "refresh_token": "r2" }).to_string())
        }
        (1 | 2, "step=s") => Reply::HangUp,
        (3, "step=s") => Reply::Json(503, "{}".to_owned()),
        (4, "step=s") => Reply::Json(200, json!({ "access_token": "a2", "expires_in": 3600 }).to_string()),
        _ => Reply::Json(500, "{}".to_owned()),
    });
    let scene = Scene::empty(TWO_STEPS).at(&server);
    scene.put(nested(-5));
    assert_eq!(scene.trouble().code.as_str(), "network");
    assert_eq!(server.count(), 3);
    assert!(scene.store().is_unfinished("acme", MAIN), "the first answer holds the only refresh token");
    // The pause holds here too, and a server's hiccup is no answer.
    scene.trouble();
    assert_eq!(server.count(), 3);
    for (code, count) in [("refresh_failed", 4), ("", 5)] {
        scene.put(with(scene.stored(), json!({ "refresh_pause": null })));
        match scene.ask() {
            Err(Error::Trouble(trouble)) => assert_eq!(trouble.code.as_str(), code),
            other => assert_eq!(other.unwrap().access_token.expose_secret(), "a2"),
        }
        assert_eq!(server.count(), count);
    }
    let stored = scene.stored();
    assert_eq!(
        (&stored["tokens"]["refresh_token"], &stored["tokens"]["access_token"]),
        (&json!("r2"), &json!("a2"))
    );
    assert_eq!((&stored["tokens"]["id_token"], &stored["auth_mode"]), (&json!("i"), &json!("theirs")));
    assert_eq!(stored["access_token"], Value::Null);
    assert!(!scene.store().is_unfinished("acme", MAIN));
}
