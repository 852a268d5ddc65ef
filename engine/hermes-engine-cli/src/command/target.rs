//! What `check` and `test` share: which files are meant, and writing mends into them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use hermes_engine::catalog::{Entry, NoTarget, Target};
use hermes_engine::own_file::{self, Links};
use hermes_format::diagnostic::Fix;
use hermes_format::source::{FileId, Source, Sources};
use hermes_proof::replay::update;

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
    let mut mended = 0;
    for (id, source) in touched(sources, fixes) {
        let own: Vec<Fix> = fixes.iter().filter(|fix| fix.span.file == id).cloned().collect();
        write(source, &update::apply(&source.text, &own))?;
        for fix in &own {
            say(&change(sources, source, fix));
        }
        mended += own.len();
    }
    Ok(mended)
}

/// Writes the files of these mends as they were before.
pub(super) fn put_back(sources: &Sources, fixes: &[Fix]) -> Result<(), Failure> {
    touched(sources, fixes).into_iter().try_for_each(|(_, source)| write(source, &source.text))
}

/// The files on disk that mends belong to.
fn touched<'a>(sources: &'a Sources, fixes: &[Fix]) -> Vec<(FileId, &'a Source)> {
    let files: BTreeSet<FileId> = fixes.iter().map(|fix| fix.span.file).collect();
    let on_disk = |source: &&Source| !source.is_built_in();
    files.into_iter().filter_map(|id| Some((id, sources.file(id).filter(on_disk)?))).collect()
}

fn write(source: &Source, text: &str) -> Result<(), Failure> {
    let path = Path::new(&source.name);
    own_file::replace(path, Links::of(path), text).map_err(|error| {
        let message = format!("`{}` can't be written: {error}", source.name);
        Failure::new(Exit::Store, "file_unwritable", message)
    })
}

/// What a mend changes, in one line.
fn change(sources: &Sources, source: &Source, fix: &Fix) -> String {
    let place = sources.start_of(fix.span);
    let (old, new) = (safe(sources.text(fix.span)), safe(&fix.replacement));
    let what = match (old.is_empty(), new.is_empty()) {
        (true, _) => format!("`{new}` put in"),
        (_, true) => format!("`{old}` taken out"),
        _ => format!("`{old}` is now `{new}`"),
    };
    format!("{}:{}:{}: {what}", safe(&source.name), place.line, place.column)
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
