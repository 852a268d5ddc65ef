//! Pages with parts that are made: `<!-- WORDS -->` … `<!-- end -->`. `UPDATE=1 cargo test` rewrites the parts.

use std::fs;
use std::path::{Path, PathBuf};

/// A path from the root of the repository.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A page in which the parts that `make` knows are as it makes them; it is given the words of the mark.
pub fn with_parts(page: &str, make: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in page.lines() {
        inside &= line != "<!-- end -->";
        if !inside {
            out.push_str(line);
            out.push('\n');
        }
        let words = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(part) = words.and_then(make) {
            out.push_str(&part);
            inside = true;
        }
    }
    out
}

/// Compares a file with what it should be; with `UPDATE` set it is written first.
#[track_caller]
pub fn compare(path: &Path, wanted: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, wanted).expect("the page is written");
    }
    let now = fs::read_to_string(path).unwrap_or_default();
    assert!(now == wanted, "{} is not up to date: UPDATE=1 cargo test --test program", path.display());
}

/// A block of Markdown that shows a text as it is.
pub fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}

/// All pages below a folder, sorted.
pub fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            all.extend(pages(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "md") {
            all.push(entry);
        }
    }
    all.sort();
    all
}
