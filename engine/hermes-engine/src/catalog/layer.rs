//! One folder of provider files: the one inside the binary, or one on disk. Nothing is read before it is asked for.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use hermes_format::parse::Language;
use include_dir::{Dir, include_dir};

use super::encoding::read_text;
use crate::own_file::{Folder, Links, Owner};

/// The provider files that were embedded when the program was built.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../providers.d");

/// The endings of provider files in the order of preference, where one folder has several files of one name.
pub(super) const ENDINGS: [(&str, Language); 3] =
    [("toml", Language::Toml), ("yaml", Language::Yaml), ("yml", Language::Yaml)];

/// A folder of provider files.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    /// The one inside the binary.
    BuiltIn,
    /// One on disk, and which links are followed on the way to it. Below it none is.
    Folder(PathBuf, Links),
}

impl Layer {
    /// The names of the files in a subfolder (`""` is the folder itself), sorted. A folder that is not there has none.
    pub(super) fn files(&self, below: &str) -> Vec<String> {
        let mut names = match self {
            Layer::BuiltIn => embedded_names(below),
            Layer::Folder(path, links) => {
                folder_of(path, *links, below).map(|folder| folder.names()).unwrap_or_default()
            }
        };
        names.sort();
        names
    }

    /// The text of a file, `None` where there is no such file. `owner` is whose it must be, its folders included.
    pub(super) fn read(&self, file: &str, owner: Owner) -> Option<io::Result<String>> {
        let text = match self {
            Layer::BuiltIn => Ok(BUILT_IN.get_file(file)?.contents_utf8()?.to_owned()),
            Layer::Folder(path, links) => on_disk(path, *links, file, owner),
        };
        Some(text).filter(|text| !matches!(text, Err(error) if error.kind() == io::ErrorKind::NotFound))
    }

    /// The file of this name without its ending, and its language.
    pub(super) fn find(&self, below: &str, stem: &str) -> Option<(String, Language)> {
        ENDINGS.iter().find_map(|(ending, language)| {
            let file = format!("{below}{stem}.{ending}");
            let there = match self {
                Layer::BuiltIn => BUILT_IN.get_file(&file).is_some(),
                // A link or a pipe is there, too: it is refused by its name, and hides nothing below it.
                Layer::Folder(path, _) => {
                    path.join(&file).symlink_metadata().is_ok_and(|about| !about.is_dir())
                }
            };
            there.then_some((file, *language))
        })
    }
}

/// The name without its ending and the language of a provider file; `None` for any other file.
pub(super) fn split_name(file: &str) -> Option<(&str, Language)> {
    let (stem, ending) = file.rsplit_once('.')?;
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, language)| (stem, *language))
}

fn embedded_names(below: &str) -> Vec<String> {
    let below = below.trim_end_matches('/');
    let folder = if below.is_empty() { Some(&BUILT_IN) } else { BUILT_IN.get_dir(below) };
    let files = folder.into_iter().flat_map(|folder| folder.files());
    files.filter_map(|f| Some(f.path().file_name()?.to_str()?.to_owned())).collect()
}

/// The folder itself, or one below it; no link is followed from the one to the other.
fn folder_of(path: &Path, links: Links, below: &str) -> io::Result<Folder> {
    let folder = Folder::open(path, links)?;
    match below.trim_end_matches('/') {
        "" => Ok(folder),
        below => folder.below(OsStr::new(below)),
    }
}

fn on_disk(path: &Path, links: Links, file: &str, owner: Owner) -> io::Result<String> {
    let (below, name) = file.rsplit_once('/').unwrap_or(("", file));
    let folder = Folder::open(path, links)?;
    folder.judge(owner)?;
    let folder = if below.is_empty() { folder } else { folder.below(OsStr::new(below))? };
    folder.judge(owner)?;
    read_text(folder.open_file(OsStr::new(name), owner)?, &path.join(file))
}
