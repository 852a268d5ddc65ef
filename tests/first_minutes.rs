//! What a new user meets: the words of other programs, a home that is not there, keys and programs that fail, and a login
//! that can't be used.

use std::net::TcpListener;
use std::sync::Mutex;

use serde_json::json;

use crate::support::service::{Facts, Service, TABLE, Way};
use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

#[test]
fn login_status_whoami_and_logout_are_there() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let bare = |args: &[&str]| program.run_bare(args).expect_code(0).stdout;
    assert!(bare(&["status"]).starts_with("In use: none"));
    program.run_bare(&["status", "--exit-code"]).expect_code(3);
    program.run_bare(&["whoami", ID]).expect_code(3);
    program.run(&["login", ID, "--label", "mine"]).expect_code(0);
    program.run(&["use", ID, "MiniMax-M2.7"]).expect_code(0);
    let told = bare(&["status"]);
    assert!(
        told.starts_with("In use: minimax-oauth, MiniMax-M2.7\n") && told.contains("logged_in"),
        "{told}"
    );
    bare(&["status", "--exit-code"]);
    let status = program.run_bare(&["status", "--format", "json"]).expect_code(0).json();
    assert_eq!((&status["provider"], &status["model"]), (&json!(ID), &json!("MiniMax-M2.7")));
    assert_eq!(status["credentials"][0]["provider"], ID);
    assert_eq!(bare(&["status", ID]), bare(&["auth", "status", ID]));
    let told = bare(&["whoami"]);
    assert!(told.contains("does not name, called mine, region global"), "{told}");
    program.run(&["logout"]).expect_code(0);
    program.run_bare(&["token", ID]).expect_code(3);
}

#[test]
fn a_credential_says_whose_it_is_where_its_token_does() {
    let facts = TABLE.iter().find(|facts| facts.login == ("nous", "device")).expect("a row");
    let service = Service::start(facts);
    let program = Program::new().always(service.connect_to());
    program.run(&["login", "nous", "--from", "device"]).expect_code(0);
    let told = program.run_bare(&["whoami", "nous"]).expect_code(0).stdout;
    assert!(told.starts_with("Nous Portal: user@example.com"), "{told}");
}

#[test]
fn what_needs_no_home_asks_for_none() {
    let program = Program::new().env("DEEPSEEK_API_KEY", "key-of-the-environment");
    let run = |args: &[&str]| {
        let mut command = program.command(args);
        command.env_remove("HOME").env_remove("HERMES_HOME");
        crate::support::Run::of(&command.output().expect("the binary starts"))
    };
    for args in
        [&["providers"][..], &["check"], &["schema", "provider"], &["graph", ID], &["test", "deepseek"]]
    {
        run(args).expect_code(0);
    }
    assert_eq!(run(&["token", "deepseek"]).expect_code(0).stdout, "key-of-the-environment\n");
    let login = run(&["login", ID]).expect_code(8);
    assert!(login.stderr.contains("neither --home nor HERMES_HOME nor HOME is set"), "{}", login.stderr);
}

#[test]
fn a_shell_that_evaluates_a_failure_keeps_no_earlier_credential() {
    let program = Program::new();
    let run = program.run(&["resolve", ID, "--as", "env"]).expect_code(3);
    let script =
        "export ANTHROPIC_AUTH_TOKEN=old\neval \"$1\" && echo went-on\necho \"[$ANTHROPIC_AUTH_TOKEN]\"";
    let shell =
        std::process::Command::new("sh").args(["-c", script, "sh", &run.stdout]).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&shell.stdout), "[]\n");
}

