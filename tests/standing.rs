//! One truth: `auth list`, `auth status`, `doctor`, `token` and `resolve` agree on what can be used, and say where it is from.

use std::fs;

use serde_json::Value;

use crate::support::{Program, Run};

/// No program that a provider's file names is found.
fn alone() -> Program {
    let program = Program::new();
    let nowhere = program.root().join("nowhere");
    program.env("PATH", nowhere)
}

fn doctor(program: &Program) -> Value {
    program.run(&["doctor", "--format", "json"]).expect_code(0).json()
}

#[track_caller]
fn line<'r>(run: &'r Run, what: &str) -> &'r str {
    let found = run.stdout.lines().find(|line| line.contains(what));
    found.unwrap_or_else(|| panic!("no {what:?} in:\n{}", run.stdout))
}

/// For every provider, what is said of it is what a use comes to.
#[track_caller]
fn check_one_truth(program: &Program) {
    let told = doctor(program);
    for one in told["providers"].as_array().expect("providers") {
        let id = one["provider"].as_str().expect("an id");
        let is_usable = one["logged_in"].as_bool().expect("a bool");
        let status = program.run(&["auth", "status", id, "--exit-code"]);
        let code = if is_usable { 0 } else { 3 };
        assert_eq!(status.code, Some(code), "auth status {id}: {status:?}");
        for command in ["token", "resolve"] {
            let run = program.run(&[command, id]);
            assert_eq!(run.code, Some(code), "{command} {id}: {run:?}");
        }
    }
}

