//! Shipped providers, unchanged, against servers that were made from their files; and a login against MiniMax's stand-in.

use std::io::BufRead as _;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{MinimaxServer, Program, Started};

/// The providers of the catalogue that can be logged in to.
fn active(program: &Program) -> Vec<String> {
    let list = program.run(&["providers", "list", "--format", "json"]).expect_code(0).json();
    let all = list["providers"].as_array().expect("a list").iter();
    let active = all.filter(|provider| provider["status"] != "discontinued");
    active.map(|provider| provider["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn every_shipped_provider_logs_in_to_its_simulation_and_stores_nothing() {
    let program = Program::new();
    let ids = active(&program);
    assert!(ids.len() > 2, "{ids:?}");
    // Each waits for its pace, so they wait together.
    std::thread::scope(|scope| {
        for id in &ids {
            let program = &program;
            scope.spawn(move || {
                let run = program.run(&["run-flow", id, "--simulate"]);
                assert_eq!(run.code, Some(0), "{id}:\n{}", run.stderr);
            });
        }
    });
    assert_eq!(program.auth(), None);
}

#[test]
fn every_login_can_be_recorded_as_a_test_that_passes_and_tells_no_secret() {
    let program = Program::new();
    let ids = active(&program);
    std::thread::scope(|scope| {
        for id in &ids {
            let program = &program;
            scope.spawn(move || {
                let run = program.run(&["test", id, "--record", "--simulate"]);
                assert_eq!(run.code, Some(0), "{id}:\n{}\n{}", run.stderr, run.stdout);
                // What the simulated server gives out says so in its first letters.
                assert!(!run.stdout.contains("sim_"), "{id}:\n{}", run.stdout);
            });
        }
    });
    assert_eq!(program.auth(), None);
    let denied = program.run(&["test", "minimax-oauth", "--record", "--simulate=deny"]).expect_code(0);
    assert!(denied.stdout.contains("code = \"authorization_denied\""), "{}", denied.stdout);
}

#[test]
fn a_test_that_records_nothing_takes_no_options_of_a_login() {
    let program = Program::new();
    let run = program.run(&["test", "minimax-oauth", "--region", "cn"]).expect_code(2);
    assert!(run.stderr.contains("add --record"), "{}", run.stderr);
    let run = program.run(&["test", "--record"]).expect_code(2);
    assert!(run.stderr.contains("name it"), "{}", run.stderr);
}

#[test]
fn a_server_that_breaks_off_in_the_middle_of_an_answer_is_simulated_without_a_word_of_its_own() {
    let program = Program::new();
    let run = program.run(&["run-flow", "minimax-oauth", "--simulate=hiccup"]).expect_code(0);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn only_a_login_is_simulated() {
    let program = Program::new();
    for flow in ["refresh", "logout", "verify"] {
        let run = program.run(&["run-flow", "minimax-oauth", "--flow", flow, "--simulate"]).expect_code(2);
        assert!(
            run.stderr.contains("`hermes-engine simulate minimax-oauth` serve in another terminal"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn each_way_a_login_can_end_has_its_exit_code() {
    let program = Program::new();
    for (scenario, code) in [
        ("deny", 4),
        ("bad-state", 7),
        ("redirect-away", 7),
        ("missing-field", 4),
        ("wrong-type", 0),
        ("redirect", 0),
    ] {
        let run = program.run(&["run-flow", "minimax-oauth", &format!("--simulate={scenario}")]);
        assert_eq!(run.code, Some(code), "{scenario}:\n{}", run.stderr);
    }
    let run = program.run(&["run-flow", "minimax-oauth", "--simulate=denny"]).expect_code(2);
    assert!(run.stderr.contains("did you mean `deny`?"), "{}", run.stderr);
}

/// Starts `simulate` on a free port, and reads the options that a client needs.
fn standalone(program: &Program, args: &[&str]) -> (Started, String) {
    let mut command = program.command(&[&["simulate"], args].concat());
    let mut server = Started::by(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut line = String::new();
    server.stdout().read_line(&mut line).expect("a line");
    (server, line)
}

#[test]
fn a_login_goes_to_a_simulator_in_another_process() {
    let program = Program::new().timeout(Duration::from_secs(90));
    let (_server, line) = standalone(&program, &["minimax-oauth", "--scenario", "approve"]);
    let options: Vec<&str> = line.split_whitespace().collect();
    assert!(options.contains(&"--connect-to"), "{options:?}");
    let login = [&["run-flow", "minimax-oauth", "--no-browser"], options.as_slice()].concat();
    program.run(&login).expect_code(0);
    let token = program.run(&[&["token", "minimax-oauth"], options.as_slice()].concat()).expect_code(0);
    assert!(token.stdout.starts_with("sim-access-"), "{}", token.stdout);
}

#[test]
fn the_shipped_file_logs_in_to_the_service_as_it_is_today() {
    let server = MinimaxServer::new().pending(1).redirecting().start();
    let program = Program::new().always(server.connect_to());
    let run = program.run(&["run-flow", "minimax-oauth", "--no-browser"]).expect_code(0);
    assert!(run.stderr.contains("MMAX-"), "the code is shown: {}", run.stderr);
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_eq!((server.counts().code, server.counts().poll), (1, 2));
    let token = program.run(&["token", "minimax-oauth"]).expect_code(0);
    assert!(server.knows_access_token(token.stdout.trim_end()));
    assert!(program.auth().is_some(), "the login is kept");
}
