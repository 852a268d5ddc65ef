//! From an entry to a provider that can be run.

use std::cell::RefCell;
use std::io;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{Loaded, UNKNOWN_FLOW, load, load_flow};
use hermes_format::provider::Shared;
use hermes_format::source::Sources;

use super::{Catalog, Entry, Reading};

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
    pub fn open(&self, entry: &Entry) -> io::Result<Opened> {
        let mut sources = Sources::default();
        let Loaded { provider, diagnostics, .. } = self.load(&mut sources, entry)?;
        Ok(Opened { entry: entry.clone(), sources, provider, diagnostics })
    }

    /// The same for a file that is to act: it and its flows are whose they must be, by their places.
    ///
    /// # Errors
    /// One of the files can't be read, or is not the user's: then [`crate::own_file::NotOwn::of`] says why.
    pub fn open_own(&self, entry: &Entry) -> io::Result<Opened> {
        let file = self.read_to(Reading::ToAct, entry)?;
        let mut sources = Sources::default();
        let unread = RefCell::new(None);
        let flow = |name: &str| {
            self.flow_to(Reading::ToAct, entry, name)?.map_err(|error| unread.replace(Some(error))).ok()
        };
        let Loaded { provider, diagnostics, .. } = load(&mut sources, &file, &flow);
        match unread.into_inner() {
            Some(error) => Err(error),
            None => Ok(Opened { entry: entry.clone(), sources, provider, diagnostics }),
        }
    }

    /// Reads a flow file by itself, and the flows it extends.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open_flow(&self, entry: &Entry) -> io::Result<Opened> {
        let mut sources = Sources::default();
        let Loaded { provider, diagnostics, .. } = self.load_flow(&mut sources, entry)?;
        Ok(Opened { entry: entry.clone(), sources, provider, diagnostics })
    }

    /// Reads one of several provider files whose findings belong together.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn load(&self, sources: &mut Sources, entry: &Entry) -> io::Result<Loaded> {
        let file = self.read(entry)?;
        let loaded = load(sources, &file, &|name| self.flow(entry, name));
        Ok(self.suggested(entry, loaded))
    }

    /// Reads a flow file by itself.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn load_flow(&self, sources: &mut Sources, entry: &Entry) -> io::Result<Loaded> {
        let file = self.read(entry)?;
        let loaded = load_flow(sources, &file, &|name| self.flow(entry, name));
        Ok(self.suggested(entry, loaded))
    }

    /// The same, with the flow that was most likely meant where one is named that is not there.
    fn suggested(&self, entry: &Entry, mut loaded: Loaded) -> Loaded {
        if loaded.diagnostics.iter().any(|finding| finding.code == &UNKNOWN_FLOW) {
            loaded.suggest_flow(&self.flow_names(entry));
        }
        loaded
    }
}
