//! What every command starts from: the home, the catalogue, and the provider that is meant.

use std::env;
use std::io;
use std::path::PathBuf;
use std::sync::Once;

use hermes_engine::catalog::{Catalog, Entry, Folders, Opened};
use hermes_engine::config;
use hermes_engine::home::{Home, NoHome};
use hermes_engine::input::env_file_trouble;
use hermes_engine::store::FileStore;
use hermes_engine::trust::{self, Refused, TrustError, Vouched};
use hermes_engine::{Engine, EngineBuilder};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::provider::Shared;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, shell};

/// Where files are, and which providers there are. Making one reads nothing.
#[derive(Debug)]
pub(crate) struct Context {
    /// The home.
    pub(crate) home: Home,
    /// All providers.
    pub(crate) catalog: Catalog,
    /// How much to say.
    pub(crate) verbose: u8,
    /// The command that runs, by its name.
    pub(crate) command: &'static str,
    folders: Folders,
}

impl Context {
    /// From the global options and the environment.
    pub(crate) fn new(global: &Global, command: &'static str) -> Result<Context, Failure> {
        // Much needs no home: what would write to one says that it is missing.
        let home = match Home::find(global.home.as_deref(), &|name| env::var_os(name)) {
            Ok(home) => home,
            Err(NoHome::Unset) => Home::nowhere(),
            Err(relative @ NoHome::Relative { .. }) => {
                return Err(Failure::usage(relative.to_string()).help(RELATIVE));
            }
        };
        let named = named_folders(&global.providers_dirs)?;
        let ignored = global.no_folder || is_set("HERMES_NO_FOLDER");
        let here = Some(PathBuf::from("providers.d")).filter(|_| !ignored);
        let folders = Folders { home: Some(home.providers_dir()), here, named };
        Ok(Context { home, catalog: Catalog::new(&folders), verbose: global.verbose, command, folders })
    }

    /// The same, where `./providers.d` is not looked at.
    pub(crate) fn without_folder(&self) -> Context {
        let folders = Folders { here: None, ..self.folders.clone() };
        let (home, verbose, command) = (self.home.clone(), self.verbose, self.command);
        Context { home, catalog: Catalog::new(&folders), verbose, command, folders }
    }

    /// The library over the same home and the same folders that were named. It never looks at `./providers.d`.
    pub(crate) fn engine(&self) -> EngineBuilder {
        let builder = Engine::builder().home(self.home.path());
        self.folders.named.iter().fold(builder, EngineBuilder::providers_dir)
    }

