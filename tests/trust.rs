//! Who vouches for a provider file, and how the user comes to trust one.

use std::fs;

use crate::support::page::root;
use crate::support::{Program, Run};

/// A provider that is no built-in one.
const ACME: &str = r#"
name   = "Acme"
start  = { login = "success" }
models = ["m"]

[inputs.api_key]
from   = [{ env = "ACME_API_KEY" }]
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/v1"
"#;

/// What it says, a line for each value.
const LINES: [&str; 9] = [
    r#"api.base_url = "https://api.acme.example/v1""#,
    r#"api.mode = "chat_completions""#,
    r#"inputs.api_key.from[0].env = "ACME_API_KEY""#,
    "inputs.api_key.secret = true",
    r#"models[0].id = "m""#,
    r#"name = "Acme""#,
    r#"start.login = "success""#,
    r#"states.success.access_token = "{{api_key}}""#,
    "",
];

const FILE: &str = "providers.d/acme.toml";
const KEY: &str = "key-123456";

/// The hash of what a file says, as `trust` shows it at a terminal.
fn hash_of(id: &str, lines: &[&str]) -> String {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    for line in std::iter::once(&id).chain(lines.iter().filter(|line| !line.is_empty())) {
        hash.update((line.len() as u64).to_be_bytes());
        hash.update(line);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A checkout with a provider of its own, and a key that it reads.
fn checkout() -> Program {
    let program = Program::new().env("ACME_API_KEY", KEY);
    program.write_work(FILE, ACME);
    program
}

#[track_caller]
fn check_refused(run: &Run) {
    assert_eq!(run.code, Some(7), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    let error = run.stderr.lines().last().unwrap_or_default();
    assert!(error.starts_with("error: `providers.d/acme.toml` is not trusted"), "{error}");
    assert!(!run.stderr.contains("hermes-engine trust") && !run.stderr.contains(KEY), "{error}");
}

fn trust(program: &Program, what: &str, hash: &str) -> Run {
    program.run(&["trust", what, "--yes", "--sha256", hash])
}

#[test]
fn s28_a_file_is_used_once_its_content_is_trusted_and_no_longer_than_that() {
    let program = checkout();
    check_refused(&program.run(&["token", "acme"]));
    trust(&program, FILE, &hash_of("acme", &LINES)).expect_code(0);
    assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, format!("{KEY}\n"));
    program.write_work(FILE, &ACME.replace("api.acme", "evil.acme"));
    check_refused(&program.run(&["token", "acme"]));
}

#[test]
fn s28_trust_shows_everything_and_grants_nothing_where_nobody_can_be_asked() {
    let program = checkout();
    let run = program.run(&["trust", FILE]).expect_code(7);
    for shown in
        ["adds the provider `acme`", "reads the variable `ACME_API_KEY`", "sends to https://api.acme.example"]
    {
        assert!(run.stderr.contains(shown), "{shown}: {}", run.stderr);
    }
    let hash = hash_of("acme", &LINES);
    assert!(!run.stderr.contains(&hash) && !run.stderr.contains("--yes"), "{}", run.stderr);
    let other = trust(&program, FILE, &"0".repeat(64)).expect_code(7);
    assert!(!other.stderr.contains(&hash), "{}", other.stderr);
    assert!(!program.home().exists(), "nothing was written");
    check_refused(&program.run(&["token", "acme"]));
}

#[test]
fn s28_what_is_trusted_is_listed_and_taken_back() {
    let program = checkout();
    let hash = hash_of("acme", &LINES);
    trust(&program, FILE, &hash).expect_code(0);
    let list = program.run(&["trust", "--list"]).expect_code(0).stdout;
    assert!(list.contains(FILE) && list.contains(&hash) && list.contains("api.acme.example"), "{list}");
    program.run(&["untrust", FILE]).expect_code(0);
    check_refused(&program.run(&["token", "acme"]));
    program.run(&["untrust", FILE]).expect_code(2);
}

#[test]
fn s28_a_file_that_says_what_the_built_in_one_says_needs_no_trust() {
    let program = Program::new();
    let file = "providers.d/openrouter.toml";
    let text = fs::read_to_string(root(file)).expect("the shipped file");
    program.write_work(file, &text.replacen("OpenRouter", "My router", 1));
    let run = program.run(&["token", "openrouter"]).expect_code(3);
    assert!(!run.stderr.contains("trusted"), "{}", run.stderr);
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
