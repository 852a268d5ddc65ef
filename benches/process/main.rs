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
