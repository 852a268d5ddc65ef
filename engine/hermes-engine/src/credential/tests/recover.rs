use std::time::Duration;

use hermes_format::time::UnixMs;
use hermes_machine::machine::Response;
use serde_json::{Value, json};

use super::scene::{Scene, record, single_use, tokens, with};
use super::server::{Reply, Server};
use crate::clock;
use crate::store::{Answer, Intent, MAIN, sha256};

pub(super) fn intent(generation: u64, token: &str) -> Intent {
    Intent {
        slot: Some(MAIN.to_owned()),
        generation,
        refresh_token_sha256: Some(sha256(token)),
        started_at: clock::wall().0,
    }
}

pub(super) fn answer(status: u16, body: &str, seconds_ago: i64) -> Answer {
    let response = Response { status, headers: Vec::new(), body: body.into(), truncated: false };
    Answer::new("refresh", UnixMs(clock::wall().0 - seconds_ago * 1000), &response)
}

/// Leaves a journal behind, as a process that was killed.
pub(super) fn leave(scene: &Scene, intent: &Intent, answers: &[Answer]) {
    let left = scene.store().with_grant("acme", Duration::ZERO, |held| {
        let mut journal = held.journal(intent.slot.as_deref().unwrap_or(MAIN));
        journal.begin(intent).unwrap();
        answers.iter().for_each(|answer| journal.note(answer).unwrap());
    });
    left.unwrap();
}

pub(super) fn is_finished(scene: &Scene) -> bool {
    !scene.store().is_unfinished("acme", MAIN)
}

#[test]
fn an_answer_that_was_durable_is_committed_without_a_request() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 600)]);
    let credential = scene.ask().unwrap();
    assert_eq!(credential.access_token.expose_secret(), "a2");
    // An hour from when it arrived, not from now.
    let left = credential.expires_at.unwrap().0 - clock::wall().0;
    assert!((2_990_000..=3_000_000).contains(&left), "{left}");
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
    assert_eq!(scene.stored()["generation"], 1);
}

#[test]
fn a_journal_is_finished_even_while_the_old_token_is_fresh() {
    let server = single_use();
    let scene = Scene::new(record(3000)).at(&server);
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    assert_eq!(scene.token(), "a2");
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
}

#[test]
fn an_answer_is_committed_although_another_program_has_wiped_the_record() {
    let server = single_use();
    let wiped = with(record(-5), json!({ "access_token": null, "refresh_token": null, "expires_at": null }));
    let scene = Scene::new(wiped).at(&server);
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    assert_eq!(scene.token(), "a2");
    assert_eq!((server.count(), scene.stored()["refresh_token"].clone()), (0, json!("r2")));
}

#[test]
fn an_intent_alone_tries_the_token_once_more() {
    let server = single_use();
    let scene = Scene::new(record(3000)).at(&server);
    leave(&scene, &intent(0, "r1"), &[]);
    assert_eq!(scene.token(), "a2");
    assert_eq!((server.count(), is_finished(&scene)), (1, true));
}

#[test]
fn the_repeat_of_a_cut_off_attempt_is_not_repeated() {
    let server = Server::start(|_, _| Reply::HangUp);
    let scene = Scene::new(record(-5)).at(&server);
    leave(&scene, &intent(0, "r1"), &[]);
    scene.trouble();
    assert_eq!((server.count(), is_finished(&scene)), (1, true));
    assert_eq!(scene.stored()["refresh_token"], "r1");
}

#[track_caller]
fn check_dropped(record: Value, intent: &Intent) {
    let server = single_use();
    let scene = Scene::new(record).at(&server);
    leave(&scene, intent, &[answer(200, &tokens(7), 1)]);
    assert_eq!(scene.token(), "a1");
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
    assert_eq!(scene.stored()["refresh_token"], "r1");
}

#[test]
fn a_journal_of_a_grant_that_has_moved_is_dropped() {
    check_dropped(record(3000), &intent(0, "r0"));
    check_dropped(with(record(3000), json!({ "generation": 2 })), &intent(1, "r1"));
}

#[test]
fn a_journal_of_nobody_is_dropped() {
    let scene = Scene::new(json!(null));
    leave(&scene, &intent(0, "r1"), &[answer(200, &tokens(2), 1)]);
    assert_eq!(scene.trouble().code.as_str(), "not_logged_in");
    assert!(is_finished(&scene));
}

#[test]
fn a_refusal_that_was_durable_marks_the_record() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    leave(&scene, &intent(0, "r1"), &[answer(400, r#"{"error": "invalid_grant"}"#, 1)]);
    assert!(scene.trouble().relogin);
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
    assert_eq!(scene.stored()["last_auth_error"]["relogin_required"], true);
}

#[test]
fn half_a_journal_is_no_attempt() {
    let server = single_use();
    let scene = Scene::new(record(3000)).at(&server);
    leave(&scene, &intent(0, "r1"), &[]);
    let path = scene.home().join("journal/acme");
    let text = std::fs::read(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 5]).unwrap();
    assert_eq!(scene.token(), "a1");
    assert_eq!((server.count(), is_finished(&scene)), (0, true));
}

#[test]
fn what_was_never_a_journal_is_read_only_so_far_and_dropped() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    leave(&scene, &intent(0, "r1"), &[]);
    let path = scene.home().join("journal/acme");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(3 << 30).unwrap();
    assert_eq!((scene.token(), server.count(), is_finished(&scene)), ("a2".to_owned(), 1, true));
}

#[test]
fn what_stands_in_a_journal_s_place_is_to_be_removed() {
    type Put = fn(&std::path::Path);
    let puts: [Put; 2] =
        [|path| std::fs::create_dir(path).unwrap(), |path| std::os::unix::fs::symlink("x", path).unwrap()];
    for put in puts {
        let server = single_use();
        let scene = Scene::new(record(-5)).at(&server);
        std::fs::create_dir(scene.home().join("journal")).unwrap();
        put(&scene.home().join("journal/acme"));
        let trouble = scene.trouble();
        assert_eq!((trouble.code.as_str(), trouble.help.as_deref()), ("store_unreadable", Some("remove it")));
        assert!(trouble.message.contains("journal/acme"), "{}", trouble.message);
        assert_eq!(server.count(), 0);
    }
}

#[test]
fn somebody_else_at_work_does_not_keep_a_fresh_token_back() {
    let scene = Scene::new(record(3000));
    leave(&scene, &intent(0, "r1"), &[]);
    let held = scene.store().with_grant("acme", Duration::ZERO, |_| scene.token());
    assert_eq!(held.unwrap(), "a1");
    assert!(!is_finished(&scene));
}
