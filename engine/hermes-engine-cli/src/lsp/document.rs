//! A file that is open in the editor, and what was found in it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use hermes_engine::catalog::{Catalog, Checked, Kind, Target};
use hermes_format::parse::{Language, Node, parse};
use hermes_format::provider::Shared;
use hermes_format::source::{FileId, Sources};
use lsp_types::Uri;

/// A provider file that could be read, and the texts that its places lie in.
pub(super) struct Read {
    /// The provider.
    pub(super) provider: Shared,
    /// The texts.
    pub(super) sources: Sources,
}

/// An open file.
pub(super) struct Document {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its address, as the editor writes it.
    pub(super) uri: Uri,
    /// Its text now.
    pub(super) text: String,
    /// Its language.
    pub(super) language: Language,
    /// Whether it is a test file.
    pub(super) is_test: bool,
    /// The findings in the text now.
    pub(super) checked: Checked,
    /// The tree of the last text that could be parsed.
    pub(super) tree: Option<Node>,
    /// The provider of the last text that could be read.
    pub(super) read: Option<Read>,
}

impl Document {
    /// An open file; `None` where it is no provider, flow or test file. What was known of it stays known.
    pub(super) fn new(path: &Path, uri: Uri, text: String, previous: Option<Document>) -> Option<Document> {
        let language = language(path)?;
        if !is_ours(path, &text) {
            return None;
        }
        let is_test = path.file_stem()?.to_str()?.ends_with(".test");
        let (tree, read) = previous.map_or((None, None), |previous| (previous.tree, previous.read));
        let checked = Checked::default();
        Some(Document { path: path.to_path_buf(), uri, text, language, is_test, checked, tree, read })
    }

    /// Checks the text as it is now.
    pub(super) fn judge(&mut self, catalog: &Catalog) {
        if let Ok(tree) = parse(&self.text, self.language, FileId(0)) {
            self.tree = Some(tree);
        }
        let Some(target) = self.target(catalog) else { return };
        let mut sources = Sources::default();
        let loaded = match target.kind {
            Kind::Provider => catalog.load(&mut sources, &target.entry),
            Kind::Flow => catalog.load_flow(&mut sources, &target.entry),
        };
        if let Some(provider) = loaded.ok().and_then(|loaded| loaded.provider) {
            self.read = Some(Read { provider, sources });
        }
        self.checked = catalog.check(&[target]);
    }

    /// The tree of the text as it is without the line at a byte, where that can be parsed; else the last that could be.
    pub(super) fn tree_around(&self, offset: usize) -> Option<Cow<'_, Node>> {
        let (before, after) = self.text.split_at_checked(offset)?;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = after.find('\n').map_or("", |end| after.get(end..).unwrap_or_default());
        let without = format!("{}{rest}", before.get(..start).unwrap_or_default());
        let fresh = parse(&without, self.language, FileId(0)).ok().map(Cow::Owned);
        fresh.or_else(|| self.tree.as_ref().map(Cow::Borrowed))
    }

    /// What `check` would be pointed at.
    fn target(&self, catalog: &Catalog) -> Option<Target> {
        if let Ok(mut targets) = catalog.target(self.path.to_str()?) {
            return targets.pop();
        }
        // Not on disk yet.
        let kind = if in_folder(&self.path, "flows") { Kind::Flow } else { Kind::Provider };
        (!self.is_test).then(|| Catalog::at_path(&self.path).map(|entry| Target { kind, entry }))?
    }

    /// The id of this file among the texts of its findings.
    pub(super) fn file(&self, sources: &Sources) -> Option<FileId> {
        let name = self.path.display().to_string();
        sources.iter().find(|(_, source)| source.name == name).map(|(id, _)| id)
    }
}

fn language(path: &Path) -> Option<Language> {
    match path.extension()?.to_str()? {
        "toml" => Some(Language::Toml),
        "yaml" | "yml" => Some(Language::Yaml),
        _ => None,
    }
}

fn in_folder(path: &Path, name: &str) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == name)
}

/// Whether a file is one of a catalogue, by its folder or by the schema that it names. Editors open any TOML.
fn is_ours(path: &Path, text: &str) -> bool {
    let parent = path.parent().unwrap_or(path);
    let in_catalogue =
        in_folder(path, "providers.d") || (in_folder(path, "flows") && in_folder(parent, "providers.d"));
    let mut head = text.lines().take(3);
    in_catalogue
        || head.any(|line| line.contains("provider.schema.json") || line.contains("test.schema.json"))
}