    /// The provider of a name; with none, the one that a user has chosen.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Entry, Failure> {
        Ok(self.catalog.find(&self.name(name)?)?)
    }

    /// The name itself, or that of the provider that a person has chosen, as they wrote it.
    pub(crate) fn name(&self, name: Option<&str>) -> Result<String, Failure> {
        let chosen = match name {
            Some(name) => Some(name.to_owned()),
            None => self.chosen()?,
        };
        chosen.ok_or_else(|| {
            Failure::usage("no provider is named")
                .help("name one, or set `model.provider` in config.yaml or HERMES_INFERENCE_PROVIDER")
        })
    }

    /// The provider that a user has chosen: by a setting, or by the last login.
    pub(crate) fn chosen(&self) -> Result<Option<String>, Failure> {
        if let Some(name) = config::provider(&self.home, &|name| env::var_os(name))? {
            return Ok(Some(name));
        }
        // It could have chosen another.
        if let Some(why) = env_file_trouble(&self.home) {
            self.warn_of_env_file(&why.to_string());
        }
        Ok(FileStore::open(self.home.clone()).read()?.active_provider())
    }

    /// Says once why `.env` in the home is not read, where a value was looked for there.
    pub(crate) fn warn_of_env_file(&self, why: &str) {
        static SAID: Once = Once::new();
        let path = self.home.env_file();
        SAID.call_once(|| {
            render::warn(&render::safe_sentence(&format!("{} is not read: {why}", path.display())))
        });
    }

    /// Reads the file of a provider that is to act: somebody vouches for it, and `check` finds no error in it.
    pub(crate) fn open(&self, entry: &Entry) -> Result<Shared, Failure> {
        let vouched = self.vouched(entry)?;
        let provider = self.usable(&vouched.opened)?;
        let errors = if vouched.is_built_in { Vec::new() } else { self.catalog.errors(&vouched.opened) };
        if errors.is_empty() { Ok(provider) } else { Err(self.broken(&vouched.opened, &errors)) }
    }

    /// The same where nothing is done with it: to list, to look, to forget. It need not be proved.
    pub(crate) fn open_to_list(&self, entry: &Entry) -> Result<Shared, Failure> {
        self.usable(&self.vouched(entry)?.opened)
    }

    /// Reads the file of a provider that is one of many: of one that can't be used nothing is told.
    pub(crate) fn open_quietly(&self, entry: &Entry) -> Option<Shared> {
        trust::open(&self.catalog, entry, &self.home).ok()?.opened.provider
    }

    /// Reads any file: of a simulation, of a picture.
    pub(crate) fn open_any(&self, entry: &Entry) -> Result<Shared, Failure> {
        self.usable(&self.catalog.open(entry).map_err(|error| unreadable(entry, &error))?)
    }

    /// The same for a flow file by itself.
    pub(crate) fn open_flow(&self, entry: &Entry) -> Result<Shared, Failure> {
        self.usable(&self.catalog.open_flow(entry).map_err(|error| unreadable(entry, &error))?)
    }

    /// Reads a file that the user reviews, of this catalogue or another.
    pub(crate) fn open_to_review(&self, catalog: &Catalog, entry: &Entry) -> Result<Opened, Failure> {
        let opened = catalog.open(entry).map_err(|error| unreadable(entry, &error))?;
        self.usable(&opened)?;
        Ok(opened)
    }

    fn vouched(&self, entry: &Entry) -> Result<Vouched, Failure> {
        trust::open(&self.catalog, entry, &self.home).map_err(|refused| self.refused(entry, &refused))
    }

    fn usable(&self, opened: &Opened) -> Result<Shared, Failure> {
        opened.provider.clone().ok_or_else(|| self.broken(opened, &opened.diagnostics))
    }

    /// Why a file does not act, in one sentence, and what to do. Nothing of the file is quoted.
    fn refused(&self, entry: &Entry, refused: &Refused) -> Failure {
        let file = entry.source();
        let untrusted = |message: String| Failure::new(Exit::Refused, "untrusted_file", message);
        let failure = match refused {
            Refused::Untrusted => {
                untrusted(format!("`{file}` is not trusted, so nothing was read, sent or stored"))
                    .help(self.trust_help(entry))
            }
            Refused::NotOwn(reason) => {
                untrusted(format!("`{file}` is not used: {reason}")).help(reason.help())
            }
            Refused::Unreadable(error) => unreadable(entry, error),
            Refused::Trust(error) => trust_failure(error),
        };
        failure.about(&entry.id)
    }

    /// Who reads this at a terminal can decide to trust a file; a program is given no command that does.
    fn trust_help(&self, entry: &Entry) -> String {
        let path = shell::word(&render::safe(&entry.source()));
        let without = match self.catalog.built_in(&entry.id) {
            Some(_) => format!("the built-in `{}` is used with --no-folder", entry.id),
            None => "this folder's files are ignored with --no-folder".to_owned(),
        };
        if render::ask::at_terminal() {
            format!("review and trust it with `hermes-engine trust {path}`; {without}")
        } else {
            format!("the user has to review it; {without}")
        }
    }

    fn broken(&self, opened: &Opened, findings: &[Diagnostic]) -> Failure {
        let entry = &opened.entry;
        render::say(&render::diagnostic::text(findings, &opened.sources, render::colors_stderr()));
        let errors = findings.iter().filter(|finding| finding.is_error()).count();
        let errors = if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
        let target = entry.path.as_ref().map_or_else(|| entry.id.clone(), |path| path.display().to_string());
        Failure::new(Exit::File, "bad_provider_file", format!("`{}` has {errors}", entry.source()))
            .help(format!("see `hermes-engine check {target}`"))
            .about(&entry.id)
    }
}

fn unreadable(entry: &Entry, error: &io::Error) -> Failure {
    let message = format!("`{}` can't be read: {error}", entry.source());
    Failure::new(Exit::File, "bad_provider_file", message).about(&entry.id)
}

fn trust_failure(error: &TrustError) -> Failure {
    Failure::new(Exit::Store, "trust_unreadable", error.to_string()).help("fix the file, or move it away")
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Failure {
        trust_failure(&error)
    }
}

/// Whether a variable is set that is a switch.
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// The folders of `--providers-dir`, else those of `HERMES_PROVIDERS_DIR`; each must be there.
const RELATIVE: &str = "write an absolute path: a relative one is another folder in each working directory";

fn named_folders(options: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let variable = || env::var_os("HERMES_PROVIDERS_DIR").unwrap_or_default();
    let folders: Vec<PathBuf> = match options {
        [] => env::split_paths(&variable()).filter(|path| !path.as_os_str().is_empty()).collect(),
        options => options.to_vec(),
    };
    if options.is_empty()
        && let Some(path) = folders.iter().find(|path| path.is_relative())
    {
        let message = format!("`{}` in HERMES_PROVIDERS_DIR is relative", path.display());
        return Err(Failure::usage(message).help(RELATIVE));
    }
    match folders.iter().find(|path| !path.is_dir()) {
        Some(path) => Err(Failure::usage(format!("`{}` is no folder of provider files", path.display()))),
        None => Ok(folders),
    }
}
