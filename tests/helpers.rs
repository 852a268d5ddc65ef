//! The credential helpers: what Git and Docker are told, and what they are not, whatever they ask.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::support::{MinimaxServer, Program};

const KEY: &str = "acme-key-of-mine-0001";
const OAUTH: &str = "minimax-oauth";

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
base_url = "https://git.acme.example/v1"
"#;

fn program() -> Program {
    let program = Program::new().env("ACME_API_KEY", KEY);
    program.write_home("providers.d/acme.toml", KEYED);
    program
}

/// What a real Git comes to with the helper and no other, and nobody to ask.
fn git(program: &Program, options: &str, arguments: &[&str], stdin: &str) -> Output {
    let helper =
        format!("credential.helper=!'{}' credential git {options}", env!("CARGO_BIN_EXE_hermes-engine"));
    let mut command = Command::new("git");
    command.args(["-c", "credential.helper=", "-c", &helper]).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(program.work());
    command.env("HOME", program.root().join("home")).env("HERMES_HOME", program.home());
    command.env("ACME_API_KEY", KEY).env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "true");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("SSH_ASKPASS", "true");
    assert_cmd::Command::from_std(command).write_stdin(stdin).output().expect("git starts")
}

/// The password that Git was told.
fn filled(program: &Program, options: &str, question: &str) -> Option<String> {
    let output = git(program, options, &["credential", "fill"], question);
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let password = answer.lines().find_map(|line| line.strip_prefix("password="));
    password.filter(|password| !password.is_empty()).map(str::to_owned)
}

#[test]
fn git_gets_a_token_over_https_for_an_origin_of_the_credential_and_for_no_other() {
    let program = program();
    let ask =
        |protocol: &str, host: &str| filled(&program, "", &format!("protocol={protocol}\nhost={host}\n\n"));
    assert_eq!(ask("https", "git.acme.example").as_deref(), Some(KEY));
    for (protocol, host) in [
        ("http", "git.acme.example"),
        ("https", "evil.example"),
        ("https", "git.acme.example:8443"),
        ("https", "git.acme.example.evil.example"),
        ("https", "sub.git.acme.example"),
        ("https", "acme.example"),
    ] {
        assert_eq!(ask(protocol, host), None, "{protocol}://{host}");
    }
}

#[test]
fn a_helper_reads_the_whole_question_and_answers_in_the_form_of_its_protocol() {
    let program = program();
    let ask = |operation: &str, question: &str| {
        program.run_with(&["credential", "git", operation], question).expect_code(0).stdout
    };
    let question = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.acme.example\npath=a/b.git\nwwwauth[]=Basic realm=\"x\"\n\n";
    let expect = format!("protocol=https\nhost=git.acme.example\nusername=oauth2\npassword={KEY}\n");
    assert_eq!(ask("get", question), expect);
    // Git keeps a user that the address names.
    let named = ask("get", "protocol=https\nhost=git.acme.example\nusername=me\n");
    assert_eq!(named, format!("protocol=https\nhost=git.acme.example\npassword={KEY}\n"));
    // What it doesn't know it passes over, and what it is told to store it has.
    for operation in ["store", "erase", "approve", "no-such-operation"] {
        assert_eq!(ask(operation, &format!("{expect}\n")), "", "{operation}");
    }
    for question in [
        "",
        "\n",
        "host=git.acme.example\n",
        "protocol=https\n",
        "garbage\u{0}\u{1}\n",
        "host=a/b@git.acme.example\nprotocol=https\n",
    ] {
        assert_eq!(ask("get", question), "", "{question:?}");
    }
    assert!(program.auth().is_none(), "nothing is stored by being asked");
}

