use serde_json::{Value, json};

use super::super::*;
use super::scene::{ACME, Scene, at, record, with};

#[track_caller]
fn check(record: Value, expect: Standing) {
    let scene = Scene::new(record);
    let before = scene.file();
    assert_eq!(scene.status().standing, expect);
    assert_eq!(scene.file(), before, "asking changes nothing");
}

#[test]
fn a_status_says_what_a_use_would_do() {
    check(record(3000), Standing::LoggedIn);
    check(record(30), Standing::LoggedIn);
    check(record(-5), Standing::Refreshable);
    check(with(record(-5), json!({ "refresh_token": null })), Standing::ReloginRequired);
    check(with(record(3000), json!({ "refresh_token": null })), Standing::LoggedIn);
    check(json!({ "provider": "acme" }), Standing::NotLoggedIn);
    check(json!(null), Standing::NotLoggedIn);
    assert_eq!(Scene::empty(ACME).status().standing, Standing::NotLoggedIn);
}

#[test]
fn a_mark_is_told_while_the_token_lives_and_decides_when_it_has_ended() {
    let marked = json!({ "last_auth_error": { "code": "refresh_failed", "message": "spent", "relogin_required": true } });
    let alive = Scene::new(with(record(3000), marked.clone())).status();
    assert_eq!((alive.standing, alive.reason.as_deref()), (Standing::LoggedIn, Some("spent")));
    let ended = Scene::new(with(record(-5), marked)).status();
    assert_eq!((ended.standing, ended.reason.as_deref()), (Standing::ReloginRequired, Some("spent")));
    let other = json!({ "last_auth_error": { "code": "x", "message": "m", "relogin_required": true, "refresh_token_sha256": "00" } });
    check(with(record(-5), other), Standing::Refreshable);
}

#[test]
fn a_pause_is_told_and_is_no_logout() {
    let paused = json!({ "refresh_pause": { "until": at(20), "code": "refresh_failed", "message": "busy" } });
    let status = Scene::new(with(record(-5), paused)).status();
    assert_eq!(status.standing, Standing::Refreshable);
    assert!(status.reason.unwrap().contains("busy"));
}

#[test]
fn a_status_names_region_end_and_label() {
    let status = Scene::new(with(record(3000), json!({ "region": "cn", "label": "work" }))).status();
    assert_eq!((status.region.as_deref(), status.label.as_deref()), (Some("cn"), Some("work")));
    assert!(status.expires_at.is_some());
}
