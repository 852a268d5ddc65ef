//! What is shown before the user decides: all that a file asks for, in full, and what has changed since it was trusted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hermes_engine::catalog::{Catalog, Entry, Folders, Opened, Place};
use hermes_engine::store::sha256;
use hermes_engine::trust::{Content, Facts, Trust, built_in, folder_is_own, folder_key, is_as_built_in};

use super::Consent;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::{safe, safe_whole, say};

/// A file about which the user is asked.
pub(super) struct OfFile {
    name: String,
    /// Where it is, whichever the working directory.
    path: String,
    content: Content,
    facts: Facts,
    errors: usize,
    is_as_built_in: bool,
}

impl OfFile {
    /// Reads the file at a path.
    pub(super) fn read(context: &Context, path: &Path) -> Result<OfFile, Failure> {
        let name = path.display().to_string();
        let entry = Catalog::at_path(path).filter(|_| path.symlink_metadata().is_ok()).ok_or_else(|| {
            Failure::usage(format!("`{}` is no provider file", safe(&name)))
                .help("name a .toml, .yaml or .yml file, or a folder")
        })?;
        OfFile::of(context, &context.catalog, &entry)
    }

    fn of(context: &Context, catalog: &Catalog, entry: &Entry) -> Result<OfFile, Failure> {
        let opened = context.open_to_review(catalog, entry)?;
        let broken = || Failure::new(Exit::File, "bad_provider_file", "it can't be parsed").about(&entry.id);
        let content = Content::of(&opened).ok_or_else(broken)?;
        let facts = Facts::of(catalog, &opened).ok_or_else(broken)?;
        let errors = catalog.errors(&opened).len();
        let is_as_built_in = is_as_built_in(catalog, &content);
        Ok(OfFile { name: entry.source(), path: absolute(&opened), content, facts, errors, is_as_built_in })
    }

    /// Shows everything and asks.
    pub(super) fn decide(&self, context: &Context, consent: Consent<'_>) -> Ended {
        if self.is_as_built_in {
            say(&format!("`{}` says what the built-in file says, and needs no trust.", safe(&self.name)));
            return Ok(Exit::Done);
        }
        self.show(context)?;
        consent.is_given(&self.content.sha256(), "Trust this content of the file?")?;
        self.trust(context)?;
        Ok(Exit::Done)
    }

    /// Shows what the file asks for. One that can send anywhere is refused.
    pub(super) fn show(&self, context: &Context) -> Result<(), Failure> {
        say(&format!("`{}` asks for this:", safe_whole(&self.name)));
        let trust = Trust::read(&context.home)?;
        let last = trust.last(&self.content.id, &self.path);
        let before = last.map(|last| last.facts.lines());
        say_changes(&self.facts.lines(), before.as_deref(), true);
        self.say_faults();
        match (last, built_in(&context.catalog, &self.content.id)) {
            (Some(last), _) => self.say_difference("Since it was trusted, it has changed so:", &last.lines),
            (None, Some(built_in)) => {
                self.say_difference("It differs so from the built-in file:", &built_in.lines)
            }
            (None, None) => {}
        }
        self.refuse_anywhere()
    }

    fn say_difference(&self, title: &str, before: &[String]) {
        say(title);
        say_changes(&self.content.lines, Some(before), false);
    }

    fn say_faults(&self) {
        if !self.facts.allowances.is_empty() {
            say("  What it allows itself in `check` counts for nothing in this folder.");
        }
        if self.errors > 0 {
            let file = safe(&self.name);
            say(&format!(
                "  `check` finds errors in it: it acts when they are fixed (`hermes-engine check {file}`)."
            ));
        }
    }

    fn refuse_anywhere(&self) -> Result<(), Failure> {
        if self.facts.anywhere.is_empty() {
            return Ok(());
        }
        let message = format!("`{}` can send anywhere, and can't be trusted", safe(&self.name));
        Err(Failure::new(Exit::Refused, "untrusted_file", message)
            .help("its URLs need a host that the file names, or `hosts`")
            .about(&self.content.id))
    }

    /// Trusts the content.
    pub(super) fn trust(&self, context: &Context) -> Result<(), Failure> {
        Trust::add(&context.home, &self.content, self.facts.clone(), &self.path)?;
        say(&format!("✓ This content of `{}` is trusted.", safe(&self.name)));
        Ok(())
    }
}

