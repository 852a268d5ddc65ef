//! The files that defects are planted in: the providers and the flows that ship, and the other logins; and a provider for
//! each flow.

use std::fs;
use std::path::Path;

use hermes_format::load::FileText;
use hermes_format::parse::{Language, parse};
use hermes_format::source::FileId;
use serde_json::Value;

/// A file without its places, and the tests beside it.
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) is_flow: bool,
    pub(crate) json: Value,
    pub(crate) tests: Option<FileText>,
}

impl File {
    /// `ID`, or `flows/ID`.
    pub(crate) fn name(&self) -> String {
        if self.is_flow { format!("flows/{}", self.id) } else { self.id.clone() }
    }
}

/// All files.
pub(crate) struct Catalogue {
    /// The providers that ship.
    pub(crate) providers: Vec<File>,
    /// The flows that ship.
    pub(crate) flows: Vec<File>,
    /// The providers of `tests/flows`, which exercise what those that ship do not.
    pub(crate) logins: Vec<File>,
    /// Providers that stand for all that extend a flow.
    pub(crate) samples: Vec<File>,
}

impl Catalogue {
    pub(crate) fn read(root: &Path) -> Catalogue {
        let shipped = root.join("providers.d");
        Catalogue {
            providers: files(&shipped, false),
            flows: files(&shipped.join("flows"), true),
            logins: files(&root.join("tests/flows"), false),
            samples: files(&root.join("engine/hermes-proof/tests/flows"), false),
        }
    }

    /// What defects are planted in.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.providers.iter().chain(&self.flows).chain(&self.logins)
    }
}

fn files(folder: &Path, is_flow: bool) -> Vec<File> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let is_file = |path: &&std::path::PathBuf| path.extension().is_some() && !stem(path).ends_with(".test");
    let file = |path: &std::path::PathBuf| {
        let beside = path.with_file_name(format!("{}.test.toml", stem(path)));
        File { id: stem(path), is_flow, json: json(path), tests: beside.exists().then(|| text(&beside)) }
    };
    paths.iter().filter(is_file).map(file).collect()
}

fn text(path: &Path) -> FileText {
    let toml = path.extension().is_some_and(|end| end == "toml");
    FileText {
        id: path.file_stem().unwrap().to_string_lossy().into_owned(),
        name: path.display().to_string(),
        language: if toml { Language::Toml } else { Language::Yaml },
        text: fs::read_to_string(path).unwrap(),
    }
}

fn json(path: &Path) -> Value {
    let file = text(path);
    parse(&file.text, file.language, FileId(0)).unwrap().to_json()
}
