//! What `check` and `test` are pointed at: files, folders, ids, or the whole catalogue.

use std::path::{Path, PathBuf};

use super::layer::{Layer, split_name};
use super::{Catalog, Entry, is_id};
use crate::own_file::{Folder, Links};

/// What kind of file a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A provider, with the tests beside it.
    Provider,
    /// A flow.
    Flow,
}

/// A file to check or to test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What kind of file it is.
    pub kind: Kind,
    /// The file.
    pub entry: Entry,
}

/// What was named is neither a file, nor a folder, nor a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no provider, and no file or folder of providers{}", because(unread))]
pub struct NoTarget {
    /// What was named.
    pub name: String,
    /// Why a folder of that name can't be read.
    pub unread: Option<String>,
    /// The provider that was most likely meant.
    pub nearest: Option<String>,
}

impl Catalog {
    /// All files in force: providers, then flows.
    pub fn targets(&self) -> Vec<Target> {
        let (providers, flows) = self.files();
        let of = |kind| move |entry| Target { kind, entry };
        providers.into_iter().map(of(Kind::Provider)).chain(flows.into_iter().map(of(Kind::Flow))).collect()
    }

    /// The files that a name means: a file by its path (a test file means its provider), all files of a folder, or the
    /// provider of an id or alias.
    pub fn target(&self, name: &str) -> Result<Vec<Target>, NoTarget> {
        let path = Path::new(name);
        let none = |nearest| NoTarget { name: name.to_owned(), unread: None, nearest };
        if path.is_dir() {
            let unread = Folder::open(path, Links::of(path)).err().map(|error| error.to_string());
            // A folder that is not the one that was meant must not pass for one in which all is well.
            return Some(of_folder(path))
                .filter(|files| !files.is_empty())
                .ok_or_else(|| NoTarget { unread, ..none(None) });
        }
        if path.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
            return of_file(path).map(|target| vec![target]).ok_or_else(|| none(None));
        }
        let entry = self.find(name).map_err(|unknown| none(unknown.nearest))?;
        Ok(vec![Target { kind: Kind::Provider, entry }])
    }
}

fn because(unread: &Option<String>) -> String {
    unread.as_ref().map(|why| format!(": {why}")).unwrap_or_default()
}

fn layer_of(folder: &Path) -> Layer {
    Layer::Folder(folder.to_path_buf(), Links::of(folder))
}

fn of_folder(folder: &Path) -> Vec<Target> {
    let layer = layer_of(folder);
    let in_it = |below: &str| {
        let names = layer.files(below).into_iter().filter(|name| !is_test(name));
        names.filter_map(|name| of_file(&folder.join(below).join(name))).collect::<Vec<_>>()
    };
    [in_it(""), in_it("flows")].concat()
}

fn of_file(path: &Path) -> Option<Target> {
    let name = path.file_name()?.to_str()?;
    let path = if is_test(name) { tested_by(path)? } else { path.to_path_buf() };
    // A flow is completed by its providers; what has tests of its own is whole.
    let is_flow =
        path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "flows") && !has_tests(&path);
    let kind = if is_flow { Kind::Flow } else { Kind::Provider };
    Some(Target { kind, entry: Catalog::at_path(&path)? })
}

fn has_tests(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.parent().is_some_and(|folder| layer_of(folder).find("", &format!("{stem}.test")).is_some())
}

fn is_test(name: &str) -> bool {
    split_name(name).is_some_and(|(stem, _)| stem.ends_with(".test"))
}

/// The provider file beside a test file.
fn tested_by(path: &Path) -> Option<PathBuf> {
    let (stem, _) = split_name(path.file_name()?.to_str()?)?;
    let id = stem.strip_suffix(".test").filter(|id| is_id(id))?;
    let folder = path.parent()?.to_path_buf();
    let (file, _) = layer_of(&folder).find("", id)?;
    Some(folder.join(file))
}
