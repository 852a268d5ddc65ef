use std::time::Duration;

use hermes_format::secret::Secret;
use hermes_machine::machine::{Grant, TroubleClass};
use serde_json::{Value, json};

use super::super::*;
use super::made::grant;
use super::scene::{ACME, Scene, at, record, single_use, with};
use crate::clock;
use crate::store::{MAIN, sha256};

/// Stores a login under a label.
fn add(scene: &Scene, label: Option<&str>, grant: &Grant) {
    let login = Login { provider: &scene.provider, grant, inputs: &scene.inputs, label, priority: None };
    save_login(&scene.store(), &login, Duration::MAX).unwrap();
}

/// A scene with the provider's own login and one called `work`.
fn two() -> Scene {
    let scene = Scene::empty(ACME);
    add(&scene, None, &grant("a1", Some("r1")));
    add(&scene, Some("work"), &grant("w1", Some("s1")));
    scene
}

fn slots(scene: &Scene) -> Vec<(String, i64)> {
    let all = credentials(&scene.snapshot(), &scene.provider);
    all.iter().map(|slot| (slot.name().to_owned(), slot.priority)).collect()
}

fn slot(scene: &Scene, name: &str) -> StoredGrant {
    let all = credentials(&scene.snapshot(), &scene.provider);
    all.into_iter().find(|slot| slot.is_called(name)).unwrap()
}

fn standings(scene: &Scene) -> Vec<Standing> {
    let all = statuses(&scene.snapshot(), &scene.provider, &scene.inputs, clock::wall());
    all.into_iter().map(|status| status.standing).collect()
}

/// Reports that a server refused a token, and asks for another.
fn refuse(scene: &mut Scene, token: &str, status: u16) {
    scene.rejected = Some(sha256(token));
    scene.rejected_with = status;
}

#[test]
fn a_login_with_a_new_label_stands_beside_the_first_and_is_tried_after_it() {
    let scene = two();
    assert_eq!(slots(&scene), [("main".to_owned(), 0), ("work".to_owned(), 1)]);
    assert_eq!(scene.token(), "a1");
    let row = &scene.file()["credential_pool"]["acme"][0];
    let got = ["label", "auth_type", "priority", "source", "access_token", "refresh_token", "last_status"]
        .map(|name| row[name].clone());
    let expect = [
        json!("work"),
        json!("oauth"),
        json!(1),
        json!("manual:device_code"),
        json!("w1"),
        json!("s1"),
        json!(null),
    ];
    assert_eq!(got, expect);
    assert!(row["expires_at_ms"].as_i64().unwrap() > clock::wall().0);
    assert_eq!(row["base_url"], "https://api.example/v1");
}

#[test]
fn a_login_with_a_known_label_takes_that_place_and_one_without_the_first() {
    let scene = two();
    let id = slot(&scene, "work").id;
    add(&scene, Some("work"), &grant("w2", Some("s2")));
    assert_eq!(slot(&scene, "work").tokens.access, Some(Secret::new("w2")));
    assert_eq!(slot(&scene, "work").id, id);
    add(&scene, None, &grant("a2", Some("r2")));
    assert_eq!(scene.token(), "a2");
    assert_eq!(slots(&scene).len(), 2);
}

#[test]
fn the_one_that_is_asked_for_by_name_is_the_one_that_comes() {
    let mut scene = two();
    for (name, token) in [("work".to_owned(), "w1"), (slot(&scene, "work").id, "w1"), (MAIN.to_owned(), "a1")]
    {
        scene.only = Some(name);
        assert_eq!(scene.token(), token);
    }
    scene.only = Some("nobody".to_owned());
    assert_eq!(scene.trouble().code.as_str(), "not_logged_in");
}

#[test]
fn the_order_is_a_person_s_and_what_stands_in_the_way_moves_back() {
    let scene = two();
    add(&scene, Some("home"), &grant("h1", Some("t1")));
    set_priority(&scene.store(), &scene.provider, &slot(&scene, "home"), 0).unwrap();
    assert_eq!(slots(&scene), [("home".to_owned(), 0), ("main".to_owned(), 1), ("work".to_owned(), 2)]);
    assert_eq!(scene.token(), "h1");
}

