//! A process that is killed, or asked to stop, in the middle of a renewal.

use std::process::{Child, Command};
use std::sync::{Arc, Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::super::Error;
use super::journal::{beside, row, work};
use super::scene::{ACME, Scene, record, tokens};
use super::server::{Reply, Server};
use crate::home::Home;
use crate::store::{FileStore, MAIN};

const HOME: &str = "HERMES_ENGINE_TEST_HOME";
const SERVER: &str = "HERMES_ENGINE_TEST_SERVER";

/// What a child process does; by itself it is no test.
#[test]
#[ignore = "started by the tests of this file"]
#[expect(clippy::exit, reason = "its parent reads the code")]
fn child() {
    let (Ok(home), Ok(server)) = (std::env::var(HOME), std::env::var(SERVER)) else { return };
    let scene = Scene { server: Some(server.parse().unwrap()), ..Scene::empty(ACME) };
    let code = match scene.ask_at(&FileStore::open(Home::at(home))) {
        Ok(_) => 0,
        Err(Error::Interrupted) => 130,
        Err(Error::Trouble(_)) => 1,
    };
    std::process::exit(code);
}

/// Runs a child that gets a signal between its request and the answer. Its exit code, if it had one.
fn run(scene: &Scene, signal: Signal) -> (Option<i32>, Server) {
    let pid: Arc<OnceLock<Pid>> = Arc::new(OnceLock::new());
    let killed = pid.clone();
    let first = Mutex::new(true);
    let server = Server::start(move |_, body| {
        if std::mem::take(&mut *first.lock().unwrap()) {
            kill_process(*killed.wait(), signal).unwrap();
        }
        match body.contains("refresh_token=s1") {
            true => Reply::Json(200, json!({ "access_token": "w2", "refresh_token": "s2" }).to_string()),
            false => Reply::Json(200, tokens(2)),
        }
    });
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "credential::tests::kill::child", "--ignored", "--nocapture"])
        .env(HOME, scene.home())
        .env(SERVER, server.address.to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    pid.set(Pid::from_raw(child.id().cast_signed()).unwrap()).unwrap();
    (child.wait().unwrap().code(), server)
}

#[test]
fn s33_a_signal_during_a_redeem_waits_for_the_commit() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = Scene::new(record(-5));
        let (code, server) = run(&scene, signal);
        assert_eq!((code, server.count()), (Some(130), 1), "{signal:?}");
        assert_eq!(scene.stored()["refresh_token"], "r2");
        assert!(!scene.store().is_unfinished("acme", MAIN));
    }
}

#[test]
fn s29_a_process_that_is_killed_after_its_request_leaves_a_journal_that_the_next_one_finishes() {
    let scene = Scene::new(record(-5));
    let (code, server) = run(&scene, Signal::KILL);
    assert_eq!((code, server.count()), (None, 1));
    assert_eq!(scene.stored()["refresh_token"], "r1");
    assert!(scene.store().is_unfinished("acme", MAIN));
    let scene = scene.at(&server);
    assert_eq!(scene.token(), "a2");
    assert_eq!(scene.stored()["refresh_token"], "r2");
}

#[test]
fn s29_two_accounts_of_a_provider_renew_each_their_own_across_a_kill() {
    let scene = beside(record(-5), &[work(-5)]);
    let (code, server) = run(&scene, Signal::KILL);
    assert_eq!((code, server.count()), (None, 1));
    let mut scene = scene.at(&server);
    scene.only = Some("work".to_owned());
    assert_eq!(scene.token(), "w2");
    assert!(scene.store().is_unfinished("acme", MAIN), "who was killed is not forgotten over it");
    scene.only = Some(MAIN.to_owned());
    assert_eq!((scene.token(), server.count()), ("a2".to_owned(), 3));
    assert_eq!(
        (&scene.stored()["refresh_token"], &row(&scene, 0)["refresh_token"]),
        (&json!("r2"), &json!("s2"))
    );
    assert!(!scene.store().is_unfinished("acme", MAIN) && !scene.store().is_unfinished("acme", "work"));
}
