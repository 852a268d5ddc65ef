//! Rows of the pool that another program has left behind the record: they are its login, and no other.

use serde_json::{Value, json};

use super::super::*;
use super::journal::{beside, row, work};
use super::recover::is_finished;
use super::scene::{Scene, record, single_use, with};
use super::server::{Reply, Server};
use crate::store::{MAIN, sha256};

/// A row as `hermes auth add` writes it: without any time.
fn written(id: &str, priority: i64, tokens: (&str, &str), source: &str) -> Value {
    json!({
        "id": id, "label": id, "auth_type": "oauth", "priority": priority, "source": source,
        "access_token": tokens.0, "refresh_token": tokens.1, "last_status": null, "request_count": 0,
    })
}

/// The record after another program has renewed it: other tokens, and everything else as it was.
fn renewed_elsewhere(scene: &Scene, n: usize) {
    let mut file = scene.file();
    let record = &mut file["providers"]["acme"];
    record["access_token"] = json!(format!("a{n}"));
    record["refresh_token"] = json!(format!("r{n}"));
    std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
}

fn names(scene: &Scene) -> Vec<String> {
    let all = credentials(&scene.snapshot(), &scene.provider);
    all.iter().map(|slot| slot.name().to_owned()).collect()
}

#[track_caller]
fn check_one_login(rows: &[Value]) {
    let server = single_use();
    let mut scene = beside(record(3000), rows).at(&server);
    assert_eq!(names(&scene).len(), 1, "{rows:?}");
    assert_eq!(scene.token(), "a1");
    scene.rejected = Some(sha256("a1"));
    assert_eq!(scene.token(), "a2", "the record's own refresh token is spent");
    scene.rejected_with = 429;
    scene.rejected = Some(sha256("a2"));
    assert_eq!(scene.trouble().code.as_str(), "rate_limited", "there is no other");
    assert_eq!((server.count(), is_finished(&scene)), (1, true));
}

#[test]
fn a_row_that_is_derived_from_the_record_is_no_login_of_its_own() {
    for source in ["oauth", "device_code"] {
        check_one_login(&[written("eeae18", 0, ("a0", "r0"), source)]);
    }
}

#[test]
fn a_row_that_was_written_with_the_record_and_has_stayed_behind_is_never_used() {
    check_one_login(&[written("eeae18", 0, ("a0", "r0"), "manual:acme")]);
    check_one_login(&[
        written("eeae18", 0, ("a0", "r0"), "manual:acme"),
        written("ffff00", 1, ("a1", "r1"), "oauth"),
    ]);
}

#[test]
fn a_row_that_holds_what_a_derived_row_holds_is_no_other_login() {
    for source in ["manual", "manual:device_code", "manual:other"] {
        for derived in ["oauth", "device_code", "manual:acme"] {
            check_one_login(&[
                written("eeae18", 0, ("a0", "r0"), source),
                written("ffff00", 1, ("a0", "r0"), derived),
            ]);
        }
    }
}

