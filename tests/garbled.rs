//! A refresh that goes wrong in any way changes nothing that was good.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::minimax_server::{HOSTS, RefreshFault, Reuse, Rotation, Running};
use crate::support::{MinimaxServer, Program, program};

const ID: &str = "minimax-oauth";
/// Long ago.
const EXPIRED: u64 = 1_600_000_000;

fn server() -> MinimaxServer {
    MinimaxServer::new().with_login("access-0", "refresh-0")
}

fn expired(server: &Running) -> Program {
    let program = Program::new().always(server.connect_to());
    program.store_login(ID, ("access-0", "refresh-0"), EXPIRED);
    program
}

/// The time in half a minute: a token that ends then should be renewed, and still serves.
fn soon() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs() + 30
}

fn tokens(program: &Program) -> (Value, Value) {
    let record = program.record(ID);
    assert_eq!(record["kept"], "by another program");
    (record["access_token"].clone(), record["refresh_token"].clone())
}

fn journals(program: &Program) -> usize {
    std::fs::read_dir(program.home().join("journal")).map_or(0, Iterator::count)
}

/// A refresh failed without spending anything: nothing is lost, and the login is whole when the trouble is over.
#[track_caller]
fn check_nothing_lost(program: &Program, server: &Running, what: &str) {
    assert_eq!(tokens(program), ("access-0".into(), "refresh-0".into()), "{what}");
    let auth = program.run_bare(&["auth", "status", ID]).expect_code(0);
    assert!(!auth.stdout.contains("login needed"), "{what}: {}", auth.stdout);
    // The pause after a failure would hold the next refresh back for half a minute.
    program.run_bare(&["auth", "reset", ID]).expect_code(0);
    let token = program.run(&["token", ID]).expect_code(0).stdout;
    assert!(server.knows_access_token(token.trim()) && token.trim() != "access-0", "{what}: {token}");
    assert_eq!(journals(program), 0, "{what}");
}

#[test]
fn s29_an_answer_that_no_rule_knows_changes_nothing() {
    for (fault, reason) in [
        (RefreshFault::Page500, "HTTP 500"),
        (RefreshFault::Page200, ": the answer is a web page"),
        (RefreshFault::TooMany, "HTTP 429"),
        (RefreshFault::RateLimit, ": 1002: rate limit"),
        (RefreshFault::NoAccessToken, ": an unexpected answer"),
        (RefreshFault::CutJson, ": the answer is no JSON"),
        (RefreshFault::Broken, "the server could not be reached"),
    ] {
        let server = server().refresh_fault(fault, u32::MAX).start();
        let program = expired(&server);
        let run = program.run(&["token", ID]).expect_code(6);
        assert_eq!(run.stdout, "", "{fault:?}");
        assert!(run.stderr.contains(reason), "{fault:?}: {}", run.stderr);
        server.change(|server| server.refresh_fault(fault, 0));
        check_nothing_lost(&program, &server, &format!("{fault:?}"));
    }
}

#[test]
fn s29_a_token_that_still_lives_is_handed_out_with_a_warning_when_its_renewal_fails() {
    for fault in [RefreshFault::Page500, RefreshFault::CutJson, RefreshFault::InvalidGrant] {
        let server = server().refresh_fault(fault, u32::MAX).start();
        let program = expired(&server);
        program.store_login(ID, ("access-0", "refresh-0"), soon());
        let run = program.run(&["token", ID]).expect_code(0);
        assert_eq!(run.stdout, "access-0\n", "{fault:?}");
        assert!(run.stderr.contains("could not be renewed"), "{fault:?}: {}", run.stderr);
        assert_eq!(tokens(&program), ("access-0".into(), "refresh-0".into()));
    }
}

#[test]
fn s29_a_refused_refresh_token_asks_for_a_login_and_is_kept() {
    for fault in [RefreshFault::InvalidGrant, RefreshFault::Reused, RefreshFault::InvalidIn200] {
        let server = server().refresh_fault(fault, 1).start();
        let program = expired(&server);
        let run = program.run(&["token", ID, "--format", "json"]).expect_code(3);
        assert_eq!(run.error_json()["error"]["relogin_required"], true, "{fault:?}");
        assert_eq!(tokens(&program), ("access-0".into(), "refresh-0".into()), "{fault:?}");
        // Marked: the server is not asked again until a person says so.
        program.run(&["token", ID]).expect_code(3);
        assert_eq!(server.counts().refresh, 1, "{fault:?}");
        program.run_bare(&["auth", "status", ID, "--exit-code"]).expect_code(3);
        program.run(&["run-flow", ID]).expect_code(0);
        program.run(&["token", ID]).expect_code(0);
    }
}

