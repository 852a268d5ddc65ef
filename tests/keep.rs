//! `keep` from outside: it renews ahead of the end, says so, and ends when it is told to.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::minimax_server::Running;
use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

/// A process that does not outlive its test.
struct Keeping(Option<Child>);

impl Drop for Keeping {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(program: &Program) -> Keeping {
    let mut command = program.command(&["keep", ID]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Keeping(Some(command.spawn().expect("the binary starts")))
}

/// Waits until something is so, for at most half a minute.
#[track_caller]
fn wait_until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process by SIGTERM; tells its code and what it said.
fn terminate(mut keeping: Keeping) -> (Option<i32>, String, String) {
    let child = keeping.0.take().expect("it was started");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn two_accounts(server: &Running) -> Program {
    let program = Program::new().always(server.connect_to());
    program.run(&["auth", "add", ID]).expect_code(0);
    program.run(&["auth", "add", ID, "--label", "work"]).expect_code(0);
    program
}

#[test]
fn all_credentials_are_renewed_ahead_of_their_end_until_sigterm() {
    let server = MinimaxServer::new().token_life(Duration::from_secs(16)).start();
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
    let child = start(&program);
    wait_until(|| server.counts().refresh >= 1);
    let (code, _, stderr) = terminate(child);
    assert_eq!(code, Some(0), "{stderr}");
    let stored = program.auth().expect("it is stored")["providers"][ID]["refresh_token"].clone();
    let live = server.live_refresh_tokens();
    assert!(live.iter().any(|token| stored == token.as_str()), "the stored token is the one that lives");
}

#[test]
fn what_needs_a_login_is_said_once_and_is_no_end() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let child = start(&program);
    std::thread::sleep(Duration::from_secs(2));
    let (code, _, stderr) = terminate(child);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stderr.matches("log in with `hermes-engine run-flow minimax-oauth`").count(), 1, "{stderr}");
}
