//! All providers: where their files come from, which file of an id is in force, and which id an alias means.
//!
//! Later wins, a whole file at a time: built in, `$HERMES_HOME/providers.d`, `./providers.d`, each `--providers-dir`.
//! Whether a file may act is for [`crate::trust`] to say; here no question is asked but whose a file is.
//! Files are found by their names and read one at a time: to find a provider by its id reads no other provider, and a
//! broken file disables nothing but itself. Only an alias makes the catalogue read other files.

mod alias;
mod check;
mod client;
mod encoding;
mod layer;
mod load;
mod mode;
mod proof;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use hermes_format::diagnostic::nearest;
use hermes_format::load::FileText;
use hermes_format::parse::Language;

use crate::own_file::{self, Links, Owner};
pub use check::{Checked, Tested};
pub use client::{client, client_names, client_of_program};
use layer::Layer;
pub use load::Opened;
pub use mode::{ApiMode, ErrorShape, api_mode, mode_credentials, mode_names, mode_variables, mode_withheld};
pub use target::{Kind, NoTarget, Target};

/// The folders on disk that a catalogue is made of, beside the built-in one.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// A person's own: `$HERMES_HOME/providers.d`.
    pub home: Option<PathBuf>,
    /// That of the working directory: `./providers.d`. `None` where it is not looked at.
    pub here: Option<PathBuf>,
    /// Those that `--providers-dir` names.
    pub named: Vec<PathBuf>,
}

/// Where a file comes from, and so who vouches for it. A file takes no flow from a later place than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Built into the program.
    BuiltIn,
    /// In the user's own folder.
    Home,
    /// In a folder that the user has named: a `--providers-dir`.
    Named,
    /// In a folder that may be anybody's: `./providers.d`, or a file that is named by its path.
    Here,
}

impl Place {
    /// Whose a file from here must be where it acts.
    fn owner(self) -> Owner {
        match self {
            Place::BuiltIn | Place::Here => Owner::Any,
            Place::Home => Owner::Mine,
            Place::Named => Owner::MineOrRootRuns,
        }
    }
}

/// Whether it matters whose the files are that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It does: the file is to act.
    ToAct,
    /// It does not: the file is looked at.
    ToLook,
}

impl Reading {
    fn owner(self, place: Place) -> Owner {
        match self {
            Reading::ToAct => place.owner(),
            Reading::ToLook => Owner::Any,
        }
    }
}

/// A provider file, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The provider's id: the file's name without its ending.
    pub id: String,
    /// Who vouches for the file.
    pub place: Place,
    /// Where the file is; `None` for one that is built in.
    pub path: Option<PathBuf>,
    /// The language of the file.
    pub language: Language,
    /// The file's path below its layer's folder.
    file: String,
    /// The index of its layer; `None` for a file that was named by its path.
    layer: Option<usize>,
}

impl Entry {
    /// What a person calls the file: its path, or `built-in`.
    pub fn source(&self) -> String {
        self.path.as_deref().map_or_else(|| "built-in".to_owned(), |path| path.display().to_string())
    }

    /// The name that findings in the file carry: its path, or `built-in:FILE`.
    fn file_name(&self) -> String {
        self.path
            .as_deref()
            .map_or_else(|| format!("built-in:{}", self.file), |path| path.display().to_string())
    }
}

/// There is no provider of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no provider is called `{name}`")]
pub struct UnknownProvider {
    /// The name that was asked for.
    pub name: String,
    /// The id or alias that was most likely meant.
    pub nearest: Option<String>,
}

/// All providers, none of them read yet.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The lowest first.
    layers: Vec<(Place, Layer)>,
    /// Texts that stand for those on disk.
    overlay: BTreeMap<PathBuf, String>,
}

