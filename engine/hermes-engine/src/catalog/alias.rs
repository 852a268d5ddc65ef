//! The aliases of a file, read without judging the rest of it: a provider with a fault elsewhere keeps its names.

use hermes_format::load::FileText;
use hermes_format::parse::Language;
use serde::Deserialize;

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    aliases: Vec<String>,
}

/// The aliases that a file gives its provider; none where the file can't be parsed.
pub(super) fn aliases(file: &FileText) -> Vec<String> {
    let names = match file.language {
        Language::Toml => toml::from_str::<Names>(&file.text).ok(),
        Language::Yaml => serde_yaml::from_str::<Names>(&file.text).ok(),
    };
    names.map(|names| names.aliases).unwrap_or_default()
}
