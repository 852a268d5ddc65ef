//! `HERMES_HOME`: the folder that is shared with Hermes Agent.
//!
//! Naming a file here doesn't make it: a program that only reads leaves no trace. [`Home::create`] makes the folder, for
//! its owner alone (S20).

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A folder that nobody has.
const NOWHERE: &str = "/nonexistent/.hermes";

/// The folder that holds credentials, provider files and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// Why there is no home folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHome {
    /// Neither `--home`, nor `HERMES_HOME`, nor `HOME` says where it is.
    #[error("no home folder: neither --home nor HERMES_HOME nor HOME is set")]
    Unset,
    /// A variable holds a relative path: it would be another folder in each working directory, which may be a cloned
    /// repository.
    #[error("`{}` in {variable} is relative", path.display())]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
}

impl Home {
    /// A home at this path.
    pub fn at(path: impl Into<PathBuf>) -> Home {
        Home { path: path.into() }
    }

    /// Finds the home: the option (`--home`), then `HERMES_HOME`, then `~/.hermes`. An empty value counts as unset.
    ///
    /// # Errors
    /// Nothing says where it is, or a variable does with a relative path.
    pub fn find(option: Option<&Path>, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Home, NoHome> {
        if let Some(path) = option {
            return Ok(Home::at(path));
        }
        let set = |name| Some((name, variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)?));
        let (variable, path) = set("HERMES_HOME").or_else(|| set("HOME")).ok_or(NoHome::Unset)?;
        match variable {
            _ if path.is_relative() => Err(NoHome::Relative { variable, path }),
            "HOME" => Ok(Home::at(path.join(".hermes"))),
            _ => Ok(Home::at(path)),
        }
    }

    /// The root of a profile, which is a home at `ROOT/profiles/NAME`. What a profile has not stored is read there.
    pub fn root(&self) -> Option<Home> {
        let profiles = self.path.parent()?;
        let root = profiles.parent().filter(|root| !root.as_os_str().is_empty())?;
        (profiles.file_name()? == "profiles").then(|| Home::at(root))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The credentials.
    pub fn auth_json(&self) -> PathBuf {
        self.path.join("auth.json")
    }

    /// The lock that Hermes Agent shares.
    pub fn auth_lock(&self) -> PathBuf {
        self.path.join("auth.lock")
    }

    /// The locks of single grants.
    pub fn locks_dir(&self) -> PathBuf {
        self.path.join("locks")
    }

    /// What refreshes have in hand between an answer and its commit.
    pub fn journal_dir(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The person's own provider files.
    pub fn providers_dir(&self) -> PathBuf {
        self.path.join("providers.d")
    }

    /// The files that the person trusts, by hash.
    pub fn trust_json(&self) -> PathBuf {
        self.path.join("trust.json")
    }

    /// The chosen provider and model, among settings of others.
    pub fn config_yaml(&self) -> PathBuf {
        self.path.join("config.yaml")
    }

    /// Variables that stand in for those of the environment.
    pub fn env_file(&self) -> PathBuf {
        self.path.join(".env")
    }

    /// No home: nothing is found in it, and it can't be made. For what needs none, where nothing says where it is.
    pub fn nowhere() -> Home {
        Home::at(NOWHERE)
    }

    /// Makes the folder, for its owner alone, where it is not there yet.
    ///
    /// # Errors
    ///
    /// Where it can't be made, and where nothing says where it is.
    pub fn create(&self) -> io::Result<()> {
        if self.path == Path::new(NOWHERE) {
            return Err(io::Error::new(io::ErrorKind::NotFound, NoHome::Unset));
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[track_caller]
    fn check(option: Option<&str>, variables: &[(&str, &str)], expect: Option<&str>) {
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        let found = Home::find(option.map(Path::new), &lookup).ok();
        assert_eq!(found.as_ref().map(Home::path), expect.map(Path::new));
    }

    #[test]
    fn the_option_wins_over_the_variable_and_that_over_the_person_s_home() {
        let both = [("HERMES_HOME", "/b"), ("HOME", "/c")];
        check(Some("/a"), &both, Some("/a"));
        check(None, &both, Some("/b"));
        check(None, &both[1..], Some("/c/.hermes"));
        check(None, &[("HERMES_HOME", ""), ("HOME", "/c")], Some("/c/.hermes"));
        check(None, &[], None);
    }

    #[test]
    fn s20_a_relative_home_in_a_variable_is_none() {
        check(Some("here"), &[], Some("here"));
        check(None, &[("HERMES_HOME", ".hermes"), ("HOME", "/c")], None);
        check(None, &[("HOME", "c")], None);
    }

    #[test]
    fn a_profile_has_a_root_and_no_other_home_has() {
        let root = |path: &str| Home::at(path).root().map(|root| root.path().to_owned());
        assert_eq!(root("/a/.hermes/profiles/coder"), Some(PathBuf::from("/a/.hermes")));
        assert_eq!(root("/a/.hermes/profiles/coder/"), Some(PathBuf::from("/a/.hermes")));
        for path in ["/a/.hermes", "/a/.hermes/profiles", "/a/.hermes/other/coder", "profiles/coder", "/"] {
            assert_eq!(root(path), None, "{path}");
        }
    }

    #[test]
    fn s20_the_folder_is_made_for_its_owner_alone() {
        let outer = tempfile::tempdir().unwrap();
        let home = Home::at(outer.path().join("a/b"));
        home.create().unwrap();
        home.create().unwrap();
        assert_eq!(home.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
