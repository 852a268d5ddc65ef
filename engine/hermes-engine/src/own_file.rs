//! Files that decide what is done on the user's behalf: plain files, opened without following links, and where it
//! matters the user's own.
//!
//! Note: everything is judged on the open handle, so that nothing can be put in its place after it was judged. Nothing
//! here blocks: a pipe is opened without waiting for a writer, and refused.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Whose a file must be, so that its content counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Anybody's.
    Any,
    /// The user's or root's, and nobody else may write to it.
    Mine,
    /// The same, but root takes anybody's: in a container, a mounted folder belongs to a user outside of it.
    MineOrRootRuns,
}

/// Which links are followed on the way to a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// All.
    Followed,
    /// Those above it; it is none itself.
    Above,
    /// None.
    Refused,
}

impl Links {
    /// For a path as somebody wrote it: below the working directory no link is followed, as a checkout may hold any;
    /// an absolute path is the user's own as far as its last part.
    pub fn of(path: &Path) -> Links {
        if path.is_absolute() { Links::Above } else { Links::Refused }
    }
}

/// Why a file's content does not count. Carried by the [`io::Error`] of whoever opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOwn {
    /// It is a link.
    #[error("it is a link, and links are not followed")]
    Link,
    /// It is a folder, a pipe, a socket or a device.
    #[error("it is no plain file")]
    NotPlain,
    /// It belongs to another user, by their id.
    #[error("it belongs to another user (uid {0})")]
    Foreign(u32),
    /// Others may write to it.
    #[error("other users can write to it (mode {0:04o})")]
    Writable(u32),
    /// Others may write to its folder.
    #[error("other users can write to its folder (mode {0:04o})")]
    FolderWritable(u32),
    /// Its folder belongs to another user, by their id.
    #[error("its folder belongs to another user (uid {0})")]
    FolderForeign(u32),
}

impl NotOwn {
    /// The reason in an error, if it is one of these.
    pub fn of(error: &io::Error) -> Option<NotOwn> {
        error.get_ref()?.downcast_ref::<NotOwn>().copied()
    }

    /// What the owner of the file can do about it.
    pub fn help(self) -> &'static str {
        match self {
            NotOwn::Link => "put a copy of the file in the place of the link",
            NotOwn::NotPlain => "put a plain file there",
            NotOwn::Foreign(_) | NotOwn::FolderForeign(_) => "look at it, and make it yours with `chown`",
            NotOwn::Writable(_) | NotOwn::FolderWritable(_) => "close it to others with `chmod go-w`",
        }
    }

    /// The same of the folder that a file is in.
    fn of_folder(self) -> NotOwn {
        match self {
            NotOwn::Foreign(owner) => NotOwn::FolderForeign(owner),
            NotOwn::Writable(mode) => NotOwn::FolderWritable(mode),
            other => other,
        }
    }
}

impl From<NotOwn> for io::Error {
    fn from(reason: NotOwn) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, reason)
    }
}

/// Opens a plain file for reading.
///
/// # Errors
/// It can't be opened, or is not as it has to be: then [`NotOwn::of`] says why.
pub fn open(path: &Path, links: Links, owner: Owner) -> io::Result<File> {
    if links == Links::Followed {
        return plain(rustix::fs::open(path, READ, Mode::empty())?, owner);
    }
    let (folder, name) = split(path)?;
    let above = if links == Links::Refused { Links::Refused } else { Links::Followed };
    Folder::open(folder, above)?.open_file(name, owner)
}

/// The bytes of a plain file, as far as a limit; a file that has more is an error.
///
/// # Errors
/// As [`open`], and where the file is too long.
pub fn read(path: &Path, links: Links, owner: Owner, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path, links, owner)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// A folder that is held open: what is opened in it is opened below this handle, whatever becomes of its path.
#[derive(Debug)]
pub struct Folder(OwnedFd);

