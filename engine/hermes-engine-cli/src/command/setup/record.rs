//! What was written where, so that it can be taken back: kept in the home, open to its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hermes_format::raw::client::{ConfigFile, Format};
use serde::{Deserialize, Serialize};

use super::diff;
use super::edit::{Change, Content, apply, take_back};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::safe;

/// A file before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    format: Kind,
    /// The text that was there; `None` is no file.
    before: Option<String>,
    /// The text that is there then; `None` is no file.
    after: Option<String>,
    changes: Vec<Change>,
    executable: bool,
}

/// The formats as the record writes them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Json,
    Toml,
    Block,
    Whole,
}

impl From<Format> for Kind {
    fn from(format: Format) -> Kind {
        match format {
            Format::Json => Kind::Json,
            Format::Toml => Kind::Toml,
            Format::Block => Kind::Block,
            Format::Whole => Kind::Whole,
        }
    }
}

impl From<Kind> for Format {
    fn from(kind: Kind) -> Format {
        match kind {
            Kind::Json => Format::Json,
            Kind::Toml => Format::Toml,
            Kind::Block => Format::Block,
            Kind::Whole => Format::Whole,
        }
    }
}

/// All files of one setup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    files: Vec<Written>,
}

impl Written {
    /// What becomes of a file: with what an earlier setup wrote taken back.
    pub(super) fn plan(
        name: &str,
        file: &ConfigFile,
        path: PathBuf,
        earlier: Option<&Record>,
        content: &Content,
    ) -> Result<Written, Failure> {
        let ours = earlier.and_then(|record| record.files.iter().find(|written| written.path == path));
        let before = match ours {
            Some(written) => written.restored(name)?.after,
            None => read(&path)?,
        };
        if file.format == Format::Whole && before.is_some() {
            let message = format!("`{}` is there already", safe(&path.display().to_string()));
            return Err(Failure::new(Exit::Refused, "file_exists", message).help("move it away first"));
        }
        let text = before.clone().unwrap_or_default();
        let (after, changes) =
            apply(file.format, name, &text, content).map_err(|why| unchanged(&path, &why))?;
        let format = file.format.into();
        Ok(Written { path, format, before, after: Some(after), changes, executable: file.executable })
    }

    /// The same file with the change taken back, whatever else has changed in it since.
    fn restored(&self, name: &str) -> Result<Written, Failure> {
        let now = read(&self.path)?;
        let after = match &now {
            _ if now == self.after => self.before.clone(),
            // What others have written over is theirs; a file that is gone stays away.
            Some(text) if !matches!(self.format, Kind::Whole) => {
                let taken = take_back(self.format.into(), name, text, &self.changes);
                Some(taken.map_err(|why| unchanged(&self.path, &why))?)
            }
            _ => now.clone(),
        };
        Ok(Written { before: now, after, changes: Vec::new(), ..self.clone() })
    }

    pub(super) fn diff(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let path = safe(&self.path.display().to_string());
        format!("--- {path}\n{}", diff::lines(&text(&self.before), &text(&self.after)))
    }

    /// Writes it. A link is followed: a user who keeps such files elsewhere wants them there.
    pub(super) fn put(&self) -> Result<(), Failure> {
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let result = match &self.after {
            Some(text) => replace(&path, text, self.executable),
            None => fs::remove_file(&path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }),
        };
        result.map_err(|error| unwritable(&path, &error))
    }
}

impl Record {
    pub(super) fn read(home: &Path, name: &str) -> Result<Option<Record>, Failure> {
        let path = place(home, name);
        let Some(text) = read(&path)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| unchanged(&path, &error.to_string()))
    }

    pub(super) fn write(home: &Path, name: &str, files: &[Written]) -> Result<(), Failure> {
        let path = place(home, name);
        let text = serde_json::to_string_pretty(&Record { version: 1, files: files.to_vec() });
        let text = text.map_err(|error| unchanged(&path, &error.to_string()))?;
        replace(&path, &text, false).map_err(|error| unwritable(&path, &error))
    }

    pub(super) fn forget(home: &Path, name: &str) -> Result<(), Failure> {
        let path = place(home, name);
        fs::remove_file(&path).map_err(|error| unwritable(&path, &error))
    }

    /// All files with their changes taken back, the last one first.
    pub(super) fn restored(&self, name: &str) -> Result<Vec<Written>, Failure> {
        self.files.iter().rev().map(|file| file.restored(name)).collect()
    }
}

fn place(home: &Path, name: &str) -> PathBuf {
    home.join("setup").join(format!("{name}.json"))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unchanged(path, &error.to_string())),
    }
}

/// Written beside it and renamed over it, with the mode that it had.
fn replace(path: &Path, text: &str, executable: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let usual = if executable { 0o700 } else { 0o600 };
    let mode = fs::metadata(path).map_or(usual, |about| about.permissions().mode() & 0o777);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".hermes-new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn unchanged(path: &Path, why: &str) -> Failure {
    let message = format!("`{}` can't be changed: {}", safe(&path.display().to_string()), safe(why));
    Failure::new(Exit::Store, "config_unwritable", message)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    unchanged(path, &error.to_string())
}
