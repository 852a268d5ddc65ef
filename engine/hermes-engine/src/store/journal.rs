//! What a refresh has in hand between the server's answer and the commit.
//!
//! A refresh token that can be spent once is spent the moment the server reads the request. So the intent is durable
//! before the request is sent, and the raw answer is durable before anybody parses it: whoever comes after a crash can
//! finish what was begun. One file a credential, one JSON text a line; a line without its end was never durable and
//! counts as not written, and so does what lies behind the first MiB.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hermes_format::time::UnixMs;
use hermes_machine::machine::Response;
use rustix::fs::OFlags;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::file;
use crate::own_file::{self, Links, NotOwn, Owner};

/// Room for two answers of 64 KiB, as base64 with their headers.
const ROOM: u64 = 256 * 1024;
/// What is read of a journal at most; more was never one.
const LIMIT: u64 = 1024 * 1024;

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which of the provider's credentials it is: the id of its slot. Earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
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

impl Intent {
    /// Whether another intent is to spend the same token.
    fn is_of_the_same(&self, other: &Intent) -> bool {
        (self.generation, &self.refresh_token_sha256) == (other.generation, &other.refresh_token_sha256)
    }
}

/// Why the run that was answered so failed, where it can be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailedTry {
    /// The code.
    pub(crate) code: String,
    /// The failure in words.
    pub(crate) message: String,
    /// When, in milliseconds since the epoch.
    pub(crate) at: i64,
    /// Until when nobody is asked again, in milliseconds since the epoch; `None` where nobody need be asked.
    pub(crate) until: Option<i64>,
}

/// A failed try as a line.
#[derive(Serialize, Deserialize)]
struct Failed {
    failed: FailedTry,
}

/// What a file of a head of its own holds.
pub(crate) struct Left<T> {
    /// The head.
    pub(crate) head: T,
    /// The answers that had arrived, in order.
    pub(crate) answers: Vec<Answer>,
    /// Why the last try failed.
    pub(crate) failed: Option<FailedTry>,
}

/// A state whose answers are not read again: it is asked anew. Earlier versions wrote this, and took nothing back.
#[derive(Deserialize)]
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
pub struct Unfinished {
    /// What was about to be done.
    pub intent: Intent,
    /// The answers that had arrived, in order.
    pub answers: Vec<Answer>,
}

/// The journal of one credential. Only the holder of that grant's lock may write it, or take it away.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    /// The journal of a credential in a folder. Touches nothing.
    pub(super) fn at(folder: &Path, name: &str) -> Journal {
        Journal { path: folder.join(name), file: None }
    }

    /// The same journal, to be opened anew.
    pub(crate) fn again(&self) -> Journal {
        Journal { path: self.path.clone(), file: None }
    }

    /// Whether an attempt may have been left unfinished.
    pub(super) fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// The attempt that was left unfinished. An intent that was not durable was never acted on.
    pub fn pending(&self) -> Result<Option<Unfinished>, StoreError> {
        match self.read() {
            Ok(text) => Ok(parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.why(source)),
        }
    }

    fn why(&self, source: io::Error) -> StoreError {
        let path = self.path.clone();
        match NotOwn::of(&source) {
            Some(NotOwn::Foreign(owner)) => StoreError::Foreign { path, owner },
            // A folder or a link stands there; no reading will ever help.
            Some(NotOwn::Link | NotOwn::NotPlain) => StoreError::Obstructed { path },
            _ => StoreError::Unreadable { path, source },
        }
    }

    fn read(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut text = Zeroizing::new(Vec::new());
        let file = own_file::open(&self.path, Links::Above, Owner::Mine)?;
        file.take(LIMIT).read_to_end(&mut text)?;
        Ok(text)
    }

    /// Begins an attempt: its intent is durable when this returns, and there is room for its answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unfinished`] where an attempt was left that is to be finished first: an answer that arrived, or an
    /// intent of another grant.
    pub fn begin(&mut self, intent: &Intent) -> Result<(), StoreError> {
        let left = self.pending()?;
        if left.is_some_and(|left| !left.answers.is_empty() || !left.intent.is_of_the_same(intent)) {
            return Err(StoreError::Unfinished { path: self.path.clone() });
        }
        self.start(intent)
    }

    /// Begins a file with this head, in the place of whatever was there.
    pub(crate) fn start(&mut self, head: &impl Serialize) -> Result<(), StoreError> {
        let begun = self.create().and_then(|file| {
            self.file = Some(file);
            self.append(head)?;
            file::sync_folder(self.path.parent().unwrap_or(Path::new("/")))
        });
        begun.map_err(|source| StoreError::Unwritable { path: self.path.clone(), source })
    }

    /// What was left in a file with such a head.
    pub(crate) fn left<T: DeserializeOwned>(&self) -> Result<Option<Left<T>>, StoreError> {
        match self.read() {
            Ok(text) => Ok(left(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.why(source)),
        }
    }

    /// Notes why a try failed, in the place of an earlier one.
    pub(crate) fn note_failed(&mut self, failed: FailedTry) -> io::Result<()> {
        self.resume().map_err(io::Error::other)?;
        let text = self.read()?;
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        file.set_len(without_failed(durable(&text)).len() as u64)?;
        self.append(&Failed { failed })
    }

    fn create(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.is_dir()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            file::sync_folder(folder.parent().unwrap_or(Path::new("/")))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(&self.path)?;
        reserve(&file)?;
        Ok(file)
    }

    /// Goes on with an attempt that was left unfinished, behind what of it was durable.
    pub fn resume(&mut self) -> Result<(), StoreError> {
        let resumed = self.read().and_then(|text| {
            let flags = OFlags::NOFOLLOW.bits() as i32;
            let file = OpenOptions::new().append(true).custom_flags(flags).open(&self.path)?;
            file.set_len(durable(&text).len() as u64)?;
            self.file = Some(file);
            Ok(())
        });
        resumed.map_err(|source| StoreError::Unwritable { path: self.path.clone(), source })
    }

    /// Gives a journal to the credential that it is of, unless that has one of its own. Both locks are held.
    pub(super) fn move_to(&self, other: &Journal) {
        if self.path != other.path && !other.exists() {
            // What stays here is tried again at the next start.
            let _ = std::fs::rename(&self.path, &other.path);
        }
    }

    /// Notes an answer; it is durable when this returns.
    pub fn note(&mut self, answer: &Answer) -> Result<(), StoreError> {
        self.append(answer).map_err(|source| StoreError::Unwritable { path: self.path.clone(), source })
    }

    /// Takes the last answers back, as far as they are of this state, so that who finishes the attempt asks for them anew.
    pub fn retract(&mut self, state: &str) -> io::Result<()> {
        let text = self.read()?;
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        file.set_len(before(durable(&text), state).len() as u64)?;
        file.sync_all()
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
                self.empty().map_err(|_| StoreError::Unwritable { path: self.path.clone(), source: error })
            }
            // A removal that a crash undoes is harmless: the grant has moved, so the journal will be dropped.
            _ => Ok(()),
        }
    }

    /// Where a folder lets nobody remove a file, an empty one says as much.
    fn empty(&self) -> io::Result<()> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        OpenOptions::new().write(true).truncate(true).custom_flags(flags).open(&self.path)?.sync_all()
    }
}

