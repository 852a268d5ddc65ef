//! Which provider and model a user has chosen: `config.yaml`, then `HERMES_INFERENCE_PROVIDER`.
//!
//! `config.yaml` belongs to a larger program: only `model.*` is looked at, and a shape that is not ours is no choice
//! rather than an error.

mod edit;
mod flow;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::home::Home;
use crate::input;
use crate::own_file::{self, Links, Owner};
use crate::store::{self, StoreError};

/// The variable that names the provider where `config.yaml` does not. It may be in `.env` of the home, too.
pub const PROVIDER_VARIABLE: &str = "HERMES_INFERENCE_PROVIDER";

/// What `config.yaml` says under `model`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The provider's id or alias; `auto` counts as unset.
    pub provider: Option<String>,
    /// The model's id.
    pub model: Option<String>,
}

/// `config.yaml` can't be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` can't be read: {reason}")]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

/// `config.yaml` can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// It can't be read, or is of a shape that can't be changed safely. It is as it was.
    #[error("`{path}` can't be changed: {reason}")]
    Config {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is written to `config.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The model's id.
    pub default: String,
    /// The provider's id.
    pub provider: String,
    /// Where its requests go; `None` takes an earlier one away.
    pub base_url: Option<String>,
}

/// Writes a choice to `config.yaml`, the rest of which stays as it was: comments, order, line ends. The file is replaced
/// as a whole, for its owner alone.
///
/// # Errors
///
/// Where the file can't be read or written, and where it could not be proved that the changed text says what is wanted.
pub fn choose(home: &Home, model: &Model) -> Result<(), ChooseError> {
    let path = home.config_yaml();
    // Where it stands there already nothing is written, and a home that can't be written is good enough.
    if changed(&path, model)?.is_none() {
        return Ok(());
    }
    let failed = |error: io::Error| ChooseError::Config { path: path.clone(), reason: error.to_string() };
    home.create().map_err(failed)?;
    store::with_file(home, &path, || {
        if let Some(text) = changed(&path, model)? {
            store::replace_file(&path, &text)?;
        }
        Ok(())
    })?
}

/// The text of `config.yaml` with a choice in it; `None` where it stands there already.
fn changed(path: &Path, model: &Model) -> Result<Option<String>, ChooseError> {
    let failed = |reason: String| ChooseError::Config { path: path.to_owned(), reason };
    let before = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error.to_string())),
    };
    let after = edit::set_model(&before, model).map_err(failed)?;
    Ok((after != before).then_some(after))
}

#[derive(Deserialize)]
struct File {
    model: Option<Value>,
}

/// The longest `config.yaml` that is read.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The text of `config.yaml`, which may be a link into the user's own files. A pipe is refused, and not waited for; so is
/// one that somebody else can write (S20).
fn read_text(path: &Path) -> io::Result<String> {
    let bytes = own_file::read(path, Links::Followed, Owner::Mine, LIMIT)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Reads the choice of `config.yaml` in a home. A file that is not there holds none.
pub fn read(home: &Path) -> Result<Choice, ConfigError> {
    let path = home.join("config.yaml");
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Choice::default()),
        Err(error) => return Err(ConfigError { path, reason: error.to_string() }),
    };
    parse(&text).map_err(|reason| ConfigError { path, reason })
}

/// The provider that is chosen where a command names none, as Hermes Agent finds it: that of `config.yaml`, then
/// [`PROVIDER_VARIABLE`] in the environment, then in `.env`.
pub fn provider(
    home: &Home,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<String>, ConfigError> {
    let of_environment =
        || variable(PROVIDER_VARIABLE).and_then(|value| value.into_string().ok()).and_then(|name| set(&name));
    let of_file = || input::env_file_variable(home, PROVIDER_VARIABLE).and_then(|name| set(&name));
    Ok(read(home.path())?.provider.or_else(of_environment).or_else(of_file))
}

fn parse(text: &str) -> Result<Choice, String> {
    if text.trim().is_empty() {
        return Ok(Choice::default());
    }
    let file: Option<File> = serde_yaml::from_str(text).map_err(|error| first_line(&error.to_string()))?;
    let Some(model) = file.and_then(|file| file.model) else { return Ok(Choice::default()) };
    let member = |key: &str| model.get(key).and_then(Value::as_str).and_then(set);
    let plain = model.as_str().and_then(set);
    Ok(Choice { provider: member("provider"), model: member("default").or(plain) })
}

/// A name, where it is one: `auto` and nothing both mean that nothing was chosen.
fn set(name: &str) -> Option<String> {
    let name = name.trim();
    (!name.is_empty() && !name.eq_ignore_ascii_case("auto")).then(|| name.to_owned())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[track_caller]
    fn check(text: &str, provider: Option<&str>, model: Option<&str>) {
        let choice = parse(text).unwrap();
        assert_eq!((choice.provider.as_deref(), choice.model.as_deref()), (provider, model), "{text}");
    }

    #[test]
    fn the_model_table_names_provider_and_model() {
        check("other: [1]\nmodel:\n  default: m-1\n  provider: acme\n", Some("acme"), Some("m-1"));
    }

    #[test]
    fn auto_and_nothing_are_no_choice() {
        check("model: {provider: auto}", None, None);
        check("model: {provider: ''}", None, None);
        check("model: {provider: 7}", None, None);
        check("", None, None);
        check("# only a comment\n", None, None);
        check("model: big-one", None, Some("big-one"));
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(read(folder.path()).unwrap_err().to_string().contains("config.yaml"));
        let home = Home::at(folder.path());
        assert!(matches!(choose(&home, &model(1)), Err(ChooseError::Config { .. })));
    }

    #[test]
    fn a_broken_file_is_an_error_that_names_it() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("config.yaml"), "model: {provider: [").unwrap();
        let error = read(home.path()).unwrap_err().to_string();
        assert!(error.contains("config.yaml"), "{error}");
    }

    fn model(n: usize) -> Model {
        Model { default: format!("m-{n}"), provider: format!("p-{n}"), base_url: None }
    }

    #[test]
    fn a_choice_takes_no_file_away_that_a_commit_of_credentials_is_writing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let store = store::FileStore::open(home.clone());
        std::thread::scope(|scope| {
            for choosing in 0..2 {
                let home = &home;
                scope.spawn(move || (0..100).for_each(|n| choose(home, &model(2 * n + choosing)).unwrap()));
            }
            for writer in 0..2 {
                let store = &store;
                let id = move |n| format!("acme-{writer}-{n}");
                scope.spawn(move || {
                    (0..100).for_each(|n| store.commit(|document| document.activate(&id(n))).unwrap());
                });
            }
        });
        let choice = read(folder.path()).unwrap();
        assert_eq!(choice.model.unwrap()[1..], choice.provider.unwrap()[1..], "one choice, whole");
        assert!(store.read().unwrap().active_provider().is_some());
    }

    #[test]
    fn a_choice_that_stands_there_already_needs_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        choose(&home, &model(1)).unwrap();
        fs::remove_dir_all(home.locks_dir()).unwrap();
        choose(&home, &model(1)).unwrap();
        assert!(!home.locks_dir().exists());
    }

    #[test]
    fn a_choice_waits_for_one_that_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        std::thread::scope(|scope| {
            store::with_file(&home, &home.config_yaml(), || {
                let second = scope.spawn(|| choose(&home, &model(1)));
                // It needs far less time for it.
                std::thread::sleep(std::time::Duration::from_millis(300));
                assert!(!home.config_yaml().exists());
                assert!(!second.is_finished());
            })
            .unwrap();
        });
        assert_eq!(read(folder.path()).unwrap().model.as_deref(), Some("m-1"));
    }

    #[test]
    fn the_file_goes_before_the_variable_and_that_before_the_one_in_env_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let chosen = |variable: Option<&str>| provider(&home, &|_| variable.map(OsString::from)).unwrap();
        assert_eq!(chosen(None), None);
        fs::write(home.env_file(), "HERMES_INFERENCE_PROVIDER=of-file\n").unwrap();
        assert_eq!(chosen(None).as_deref(), Some("of-file"));
        assert_eq!(chosen(Some(" auto ")).as_deref(), Some("of-file"));
        assert_eq!(chosen(Some("other")).as_deref(), Some("other"));
        fs::write(home.config_yaml(), "model: {provider: acme}").unwrap();
        assert_eq!(chosen(Some("other")).as_deref(), Some("acme"));
        fs::write(home.config_yaml(), "model: {provider: auto}").unwrap();
        assert_eq!(chosen(Some("other")).as_deref(), Some("other"));
    }
}