/// A server that wants a password and tells what it was given.
#[test]
fn git_gives_no_token_to_a_server_over_plain_http() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.expect("a client");
            let mut bytes = [0; 8192];
            let count = stream.read(&mut bytes).unwrap_or(0);
            let _ = tell.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"repo\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let program = program();
    // The credential may go to this very address, and is still not given without TLS.
    program.write_home(
        "providers.d/acme.toml",
        &KEYED.replace("https://git.acme.example", &format!("http://{address}")),
    );
    for options in ["", "--provider acme"] {
        let output = git(&program, options, &["ls-remote", &format!("http://{address}/repo")], "");
        assert!(!output.status.success());
    }
    let requests: Vec<String> = told.try_iter().collect();
    assert!(!requests.is_empty(), "git asked");
    for request in requests {
        let given = request.lines().find(|line| line.to_lowercase().starts_with("authorization:"));
        let secret = given.is_some_and(|line| {
            use base64::Engine as _;
            let encoded = line.split_whitespace().last().unwrap_or_default();
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
            String::from_utf8_lossy(&decoded).contains(KEY)
        });
        assert!(!secret && !request.contains(KEY), "{request}");
    }
}

/// Git runs a helper inside of the repository that it has just cloned.
#[test]
fn a_helper_never_looks_at_the_providers_of_the_working_directory() {
    let program = program();
    program.write_work("providers.d/acme.toml", &KEYED.replace("git.acme.example", "evil.example"));
    program.write_work("providers.d/evil.toml", &KEYED.replace("git.acme.example", "evil.example"));
    for options in ["", "--provider acme", "--provider evil"] {
        assert_eq!(filled(&program, options, "protocol=https\nhost=evil.example\n\n"), None, "{options}");
    }
    let own = filled(&program, "", "protocol=https\nhost=git.acme.example\n\n");
    assert_eq!(own.as_deref(), Some(KEY), "a file there takes nothing away either");
    let docker = program.run_with(&["credential", "docker", "get"], "https://evil.example");
    assert_eq!(docker.expect_code(1).stdout, "credentials not found in native keychain\n");
}

#[test]
fn a_token_that_git_was_refused_with_is_renewed() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    program.run(&["run-flow", OAUTH]).expect_code(0);
    let options = server.connect_to().join(" ");
    let ask = || filled(&program, &options, "protocol=https\nhost=api.minimax.io\n\n");
    let first = ask().expect("a token");
    assert_eq!(ask().as_ref(), Some(&first), "and the same while nobody refused it");
    let refused = |password: &str| {
        let question =
            format!("protocol=https\nhost=api.minimax.io\nusername=oauth2\npassword={password}\n\n");
        assert!(git(&program, &options, &["credential", "reject"], &question).status.success());
    };
    refused("somebody-elses");
    assert_eq!(ask().as_ref(), Some(&first), "that was another token");
    refused(&first);
    let second = ask().expect("a token");
    assert_ne!(first, second);
    assert_eq!(program.record(OAUTH)["access_token"], second.as_str());
    let elsewhere = format!("protocol=https\nhost=evil.example\npassword={second}\n\n");
    assert!(git(&program, &options, &["credential", "reject"], &elsewhere).status.success());
    assert_eq!(ask().as_ref(), Some(&second), "what another host refused is none of ours");
}

#[test]
fn of_several_providers_at_one_host_none_is_guessed() {
    let program = program();
    let other = |program: Program| {
        program.write_home("providers.d/other.toml", &KEYED.replace("ACME_API_KEY", "OTHER_API_KEY"));
        program
    };
    let program = other(program.env("OTHER_API_KEY", "other-key-0002"));
    let question = "protocol=https\nhost=git.acme.example\n\n";
    let run = program.run_with(&["credential", "git", "get"], question).expect_code(0);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("acme, other") && run.stderr.contains("--provider"), "{}", run.stderr);
    let named =
        program.run_with(&["credential", "git", "--provider", "other", "get"], question).expect_code(0);
    assert!(named.stdout.contains("password=other-key-0002\n"), "{named:?}");
    // One that is not logged in is no candidate, and two files that read one key are as one.
    let program = other(self::program());
    assert_eq!(filled(&program, "", question).as_deref(), Some(KEY));
    program.write_home("providers.d/other.toml", KEYED);
    assert_eq!(filled(&program, "", question).as_deref(), Some(KEY));
}

