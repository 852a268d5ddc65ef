//! The values of a provider's inputs, and where each came from.
//!
//! Only what the provider's file names is ever looked up: that another variable is set can't matter to it. A source that
//! fails gives way to the next and is remembered, so that whoever finds nothing can say why. A value that is there but not
//! one that the file allows is an error that names its source, because to pass it over would mean to run with another.

mod env_file;
mod placeholder;
mod program;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use hermes_format::provider::{Input, InputSource, Provider};
use hermes_format::secret::is_token;
use indexmap::IndexMap;

pub use placeholder::is_placeholder;

use crate::home::Home;

/// What the values of inputs are taken from.
pub struct Supply<'a> {
    /// What a person set for this run: `--set`, standard input, answers to prompts.
    pub set: &'a IndexMap<String, String>,
    /// What the stored credential keeps of an earlier run.
    pub kept: &'a IndexMap<String, String>,
    /// Where `.env` is.
    pub home: &'a Home,
    /// The environment of the process.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Whether a source may be read: one of a file that is not trusted may not.
    pub allowed: &'a dyn Fn(&InputSource) -> bool,
}

/// Where the value of an input came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputOrigin {
    /// A person set it for this run.
    Set,
    /// A variable of the process's environment.
    Variable(String),
    /// A variable of `.env` in the home.
    EnvFile(String),
    /// A file, by its path as the provider's file writes it.
    File(String),
    /// A program, by its name.
    Command(String),
    /// The stored credential kept it.
    Kept,
    /// The provider's file has a default.
    Default,
}

impl InputOrigin {
    /// Whether a source gave the value. Such a value is never stored.
    pub fn is_source(&self) -> bool {
        use InputOrigin::{Command, EnvFile, File, Variable};
        matches!(self, Variable(_) | EnvFile(_) | File(_) | Command(_))
    }

    /// The origin as programs read it: `env:NAME`, `.env:NAME`, `file:PATH`, `command:PROGRAM`, else `input`.
    pub fn word(&self) -> String {
        match self {
            InputOrigin::Variable(name) => format!("env:{name}"),
            InputOrigin::EnvFile(name) => format!(".env:{name}"),
            InputOrigin::File(path) => format!("file:{path}"),
            InputOrigin::Command(program) => format!("command:{program}"),
            InputOrigin::Set | InputOrigin::Kept | InputOrigin::Default => "input".to_owned(),
        }
    }
}

impl fmt::Display for InputOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputOrigin::Set => f.write_str("what was given for this run"),
            InputOrigin::Variable(name) => write!(f, "{name} in the environment"),
            InputOrigin::EnvFile(name) => write!(f, "{name} in the home's .env"),
            InputOrigin::File(path) => f.write_str(path),
            InputOrigin::Command(program) => write!(f, "the program {program}"),
            InputOrigin::Kept => f.write_str("the stored credential"),
            InputOrigin::Default => f.write_str("the provider's default"),
        }
    }
}

/// The values of a provider's inputs.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The values by name; an input without one is not there.
    pub values: IndexMap<String, String>,
    /// Where each value came from.
    pub origins: IndexMap<String, InputOrigin>,
    /// The inputs without a value that have a prompt, in the order of the file. Not every one of them may be needed.
    pub missing: Vec<String>,
    /// The sources that were tried and failed, of inputs that have no value for it, or another one.
    pub failed: Vec<FailedSource>,
    /// Why `.env` in the home was not read, where a variable was looked for there; safe for a screen.
    pub unread_env_file: Option<String>,
}

/// A source that was there and gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSource {
    /// The input.
    pub input: String,
    /// The source.
    pub origin: InputOrigin,
    /// What went wrong, in a sentence that is safe for a screen.
    pub reason: String,
}

impl fmt::Display for FailedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} gave no `{}`: {}", self.origin, self.input, self.reason)
    }
}

impl Inputs {
    /// Whether the value of an input came from a source (environment, file, command): it is never stored.
    pub fn is_from_source(&self, name: &str) -> bool {
        self.origins.get(name).is_some_and(InputOrigin::is_source)
    }

