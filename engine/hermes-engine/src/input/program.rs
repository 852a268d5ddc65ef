//! What a program prints. No shell reads its arguments, and nobody can be asked anything.
//!
//! Note: the end of the program counts, not the end of its output: an agent that it leaves behind may hold the pipe for
//! as long as it lives.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hermes_format::text::sanitise;
use hermes_format::time::format_duration;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::source::VALUE_LIMIT;

/// How long a program may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The variable that sets another limit.
pub(super) const TIMEOUT_VARIABLE: &str = "HERMES_COMMAND_TIMEOUT";

/// How much of what a program says on stderr is kept: its end.
const WORDS_LIMIT: usize = 4096;
/// The pause between two looks at a program.
const PAUSE: Duration = Duration::from_millis(5);

/// The text that a program prints, without white space around it. An error is a sentence on why there is none.
pub(super) fn output(
    command: &mut Command,
    timeout: Duration,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<String, String> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = started.map_err(|error| not_started(command, &error, variable))?;
    let mut run = Run::of(child).map_err(|error| format!("its output can't be read: {error}"))?;
    let deadline = Instant::now() + timeout;
    loop {
        let status = run.child.try_wait().map_err(|error| format!("it can't be waited for: {error}"))?;
        // What it printed before its end is in the pipe by now.
        run.read();
        if run.printed.len() > VALUE_LIMIT {
            return Err("it printed more than 64 KiB".to_owned());
        }
        match status {
            Some(status) => return run.ended(status),
            None if Instant::now() >= deadline => {
                let limit = format_duration(timeout);
                return Err(run
                    .with_words(format!("it took longer than {limit} ({TIMEOUT_VARIABLE} sets the limit)")));
            }
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// A program that runs. It does not outlive this.
struct Run {
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    printed: Vec<u8>,
    said: Vec<u8>,
}

impl Run {
    fn of(mut child: Child) -> io::Result<Run> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let run = Run { child, stdout, stderr, printed: Vec::new(), said: Vec::new() };
        run.stdout.as_ref().map(never_wait).transpose()?;
        run.stderr.as_ref().map(never_wait).transpose()?;
        Ok(run)
    }

    /// Takes what is in the pipes, and waits for nothing.
    fn read(&mut self) {
        take(&mut self.stdout, &mut self.printed, VALUE_LIMIT + 1);
        take(&mut self.stderr, &mut self.said, usize::MAX);
        let surplus = self.said.len().saturating_sub(WORDS_LIMIT);
        self.said.drain(..surplus);
    }

    fn ended(&self, status: ExitStatus) -> Result<String, String> {
        if !status.success() {
            let how = match (status.code(), status.signal()) {
                (Some(code), _) => format!("it ended with exit code {code}"),
                (None, Some(signal)) => format!("it was ended by signal {signal}"),
                (None, None) => "it failed".to_owned(),
            };
            return Err(self.with_words(how));
        }
        match std::str::from_utf8(&self.printed).map(str::trim) {
            Err(_) => Err("what it printed is not UTF-8".to_owned()),
            Ok("") => Err(self.with_words("it printed nothing".to_owned())),
            Ok(text) => Ok(text.to_owned()),
        }
    }

    /// Adds the last line that the program said, unless it repeats what was printed.
    fn with_words(&self, reason: String) -> String {
        let said = String::from_utf8_lossy(&self.said);
        let last = said.lines().rev().map(sanitise).find(|line| !line.is_empty());
        let printed = String::from_utf8_lossy(&self.printed);
        let is_repeated = |line: &String| !printed.trim().is_empty() && line.contains(printed.trim());
        match last.filter(|line| !is_repeated(line)) {
            Some(line) => format!("{reason}: {line}"),
            None => reason,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn never_wait(pipe: &impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    Ok(fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}

/// Appends what a pipe holds now, up to `most` bytes in all.
fn take(pipe: &mut Option<impl Read>, into: &mut Vec<u8>, most: usize) {
    let Some(open) = pipe else { return };
    let mut buffer = [0; 8192];
    while into.len() < most {
        match open.read(&mut buffer) {
            Ok(read) if read > 0 => into.extend(buffer.iter().take(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {
                *pipe = None;
                return;
            }
        }
    }
}

/// Why a program could not be started. The system says "not found" of a script whose interpreter is missing, too.
fn not_started(command: &Command, error: &io::Error, variable: &dyn Fn(&str) -> Option<OsString>) -> String {
    let program = Path::new(command.get_program());
    let is_there = || {
        let folders = variable("PATH").unwrap_or_default();
        match program.components().count() {
            1 => std::env::split_paths(&folders).any(|folder| folder.join(program).is_file()),
            _ => program.is_file(),
        }
    };
    match error.kind() {
        io::ErrorKind::NotFound if is_there() => "its interpreter is missing".to_owned(),
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        _ => format!("it can't be started: {error}"),
    }
}
