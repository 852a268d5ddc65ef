//! `use` from outside: what it writes, and what it asks for.

use std::fs;

use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

#[test]
fn it_logs_in_first_and_changes_nothing_but_the_model() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let path = program.home().join("config.yaml");
    program.write_home(
        "config.yaml",
        "# mine\nmodel: # chosen\n  provider: other # old\n  top_p: 1\nui:   {a: 1}\n",
    );
    let run = program.run(&["use", ID, "--model", "MiniMax-M2.7"]).expect_code(0);
    assert!(run.stderr.contains("login successful") && run.stdout.is_empty(), "{}", run.stderr);
    let expect = "# mine\nmodel: # chosen\n  default: MiniMax-M2.7\n  provider: minimax-oauth # old\n  base_url: https://api.minimax.io/anthropic\n  top_p: 1\nui:   {a: 1}\n";
    let written = || fs::read_to_string(&path).expect("config.yaml");
    let text = written();
    let mut lines: Vec<&str> = text.lines().collect();
    let mut wanted: Vec<&str> = expect.lines().collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    // It is used where nothing is named, and a second choice needs no login.
    assert_eq!(program.run(&["resolve"]).expect_code(0).json()["model"], "MiniMax-M2.7");
    let run = program
        .run(&["use", "--model", "minimax-portal:MiniMax-M2.7-highspeed", "--format", "json"])
        .expect_code(0);
    assert_eq!(run.json()["model"], "MiniMax-M2.7-highspeed");
    assert!(!run.stderr.contains("login successful"), "{}", run.stderr);
    assert!(written().contains("default: MiniMax-M2.7-highspeed\n"), "{}", written());
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn a_choice_goes_before_the_variable_and_that_before_the_last_login() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to()).env("HERMES_INFERENCE_PROVIDER", "openrouter");
    program.run(&["use", ID, "--model", "MiniMax-M2.7"]).expect_code(0);
    assert_eq!(program.run(&["resolve"]).expect_code(0).json()["provider"], ID);
    let program = Program::new().always(server.connect_to());
    program.run(&["token"]).expect_code(2);
    program.run(&["run-flow", ID]).expect_code(0);
    let token = program.run(&["token"]).expect_code(0).stdout;
    assert_eq!(token, program.run(&["token", ID]).expect_code(0).stdout);
    program.write_home(".env", "export HERMES_INFERENCE_PROVIDER='openrouter'\n");
    let run = program.run(&["token"]).expect_code(3);
    assert!(run.stderr.contains("OpenRouter"), "{}", run.stderr);
}

#[test]
fn without_a_terminal_a_provider_must_be_named_and_a_broken_file_stays_as_it_is() {
    let program = Program::new();
    assert!(program.run(&["use"]).expect_code(2).stderr.contains("no provider is named"));
    let server = MinimaxServer::new().start();
    let program = program.always(server.connect_to());
    program.write_home("config.yaml", "- a\n");
    let run = program.run(&["use", "minimax-oauth:MiniMax-M2.7"]).expect_code(8);
    assert!(run.stderr.contains("config.yaml"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(program.home().join("config.yaml")).expect("it is there"), "- a\n");
}

#[test]
fn a_model_that_the_provider_does_not_have_is_refused_with_the_nearest() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let run = program.run(&["use", ID, "MiniMax-M27"]).expect_code(2);
    assert!(run.stderr.contains("did you mean `MiniMax-M2.7`?"), "{}", run.stderr);
    let run = program.run(&["use", ID, "--model", "Nope"]).expect_code(2);
    assert!(
        run.stderr.contains("it has ") && run.stderr.contains("MiniMax-M2.7-highspeed"),
        "{}",
        run.stderr
    );
    assert_eq!(server.counts().code, 0, "nobody was asked to approve anything");
    program.run(&["use", ID, "MiniMax-M2.7"]).expect_code(0);
    // What nobody lists may be anything.
    program
        .run_with(
            &[
                "auth",
                "add",
                "custom",
                "--set",
                "base_url=http://127.0.0.1:9/v1",
                "--stdin",
                "api_key",
                "--no-verify",
            ],
            "typed-key-0001",
        )
        .expect_code(0);
    program.run(&["use", "custom", "any-model"]).expect_code(0);
}

#[test]
fn a_region_is_the_one_that_was_asked_for_or_refused() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    program.run(&["run-flow", ID, "--region", "global"]).expect_code(0);
    for command in ["token", "resolve"] {
        let run = program.run(&[command, ID, "--region", "cn"]).expect_code(3);
        assert!(run.stderr.contains("is of the region `global`, not `cn`"), "{}", run.stderr);
        program.run(&[command, ID, "--region", "global"]).expect_code(0);
    }
    // A second login beside it is the one that is taken.
    program.run(&["auth", "add", ID, "--region", "cn", "--label", "china"]).expect_code(0);
    let resolved = program.run(&["resolve", ID, "--region", "cn"]).expect_code(0).json();
    assert_eq!(resolved["base_url"], "https://api.minimaxi.com/anthropic");
    assert_eq!(program.run(&["resolve", ID]).expect_code(0).json()["region"], "global");
    let codes = server.counts().code;
    assert!(
        program
            .run(&["run-flow", ID, "--if-needed", "--region", "cn"])
            .expect_code(0)
            .stderr
            .contains("needs no login")
    );
    let program = Program::new().always(server.connect_to());
    program.run(&["run-flow", ID]).expect_code(0);
    program.run(&["run-flow", ID, "--if-needed", "--region", "cn"]).expect_code(0);
    assert_eq!(server.counts().code, codes + 2);
    program.run(&["use", ID, "MiniMax-M2.7", "--region", "cn"]).expect_code(0);
    assert_eq!(program.run(&["resolve"]).expect_code(0).json()["region"], "cn");
}
