//! Text to [`Provider`]: parse, read, merge over flows, lower. Every finding of the file is collected.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::parse::Language;
use crate::provider::Provider;
use crate::source::Sources;

/// A file as the runtime found it.
#[derive(Debug, Clone)]
pub struct FileText {
    /// The id: the file's name without its ending.
    pub id: String,
    /// What a person calls the file: its path, or `built-in:NAME`.
    pub name: String,
    /// The language, by its ending.
    pub language: Language,
    /// The text.
    pub text: String,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The provider, where no finding is an error.
    pub provider: Option<Arc<Provider>>,
    /// All findings, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a provider file. `flow` finds the flow file that an `extends` names.
pub fn load(sources: &mut Sources, file: &FileText, flow: &dyn Fn(&str) -> Option<FileText>) -> Loaded {
    let _ = (sources, file, flow);
    unimplemented!()
}

/// Loads a flow file by itself: names that its providers supply are no findings.
pub fn load_flow(sources: &mut Sources, file: &FileText, flow: &dyn Fn(&str) -> Option<FileText>) -> Loaded {
    let _ = (sources, file, flow);
    unimplemented!()
}
