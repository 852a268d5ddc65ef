//! What programs that are started inherit, where they are looked for, and what is written about them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{MinimaxServer, Program, Run};

const KEYED: &str = r#"
name  = "Acme"
start = { login = "success" }

[inputs.api_key]
from   = [{ env = "ACME_API_KEY" }]
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/v1"
"#;

fn variables(run: &Run) -> BTreeSet<String> {
    run.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect()
}

/// Every variable that a built-in file reads as a secret, by the files themselves.
fn secret_variables() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(crate::support::page::root("providers.d")).expect("the catalogue") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !name.ends_with(".toml") || name.ends_with(".test.toml") {
            continue;
        }
        let file: toml::Table = fs::read_to_string(&path).expect("a file").parse().expect("TOML");
        let inputs = file.get("inputs").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for (name, input) in &inputs {
            // The flow that nearly all extend makes `api_key` a secret.
            let is_secret =
                name == "api_key" || input.get("secret").and_then(toml::Value::as_bool) == Some(true);
            let sources = input.get("from").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            let named = sources.iter().filter_map(|source| source.get("env")?.as_str().map(str::to_owned));
            names.extend(named.filter(|_| is_secret));
        }
    }
    names
}

#[test]
fn a_child_of_exec_has_no_secret_of_any_other_provider() {
    let secrets = secret_variables();
    for name in ["MINIMAX_API_KEY", "OPENROUTER_API_KEY", "HF_TOKEN", "GITHUB_TOKEN"] {
        assert!(secrets.contains(name), "{name}: {secrets:?}");
    }
    let mut program = Program::new().env("ACME_API_KEY", "acme-key-0001").env("PLAIN", "kept");
    // What no file reads, and programs of a protocol spend on a model all the same.
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        program = program.env(name, format!("other-{name}"));
    }
    for name in &secrets {
        program = program.env(name, format!("other-{name}"));
    }
    program.write_home("providers.d/acme.toml", KEYED);
    let run = program.run(&["exec", "acme", "--", "env"]).expect_code(0);
    let left: Vec<String> = secrets.intersection(&variables(&run)).cloned().collect();
    // The one that this protocol sets has this credential.
    assert!(left.iter().all(|name| name == "OPENAI_API_KEY"), "{left:?}");
    assert!(!run.stdout.contains("other-"), "{}", run.stdout);
    assert!(run.stdout.contains("PLAIN=kept") && run.stdout.contains("ACME_API_KEY=acme-key-0001"));
    let kept = secrets.iter().find(|name| *name != "OPENAI_API_KEY").expect("one");
    let again = ["exec", "acme", "--keep-env", kept, "--keep-env", "PLAIN", "--", "env"];
    let run = program.run(&again).expect_code(0);
    assert!(run.stdout.contains(&format!("{kept}=other-{kept}\n")), "{}", run.stdout);
    assert_eq!(run.stdout.matches("other-").count(), 1, "{}", run.stdout);
}

#[test]
fn a_file_of_the_users_own_takes_no_secret_of_a_built_in_one_off_the_list() {
    let program = Program::new().env("ACME_API_KEY", "k-000001").env("DEEPSEEK_API_KEY", "other-deepseek");
    program.write_home("providers.d/acme.toml", KEYED);
    program.write_home("providers.d/deepseek.toml", &KEYED.replace("ACME_API_KEY", "MY_DEEPSEEK_KEY"));
    let run = program.run(&["exec", "acme", "--", "env"]).expect_code(0);
    assert!(!run.stdout.contains("other-deepseek"), "{}", run.stdout);
    // And nobody's file names what is taken away.
    let planted = KEYED.replace("ACME_API_KEY", "PATH");
    program.write_work("providers.d/planted.toml", &planted);
    let run = program.run(&["exec", "acme", "--", "env"]).expect_code(0);
    assert!(variables(&run).contains("PATH"), "{}", run.stdout);
}

