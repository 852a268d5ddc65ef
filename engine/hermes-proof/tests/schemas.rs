//! The committed schemas are those of the types, and they agree with the files and with what the engine reads.

// The engine has no files; its tests read those of the repository.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

use hermes_format::parse::{Language, parse};
use hermes_format::raw::provider::Provider;
use hermes_format::raw::read::read;
use hermes_format::raw::schema::{client_schema, provider_schema, test_schema};
use hermes_format::raw::test::Tests;
use hermes_format::source::FileId;
use jsonschema::Validator;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The committed file must be what is generated; `UPDATE=1` writes it.
fn check_committed(name: &str, schema: &Value) {
    let path = root().join("schemas").join(name);
    let generated = serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n";
    if wants_update() {
        fs::write(&path, &generated).expect("the schema can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "{name} is not what the types say: run the tests with UPDATE=1");
}

fn wants_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("the schema is a schema")
}

fn complaints(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn json_of(text: &str, language: Language) -> Value {
    parse(text, language, FileId(0)).unwrap_or_else(|findings| panic!("{text}: {findings:#?}")).to_json()
}

#[test]
fn the_committed_provider_schema_is_that_of_the_types() {
    check_committed("provider.schema.json", &provider_schema());
}

#[test]
fn the_committed_test_schema_is_that_of_the_types() {
    check_committed("test.schema.json", &test_schema());
}

#[test]
fn the_committed_client_schema_is_that_of_the_types_and_takes_every_client_file() {
    check_committed("client.schema.json", &client_schema());
    let validator = validator(&client_schema());
    for entry in fs::read_dir(root().join("providers.d/clients")).expect("the clients") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file");
        assert_eq!(complaints(&validator, &json_of(&text, Language::Toml)), Vec::<String>::new(), "{path:?}");
    }
}

#[test]
fn the_schemas_are_schemas_of_their_draft() {
    for schema in [provider_schema(), test_schema()] {
        assert!(jsonschema::meta::is_valid(&schema));
    }
}

/// All files of a folder and of `flows/` in it, by language.
fn files(folder: &Path) -> Vec<(PathBuf, Language)> {
    let mut found = Vec::new();
    for folder in [folder.to_owned(), folder.join("flows")] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("toml") => found.push((path, Language::Toml)),
                Some("yaml" | "yml") => found.push((path, Language::Yaml)),
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What is wrong with a file by its schema and by the engine's own reading.
fn faults(path: &Path, language: Language) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a file");
    let node = match parse(&text, language, FileId(0)) {
        Ok(node) => node,
        Err(findings) => return findings.into_iter().map(|finding| finding.message).collect(),
    };
    let is_test = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".test"));
    let (schema, findings) = if is_test {
        (test_schema(), read::<Tests>(&node).1)
    } else {
        (provider_schema(), read::<Provider>(&node).1)
    };
    let mut faults = complaints(&validator(&schema), &node.to_json());
    faults.extend(findings.into_iter().map(|finding| finding.message));
    faults
}

#[test]
fn every_file_of_the_catalogue_agrees_with_its_schema() {
    for (path, language) in files(&root().join("providers.d")) {
        assert_eq!(faults(&path, language), Vec::<String>::new(), "{}", path.display());
    }
}

/// The schema must complain at exactly these places.
fn check_places(text: &str, language: Language, expect: &[&str]) {
    let schema = validator(&provider_schema());
    let value = json_of(text, language);
    let mut places: Vec<_> =
        schema.iter_errors(&value).map(|error| error.instance_path().to_string()).collect();
    places.sort();
    assert_eq!(places, expect, "{text}: {:#?}", complaints(&schema, &value));
}

#[test]
fn right_files_please_the_schema() {
    check_places("", Language::Toml, &[]);
    check_places(
        "name = 'Acme'\naliases = ['acme.example', 'a_b']\nstart = { login = ['a', 'b'] }\n",
        Language::Toml,
        &[],
    );
    check_places("[errors]\nexpired = { text = 'a', help = 'b' }\ndenied = 'c'\n", Language::Toml, &[]);
    check_places(
        "[states.a]\nevery = '1.5s'\nuntil = { value = '$.x', unit = 'unix-ms', max = '30m' }\n",
        Language::Toml,
        &[],
    );
    check_places(
        "states:\n  a:\n    on:\n      - if: { status: [200, 2xx], $.a: [1, x, true] }\n        to: b\n",
        Language::Yaml,
        &[],
    );
    check_places(
        "inputs: { key: { from: [{ env: A_KEY }, { command: [gh, auth] }], secret: true } }\n",
        Language::Yaml,
        &[],
    );
}

#[test]
fn wrong_files_are_pointed_at_where_they_are_wrong() {
    check_places("naem = 'x'\n", Language::Toml, &[""]);
    check_places("aliases = ['A b']\nstatus = 'gone'\n", Language::Toml, &["/aliases/0", "/status"]);
    check_places("[states.a]\nevery = '5 minutes'\n", Language::Toml, &["/states/a/every"]);
    check_places(
        "[states.a]\nevery = { value = 1, frist = 'wait' }\n",
        Language::Toml,
        &["/states/a/every", "/states/a/every/value"],
    );
    check_places(
        "[states.a]\nuntil = { value = '$.x', unit = 'minutes' }\n",
        Language::Toml,
        &["/states/a/until/unit"],
    );
    check_places(
        "[states.A]\non = [{ if = { stats = 200 }, to = 'b' }]\n",
        Language::Toml,
        &["/states", "/states/A/on/0/if"],
    );
    check_places("models:\n  - context: 0\n", Language::Yaml, &["/models/0", "/models/0/context"]);
    check_places(
        "docs:\ninputs: { a: { from: [{ env: 'A B' }] } }\n",
        Language::Yaml,
        &["/docs", "/inputs/a/from/0/env"],
    );
    check_places("start: { login: [] }\nerrors: { a: 1 }\n", Language::Yaml, &["/errors/a", "/start/login"]);
}
