//! `exec --proxy`: a program that never holds the credential, beside a proxy and a key that live as long as it does.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use hermes_engine_serve::{Keys, Listener, Scope};
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::{builder, in_runtime, unbound, unserved};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Network;

/// What the program may reach.
pub(crate) struct Reach<'r> {
    /// The provider's id.
    pub(crate) provider: &'r str,
    /// The label of the one account that is meant.
    pub(crate) label: Option<&'r str>,
    /// How requests are sent.
    pub(crate) network: &'r Network,
}

/// Runs the program that `command` makes of a base URL and a key; ends as it ends.
///
/// The proxy listens on a loopback port that the system chooses. Ctrl-C reaches the program from the terminal; other
/// signals that end a process are passed on to it.
pub(crate) fn run(
    context: &Context,
    reach: &Reach<'_>,
    command: impl FnOnce(&str, &str) -> Result<Command, Failure>,
    not_started: impl FnOnce(&Command, &std::io::Error) -> Failure,
) -> Ended {
    let mut keys = Keys::in_memory();
    let scope = Scope {
        accounts: reach.label.into_iter().map(str::to_owned).collect(),
        ..Scope::provider(reach.provider)
    };
    let key = keys.add("exec", scope).map_err(super::key::failure)?;
    in_runtime(async {
        let server = builder(context, reach.network, keys).await?.drain(Duration::ZERO);
        let server = server.build().map_err(|error| unserved(&error))?;
        let listener = Listener::bind("127.0.0.1:0").await.map_err(|error| unbound("127.0.0.1:0", &error))?;
        let account = reach
            .label
            .map_or_else(|| reach.provider.to_owned(), |label| format!("{}:{label}", reach.provider));
        let mut command = command(&format!("{}/{}", listener.url(), segment(&account)), key.expose_secret())?;
        // Before the program is there: a signal in between would leave it alone.
        let signals = Caught::catch().map_err(|error| Failure::no_signals(&error))?;
        let child = command.spawn().map_err(|error| not_started(&command, &error))?;
        let pid = Pid::from_child(&child);
        let mut status = None;
        let stop = async {
            let ended = ended(child);
            tokio::pin!(ended);
            let mut signals = signals;
            status = loop {
                tokio::select! {
                    status = &mut ended => break status,
                    signal = signals.next() => {
                        if let Some(signal) = signal {
                            // It may have ended just now.
                            let _ = kill_process(pid, signal);
                        }
                    }
                }
            };
        };
        server.run(listener, stop).await.map_err(|error| unserved(&error))?;
        status.map(exit_of).ok_or_else(|| Failure::new(Exit::Bug, "bug", "the program can't be waited for"))
    })
}

/// The end of a program, which a thread of its own waits for.
async fn ended(mut child: Child) -> Option<ExitStatus> {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || tell.send(child.wait()));
    told.await.ok()?.ok()
}

/// The code of the program; of one that a signal has ended, what a shell says of it.
fn exit_of(status: ExitStatus) -> Exit {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Exit::Program(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// An account as one segment of a path.
fn segment(account: &str) -> String {
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':');
    let escaped = account.bytes().map(|byte| match is_plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// Signals that would end the process, caught.
struct Caught {
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Caught {
    fn catch() -> std::io::Result<Caught> {
        Ok(Caught {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal that the program has to be sent; `None` where the terminal sends it.
    async fn next(&mut self) -> Option<Signal> {
        tokio::select! {
            _ = self.interrupt.recv() => None,
            _ = self.quit.recv() => None,
            _ = self.terminate.recv() => Some(Signal::TERM),
            _ = self.hangup.recv() => Some(Signal::HUP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_segment_whatever_is_in_it() {
        assert_eq!(segment("acme:work"), "acme:work");
        assert_eq!(segment("acme:a/b c%"), "acme:a%2Fb%20c%25");
    }

    #[test]
    fn the_code_is_the_programs() {
        assert_eq!(exit_of(ExitStatus::from_raw(7 << 8)), Exit::Program(7));
        assert_eq!(exit_of(ExitStatus::from_raw(15)), Exit::Program(143));
    }
}