#[test]
fn a_clean_environment_holds_the_credential_and_what_every_program_needs() {
    let program = Program::new()
        .env("ACME_API_KEY", "acme-key-0001")
        .env("SECRET_OF_NOBODY", "x")
        .env("LC_ALL", "C")
        .env("SSH_AUTH_SOCK", "/sock");
    program.write_home("providers.d/acme.toml", KEYED);
    let run = program.run(&["exec", "acme", "--clean-env", "--keep-env", "SSH_AUTH_SOCK", "--", "env"]);
    let names = variables(&run.expect_code(0));
    for name in ["PATH", "HOME", "LC_ALL", "SSH_AUTH_SOCK", "OPENAI_API_KEY", "OPENAI_BASE_URL"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    for name in ["SECRET_OF_NOBODY", "ACME_API_KEY", "HERMES_HOME"] {
        assert!(!names.contains(name), "{name}: {names:?}");
    }
}

/// Runs the binary with descriptors 9 and 251 open on a file, by a shell.
#[cfg(target_os = "linux")]
fn with_descriptors(program: &Program, arguments: &[&str]) -> Run {
    let secret = program.root().join("open-file");
    fs::write(&secret, "").expect("written");
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec 9<\"$1\" 251<\"$1\"; shift; exec \"$@\"", "bash"]).arg(&secret);
    let engine = program.command(arguments);
    shell.arg(engine.get_program()).args(engine.get_args());
    shell.env_clear().envs(engine.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(program.work());
    Run::of(&shell.output().expect("bash starts"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_is_started_inherits_no_descriptor_beyond_the_first_three() {
    let list = "readlink /proc/$$/fd/* | grep -c open-file; true";
    let program = Program::new().env("ACME_API_KEY", "acme-key-0001");
    program.write_home("providers.d/acme.toml", KEYED);
    let run = with_descriptors(&program, &["exec", "acme", "--", "sh", "-c", list]).expect_code(0);
    assert_eq!(run.stdout.trim(), "0", "{run:?}");
    // A program that is a source of a key.
    let teller = script(
        &program.root().join("teller"),
        "echo \"inherited-$(readlink /proc/$$/fd/* | grep -c open-file)\"",
    );
    let source = format!("{{ command = [\"{}\"] }}", teller.display());
    program.write_home("providers.d/acme.toml", &KEYED.replace("{ env = \"ACME_API_KEY\" }", &source));
    let run = with_descriptors(&program, &["token", "acme"]).expect_code(0);
    assert_eq!(run.stdout, "inherited-0\n");
}

fn script(path: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
    path.to_owned()
}

#[test]
fn a_helper_program_is_not_looked_for_in_the_working_directory() {
    let system = std::env::var("PATH").unwrap_or_default();
    for (path, expect) in [
        (format!(":{system}"), 3),
        (format!(".:{system}"), 3),
        (format!("{system}:"), 3),
        (format!("bin:{system}"), 3),
        (format!("ABSOLUTE:{system}"), 0),
    ] {
        let program = Program::new();
        let path = path.replace("ABSOLUTE", &program.root().join("own").display().to_string());
        let program = program.env("PATH", path.clone());
        for folder in ["work", "work/bin"] {
            script(
                &program.root().join(folder).join("hermes-test-teller"),
                "touch PWNED; echo planted-key-01",
            );
        }
        script(&program.root().join("own/hermes-test-teller"), "echo own-key-0001");
        let source = "{ command = [\"hermes-test-teller\"] }";
        program.write_home("providers.d/acme.toml", &KEYED.replace("{ env = \"ACME_API_KEY\" }", source));
        let run = program.run(&["token", "acme"]).expect_code(expect);
        assert!(!run.stdout.contains("planted") && !program.work().join("PWNED").exists(), "{path}: {run:?}");
        assert!(expect != 0 || run.stdout == "own-key-0001\n", "{run:?}");
    }
}

#[test]
fn a_browser_is_not_looked_for_in_the_working_directory() {
    let server = MinimaxServer::new().start();
    let system = std::env::var("PATH").unwrap_or_default();
    for entry in ["", ".", "bin"] {
        let program = Program::new().always(server.connect_to());
        let own = program.root().join("own");
        let program = program
            .env("PATH", format!("{entry}:{}:{system}", own.display()))
            .env("BROWSER", "hermes-test-browser");
        for folder in ["work", "work/bin"] {
            for name in ["hermes-test-browser", "xdg-open", "gio", "x-www-browser"] {
                script(&program.root().join(folder).join(name), "touch \"$(dirname \"$0\")/PWNED\"");
            }
        }
        script(&own.join("hermes-test-browser"), "touch \"$(dirname \"$0\")/opened\"");
        program.run(&["run-flow", "minimax-oauth"]).expect_code(0);
        assert!(own.join("opened").exists(), "the user's own browser is found: {entry:?}");
        assert!(
            !program.work().join("PWNED").exists() && !program.work().join("bin/PWNED").exists(),
            "{entry:?}"
        );
    }
}

#[test]
fn s23_a_trace_shows_no_path_but_as_the_file_writes_it() {
    let file = r#"
name  = "Acme"
start = { login = "ask" }

[vars]
auth = "https://auth.acme.example/v1"

[inputs.bot]
from   = [{ env = "ACME_BOT" }]
secret = true

[states.ask]
get = "{{auth}}/bot{{bot}}/getMe"
on  = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]

[states.success]
"#;
    let program = Program::new().env("ACME_BOT", "PATHSECRET-123456789").timeout(Duration::from_secs(20));
    let program = program.connect_to(&["auth.acme.example"], "127.0.0.1:1".parse().expect("an address"));
    program.write_home("providers.d/acme.toml", file);
    let run = program.run(&["run-flow", "acme", "--trace", "-v"]);
    assert!(run.stderr.contains("> ask GET https://auth.acme.example/v1/bot{{bot}}/getMe"), "{}", run.stderr);
    assert!(!run.stderr.contains("PATHSECRET"), "{}", run.stderr);
}

#[test]
fn a_config_yaml_that_is_a_pipe_holds_up_no_command() {
    let program = Program::new().env("ACME_API_KEY", "acme-key-0001").timeout(Duration::from_secs(20));
    program.write_home("providers.d/acme.toml", KEYED);
    let pipe = program.home().join("config.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    for args in [
        vec!["token"],
        vec!["use", "acme", "--model", "m"],
        vec!["doctor"],
        vec!["resolve", "acme"],
        vec!["exec", "--", "true"],
    ] {
        let run = program.run(&args);
        assert!(run.code.is_some(), "{args:?} hangs");
        assert!(run.code == Some(0) || run.stderr.contains("config.yaml"), "{args:?}: {run:?}");
    }
    assert!(fs::symlink_metadata(&pipe).is_ok_and(|found| !found.is_file()), "it is as it was");
}

/// PyYAML reads YAML 1.1, as Hermes Agent does.
#[test]
fn a_model_whose_name_looks_like_a_date_is_a_text_to_every_reader() {
    let program = Program::new().env("ACME_API_KEY", "acme-key-0001");
    program.write_home("providers.d/acme.toml", KEYED);
    let has_pyyaml =
        Command::new("python3").args(["-c", "import yaml"]).output().is_ok_and(|o| o.status.success());
    for model in ["2026-01-01", "yes", "1:30", "0o17", "017", "null", "1_000", "1e3", "on", "n", "plain-1"] {
        program.run(&["use", "acme", "--model", model]).expect_code(0);
        let path = program.home().join("config.yaml");
        let text = fs::read_to_string(&path).expect("it is written");
        assert!(model == "plain-1" || text.contains(&format!("default: \"{model}\"")), "{text}");
        if !has_pyyaml {
            eprintln!("not tried: python3 has no PyYAML");
            continue;
        }
        let read = "import sys, yaml; print(repr(yaml.safe_load(open(sys.argv[1]))['model']['default']))";
        let output = Command::new("python3").args(["-c", read]).arg(&path).output().expect("python starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("'{model}'"), "{text}");
    }
}

/// The lines of the audit log.
fn audited(program: &Program) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(program.home().join("audit.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON, a line each")).collect()
}

#[test]
fn each_use_of_a_credential_is_noted_where_that_is_asked_for_and_nothing_secret_is() {
    let program = Program::new().env("ACME_API_KEY", "acme-key-0001");
    program.write_home("providers.d/acme.toml", KEYED);
    program.run(&["token", "acme"]).expect_code(0);
    assert!(!program.home().join("audit.jsonl").exists(), "it is off");
    let program = program.env("HERMES_AUDIT", "1");
    for args in [vec!["token", "acme"], vec!["resolve", "acme"], vec!["exec", "acme", "--", "true"]] {
        program.run(&args).expect_code(0);
    }
    program.run_with(&["credential", "git", "get"], "protocol=https\nhost=api.acme.example\n").expect_code(0);
    let lines = audited(&program);
    let commands: Vec<&str> = lines.iter().filter_map(|line| line["command"].as_str()).collect();
    assert_eq!(commands, ["token", "resolve", "exec", "credential"]);
    for line in &lines {
        assert_eq!((line["version"].as_u64(), line["provider"].as_str()), (Some(1), Some("acme")));
        assert_eq!(line["destinations"], serde_json::json!(["https://api.acme.example"]));
        assert_eq!(line["file_sha256"], crate::support::sha256(KEYED));
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        if cfg!(target_os = "linux") {
            let own = std::env::current_exe().expect("this test");
            assert_eq!(line["parent"].as_str(), own.to_str());
        }
        assert!(!line.to_string().contains("acme-key"), "{line}");
    }
    let mode = fs::metadata(program.home().join("audit.jsonl")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A request that is refused hands nothing out.
    program.run(&["token", "minimax-oauth"]).expect_code(3);
    assert_eq!(audited(&program).len(), lines.len());
}

#[test]
fn an_audit_log_that_is_a_link_or_a_pipe_is_not_written_through() {
    for make in ["ln -s \"$2\" \"$1\"", "mkfifo \"$1\""] {
        let program = Program::new()
            .env("ACME_API_KEY", "acme-key-0001")
            .env("HERMES_AUDIT", "1")
            .timeout(Duration::from_secs(20));
        program.write_home("providers.d/acme.toml", KEYED);
        let (log, other) = (program.home().join("audit.jsonl"), program.root().join("other"));
        fs::write(&other, "mine").expect("written");
        let made = Command::new("sh").args(["-c", make, "sh"]).arg(&log).arg(&other).status().expect("sh");
        assert!(made.success());
        let run = program.run(&["token", "acme"]).expect_code(0);
        assert_eq!(run.stdout, "acme-key-0001\n");
        assert!(run.stderr.contains("audit.jsonl"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&other).expect("it is there"), "mine");
    }
}

#[test]
fn a_logout_is_audited_with_and_without_the_file() {
    let program = Program::new().env("HERMES_AUDIT", "1");
    program.store_login("minimax-oauth", ("access-1", "refresh-1"), 99_999_999_999);
    program.run(&["auth", "remove", "minimax-oauth"]).expect_code(0);
    program.run(&["auth", "remove", "minimax-oauth"]).expect_code(0);
    let lines = audited(&program);
    assert_eq!(lines.len(), 1, "the second time there was nothing to remove: {lines:?}");
    assert_eq!(
        (&lines[0]["event"], &lines[0]["command"], &lines[0]["provider"]),
        (&"removed".into(), &"auth".into(), &"minimax-oauth".into())
    );
    assert!(!format!("{lines:?}").contains("refresh-1") && !format!("{lines:?}").contains("access-1"));
    // A provider whose file is gone.
    program.store_login("gone", ("access-2", "refresh-2"), 99_999_999_999);
    program.run(&["logout", "gone"]).expect_code(0);
    let lines = audited(&program);
    assert_eq!((&lines[1]["event"], &lines[1]["provider"]), (&"removed".into(), &"gone".into()));
}

#[test]
fn s20_an_env_file_that_others_can_write_is_not_read_and_every_command_that_looks_there_says_so() {
    let program = Program::new();
    program.write_home("providers.d/acme.toml", KEYED);
    program.write_home(".env", "ACME_API_KEY=planted-0001\nHERMES_INFERENCE_PROVIDER=acme\n");
    let path = program.home().join(".env");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its mode");
    for (args, code) in [
        (vec!["token", "acme"], 3),
        (vec!["resolve", "acme", "--as", "env"], 3),
        (vec!["exec", "acme", "--", "true"], 3),
        (vec!["token"], 2),
        (vec!["auth", "status", "acme"], 0),
        (vec!["status", "acme"], 0),
        (vec!["doctor"], 0),
    ] {
        let run = program.run(&args).expect_code(code);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(
            all.contains(".env") && all.contains("other users can write to it (mode 0666)"),
            "{args:?}: {run:?}"
        );
        assert!(!all.contains("planted"), "{args:?}: {run:?}");
    }
    // A value that comes from elsewhere is used, and what was passed over is said all the same.
    let login = ["auth", "add", "acme", "--stdin", "api_key", "--no-verify"];
    program.run_with(&login, "typed-0001").expect_code(0);
    let run = program.run(&["token", "acme"]).expect_code(0);
    assert_eq!(run.stdout, "typed-0001\n");
    assert_eq!(run.stderr.matches("other users can write to it").count(), 1, "{run:?}");
    // Where nothing is looked for there, there is nothing to say.
    let program = program.env("ACME_API_KEY", "own-0001");
    assert_eq!(program.run(&["token", "acme"]).expect_code(0).stderr, "");
}

#[test]
fn s20_a_planted_choice_of_a_provider_is_refused() {
    let program = Program::new().env("ACME_API_KEY", "own-0001");
    program.write_home("providers.d/acme.toml", KEYED);
    program.write_home("config.yaml", "model:\n  provider: acme\n");
    let path = program.home().join("config.yaml");
    program.run(&["token"]).expect_code(0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its mode");
    let run = program.run(&["token"]).expect_code(8);
    assert!(run.stderr.contains("other users can write to it (mode 0666)"), "{run:?}");
    program.run(&["use", "acme", "--model", "m"]).expect_code(8);
    program.run(&["token", "acme"]).expect_code(0);
}
