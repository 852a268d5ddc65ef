//! A provider is reached with its own credential or with none: never with what another provider's programs left about.

use std::collections::HashMap;
use std::process::Command;

use crate::support::minimax_server::{RefreshFault, Running};
use crate::support::{MinimaxServer, Program, Run, sha256};

/// What programs of these protocols leave in the environment, each with a marked value.
const FOREIGN: [&str; 9] = [
    "ANTHROPIC_TOKEN",
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "CLAUDE_CODE_USE_FOUNDRY",
    "ANTHROPIC_UNIX_SOCKET",
    "AWS_BEARER_TOKEN_BEDROCK",
    "OPENAI_API_KEY",
];
/// The mark.
const MARK: &str = "sk-ant-foreign";
/// Long ago.
const EXPIRED: u64 = 1_600_000_000;

/// Somebody whose home and environment are full of another provider's credentials.
fn haunted(program: Program) -> Program {
    let claude = format!(
        r#"{{"claudeAiOauth":{{"accessToken":"{MARK}-file","refreshToken":"{MARK}-refresh","expiresAt":99999999999999}}}}"#
    );
    program.write_home("../.claude/.credentials.json", &claude);
    FOREIGN.into_iter().fold(program, |program, name| program.env(name, format!("{MARK}-{name}")))
}

/// The same, and the `.env` of the home is full of them too; beside them it has these lines.
fn haunted_by_file(own: &str) -> Program {
    let foreign: String = FOREIGN.iter().map(|name| format!("{name}={MARK}-file-{name}\n")).collect();
    let program = haunted(Program::new());
    program.write_home(".env", &format!("{foreign}{own}\n"));
    program
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
        // What a shell evaluates takes away what was there, and fails.
        let is_safe = |line: &str| line.starts_with("unset ") || line == "false";
        assert!(
            run.stdout.is_empty() || args.contains(&"env") && run.stdout.lines().all(is_safe),
            "{args:?}: {}",
            run.stdout
        );
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
        let unset = run.stdout.lines().filter_map(|line| line.strip_prefix("unset ")).count();
        assert!(form != "env" || unset > FOREIGN.len(), "{}", run.stdout);
    }
    let (run, variables) = child(program, id, false);
    check_child(&run.expect_code(0), &variables, token, base_url);
}

/// The child has the credential under the names of one protocol, and nothing of any other.
#[track_caller]
fn check_child(run: &Run, variables: &HashMap<String, String>, token: &str, base_url: &str) {
    check_no_foreign(run);
    let carries = |names: [&str; 2], value: &str| {
        names.iter().filter(|name| variables.get(**name).is_some_and(|it| it == value)).count() == 1
    };
    assert!(carries(["ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"], token), "{variables:?}");
    assert!(carries(["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"], base_url), "{variables:?}");
    let inherited: Vec<&&str> = FOREIGN.iter().filter(|name| variables.contains_key(**name)).collect();
    assert!(inherited.len() <= 1, "{inherited:?}");
}

/// The shipped providers of a key that speak the protocol, and the variable that is their own.
const KEYED: [(&str, &str, &str); 2] = [
    ("minimax", "MINIMAX_API_KEY", "https://api.minimax.io/anthropic"),
    ("minimax-cn", "MINIMAX_CN_API_KEY", "https://api.minimax.cn/anthropic"),
];

/// The shipped providers of an endpoint of a person's own, whose path is the same.
const CUSTOM: [&str; 2] = ["custom", "custom-anthropic"];
const CUSTOM_URL: &str = "https://my.example/anthropic";

/// Logs in to an endpoint of a person's own, with a key or to one that wants none.
#[track_caller]
fn add_custom(program: &Program, id: &str, key: Option<&str>) {
    let url = format!("base_url={CUSTOM_URL}");
    let login = ["run-flow", id, "--set", &url];
    let run = match key {
        Some(key) => program.run_with(&[&login[..], &["--no-verify", "--stdin", "api_key"]].concat(), key),
        None => program.run_bare(&login),
    };
    check_no_foreign(&run.expect_code(0));
}

/// A server has refused the key: neither a refresh nor another credential takes its place.
#[track_caller]
fn check_refused(program: &Program, id: &str, key: &str) {
    let hash = sha256(key);
    for command in ["token", "resolve"] {
        let run = program.run_bare(&[command, id, "--rejected-sha256", &hash]).expect_code(3);
        check_no_foreign(&run);
        assert_eq!(run.stdout, "", "{id}");
    }
    let run = program.run_bare(&["run-flow", id, "--flow", "refresh"]).expect_code(2);
    check_no_foreign(&run);
}

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
fn a_key_in_the_homes_env_file_is_taken_at_first_use_at_refresh_and_at_fallback() {
    for (id, variable, base_url) in KEYED {
        // Nothing but the file has the key, as the second step of the report has it.
        let program = haunted_by_file(&format!("{variable}=own-key-of-mine-0001"));
        check_has(&program, id, "own-key-of-mine-0001", base_url);
        check_refused(&program, id, "own-key-of-mine-0001");
        // A client whose first provider has failed falls back to this one in the same home.
        let first = program.run_bare(&["token", "anthropic", "--rejected-sha256", &"0".repeat(64)]);
        assert!(first.expect_code(0).stdout.contains(MARK), "the first provider has a credential of its own");
        check_has(&program, id, "own-key-of-mine-0001", base_url);
    }
    let nothing = haunted_by_file("");
    for (id, ..) in KEYED {
        check_has_none(&nothing, id, 3);
    }
}