#[test]
fn what_is_said_of_a_provider_is_what_a_use_of_it_comes_to() {
    check_one_truth(&alone());
    let keys = alone()
        .env("MINIMAX_API_KEY", "set-key-0001")
        .env("AZURE_FOUNDRY_API_KEY", "set-key-0002")
        .env("AWS_BEARER_TOKEN_BEDROCK", "set-key-0003");
    keys.write_home("../.claude/.credentials.json", r#"{"claudeAiOauth":{"accessToken":"in-a-file-0004"}}"#);
    check_one_truth(&keys);
}

#[test]
fn a_key_that_is_only_set_is_listed_with_where_it_is_from() {
    let program = alone().env("MINIMAX_API_KEY", "set-key-0001");
    program.write_home(".env", "MINIMAX_CN_API_KEY=file-key-0002\n");
    program
        .write_home("../.claude/.credentials.json", r#"{"claudeAiOauth":{"accessToken":"in-a-file-0004"}}"#);
    let list = program.run(&["auth", "list"]).expect_code(0);
    let head: Vec<&str> = list.stdout.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(head, ["PROVIDER", "LABEL", "ID", "PRIORITY", "STATE", "SOURCE", "REGION", "EXPIRES"]);
    for (id, source) in [
        ("minimax ", "env:MINIMAX_API_KEY"),
        ("minimax-openai ", "env:MINIMAX_API_KEY"),
        ("minimax-cn ", ".env:MINIMAX_CN_API_KEY"),
        ("anthropic ", "file:~/.claude/.credentials.json"),
    ] {
        let row: Vec<&str> = line(&list, id).split_whitespace().collect();
        assert_eq!(row, [id.trim(), "logged_in", source]);
        let status = program.run(&["auth", "status", id.trim()]).expect_code(0);
        assert!(status.stdout.contains(&format!("  from {source}\n")), "{}", status.stdout);
        let resolved = program.run(&["resolve", id.trim()]).expect_code(0).json();
        assert_eq!(resolved["source"], source);
    }
    assert_eq!(list.stdout.lines().count(), 5, "{}", list.stdout);
}

#[test]
fn a_typed_key_has_no_name_that_nobody_gave_it() {
    let program = alone();
    program.run_with(&["run-flow", "minimax", "--stdin", "api_key"], "typed-key-0001").expect_code(0);
    let list = program.run(&["auth", "list", "--format", "json"]).expect_code(0).json();
    let one = &list["credentials"][0];
    assert_eq!(
        (&one["label"], &one["id"], &one["source"]),
        (&Value::Null, &"main".into(), &"auth.json".into())
    );
    let pool = &program.auth().expect("stored")["credential_pool"]["minimax"][0];
    assert_eq!(pool["label"], "hermes-engine", "Hermes Agent wants a name");
}

#[test]
fn an_endpoint_that_nobody_has_named_is_not_logged_in_for_anybody() {
    let program = alone();
    for id in ["custom", "custom-anthropic"] {
        for args in [vec!["token", id], vec!["resolve", id], vec!["exec", id, "--", "env"]] {
            let run = program.run(&args).expect_code(3);
            assert!(run.stderr.contains("`base_url` is not set"), "{}", run.stderr);
            assert!(run.stderr.contains(&format!("hermes-engine run-flow {id}")), "{}", run.stderr);
        }
        program.run(&["auth", "status", id, "--exit-code"]).expect_code(3);
    }
    let run = program.run(&["doctor"]).expect_code(0);
    assert!(line(&run, "Custom endpoint (").starts_with("⚠ Custom endpoint (not logged in)"));
    program.run(&["run-flow", "custom", "--set", "base_url=http://127.0.0.1:8080/v1"]).expect_code(0);
    let run = program.run(&["doctor"]).expect_code(0);
    assert!(line(&run, "Custom endpoint (").starts_with("✓ Custom endpoint (logged in)"));
    // A key that is set is named beside what it lacks.
    let half = alone().env("AZURE_FOUNDRY_API_KEY", "set-key-0002");
    let run = half.run(&["doctor"]).expect_code(0);
    assert!(line(&run, "Azure Foundry").contains("`base_url` or `resource` is not set"), "{}", run.stdout);
}

#[test]
fn a_value_that_can_t_be_used_spoils_no_others_line() {
    let program = alone();
    program.write_home(".env", r#"MINIMAX_API_KEY="own-key\n-0001""#);
    let run = program.run(&["doctor"]).expect_code(0);
    let told = line(&run, "✓ LM Studio");
    assert!(!told.is_empty());
    let told = line(&run, "MiniMax (not logged in)");
    assert!(told.contains("MINIMAX_API_KEY in the home's .env has a control character"), "{told}");
}

#[test]
fn a_variable_that_is_set_for_nothing_is_named_wherever_it_is_set() {
    let program = alone().env("ANTHROPIC_TOKEN", "set-elsewhere-0001");
    program.write_home(
        ".env",
        "MINIMAX_API_KEY=own-key-of-mine\nANTHROPIC_FOUNDRY_API_KEY=set-elsewhere-0002\n",
    );
    let run = program.run(&["doctor"]).expect_code(0);
    for said in [
        "`ANTHROPIC_FOUNDRY_API_KEY` is set in .env; `minimax` does not read it",
        "`ANTHROPIC_FOUNDRY_API_KEY` is set in .env; no provider reads it",
        "`ANTHROPIC_TOKEN` is set; `minimax` does not read it",
        "`ANTHROPIC_TOKEN` is set; only `anthropic` reads it",
    ] {
        assert!(run.stdout.lines().any(|line| line == said), "no {said:?} in:\n{}", run.stdout);
    }
    // With no provider in use, too.
    let idle = alone();
    idle.write_home(".env", "ANTHROPIC_FOUNDRY_API_KEY=set-elsewhere-0002\n");
    let run = idle.run(&["doctor"]).expect_code(0);
    assert!(
        run.stdout.contains("`ANTHROPIC_FOUNDRY_API_KEY` is set in .env; no provider reads it"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_store_that_can_t_be_written_or_has_something_unfinished_is_not_called_well() {
    let program = alone();
    program.store_login("minimax-oauth", ("own-access", "own-refresh"), 99_999_999_999);
    assert!(line(&program.run(&["doctor"]).expect_code(0), "auth.json").starts_with("✓ "));
    program.write_home("journal/minimax-oauth", "{}\n");
    let run = program.run(&["doctor"]).expect_code(0);
    let told = line(&run, "auth.json");
    assert!(
        told.starts_with("⚠ ") && told.contains("a renewal of `minimax-oauth` is not finished"),
        "{told}"
    );
    fs::remove_dir_all(program.home().join("journal")).expect("removed");
    // Not by permissions: they keep no superuser out, and tests run as one in containers.
    program.write_home("locks", "in the way");
    let run = program.run(&["doctor"]).expect_code(0);
    let told = line(&run, "auth.json");
    assert!(told.starts_with("⚠ ") && told.contains("nothing can be stored or renewed"), "{told}");
    assert_eq!(doctor(&program)["store"]["ok"], false);
}
