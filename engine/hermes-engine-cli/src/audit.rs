//! `$HERMES_HOME/audit.jsonl`: a line for each credential that is handed out, stored or removed, where `HERMES_AUDIT=1` asks
//! for it.
//!
//! A line tells who asked for which credential, what became of it, and where it may go. It holds no secret: a hash in it is
//! that of the provider's file.

use std::env;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use hermes_engine::catalog::Catalog;
use hermes_engine::home::Home;
use hermes_engine::own_file::NotOwn;
use hermes_engine::{Access, Engine, clock};
use rustix::fs::{Mode, OFlags};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::context::Context;
use crate::door::Door;
use crate::render::time::rfc3339;
use crate::render::{safe, warn};

/// The variable that asks for it.
const VARIABLE: &str = "HERMES_AUDIT";
/// The file, in the home.
const FILE: &str = "audit.jsonl";

/// What became of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was handed out to be used.
    HandedOut,
    /// A login or a renewal stored it.
    Stored,
    /// A logout removed it.
    Removed,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Fate::HandedOut => "handed_out",
            Fate::Stored => "stored",
            Fate::Removed => "removed",
        }
    }
}

/// Writes the line of a credential, if it is asked for: what became of it, whose it is, where that is known, and where it may
/// go. One that can't be written is a warning: it takes no credential away.
pub(crate) fn note(door: &Door<'_>, fate: Fate, label: Option<&str>, access: &Access) {
    Auditor::of(door).note(fate, label, access);
}

/// What writes the lines of a command.
pub(crate) struct Auditor {
    command: &'static str,
    home: Home,
    catalog: Catalog,
    engine: Engine,
    is_on: bool,
}

impl Auditor {
    pub(crate) fn of(door: &Door<'_>) -> Auditor {
        let Context { command, home, catalog, .. } = door.context;
        let is_on = is_on(env::var(VARIABLE).ok().as_deref());
        Auditor { command, home: home.clone(), catalog: catalog.clone(), engine: door.engine.clone(), is_on }
    }

    pub(crate) fn note(&self, fate: Fate, label: Option<&str>, access: &Access) {
        let origins: Vec<&str> = access.origins().collect();
        self.write(fate, access.provider(), label, &origins);
    }

    /// The same where there is no access to it.
    pub(crate) fn write(&self, fate: Fate, provider: &str, account: Option<&str>, origins: &[&str]) {
        if !self.is_on {
            return;
        }
        let path = self.home.path().join(FILE);
        if let Err(error) = append(&path, &self.line(fate, provider, account, origins)) {
            warn(&format!("`{}` can't be written: {error}", safe(&path.display().to_string())));
        }
    }

    fn line(&self, fate: Fate, id: &str, account: Option<&str>, origins: &[&str]) -> Value {
        let entry = self.catalog.find(id).ok();
        let text = entry.as_ref().and_then(|entry| Some(self.catalog.read(entry).ok()?.text));
        json!({
            "version": 1,
            "time": rfc3339(clock::wall()),
            "command": self.command,
            "event": fate.word(),
            "provider": id,
            "account": account.map(str::to_owned).or_else(|| self.only_account(id)),
            "file": entry.map(|entry| entry.source()),
            "file_sha256": text.map(sha256),
            "destinations": origins,
            "parent": parent(),
        })
    }

    /// What the provider's stored account is called, where there is only one. It blocks no engine that is at work.
    fn only_account(&self, id: &str) -> Option<String> {
        let all = self.engine.stored(id).ok()?;
        let [only] = all.as_slice() else { return None };
        only.label.clone().or_else(|| only.id.clone())
    }
}

fn is_on(value: Option<&str>) -> bool {
    value.is_some_and(|value| {
        !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off")
    })
}

/// SHA-256 of the text of a provider's file in force.
fn sha256(text: String) -> String {
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The program that started this one, where the system says it.
fn parent() -> Option<String> {
    let parent = rustix::process::getppid()?.as_raw_nonzero();
    let program = std::fs::read_link(format!("/proc/{parent}/exe")).ok()?;
    Some(program.display().to_string())
}

/// Appends a line to a plain file of the user's own that is open to nobody else. A link is not followed, and a pipe not
/// waited for.
fn append(path: &Path, line: &Value) -> io::Result<()> {
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(NotOwn::NotPlain.into());
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(NotOwn::Foreign(about.uid()).into());
    }
    rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    // One write: lines of processes that run at once do not mix.
    file.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_off_unless_it_is_asked_for() {
        for off in [None, Some(""), Some("0"), Some("false"), Some("No"), Some(" off ")] {
            assert!(!is_on(off), "{off:?}");
        }
        for on in ["1", "true", "yes"] {
            assert!(is_on(Some(on)), "{on}");
        }
    }
}
