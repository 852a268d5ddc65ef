//! All that is printed: only this room writes to stdout and stderr, and the language server, whose stdout is its wire.
//!
//! stdout carries the answer and nothing else; what is said to a person goes to stderr. Text from outside (a server's,
//! a file's) passes [`safe`] first.

pub(crate) mod ask;
pub(crate) mod diagnostic;
pub(crate) mod failure;
pub(crate) mod person;
pub(crate) mod resolved;
pub(crate) mod shell;
pub(crate) mod table;
pub(crate) mod test_report;
pub(crate) mod time;
pub(crate) mod trace;
pub(crate) mod usage;

use std::io::{self, Write as _};

use hermes_format::text::{sanitise, sanitise_within};
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

/// Writes the answer to stdout, as it is.
///
/// # Errors
/// Nobody reads stdout any more, which is no failure to speak of, or it can't be written.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::stdout_closed(),
        _ => Failure::new(Exit::Store, "stdout_unwritable", format!("stdout can't be written: {error}")),
    })
}

/// Writes a line of the answer to stdout.
pub(crate) fn answer_line(text: &str) -> Result<(), Failure> {
    answer(&format!("{text}\n"))
}

/// Writes a JSON answer to stdout. The `version` is the caller's: some formats are other tools'.
pub(crate) fn answer_json(value: &Value) -> Result<(), Failure> {
    answer(&format!("{value:#}\n"))
}

/// Says something to a person on stderr. A closed stderr is nobody's loss.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Warns a person on stderr.
pub(crate) fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// Text from outside, made safe for a screen: one line, nothing in it that a terminal obeys.
pub(crate) fn safe(text: &str) -> String {
    sanitise(text)
}

/// The longest sentence of the program's own, in characters: a path alone may have 4,096.
const LONGEST_SENTENCE: usize = 6_000;

/// A sentence of the program's own, made as safe: it may quote a path or a command that is to be copied whole.
pub(crate) fn safe_sentence(text: &str) -> String {
    sanitise_within(text, LONGEST_SENTENCE)
}

/// A line that is shown whole, made as safe: what the user is to decide on is never cut.
pub(crate) fn safe_whole(text: &str) -> String {
    sanitise_within(text, usize::MAX)
}

/// Whether findings and tables on stdout may be coloured.
pub(crate) fn colors_stdout() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether what is said on stderr may be coloured.
pub(crate) fn colors_stderr() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Fixes for the whole program whether it may colour.
pub(crate) fn set_color(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}
