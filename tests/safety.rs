//! Promises of safety that only the whole program can keep.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::minimax_server::{PollFault, Running};
use crate::support::{MinimaxServer, Program, Started, sha256};

const ID: &str = "minimax-oauth";

/// A program whose browser leaves a note that it was started.
fn with_browser(program: Program) -> Program {
    let script = program.root().join("browser");
    let note = program.root().join("browser-was-started");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\n", note.display())).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("permissions");
    program.env("BROWSER", script)
}

fn browser_was_started(program: &Program) -> bool {
    program.root().join("browser-was-started").exists()
}

fn program(server: &Running) -> Program {
    Program::new().always(server.connect_to())
}

#[test]
fn s13_a_verifier_is_told_nowhere_whatever_the_end() {
    let servers = [
        MinimaxServer::new(),
        MinimaxServer::new().poll_fault(PollFault::Denied),
        MinimaxServer::new().poll_fault(PollFault::RejectedInText),
        MinimaxServer::new().never_approved().code_life(Duration::from_secs(1)),
    ];
    for server in servers {
        let server = server.start();
        let program = program(&server);
        let run = program.run(&["run-flow", ID, "--trace", "-v"]);
        let auth = fs::read_to_string(program.home().join("auth.json")).unwrap_or_default();
        let secrets = server.other_secrets();
        let verifiers: Vec<&String> = secrets.iter().filter(|secret| !secret.starts_with("mm-")).collect();
        assert!(verifiers.iter().any(|verifier| verifier.len() >= 43), "one was sent");
        for verifier in verifiers {
            for text in [&run.stdout, &run.stderr, &auth] {
                assert!(!text.contains(verifier.as_str()), "in:\n{text}");
            }
        }
    }
}

#[test]
fn s14_a_login_that_ended_badly_is_not_started_again() {
    let expired = MinimaxServer::new().never_approved().code_life(Duration::from_secs(1));
    for (server, code) in [(MinimaxServer::new().poll_fault(PollFault::Denied), 4), (expired, 5)] {
        let server = server.start();
        let program = program(&server);
        program.run(&["run-flow", ID]).expect_code(code);
        program.run(&["token", ID]).expect_code(3);
        program.run(&["run-flow", ID, "--flow", "refresh"]).expect_code(3);
        assert_eq!(server.counts().code, 1, "a code is asked for by a person alone");
    }
}

#[test]
fn s35_who_asks_for_a_token_is_never_asked_and_sees_no_browser() {
    let server = MinimaxServer::new().start();
    let program = with_browser(program(&server));
    for args in [vec!["token", ID], vec!["resolve", ID], vec!["exec", ID], vec!["token", "minimax"]] {
        let mut command = program.command(&args);
        if args.contains(&"exec") {
            command.args(["--", "true"]);
        }
        let output = assert_cmd::Command::from_std(command)
            .timeout(Duration::from_secs(20))
            .write_stdin("yes\nkey-0001\n")
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    assert_eq!((server.counts().code, browser_was_started(&program)), (0, false));
    program.run(&["run-flow", ID]).expect_code(0);
    assert!(browser_was_started(&program), "a login does open it");
}

const KEYED: &str = r#"
name  = "Acme"
start = { login = "success", logout = "revoke" }

[inputs.api_key]
prompt = "API key"
secret = true

[states.success]
access_token = "{{api_key}}"

"#;

const RENEWED: &str = r#"
name  = "Acme"
start = { login = "ask", logout = "revoke" }

[inputs.password]
prompt = "Password"
secret = true

[states.ask]
post = "https://auth.example.com/token"
form.password = "{{password}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "authorization_denied" }]

[states.success]
refresh = { to = "refresh" }

[states.refresh]
post = "https://auth.example.com/token"
form.refresh_token = "{{token.refresh_token}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed" }]

"#;

/// How a credential is revoked, and where it goes: the end of both.
const REVOKE: &str = r#"
[states.revoke]
post       = "https://auth.example.com/revoke"
form.token = "{{token.access_token}}"
on = [{ to = "done" }]

