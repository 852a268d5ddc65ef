//! `keep` from outside: it renews ahead of the end, says so, and ends when it is told to.

use std::io::BufRead as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::minimax_server::{RefreshFault, Running};
use crate::support::{MinimaxServer, Program, Run, Started};

const ID: &str = "minimax-oauth";

fn start(program: &Program) -> Started {
    start_for(program, &[ID])
}

fn start_for(program: &Program, providers: &[&str]) -> Started {
    let mut command = program.command(&[&["keep"], providers].concat());
    Started::by(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Waits until something is so, for at most half a minute.
#[track_caller]
fn wait_until(mut what: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process by SIGTERM; tells its code and what it said.
fn terminate(mut keeping: Started) -> (Option<i32>, String, String) {
    keeping.signal("TERM");
    let Run { code, stdout, stderr } = keeping.end();
    (code, stdout, stderr)
}

fn two_accounts(server: &Running) -> Program {
    let program = Program::new().always(server.connect_to());
    program.run(&["auth", "add", ID]).expect_code(0);
    program.run(&["auth", "add", ID, "--label", "work"]).expect_code(0);
    program
}

#[test]
fn all_credentials_are_renewed_ahead_of_their_end_until_sigterm() {
    let server = MinimaxServer::new().token_life(Duration::from_secs(24)).start();
    let program = two_accounts(&server);
    let child = start(&program);
    // No grant is renewed twice in ten seconds, so this takes most of the life of a token.
    wait_until(|| server.counts().refresh >= 2);
    let (code, stdout, stderr) = terminate(child);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    // Both are told of; the one whose refresh the signal met is finished, and that is not said any more.
    assert!(stderr.contains("✓ MiniMax (OAuth): expires in "), "{stderr}");
    assert!(stderr.contains("✓ MiniMax (OAuth) [work]: expires in "), "{stderr}");
    assert!(stderr.contains(": refreshed; expires in "), "{stderr}");
    assert!(stderr.ends_with("Stopped; what was kept stays stored.\n"), "{stderr}");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn s33_a_refresh_that_is_under_way_is_finished_and_stored_before_it_ends() {
    let server =
        MinimaxServer::new().token_life(Duration::from_secs(8)).slow_refresh(Duration::from_secs(2)).start();
    let program = Program::new().always(server.connect_to());
    program.run(&["auth", "add", ID]).expect_code(0);
    let requests = || server.counts().hosts.values().sum::<u32>();
    let before = requests();
    let child = start(&program);
    // A refresh is counted when it is answered, and this is before.
    wait_until(|| requests() > before);
    let (code, _, stderr) = terminate(child);
    assert_eq!((code, server.counts().refresh), (Some(0), 1), "{stderr}");
    let stored = program.auth().expect("it is stored")["providers"][ID]["refresh_token"].clone();
    let live = server.live_refresh_tokens();
    assert!(live.iter().any(|token| stored == token.as_str()), "the stored token is the one that lives");
}

#[test]
fn a_renewal_that_fails_is_told_with_the_name_of_the_provider_once() {
    let server = MinimaxServer::new()
        .with_login("own-access", "own-refresh")
        .refresh_fault(RefreshFault::Page500, u32::MAX)
        .start();
    let program = Program::new().always(server.connect_to());
    program.store_login(ID, ("own-access", "own-refresh"), 1_600_000_000);
    let mut child = start(&program);
    let mut said = child.stderr().lines().map(Result::unwrap);
    let line = said.find(|line| line.contains("tried again")).expect("it is told");
    assert!(line.starts_with("⚠ MiniMax (OAuth): "), "{line}");
    assert_eq!(line.matches("MiniMax (OAuth)").count(), 1, "{line}");
    let (code, ..) = terminate(child);
    assert_eq!(code, Some(0));
}

#[test]
fn what_needs_a_login_is_said_once_and_is_no_end() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let mut child = start(&program);
    let mut said = child.stderr().lines().map(Result::unwrap);
    let is_told = |line: &String| line.contains("log in with `hermes-engine run-flow minimax-oauth`");
    said.find(is_told).expect("it is told");
    child.signal("TERM");
    assert_eq!(said.filter(is_told).count(), 0);
    child.end().expect_code(0);
}

#[test]
fn s33_of_many_that_are_due_none_is_begun_after_sigterm() {
    let server =
        MinimaxServer::new().token_life(Duration::from_secs(1)).slow_refresh(Duration::from_secs(2)).start();
    let program = two_accounts(&server);
    for label in 2..16 {
        program.run(&["auth", "add", ID, "--label", &format!("account-{label}")]).expect_code(0);
    }
    let requests = || server.counts().hosts.values().sum::<u32>();
    let before = requests();
    let child = start(&program);
    // A refresh is counted when it is answered, and this is before.
    wait_until(|| requests() > before);
    let (code, _, stderr) = terminate(child);
    // Of one provider twelve are renewed at once.
    assert_eq!(code, Some(0), "{stderr}");
    assert!((1..=12).contains(&server.counts().refresh), "{}: {stderr}", server.counts().refresh);
    assert!(stderr.ends_with("Stopped; what was kept stays stored.\n"), "{stderr}");
    let auth = program.auth().expect("it is stored");
    let rows = auth["credential_pool"][ID].as_array().expect("all but one are rows").iter();
    let stored = rows.chain([&auth["providers"][ID]]).filter_map(|row| row["refresh_token"].as_str());
    let live = server.live_refresh_tokens();
    assert!(stored.into_iter().all(|token| live.iter().any(|it| it == token)), "all logins live");
}

#[test]
fn every_stored_account_is_kept_with_all() {
    let server = MinimaxServer::new().token_life(Duration::from_secs(8)).start();
    let program = two_accounts(&server);
    let mut command = program.command(&["keep", "--all"]);
    let child = Started::by(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    wait_until(|| server.counts().refresh >= 2);
    let (code, _, stderr) = terminate(child);
    assert_eq!(code, Some(0), "{stderr}");
    // What was renewed just before the signal is not said any more.
    assert!(stderr.contains("✓ MiniMax (OAuth) [work]: expires in "), "{stderr}");
}

#[test]
fn s33_sigterm_ends_the_wait_for_a_credential_that_another_process_holds() {
    let server = MinimaxServer::new().token_life(Duration::from_secs(1)).start();
    let program = Program::new().always(server.connect_to());
    program.run(&["auth", "add", ID]).expect_code(0);
    let lock = std::fs::File::options().write(true).open(program.home().join("locks").join(ID));
    let lock = lock.expect("a login has made it");
    lock.lock().expect("nobody holds it");
    let mut child = start(&program);
    // It says nothing while it waits.
    wait_until(|| child.catches_sigterm());
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    let (code, _, stderr) = terminate(child);
    assert_eq!((code, server.counts().refresh), (Some(0), 0), "{stderr}");
    // For the lock itself it would wait a minute.
    assert!(begun.elapsed() < Duration::from_secs(30), "{stderr}");
}

const SLOW: &str = r#"
name  = "Slow"
start = { login = "ask" }

[api]
mode     = "chat_completions"
base_url = "https://slow.example/v1"

[states.ask]
show = { url = "https://slow.example/verify" }
post = "https://slow.example/code"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "authorization_failed" }]

[states.success]
refresh = { to = "refresh" }

[states.refresh]
post               = "https://slow.example/token"
form.refresh_token = "{{token.refresh_token}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed" }]
"#;