#[test]
fn a_provider_without_tests_and_a_broken_one_are_told() {
    let program = Program::new();
    let key = "extends = 'api-key'\n[inputs]\napi_key.from = [{ env = 'ZEPHYR_API_KEY' }]\nbase_url.default = 'https://a.example'\n[api]\nmode = 'chat_completions'\n";
    program.write_home("providers.d/zephyr.toml", key);
    let run = program.run(&["test", "zephyr"]).expect_code(0);
    assert!(run.stderr.contains("has no tests"), "{}", run.stderr);
    program.write_work("broken/acme.toml", "start = { login = 'nowhere' }\n");
    let run = program.run(&["test", "broken", "--format", "junit"]).expect_code(9);
    assert!(
        run.stdout.contains("failures=\"1\"") && run.stdout.contains("<failure message=\"[HE"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_simulation_that_approves_itself_asks_nobody_to_open_a_page() {
    let program = Program::new();
    let run = program.run(&["run-flow", ID, "--simulate"]).expect_code(0);
    assert!(run.stderr.contains("it approves by itself"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("Open:") && run.stderr.contains("a simulated one answers"),
        "{}",
        run.stderr
    );
}

/// A provider whose key a program prints.
fn of_command(script: &str) -> Program {
    let program = Program::new();
    let file = format!(
        "extends = 'api-key'\n[inputs]\napi_key.from = [{{ command = ['sh', '-c', '{script}'] }}, {{ env = 'ZEPHYR_API_KEY' }}]\nbase_url.default = 'https://a.example'\n[api]\nmode = 'chat_completions'\n"
    );
    program.write_home("providers.d/zephyr.toml", &file);
    program
}

#[test]
fn a_program_that_fails_says_why_there_is_no_key() {
    let program = of_command("echo error: please run vault login >&2; exit 3");
    let expect = "the program sh gave no `api_key`: it ended with exit code 3: error: please run vault login";
    for args in [&["token", "zephyr"][..], &["resolve", "zephyr"], &["login", "zephyr"]] {
        let run = program.run(args).expect_code(3);
        assert!(run.stderr.contains(expect), "{}", run.stderr);
        assert!(run.stderr.contains("set ZEPHYR_API_KEY"), "{}", run.stderr);
    }
    let told = program.run(&["auth", "status", "zephyr"]).expect_code(0).stdout;
    assert!(told.contains("exit code 3"), "{told}");
    // Another source takes its place, and -v tells of it all the same.
    let program = of_command("exit 3").env("ZEPHYR_API_KEY", "key-of-the-environment");
    let run = program.run(&["token", "zephyr", "-v"]).expect_code(0);
    assert!(run.stdout == "key-of-the-environment\n" && run.stderr.contains("exit code 3"), "{}", run.stderr);
    let program = of_command("sleep 30").env("HERMES_COMMAND_TIMEOUT", "200ms");
    assert!(program.run(&["token", "zephyr"]).expect_code(3).stderr.contains("longer than 200ms"));
    let program = of_command("echo key-of-a-program; sleep 30 & exit 0");
    assert_eq!(program.run(&["token", "zephyr"]).expect_code(0).stdout, "key-of-a-program\n");
}

#[test]
fn a_key_in_quotes_is_named_with_its_source() {
    let program = Program::new().env("DEEPSEEK_API_KEY", "\"sk-of-the-environment\"");
    let run = program.run(&["token", "deepseek"]).expect_code(2);
    assert!(run.stderr.contains("DEEPSEEK_API_KEY in the environment is in quotes"), "{}", run.stderr);
    assert!(!run.stderr.contains("sk-of"), "{}", run.stderr);
    let program = Program::new();
    program.write_home(".env", "DEEPSEEK_API_KEY=\"sk-of-the-file\n");
    let run = program.run(&["token", "deepseek"]).expect_code(2);
    assert!(run.stderr.contains("DEEPSEEK_API_KEY in the home's .env is in quotes"), "{}", run.stderr);
}

static KEYS: Facts = Facts {
    login: ("deepseek", "success"),
    region: None,
    hosts: &["api.deepseek.com"],
    set: &[],
    way: Way::Key("right-key-0001"),
};

#[test]
fn a_key_is_tried_before_it_is_stored() {
    let service = Service::start(&KEYS);
    let add = |key: &str, more: &[&str]| {
        let program = Program::new().always(service.connect_to());
        let run = program.run_with(&[&["auth", "add", "deepseek", "--stdin", "api_key"], more].concat(), key);
        (run, program.auth().is_some())
    };
    let (run, is_stored) = add("right-key-0001", &[]);
    assert!(run.expect_code(0).stderr.contains("it lists 2 models") && is_stored);
    let (run, is_stored) = add("wrong-key-0001", &[]);
    let run = run.expect_code(4);
    assert!(run.stderr.contains("refused the key (HTTP 401)") && !is_stored, "{}", run.stderr);
    let (run, is_stored) = add("wrong-key-0001", &["--no-verify"]);
    assert!(run.expect_code(0).stderr.contains("The key was not checked") && is_stored);
    // Where nobody answers the key may be right.
    let program = Program::new().always(["--connect-to", "api.deepseek.com=127.0.0.1:1"]);
    let run =
        program.run_with(&["auth", "add", "deepseek", "--stdin", "api_key"], "right-key-0001").expect_code(0);
    assert!(run.stderr.contains("The key was not checked"), "{}", run.stderr);
}

#[test]
fn a_login_that_no_client_may_use_is_no_success_and_is_kept() {
    let facts = TABLE.iter().find(|facts| facts.login == ("nous", "device")).expect("a row");
    let service = Service::start(facts);
    service.book().extra = json!({ "inference_base_url": "https://elsewhere.example/v1" });
    let program = Program::new().always(service.connect_to());
    let run = program.run(&["login", "nous", "--from", "device"]).expect_code(7);
    assert!(!run.stderr.contains('✓') && run.stderr.contains("`elsewhere.example`"), "{}", run.stderr);
    assert!(run.stderr.contains("the login is stored"), "{}", run.stderr);
    assert_eq!(program.record("nous")["access_token"], service.book().access_token().as_str());
}

#[test]
fn the_second_registered_port_is_taken_where_the_first_is_not_free() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    // Another program may have it already, which will do.
    let _taken = TcpListener::bind("127.0.0.1:1455");
    let facts = TABLE.iter().find(|facts| facts.login == ("openai-codex", "authorize")).expect("a row");
    let service = Service::start(facts);
    let program = crate::real_logins::program().always(service.connect_to());
    let args = ["run-flow", "openai-codex", "--from", "authorize"];
    let (code, text) = crate::real_logins::run_in_pipes(&program, &args);
    assert_eq!(code, Some(0), "{text}\n{:?}", service.book().wrong);
    assert!(text.contains("Port 1455 of this computer is in use; trying another way."), "{text}");
    assert_eq!(service.book().wrong, Vec::<String>::new());
}

#[test]
fn a_cloud_workspace_takes_the_login_with_a_code() {
    let facts = TABLE.iter().find(|facts| facts.login == ("openai-codex", "request_code")).expect("a row");
    let service = Service::start(facts);
    let program = crate::real_logins::program().always(service.connect_to()).env("CODESPACES", "true");
    let run = program.run(&["login", "openai-codex"]).expect_code(0);
    assert!(run.stderr.contains("this is a cloud workspace (CODESPACES is set)"), "{}", run.stderr);
    assert_eq!(service.book().wrong, Vec::<String>::new());
}

#[test]
fn a_browser_that_fails_at_once_was_not_opened() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    program.write_work("browser", "#!/bin/sh\nexit 1\n");
    let browser = program.work().join("browser");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&browser, executable).expect("permissions");
    let run = program.env("BROWSER", browser).run(&["login", ID]).expect_code(0);
    assert!(!run.stderr.contains("Opened browser"), "{}", run.stderr);
    assert!(run.stderr.contains("use the URL above"), "{}", run.stderr);
}

#[test]
fn plain_seconds_are_durations() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    program.run(&["run-flow", ID, "--timeout", "15"]).expect_code(0);
    program.run(&["token", ID, "--min-ttl", "60"]).expect_code(0);
}

#[test]
fn a_secret_of_another_program_s_variable_is_named() {
    let facts = TABLE.iter().find(|facts| facts.login == ("copilot", "mint")).expect("a row");
    let service = Service::start(facts);
    let program = Program::new().always(service.connect_to()).env("GITHUB_TOKEN", "gho_of-the-environment");
    let run = program.run(&["login", "copilot"]).expect_code(0);
    assert!(run.stderr.contains("Using GITHUB_TOKEN in the environment."), "{}", run.stderr);
}
