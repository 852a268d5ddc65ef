//! MiniMax's login against an independent server that behaves as the service does: each way in which it goes well, and
//! each in which it fails, with its code, its exit status and one helpful sentence, and nothing written.

use std::time::Duration;

use crate::support::minimax_server::{CodeFault, ExpiredIn, PollFault, RefreshFault, Rotation};
use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

#[track_caller]
fn succeeds(server: MinimaxServer, args: &[&str]) -> serde_json::Value {
    let server = server.start();
    let program = Program::new().always(server.connect_to());
    program.run(&[&["run-flow", ID], args].concat()).expect_code(0);
    assert_eq!(server.violations(), Vec::<String>::new());
    program.auth().expect("stored")["providers"][ID].clone()
}

#[track_caller]
fn fails(server: MinimaxServer, code: &str, exit: i32) -> String {
    let server = server.start();
    let program = Program::new().always(server.connect_to());
    let run = program.run(&["run-flow", ID, "--format", "json"]).expect_code(exit);
    let error = run.error_json()["error"].clone();
    assert_eq!(error["code"], code, "{}", run.stderr);
    assert_eq!(error["provider"], ID);
    assert!(error["help"].as_str().is_some_and(|help| !help.is_empty()), "no advice: {error}");
    assert!(program.auth().is_none(), "something was stored");
    error["message"].as_str().unwrap_or_default().to_owned()
}

/// The life of the stored token in minutes, as the clock on the wall counts it.
fn life(record: &serde_json::Value) -> i64 {
    record["expires_in"].as_i64().map_or(-1, |seconds| (seconds + 30) / 60)
}

#[test]
fn both_units_of_expired_in_are_the_same_moment() {
    for unit in [ExpiredIn::UnixMs, ExpiredIn::UnixSeconds, ExpiredIn::Seconds, ExpiredIn::SecondsAsText] {
        let server = MinimaxServer::new().expired_in(unit).token_life(Duration::from_secs(900));
        assert_eq!(life(&succeeds(server, &[])), 15, "{unit:?}");
    }
}

#[test]
fn pending_polls_hiccups_a_redirect_and_a_dead_page_end_in_a_login() {
    succeeds(MinimaxServer::new().pending(1).interval_ms(2000), &[]);
    succeeds(MinimaxServer::new().hiccups(&[500]), &[]);
    succeeds(MinimaxServer::new().redirecting_to("api.minimax.io").with_dead_page(), &[]);
    let record = succeeds(MinimaxServer::new(), &["--region", "cn"]);
    assert_eq!(record["portal_base_url"], "https://api.minimaxi.com");
    assert_eq!(record["inference_base_url"], "https://api.minimaxi.com/anthropic");
}

#[test]
fn a_login_that_can_not_begin_says_why() {
    fails(MinimaxServer::new().code_fault(CodeFault::Page500), "authorization_failed", 4);
    fails(MinimaxServer::new().code_fault(CodeFault::Rejected), "authorization_failed", 4);
    for fault in [CodeFault::NoUserCode, CodeFault::NoPage, CodeFault::NoExpiry, CodeFault::RateLimit] {
        fails(MinimaxServer::new().code_fault(fault), "authorization_incomplete", 4);
    }
}

#[test]
fn an_answer_of_somebody_else_is_refused() {
    fails(MinimaxServer::new().code_fault(CodeFault::OtherState), "state_mismatch", 7);
    fails(MinimaxServer::new().code_fault(CodeFault::NoState), "state_mismatch", 7);
    fails(MinimaxServer::new().code_fault(CodeFault::ForeignPage), "origin_refused", 7);
    let message = fails(MinimaxServer::new().redirecting_to("evil.example"), "redirected", 7);
    assert!(message.contains("evil.example"), "{message}");
}

#[test]
fn a_poll_that_fails_says_why() {
    fails(MinimaxServer::new().poll_fault(PollFault::Denied), "authorization_denied", 4);
    let message = fails(MinimaxServer::new().poll_fault(PollFault::Rejected), "token_exchange_failed", 4);
    assert!(message.starts_with("MiniMax OAuth error: "), "{message}");
    for fault in [PollFault::NoAccessToken, PollFault::NoRefreshToken, PollFault::NoExpiry] {
        fails(MinimaxServer::new().poll_fault(fault), "token_incomplete", 4);
    }
}

#[test]
fn a_login_that_nobody_approves_ends_at_the_deadline() {
    let slow = || MinimaxServer::new().never_approved().code_life(Duration::from_secs(1));
    fails(slow(), "timeout", 5);
}

#[test]
fn a_refresh_keeps_what_the_answer_does_not_renew() {
    for rotation in [Rotation::Absent, Rotation::Null, Rotation::Empty] {
        let server = MinimaxServer::new().rotation(rotation).start();
        let program = Program::new().always(server.connect_to());
        program.run(&["run-flow", ID]).expect_code(0);
        let before = program.auth().expect("stored");
        program.run(&["run-flow", ID, "--flow", "refresh"]).expect_code(0);
        let after = program.auth().expect("stored");
        let token = |auth: &serde_json::Value, name: &str| auth["providers"][ID][name].clone();
        assert_eq!(token(&before, "refresh_token"), token(&after, "refresh_token"), "{rotation:?}");
        assert_ne!(token(&before, "access_token"), token(&after, "access_token"), "{rotation:?}");
    }
}

#[test]
fn a_refresh_that_fails_takes_nothing_away() {
    let bad_days =
        [RefreshFault::RateLimit, RefreshFault::Page500, RefreshFault::TooMany, RefreshFault::NoAccessToken];
    let spent = [RefreshFault::InvalidGrant, RefreshFault::Reused, RefreshFault::InvalidIn200];
    for (fault, exit) in bad_days.map(|f| (f, 6)).into_iter().chain(spent.map(|f| (f, 3))) {
        let server = MinimaxServer::new().refresh_fault(fault, 9).start();
        let program = Program::new().always(server.connect_to());
        program.run(&["run-flow", ID]).expect_code(0);
        let before = program.auth().expect("stored");
        let run = program.run(&["run-flow", ID, "--flow", "refresh", "--format", "json"]).expect_code(exit);
        assert_eq!(run.error_json()["error"]["code"], "refresh_failed", "{fault:?}");
        assert_eq!(run.error_json()["error"]["relogin_required"], exit == 3, "{fault:?}");
        let after = program.auth().expect("stored");
        for name in ["access_token", "refresh_token", "expires_at"] {
            assert_eq!(before["providers"][ID][name], after["providers"][ID][name], "{fault:?}: {name}");
        }
    }
}
