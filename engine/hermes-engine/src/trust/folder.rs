//! Which folder is meant by one that is trusted: the same in every worktree of a Git repository.

use std::path::{Path, PathBuf};

/// What a trusted folder is known by, in `trust.json`: its path, or that of the Git repository around it and its place
/// there.
pub fn key(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let of_repository = folder.ancestors().find_map(|root| {
        let common = common_dir(root)?;
        let place = folder.strip_prefix(root).ok()?;
        Some(format!("{} {}", common.to_str()?, place.to_str()?))
    });
    of_repository.or_else(|| Some(folder.to_str()?.to_owned()))
}

/// The folder that all worktrees of a repository share, by the root of one of them.
///
/// Note: anybody can pack a `.git` file that names a repository of the user's. Git writes into that repository where its
/// worktrees are; a folder that is not named there is none.
fn common_dir(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    let about = git.symlink_metadata().ok()?;
    if about.is_dir() {
        return git.canonicalize().ok();
    }
    if !about.is_file() {
        return None;
    }
    let own = line(&git)?;
    let own = root.join(own.strip_prefix("gitdir: ")?).canonicalize().ok()?;
    let back = own.join(line(&own.join("gitdir"))?).canonicalize().ok()?;
    if back != git {
        return None;
    }
    own.join(line(&own.join("commondir"))?).canonicalize().ok()
}

/// The only line of a small file.
fn line(path: &Path) -> Option<String> {
    use crate::own_file::{Links, Owner, read};
    let bytes = read(path, Links::Followed, Owner::Any, 4096).ok()?;
    Some(String::from_utf8(bytes).ok()?.trim_end_matches(['\r', '\n']).to_owned())
}
