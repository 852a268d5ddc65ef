//! Provider files in memory: read and judged at the first use, and again when one changes.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use hermes_format::provider::Shared;

use super::error::{Error, ErrorKind, Result};
use super::lock;
use crate::catalog::{Catalog, Entry};
use crate::home::Home;
use crate::trust::{self, Refused};

/// For how long a file is believed to be unchanged.
const BELIEVED: Duration = Duration::from_secs(1);

/// A provider that may act.
pub(super) struct ProviderFile {
    pub(super) provider: Shared,
}

/// All provider files of an engine.
pub(super) struct ProviderFiles {
    catalog: Catalog,
    home: Home,
    /// By the name that was asked for, id or alias.
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    file: Arc<ProviderFile>,
    stamps: Vec<(PathBuf, Stamp)>,
    seen: Instant,
}

/// What changes with a file: its modification time and its length, `None` where there is none.
type Stamp = Option<(SystemTime, u64)>;

impl ProviderFiles {
    pub(super) fn new(catalog: Catalog, home: Home) -> ProviderFiles {
        ProviderFiles { catalog, home, known: Mutex::default() }
    }

    /// A provider that was seen a moment ago; touches no file.
    pub(super) fn remembered(&self, name: &str) -> Option<Arc<ProviderFile>> {
        let known = lock(&self.known);
        known.get(name).filter(|known| known.seen.elapsed() < BELIEVED).map(|known| known.file.clone())
    }

    /// The provider of an id or an alias. Reads files.
    pub(super) fn open(&self, name: &str) -> Result<Arc<ProviderFile>> {
        if let Some(known) = lock(&self.known).get_mut(name)
            && known.stamps.iter().all(|(path, stamp)| stamp_of(path) == *stamp)
        {
            known.seen = Instant::now();
            return Ok(known.file.clone());
        }
        let entry = self.catalog.find(name).map_err(|error| {
            let help = error.nearest.as_ref().map(|nearest| format!("did you mean `{nearest}`?"));
            let failure = Error::because(ErrorKind::Usage, "unknown_provider", error);
            match help {
                Some(help) => failure.with_help(help),
                None => failure,
            }
        })?;
        // Before the file is read: a change in between is seen the next time.
        let stamps = self.stamps(&entry);
        let file = Arc::new(self.read(&entry)?);
        let known = Known { file: file.clone(), stamps, seen: Instant::now() };
        lock(&self.known).insert(name.to_owned(), known);
        Ok(file)
    }

    fn read(&self, entry: &Entry) -> Result<ProviderFile> {
        let vouched =
            trust::open(&self.catalog, entry, &self.home).map_err(|refused| refusal(entry, refused))?;
        let is_sound = vouched.is_built_in || self.catalog.errors(&vouched.opened).is_empty();
        match vouched.opened.provider.filter(|_| is_sound) {
            Some(provider) => Ok(ProviderFile { provider }),
            None => {
                let message = format!("`{}` has errors", entry.source());
                Err(Error::new(ErrorKind::File, "bad_provider_file", message)
                    .with_help(format!("see `hermes-engine check {}`", entry.source())))
            }
        }
    }

    /// The files and folders that decide which text is in force.
    fn stamps(&self, entry: &Entry) -> Vec<(PathBuf, Stamp)> {
        let folders = self.catalog.folders().flat_map(|folder| [folder.join("flows"), folder.to_path_buf()]);
        let flows = self.catalog.folders().flat_map(|folder| {
            let listed = fs::read_dir(folder.join("flows")).into_iter().flatten();
            listed.filter_map(|file| Some(file.ok()?.path())).collect::<Vec<_>>()
        });
        folders.chain(flows).chain(entry.path.clone()).map(|path| (path.clone(), stamp_of(&path))).collect()
    }
}

fn refusal(entry: &Entry, refused: Refused) -> Error {
    match refused {
        Refused::Untrusted | Refused::NotOwn(_) => {
            let message = format!("`{}` is not used: {refused}", entry.source());
            Error::new(ErrorKind::Refused, "untrusted_file", message)
        }
        Refused::Unreadable(error) => Error::because(ErrorKind::File, "bad_provider_file", error),
        Refused::Trust(error) => Error::because(ErrorKind::Store, "trust_unreadable", error),
    }
}

fn stamp_of(path: &PathBuf) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