const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// It is not there, is none, or a link is in the way.
    pub fn open(path: &Path, links: Links) -> io::Result<Folder> {
        match links {
            Links::Followed => Ok(Folder(rustix::fs::open(or_here(path), FOLDER, Mode::empty())?)),
            Links::Above => match (path.parent(), path.file_name()) {
                (Some(above), Some(name)) => Folder::open(above, Links::Followed)?.below(name),
                _ => Folder::open(path, Links::Followed),
            },
            Links::Refused => {
                let start = if path.is_absolute() { "/" } else { "." };
                let start = Folder::open(Path::new(start), Links::Followed)?;
                path.components().try_fold(start, |folder, part| match part {
                    Component::Normal(name) => folder.below(name),
                    Component::ParentDir => folder.below(OsStr::new("..")),
                    Component::CurDir | Component::RootDir | Component::Prefix(_) => Ok(folder),
                })
            }
        }
    }

    /// Opens a folder in this one.
    ///
    /// # Errors
    /// It is not there, is none, or is a link.
    pub fn below(&self, name: &OsStr) -> io::Result<Folder> {
        let opened = rustix::fs::openat(&self.0, name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        opened.map(Folder).map_err(|error| self.why(name, error))
    }

    /// Opens a plain file in this folder for reading.
    ///
    /// # Errors
    /// It can't be opened, or is not as it has to be: then [`NotOwn::of`] says why.
    pub fn open_file(&self, name: &OsStr, owner: Owner) -> io::Result<File> {
        let opened = rustix::fs::openat(&self.0, name, READ | OFlags::NOFOLLOW, Mode::empty());
        plain(opened.map_err(|error| self.why(name, error))?, owner)
    }

    /// Whether the folder itself is as its owner must have it.
    ///
    /// # Errors
    /// It is not: [`NotOwn::of`] says why.
    pub fn judge(&self, owner: Owner) -> io::Result<()> {
        let about = File::from(self.0.try_clone()?).metadata()?;
        judge(&about, owner).map_err(|reason| reason.of_folder().into())
    }

    /// The names of all that is in the folder and is no folder itself: links and pipes have names, too.
    pub fn names(&self) -> Vec<String> {
        let entries = Dir::read_from(&self.0).into_iter().flatten().flatten();
        let named = entries
            .filter_map(|entry| Some((entry.file_name().to_str().ok()?.to_owned(), entry.file_type())));
        // Some file systems don't tell the kind of an entry.
        let is_folder = |name: &str, kind| match kind {
            FileType::Unknown => self.kind(OsStr::new(name)) == Some(FileType::Directory),
            kind => kind == FileType::Directory,
        };
        named.filter(|(name, kind)| !is_folder(name, *kind)).map(|(name, _)| name).collect()
    }

    /// Puts a text in the place of a plain file: written beside it, made durable, renamed over it. Its mode stays.
    ///
    /// # Errors
    /// It can't be written, or what is there is no plain file. Then it is as it was.
    pub fn replace(&self, name: &OsStr, text: &str) -> io::Result<()> {
        let about = self.open_file(name, Owner::Any)?.metadata()?;
        let mut beside = OsStr::new(".").to_owned();
        beside.push(name);
        beside.push(format!(".{}.new", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let new = rustix::fs::openat(&self.0, &beside, flags, Mode::RUSR | Mode::WUSR)?;
        let written = fill(File::from(new), &about, text)
            .and_then(|()| Ok(rustix::fs::renameat(&self.0, &beside, &self.0, name)?));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = rustix::fs::unlinkat(&self.0, &beside, AtFlags::empty());
        }
        written
    }

    fn kind(&self, name: &OsStr) -> Option<FileType> {
        let about = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(FileType::from_raw_mode(about.st_mode))
    }

    /// Systems differ in how they refuse a link, and refuse a link to a folder as what is none.
    fn why(&self, name: &OsStr, error: Errno) -> io::Error {
        match (error, self.kind(name)) {
            (Errno::NOENT | Errno::ACCESS, _) => error.into(),
            (_, Some(FileType::Symlink)) => NotOwn::Link.into(),
            (_, Some(FileType::Socket | FileType::CharacterDevice)) => NotOwn::NotPlain.into(),
            _ => error.into(),
        }
    }
}

/// Puts a text in the place of a plain file, as [`Folder::replace`] does.
///
/// # Errors
/// As there.
pub fn replace(path: &Path, links: Links, text: &str) -> io::Result<()> {
    let (folder, name) = split(path)?;
    Folder::open(folder, links)?.replace(name, text)
}

fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((path.parent().unwrap_or(Path::new("")), name))
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn fill(mut new: File, about: &Metadata, text: &str) -> io::Result<()> {
    new.write_all(text.as_bytes())?;
    new.set_permissions(about.permissions())?;
    // Only root can, and only root need.
    let _ = std::os::unix::fs::fchown(&new, Some(about.uid()), Some(about.gid()));
    new.sync_all()
}

/// The file of a handle, if it is plain and as its owner must have it.
fn plain(handle: OwnedFd, owner: Owner) -> io::Result<File> {
    let file = File::from(handle);
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(NotOwn::NotPlain.into());
    }
    judge(&about, owner)?;
    Ok(file)
}

fn judge(about: &Metadata, owner: Owner) -> Result<(), NotOwn> {
    let me = rustix::process::geteuid().as_raw();
    let is_mine = about.uid() == me || about.uid() == 0;
    match owner {
        Owner::Any => return Ok(()),
        Owner::Mine if !is_mine => return Err(NotOwn::Foreign(about.uid())),
        Owner::MineOrRootRuns if !is_mine && me != 0 => return Err(NotOwn::Foreign(about.uid())),
        Owner::Mine | Owner::MineOrRootRuns => {}
    }
    let others = about.mode() & 0o002 != 0;
    let group = about.mode() & 0o020 != 0 && !is_private_group(about.gid(), about.uid());
    if others || group { Err(NotOwn::Writable(about.mode() & 0o7777)) } else { Ok(()) }
}

/// Whether nobody but a user is in a group, as far as the system's files tell: many systems give each user a group of
/// their own and let it write to what the user makes.
fn is_private_group(gid: u32, uid: u32) -> bool {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    is_private(gid, uid, &text("/etc/passwd"), &text("/etc/group"))
}

fn is_private(gid: u32, uid: u32, passwd: &str, group: &str) -> bool {
    let number = |field: Option<&str>| field.and_then(|text| text.parse::<u32>().ok());
    let mut user = None;
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let (id, primary) = (number(fields.get(2).copied()), number(fields.get(3).copied()));
        if id == Some(uid) {
            user = fields.first().copied();
        } else if primary == Some(gid) {
            return false;
        }
    }
    let line = group.lines().find(|line| number(line.split(':').nth(2)) == Some(gid));
    let Some(line) = line else { return gid == uid };
    let members = line.split(':').nth(3).unwrap_or_default().split(',').map(str::trim);
    let name = line.split(':').next();
    members.filter(|member| !member.is_empty()).all(|member| Some(member) == user)
        && (name == user || gid == uid)
}

#[cfg(test)]
mod tests;
