//! The face of the program: help, typos, exit codes, where things are printed, and the shapes of JSON answers.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Program, Run, Started};

const KEYED: &str = r#"
name    = "Acme"
aliases = ["ac_me"]
start   = { login = "success" }
models  = [{ id = "acme-large", context = 200_000, aliases = ["large"] }, { id = "acme-small", aux = true }]

[inputs.api_key]
from   = [{ env = "ACME_API_KEY" }]
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/v1"
"#;

/// A program whose owner has a provider of their own.
fn program() -> Program {
    let program = Program::new();
    program.write_home("providers.d/acme.toml", KEYED);
    program
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[track_caller]
fn check_fails(run: Run, code: i32, said: &str) -> Run {
    let run = run.expect_code(code);
    assert_eq!(run.stdout, "", "the answer is empty where there is none");
    assert!(run.stderr.contains(said), "no {said:?} in:\n{}", run.stderr);
    run
}

#[test]
fn every_command_has_help_with_examples_on_stdout() {
    let commands = [
        "run-flow",
        "token",
        "resolve",
        "exec",
        "auth",
        "keep",
        "use",
        "doctor",
        "providers",
        "models",
        "check",
        "test",
        "simulate",
        "schema",
        "graph",
        "lsp",
        "trust",
        "completions",
        "man",
    ];
    for command in commands {
        let run = program().run(&[command, "--help"]).expect_code(0);
        assert!(run.stdout.contains("Examples:") && run.stderr.is_empty(), "{command}: {}", run.stdout);
    }
    assert!(program().run(&["--help"]).expect_code(0).stdout.contains("Exit codes:"));
    assert!(program().run(&["--version"]).expect_code(0).stdout.starts_with("hermes-engine "));
}

#[test]
fn a_wrong_command_line_is_2_and_tells_what_was_meant() {
    check_fails(program().run(&[]), 2, "Usage:");
    check_fails(program().run(&["tokn", "acme"]), 2, "'token'");
    check_fails(program().run(&["token", "acme", "--min-tll", "5m"]), 2, "--min-ttl");
    check_fails(program().run(&["token", "acme", "--min-ttl", "5 minutes"]), 2, "90s");
    check_fails(
        program().run(&["token", "acme", "--connect-to", "api.acme.example=10.0.0.1:80"]),
        2,
        "is not on this computer",
    );
    let run = program().run(&["token", "acme", "--no-such", "--format", "json"]).expect_code(2);
    assert_eq!(run.error_json()["error"]["code"], "usage");
}

#[test]
fn an_unknown_provider_is_9_and_tells_the_nearest_name_in_every_command() {
    for command in [
        vec!["token", "acmee"],
        vec!["resolve", "acmee"],
        vec!["run-flow", "acmee"],
        vec!["models", "acmee"],
        vec!["providers", "show", "acmee"],
        vec!["auth", "status", "acmee"],
        vec!["auth", "remove", "acmee"],
        vec!["simulate", "acmee"],
        vec!["exec", "acmee", "--", "true"],
        vec!["check", "acmee"],
        vec!["test", "acmee"],
        vec!["graph", "acmee"],
    ] {
        check_fails(program().run(&command), 9, "did you mean `acme`?");
    }
}

#[test]
fn an_alias_works_wherever_an_id_does() {
    let program = program().env("ACME_API_KEY", "key-123456");
    for command in [
        vec!["token", "ac_me"],
        vec!["token", "AC_ME"],
        vec!["resolve", "ac_me"],
        vec!["models", "ac_me"],
        vec!["providers", "show", "ac_me"],
        vec!["auth", "status", "ac_me"],
        vec!["exec", "ac_me", "--", "env"],
        vec!["check", "ac_me"],
        vec!["test", "ac_me"],
    ] {
        assert!(!program.run(&command).expect_code(0).stdout.is_empty(), "{command:?}");
    }
}

#[test]
fn an_error_of_a_program_is_the_last_line_of_stderr() {
    let run = program().run(&["token", "acme", "--format", "json"]).expect_code(3);
    let error = run.error_json();
    assert_eq!(error["version"], 1);
    assert_eq!(
        keys(&error["error"]),
        ["code", "message", "help", "provider", "state", "relogin_required", "server"]
    );
    assert_eq!(error["error"]["code"], "not_logged_in");
    assert_eq!(error["error"]["provider"], "acme");
    assert!(error["error"]["help"].as_str().unwrap().contains("ACME_API_KEY"));
}

#[test]
fn the_chosen_provider_is_taken_where_none_is_named() {
    check_fails(program().run(&["token"]), 2, "HERMES_INFERENCE_PROVIDER");
    let chosen = program().env("ACME_API_KEY", "key-123456").env("HERMES_INFERENCE_PROVIDER", "ac_me");
    assert_eq!(chosen.run(&["token"]).expect_code(0).stdout, "key-123456\n");
    let program = program().env("ACME_API_KEY", "key-123456").env("HERMES_INFERENCE_PROVIDER", "auto");
    program.write_home("config.yaml", "# mine\nmodel:\n  default: large\n  provider: ac_me\n");
    let answer = program.run(&["resolve"]).expect_code(0).json();
    assert_eq!((&answer["provider"], &answer["requested_provider"]), (&json!("acme"), &json!("ac_me")));
    assert_eq!(answer["model"], "acme-large");
}

#[test]
fn a_broken_config_matters_only_where_it_is_asked() {
    let program = program().env("ACME_API_KEY", "key-123456");
    program.write_home("config.yaml", "model: {provider: [");
    check_fails(program.run(&["token"]), 8, "config.yaml");
    program.run(&["token", "acme"]).expect_code(0);
}

#[test]
fn resolve_has_every_key_and_takes_a_model() {
    let program = program().env("ACME_API_KEY", "key-123456");
    let answer = program.run(&["resolve", "acme:large"]).expect_code(0).json();
    let expect = [
        "version",
        "provider",
        "requested_provider",
        "api_mode",
        "base_url",
        "api_key",
        "headers",
        "source",
        "region",
        "model",
        "aux_model",
        "expires_at",
    ];
    assert_eq!(keys(&answer), expect);
    assert_eq!(answer["api_key"], "key-123456");
    assert_eq!(answer["headers"]["Authorization"], "Bearer key-123456");
    assert_eq!(answer["base_url"], "https://api.acme.example/v1");
    assert_eq!((&answer["model"], &answer["aux_model"]), (&json!("acme-large"), &json!("acme-small")));
    assert_eq!(answer["source"], "env:ACME_API_KEY");
    for (form, part) in [
        ("env", "export OPENAI_API_KEY='key-123456'\n"),
        ("header", "Authorization: Bearer key-123456\n"),
        ("exec-credential", "\"kind\": \"ExecCredential\""),
    ] {
        let stdout = program.run(&["resolve", "acme", "--as", form]).expect_code(0).stdout;
        assert!(stdout.contains(part), "{form}: {stdout}");
    }
    check_fails(program.run(&["resolve", "acme", "--as", "aws-process"]), 2, "has no AWS key");
    for form in ["git", "docker"] {
        let run = check_fails(program.run(&["resolve", "acme", "--as", form]), 2, "was removed");
        assert!(run.stderr.contains(&format!("hermes-engine credential {form}")), "{}", run.stderr);
    }
}

#[test]
fn the_catalogue_as_json() {
    let program = program();
    let list = program.run(&["providers", "list", "--format", "json"]).expect_code(0).json();
    let acme = list["providers"].as_array().unwrap().iter().find(|p| p["id"] == "acme").unwrap().clone();
    assert_eq!(keys(&acme), ["id", "name", "aliases", "status", "source"]);
    assert_eq!(acme["source"], program.home().join("providers.d/acme.toml").display().to_string());
    let built_in = list["providers"].as_array().unwrap().iter().find(|p| p["id"] != "acme").unwrap();
    assert_eq!(built_in["source"], "built-in");
    let shown = program.run(&["providers", "show", "ac_me", "--format", "json"]).expect_code(0).json();
    assert_eq!((&shown["version"], &shown["id"]), (&json!(1), &json!("acme")));
    assert_eq!(shown["reads"], json!(["$ACME_API_KEY"]));
    let models = program.run(&["models", "acme", "--format", "json"]).expect_code(0).json();
    assert_eq!(models["models"][0]["id"], "acme-large");
}

#[test]
fn a_broken_file_disables_only_itself() {
    let program = program().env("ACME_API_KEY", "key-123456");
    program.write_home("providers.d/broken.toml", "name = \"Broken\"\nunles = 1\naliases = [\"bro\"]\n");
    program.run(&["token", "acme"]).expect_code(0);
    let list = program.run(&["providers", "list", "--format", "json"]).expect_code(0).json();
    let status = |id: &str| {
        list["providers"].as_array().unwrap().iter().find(|p| p["id"] == id).unwrap()["status"].clone()
    };
    assert_eq!((status("broken"), status("acme")), (json!("broken"), json!("active")));
    check_fails(program.run(&["token", "bro"]), 9, "HE001");
    let run = program.run(&["check", "broken"]).expect_code(9);
    assert!(run.stdout.contains("broken.toml:2:1"), "{}", run.stdout);
}

#[test]
fn a_discontinued_provider_refuses_a_login_with_its_note() {
    let program = Program::new();
    let gone = format!("status = \"discontinued\"\nstatus_note = \"use acme-two\"\n{KEYED}");
    program.write_home("providers.d/acme.toml", &gone);
    check_fails(program.run(&["run-flow", "acme"]), 9, "use acme-two");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for command in [vec!["providers"], vec!["completions", "bash"], vec!["schema"], vec!["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = Started::by(program().command(&command).stdout(writer).stderr(Stdio::piped())).end();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_can_t_be_written_is_not_lost_in_silence() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let program = program().env("ACME_API_KEY", "key-123456");
    let output = program.command(&["token", "acme"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stdout"));
}

#[test]
fn a_key_is_stored_used_judged_and_forgotten() {
    let program = program();
    check_fails(program.run(&["run-flow", "acme"]), 3, "ACME_API_KEY");
    check_fails(program.run(&["run-flow", "acme", "--set", "api_key=key-123456"]), 2, "--stdin api_key");
    let run = program.run_with(&["run-flow", "acme", "--stdin", "api_key"], "key-123456\n").expect_code(0);
    assert_eq!((run.stdout.as_str(), run.stderr.lines().last()), ("", Some("✓ Acme login successful.")));
    assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, "key-123456\n");
    assert!(
        program
            .run(&["auth", "status", "acme", "--exit-code"])
            .expect_code(0)
            .stdout
            .contains("✓ Acme (logged in")
    );
    let list = program.run(&["auth", "list", "--format", "json"]).expect_code(0).json();
    assert_eq!(list["credentials"][0]["provider"], "acme");
    assert!(
        program.run(&["run-flow", "acme", "--if-needed"]).expect_code(0).stderr.contains("needs no login")
    );
    program.run(&["auth", "remove", "acme"]).expect_code(0);
    program.run(&["auth", "status", "acme", "--exit-code"]).expect_code(3);
    check_fails(program.run(&["token", "acme"]), 3, "run-flow acme");
}

#[test]
fn a_credential_without_a_provider_can_still_be_removed() {
    let program = program();
    program.run_with(&["run-flow", "acme", "--stdin", "api_key"], "key-123456").expect_code(0);
    std::fs::remove_file(program.home().join("providers.d/acme.toml")).unwrap();
    program.run(&["auth", "remove", "acme"]).expect_code(0);
    assert_eq!(program.auth().unwrap()["providers"]["acme"], Value::Null);
}

#[test]
fn exec_gives_the_protocols_names_and_takes_its_others_away() {
    let program = program()
        .env("ACME_API_KEY", "key-123456")
        .env("OPENAI_API_KEY", "other-key")
        .env("OPENAI_ORG_ID", "other-org")
        .env("UNRELATED", "stays");
    let run = program.run(&["exec", "acme", "--", "env"]).expect_code(0);
    let has = |line: &str| run.stdout.lines().any(|l| l == line);
    assert!(
        has("OPENAI_API_KEY=key-123456")
            && has("OPENAI_BASE_URL=https://api.acme.example/v1")
            && has("UNRELATED=stays")
    );
    assert!(!run.stdout.contains("other-"), "{}", run.stdout);
    program.run(&["exec", "acme", "--", "sh", "-c", "exit 42"]).expect_code(42);
    check_fails(program.run(&["exec", "acme", "--", "no-such-program-here"]), 127, "no-such-program-here");
    program.write_work("plain.txt", "no program");
    check_fails(program.run(&["exec", "acme", "--", "./plain.txt"]), 126, "./plain.txt");
}

#[test]
fn a_simulated_login_leaves_the_home_as_it_was() {
    let program = program();
    let run = program.run(&["run-flow", "acme", "--simulate"]).expect_code(0);
    assert!(run.stderr.ends_with("✓ Acme login successful.\n"), "{}", run.stderr);
    assert!(program.auth().is_none());
    check_fails(program.run(&["run-flow", "acme", "--simulate=aprove"]), 2, "approve");
}

#[test]
fn check_and_test_tell_by_their_codes() {
    let program = program();
    program.run(&["check", "acme"]).expect_code(0);
    program.run(&["check", "acme", "--deny-warnings"]).expect_code(9);
    let test =
        "[[test]]\nname = \"a\"\ninputs = { api_key = \"key-123456\" }\nexpect = { end = \"error\" }\n";
    program.write_home("providers.d/acme.test.toml", test);
    assert!(program.run(&["test", "acme"]).expect_code(9).stdout.contains("FAILED"));
    program.write_home("providers.d/acme.test.toml", &test.replace("\"error\"", "\"success\""));
    program.run(&["test", "acme"]).expect_code(0);
    let path = program.home().join("providers.d/acme.test.toml").display().to_string();
    let report = program.run(&["test", &path, "--format", "json"]).expect_code(0).json();
    assert_eq!((&report["version"], &report["passed"]), (&json!(1), &json!(true)));
    program.run(&["check"]).expect_code(0);
    program.run(&["test"]).expect_code(0);
}

#[test]
fn doctor_has_a_line_a_provider_and_names_what_is_set_in_vain() {
    let program = program().env("ACME_API_KEY", "key-123456").env("OPENAI_API_KEY", "other-key");
    let run = program.run(&["doctor"]).expect_code(0);
    assert!(run.stdout.lines().any(|line| line == "✓ Acme (logged in)"), "{}", run.stdout);
    assert!(run.stdout.contains("`OPENAI_API_KEY` is set; `acme` does not read it"), "{}", run.stdout);
    assert!(!run.stdout.contains("other-key"));
    program.write_home("auth.json", "{ damaged");
    let run = program.run(&["doctor"]).expect_code(8);
    assert!(run.stdout.contains("auth.json"), "{}", run.stdout);
}

#[test]
fn what_other_programs_read_is_well_formed() {
    for kind in ["provider", "test"] {
        let schema = program().run(&["schema", kind]).expect_code(0).json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(program().run(&["completions", shell]).expect_code(0).stdout.contains("run-flow"));
    }
    assert!(program().run(&["man"]).expect_code(0).stdout.contains(".TH"));
    assert!(program().run(&["man", "token"]).expect_code(0).stdout.contains("rejected"));
}

#[test]
fn a_folder_of_providers_that_is_not_there_is_said() {
    check_fails(program().run(&["providers", "--providers-dir", "nowhere"]), 2, "nowhere");
    check_fails(program().env("HERMES_PROVIDERS_DIR", "nowhere").run(&["providers"]), 2, "nowhere");
}

#[test]
fn no_command_but_a_login_leaves_a_trace_in_an_empty_home() {
    let program = Program::new();
    for command in
        [vec!["providers"], vec!["doctor"], vec!["check"], vec!["auth", "list"], vec!["models", "none"]]
    {
        program.run(&command);
    }
    assert!(!program.home().exists());
}

#[test]
fn a_folder_without_providers_is_not_one_in_which_all_is_well() {
    let program = Program::new();
    std::fs::create_dir(program.work().join("empty")).unwrap();
    for command in ["check", "test"] {
        let run = program.run(&[command, "empty"]).expect_code(9);
        assert!(run.stderr.contains("no file or folder of providers"), "{}", run.stderr);
    }
}

#[test]
fn an_input_that_a_provider_does_not_have_is_named_before_stdin_is_read() {
    let run = Program::new().run(&["run-flow", "minimax", "--stdin", "nope"]).expect_code(2);
    assert!(run.stderr.contains("no input `nope`; it has `api_key`, `base_url`"), "{}", run.stderr);
}

#[test]
fn a_file_in_the_place_of_an_id_is_answered_with_how_it_is_used() {
    let program = Program::new();
    program.write_work("own/acme.toml", "name = \"Acme\"\n");
    let run = program.run(&["run-flow", "own/acme.toml"]).expect_code(9);
    assert!(run.stderr.contains("`--providers-dir own acme`"), "{}", run.stderr);
}
