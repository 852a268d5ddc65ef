//! A file that can't be replaced: it is a mount of its own, as a single file in a container is, and no rename onto it
//! succeeds. It is written in place, behind a journal.
//!
//! Both texts, the one before and the one after, are durable beside it before its first byte changes. So a writer that dies
//! leaves a file that is told from any other: each of its bytes is of the one or of the other. Readers take the text after
//! then, and the next writer completes it. A file that another program has written since is neither, and stays as it is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file;

/// What is read of a journal at most: two files as long as any that is read.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A write that has begun.
struct Begun {
    before: Zeroizing<Vec<u8>>,
    after: Zeroizing<Vec<u8>>,
}

/// The first line of the journal: the lengths of the two texts behind it.
#[derive(Serialize, Deserialize)]
struct Lengths {
    before: usize,
    after: usize,
}

/// Whether a rename failed because its target is a mount.
pub(super) fn is_mount(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| matches!(errno, Errno::BUSY | Errno::XDEV))
}

/// Whether a file could be written in place, if it had to be: not where its mount is read only.
pub(super) fn prove(path: &Path) -> io::Result<()> {
    match open(path) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::ROFS) => Err(error),
        // Any other is replaced.
        _ => Ok(()),
    }
}

/// Writes a file in place, durably. Only for the holder of its lock.
pub(super) fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut before = Zeroizing::new(Vec::new());
    File::open(path)?.read_to_end(&mut before)?;
    let begun = Begun { before, after: Zeroizing::new(text.to_vec()) };
    begun.keep(&journal(path))?;
    begun.complete(path)
}

/// Completes a write that was cut off. Only for the holder of the file's lock.
pub(super) fn recover(path: &Path) -> io::Result<()> {
    let Some(begun) = Begun::read(&journal(path)) else { return Ok(()) };
    let mut now = Zeroizing::new(Vec::new());
    File::open(path)?.read_to_end(&mut now)?;
    if begun.is_under_way(&now) { begun.complete(path) } else { end(&journal(path)) }
}

/// Whether a write of a file may have been cut off.
pub(super) fn is_begun(path: &Path) -> bool {
    journal(path).symlink_metadata().is_ok()
}

/// The text that a file will have, where a write of it has begun that came from what was read of it.
pub(super) fn pending(path: &Path, now: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let begun = Begun::read(&journal(path))?;
    begun.is_under_way(now).then_some(begun.after)
}

impl Begun {
    /// Makes both texts durable.
    fn keep(&self, journal: &Path) -> io::Result<()> {
        let folder = journal.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            file::sync_folder(folder.parent().unwrap_or(Path::new("/")))?;
        }
        file::sweep(journal);
        let lengths = Lengths { before: self.before.len(), after: self.after.len() };
        let mut text = Zeroizing::new(serde_json::to_vec(&lengths)?);
        text.push(b'\n');
        text.extend_from_slice(&self.before);
        text.extend_from_slice(&self.after);
        file::fill(journal, &text)?.persist(journal).map_err(|failed| failed.error)?;
        file::sync_folder(folder)
    }

    /// Reads the journal; `None` where there is none, or none that is whole.
    fn read(journal: &Path) -> Option<Begun> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(journal).ok()?;
        let mut text = Zeroizing::new(Vec::new());
        file.take(LIMIT).read_to_end(&mut text).ok()?;
        let line = text.iter().position(|byte| *byte == b'\n')?;
        let lengths: Lengths = serde_json::from_slice(text.get(..line)?).ok()?;
        let texts = text.get(line + 1..)?;
        let (before, after) = texts.split_at_checked(lengths.before)?;
        let is_whole = after.len() == lengths.after;
        is_whole
            .then(|| Begun { before: Zeroizing::new(before.to_vec()), after: Zeroizing::new(after.to_vec()) })
    }

    /// Whether a file is what this write found, or something between that and what it was to become.
    fn is_under_way(&self, now: &[u8]) -> bool {
        let written = self.written();
        let is_of_one = |(n, byte): (usize, &u8)| {
            let before = self.before.get(n).unwrap_or(&0);
            byte == before || Some(byte) == written.get(n)
        };
        let is_long_enough = now.len() >= self.before.len().min(self.after.len());
        is_long_enough && *now != **self.after && now.iter().enumerate().all(is_of_one)
    }

    /// What is written: no shorter than what is there, so that no end of the old text is left behind the new one.
    fn written(&self) -> Zeroizing<Vec<u8>> {
        let mut written = self.after.clone();
        let length = written.len().max(self.before.len());
        written.resize(length, b'\n');
        written
    }

    fn complete(&self, path: &Path) -> io::Result<()> {
        let mut file = open(path)?;
        file.write_all(&self.written())?;
        file.set_len(self.after.len() as u64)?;
        file.sync_all()?;
        end(&journal(path))
    }
}

/// Opens a file to write over it.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}

/// Ends a write. A removal that a crash undoes is harmless: the file is what it was to become.
fn end(journal: &Path) -> io::Result<()> {
    match std::fs::remove_file(journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where the write of a file is noted. No journal of a grant begins with a dot.
fn journal(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name("journal").join(format!(".{name}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const BEFORE: &str = "{\n  \"version\": 1,\n  \"tokens\": [\"one\", \"two\"]\n}\n";
    const AFTER: &str = "{\n  \"version\": 1,\n  \"tokens\": [\"three\"]\n}\n";

    fn begun(now: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.json");
        fs::write(&path, now).unwrap();
        let begun = Begun {
            before: Zeroizing::new(BEFORE.as_bytes().to_vec()),
            after: Zeroizing::new(AFTER.as_bytes().to_vec()),
        };
        begun.keep(&journal(&path)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_that_is_written_in_place_is_whole_and_leaves_no_journal() {
        for (before, after) in [(BEFORE, AFTER), (AFTER, BEFORE), ("", AFTER)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("auth.json");
            fs::write(&path, before).unwrap();
            write(&path, after.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
            assert_eq!(fs::read_dir(folder.path().join("journal")).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_write_that_is_cut_off_anywhere_is_read_as_done_and_completed() {
        let mut written = AFTER.as_bytes().to_vec();
        written.resize(BEFORE.len(), b'\n');
        for cut in 0..=BEFORE.len() {
            let torn = [&written[..cut], &BEFORE.as_bytes()[cut..]].concat();
            let (_folder, path) = begun(&torn);
            assert_eq!(pending(&path, &torn).unwrap().as_slice(), AFTER.as_bytes(), "{cut}");
            recover(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), AFTER, "{cut}");
            assert!(!journal(&path).exists());
        }
    }

    #[test]
    fn what_another_program_has_written_since_stays() {
        for now in ["{}", "{\n  \"version\": 1,\n  \"tokens\": [\"four\"]\n}\n", AFTER] {
            let (_folder, path) = begun(now.as_bytes());
            assert_eq!(pending(&path, now.as_bytes()), None, "{now}");
            recover(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), now);
            assert!(!journal(&path).exists());
        }
    }

    #[test]
    fn half_a_journal_is_none() {
        let (_folder, path) = begun(BEFORE.as_bytes());
        let whole = fs::read(journal(&path)).unwrap();
        for length in [0, 5, 30, whole.len() - 1] {
            fs::write(journal(&path), &whole[..length]).unwrap();
            assert_eq!(pending(&path, BEFORE.as_bytes()), None, "{length}");
        }
    }
}
