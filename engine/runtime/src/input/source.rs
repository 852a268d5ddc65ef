//! Reading one source. Whatever goes wrong, the source is absent.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hermes_engine_core::provider::InputSource;
use hermes_engine_core::query::Query;
use serde_json::Value;

use super::{InputOrigin, Supply, env_file, expand, placeholder};
use crate::home::Home;
use crate::own_file::{self, Links, Owner};

/// The longest file that is read.
const FILE_LIMIT: u64 = 1024 * 1024;
/// The longest value.
const VALUE_LIMIT: usize = 64 * 1024;
/// How long a program may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads sources; `.env` once, and only when a variable is asked for that the environment does not have.
pub(super) struct Reader<'a> {
    supply: &'a Supply<'a>,
    env_file: OnceCell<HashMap<String, String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(supply: &'a Supply<'a>) -> Reader<'a> {
        Reader { supply, env_file: OnceCell::new() }
    }

    /// The value of a source, without white space around it, and where it came from. One that only stands where a value
    /// belongs is none.
    pub(super) fn read(&self, source: &InputSource, secret: bool) -> Option<(String, InputOrigin)> {
        let is_real = |value: &str| placeholder::is_real(value.trim(), secret);
        let (value, origin) = match source {
            InputSource::Env(name) => self.variable(&name.value, &is_real)?,
            InputSource::File { path, at } => {
                let text = read_file(&expand(&path.value, self.supply.variable)?).ok()?;
                (select(text, at.as_ref())?, InputOrigin::File(path.value.clone()))
            }
            InputSource::Command(argv) => {
                let (program, arguments) = argv.value.split_first()?;
                let output = run(Command::new(program).args(arguments), COMMAND_TIMEOUT).ok().flatten()?;
                (output, InputOrigin::Command(program.clone()))
            }
        };
        let value = value.trim();
        (is_real(value) && value.len() <= VALUE_LIMIT).then(|| (value.to_owned(), origin))
    }

    /// A variable of the environment; `.env` is asked where that has none, or none that is real.
    fn variable(&self, name: &str, is_real: &dyn Fn(&str) -> bool) -> Option<(String, InputOrigin)> {
        let set = (self.supply.variable)(name).and_then(|value| value.into_string().ok());
        if let Some(value) = set.filter(|value| is_real(value)) {
            return Some((value, InputOrigin::Variable(name.to_owned())));
        }
        let file = self.env_file.get_or_init(|| env_file(self.supply.home));
        file.get(name).map(|value| (value.clone(), InputOrigin::EnvFile(name.to_owned())))
    }
}

/// The variables of `.env` in the home; none where it can't be read.
pub(super) fn env_file(home: &Home) -> HashMap<String, String> {
    env_file::parse(&read_env_file(home).unwrap_or_default())
}

/// The text of `.env` in the home. What is not UTF-8 in it spoils no other line; one that somebody else can write is not
/// read (S20).
pub(super) fn read_env_file(home: &Home) -> io::Result<String> {
    let bytes = own_file::read(&home.env_file(), Links::Followed, Owner::Mine, FILE_LIMIT)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The text of a plain file. Never waits: a pipe that nobody writes to is no file.
fn read_file(path: &Path) -> io::Result<String> {
    let bytes = own_file::read(path, Links::Followed, Owner::Any, FILE_LIMIT)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The text of a file, or the text or number at a place in its JSON.
fn select(text: String, at: Option<&Query>) -> Option<String> {
    let Some(at) = at else { return Some(text) };
    let json: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)).ok()?;
    match at.select(&json)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a program prints, if it ends well and in time. No shell reads the arguments, and nobody can be asked anything.
pub(super) fn run(command: &mut Command, timeout: Duration) -> io::Result<Option<String>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let Some(output) = child.stdout.take() else { return Ok(None) };
    let (tell, told) = mpsc::channel();
    // A thread of its own, left behind if need be: a grandchild may hold the pipe for ever.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(VALUE_LIMIT as u64 + 1).read_to_end(&mut bytes);
        let _ = tell.send(read.map(|_| bytes));
    });
    let deadline = Instant::now() + timeout;
    let bytes = match told.recv_timeout(timeout) {
        Ok(Ok(bytes)) if bytes.len() <= VALUE_LIMIT => bytes,
        _ => {
            end(&mut child);
            return Ok(None);
        }
    };
    let good = ends_well(&mut child, deadline)?;
    Ok(String::from_utf8(bytes).ok().filter(|_| good))
}

/// Waits for a program that has closed its output. Whether it ended with 0.
fn ends_well(child: &mut Child, deadline: Instant) -> io::Result<bool> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() >= deadline {
            end(child);
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
