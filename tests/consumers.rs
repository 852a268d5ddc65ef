//! Programs that take a credential by a convention of their own; those that need more than Rust are in `tests/extra/`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::{env, fs};

use serde_json::{Value, json};

use crate::support::Program;

const KEY: &str = "own-key-of-mine-0001";

fn program() -> Program {
    Program::new().env("MINIMAX_API_KEY", KEY)
}

/// Docker starts `docker-credential-NAME get`, writes the server's address on its stdin, and reads one JSON object
/// (<https://github.com/docker/docker-credential-helpers#development>).
#[test]
fn docker_gets_an_identity_token_by_the_protocol_of_its_helpers() {
    let program = program();
    let helper = program.root().join("docker-credential-hermes");
    let engine = env!("CARGO_BIN_EXE_hermes-engine");
    let script = format!("#!/bin/sh\nexec '{engine}' credential docker \"$@\"\n");
    fs::write(&helper, script).expect("written");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("permissions");
    let mut command = Command::new(&helper);
    command
        .arg("get")
        .env("HERMES_HOME", program.home())
        .env("MINIMAX_API_KEY", KEY)
        .current_dir(program.work());
    let output = assert_cmd::Command::from_std(command).write_stdin("https://api.minimax.io\n").output();
    let output = output.expect("the helper starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else");
    let expect = json!({ "ServerURL": "https://api.minimax.io", "Username": "<token>", "Secret": KEY });
    assert_eq!(answer, expect);
    // What a helper may not do: answer where it has nothing.
    let nothing = Program::new().run_with(&["credential", "docker", "get"], "https://api.minimax.io\n");
    assert_eq!(nothing.expect_code(1).stdout, "credentials not found in native keychain\n");
}

/// A server that answers one request, and tells the lines of its head.
fn one_request() -> (SocketAddr, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let lines = BufReader::new(stream.try_clone().expect("the same")).lines().map_while(Result::ok);
        let head = lines.take_while(|line| !line.is_empty()).collect();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("written");
        tell.send(head).expect("somebody listens");
    });
    (addr, told)
}

/// Sends the headers as `curl -H @-` does; by hand where there is no curl.
fn send(addr: SocketAddr, headers: &str) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "--max-time", "20", "-H", "@-", &format!("http://{addr}/v1/models")]);
    match curl.stdin(Stdio::piped()).spawn() {
        Ok(mut child) => {
            child.stdin.take().expect("a pipe").write_all(headers.as_bytes()).expect("written");
            assert!(child.wait().expect("it ends").success());
        }
        Err(_) => {
            let mut stream = TcpStream::connect(addr).expect("a server");
            let headers = headers.replace('\n', "\r\n");
            write!(stream, "GET /v1/models HTTP/1.1\r\nHost: {addr}\r\n{headers}\r\n").expect("written");
        }
    }
}

#[test]
fn headers_reach_a_server_as_curl_reads_them_from_a_file() {
    for (id, variable, key, expect) in [
        ("minimax", "MINIMAX_API_KEY", KEY, "authorization: bearer own-key-of-mine-0001"),
        ("anthropic", "ANTHROPIC_API_KEY", "sk-ant-api03-x", "x-api-key: sk-ant-api03-x"),
    ] {
        let program = Program::new().env(variable, key);
        let headers = program.run(&["resolve", id, "--as", "header"]).expect_code(0).stdout;
        let (addr, told) = one_request();
        send(addr, &headers);
        let head = told.recv().expect("a request");
        assert_eq!(head.first().map(String::as_str), Some("GET /v1/models HTTP/1.1"));
        let carries = |line: &&String| line.contains(key);
        let carried: Vec<String> = head.iter().filter(carries).map(|line| line.to_lowercase()).collect();
        assert_eq!(carried, [expect], "{head:?}");
    }
}

#[test]
fn each_protocol_of_a_service_is_set_for_a_child_as_its_programs_read_it() {
    let program = Program::new().env("GEMINI_API_KEY", KEY).env("GOOGLE_GENAI_USE_VERTEXAI", "true");
    let native = program.run(&["exec", "gemini-native", "--", "env"]).expect_code(0).stdout;
    let has = |text: &str, line: &str| text.lines().any(|own| own == line);
    assert!(has(&native, "GOOGLE_GEMINI_BASE_URL=https://generativelanguage.googleapis.com"), "{native}");
    assert!(has(&native, &format!("GEMINI_API_KEY={KEY}")), "{native}");
    assert!(!native.contains("GOOGLE_GENAI_USE_VERTEXAI") && !native.contains("OPENAI_"), "{native}");
    let chat = program.run(&["exec", "gemini", "--", "env"]).expect_code(0).stdout;
    let url = "OPENAI_BASE_URL=https://generativelanguage.googleapis.com/v1beta/openai";
    assert!(has(&chat, url) && has(&chat, &format!("OPENAI_API_KEY={KEY}")), "{chat}");
    assert!(!chat.contains("GEMINI_API_KEY"), "{chat}");
}
