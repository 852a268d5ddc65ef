//! Reading one source.
//!
//! A source that is not there (a variable that is not set, a file of a program that was never used) is absent. One that is
//! there and can't be read has failed, and says why.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hermes_format::provider::InputSource;
use hermes_format::query::{Query, walk};
use hermes_format::time::{UnixMs, parse_duration};
use serde_json::Value;

use super::program::{self, TIMEOUT_VARIABLE};
use super::{InputOrigin, Supply, env_file, expand, placeholder};
use crate::clock;
use crate::home::Home;
use crate::own_file::{self, Links, Owner};
use crate::process;

/// The longest file that is read.
const FILE_LIMIT: u64 = 1024 * 1024;
/// The longest value.
pub(super) const VALUE_LIMIT: usize = 64 * 1024;

/// A source that is there and can't be read.
pub(super) struct SourceFailure {
    pub(super) origin: InputOrigin,
    pub(super) reason: String,
}

/// The names of an expiry in files of other programs, in lower case and without `_` and `-`.
const EXPIRIES: [&str; 4] = ["expiresat", "expirydate", "expiry", "expires"];

/// Reads sources; `.env` once, and only when a variable is asked for that the environment does not have.
pub(super) struct Reader<'a> {
    supply: &'a Supply<'a>,
    env_file: OnceCell<io::Result<HashMap<String, String>>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(supply: &'a Supply<'a>) -> Reader<'a> {
        Reader { supply, env_file: OnceCell::new() }
    }

    /// The value of a source, without white space around it, and where it came from; `None` where the source is absent.
    /// A placeholder counts as absent.
    pub(super) fn read(
        &self,
        source: &InputSource,
        secret: bool,
    ) -> Result<Option<(String, InputOrigin)>, SourceFailure> {
        let is_real = |value: &str| placeholder::is_real(value.trim(), secret);
        let (found, origin) = match source {
            InputSource::Env(name) => return self.variable(&name.value, &is_real),
            InputSource::File { path, at } => {
                (self.file(&path.value, at.as_ref()), InputOrigin::File(path.value.clone()))
            }
            InputSource::Command(argv) => {
                let Some((program, arguments)) = argv.value.split_first() else { return Ok(None) };
                (self.program(program, arguments).map(Some), InputOrigin::Command(program.clone()))
            }
        };
        match found {
            Ok(value) => Ok(value
                .map(|value| value.trim().to_owned())
                .filter(|value| is_real(value))
                .map(|value| (value, origin))),
            Err(reason) => Err(SourceFailure { origin, reason }),
        }
    }

    /// A variable of the environment; `.env` is asked where that has none, or none that is real.
    fn variable(
        &self,
        name: &str,
        is_real: &dyn Fn(&str) -> bool,
    ) -> Result<Option<(String, InputOrigin)>, SourceFailure> {
        let fails = |origin| Err(SourceFailure { origin, reason: "it is not UTF-8".to_owned() });
        let trimmed = |value: &str, origin| Ok(Some((value.trim().to_owned(), origin)));
        if let Some(value) = (self.supply.variable)(name) {
            let origin = InputOrigin::Variable(name.to_owned());
            match value.to_str() {
                None => return fails(origin),
                Some(value) if is_real(value) => return trimmed(value, origin),
                Some(_) => {}
            }
        }
        let file = self.env_file.get_or_init(|| env_file(self.supply.home));
        let Ok(file) = file else { return Ok(None) };
        let origin = InputOrigin::EnvFile(name.to_owned());
        match file.get(name) {
            Some(value) if value.contains(char::REPLACEMENT_CHARACTER) => fails(origin),
            Some(value) if is_real(value) => trimmed(value, origin),
            _ => Ok(None),
        }
    }

    /// Why `.env` was not read, where a variable was looked for there.
    pub(super) fn env_file_trouble(&self) -> Option<String> {
        self.env_file.get()?.as_ref().err().map(ToString::to_string)
    }

    fn file(&self, path: &str, at: Option<&Query>) -> Result<Option<String>, String> {
        let Some(path) = expand(path, self.supply.variable) else { return Ok(None) };
        let text = match read_file(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err("it is not UTF-8".to_owned());
            }
            Err(error) => return Err(format!("it can't be read: {error}")),
        };
        let value = select(text, at)?;
        match value {
            Some(value) if value.trim().len() > VALUE_LIMIT => {
                Err("its value is longer than 64 KiB".to_owned())
            }
            value => Ok(value),
        }
    }

    fn program(&self, program: &str, arguments: &[String]) -> Result<String, String> {
        let timeout = self.timeout()?;
        // A name that only the working directory has, by a relative entry of `PATH`, is nobody's program.
        let found = process::find(program, std::env::var_os("PATH").as_deref());
        let found = found.ok_or_else(|| "there is no such program".to_owned())?;
        program::output(Command::new(found).args(arguments), timeout, self.supply.variable)
    }

    /// How long a program may take.
    fn timeout(&self) -> Result<Duration, String> {
        let Some(text) = (self.supply.variable)(TIMEOUT_VARIABLE).filter(|text| !text.is_empty()) else {
            return Ok(program::TIMEOUT);
        };
        let duration = text.to_str().and_then(|text| parse_duration(text).ok());
        duration.ok_or_else(|| format!("{TIMEOUT_VARIABLE} is not a duration such as 30s"))
    }
}

/// The variables of `.env` in the home; none where it is not there.
pub(super) fn env_file(home: &Home) -> io::Result<HashMap<String, String>> {
    match read_env_file(home) {
        Ok(text) => Ok(env_file::parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(error),
    }
}

/// The text of `.env` in the home. What is not UTF-8 in it spoils no other line; one that somebody else can write is not
/// read (S20).
fn read_env_file(home: &Home) -> io::Result<String> {
    let bytes = own_file::read(&home.env_file(), Links::Followed, Owner::Mine, FILE_LIMIT)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The text of a plain file. Never waits: a pipe that nobody writes to is no file.
fn read_file(path: &Path) -> io::Result<String> {
    let bytes = own_file::read(path, Links::Followed, Owner::Any, FILE_LIMIT)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The text of a file, or the text or number at a place in its JSON.
fn select(text: String, at: Option<&Query>) -> Result<Option<String>, String> {
    let Some(at) = at else { return Ok(Some(text)) };
    let json: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text))
        .map_err(|_| "it is not JSON".to_owned())?;
    if let Some(ended) = expiry_beside(&json, at).filter(|ended| *ended <= clock::wall()) {
        let when =
            jiff::Timestamp::from_millisecond(ended.0).map(|at| format!(" on {}", at.strftime("%Y-%m-%d")));
        let when = when.unwrap_or_default();
        return Err(format!("what it holds expired{when}; the program that wrote it renews it"));
    }
    Ok(match at.select(&json) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}

/// When a value ends that a file of another program holds: what stands beside it under a name for that, in Unix seconds or
/// milliseconds. A duration says nothing without its beginning.
fn expiry_beside(json: &Value, at: &Query) -> Option<UnixMs> {
    let (_, parent) = at.steps().split_last()?;
    walk(json, parent)?.as_object()?.iter().find_map(|(name, value)| {
        let name = name.to_ascii_lowercase().replace(['_', '-'], "");
        let number = value.as_f64().filter(|_| EXPIRIES.contains(&name.as_str()))?;
        match number {
            number if number >= 1e12 => Some(UnixMs(number as i64)),
            number if number >= 1e9 => Some(UnixMs((number * 1000.0) as i64)),
            _ => None,
        }
    })
}
