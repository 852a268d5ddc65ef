//! A provider is reached with its own credential or with none: never with what another provider's programs left about.

use std::collections::HashMap;
use std::process::Command;

use crate::support::minimax_server::{RefreshFault, Running};
use crate::support::{MinimaxServer, Program, Run};

/// What programs of the protocol's first provider leave in the environment, each with a marked value.
const FOREIGN: [&str; 4] =
    ["ANTHROPIC_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"];
/// The mark.
const MARK: &str = "sk-ant-foreign";
/// Long ago.
const EXPIRED: u64 = 1_600_000_000;

/// An endpoint of a person's own that speaks the same protocol at a path of the same name.
const CUSTOM: &str = r#"
name  = "Custom"
start = { login = "success" }

[inputs.api_key]
from   = [{ env = "CUSTOM_API_KEY" }]
prompt = "API key"
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "anthropic_messages"
base_url = "https://models.example.com/anthropic"
"#;

/// Somebody whose home and environment are full of another provider's credentials.
fn haunted(program: Program) -> Program {
    let claude = format!(
        r#"{{"claudeAiOauth":{{"accessToken":"{MARK}-file","refreshToken":"{MARK}-refresh","expiresAt":99999999999999}}}}"#
    );
    program.write_home("../.claude/.credentials.json", &claude);
    program.write_home("providers.d/custom.toml", CUSTOM);
    program.write_home(
        "providers.d/minimax-compatible.toml",
        &CUSTOM.replace("CUSTOM_API_KEY", "COMPATIBLE_KEY"),
    );
    FOREIGN.into_iter().fold(program, |program, name| program.env(name, format!("{MARK}-{name}")))
}

/// The variables that a child of `exec` is given.
fn child(program: &Program, id: &str, network: bool) -> (Run, HashMap<String, String>) {
    let args = ["exec", id];
    let run = match network {
        true => {
            let mut command: Command = program.command(&args);
            command.args(["--", "env"]);
            Run::of(&command.output().expect("the binary starts"))
        }
        false => program.run_bare(&["exec", id, "--", "env"]),
    };
    let variable = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = run.stdout.lines().filter_map(variable).collect();
    (run, variables)
}

#[track_caller]
fn check_no_foreign(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(MARK), "a foreign credential in:\n{text}");
    }
}

