//! The real binary in a house of its own: no environment, no home, no files but those of the test.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary, with a home that nobody else has.
pub struct Program {
    root: TempDir,
    env: Vec<(OsString, OsString)>,
    always: Vec<OsString>,
    timeout: Duration,
}

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` where a signal ended it, the test's own limit included.
    pub code: Option<i32>,
    /// What it answered.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl Default for Program {
    fn default() -> Program {
        Program::new()
    }
}

impl Program {
    /// A program that was never used: an empty home, an empty working directory, no variables but `PATH`.
    pub fn new() -> Program {
        let root = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(root.path().join("work")).expect("a working directory");
        Program { root, env: Vec::new(), always: Vec::new(), timeout: Duration::from_secs(60) }
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Program {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Ends a run that takes longer.
    pub fn timeout(mut self, timeout: Duration) -> Program {
        self.timeout = timeout;
        self
    }

    /// Adds arguments to the end of each command line.
    pub fn always<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Program {
        self.always.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sends what would go to each of these hosts to a loopback address, in every run.
    pub fn connect_to(self, hosts: &[&str], addr: SocketAddr) -> Program {
        self.always(connect_to(hosts, addr))
    }

    /// The home, `$HERMES_HOME`. It need not exist yet.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home/.hermes")
    }

    /// The working directory: `./providers.d` would be in it.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file below the home, and the directories on the way.
    pub fn write_home(&self, path: impl AsRef<Path>, text: &str) {
        write(&self.home().join(path), text);
    }

    /// Writes a file below the working directory, and the directories on the way.
    pub fn write_work(&self, path: impl AsRef<Path>, text: &str) {
        write(&self.work().join(path), text);
    }

    /// `auth.json`, if it is there.
    pub fn auth(&self) -> Option<Value> {
        let text = fs::read_to_string(self.home().join("auth.json")).ok()?;
        Some(serde_json::from_str(&text).expect("auth.json is JSON"))
    }

    /// Puts a login of the provider into the store, as Hermes Agent writes it, with an access token that ends at this
    /// Unix time.
    pub fn store_login(&self, provider: &str, tokens: (&str, &str), expires_at: u64) {
        let record = json!({
            "provider": provider, "region": "global", "token_type": "Bearer",
            "access_token": tokens.0, "refresh_token": tokens.1,
            "obtained_at": "2020-01-01T00:00:00+00:00", "expires_at": expires_at, "kept": "by another program",
        });
        let auth = json!({ "version": 1, "providers": { provider: record }, "active_provider": provider });
        self.write_home("auth.json", &auth.to_string());
        restrict(&self.home(), 0o700);
        restrict(&self.home().join("auth.json"), 0o600);
    }

    /// The stored record of a provider.
    #[track_caller]
    pub fn record(&self, provider: &str) -> Value {
        self.auth().expect("auth.json is there")["providers"][provider].clone()
    }

    /// Everything that belongs to this program: home, working directory, and whatever else a test puts there.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Runs the binary to its end, without the arguments of [`always`](Program::always).
    pub fn run_bare(&self, args: &[&str]) -> Run {
        let mut command = assert_cmd::Command::from_std(self.bare(args));
        finished(command.timeout(self.timeout))
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "")
    }

    /// The same, with this on its standard input.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Run {
        let mut command = assert_cmd::Command::from_std(self.command(args));
        finished(command.timeout(self.timeout).write_stdin(stdin))
    }

    /// The command, for tests that start it by themselves: to send signals, or several at once.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command.args(&self.always);
        command
    }

    fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hermes-engine"));
        command.env_clear().current_dir(self.work()).args(args);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.root.path().join("home")).env("HERMES_HOME", self.home());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The arguments of `--connect-to` for each of these hosts.
pub fn connect_to(hosts: &[&str], addr: SocketAddr) -> Vec<String> {
    hosts.iter().flat_map(|host| ["--connect-to".to_owned(), format!("{host}={addr}")]).collect()
}

fn finished(command: &mut assert_cmd::Command) -> Run {
    Run::of(&command.output().expect("the binary starts"))
}

fn restrict(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

impl Run {
    /// What a program that was started by itself came to.
    pub fn of(output: &Output) -> Run {
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The run, if it ended with this code; else a panic that shows what it said.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// What it answered, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// The last line that it said, as JSON: the error of `--format json`.
    #[track_caller]
    pub fn error_json(&self) -> Value {
        let line = self.stderr.trim_end().lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stderr))
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}
