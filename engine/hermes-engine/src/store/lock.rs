//! Locks by `flock(2)`, as Hermes Agent takes them.
//!
//! A lock belongs to an open file, not to a path or a process: two threads that open the path exclude each other as two
//! processes do, and a lock ends with its last descriptor, however the process ends. So a lock file is never deleted.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::error::StoreError;
use super::timer;

/// The pause between two attempts, which Hermes Agent keeps too.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

enum Attempt {
    Held,
    Busy,
    Unsupported(Errno),
}

impl Lock {
    /// Takes the lock at a path, tries again every `pause` until `limit` has passed.
    pub(super) async fn take(path: &Path, limit: Duration, pause: Duration) -> Result<Lock, StoreError> {
        Lock::take_unless(&|| false, path, limit, pause).await
    }

    /// The same, and gives up as soon as there is something else to do.
    pub(super) async fn take_unless(
        is_over: &(dyn Fn() -> bool + Sync),
        path: &Path,
        limit: Duration,
        pause: Duration,
    ) -> Result<Lock, StoreError> {
        let file = open(path)?;
        let began = Instant::now();
        loop {
            match attempt(&file) {
                Attempt::Held => return Ok(Lock { path: path.to_owned(), file }),
                Attempt::Busy if is_over() => return Err(StoreError::Interrupted),
                Attempt::Busy if began.elapsed() >= limit => {
                    return Err(StoreError::Busy { path: path.to_owned() });
                }
                Attempt::Busy => timer::pause(pause.min(limit.saturating_sub(began.elapsed()))).await,
                Attempt::Unsupported(errno) => return Err(no_locks(path, errno.to_string())),
            }
        }
    }

    /// Proves that this lock keeps others out: a second open file must be refused, here and on other hosts.
    pub(super) fn prove(&self) -> Result<(), StoreError> {
        match attempt(&open(&self.path)?) {
            Attempt::Held => return Err(no_locks(&self.path, "a second holder was let in")),
            Attempt::Busy => {}
            Attempt::Unsupported(errno) => return Err(no_locks(&self.path, errno.to_string())),
        }
        match self.local_option() {
            Some(option) => Err(no_locks(&self.path, format!("it is mounted with `{option}`"))),
            None => Ok(()),
        }
    }

    /// The mount option by which it keeps nobody on other hosts out.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn local_option(&self) -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let device = self.file.metadata().map(|m| m.dev()).unwrap_or_default();
        local_lock_option(&mounts, rustix::fs::major(device), rustix::fs::minor(device))
    }

    /// Elsewhere there is no such list of mounts.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn local_option(&self) -> Option<String> {
        None
    }
}

impl Drop for Lock {
    /// Unlocks, and does not leave it to the last descriptor: a child that was forked in this moment has one too, until it
    /// becomes another program.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

fn no_locks(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::NoLocks { path: path.to_owned(), reason: reason.into() }
}

fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path)
        .map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })
}

fn attempt(file: &File) -> Attempt {
    loop {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Attempt::Held,
            Err(Errno::WOULDBLOCK) => return Attempt::Busy,
            Err(Errno::INTR) => {}
            Err(errno) => return Attempt::Unsupported(errno),
        }
    }
}

/// The mount option by which locks on a network filesystem stay on this host ([nfs(5)]), if the device has it.
///
/// [nfs(5)]: https://man7.org/linux/man-pages/man5/nfs.5.html
#[cfg(any(target_os = "linux", target_os = "android"))]
fn local_lock_option(mountinfo: &str, major: u32, minor: u32) -> Option<String> {
    let device = format!("{major}:{minor}");
    let on_device = |line: &&str| line.split(' ').nth(2) == Some(device.as_str());
    let line = mountinfo.lines().find(on_device)?;
    let (_, after) = line.split_once(" - ")?;
    if !after.starts_with("nfs") {
        return None;
    }
    let options = line.split([' ', ',']);
    let local = |option: &&str| matches!(*option, "nolock" | "local_lock=all" | "local_lock=flock");
    options.into_iter().find(local).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::port::wait;
    use super::*;

    #[test]
    fn a_second_holder_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap();
        first.prove().unwrap();
        let refused = wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap_err();
        assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
        drop(first);
        wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap();
        assert!(path.exists());
    }

    #[test]
    fn s20_a_lock_file_is_not_followed_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        let refused = wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap_err();
        assert!(matches!(refused, StoreError::Unwritable { .. }), "{refused}");
    }

    #[test]
    fn a_lock_ends_although_a_forked_child_still_has_its_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap();
        let inherited = first.file.try_clone().unwrap();
        drop(first);
        wait(Lock::take(&path, Duration::ZERO, PAUSE)).unwrap();
        drop(inherited);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[track_caller]
    fn check(kind: &str, options: &str, expect: Option<&str>) {
        let mounts = format!(
            "22 1 8:1 / / rw shared:1 - ext4 /dev/root rw\n40 22 0:45 / /home rw,nosuid shared:2 - {kind} host:/home rw,{options}\n"
        );
        assert_eq!(local_lock_option(&mounts, 0, 45).as_deref(), expect);
        assert_eq!(local_lock_option(&mounts, 8, 1), None);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn s29_a_network_mount_whose_locks_stay_on_this_host_is_recognised() {
        check("nfs4", "vers=4.2,local_lock=none", None);
        check("nfs", "vers=3,local_lock=all", Some("local_lock=all"));
        check("nfs", "vers=3,nolock,soft", Some("nolock"));
        check("nfs4", "local_lock=posix", None);
        check("ext4", "nolock", None);
    }
}