    /// The sources that failed, of inputs that have no value.
    pub fn failed_for_want(&self) -> impl Iterator<Item = &FailedSource> {
        self.failed.iter().filter(|failed| !self.values.contains_key(&failed.input))
    }
}

impl fmt::Debug for Inputs {
    /// Tells names and origins, no values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("origins", &self.origins)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// A value that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A person set an input that the provider's file does not have.
    #[error("`{name}` is no input of `{provider}`{}", known(inputs))]
    Unknown {
        /// What was set.
        name: String,
        /// The provider.
        provider: String,
        /// The inputs that it has.
        inputs: Vec<String>,
    },
    /// The value is not one of the choices.
    #[error("the value of `{name}` from {origin} is not one of {}", choices.join(", "))]
    Choice {
        /// The input.
        name: String,
        /// Where the value came from.
        origin: InputOrigin,
        /// What may be chosen.
        choices: Vec<String>,
    },
    /// The value has another form than the file asks for.
    #[error("the value of `{name}` from {origin} is not valid: {}", looks_like(forms, pattern))]
    Pattern {
        /// The input.
        name: String,
        /// Where the value came from.
        origin: InputOrigin,
        /// The form, as the file's regular expression.
        pattern: String,
        /// Values of that form.
        forms: Vec<String>,
    },
    /// A secret in quotes, as `docker --env-file` keeps them, or with one that is never closed.
    #[error("the value of `{name}` from {origin} is in quotes, or begins with one that is not closed")]
    Quoted {
        /// The input.
        name: String,
        /// Where the value came from.
        origin: InputOrigin,
    },
    /// A key with a character that no key has.
    #[error("the key from {origin} has a blank or another character that no key has")]
    NotAKey {
        /// The input.
        name: String,
        /// Where the value came from.
        origin: InputOrigin,
    },
    /// A secret with a line break or another control character, which neither a header nor a form carries.
    #[error("the value of `{name}` from {origin} has a control character in it, such as a line break")]
    Control {
        /// The input.
        name: String,
        /// Where the value came from.
        origin: InputOrigin,
    },
}

fn known(inputs: &[String]) -> String {
    if inputs.is_empty() { ", which has none".to_owned() } else { format!("; it has {}", inputs.join(", ")) }
}

fn looks_like(forms: &[String], pattern: &str) -> String {
    let quoted: Vec<String> = forms.iter().map(|form| format!("`{form}`")).collect();
    match quoted.split_last() {
        None => format!("it must match `{pattern}`"),
        Some((only, [])) => format!("it should look like {only}"),
        Some((last, others)) => format!("it should look like {} or {last}", others.join(", ")),
    }
}

/// Resolves every input of a provider: what was set, sources in the file's order, the kept value, the default.
///
/// Reads files and runs programs that the provider's file names, each for at most ten seconds, or as
/// `HERMES_COMMAND_TIMEOUT` says. Starts no async runtime.
pub fn resolve(provider: &Provider, supply: &Supply<'_>) -> Result<Inputs, InputError> {
    if let Some(name) = supply.set.keys().find(|name| !provider.inputs.contains_key(*name)) {
        return Err(InputError::Unknown {
            name: name.clone(),
            provider: provider.id.clone(),
            inputs: provider.inputs.keys().cloned().collect(),
        });
    }
    let reader = source::Reader::new(supply);
    let keys = provider.key_inputs();
    let mut inputs = Inputs::default();
    for (name, input) in &provider.inputs {
        match find(name, input, supply, &reader, &mut inputs.failed) {
            Some((value, origin)) => {
                validate(name, input, &value, &origin)?;
                if input.secret && keys.contains(name.as_str()) && !is_token(&value) {
                    return Err(InputError::NotAKey { name: name.clone(), origin });
                }
                inputs.values.insert(name.clone(), value);
                inputs.origins.insert(name.clone(), origin);
            }
            None if input.prompt.is_some() => inputs.missing.push(name.clone()),
            None => {}
        }
    }
    inputs.unread_env_file = reader.env_file_trouble();
    Ok(inputs)
}

