//! What `check` and `test` share: which files are meant, and writing mends into them.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use hermes_engine::catalog::{Entry, NoTarget, Target};
use hermes_engine_core::diagnostic::Fix;
use hermes_engine_core::replay::update;
use hermes_engine_core::source::{FileId, Sources};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, say};

/// The files that are meant; with no name, all in force.
pub(super) fn targets(names: &[String], context: &Context) -> Result<Vec<Target>, Failure> {
    if names.is_empty() {
        return Ok(context.catalog.targets());
    }
    let mut all = Vec::new();
    for name in names {
        all.extend(context.catalog.target(name)?);
    }
    Ok(all)
}

/// Tells of files that could not be read.
pub(super) fn tell_unreadable(unreadable: &[(Entry, io::Error)]) {
    for (entry, error) in unreadable {
        say(&format!("error: `{}` can't be read: {error}", safe(&entry.source())));
    }
}

/// Writes mends into the files that they belong to, and says which; files inside the program stay as they are.
pub(super) fn mend(sources: &Sources, fixes: &[Fix]) -> Result<usize, Failure> {
    let files: BTreeSet<FileId> = fixes.iter().map(|fix| fix.span.file).collect();
    let mut mended = 0;
    for id in files {
        let Some(source) = sources.file(id).filter(|source| !source.name.starts_with("built-in:")) else {
            continue;
        };
        let own: Vec<Fix> = fixes.iter().filter(|fix| fix.span.file == id).cloned().collect();
        fs::write(&source.name, update::apply(&source.text, &own)).map_err(|error| {
            let message = format!("`{}` can't be written: {error}", source.name);
            Failure::new(Exit::Store, "file_unwritable", message)
        })?;
        say(&format!("`{}`: {} mended", safe(&source.name), own.len()));
        mended += own.len();
    }
    Ok(mended)
}

impl From<NoTarget> for Failure {
    fn from(error: NoTarget) -> Failure {
        let failure = Failure::new(Exit::File, "unknown_provider", error.to_string());
        match error.nearest {
            Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
            None => failure.help("name a file, a folder, or one of `hermes-engine providers`"),
        }
    }
}
