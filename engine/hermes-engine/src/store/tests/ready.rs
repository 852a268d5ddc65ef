//! A store that can't be used is found out before it is needed.

use std::fs;

use super::super::*;
use super::scene::*;

#[test]
fn a_store_that_a_login_could_not_be_kept_in_is_found_out_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(Home::at(folder.path().join("home")));
    store.prove_ready("acme").unwrap();
    assert!(!store.path().exists(), "nothing is written but the proof, and that is gone");
    let names = fs::read_dir(store.home().path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| name == "locks" || name == "auth.lock"));
    fs::write(store.path(), "{broken").unwrap();
    assert!(matches!(store.prove_ready("acme"), Err(StoreError::Corrupt { .. })));
    fs::write(store.path(), HERMES).unwrap();
    store.prove_ready("acme").unwrap();
    store.with_grant("acme", std::time::Duration::ZERO, |_| store.prove_ready("acme")).unwrap().unwrap();
    fs::remove_file(store.home().auth_lock()).unwrap();
    fs::create_dir(store.home().auth_lock()).unwrap();
    assert!(matches!(store.prove_ready("acme"), Err(StoreError::Unwritable { .. })));
}

#[test]
fn a_look_at_the_store_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(Home::at(folder.path().join("home")));
    store.look_ready().unwrap();
    assert!(!store.home().path().exists());
    store.home().create().unwrap();
    store.look_ready().unwrap();
    assert_eq!(fs::read_dir(store.home().path()).unwrap().count(), 0);
    fs::write(store.home().locks_dir(), "in the way").unwrap();
    assert!(matches!(store.look_ready(), Err(StoreError::Unwritable { .. })));
}

#[test]
fn unfinished_renewals_are_told_by_their_provider() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    assert!(store.unfinished().is_empty());
    fs::create_dir(store.home().journal_dir()).unwrap();
    fs::write(store.home().journal_dir().join("acme"), "").unwrap();
    fs::write(store.home().journal_dir().join("acme.0f0f0f"), "").unwrap();
    assert_eq!(store.unfinished().into_iter().collect::<Vec<_>>(), ["acme"]);
}
