//! A journal is of one account: what is left of one is nothing for another.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::*;
use super::recover::{answer, intent, is_finished, leave};
use super::scene::{Scene, record, single_use, tokens, with};
use super::server::{Reply, Server};
use crate::clock;
use crate::store::{Intent, MAIN};

/// A scene with the provider's record, and rows of the pool beside it.
pub(super) fn beside(main: Value, rows: &[Value]) -> Scene {
    let mut scene = Scene::new(main);
    scene.vouched = Some(scene.provider.clone());
    let mut file = scene.file();
    file["credential_pool"]["acme"] = json!(rows);
    std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
    scene
}

fn key(id: &str) -> Value {
    json!({ "id": id, "auth_type": "api_key", "source": "manual", "priority": -1, "access_token": "PLAIN-KEY-1" })
}

pub(super) fn work(left: i64) -> Value {
    json!({
        "id": "work", "label": "work", "auth_type": "oauth", "source": "manual:device_code", "priority": 1,
        "access_token": "w1", "refresh_token": "s1", "expires_at_ms": clock::wall().0 + left * 1000,
    })
}

pub(super) fn row(scene: &Scene, n: usize) -> Value {
    scene.file()["credential_pool"]["acme"][n].clone()
}

#[test]
fn a_key_that_is_tried_first_is_not_taken_for_the_login_that_a_journal_is_of() {
    for slot in [Some(MAIN.to_owned()), None] {
        let server = single_use();
        let mut scene = beside(record(-5), &[key("bbbbbb")]).at(&server);
        let before = row(&scene, 0);
        leave(&scene, &Intent { slot, ..intent(0, "r1") }, &[answer(200, &tokens(2), 1)]);
        assert_eq!(scene.token(), "PLAIN-KEY-1");
        scene.only = Some(MAIN.to_owned());
        assert_eq!(scene.token(), "a2");
        assert_eq!((row(&scene, 0), scene.stored()["refresh_token"].clone()), (before, json!("r2")));
        assert_eq!((server.count(), is_finished(&scene)), (0, true));
    }
}

#[test]
fn a_key_is_not_taken_for_a_login_that_was_wiped() {
    let wiped = with(record(-5), json!({ "access_token": null, "refresh_token": null }));
    let mut scene = beside(wiped, &[key("main2")]);
    leave(
        &scene,
        &Intent { slot: Some("main2".to_owned()), ..intent(0, "r1") },
        &[answer(200, &tokens(2), 1)],
    );
    scene.only = Some("main2".to_owned());
    assert_eq!(scene.token(), "PLAIN-KEY-1");
    assert_eq!(row(&scene, 0), key("main2"));
}

#[test]
fn the_journal_of_one_account_outlives_the_renewal_of_another() {
    let server = Server::start(|_, body| match body.contains("refresh_token=s1") {
        true => Reply::Json(200, json!({ "access_token": "w2", "refresh_token": "s2" }).to_string()),
        false => Reply::Json(500, "{}".to_owned()),
    });
    let mut scene = beside(record(-5), &[work(-5)]).at(&server);
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    scene.only = Some("work".to_owned());
    assert_eq!((scene.token(), server.count()), ("w2".to_owned(), 1));
    assert!(!is_finished(&scene), "its answer is the only successor of r1");
    scene.only = Some(MAIN.to_owned());
    assert_eq!((scene.token(), server.count()), ("a2".to_owned(), 1));
    assert_eq!(
        (scene.stored()["refresh_token"].clone(), row(&scene, 0)["refresh_token"].clone()),
        (json!("r2"), json!("s2"))
    );
    assert!(is_finished(&scene));
}

#[test]
fn two_accounts_that_were_cut_off_are_each_finished_with_their_own_answer() {
    for order in [[MAIN, "work"], ["work", MAIN]] {
        let server = Server::start(|_, _| Reply::Json(500, "{}".to_owned()));
        let mut scene = beside(record(-5), &[work(-5)]).at(&server);
        let of_work = json!({ "access_token": "w2", "refresh_token": "s2", "expires_in": 3600 }).to_string();
        leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
        leave(
            &scene,
            &Intent { slot: Some("work".to_owned()), ..intent(0, "s1") },
            &[answer(200, &of_work, 1)],
        );
        for name in order {
            scene.only = Some(name.to_owned());
            assert_eq!(scene.token(), if name == MAIN { "a2" } else { "w2" });
        }
        assert_eq!(server.count(), 0);
        assert_eq!(std::fs::read_dir(scene.home().join("journal")).unwrap().count(), 0);
    }
}

#[test]
fn who_asks_for_one_account_is_never_given_the_token_of_another_that_can_t_be_stored() {
    // While a commit fails, what was recovered is handed out unstored: to who asked for it, and nobody else.
    let mut scene = beside(record(-5), &[work(3000)]);
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    scene.only = Some("work".to_owned());
    scene.min_ttl = Some(Duration::from_secs(3500));
    std::fs::create_dir(scene.home().join("auth.lock")).unwrap();
    assert_eq!(scene.token(), "w1");
    scene.only = Some(MAIN.to_owned());
    assert_eq!(scene.token(), "a2");
    assert!(!is_finished(&scene));
}

#[test]
fn a_journal_that_does_not_say_whose_it_is_is_finished_by_the_account_whose_token_it_spent() {
    let server = Server::start(|_, _| Reply::Json(500, "{}".to_owned()));
    let mut scene = beside(record(3000), &[work(-5)]).at(&server);
    let of_work = json!({ "access_token": "w2", "refresh_token": "s2", "expires_in": 3600 }).to_string();
    leave(&scene, &Intent { slot: None, ..intent(0, "s1") }, &[answer(200, &of_work, 1)]);
    assert_eq!(scene.token(), "a1");
    assert_eq!(scene.stored()["refresh_token"], "r1");
    scene.only = Some("work".to_owned());
    assert_eq!((scene.token(), row(&scene, 0)["refresh_token"].clone()), ("w2".to_owned(), json!("s2")));
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
}

#[test]
fn a_login_and_a_removal_take_the_journal_of_their_own_account_and_no_other() {
    let scene = beside(record(-5), &[work(-5)]);
    let slot = |name: &str| {
        let all = credentials(&scene.snapshot(), &scene.provider);
        all.into_iter().find(|slot| slot.is_called(name)).unwrap()
    };
    let left = || {
        let all = std::fs::read_dir(scene.home().join("journal")).unwrap();
        let mut names: Vec<_> = all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    leave(
        &scene,
        &Intent { slot: Some("work".to_owned()), ..intent(0, "s1") },
        &[answer(200, &tokens(9), 1)],
    );
    assert_eq!(left(), ["acme", "acme.work"]);
    remove_one(&scene.store(), &scene.provider, &slot("work")).unwrap();
    assert_eq!(left(), ["acme"]);
    leave(&scene, &Intent { slot: Some("other".to_owned()), ..intent(0, "s1") }, &[]);
    let grant = super::made::grant("new", Some("fresh"));
    let login = Login {
        provider: &scene.provider,
        grant: &grant,
        inputs: &scene.inputs,
        label: None,
        priority: None,
    };
    save_login(&scene.store(), &login, Duration::MAX).unwrap();
    assert_eq!(left(), ["acme.other"]);
    assert!(remove(&scene.store(), "acme").unwrap());
    assert_eq!(left(), [""; 0]);
}
