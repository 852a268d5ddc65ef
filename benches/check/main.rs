//! What the verification of files costs: of many, and of those that are made to cost.
//!
//! ```console
//! $ cargo bench -p hermes-engine-cli --bench check
//! ```
//!
//! `files` grows linearly where the column of medians doubles with the count. Of `hostile` each median is to stay below
//! 100 ms and each `max alloc` below 64 MiB.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, reason = "the tests of hostile test files need more of it")]
#[path = "../../engine/hermes-proof/tests/hostile/files.rs"]
mod hostile_files;

use std::fs;
use std::path::{Path, PathBuf};

use divan::{AllocProfiler, Bencher};
use hermes_engine::catalog::{Catalog, Folders};
use regex::Regex;
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Checks a folder with as many providers, copies of those that ship under other names; with their tests, or without.
#[divan::bench(args = [250, 500, 1000, 2000], sample_count = 5, sample_size = 1)]
fn files(bencher: Bencher<'_, '_>, count: usize) {
    let folder = copies(count, false);
    bencher.bench_local(|| check(folder.path()));
}

/// The same with the tests beside the files, each run to its end.
#[divan::bench(args = [250, 500, 1000], sample_count = 3, sample_size = 1)]
fn files_with_tests(bencher: Bencher<'_, '_>, count: usize) {
    let folder = copies(count, true);
    bencher.bench_local(|| check(folder.path()));
}

/// Checks one hostile file.
#[divan::bench(args = names(), sample_count = 5, sample_size = 1)]
fn hostile(bencher: Bencher<'_, '_>, name: &str) {
    let (_, ending, text) = hostile_files::files().into_iter().find(|file| title(file) == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    if ending.starts_with("test.") {
        fs::write(folder.path().join("acme.toml"), hostile_files::TESTED).unwrap();
    }
    fs::write(folder.path().join(format!("acme.{ending}")), text).unwrap();
    bencher.bench_local(|| check(folder.path()));
}

fn names() -> Vec<String> {
    hostile_files::files().iter().map(title).collect()
}

fn title((what, ending, _): &hostile_files::File) -> String {
    format!("{what} ({ending})")
}

/// As `hermes-engine check FOLDER` does.
fn check(folder: &Path) -> usize {
    let catalog = Catalog::new(&Folders::default());
    let targets = catalog.target(&folder.to_string_lossy()).unwrap();
    catalog.check(&targets).diagnostics.len()
}

/// Providers that differ from those that ship in their ids, and in the names of what they read.
fn copies(count: usize, tested: bool) -> TempDir {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers.d");
    let folder = tempfile::tempdir().unwrap();
    let aliases = Regex::new(r"(?s)\naliases\s*=\s*\[.*?\]").unwrap();
    let variables = Regex::new(r"\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b").unwrap();
    let files: Vec<PathBuf> = fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is_provider = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".toml") && !name.ends_with(".test.toml")
    };
    for (i, path) in files.iter().filter(is_provider).cycle().take(count).enumerate() {
        let id = path.file_stem().unwrap().to_string_lossy();
        for ending in if tested { &["toml", "test.toml"][..] } else { &["toml"] } {
            let text = fs::read_to_string(path.with_file_name(format!("{id}.{ending}"))).unwrap();
            let text = aliases.replace_all(&text, "");
            let text = variables.replace_all(&text, format!("${{0}}_{i}"));
            fs::write(folder.path().join(format!("{id}-{i}.{ending}")), text.as_bytes()).unwrap();
        }
    }
    folder
}