#[test]
fn a_limit_that_can_t_be_noted_withholds_no_other_credential() {
    let mut scene = two();
    let lock = scene.home().join("auth.lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    refuse(&mut scene, "a1", 429);
    let credential = scene.ask().unwrap();
    assert_eq!(credential.access_token, Secret::new("w1"));
    let warning = credential.warnings.last().unwrap();
    assert!(warning.starts_with("could not mark credential `main` as rate-limited ("), "{warning}");
}

#[test]
fn after_a_limit_the_next_has_its_turn_and_the_first_rests() {
    let mut scene = two();
    refuse(&mut scene, "a1", 429);
    let credential = scene.ask().unwrap();
    assert_eq!(credential.access_token, Secret::new("w1"));
    let warning = "Acme: the server limits the credential `main`; using the credential `work`";
    assert_eq!(credential.warnings, [warning]);
    scene.rejected = None;
    assert_eq!(scene.token(), "w1", "for an hour");
    scene.only = Some(MAIN.to_owned());
    let warnings = scene.ask().unwrap().warnings;
    assert_eq!(warnings, ["the credential `main` cools down for 60 min after HTTP status 429"]);
    scene.only = None;
    assert_eq!(standings(&scene), [Standing::LoggedIn, Standing::CoolingDown]);
    let stored = scene.stored();
    assert_eq!((&stored["last_status"], &stored["last_error_code"]), (&json!("exhausted"), &json!(429)));
    assert!(reset(&scene.store(), "acme", Some(&slot(&scene, "main"))).unwrap());
    assert_eq!(scene.token(), "a1");
}

#[test]
fn when_all_are_limited_that_is_said_and_without_a_report_the_first_serves_with_a_warning() {
    let mut scene = two();
    refuse(&mut scene, "a1", 429);
    scene.token();
    refuse(&mut scene, "w1", 429);
    // The other rests already, and was not refused now: it is handed out before nothing is.
    assert_eq!(scene.token(), "a1");
    let mut scene = Scene::empty(ACME);
    add(&scene, None, &grant("a1", Some("r1")));
    refuse(&mut scene, "a1", 429);
    let trouble = scene.trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("rate_limited", TroubleClass::Retry));
    scene.rejected = None;
    let credential = scene.ask().unwrap();
    assert_eq!(credential.access_token, Secret::new("a1"));
    assert!(credential.warnings[0].contains("cools down for 60 min"), "{:?}", credential.warnings);
    assert_eq!(scene.status().standing, Standing::CoolingDown);
}

#[test]
fn a_refused_token_is_renewed_and_only_one_that_can_t_be_makes_way() {
    let server = single_use();
    let mut scene = two().at(&server);
    refuse(&mut scene, "a1", 401);
    assert_eq!(scene.token(), "a2");
    assert_eq!(standings(&scene), [Standing::LoggedIn, Standing::LoggedIn]);
    let mut scene = Scene::empty(ACME);
    add(&scene, None, &grant("a1", None));
    add(&scene, Some("work"), &grant("w1", Some("s1")));
    refuse(&mut scene, "a1", 401);
    assert_eq!(scene.token(), "w1");
    scene.rejected = None;
    assert_eq!(scene.token(), "w1", "for five minutes");
    assert_eq!(server.count(), 1);
}

#[test]
fn after_403_a_credential_rests_as_after_401_and_a_renewal_ends_the_rest() {
    let server = single_use();
    let mut scene =
        Scene::new(with(record(3000), json!({ "refresh_pause": { "until": at(20), "code": "network" } })));
    add(&scene, Some("work"), &grant("w1", Some("s1")));
    refuse(&mut scene, "a1", 403);
    assert_eq!(scene.token(), "w1");
    let reason = |scene: &Scene| {
        let all = statuses(&scene.snapshot(), &scene.provider, &scene.inputs, clock::wall());
        all.into_iter().find_map(|status| status.reason)
    };
    assert!(reason(&scene).unwrap().contains("for 5 min after HTTP status 403"));
    let mut scene = scene.at(&server);
    scene.put(with(scene.stored(), json!({ "refresh_pause": null })));
    scene.only = Some(MAIN.to_owned());
    assert_eq!(scene.token(), "a2");
    assert_eq!((standings(&scene), reason(&scene)), (vec![Standing::LoggedIn], None));
    assert_eq!(scene.stored()["last_status"], Value::Null);
}

