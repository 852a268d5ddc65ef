//! The tables of keys in `docs/provider-format.md` are those of the schemas.
//!
//! `<!-- keys: TYPE -->` … `<!-- end -->` holds the rows of a type of the provider schema, `<!-- keys: test TYPE -->` of the test
//! schema; further words pick keys. `UPDATE=1 cargo test` rewrites them.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test reads and writes the page"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use hermes_format::raw::schema::{provider_schema, test_schema};
use serde_json::Value;

#[test]
fn the_tables_of_the_format_page_are_those_of_the_schemas() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/provider-format.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let wanted = with_tables(&page);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let now = std::fs::read_to_string(&path).unwrap();
    assert!(
        now == wanted,
        "docs/provider-format.md is behind the schemas: UPDATE=1 cargo test --test format_page"
    );
}

fn with_tables(page: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in page.lines() {
        inside &= line != "<!-- end -->";
        if !inside {
            writeln!(out, "{line}").unwrap();
        }
        if let Some(words) = line.strip_prefix("<!-- keys: ").and_then(|rest| rest.strip_suffix(" -->")) {
            out.push_str(&table(words));
            inside = true;
        }
    }
    out
}

fn table(words: &str) -> String {
    let (schema, words) = match words.strip_prefix("test ") {
        Some(rest) => (test_schema(), rest),
        None => (provider_schema(), words),
    };
    let mut words = words.split(' ');
    let name = words.next().unwrap();
    let picked: Vec<&str> = words.collect();
    let whole = schema.pointer(&format!("/$defs/{name}")).unwrap_or(&schema);
    let mut rows = String::from("| Key | Meaning |\n|---|---|\n");
    for (key, property) in whole["properties"].as_object().unwrap() {
        if picked.is_empty() || picked.contains(&key.as_str()) {
            let required =
                whole["required"].as_array().is_some_and(|r| r.contains(&Value::from(key.as_str())));
            let meaning =
                property["description"].as_str().unwrap_or_else(|| panic!("{name}.{key} has no description"));
            let mark = if required { " (required)" } else { "" };
            writeln!(rows, "| `{key}`{mark} | {} |", meaning.replace('\n', " ").replace('|', "\\|")).unwrap();
        }
    }
    rows
}