#[test]
fn a_typed_key_is_taken_at_first_use_and_at_every_other() {
    let program = haunted(Program::new());
    for (id, _, base_url) in KEYED {
        let typed = format!("typed-{id}-0001");
        let run =
            program.run_with(&["run-flow", id, "--no-verify", "--stdin", "api_key"], &typed).expect_code(0);
        check_no_foreign(&run);
        check_has(&program, id, &typed, base_url);
    }
    let auth = program.auth().expect("stored").to_string();
    assert!(!auth.contains(MARK), "nothing foreign was stored");
}

#[test]
fn an_endpoint_of_ones_own_is_handed_no_foreign_credential_whichever_protocol_it_speaks() {
    let program = haunted_by_file("");
    for id in CUSTOM {
        add_custom(&program, id, None);
        check_has(&program, id, "no-key", CUSTOM_URL);
        check_refused(&program, id, "no-key");
        let key = format!("typed-{id}-0001");
        add_custom(&program, id, Some(&key));
        check_has(&program, id, &key, CUSTOM_URL);
        check_refused(&program, id, &key);
    }
    let mode = |id| program.run_bare(&["resolve", id]).expect_code(0).json()["api_mode"].clone();
    assert_eq!(CUSTOM.map(mode), ["chat_completions", "anthropic_messages"]);
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

/// A home and an environment full of MiniMax's credentials.
fn haunted_by_minimax(server: &Running) -> Program {
    let keys = "MINIMAX_API_KEY=mm-own-file-0001\nMINIMAX_CN_API_KEY=mm-own-file-0002\n";
    let program = Program::new()
        .always(server.connect_to())
        .env("MINIMAX_API_KEY", "mm-own-key-0001")
        .env("MINIMAX_CN_API_KEY", "mm-own-key-0002")
        .env("MINIMAX_BASE_URL", "https://mm-own.example/anthropic");
    program.write_home(".env", keys);
    program.store_login("minimax-oauth", ("mm-own-access", "mm-own-refresh"), 99_999_999_999);
    program
}

#[test]
fn the_reverse_holds_too() {
    let server = MinimaxServer::new().with_login("mm-own-access", "mm-own-refresh").start();
    let program = haunted_by_minimax(&server);
    for args in
        [vec!["token", "anthropic"], vec!["resolve", "anthropic"], vec!["exec", "anthropic", "--", "env"]]
    {
        let run = program.run_bare(&args).expect_code(3);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("mm-own"), "{args:?}: {run:?}");
    }
    // A key goes in `x-api-key`, a token is a bearer token; both are tried in the environment and in the file.
    for (key, variable) in
        [("sk-ant-api03-first", "ANTHROPIC_API_KEY"), ("sk-ant-oat01-first", "ANTHROPIC_AUTH_TOKEN")]
    {
        let in_file = haunted_by_minimax(&server);
        in_file.write_home(".env", &format!("MINIMAX_API_KEY=mm-own-file-0001\nANTHROPIC_TOKEN={key}\n"));
        for program in [haunted_by_minimax(&server).env("ANTHROPIC_API_KEY", key), in_file] {
            let resolved = program.run_bare(&["resolve", "anthropic"]).expect_code(0);
            assert!(!resolved.stdout.contains("mm-own"), "{}", resolved.stdout);
            let (_, variables) = child(&program, "anthropic", false);
            assert_eq!(variables.get(variable).map(String::as_str), Some(key));
            assert_eq!(
                variables.get("ANTHROPIC_BASE_URL").map(String::as_str),
                Some("https://api.anthropic.com")
            );
            let run =
                program.run_bare(&["token", "anthropic", "--rejected-sha256", &sha256(key)]).expect_code(3);
            assert!(!format!("{}{}", run.stdout, run.stderr).contains("mm-own"), "{run:?}");
        }
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn what_is_set_and_not_read_is_named() {
    let program = haunted(Program::new()).env("MINIMAX_API_KEY", "own-key-of-mine-0001");
    let run = program.run_bare(&["doctor"]).expect_code(0);
    check_no_foreign(&run);
    for name in FOREIGN.into_iter().filter(|name| !name.starts_with("OPENAI")) {
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