#[test]
fn a_rest_that_a_clock_set_far_ahead_is_void() {
    let cooling = |since: i64, until: Option<i64>| json!({ "last_status": "exhausted", "last_status_at": at(since), "last_error_code": 429, "last_error_reset_at": until.map(at) });
    let check = |rest: Value, standing: Standing| {
        assert_eq!(Scene::new(with(record(3000), rest.clone())).status().standing, standing, "{rest}");
    };
    check(cooling(-10, None), Standing::CoolingDown);
    check(cooling(86_400, None), Standing::LoggedIn);
    check(cooling(86_400, Some(90_000)), Standing::LoggedIn);
    // A server may ask for days.
    check(cooling(-10, Some(400_000)), Standing::CoolingDown);
}

#[test]
fn the_time_that_a_server_asks_for_goes_before_the_usual_one() {
    let scene = Scene::new(with(
        record(3000),
        json!({ "last_status": "exhausted", "last_status_at": at(-7200), "last_error_code": 429, "last_error_reset_at": at(90) }),
    ));
    assert_eq!(scene.status().standing, Standing::CoolingDown);
    assert!(scene.status().reason.unwrap().contains("for 2 min after HTTP status 429"));
    let rejected = Rejected { sha256: "", status: 429, retry_after: Some(Duration::from_secs(90)) };
    assert!(rejected.is_limit() && !Rejected { status: 403, ..rejected }.is_limit());
}

#[test]
fn a_credential_that_only_a_login_helps_makes_way_when_it_has_ended() {
    let mark = json!({ "code": "refresh_failed", "message": "spent", "relogin_required": true });
    let scene = Scene::new(with(record(-5), json!({ "last_auth_error": mark })));
    add(&scene, Some("work"), &grant("w1", Some("s1")));
    assert_eq!(scene.token(), "w1");
    assert_eq!(standings(&scene), [Standing::LoggedIn, Standing::ReloginRequired]);
}

#[test]
fn a_renewal_of_one_leaves_the_others_as_they_are() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    add(&scene, Some("work"), &grant("w1", Some("s1")));
    let before = scene.file()["credential_pool"]["acme"][1].clone();
    assert_eq!(scene.token(), "a2");
    assert_eq!(scene.file()["credential_pool"]["acme"][1], before);
    assert_eq!(scene.file()["credential_pool"]["acme"][0]["access_token"], "a2", "the copy follows");
}

#[test]
fn one_is_removed_and_the_last_takes_the_provider_with_it() {
    let scene = two();
    remove_one(&scene.store(), &scene.provider, &slot(&scene, "main")).unwrap();
    assert_eq!(scene.token(), "w1");
    assert_eq!(scene.file()["active_provider"], "acme");
    remove_one(&scene.store(), &scene.provider, &slot(&scene, "work")).unwrap();
    let file = scene.file();
    assert_eq!(file["active_provider"], Value::Null);
    assert!(!file.to_string().contains("w1") && file.get("hermes_engine_rows").is_none(), "{file}");
}

#[test]
fn what_hermes_agent_drops_from_a_row_is_kept_beside_it() {
    let scene = two();
    let mut file = scene.file();
    let row = &mut file["credential_pool"]["acme"][0];
    for dropped in ["origins", "generation"] {
        row.as_object_mut().unwrap().remove(dropped);
    }
    std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
    let origins = slot(&scene, "work").made.origins.unwrap();
    assert_eq!(origins.0, ["https://auth.example", "https://api.example"]);
}