/// Sets room aside for the answers, behind the end of the file.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn reserve(file: &File) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, ROOM) {
        Err(error @ (Errno::NOSPC | Errno::DQUOT)) => Err(error.into()),
        // A filesystem that can't set room aside is no reason to lose a login.
        _ => Ok(()),
    }
}

/// Elsewhere room can't be set aside without making the file longer: that there is some is shown, and it is given back.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn reserve(mut file: &File) -> io::Result<()> {
    use std::io::Seek as _;
    file.write_all(&vec![b' '; ROOM as usize])?;
    file.sync_all()?;
    file.set_len(0)?;
    file.rewind()
}

/// The lines that have their end.
fn durable(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    text.get(..end).unwrap_or_default()
}

/// What stands before the last answers of a state. The first line is the intent, and stays.
fn before<'t>(text: &'t [u8], state: &str) -> &'t [u8] {
    let mut kept = text;
    while let Some(whole) = kept.strip_suffix(b"\n")
        && let Some(end) = whole.iter().rposition(|byte| *byte == b'\n')
        && let Some((earlier, line)) = kept.split_at_checked(end + 1)
        && let Some(Line::Answer(Answer { state: of, .. }) | Line::Retracted(of)) = Line::parse(line)
        && of == state
    {
        kept = earlier;
    }
    kept
}

/// What stands before a failed try at the end.
fn without_failed(text: &[u8]) -> &[u8] {
    let last = |text: &[u8]| text.strip_suffix(b"\n")?.iter().rposition(|byte| *byte == b'\n');
    let split = last(text).and_then(|end| text.split_at_checked(end + 1));
    match split {
        Some((earlier, line)) if matches!(Line::parse(line), Some(Line::Failed(_))) => earlier,
        _ => text,
    }
}

/// A line behind the intent.
enum Line {
    Answer(Answer),
    Retracted(String),
    Failed(FailedTry),
}

impl Line {
    fn parse(line: &[u8]) -> Option<Line> {
        let answer = serde_json::from_slice(line).map(Line::Answer);
        answer
            .or_else(|_| serde_json::from_slice(line).map(|it: Retracted| Line::Retracted(it.retracted)))
            .or_else(|_| serde_json::from_slice(line).map(|it: Failed| Line::Failed(it.failed)))
            .ok()
    }
}

fn parse(text: &[u8]) -> Option<Unfinished> {
    let Left { head: intent, answers, .. } = left(text)?;
    Some(Unfinished { intent, answers })
}

fn left<T: DeserializeOwned>(text: &[u8]) -> Option<Left<T>> {
    let mut lines = durable(text).strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let head = serde_json::from_slice(lines.next()?).ok()?;
    let mut answers: Vec<Answer> = Vec::new();
    let mut failed = None;
    for line in lines.map_while(Line::parse) {
        match line {
            Line::Answer(answer) => answers.push(answer),
            Line::Retracted(state) => answers.retain(|answer| answer.state != state),
            Line::Failed(of_try) => failed = Some(of_try),
        }
    }
    Some(Left { head, answers, failed })
}
