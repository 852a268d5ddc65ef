//! What whole processes cost: a login and a token, beside programs that were written by hand for one provider.
//!
//! ```console
//! $ cargo bench -p hermes-engine-cli --bench process
//! ```
//!
//! Each pair is run in turn, so that a machine whose speed drifts slows both alike; the figure to quote is the ratio.
//! With `--test` one short round is run and nothing is judged.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::exit, missing_docs)]

mod by_hand;
mod cpu;
mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set for a child that is to be the program written by hand.
const BY_HAND: &str = "BENCH_BY_HAND";

fn main() {
    if let Ok(job) = std::env::var(BY_HAND) {
        let args: Vec<String> = std::env::args().skip(1).collect();
        return by_hand::run(&job, &args);
    }
    let quick = std::env::args().any(|arg| arg == "--test");
    let (rounds, runs) = if quick { (1, 2) } else { (9, 60) };
    let server = server::start();
    let home = tempfile::tempdir().unwrap();
    let login = |home: &Path| {
        let mut command = engine(home);
        command.args(["run-flow", "minimax-oauth", "--no-browser", "--connect-to"]);
        command.arg(format!("account.minimax.io={server}"));
        command
    };
    for job in ["login", "frugal-login"] {
        let ratio =
            cpu::compare(rounds, runs, &|| login(home.path()), &|| by_hand(job, home.path(), &server));
        println!("login beside {job}: {ratio}");
    }
    let token = || {
        let mut command = engine(home.path());
        command.args(["token", "minimax-oauth"]);
        command
    };
    let ratio = cpu::compare(rounds, runs * 5, &token, &|| by_hand("token", home.path(), &server));
    println!("token: {ratio}");
    enforcement(home.path(), (rounds, runs * 5), &token);
}

/// What it costs a fresh token that a file is vouched for and proved first: a built-in file beside the same file in the
/// home, which is read and proved at each use, and beside a folder without `./providers.d`. `BENCH_BEFORE` names another
/// build of the program to compare with.
fn enforcement(home: &Path, (rounds, runs): (usize, usize), token: &dyn Fn() -> Command) {
    let no_folder = || {
        let mut command = engine(home);
        command.args(["token", "minimax-oauth", "--no-folder"]);
        command
    };
    println!("token beside --no-folder: {}", cpu::compare(rounds, runs, token, &no_folder));
    if let Some(before) = std::env::var_os("BENCH_BEFORE") {
        let other = || {
            let mut command = Command::new(&before);
            prepare(&mut command, home);
            command.args(["token", "minimax-oauth"]);
            command
        };
        println!("token beside that build: {}", cpu::compare(rounds, runs, token, &other));
    }
    let own = tempfile::tempdir().unwrap();
    std::fs::copy(home.join("auth.json"), own.path().join("auth.json")).unwrap();
    let text = include_str!("../../providers.d/minimax-oauth.toml").replacen("MiniMax", "My MiniMax", 1);
    std::fs::create_dir(own.path().join("providers.d")).unwrap();
    std::fs::write(own.path().join("providers.d/minimax-oauth.toml"), text).unwrap();
    let proved = || {
        let mut command = engine(own.path());
        command.args(["token", "minimax-oauth"]);
        command
    };
    println!("token of an own file beside the built-in one: {}", cpu::compare(rounds, runs, &proved, token));
}

fn engine(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hermes-engine"));
    prepare(&mut command, home);
    command
}

fn by_hand(job: &str, home: &Path, server: &str) -> Command {
    let mut command = Command::new(program());
    prepare(&mut command, home);
    command.env(BY_HAND, job).args([server, &home.join("by-hand.json").to_string_lossy()]);
    command
}

fn program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn prepare(command: &mut Command, home: &Path) {
    command.env_clear().env("HERMES_HOME", home).env("HOME", home).current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
}