#[test]
fn a_row_that_holds_an_earlier_refresh_token_is_a_copy_whatever_its_source() {
    for source in ["manual", "manual:acme", "manual:device_code", "oauth", "device_code", ""] {
        let server = single_use();
        let mut scene = beside(record(-5), &[]).at(&server);
        assert_eq!(scene.token(), "a2");
        renewed_elsewhere(&scene, 3);
        let mut file = scene.file();
        let rows = file["credential_pool"]["acme"].as_array_mut().unwrap();
        rows.extend([
            written("eeae18", -1, ("a1", "r1"), source),
            written("ffff00", -1, ("a2", "r2"), source),
        ]);
        std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
        assert_eq!((names(&scene).len(), scene.token()), (1, "a3".to_owned()), "{source}");
        scene.only = Some("eeae18".to_owned());
        assert!(source == "manual" || scene.ask().is_err() || scene.token() == "a3");
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn a_renewal_brings_copies_that_stayed_behind_up_to_date_with_the_record() {
    let server = Server::start(|_, body| match body.contains("refresh_token=r3") {
        true => Reply::Json(200, super::scene::tokens(4)),
        false => Reply::Json(200, super::scene::tokens(2)),
    });
    let mut scene = beside(record(-5), &[written("eeae18", 0, ("a1", "r1"), "manual:acme")]).at(&server);
    assert_eq!(scene.token(), "a2");
    assert_eq!(row(&scene, 0)["refresh_token"], "r2");
    renewed_elsewhere(&scene, 3);
    scene.rejected = Some(sha256("a3"));
    let mut file = scene.file();
    file["providers"]["acme"].as_object_mut().unwrap().remove("last_redeem_at");
    std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
    assert_eq!(scene.token(), "a4");
    assert_eq!(
        (row(&scene, 0)["access_token"].clone(), row(&scene, 0)["refresh_token"].clone()),
        (json!("a4"), json!("r4")),
    );
    assert_eq!(server.count(), 2);
}

#[test]
fn two_accounts_stay_two_when_the_later_one_is_renewed_elsewhere() {
    let rows = [
        written("first", 0, ("x0", "s0"), "manual:acme"),
        written("eeae18", 1, ("a0", "r0"), "oauth"),
        written("later", 2, ("a0", "r0"), "manual:acme"),
    ];
    let mut scene = beside(with(record(3000), json!({ "access_token": "a0", "refresh_token": "r0" })), &rows);
    assert_eq!(names(&scene), ["later", "first"]);
    renewed_elsewhere(&scene, 1);
    assert_eq!(names(&scene), ["later", "first"]);
    assert_eq!(scene.token(), "a1");
    scene.only = Some("first".to_owned());
    assert_eq!(scene.token(), "x0");
}

#[test]
fn a_login_whose_age_nobody_knows_comes_after_the_record_until_a_user_says_where() {
    let scene = beside(record(3000), &[with(work(3000), json!({ "priority": -3 }))]);
    assert_eq!(scene.token(), "a1");
    let all = credentials(&scene.snapshot(), &scene.provider);
    set_priority(&scene.store(), &scene.provider, &all[1], -3).unwrap();
    assert_eq!(scene.token(), "w1");
}

#[test]
fn a_record_that_another_program_has_wiped_is_not_replaced_by_its_copy() {
    let wiped = with(
        record(3000),
        json!({ "access_token": null, "refresh_token": null, "last_auth_error": { "code": "x", "relogin_required": true } }),
    );
    let scene = beside(wiped, &[written("eeae18", 0, ("a0", "r0"), "oauth")]);
    assert!(scene.trouble().relogin);
}

#[test]
fn a_removal_takes_the_rows_that_stayed_behind_too() {
    let rows = [
        written("eeae18", 0, ("a0", "r0"), "manual:acme"),
        written("ffff00", 1, ("a0", "r0"), "oauth"),
        work(3000),
    ];
    let scene = beside(record(3000), &rows);
    let main = credentials(&scene.snapshot(), &scene.provider).remove(0);
    assert_eq!(main.id, MAIN);
    remove_one(&scene.store(), &scene.provider, &main).unwrap();
    assert_eq!(names(&scene), ["work"]);
    assert!(!scene.file().to_string().contains("\"r0\""));
}

#[test]
fn rows_that_hold_one_refresh_token_are_one_login() {
    let twin = with(work(3000), json!({ "id": "twin", "label": "twin" }));
    assert_eq!(names(&beside(record(3000), &[work(3000), twin])).len(), 2);
}

#[test]
fn a_setting_of_a_provider_is_no_login_that_its_rows_are_derived_from() {
    let scene = beside(json!({ "detected_endpoint": {} }), &[written("eeae18", 0, ("a0", "r0"), "oauth")]);
    assert_eq!(scene.token(), "a0");
}
