//! What a refresh has in hand between the server's answer and the commit.
//!
//! A refresh token that can be spent once is spent the moment the server reads the request. So the intent is durable
//! before the request is sent, and the raw answer is durable before anybody parses it: whoever comes after a crash can
//! finish what was begun. One file a grant, one JSON text a line; a line without its end was never durable and counts
//! as not written.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hermes_engine_core::machine::Response;
use hermes_engine_core::time::UnixMs;
use rustix::fs::{FallocateFlags, OFlags};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::file;

/// Room for two answers of 64 KiB, as base64 with their headers.
const ROOM: u64 = 256 * 1024;

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The generation of the grant.
    pub generation: u64,
    /// SHA-256, in hex, of the refresh token that is about to be spent; `None` where the grant has none.
    pub refresh_token_sha256: Option<String>,
    /// When the attempt began, in milliseconds since the epoch.
    pub started_at: i64,
}

/// An answer that arrived, not yet read.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The state whose request it answers.
    pub state: String,
    /// When it arrived, in milliseconds since the epoch.
    pub at: i64,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    truncated: bool,
}

/// A state whose answers are not read again: it is asked anew.
#[derive(Serialize, Deserialize)]
struct Retracted {
    retracted: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {}, {} bytes)", self.state, self.status, self.body.len())
    }
}

impl Answer {
    /// An answer to a state's request that arrived at this time.
    pub fn new(state: &str, at: UnixMs, response: &Response) -> Answer {
        Answer {
            state: state.to_owned(),
            at: at.0,
            status: response.status,
            headers: response.headers.clone(),
            body: STANDARD.encode(&response.body),
            truncated: response.truncated,
        }
    }

    /// Whether the server had trouble of its own, which says nothing about the request.
    pub fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }

    /// The answer as it arrived.
    pub fn response(&self) -> Response {
        Response {
            status: self.status,
            headers: self.headers.clone(),
            body: STANDARD.decode(&self.body).unwrap_or_default(),
            truncated: self.truncated,
        }
    }
}

/// An attempt that was not brought to its end.
#[derive(Debug, Clone)]
pub struct Pending {
    /// What was about to be done.
    pub intent: Intent,
    /// The answers that had arrived, in order.
    pub answers: Vec<Answer>,
}

/// The journal of one grant. Only the holder of the grant's lock may write it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    /// The journal of a grant in a folder. Touches nothing.
    pub(super) fn at(folder: &Path, name: &str) -> Journal {
        Journal { path: folder.join(name), file: None }
    }

    /// Whether an attempt may have been left unfinished.
    pub(super) fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// The attempt that was left unfinished. An intent that was not durable was never acted on.
    pub fn pending(&self) -> Result<Option<Pending>, StoreError> {
        let unreadable = |source| StoreError::Unreadable { path: self.path.clone(), source };
        let mut text = Zeroizing::new(Vec::new());
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        match OpenOptions::new().read(true).custom_flags(flags).open(&self.path) {
            Ok(mut file) => file.read_to_end(&mut text).map_err(unreadable)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        Ok(parse(&text))
    }

    /// Begins an attempt: its intent is durable when this returns, and there is room for its answers.
    pub fn begin(&mut self, intent: &Intent) -> Result<(), StoreError> {
        let begun = self.create().and_then(|file| {
            self.file = Some(file);
            self.append(intent)?;
            file::sync_folder(self.path.parent().unwrap_or(Path::new("/")))
        });
        begun.map_err(|source| StoreError::Unwritable { path: self.path.clone(), source })
    }

    fn create(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(&self.path)?;
        match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, ROOM) {
            Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => Err(error.into()),
            // A filesystem that can't set room aside is no reason to lose a login.
            _ => Ok(file),
        }
    }

    /// Goes on with an attempt that was left unfinished.
    pub fn resume(&mut self) -> Result<(), StoreError> {
        let flags = OFlags::NOFOLLOW.bits() as i32;
        let file = OpenOptions::new().append(true).custom_flags(flags).open(&self.path);
        self.file = Some(file.map_err(|source| StoreError::Unwritable { path: self.path.clone(), source })?);
        Ok(())
    }

    /// Notes an answer; it is durable when this returns.
    pub fn note(&mut self, answer: &Answer) -> io::Result<()> {
        self.append(answer)
    }

    /// Takes the answers of a state back, so that who finishes the attempt asks for them anew.
    pub fn retract(&mut self, state: &str) -> io::Result<()> {
        self.append(&Retracted { retracted: state.to_owned() })
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = Zeroizing::new(serde_json::to_vec(line)?);
        text.push(b'\n');
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        file.write_all(&text)?;
        file.sync_all()
    }

    /// Ends the attempt: what it had in hand is stored, or is worth nothing.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.file = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::Unwritable { path: self.path.clone(), source: error })
            }
            // A removal that a crash undoes is harmless: the grant has moved, so the journal will be dropped.
            _ => Ok(()),
        }
    }
}

fn parse(text: &[u8]) -> Option<Pending> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').and_then(|end| text.get(..end))?;
    let mut lines = whole.split(|byte| *byte == b'\n');
    let intent = serde_json::from_slice(lines.next()?).ok()?;
    let mut answers: Vec<Answer> = Vec::new();
    for line in lines {
        if let Ok(answer) = serde_json::from_slice(line) {
            answers.push(answer);
        } else if let Ok(Retracted { retracted }) = serde_json::from_slice(line) {
            answers.retain(|answer| answer.state != retracted);
        } else {
            break;
        }
    }
    Some(Pending { intent, answers })
}
