//! Many processes at one credential that can be spent once, and processes that are killed in the middle of it.
//!
//! The default run is bounded. `HERMES_TEST_PROCESSES` and `HERMES_TEST_ROUNDS` ask for more, as
//! `tests/extra/faults.sh` does; `HERMES_TEST_LOAD` is how many threads keep the processors busy meanwhile.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::minimax_server::{Reuse, Running};
use crate::support::{MinimaxServer, Program, Run, Started, sha256};

const ID: &str = "minimax-oauth";
/// Long ago.
const EXPIRED: u64 = 1_600_000_000;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Threads that do nothing, as fast as they can, until this is dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn begin(threads: usize) -> Load {
        let ended = Arc::new(AtomicBool::new(false));
        for _ in 0..threads {
            let ended = ended.clone();
            std::thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Load(ended)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A program with an expired login that this server knows.
fn program(server: &Running) -> Program {
    let program = Program::new().always(server.connect_to());
    program.store_login(ID, ("access-0", "refresh-0"), EXPIRED);
    program
}

fn server() -> MinimaxServer {
    MinimaxServer::new().with_login("access-0", "refresh-0")
}

fn start(program: &Program, args: &[&str]) -> Started {
    Started::by(program.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

#[expect(clippy::print_stderr, reason = "the counts are what `--nocapture` is for")]
#[test]
fn s29_many_processes_spend_a_single_use_token_once_and_all_get_its_successor() {
    let server = server().slow_refresh(Duration::from_millis(300)).start();
    let program = program(&server);
    let count = number("HERMES_TEST_PROCESSES", 32);
    let _load = Load::begin(number("HERMES_TEST_LOAD", 0));
    let began = Instant::now();
    let children: Vec<Started> = (0..count).map(|_| start(&program, &["token", ID])).collect();
    let answers: Vec<String> =
        children.into_iter().map(|child| child.end().expect_code(0).stdout.trim().to_owned()).collect();
    let stored = program.record(ID)["access_token"].as_str().expect("a token").to_owned();
    let right = answers.iter().filter(|answer| **answer == stored).count();
    eprintln!(
        "{count} processes: {} redeemed, {right} right answers, {:.1} s",
        server.counts().redeemed,
        began.elapsed().as_secs_f32()
    );
    assert!(server.knows_access_token(&stored));
    assert_eq!((server.counts().refresh, server.counts().redeemed, right), (1, 1, count));
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// Instants that differ from round to round and are the same in every run.
struct Instants(u64);

impl Instants {
    fn below(&mut self, limit: Duration) -> Duration {
        // Knuth's MMIX generator: good enough to spread kills.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        limit * u32::try_from(self.0 >> 40).expect("24 bits") / (1 << 24)
    }
}

#[expect(clippy::print_stderr, reason = "the counts are what `--nocapture` is for")]
#[test]
fn s29_a_storm_of_killed_processes_loses_nothing() {
    let server = server().reuse(Reuse::Within(Duration::from_secs(3_600))).start();
    let program = program(&server);
    let _load = Load::begin(number("HERMES_TEST_LOAD", 0));
    let began = Instant::now();
    let first = start(&program, &["token", ID]).end().expect_code(0);
    // What one process takes here and now: kills fall anywhere in it, and behind it.
    let span = began.elapsed() * 2;
    let (rounds, mut instants, mut current) =
        (number("HERMES_TEST_ROUNDS", 20), Instants(7), first.stdout.trim().to_owned());
    let mut killed = 0;
    for round in 0..rounds {
        let hash = sha256(&current);
        let rejected = ["token", ID, "--rejected-sha256", &hash];
        let mut children: Vec<Started> = (0..8).map(|_| start(&program, &rejected)).collect();
        for child in children.iter_mut().step_by(2) {
            std::thread::sleep(instants.below(span / 4));
            child.signal("KILL");
        }
        for child in children {
            let run = child.end();
            match run.code {
                None => killed += 1,
                Some(_) => check_token(&server, &run.expect_code(0), &current, round),
            }
        }
        let last = start(&program, &rejected).end().expect_code(0);
        check_token(&server, &last, &current, round);
        current = last.stdout.trim().to_owned();
    }
    let kept = program.record(ID);
    let refresh_token = kept["refresh_token"].as_str().expect("a token").to_owned();
    eprintln!("{rounds} rounds of 8 processes, {killed} killed, 0 logins lost, {:?}", began.elapsed());
    assert!(server.live_refresh_tokens().contains(&refresh_token), "the stored login is the live one");
    assert_eq!(kept["kept"], "by another program");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[track_caller]
fn check_token(server: &Running, run: &Run, rejected: &str, round: usize) {
    let token = run.stdout.trim();
    assert!(token != rejected && server.knows_access_token(token), "round {round}: {token} in {run:?}");
}