impl Catalog {
    /// The built-in providers, and those of the folders over them. Reads nothing.
    pub fn new(folders: &Folders) -> Catalog {
        let mut layers = vec![(Place::BuiltIn, Layer::BuiltIn)];
        let is_home = |path: &PathBuf| same_folder(Some(path), folders.home.as_ref());
        let layer = |place, links| move |path: &PathBuf| (place, Layer::Folder(path.clone(), links));
        layers.extend(folders.home.iter().map(layer(Place::Home, Links::Above)));
        let here = folders.here.iter().filter(|p| !is_home(p));
        layers.extend(here.map(|path| (Place::Here, Layer::Folder(path.clone(), Links::of(path)))));
        layers.extend(folders.named.iter().map(layer(Place::Named, Links::Followed)));
        Catalog { layers, overlay: BTreeMap::new() }
    }

    /// The folders on disk, the lowest first.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.layers.iter().filter_map(|(_, layer)| match layer {
            Layer::BuiltIn => None,
            Layer::Folder(path, _) => Some(path.as_path()),
        })
    }

    /// Lets a text stand for that of a file on disk: what an editor holds and has not saved. A file is known by the path
    /// that it is read by, so give it, and the targets, as absolute paths.
    pub fn overlay(&mut self, path: PathBuf, text: String) {
        self.overlay.insert(path, text);
    }

    /// The providers in force, sorted by id.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries_from(&|_| true)
    }

    /// The same as though there were no other places than these.
    fn entries_from(&self, counts: &dyn Fn(Place) -> bool) -> Vec<Entry> {
        let mut found = BTreeMap::new();
        let layers = self.layers.iter().enumerate().filter(|(_, (place, _))| counts(*place));
        for (layer, _) in layers {
            let files = self.layer_files(layer, "").into_iter().filter(|entry| is_id(&entry.id));
            found.extend(files.map(|entry| (entry.id.clone(), entry)));
        }
        found.into_values().collect()
    }

    /// Every provider file in force, those whose name is no id included, and every flow file in force: what `check` reads.
    pub fn files(&self) -> (Vec<Entry>, Vec<Entry>) {
        let misnamed = (0..self.layers.len()).flat_map(|layer| self.layer_files(layer, ""));
        let mut providers = self.entries();
        providers.extend(misnamed.filter(|entry| !is_id(&entry.id)));
        let flows = (0..self.layers.len()).flat_map(|layer| self.layer_files(layer, "flows/"));
        let flows: BTreeMap<String, Entry> = flows.map(|entry| (entry.id.clone(), entry)).collect();
        (providers, flows.into_values().collect())
    }

    /// The provider of an id or an alias, whatever its case. An id goes before an alias, and an alias of a file of
    /// `./providers.d` after all others.
    pub fn find(&self, name: &str) -> Result<Entry, UnknownProvider> {
        let wanted = name.trim().to_lowercase();
        self.in_force(&wanted).or_else(|| self.by_alias(&wanted)).ok_or_else(|| self.unknown(name))
    }

    fn in_force(&self, id: &str) -> Option<Entry> {
        (0..self.layers.len()).rev().find_map(|layer| self.in_layer(layer, id))
    }

    /// The built-in provider of an id, whichever file is in force.
    pub fn built_in(&self, id: &str) -> Option<Entry> {
        self.in_layer(0, id)
    }

    /// The entry of a file that is named by its path.
    pub fn at_path(path: &Path) -> Option<Entry> {
        let file = path.file_name()?.to_str()?.to_owned();
        let (stem, language) = layer::split_name(&file)?;
        let id = stem.to_owned();
        Some(Entry { id, place: Place::Here, path: Some(path.to_path_buf()), language, file, layer: None })
    }

    /// The text of a provider file.
    pub fn read(&self, entry: &Entry) -> io::Result<FileText> {
        self.read_to(Reading::ToLook, entry)
    }

    fn read_to(&self, reading: Reading, entry: &Entry) -> io::Result<FileText> {
        self.text_of(reading, entry, &entry.file)
            .unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
            .map(|text| text_file(&entry.id, &entry.file_name(), entry.language, text))
    }

    /// The test file beside a provider file.
    pub fn test_file(&self, entry: &Entry) -> Option<io::Result<FileText>> {
        layer::ENDINGS.iter().find_map(|(ending, language)| {
            let file = format!("{}.test.{ending}", entry.id);
            let path = entry.path.as_ref().map(|path| beside(path, &file).display().to_string());
            let name = path.unwrap_or_else(|| format!("built-in:{file}"));
            let text = self.text_of(Reading::ToLook, entry, &file)?;
            Some(text.map(|text| text_file(&entry.id, &name, *language, text)))
        })
    }

    /// The flow file that a provider file means by a name: `flows/` beside the file, then the catalogue's, the highest
    /// layer first. A file that is vouched for takes no flow from a folder that may be anybody's, a built-in one only
    /// built-in flows.
    pub fn flow(&self, entry: &Entry, name: &str) -> Option<FileText> {
        self.flow_to(Reading::ToLook, entry, name)?.ok()
    }

    fn flow_to(&self, reading: Reading, entry: &Entry, name: &str) -> Option<io::Result<FileText>> {
        if !is_id(name) {
            return None;
        }
        let layers = self.flow_layers(entry);
        layers.iter().find_map(|(place, layer)| self.flow_in(layer, name, reading.owner(*place)))
    }

    /// The names of the flows that an entry may extend.
    fn flow_names(&self, entry: &Entry) -> Vec<String> {
        let files = self.flow_layers(entry).into_iter().flat_map(|(_, layer)| layer.files("flows/"));
        files.filter_map(|file| Some(layer::split_name(&file)?.0.to_owned())).collect()
    }

    /// The folders that an entry's flows are looked for in, in their order.
    fn flow_layers(&self, entry: &Entry) -> Vec<(Place, Layer)> {
        let near = entry.layer.and_then(|index| self.layers.get(index)).cloned();
        let on_disk = |path: PathBuf| {
            let links = Links::of(&path);
            (entry.place, Layer::Folder(path, links))
        };
        let folder = || Some(on_disk(entry.path.as_ref()?.parent()?.to_path_buf()));
        let mut layers: Vec<(Place, Layer)> = near.or_else(folder).into_iter().collect();
        // A flow that extends a flow finds it beside itself.
        layers.extend(parent_of_flows(entry).map(on_disk));
        layers.extend(self.layers.iter().rev().filter(|(place, _)| *place <= entry.place).cloned());
        layers
    }

    fn by_alias(&self, wanted: &str) -> Option<Entry> {
        let of = |mut entries: Vec<Entry>| {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.layer));
            entries.into_iter().find(|entry| {
                self.read(entry)
                    .is_ok_and(|file| alias::aliases(&file).iter().any(|a| a.to_lowercase() == wanted))
            })
        };
        let theirs = of(self.entries_from(&|place| place != Place::Here));
        let entry = theirs.or_else(|| of(self.entries_from(&|place| place == Place::Here)))?;
        self.in_force(&entry.id)
    }

    fn unknown(&self, name: &str) -> UnknownProvider {
        let entries = self.entries();
        // What a file says that nobody may vouch for is not repeated.
        let quotable = entries.iter().filter(|entry| entry.place != Place::Here);
        let aliases = quotable.filter_map(|entry| self.read(entry).ok()).flat_map(|f| alias::aliases(&f));
        let known: Vec<String> = entries.iter().map(|entry| entry.id.clone()).chain(aliases).collect();
        let wanted = name.trim().to_lowercase();
        let nearest = nearest(&wanted, known.iter().map(String::as_str)).map(str::to_owned);
        UnknownProvider { name: name.to_owned(), nearest }
    }

    fn in_layer(&self, index: usize, id: &str) -> Option<Entry> {
        if !is_id(id) {
            return None;
        }
        let (_, layer) = self.layers.get(index)?;
        let (file, language) = layer.find("", id)?;
        self.entry(index, id, file, language)
    }

    /// The files of a folder; of several of one name the one that is in force, by its ending, is the last.
    fn layer_files(&self, index: usize, below: &str) -> Vec<Entry> {
        let Some((_, layer)) = self.layers.get(index) else { return Vec::new() };
        let names = layer.files(below);
        let entry = |name: &String| {
            let (stem, language) = layer::split_name(name)?;
            let is_test = stem.ends_with(".test");
            if is_test { None } else { self.entry(index, stem, format!("{below}{name}"), language) }
        };
        let mut files: Vec<Entry> = names.iter().filter_map(entry).collect();
        files.sort_by_key(|entry| std::cmp::Reverse(preference(entry)));
        files
    }

    fn entry(&self, index: usize, id: &str, file: String, language: Language) -> Option<Entry> {
        let (place, layer) = self.layers.get(index)?;
        let path = match layer {
            Layer::BuiltIn => None,
            Layer::Folder(folder, _) => Some(folder.join(&file)),
        };
        Some(Entry { id: id.to_owned(), place: *place, path, language, file, layer: Some(index) })
    }

    fn flow_in(&self, layer: &Layer, name: &str, owner: Owner) -> Option<io::Result<FileText>> {
        let (file, language) = layer.find("flows/", name)?;
        let path = match layer {
            Layer::BuiltIn => None,
            Layer::Folder(folder, _) => Some(folder.join(&file)),
        };
        let called =
            path.as_ref().map_or_else(|| format!("built-in:{file}"), |path| path.display().to_string());
        let overlaid = path.and_then(|path| self.overlay.get(&path));
        let text = overlaid.map_or_else(|| layer.read(&file, owner), |text| Some(Ok(text.clone())))?;
        Some(text.map(|text| text_file(name, &called, language, text)))
    }

    /// The text of the file with this name in the folder of an entry.
    fn text_of(&self, reading: Reading, entry: &Entry, file: &str) -> Option<io::Result<String>> {
        let path = entry.path.as_ref().map(|path| beside(path, file));
        if let Some(text) = path.as_ref().and_then(|path| self.overlay.get(path)) {
            return Some(Ok(text.clone()));
        }
        let owner = reading.owner(entry.place);
        match (entry.layer.and_then(|index| self.layers.get(index)), path) {
            (Some((_, layer)), _) => layer.read(file, owner),
            (None, Some(path)) => match own_file::open(&path, Links::of(&path), owner) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                opened => Some(opened.and_then(|file| encoding::read_text(file, &path))),
            },
            (None, None) => None,
        }
    }
}

