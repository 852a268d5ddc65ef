//! F3, F9, F9b: answers of real servers to a renewal, and what must not be lost or repeated by them.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{ACME, Scene, provider, record, with};
use super::server::{Reply, Server};
use crate::clock;
use crate::credential::{Standing, reset};

fn answering(answer: Value) -> Server {
    Server::start(move |_, _| Reply::Json(200, answer.to_string()))
}

#[test]
fn f3_an_unusable_extra_of_a_good_answer_is_a_warning() {
    for (extra, value) in
        [("expires_in", json!(-1)), ("expires_in", json!("never")), ("refresh_token", json!("r2\n"))]
    {
        let mut answer =
            json!({ "access_token": "a2-of-this-login", "refresh_token": "r2", "expires_in": 3600 });
        answer[extra] = value.clone();
        let server = answering(answer);
        let scene = Scene::new(record(-5)).at(&server);
        let credential = scene.ask().unwrap();
        assert_eq!(credential.access_token.expose_secret(), "a2-of-this-login", "{extra}: {value}");
        assert_eq!(
            credential.warnings.len(),
            usize::from(extra == "expires_in"),
            "{:?}",
            credential.warnings
        );
        assert_eq!(scene.stored()["refresh_token"], "r2");
        assert_eq!((scene.token(), server.count()), ("a2-of-this-login".to_owned(), 1), "it serves on");
    }
}

#[test]
fn f3_an_answer_that_the_file_can_not_read_is_kept_told_and_used_once_it_can() {
    let server =
        answering(json!({ "access_token": "a2-of-this-login", "refresh_token": "r2", "token_type": "DPoP" }));
    let mut scene = Scene::new(record(-5)).at(&server);
    for _ in 0..3 {
        let trouble = scene.trouble();
        assert_eq!(trouble.code.as_str(), "bad_answer");
        assert!(trouble.to_string().contains("`token_type`"), "{trouble}");
        let help = trouble.help.unwrap();
        assert!(help.contains("kept in the journal") && help.contains("auth reset acme"), "{help}");
    }
    assert_eq!(server.count(), 1, "what has been answered is not asked again");
    let status = scene.status();
    assert_eq!(status.standing, Standing::AnswerUnread);
    assert!(!status.standing.is_usable() && status.reason.unwrap().contains("`token_type`"));
    scene.provider = provider(&ACME.replace("[states.success]", "[states.success]\ntoken_type = \"DPoP\""));
    assert_eq!((scene.token().as_str(), server.count()), ("a2-of-this-login", 1));
    assert_eq!(scene.status().standing, Standing::LoggedIn);
    assert!(scene.stored().get("unread_answer").is_none());
}

#[test]
fn f3_a_success_in_another_shape_is_kept_too() {
    let server = answering(json!({ "data": { "access_token": "a2-of-this-login", "refresh_token": "r2" } }));
    let mut scene = Scene::new(record(-5)).at(&server);
    scene.trouble();
    let moved = ACME
        .replace("exists = [\"$.access_token\"] }, to = \"success\" },\n  { if = { \"$.error\"", "exists = [\"$.data.access_token\"] }, to = \"success\" },\n  { if = { \"$.error\"")
        .replace("[states.success]", "[states.success]\naccess_token = \"$.data.access_token\"\nrefresh_token = \"$.data.refresh_token\"");
    scene.provider = provider(&moved);
    assert_eq!((scene.token().as_str(), server.count()), ("a2-of-this-login", 1));
}

#[test]
fn f3_a_reset_drops_the_kept_answer_and_asks_the_server_again() {
    let server = Server::start(|before, _| {
        let token_type = if before == 0 { "DPoP" } else { "Bearer" };
        let answer =
            json!({ "access_token": "a2-of-this-login", "refresh_token": "r2", "token_type": token_type });
        Reply::Json(200, answer.to_string())
    });
    let scene = Scene::new(record(-5)).at(&server);
    scene.trouble();
    assert!(reset(&scene.store(), "acme", None).unwrap());
    assert_eq!((scene.token().as_str(), server.count()), ("a2-of-this-login", 2));
}

#[test]
fn f3_an_error_or_a_page_with_status_200_is_not_kept() {
    for body in [r#"{"error":"temporarily_unavailable"}"#, "<html>log in</html>", r#"{"message":"later"}"#] {
        let server = Server::start(move |_, _| Reply::Json(200, body.to_owned()));
        let scene = Scene::new(record(-5)).at(&server);
        scene.trouble();
        assert_eq!(scene.status().standing, Standing::Refreshable, "{body}");
        assert!(scene.stored().get("unread_answer").is_none());
    }
}

#[test]
fn f9_a_server_that_asks_to_wait_is_left_alone_for_so_long() {
    let busy = || Server::start(|_, _| Reply::With(429, "retry-after: 600\r\n".to_owned(), "{}".to_owned()));
    let server = busy();
    let scene = Scene::new(record(-5)).at(&server);
    let trouble = scene.trouble();
    assert_eq!(trouble.facts.retry_after, Some(Duration::from_secs(600)));
    assert!(trouble.help.unwrap().contains("10 min"));
    let pause = scene.store().read().unwrap().record("acme").unwrap().pause().unwrap();
    let left = pause.until.0 - clock::wall().0;
    assert!((590_000..=600_000).contains(&left), "{left}");
    let again = scene.trouble();
    assert!(again.to_string().contains("the next is in"), "{again}");
    assert_eq!(server.count(), 1);
    // A clock that was set back by a day since makes nobody wait for a day.
    let set_back = json!({ "refresh_pause": { "until": super::scene::at(86_000), "since": super::scene::at(85_400), "code": "refresh_failed", "message": "busy" } });
    let server = busy();
    Scene::new(with(record(-5), set_back)).at(&server).trouble();
    assert_eq!(server.count(), 1);
}

#[test]
fn f9b_a_wrong_clock_here_spends_no_refresh_token_every_ten_seconds() {
    let file = ACME.replace("\"$.expires_in\", unit = \"s\"", "\"$.exp\", unit = \"unix\"");
    // The server's clock is an hour behind: its token has 15 minutes left there, and has expired here.
    let server = Server::start(|before, _| {
        let there = clock::wall().0 / 1000 - 3600;
        let date = jiff::Timestamp::from_second(there).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT");
        let body = json!({ "access_token": format!("a{}-of-this-login", before + 2), "refresh_token": "r2", "exp": there + 900 });
        Reply::With(200, format!("date: {date}\r\n"), body.to_string())
    });
    let mut scene = Scene::new(record(-5)).at(&server);
    scene.provider = provider(&file);
    let credential = scene.ask().unwrap();
    assert!(
        credential.warnings.iter().any(|said| said.contains("differs from the server's by 1 h")),
        "{:?}",
        credential.warnings
    );
    for _ in 0..3 {
        assert_eq!(scene.token(), "a2-of-this-login");
    }
    assert_eq!(server.count(), 1);
}

#[test]
fn f9b_a_token_that_is_dead_at_birth_is_served() {
    let server =
        answering(json!({ "access_token": "a2-of-this-login", "refresh_token": "r2", "expires_in": 0 }));
    let scene = Scene::new(record(-5)).at(&server);
    assert_eq!(scene.ask().unwrap().warnings.len(), 1);
    assert_eq!((scene.token().as_str(), server.count()), ("a2-of-this-login", 1));
}
