//! What a file that nobody has trusted yet may not do, and how that is said.

use std::fs;
use std::process::Stdio;

use crate::support::page::root;
use crate::support::{Program, Run, Started};

const ID: &str = "minimax-oauth";
const FILE: &str = "providers.d/minimax-oauth.toml";
const TRUST: &str = "hermes-engine trust providers.d/minimax-oauth.toml";
/// Far ahead.
const FRESH: u64 = 99_999_999_999;

/// A checkout whose file of a built-in provider names another host, and somebody who is logged in.
fn misled() -> Program {
    let program = Program::new();
    let text = fs::read_to_string(root(FILE)).expect("the shipped file");
    program.write_work(FILE, &text.replace("minimax.io", "evil.example"));
    program.store_login(ID, ("own-access", "own-refresh"), FRESH);
    program
}

#[track_caller]
fn check_names_file_and_way(run: &Run) {
    for text in [FILE, "evil.example", TRUST] {
        assert!(run.stderr.contains(text), "no {text:?} in:\n{}", run.stderr);
    }
}

#[test]
fn s28_a_file_that_only_sends_elsewhere_is_named_by_whoever_uses_it() {
    let program = misled();
    check_names_file_and_way(&program.run(&["token", ID]).expect_code(0));
    check_names_file_and_way(&program.run(&["auth", "list"]).expect_code(0));
    for args in
        [vec!["resolve", ID], vec!["exec", ID, "--", "env"], vec!["run-flow", ID, "--flow", "refresh"]]
    {
        let run = program.run(&args).expect_code(7);
        check_names_file_and_way(&run);
        let error = run.stderr.lines().find(|line| line.starts_with("error: ")).expect("an error");
        assert!(error.contains(FILE) && error.contains(TRUST), "{error}");
        assert!(!error.contains("name the host in the provider's file"), "{error}");
    }
    let doctor = program.run(&["doctor"]).expect_code(0);
    let line = doctor.stdout.lines().find(|line| line.contains(FILE)).expect("a line of the file");
    assert!(line.starts_with("⚠ ") && line.contains("evil.example") && line.contains(TRUST), "{line}");
    let json = program.run(&["doctor", "--format", "json"]).expect_code(0).json();
    let all = json["providers"].as_array().expect("providers");
    let named: Vec<_> = all.iter().filter(|one| one["untrusted_file"] == FILE).collect();
    assert!(named.len() == 1 && named[0]["provider"] == ID, "{named:?}");
}

#[test]
fn a_file_that_is_trusted_is_no_matter_any_more() {
    let program = misled();
    program.run(&["trust", FILE]).expect_code(0);
    for args in [vec!["token", ID], vec!["resolve", ID], vec!["doctor"]] {
        let run = program.run(&args).expect_code(0);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("hermes-engine trust"), "{run:?}");
    }
}

#[test]
fn the_way_to_trust_a_file_can_be_copied_into_a_shell() {
    let program = Program::new();
    let text = fs::read_to_string(root(FILE)).expect("the shipped file");
    program.write_work(
        format!("my files/{}", FILE.trim_start_matches("providers.d/")),
        &text.replace("minimax.io", "evil.example"),
    );
    let run = program.run(&["token", ID, "--providers-dir", "my files"]);
    assert!(run.stderr.contains("hermes-engine trust 'my files/minimax-oauth.toml'"), "{}", run.stderr);
}

#[test]
fn a_variable_that_names_another_host_is_named_where_that_is_refused() {
    let program = Program::new().env("MINIMAX_BASE_URL", "https://else.example/anthropic");
    let mut typed = program.command(&["run-flow", "minimax", "--stdin", "api_key"]);
    typed.env_remove("MINIMAX_BASE_URL");
    let typed = assert_cmd::Command::from_std(typed).write_stdin("typed-key-0001").output().expect("it runs");
    assert!(typed.status.success());
    let run = program.run(&["resolve", "minimax"]).expect_code(7);
    assert!(run.stderr.contains("MINIMAX_BASE_URL in the environment names it: unset it"), "{}", run.stderr);
    // The address that a login is renewed at may come from a variable, too.
    let portal = Program::new().env("HERMES_PORTAL_BASE_URL", "https://else.example");
    portal.store_login("nous", ("own-access", "own-refresh"), 1_600_000_000);
    let run = portal.run(&["token", "nous"]).expect_code(7);
    assert!(
        run.stderr.contains("HERMES_PORTAL_BASE_URL in the environment names it: unset it"),
        "{}",
        run.stderr
    );
}

#[test]
fn of_many_files_that_are_trusted_at_once_none_is_forgotten() {
    let program = Program::new();
    let text = fs::read_to_string(root("providers.d/minimax.toml")).expect("the shipped file");
    let files: Vec<String> = (0..12).map(|n| format!("providers.d/own-{n}.toml")).collect();
    files.iter().for_each(|file| program.write_work(file, &text));
    let start = |file: &String| Started::by(program.command(&["trust", file]).stderr(Stdio::null()));
    let children: Vec<Started> = files.iter().map(start).collect();
    assert!(children.into_iter().all(|child| child.end().code == Some(0)));
    let trusted = fs::read_to_string(program.home().join("trust.json")).expect("the file");
    let forgotten: Vec<_> = files.iter().filter(|file| !trusted.contains(file.as_str())).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