fn find(
    name: &str,
    input: &Input,
    supply: &Supply<'_>,
    reader: &source::Reader<'_>,
    failed: &mut Vec<FailedSource>,
) -> Option<(String, InputOrigin)> {
    let present = |value: String| Some(value).filter(|value| !value.is_empty());
    let set = || Some((supply.set.get(name).cloned().and_then(present)?, InputOrigin::Set));
    let source = || {
        let mut allowed = input.from.iter().filter(|source| (supply.allowed)(source));
        allowed.find_map(|source| match reader.read(source, input.secret) {
            Ok(found) => found,
            Err(source::SourceFailure { origin, reason }) => {
                failed.push(FailedSource { input: name.to_owned(), origin, reason });
                None
            }
        })
    };
    let kept = || Some((supply.kept.get(name).cloned().and_then(present)?, InputOrigin::Kept));
    // A kept value that the file allows no more is as good as none: nobody could mend it.
    let kept = || kept().filter(|(value, origin)| validate(name, input, value, origin).is_ok());
    let default = || Some((input.default.clone().and_then(present)?, InputOrigin::Default));
    set().or_else(source).or_else(kept).or_else(default)
}

/// Whether a value is one that the file allows.
pub fn validate(name: &str, input: &Input, value: &str, origin: &InputOrigin) -> Result<(), InputError> {
    let (name, origin) = (name.to_owned(), origin.clone());
    if input.secret && value.chars().any(char::is_control) {
        return Err(InputError::Control { name, origin });
    }
    if input.secret && is_quoted(value, &origin) {
        return Err(InputError::Quoted { name, origin });
    }
    if !input.choices.is_empty() && !input.choices.iter().any(|choice| choice == value) {
        return Err(InputError::Choice { name, origin, choices: input.choices.clone() });
    }
    match &input.pattern {
        Some(pattern) if !pattern.0.is_match(value) => {
            let forms = hermes_proof::simulate::forms(&pattern.0);
            // It is held to the whole value, which the file does not write.
            let whole = pattern.0.as_str();
            let inner = whole.strip_prefix(r"\A(?:").and_then(|rest| rest.strip_suffix(r")\z"));
            Err(InputError::Pattern { name, origin, pattern: inner.unwrap_or(whole).to_owned(), forms })
        }
        _ => Ok(()),
    }
}

/// Whether a value of a source was meant without the quotes that are in it. What a user typed is taken as it is.
fn is_quoted(value: &str, origin: &InputOrigin) -> bool {
    let is_in = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    let is_open = matches!(origin, InputOrigin::EnvFile(_)) && value.starts_with(['"', '\'']);
    origin.is_source() && (is_in('"') || is_in('\'') || is_open)
}

/// The variables that `.env` in the home sets to something.
pub fn env_file_variables(home: &Home) -> BTreeSet<String> {
    let all = source::env_file(home).unwrap_or_default().into_iter();
    all.filter(|(_, value)| !value.trim().is_empty()).map(|(name, _)| name).collect()
}

/// The value of a variable that `.env` in the home sets.
pub fn env_file_variable(home: &Home, name: &str) -> Option<String> {
    source::env_file(home).ok()?.remove(name)
}

/// Why `.env` in the home can't be read, where it is there.
pub fn env_file_trouble(home: &Home) -> Option<std::io::Error> {
    source::env_file(home).err()
}

/// The environment variables that a provider's file reads, in its order.
pub fn variables(provider: &Provider) -> Vec<&str> {
    variables_of(provider.inputs.values()).collect()
}

/// The environment variables that some inputs are read from.
pub fn variables_of<'p>(inputs: impl IntoIterator<Item = &'p Input>) -> impl Iterator<Item = &'p str> {
    inputs.into_iter().flat_map(|input| &input.from).filter_map(|source| match source {
        InputSource::Env(name) => Some(name.value.as_str()),
        InputSource::File { .. } | InputSource::Command(_) => None,
    })
}

/// The path that a file writes, `~` put in place. `None` for one that is relative: it would depend on where one stands.
fn expand(path: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let expanded = match path.strip_prefix("~/") {
        Some(rest) => PathBuf::from(variable("HOME")?).join(rest),
        None => PathBuf::from(path),
    };
    Some(expanded).filter(|path| path.is_absolute())
}