#[test]
fn s30_a_refresh_token_that_is_missing_null_or_empty_keeps_the_old_one() {
    for rotation in [Rotation::Absent, Rotation::Null, Rotation::Empty] {
        let server = server().rotation(rotation).start();
        let program = expired(&server);
        let token = program.run(&["token", ID]).expect_code(0).stdout;
        assert_eq!(tokens(&program), (token.trim().into(), "refresh-0".into()), "{rotation:?}");
    }
}

#[test]
fn s29_an_answer_that_is_lost_is_asked_for_once_more() {
    let reuse = Reuse::Within(Duration::from_secs(60));
    let server = server().reuse(reuse).refresh_fault(RefreshFault::LostAnswer, 1).start();
    let program = expired(&server);
    let token = program.run(&["token", ID]).expect_code(0).stdout;
    assert!(server.knows_access_token(token.trim()));
    assert_eq!((server.counts().refresh, server.counts().redeemed), (2, 1));
    assert_eq!(journals(&program), 0);
}

/// A token is spent, and what came in its place can't be read: the next request for one is made when the pause is over.
/// The server is asked so often, and what it does with a token that was spent before decides.
#[track_caller]
fn check_spent(fault: RefreshFault, times: u32, reuse: Reuse, code: i32) {
    let server = server().reuse(reuse).refresh_fault(fault, times).start();
    let program = expired(&server);
    program.run(&["token", ID]).expect_code(6);
    assert_eq!((server.counts().refresh, server.counts().redeemed), (times, 1), "{fault:?}");
    // A fleet that asks meanwhile sends nothing.
    program.run(&["token", ID]).expect_code(6);
    assert_eq!(server.counts().refresh, times, "{fault:?}");
    program.run_bare(&["auth", "reset", ID]).expect_code(0);
    program.run(&["token", ID]).expect_code(code);
    assert_eq!((server.counts().refresh, server.counts().redeemed), (times + 1, 1), "{fault:?}");
    let (access, refresh) = tokens(&program);
    assert_eq!(
        access == "access-0" && refresh == "refresh-0",
        code == 3,
        "{fault:?}: nothing is thrown away"
    );
}

#[test]
fn s29_two_lost_answers_or_one_that_is_cut_cost_a_login_only_where_the_server_forgets_in_the_pause() {
    let remembers = Reuse::Within(Duration::from_secs(60));
    check_spent(RefreshFault::LostAnswer, 2, remembers, 0);
    check_spent(RefreshFault::CutAnswer, 1, remembers, 0);
    let forgets = Reuse::Within(Duration::ZERO);
    check_spent(RefreshFault::LostAnswer, 2, forgets, 3);
    check_spent(RefreshFault::CutAnswer, 1, forgets, 3);
}

/// A port on which each connection is reset: before anything is read, or after a request was read whole.
fn resetting(reads: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut bytes = [0; 4096];
            while reads && !request.ends_with(b"refresh-0") {
                match stream.read(&mut bytes) {
                    Ok(count) if count > 0 => {
                        request.extend_from_slice(bytes.get(..count).unwrap_or_default())
                    }
                    _ => break,
                }
            }
            let _ = stream.flush();
            // A socket that is closed with bytes unread resets the connection.
        }
    });
    addr
}

#[test]
fn s29_a_connection_that_is_reset_changes_nothing() {
    for reads in [false, true] {
        let server = server().start();
        let program = Program::new();
        program.store_login(ID, ("access-0", "refresh-0"), EXPIRED);
        let to = |addr| program::connect_to(&HOSTS, addr);
        let token = |addr| {
            let options = to(addr);
            let args = ["token", ID].into_iter().chain(options.iter().map(String::as_str));
            program.run_bare(&args.collect::<Vec<_>>())
        };
        token(resetting(reads)).expect_code(6);
        assert_eq!(tokens(&program), ("access-0".into(), "refresh-0".into()), "read: {reads}");
        program.run_bare(&["auth", "reset", ID]).expect_code(0);
        let renewed = token(server.addr()).expect_code(0).stdout;
        assert!(server.knows_access_token(renewed.trim()), "read: {reads}");
        assert_eq!(journals(&program), 0, "read: {reads}");
    }
}

#[test]
fn a_wall_clock_that_was_set_back_makes_a_token_due_and_not_lost() {
    let server = server().start();
    let program = expired(&server);
    // Obtained tomorrow: the clock has been wrong then, or is wrong now.
    let auth = program.auth().expect("stored");
    let mut ahead = auth;
    ahead["providers"][ID]["obtained_at"] = (soon() + 86_400).into();
    ahead["providers"][ID]["expires_at"] = (soon() + 90_000).into();
    program.write_home("auth.json", &ahead.to_string());
    let token = program.run(&["token", ID]).expect_code(0).stdout;
    assert!(server.knows_access_token(token.trim()));
    assert_eq!(server.counts().redeemed, 1);
    assert_eq!(program.run(&["token", ID]).expect_code(0).stdout, token, "and it is not due again");
}
