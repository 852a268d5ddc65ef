//! Questions to a person at a terminal. While one is open the terminal is not as the shell left it, and is put back
//! however the question ends.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use inquire::ui::RenderConfig;
use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{colors_stderr, safe};
use crate::exit::Exit;
use crate::failure::Failure;
use hermes_engine::driver::Interrupt;

/// How often a question looks whether the program was told to end.
const LOOK: Duration = Duration::from_millis(100);

/// Whether anybody can be asked.
pub(crate) fn at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line of text.
pub(crate) fn text(question: &str) -> Result<String, Failure> {
    let question = safe(question);
    open(move || Text::new(&question).with_render_config(look()).prompt())
}

/// Asks for a line of text that is not shown.
pub(crate) fn secret(question: &str) -> Result<String, Failure> {
    let question = safe(question);
    open(move || {
        let password = Password::new(&question).without_confirmation();
        password.with_display_mode(PasswordDisplayMode::Hidden).with_render_config(look()).prompt()
    })
}

/// Asks for one of some lines; gives its place among them.
pub(crate) fn choice<S: AsRef<str>>(
    question: &str,
    lines: impl IntoIterator<Item = S>,
) -> Result<usize, Failure> {
    let question = safe(question);
    let lines: Vec<String> = lines.into_iter().map(|line| safe(line.as_ref())).collect();
    open(move || Ok(Select::new(&question, lines).with_render_config(look()).raw_prompt()?.index))
}

fn look() -> RenderConfig<'static> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if colors_stderr() && !is_dumb { RenderConfig::default_colored() } else { RenderConfig::empty() }
}

fn open<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
) -> Result<T, Failure> {
    let interrupt = Interrupt::listen().map_err(|error| Failure::no_signals(&error))?;
    let before = tcgetattr(io::stdin()).ok();
    let (tell, told) = channel();
    // A thread of its own, left behind where the program is told to end: a read of a terminal can't be given up.
    std::thread::spawn(move || tell.send(ask()));
    loop {
        match told.recv_timeout(LOOK) {
            Ok(answer) => return answer.map_err(not_answered),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(Exit::Bug, "bug", "a question ended in a panic"));
            }
            Err(RecvTimeoutError::Timeout) if interrupt.wait(Duration::ZERO) => {
                if let Some(before) = before {
                    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
                }
                // The cursor is shown again, a paste is no more bracketed, and the line of the question ends.
                let _ = io::stderr().write_all(b"\x1b[?25h\x1b[?2004l\n");
                return Err(Failure::interrupted());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn not_answered(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Failure::interrupted(),
        error => Failure::usage(format!("the terminal can't be asked: {error}")),
    }
}
