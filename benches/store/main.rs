//! What a fresh token costs among many accounts of one provider: the file is read as a whole, its rows as far as they are
//! needed.
//!
//! ```console
//! $ cargo bench -p hermes-engine-cli --bench store
//! ```
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use divan::Bencher;
use hermes_engine::catalog::{Catalog, Folders};
use hermes_engine::credential::{self, Request};
use hermes_engine::home::Home;
use hermes_engine::http::HttpOptions;
use hermes_engine::input::Inputs;
use hermes_engine::store::FileStore;
use serde_json::{Value, json};
use tempfile::TempDir;

const ID: &str = "minimax-oauth";
const ACCOUNTS: [usize; 3] = [1, 100, 1000];

fn main() {
    divan::main();
}

/// A store with this many accounts, as the engine itself writes them.
fn store(accounts: usize) -> (TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let tokens = |n: usize| {
        json!({
            "access_token": format!("{n:0>400}"), "refresh_token": format!("r{n:0>400}"), "region": "global",
            "obtained_at": "2026-01-01T00:00:00+00:00", "origins": ["https://api.minimax.io"], "generation": 3,
        })
    };
    let row = |n: usize| {
        let mut row = tokens(n);
        row["id"] = json!(format!("{n:06x}"));
        row["label"] = json!(format!("account-{n}"));
        row["auth_type"] = json!("oauth");
        row["source"] = json!("manual:device_code");
        row["priority"] = json!(n);
        row
    };
    let rows: Vec<Value> = (1..accounts).map(row).collect();
    let kept: serde_json::Map<String, Value> =
        (1..accounts).map(|n| (format!("{n:06x}"), json!({ "region": "global" }))).collect();
    let file = json!({
        "version": 1, "providers": { ID: tokens(0) }, "credential_pool": { ID: rows },
        "hermes_engine_rows": { ID: kept },
    });
    let path = folder.path().join("auth.json");
    fs::write(&path, serde_json::to_string_pretty(&file).unwrap()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    (folder, store)
}

#[divan::bench(args = ACCOUNTS)]
fn fresh_token(bencher: Bencher<'_, '_>, accounts: usize) {
    let (_folder, store) = store(accounts);
    let catalog = Catalog::new(&Folders::default());
    let provider = catalog.open(&catalog.find(ID).unwrap()).unwrap().provider.unwrap();
    let inputs = Inputs::default();
    bencher.bench_local(|| {
        let request = Request {
            store: &store,
            provider: &provider,
            region: None,
            inputs: &inputs,
            vouched: None,
            min_ttl: None,
            rejected: None,
            only: None,
            http: HttpOptions::default(),
            io: None,
            stop: None,
            later: None,
        };
        credential::token(&request).unwrap()
    });
}

#[divan::bench(args = ACCOUNTS)]
fn commit_of_one_account(bencher: Bencher<'_, '_>, accounts: usize) {
    let (_folder, store) = store(accounts);
    bencher.bench_local(|| store.commit(|document| document.activate(ID)).unwrap());
}
