//! The file itself: read as a whole, replaced as a whole.
//!
//! No reader ever sees half a file: a new one is written beside it, made durable, and renamed over it (S21); one that is a
//! mount of its own is written in place ([`in_place`]). A symlink stays one; its target is replaced. What belongs to another user is neither read nor written (S20).

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::error::StoreError;
use super::in_place;

/// How often a file is read that changes meanwhile.
const READS: usize = 100;
/// How the name of a file ends that is not in its place yet.
const SUFFIX: &str = ".new";

/// The file that a path leads to, symlinks resolved. It need not be there; a link must lead into a folder that is.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    match std::fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match std::fs::read_link(path) {
            // A link that leads nowhere yet.
            Ok(target) => {
                let target = path.parent().unwrap_or(Path::new("/")).join(target);
                let folder = target.parent().unwrap_or(Path::new("/")).canonicalize();
                folder.map(|f| f.join(target.file_name().unwrap_or_default())).map_err(unreadable(path))
            }
            Err(_) => {
                let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
                Ok(folder.zip(path.file_name()).map_or_else(|| path.to_owned(), |(f, name)| f.join(name)))
            }
        },
        Err(error) => Err(unreadable(path)(error)),
    }
}

/// Reads a file that [`resolve`] found; `None` where there is none. A file that others may read is closed to them, with
/// a warning.
pub(super) fn read(path: &Path, warnings: &mut Vec<String>) -> Result<Option<Zeroizing<String>>, StoreError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path)(error)),
    };
    let about = file.metadata().map_err(unreadable(path))?;
    if !about.is_file() {
        let reason = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        return Err(unreadable(path)(reason));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Foreign { path: path.to_owned(), owner: about.uid() });
    }
    if about.mode() & 0o077 != 0 {
        warnings.push(match file.set_permissions(Permissions::from_mode(0o600)) {
            Ok(()) => format!("{} was readable by others; permissions tightened to 0600", path.display()),
            Err(error) => format!("{} can be read by others, and can't be closed: {error}", path.display()),
        });
    }
    let bytes = read_whole(&mut file).map_err(unreadable(path))?;
    let bytes = in_place::pending(path, &bytes).unwrap_or(bytes);
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(StoreError::Corrupt { path: path.to_owned(), reason: "it is not UTF-8".to_owned() }),
    }
}

/// All of a file. Where somebody writes it in place just now it is read again.
fn read_whole(file: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    let age = |file: &File| file.metadata().map(|about| (about.mtime(), about.mtime_nsec(), about.len()));
    for _ in 0..READS {
        let before = age(file)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(before.2 as usize + 1));
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        if age(file)? == before {
            return Ok(bytes);
        }
    }
    Err(io::Error::other("it is being written all the time"))
}

/// Replaces a file that [`resolve`] found, durably: 0600, whatever the umask.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let written = fill(path, text.as_bytes()).and_then(|file| match file.persist(path) {
        Ok(_) => sync_folder(folder_of(path)),
        Err(failed) if in_place::is_mount(&failed.error) => in_place::write(path, text.as_bytes()),
        Err(failed) => Err(failed.error),
    });
    written.map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })
}

/// Proves that a file can be replaced by one of this size: writes it beside, and removes it.
pub(super) fn prove_writable(path: &Path, bytes: usize) -> Result<(), StoreError> {
    let tried = fill(path, &vec![b' '; bytes]).and_then(NamedTempFile::close);
    let tried = tried.and_then(|()| in_place::prove(path));
    tried.map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })
}

/// Writes a file beside the one that it is for.
pub(super) fn fill(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let prefix = prefix(path);
    let mut file = tempfile::Builder::new().prefix(&prefix).suffix(SUFFIX).tempfile_in(folder_of(path))?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Completes what a process that was killed while it wrote this file in place has begun. Only for the holder of the lock
/// under which the file is written.
pub(super) fn recover(path: &Path) -> Result<(), StoreError> {
    in_place::recover(path).map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })
}

/// Removes what processes that were killed while they wrote this file have left beside it. Only for the holder of the
/// lock under which the file is written, or it takes a file away that somebody is writing just now.
pub(super) fn sweep(path: &Path) {
    let Ok(entries) = std::fs::read_dir(folder_of(path)) else { return };
    let prefix = prefix(path);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(SUFFIX));
        if ours {
            // What can't be removed now will be tried again at the next write.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// How the names of files begin that are to take the place of this one, and of no other.
fn prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Makes a rename or removal in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some filesystems have no such thing for folders.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Unreadable { path: path.clone(), source }
}

/// Sees that a folder is for its owner alone: one that others may look into is closed to them, one that is somebody
/// else's is refused.
pub(super) fn guard_folder(path: &Path, warnings: &mut Vec<String>) -> Result<(), StoreError> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(path)(error)),
    };
    let me = rustix::process::geteuid().as_raw();
    // In a container root often works in a folder that a volume brought with it.
    if about.uid() != me && about.uid() != 0 && me != 0 {
        return Err(StoreError::Foreign { path: path.to_owned(), owner: about.uid() });
    }
    // A folder with the sticky bit is shared on purpose, as /tmp is.
    let shared = about.mode() & 0o1000 != 0;
    if about.uid() == me && about.mode() & 0o077 != 0 && !shared {
        warnings.push(match std::fs::set_permissions(path, Permissions::from_mode(0o700)) {
            Ok(()) => format!("{} was accessible to others; permissions tightened to 0700", path.display()),
            Err(error) => format!("{} is open to others, and can't be closed: {error}", path.display()),
        });
    }
    Ok(())
}
