//! A process that a test started and speaks with: it outlives neither its test nor its limit.

use std::io::BufReader;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::Run;

/// How long a process may live that nothing ends. Who reads from it or waits for it then sees it killed: a program that
/// hangs is a test that fails, not one that never ends.
const LIMIT: Duration = Duration::from_secs(120);

/// A process of a test.
pub struct Started {
    child: Option<Child>,
    // Goes with the process, and calls off what would kill it.
    _alive: Sender<()>,
}

impl Started {
    /// Starts the process.
    #[track_caller]
    pub fn by(command: &mut Command) -> Started {
        Started::within(LIMIT, command)
    }

    /// The same, with a limit of its own.
    #[track_caller]
    pub fn within(limit: Duration, command: &mut Command) -> Started {
        let child = command.spawn().expect("the binary starts");
        let id = child.id();
        let (alive, ended) = channel::<()>();
        std::thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                send("KILL", id);
            }
        });
        Started { child: Some(child), _alive: alive }
    }

    /// The other end of its standard input, once.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child().stdin.take().expect("a piped stdin")
    }

    /// What it answers, once.
    pub fn stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child().stdout.take().expect("a piped stdout"))
    }

    /// What it says, once.
    pub fn stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.child().stderr.take().expect("a piped stderr"))
    }

    /// Sends a signal, by its name: `INT`, `TERM`.
    #[track_caller]
    pub fn signal(&mut self, name: &str) {
        let id = self.child().id();
        assert!(send(name, id), "SIG{name} reaches process {id}");
    }

    /// Its process id.
    pub fn id(&mut self) -> u32 {
        self.child().id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child().try_wait().expect("a child of this test").is_none()
    }

    /// Whether it catches SIGTERM by now: told to end before that, it would end at once. Where that can't be seen, it does.
    pub fn catches_sigterm(&mut self) -> bool {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", self.child().id())) else {
            return true;
        };
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // Signal 15 is bit 14.
        caught.is_some_and(|mask| mask & (1 << 14) != 0)
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let child = self.child.take().expect("it was started");
        Run::of(&child.wait_with_output().expect("it ends"))
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it was started")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn send(signal: &str, id: u32) -> bool {
    let sent = Command::new("kill").args([&format!("-{signal}"), &id.to_string()]).status();
    sent.is_ok_and(|status| status.success())
}