#[test]
fn docker_is_answered_for_https_and_an_origin_of_the_credential_alone() {
    let program = program();
    let ask = |server: &str| program.run_with(&["credential", "docker", "get"], server);
    for server in
        ["https://git.acme.example", "git.acme.example", "https://git.acme.example/v2/", "git.acme.example\n"]
    {
        let answer = ask(server).expect_code(0).json();
        let expect = json!({ "ServerURL": server.trim(), "Username": "<token>", "Secret": KEY });
        assert_eq!(answer, expect);
    }
    for server in [
        "http://git.acme.example",
        "https://evil.example",
        "https://git.acme.example@evil.example",
        "git.acme.example:8443",
        "git.acme.example.evil.example",
        "ftp://git.acme.example",
        "",
    ] {
        let run = ask(server).expect_code(1);
        assert_eq!(run.stdout, "credentials not found in native keychain\n", "{server}");
    }
}

#[test]
fn docker_lists_stores_and_erases_by_its_protocol_and_no_login_is_lost() {
    let program = Program::new();
    program.write_home(
        "providers.d/acme.toml",
        &KEYED.replace("from   = [{ env = \"ACME_API_KEY\" }]", "prompt = \"Key\""),
    );
    let list = || program.run_with(&["credential", "docker", "list"], "").expect_code(0).json();
    assert_eq!(list(), json!({}));
    program.run_with(&["run-flow", "acme", "--stdin", "api_key"], KEY).expect_code(0);
    assert_eq!(list(), json!({ "https://git.acme.example": "<token>" }));
    let before = fs::read_to_string(program.home().join("auth.json")).expect("the store");
    let stored = json!({ "ServerURL": "https://git.acme.example", "Username": "me", "Secret": "other" });
    program.run_with(&["credential", "docker", "store"], &stored.to_string()).expect_code(0);
    let erased =
        program.run_with(&["credential", "docker", "erase"], "https://git.acme.example").expect_code(0);
    assert!(erased.stdout.is_empty() && erased.stderr.contains("auth remove"), "{erased:?}");
    assert_eq!(fs::read_to_string(program.home().join("auth.json")).expect("the store"), before);
    program.run_with(&["credential", "docker", "nonsense"], "").expect_code(2);
}

/// The program that Docker starts, by the recipe of the help, and by Docker itself where there is one.
#[test]
fn the_recipe_of_the_help_makes_a_helper_that_works() {
    let program = program();
    let help = program.run_bare(&["credential", "--help"]).expect_code(0).stdout;
    let line = help.lines().map(str::trim).find(|line| line.starts_with("printf ")).expect("a recipe");
    let bin = program.root().join("home/bin");
    fs::create_dir_all(&bin).expect("a folder");
    let sh = |script: &str, stdin: &str| {
        let mut command = Command::new("sh");
        let engine = std::path::Path::new(env!("CARGO_BIN_EXE_hermes-engine")).parent().expect("a folder");
        let path = format!("{}:{}", engine.display(), std::env::var("PATH").unwrap_or_default());
        command.args(["-c", script]).env("PATH", path).env("HOME", program.root().join("home"));
        command.env("HERMES_HOME", program.home()).env("ACME_API_KEY", KEY).current_dir(program.work());
        command.stderr(Stdio::inherit());
        let done = assert_cmd::Command::from_std(command).write_stdin(stdin).output().expect("sh starts");
        assert!(done.status.success(), "{script}: {done:?}");
        done.stdout
    };
    sh(line, "");
    sh("chmod +x ~/bin/docker-credential-hermes", "");
    let answer = sh("~/bin/docker-credential-hermes get", "https://git.acme.example\n");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["Secret"], KEY);
}