#[test]
fn a_provider_whose_server_does_not_answer_keeps_no_other_waiting() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = MinimaxServer::new().with_login("access-0", "refresh-0").start();
    let program = Program::new()
        .always(server.connect_to())
        .connect_to(&["slow.example"], silent.local_addr().expect("it is bound"));
    program.write_home("providers.d/slow.toml", SLOW);
    program.store_login(ID, ("access-0", "refresh-0"), 1_600_000_000);
    let mut auth = program.auth().expect("it is stored");
    auth["providers"]["slow"] = auth["providers"][ID].clone();
    auth["providers"]["slow"]["origins"] = serde_json::json!(["https://slow.example"]);
    program.write_home("auth.json", &auth.to_string());
    let child = start_for(&program, &["slow", ID]);
    let begun = Instant::now();
    wait_until(|| server.counts().refresh >= 1);
    // A request may take 30 s.
    assert!(begun.elapsed() < Duration::from_secs(15));
    drop(child);
}

#[test]
fn a_store_that_can_t_be_read_for_a_while_is_told_and_is_no_end() {
    let server = MinimaxServer::new().token_life(Duration::from_secs(6)).start();
    let program = Program::new().always(server.connect_to());
    program.run(&["auth", "add", ID]).expect_code(0);
    let mut child = start(&program);
    let mut said = child.stderr().lines().map(Result::unwrap);
    // What can't be read at the start would be the end.
    said.find(|line| line.contains("expires in")).expect("it has looked");
    // After it has told, it reads once more to know how long to wait.
    std::thread::sleep(Duration::from_secs(1));
    let path = program.home().join("auth.json");
    let whole = std::fs::read(&path).expect("it is stored");
    std::fs::write(&path, "{").expect("the home can be written");
    std::thread::sleep(Duration::from_secs(6));
    std::fs::write(&path, whole).expect("the home can be written");
    wait_until(|| server.counts().refresh >= 1);
    child.signal("TERM");
    assert_eq!(said.filter(|line| line.contains("auth.json is damaged")).count(), 1);
    child.end().expect_code(0);
}
