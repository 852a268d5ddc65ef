//! The flows from outside: what a person sees of a login and how it ends, and what becomes of the credential.

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::minimax_server::{PollFault, Running};
use crate::support::{MinimaxServer, Program, Run, Started};

const ID: &str = "minimax-oauth";

/// A program whose requests all go to this server.
fn program(server: &Running) -> Program {
    Program::new().always(server.connect_to())
}

/// What a command answers that has no use for `--connect-to`.
fn offline(program: &Program, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hermes-engine"))
        .args(args)
        .arg("--home")
        .arg(program.home())
        .output();
    String::from_utf8_lossy(&output.expect("the binary starts").stdout).into_owned()
}

#[track_caller]
fn login(program: &Program) -> Run {
    program.run(&["run-flow", ID]).expect_code(0)
}

#[test]
fn a_login_says_what_to_do_and_ends_with_one_clear_line() {
    let server = MinimaxServer::new().with_dead_page().notification("Hello\u{1b}[31m").start();
    let program = program(&server);
    let run = login(&program);
    assert_eq!(run.stdout, "");
    let said: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(said.first(), Some(&"Starting login to MiniMax (OAuth) (global)..."));
    assert!(run.stderr.contains("To continue:\n  1. Open: https://platform.minimax.io/"), "{}", run.stderr);
    assert!(run.stderr.contains("  2. If prompted, enter code: "), "{}", run.stderr);
    assert!(run.stderr.contains("Note from MiniMax (OAuth): Hello"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "no terminal obeys a server");
    assert_eq!(said.last(), Some(&"✓ MiniMax (OAuth) login successful."));
    assert_eq!(server.violations(), Vec::<String>::new());
    let record = program.auth().expect("a login is stored")["providers"][ID].clone();
    assert_eq!(record["portal_base_url"], "https://api.minimax.io");
    assert_eq!(record["region"], "global");
}

#[test]
fn a_login_is_used_refreshed_verified_by_its_status_and_removed() {
    let server = MinimaxServer::new().start();
    let program = program(&server);
    login(&program);
    let token = |args: &[&str]| program.run(args).expect_code(0).stdout.trim().to_owned();
    let first = token(&["token", "minimax-portal"]);
    assert_eq!(token(&["token", ID]), first);
    assert!(server.knows_access_token(&first));
    let run = program.run(&["run-flow", ID, "--flow", "refresh"]).expect_code(0);
    assert_eq!(run.stderr.lines().last(), Some("✓ MiniMax (OAuth) refresh successful."));
    let second = token(&["token", ID]);
    assert!(second != first && server.knows_access_token(&second));
    let resolved: Value = program.run(&["resolve", ID]).expect_code(0).json();
    assert_eq!(resolved["api_key"], second.as_str());
    assert_eq!(resolved["base_url"], "https://api.minimax.io/anthropic");
    assert_eq!((&resolved["region"], &resolved["source"]), (&"global".into(), &"auth.json".into()));
    assert!(resolved["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{resolved}");
    let doctor = offline(&program, &["doctor"]);
    assert!(doctor.contains("✓ MiniMax (OAuth) (logged in, region=global)\n"), "{doctor}");
    program.run(&["run-flow", ID, "--flow", "logout"]).expect_code(0);
    program.run(&["token", ID]).expect_code(3);
}

#[test]
fn the_other_region_is_kept_with_the_credential() {
    let server = MinimaxServer::new().start();
    let program = program(&server);
    program.run(&["run-flow", ID, "--region", "cn"]).expect_code(0);
    program.run(&["run-flow", ID, "--flow", "refresh"]).expect_code(0);
    let resolved = program.run(&["resolve", ID]).expect_code(0).json();
    assert_eq!(resolved["base_url"], "https://api.minimaxi.com/anthropic");
    let run = program.run(&["run-flow", ID, "--region", "mars"]).expect_code(2);
    assert!(run.stderr.contains("it has global, cn"), "{}", run.stderr);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn a_login_that_ends_badly_says_how_and_stores_nothing() {
    let server = MinimaxServer::new().poll_fault(PollFault::Denied).start();
    let program = program(&server);
    let run = program.run(&["run-flow", ID]).expect_code(4);
    assert!(run.stderr.lines().last().is_some_and(|line| line.starts_with("error: ")), "{}", run.stderr);
    assert!(program.auth().is_none());
    let run =
        Program::new().always(["--connect-to", "account.minimax.io=127.0.0.1:1"]).run(&["run-flow", ID]);
    run.expect_code(6);
}

#[test]
fn nothing_secret_is_in_a_trace() {
    let server = MinimaxServer::new().start();
    let program = program(&server);
    let run = program.run(&["run-flow", ID, "--trace"]).expect_code(0);
    assert!(run.stderr.contains("> poll POST https://account.minimax.io/oauth2/token"), "{}", run.stderr);
    let record = program.auth().expect("stored")["providers"][ID].clone();
    for name in ["access_token", "refresh_token"] {
        let secret = record[name].as_str().expect("a token");
        assert!(!run.stderr.contains(secret), "{name} was told");
    }
}

#[test]
fn s33_ctrl_c_ends_a_waiting_login_at_once_with_130() {
    let server = MinimaxServer::new().never_approved().interval_ms(30_000).start();
    let program = program(&server);
    let mut login =
        Started::by(program.command(&["run-flow", ID]).stderr(Stdio::piped()).stdout(Stdio::null()));
    let mut said = login.stderr().lines();
    assert!(said.any(|line| line.unwrap().starts_with("Waiting for approval... ")));
    let pressed = Instant::now();
    login.signal("INT");
    login.end().expect_code(130);
    // The next poll would come after 30 seconds.
    assert!(pressed.elapsed() < Duration::from_secs(15), "{:?}", pressed.elapsed());
    assert!(program.auth().is_none());
}

#[test]
fn a_paste_of_something_else_ends_no_login() {
    let program = Program::new();
    let mut command =
        program.command(&["run-flow", "openrouter-oauth", "--from", "authorize", "--no-browser"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut login = Started::by(&mut command);
    let (mut pasted, mut said) = (login.stdin(), login.stderr().lines().map(Result::unwrap));
    let page = said.find_map(|line| Some(line.split_once("Open: ")?.1.to_owned())).expect("a page");
    for (paste, why) in [(page.as_str(), "the page that was opened"), ("a-code", "the whole address")] {
        writeln!(pasted, "{paste}").unwrap();
        let line = said.find(|line| line.starts_with("Not accepted")).expect("a word about it");
        assert!(line.contains(why), "{line}");
    }
    login.signal("INT");
    login.end().expect_code(130);
}

#[test]
fn a_login_is_stored_when_the_refresh_of_another_process_has_ended() {
    let server = MinimaxServer::new().start();
    let program = program(&server);
    program.run(&["run-flow", ID]).expect_code(0);
    let lock = File::options().write(true).open(program.home().join("locks").join(ID));
    let lock = lock.expect("a login has made it");
    for is_given_up in [true, false] {
        lock.lock().expect("nobody holds it");
        let before = program.record(ID);
        let mut command = program.command(&["run-flow", ID]);
        let mut login = Started::by(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let mut said = login.stderr().lines().map(Result::unwrap);
        said.find(|line| line.starts_with("Another process is renewing")).expect("it waits, and says so");
        if is_given_up {
            login.signal("INT");
            login.end().expect_code(130);
            assert_eq!(program.record(ID), before);
        } else {
            lock.unlock().expect("it was held");
            login.end().expect_code(0);
            assert_ne!(program.record(ID)["access_token"], before["access_token"]);
        }
        lock.unlock().expect("it may be held");
    }
}

#[test]
fn every_end_of_a_simulated_login_has_its_code() {
    let program = Program::new();
    for (scenario, code) in [("approve", 0), ("deny", 4), ("bad-state", 7)] {
        program.run(&["run-flow", ID, &format!("--simulate={scenario}")]).expect_code(code);
        assert!(program.auth().is_none(), "{scenario}");
    }
}

#[test]
fn the_simulated_server_serves_a_login_until_it_is_interrupted() {
    let program = Program::new();
    let mut command = program.command(&["simulate", ID, "--scenario", "approve"]);
    let mut server = Started::by(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut options = String::new();
    server.stdout().read_line(&mut options).unwrap();
    let mut args = vec!["run-flow", ID];
    args.extend(options.split_whitespace());
    let run = program.run(&args);
    server.signal("INT");
    server.end().expect_code(130);
    run.expect_code(0);
    assert!(program.auth().is_some(), "a login at a server is a login");
}

/// Ctrl-C is heard while the server has requests to tell of, and not only while it waits for the next one.
#[test]
fn a_busy_simulated_server_loses_no_interrupt() {
    let program = Program::new();
    for round in 0..20 {
        let mut command = program.command(&["simulate", ID]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Started::within(Duration::from_secs(20), &mut command);
        let mut options = String::new();
        server.stdout().read_line(&mut options).unwrap();
        let (_, address) = options.split_whitespace().nth(1).unwrap().split_once('=').unwrap();
        let ask = |_| {
            let mut client = TcpStream::connect(address).unwrap();
            write!(client, "GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
            client
        };
        let clients: Vec<TcpStream> = (0..40).map(ask).collect();
        server.signal("INT");
        assert_eq!(server.end().code, Some(130), "round {round}");
        drop(clients);
    }
}