/// A folder about which the user is asked.
pub(super) struct OfFolder {
    name: String,
    path: String,
    key: String,
    files: Vec<OfFile>,
}

impl OfFolder {
    /// Reads all provider files of a folder.
    pub(super) fn read(context: &Context, folder: &Path) -> Result<OfFolder, Failure> {
        let name = folder.display().to_string();
        folder_is_own(folder).map_err(|error| {
            Failure::new(
                Exit::Refused,
                "untrusted_file",
                format!("`{}` can't be trusted: {error}", safe(&name)),
            )
        })?;
        let home = Some(context.home.providers_dir());
        let catalog = Catalog::new(&Folders { home, here: Some(folder.to_owned()), named: Vec::new() });
        let mut files = Vec::new();
        for entry in catalog.entries().iter().filter(|entry| entry.place == Place::Here) {
            match OfFile::of(context, &catalog, entry) {
                Ok(file) => files.push(file),
                Err(_) => say(&format!("`{}` has errors, and is left out.", safe(&entry.source()))),
            }
        }
        let key = folder_key(folder)
            .filter(|_| !files.is_empty())
            .ok_or_else(|| Failure::usage(format!("`{}` has no provider files", safe(&name))))?;
        let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).display().to_string();
        Ok(OfFolder { name, path, key, files })
    }

    /// Shows everything and asks.
    pub(super) fn decide(&self, context: &Context, consent: Consent<'_>) -> Ended {
        let files = self.show(context)?;
        let hashes = files.iter().map(|file| format!("{} {}\n", file.content.id, file.content.sha256()));
        let hash = sha256(&hashes.collect::<String>());
        consent.is_given(&hash, "Trust the files of this folder for what is shown?")?;
        let facts: BTreeMap<String, Facts> =
            files.iter().map(|file| (file.content.id.clone(), file.facts.clone())).collect();
        Trust::add_folder(&context.home, &self.key, &self.path, facts)?;
        say(&format!("✓ `{}` is trusted for what was shown.", safe(&self.name)));
        Ok(Exit::Done)
    }

    /// Shows what the files ask for. Gives those that can be trusted.
    fn show(&self, context: &Context) -> Result<Vec<&OfFile>, Failure> {
        let trust = Trust::read(&context.home)?;
        let before = trust.folders.get(&self.key).map(|folder| &folder.files);
        let built_in: Vec<&str> = self
            .files
            .iter()
            .filter(|file| file.is_as_built_in)
            .map(|file| file.content.id.as_str())
            .collect();
        if !built_in.is_empty() {
            say(&format!("As built in, and trusted for what these ask for: {}.", built_in.join(", ")));
        }
        let mut shown = Vec::new();
        for file in &self.files {
            if !file.is_as_built_in {
                say(&format!("`{}` asks for this:", safe_whole(&file.name)));
                let known = before.and_then(|files| files.get(&file.content.id)).map(Facts::lines);
                say_changes(&file.facts.lines(), known.as_deref(), true);
                file.say_faults();
            }
            match file.refuse_anywhere() {
                Ok(()) => shown.push(file),
                Err(failure) => say(&format!("  {}: it is left out.", safe_whole(&failure.message))),
            }
        }
        Ok(shown)
    }
}

/// Says lines, those that are new or gone with a mark; `all` says the others, too.
fn say_changes(now: &[String], before: Option<&[String]>, all: bool) {
    let is_known = |line: &String| before.is_none_or(|before| before.contains(line));
    for line in now.iter().filter(|line| all || !is_known(line)) {
        say(&format!("{} {}", if is_known(line) { " " } else { "+" }, safe_whole(line)));
    }
    for line in before.into_iter().flatten().filter(|line| !now.contains(*line)) {
        say(&format!("- {}", safe_whole(line)));
    }
}

fn absolute(opened: &Opened) -> String {
    let path = opened.entry.path.clone().unwrap_or_default();
    let folder =
        path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let folder = folder.and_then(|folder| folder.canonicalize().ok());
    let whole: Option<PathBuf> = folder.zip(path.file_name()).map(|(folder, name)| folder.join(name));
    whole.unwrap_or(path).display().to_string()
}
