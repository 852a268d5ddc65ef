//! One folder of provider files: the one inside the binary, or one on disk. Nothing is read before it is asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hermes_engine_core::parse::Language;
use include_dir::{Dir, include_dir};

use super::encoding::read_text;

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
    /// One on disk.
    Folder(PathBuf),
}

impl Layer {
    /// The names of the files in a subfolder (`""` is the folder itself), sorted. A folder that is not there has none.
    pub(super) fn files(&self, below: &str) -> Vec<String> {
        let mut names = match self {
            Layer::BuiltIn => embedded_names(below),
            Layer::Folder(path) => disk_names(&path.join(below)),
        };
        names.sort();
        names
    }

    /// The text of a file, `None` where there is no such file.
    pub(super) fn read(&self, file: &str) -> Option<io::Result<String>> {
        match self {
            Layer::BuiltIn => BUILT_IN.get_file(file)?.contents_utf8().map(|text| Ok(text.to_owned())),
            Layer::Folder(path) => {
                let path = path.join(file);
                path.is_file().then(|| read_text(&path))
            }
        }
    }

    /// The file of this name without its ending, and its language.
    pub(super) fn find(&self, below: &str, stem: &str) -> Option<(String, Language)> {
        ENDINGS.iter().find_map(|(ending, language)| {
            let file = format!("{below}{stem}.{ending}");
            let there = match self {
                Layer::BuiltIn => BUILT_IN.get_file(&file).is_some(),
                Layer::Folder(path) => path.join(&file).is_file(),
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

fn disk_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|e| e.path().is_file()).filter_map(|e| e.file_name().into_string().ok()).collect()
}
