//! A login that could not be stored does not begin.

use std::fs;

use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

/// Somebody logs in, in every way there is, and nothing is asked of the server or the person.
#[track_caller]
fn check_begins_nothing(spoil: impl Fn(&Program), said: &str) {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    spoil(&program);
    for args in [vec!["run-flow", ID], vec!["auth", "add", ID], vec!["run-flow", ID, "--if-needed"]] {
        let run = program.run(&args).expect_code(8);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("Starting login"), "{args:?}: {}", run.stderr);
    }
    let run = program.run_with(&["run-flow", "minimax", "--stdin", "api_key"], "typed-key-0001");
    assert!(run.expect_code(8).stderr.contains(said));
    assert_eq!(server.counts().code, 0);
}

#[test]
fn a_login_whose_store_is_damaged_does_not_begin() {
    let damage = |program: &Program| program.write_home("auth.json", "{broken");
    check_begins_nothing(damage, "auth.json is damaged");
}

#[test]
fn a_login_whose_home_can_t_be_written_does_not_begin() {
    // Not by permissions: they keep no superuser out, and tests run as one in containers.
    check_begins_nothing(|program| program.write_home("locks", "in the way"), "locks");
    check_begins_nothing(|program| program.write_home("auth.lock/in-the-way", ""), "auth.lock");
}

#[test]
fn a_simulated_login_and_one_that_is_recorded_need_no_store() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    program.write_home("auth.json", "{broken");
    program.run_bare(&["run-flow", ID, "--simulate"]).expect_code(0);
    program.run(&["test", "--record", ID]).expect_code(0);
    let left = fs::read_to_string(program.home().join("auth.json")).expect("the file");
    assert_eq!(left, "{broken");
}