/// Every way to ask for a credential fails, and the child of `exec` is not even started.
#[track_caller]
fn check_has_none(program: &Program, id: &str, code: i32) {
    for args in [
        vec!["token", id],
        vec!["resolve", id],
        vec!["resolve", id, "--as", "header"],
        vec!["resolve", id, "--as", "env"],
        vec!["exec", id, "--", "env"],
    ] {
        let run = program.run_bare(&args).expect_code(code);
        check_no_foreign(&run);
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

/// Every way to ask for a credential gives this one.
#[track_caller]
fn check_has(program: &Program, id: &str, token: &str, base_url: &str) {
    let run = program.run_bare(&["token", id]).expect_code(0);
    assert_eq!(run.stdout, format!("{token}\n"));
    for form in ["json", "header", "env"] {
        let run = program.run_bare(&["resolve", id, "--as", form]).expect_code(0);
        check_no_foreign(&run);
        assert!(run.stdout.contains(token), "{form}");
    }
    let (run, variables) = child(program, id, false);
    check_child(&run.expect_code(0), &variables, token, base_url);
}

#[track_caller]
fn check_child(run: &Run, variables: &HashMap<String, String>, token: &str, base_url: &str) {
    check_no_foreign(run);
    assert_eq!(variables.get("ANTHROPIC_AUTH_TOKEN").map(String::as_str), Some(token));
    assert_eq!(variables.get("ANTHROPIC_BASE_URL").map(String::as_str), Some(base_url));
    for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"] {
        assert!(!variables.contains_key(name), "{name} was inherited");
    }
}

const KEYED: [(&str, &str, &str); 4] = [
    ("minimax", "MINIMAX_API_KEY", "https://api.minimax.io/anthropic"),
    ("minimax-cn", "MINIMAX_CN_API_KEY", "https://api.minimaxi.com/anthropic"),
    ("custom", "CUSTOM_API_KEY", "https://models.example.com/anthropic"),
    ("minimax-compatible", "COMPATIBLE_KEY", "https://models.example.com/anthropic"),
];

#[test]
fn a_provider_without_its_own_key_takes_nobody_elses() {
    let program = haunted(Program::new());
    for (id, variable, _) in KEYED {
        check_has_none(&program, id, 3);
        let run = program.run_bare(&["token", id]);
        assert!(run.stderr.contains(variable), "{id}: {}", run.stderr);
    }
    check_has_none(&program, "minimax-oauth", 3);
}

#[test]
fn a_provider_with_its_own_key_takes_that_one() {
    for (id, variable, base_url) in KEYED {
        let program = haunted(Program::new()).env(variable, "own-key-of-mine-0001");
        check_has(&program, id, "own-key-of-mine-0001", base_url);
        for (other, _, _) in KEYED.into_iter().filter(|(other, _, _)| *other != id) {
            check_has_none(&program, other, 3);
        }
        check_has_none(&program, "minimax-oauth", 3);
    }
}

#[test]
fn a_typed_key_is_taken_at_first_use_and_at_every_other() {
    let program = haunted(Program::new());
    for (id, _, base_url) in KEYED {
        let typed = format!("typed-{id}-0001");
        let run = program.run_with(&["run-flow", id, "--stdin", "api_key"], &typed).expect_code(0);
        check_no_foreign(&run);
        check_has(&program, id, &typed, base_url);
    }
    let auth = program.auth().expect("stored").to_string();
    assert!(!auth.contains(MARK), "nothing foreign was stored");
}

/// A login with tokens of its own at a server that would tell if another's came.
fn login(server: &Running) -> Program {
    let program = haunted(Program::new().always(server.connect_to()));
    program.store_login("minimax-oauth", ("own-access", "own-refresh"), EXPIRED);
    program
}

#[test]
fn a_refreshed_login_is_its_own_from_the_first_use_on() {
    let server = MinimaxServer::new().with_login("own-access", "own-refresh").start();
    let program = login(&server);
    let (run, variables) = child(&program, "minimax-oauth", true);
    let run = run.expect_code(0);
    let token = program.record("minimax-oauth")["access_token"].as_str().expect("a token").to_owned();
    assert!(server.knows_access_token(&token));
    check_child(&run, &variables, &token, "https://api.minimax.io/anthropic");
    check_has(&program, "minimax-oauth", &token, "https://api.minimax.io/anthropic");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn a_login_that_can_t_be_renewed_falls_back_to_nobody_elses_credential() {
    for (fault, code) in
        [(RefreshFault::InvalidGrant, 3), (RefreshFault::Page500, 6), (RefreshFault::CutJson, 6)]
    {
        let server = MinimaxServer::new()
            .with_login("own-access", "own-refresh")
            .refresh_fault(fault, u32::MAX)
            .start();
        let program = login(&server).env("MINIMAX_API_KEY", "own-key-of-another-provider");
        let run = program.run(&["token", "minimax-oauth"]).expect_code(code);
        check_no_foreign(&run);
        assert_eq!(run.stdout, "", "{fault:?}");
        let (run, variables) = child(&program, "minimax-oauth", true);
        check_no_foreign(&run.expect_code(code));
        assert!(variables.is_empty(), "{fault:?}: the child was started");
    }
}

#[test]
fn the_reverse_holds_too() {
    // A provider like the protocol's first, and a home and environment full of MiniMax's credentials.
    let server = MinimaxServer::new().with_login("mm-own-access", "mm-own-refresh").start();
    let first = CUSTOM
        .replace("CUSTOM_API_KEY", "ANTHROPIC_API_KEY")
        .replace("models.example.com/anthropic", "api.example.com");
    let program = || {
        let program = Program::new()
            .always(server.connect_to())
            .env("MINIMAX_API_KEY", "mm-own-key-0001")
            .env("MINIMAX_CN_API_KEY", "mm-own-key-0002")
            .env("MINIMAX_BASE_URL", "https://mm-own.example/anthropic");
        program.write_home("providers.d/first.toml", &first);
        program.store_login("minimax-oauth", ("mm-own-access", "mm-own-refresh"), 99_999_999_999);
        program
    };
    for args in [vec!["token", "first"], vec!["resolve", "first"], vec!["exec", "first", "--", "env"]] {
        let run = program().run_bare(&args).expect_code(3);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("mm-own"), "{args:?}: {run:?}");
    }
    let program = program().env("ANTHROPIC_API_KEY", "first-key-0001");
    let resolved = program.run_bare(&["resolve", "first"]).expect_code(0);
    assert!(!resolved.stdout.contains("mm-own"), "{}", resolved.stdout);
    let (_, variables) = child(&program, "first", false);
    assert_eq!(variables.get("ANTHROPIC_AUTH_TOKEN").map(String::as_str), Some("first-key-0001"));
    assert_eq!(variables.get("ANTHROPIC_BASE_URL").map(String::as_str), Some("https://api.example.com"));
}

#[test]
fn what_is_set_and_not_read_is_named() {
    let program = haunted(Program::new()).env("MINIMAX_API_KEY", "own-key-of-mine-0001");
    let run = program.run_bare(&["doctor"]).expect_code(0);
    check_no_foreign(&run);
    for name in FOREIGN {
        let line = format!("`{name}` is set; `minimax` does not read it");
        assert!(run.stdout.contains(&line), "no {line:?} in:\n{}", run.stdout);
    }
}

#[test]
fn s4_a_variable_carries_no_stored_key_to_another_host() {
    let program = Program::new();
    program.run_with(&["run-flow", "minimax", "--stdin", "api_key"], "typed-key-0001").expect_code(0);
    for args in [vec!["resolve", "minimax"], vec!["exec", "minimax", "--", "env"]] {
        let mut command = program.command(&args);
        command.env("MINIMAX_BASE_URL", "https://else.example/anthropic");
        let run = Run::of(&command.output().expect("the binary starts")).expect_code(7);
        assert!(run.stderr.contains("else.example") && run.stdout.is_empty(), "{run:?}");
    }
    program.run(&["resolve", "minimax"]).expect_code(0);
    // A key that comes from the environment, too, goes where the environment says.
    let both = Program::new()
        .env("MINIMAX_API_KEY", "set-key-0001")
        .env("MINIMAX_BASE_URL", "https://else.example/anthropic");
    let resolved = both.run(&["resolve", "minimax"]).expect_code(0).json();
    assert_eq!(resolved["base_url"], "https://else.example/anthropic");
}
