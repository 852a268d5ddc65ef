//! What every command starts from: the home, the catalogue, and the provider that is meant.

use std::env;
use std::io;
use std::path::PathBuf;

use hermes_engine::catalog::{Catalog, Entry, Folders, Opened};
use hermes_engine::config;
use hermes_engine::home::{Home, NoHome};
use hermes_engine::store::Store;
use hermes_engine_core::provider::Shared;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Where files are, and which providers there are. Making one reads nothing.
#[derive(Debug)]
pub(crate) struct Context {
    /// The home.
    pub(crate) home: Home,
    /// All providers.
    pub(crate) catalog: Catalog,
    /// How much to say.
    pub(crate) verbose: u8,
}

impl Context {
    /// From the global options and the environment.
    pub(crate) fn new(global: &Global) -> Result<Context, Failure> {
        let home = Home::find(global.home.as_deref(), &|name| env::var_os(name)).map_err(no_home)?;
        let named = named_folders(&global.providers_dirs)?;
        let folders = Folders { home: Some(home.providers_dir()), here: Some("providers.d".into()), named };
        Ok(Context { home, catalog: Catalog::new(&folders), verbose: global.verbose })
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
    fn chosen(&self) -> Result<Option<String>, Failure> {
        match config::provider(&self.home, &|name| env::var_os(name))? {
            Some(name) => Ok(Some(name)),
            None => Ok(Store::open(self.home.clone()).read()?.active_provider()),
        }
    }

    /// Reads a provider's file. Its findings are shown where it can't be used.
    pub(crate) fn open(&self, entry: &Entry) -> Result<(Opened, Shared), Failure> {
        self.usable(entry, self.catalog.open(entry))
    }

    /// The same for a flow file by itself.
    pub(crate) fn open_flow(&self, entry: &Entry) -> Result<(Opened, Shared), Failure> {
        self.usable(entry, self.catalog.open_flow(entry))
    }

    fn usable(&self, entry: &Entry, opened: io::Result<Opened>) -> Result<(Opened, Shared), Failure> {
        let unreadable = |error: io::Error| {
            Failure::new(
                Exit::File,
                "bad_provider_file",
                format!("`{}` can't be read: {error}", entry.source()),
            )
            .about(&entry.id)
        };
        let opened = opened.map_err(unreadable)?;
        match opened.provider.clone() {
            Some(provider) => Ok((opened, provider)),
            None => Err(self.broken(&opened)),
        }
    }

    fn broken(&self, opened: &Opened) -> Failure {
        let entry = &opened.entry;
        render::say(&render::diagnostic::text(&opened.diagnostics, &opened.sources, render::colors_stderr()));
        let errors = opened.diagnostics.iter().filter(|finding| finding.is_error()).count();
        let errors = if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
        let target = entry.path.as_ref().map_or_else(|| entry.id.clone(), |path| path.display().to_string());
        Failure::new(Exit::File, "bad_provider_file", format!("`{}` has {errors}", entry.source()))
            .help(format!("mend it with the help of `hermes-engine check {target}`"))
            .about(&entry.id)
    }
}

fn no_home(error: NoHome) -> Failure {
    Failure::usage(error.to_string()).help("say where it is with --home")
}

/// The folders of `--providers-dir`, else those of `HERMES_PROVIDERS_DIR`; each must be there.
fn named_folders(options: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let variable = || env::var_os("HERMES_PROVIDERS_DIR").unwrap_or_default();
    let folders: Vec<PathBuf> = match options {
        [] => env::split_paths(&variable()).filter(|path| !path.as_os_str().is_empty()).collect(),
        options => options.to_vec(),
    };
    match folders.iter().find(|path| !path.is_dir()) {
        Some(path) => Err(Failure::usage(format!("`{}` is no folder of provider files", path.display()))),
        None => Ok(folders),
    }
}
