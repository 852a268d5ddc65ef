//! Programs that this one starts: where they are looked for, and what they inherit.
//!
//! A relative or empty entry of `PATH` names the working directory, and a repository that was just cloned may hold a program
//! of any name. So helper programs are found in absolute entries only, as Go's `os/exec` does it.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where a helper program is: an absolute path as it is, a bare name in the absolute entries of `path`. `None` where it is
/// in none of them, and for any other relative path.
pub fn find(program: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let named = Path::new(program);
    if named.is_absolute() {
        return Some(named.to_owned());
    }
    let is_bare = !program.is_empty() && !program.contains('/');
    is_bare
        .then(|| absolute_entries(path).map(|folder| folder.join(program)).find(|path| is_executable(path)))?
}

/// `path` without its relative and empty entries; `None` where there are none of these.
pub fn without_relative_entries(path: &OsStr) -> Option<OsString> {
    let has_relative = std::env::split_paths(path).any(|entry| !entry.is_absolute());
    has_relative.then(|| std::env::join_paths(absolute_entries(Some(path))).unwrap_or_default())
}

/// Lets no program that this one starts, or becomes, have any descriptor that this one was started with but stdin, stdout
/// and stderr. Call it before anything else is opened on purpose for a child.
pub fn close_inherited_on_exec() {
    close_fds::CloseFdsBuilder::new().cloexecfrom(3);
}

fn absolute_entries(path: Option<&OsStr>) -> impl Iterator<Item = PathBuf> {
    let entries: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    entries.into_iter().filter(|entry| entry.is_absolute())
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(program: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(program), "").unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path().join(program), mode).unwrap();
        folder
    }

    #[test]
    fn a_helper_is_found_in_absolute_entries_only() {
        let folder = folder_with("helper");
        let path =
            |entries: &str| OsString::from(entries.replace("DIR", &folder.path().display().to_string()));
        let there = Some(folder.path().join("helper"));
        assert_eq!(find("helper", Some(&path("DIR"))), there);
        for entries in [":DIR", ".:DIR", "bin:DIR", "DIR:", "./x:DIR"] {
            assert_eq!(find("helper", Some(&path(entries))), there, "{entries}");
        }
        for entries in ["", ".", ":", "bin", "/nowhere"] {
            assert_eq!(find("helper", Some(&path(entries))), None, "{entries}");
        }
        assert_eq!(find("other", Some(&path("DIR"))), None);
        assert_eq!(find("helper", None), None);
        for relative in ["./helper", "bin/helper", ""] {
            assert_eq!(find(relative, Some(&path("DIR"))), None, "{relative}");
        }
        assert_eq!(find("/bin/sh", None), Some("/bin/sh".into()));
    }

    #[test]
    fn relative_entries_are_taken_out_of_a_path() {
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(without_relative_entries(OsStr::new(path)), expect.map(OsString::from), "{path}");
        };
        check("/usr/bin:/bin", None);
        check(":/usr/bin", Some("/usr/bin"));
        check("/usr/bin:.:bin:/bin:", Some("/usr/bin:/bin"));
        check(".", Some(""));
    }
}
