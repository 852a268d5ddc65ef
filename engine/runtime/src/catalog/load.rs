//! From an entry to a provider that can be run.

use hermes_engine_core::diagnostic::Diagnostic;
use hermes_engine_core::load::{Loaded, load};
use hermes_engine_core::provider::Shared;
use hermes_engine_core::source::Sources;

use super::{Catalog, Entry};

/// A provider file, read and judged.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub entry: Entry,
    /// Its text, and that of its flows: what the findings point into.
    pub sources: Sources,
    /// The provider, where no finding is an error.
    pub provider: Option<Shared>,
    /// All findings.
    pub diagnostics: Vec<Diagnostic>,
}

impl Catalog {
    /// Reads a provider file and the flows it extends.
    ///
    /// # Errors
    /// The file can't be read. Faults *in* the file are findings.
    pub fn open(&self, entry: &Entry) -> std::io::Result<Opened> {
        let file = self.read(entry)?;
        let mut sources = Sources::default();
        let Loaded { provider, diagnostics } = load(&mut sources, &file, &|name| self.flow(entry, name));
        Ok(Opened { entry: entry.clone(), sources, provider, diagnostics })
    }
}