[api]
mode     = "chat_completions"
base_url = "https://auth.example.com/v1"
"#;

/// A server that answers one request with this status, and tells its body.
fn answering(status: u16) -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = String::new();
        let mut bytes = [0; 4096];
        while !request.contains("token=") {
            let count = stream.read(&mut bytes).expect("a request");
            request.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
        }
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .expect("written");
        tell.send(request).expect("somebody listens");
    });
    (addr, told)
}

#[test]
fn s32_a_logout_that_is_interrupted_keeps_what_it_could_not_revoke() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let program = Program::new();
    program.write_home("providers.d/acme.toml", &[KEYED, REVOKE].concat());
    program.run_with(&["run-flow", "acme", "--stdin", "api_key"], "typed-key-0001").expect_code(0);
    let to = format!("auth.example.com={}", silent.local_addr().expect("an address"));
    let mut command = program.command(&["auth", "remove", "acme", "--connect-to", &to]);
    let mut removal = Started::by(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let _client = silent.accept().expect("it asks");
    removal.signal("INT");
    removal.end().expect_code(130);
    assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, "typed-key-0001\n");
}

/// Two lines of a journal: the intent to spend a token, and the answer that arrived.
fn unfinished(spent: &str, answer: &str) -> String {
    let at = 1_767_225_600_000_i64;
    let intent =
        json!({ "slot": "main", "generation": 0, "refresh_token_sha256": sha256(spent), "started_at": at });
    let body = STANDARD.encode(answer);
    let answer = json!({ "state": "refresh", "at": at, "status": 200, "headers": [], "body": body, "truncated": false });
    format!("{intent}\n{answer}\n")
}

#[test]
fn s32_a_logout_revokes_what_a_renewal_that_was_cut_off_has_left() {
    let program = Program::new();
    program.write_home("providers.d/acme.toml", &[RENEWED, REVOKE].concat());
    program.store_login("acme", ("access-0", "refresh-0"), 4_000_000_000);
    let answer = r#"{"access_token":"access-1","refresh_token":"refresh-1","expires_in":36000}"#;
    program.write_home("journal/acme", &unfinished("refresh-0", answer));
    let (addr, told) = answering(200);
    let to = format!("auth.example.com={addr}");
    let run = program.run(&["auth", "remove", "acme", "--connect-to", &to]).expect_code(0);
    assert!(told.recv().expect("asked").contains("token=access-1"), "{}", run.stderr);
    assert!(!program.home().join("journal/acme").exists());
    assert!(!program.auth().expect("the file stays").to_string().contains("access-"));
}

#[test]
fn s32_a_logout_revokes_forgets_and_tells_the_truth() {
    for (status, said) in
        [(200, "✓ The server has revoked the credential."), (503, "the server answered 503")]
    {
        let program = Program::new();
        program.write_home("providers.d/acme.toml", &[KEYED, REVOKE].concat());
        program.run_with(&["run-flow", "acme", "--stdin", "api_key"], "typed-key-0001").expect_code(0);
        let (addr, told) = answering(status);
        let to = format!("auth.example.com={addr}");
        let run = program.run(&["auth", "remove", "acme", "--connect-to", &to]).expect_code(0);
        assert!(told.recv().expect("asked").contains("token=typed-key-0001"), "{status}");
        assert!(run.stderr.contains(said), "{status}: {}", run.stderr);
        let auth = program.auth().expect("the file stays");
        assert!(!auth.to_string().contains("typed-key-0001"), "every copy is gone: {auth}");
    }
    let program = Program::new();
    program.write_home("providers.d/acme.toml", &[KEYED, REVOKE].concat());
    program.run_with(&["run-flow", "acme", "--stdin", "api_key"], "typed-key-0001").expect_code(0);
    let run = program
        .run(&["auth", "remove", "acme", "--connect-to", "auth.example.com=127.0.0.1:1"])
        .expect_code(0);
    assert!(run.stderr.contains("has not revoked"), "{}", run.stderr);
    program.run(&["token", "acme"]).expect_code(3);
}