/// The language of a file, by the ending of its name.
pub(crate) fn language_of(name: &str) -> Option<Language> {
    layer::split_name(name).map(|(_, language)| language)
}

/// Whether a name can be a provider's id: `[a-z0-9][a-z0-9-]*`.
pub fn is_id(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c == '-')
}

fn preference(entry: &Entry) -> usize {
    layer::ENDINGS.iter().position(|(ending, _)| entry.file.ends_with(ending)).unwrap_or(usize::MAX)
}

fn same_folder(a: Option<&PathBuf>, b: Option<&PathBuf>) -> bool {
    match (a.and_then(|p| p.canonicalize().ok()), b.and_then(|p| p.canonicalize().ok())) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The path of the file with this name in the folder of another.
fn beside(path: &Path, file: &str) -> PathBuf {
    path.with_file_name(Path::new(file).file_name().unwrap_or_default())
}

/// The folder of providers around a flow file that was named by its path.
fn parent_of_flows(entry: &Entry) -> Option<PathBuf> {
    let folder = entry.path.as_ref()?.parent()?;
    (folder.file_name()? == "flows").then(|| folder.parent().map(Path::to_path_buf)).flatten()
}

fn text_file(id: &str, name: &str, language: Language, text: String) -> FileText {
    FileText { id: id.to_owned(), name: name.to_owned(), language, text }
}
