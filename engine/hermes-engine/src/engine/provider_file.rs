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
use crate::trust::{self, Refused, Vouched};

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

    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The provider of an id or an alias, to act. Reads files.
    pub(super) fn open(&self, name: &str) -> Result<Arc<ProviderFile>> {
        if let Some(known) = lock(&self.known).get_mut(name)
            && known.stamps.iter().all(|(path, stamp)| stamp_of(path) == *stamp)
        {
            known.seen = Instant::now();
            return Ok(known.file.clone());
        }
        let entry = self.find(name)?;
        // Before the file is read: a change in between is seen the next time.
        let stamps = self.stamps(&entry);
        let vouched = self.vouched(&entry)?;
        let is_sound = vouched.is_built_in || self.catalog.errors(&vouched.opened).is_empty();
        let file = Arc::new(usable(&entry, vouched, is_sound)?);
        let known = Known { file: file.clone(), stamps, seen: Instant::now() };
        lock(&self.known).insert(name.to_owned(), known);
        Ok(file)
    }

    /// The same where nothing is done with it: to list, to look. It need not be proved.
    pub(super) fn open_to_list(&self, name: &str) -> Result<ProviderFile> {
        let entry = self.find(name)?;
        usable(&entry, self.vouched(&entry)?, true)
    }

    /// Whether somebody vouches for the file of a provider.
    pub(super) fn is_vouched_for(&self, name: &str) -> bool {
        self.find(name).is_ok_and(|entry| self.vouched(&entry).is_ok())
    }

    fn find(&self, name: &str) -> Result<Entry> {
        self.catalog.find(name).map_err(|error| {
            let help = match &error.nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`hermes-engine providers` lists them all".to_owned(),
            };
            let name = error.name.clone();
            Error::because(ErrorKind::Usage, "unknown_provider", error).with_help(help).about(&name)
        })
    }

    fn vouched(&self, entry: &Entry) -> Result<Vouched> {
        trust::open(&self.catalog, entry, &self.home).map_err(|refused| refusal(entry, refused))
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

fn usable(entry: &Entry, vouched: Vouched, is_sound: bool) -> Result<ProviderFile> {
    match vouched.opened.provider.filter(|_| is_sound) {
        Some(provider) => Ok(ProviderFile { provider }),
        None => {
            let message = format!("`{}` has errors", entry.source());
            Err(Error::new(ErrorKind::File, "bad_provider_file", message)
                .with_help(format!("see `hermes-engine check {}`", entry.source()))
                .about(&entry.id))
        }
    }
}

/// Why a file does not act, in one sentence. Nothing of the file is quoted.
fn refusal(entry: &Entry, refused: Refused) -> Error {
    let file = entry.source();
    let untrusted = |message: String| Error::new(ErrorKind::Refused, "untrusted_file", message);
    let error = match refused {
        Refused::Untrusted => {
            untrusted(format!("`{file}` is not trusted, so nothing was read, sent or stored"))
                .with_help("the user has to review it")
        }
        Refused::NotOwn(reason) => {
            let help = reason.help();
            untrusted(format!("`{file}` is not used: {reason}")).with_help(help)
        }
        Refused::Unreadable(error) => {
            let message = format!("`{file}` can't be read: {error}");
            Error::new(ErrorKind::File, "bad_provider_file", message)
        }
        Refused::Trust(error) => Error::because(ErrorKind::Store, "trust_unreadable", error)
            .with_help("fix the file, or move it away"),
    };
    error.about(&entry.id)
}

fn stamp_of(path: &PathBuf) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
