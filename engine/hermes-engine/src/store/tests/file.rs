use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hermes_format::secret::Secret;
use hermes_machine::machine::{Trouble, TroubleClass};

use super::super::*;
use super::scene::*;

#[test]
fn a_damaged_file_is_an_error_that_names_it_and_stays_as_it_is() {
    let damaged = [
        "",
        " ",
        "{",
        "[]",
        "null",
        "{\"providers\": []}",
        "{\"providers\": {\"acme\": 5}}",
        "{\"a\": NaN}",
        "{\"credential_pool\": \"x\"}",
        "{} {}",
    ];
    for damage in damaged {
        let (_folder, store) = store_with(damage);
        for error in [store.read().map(drop).unwrap_err(), store.commit(|d| d.activate("acme")).unwrap_err()]
        {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{damage}: {error}");
            assert!(error.to_string().contains("auth.json"), "{error}");
        }
        assert_eq!(text(&store), damage);
    }
}

#[test]
fn s25_an_error_never_quotes_the_file() {
    let (_folder, store) = store_with(r#"{"providers": {"acme": {"access_token": "s3cr3t" "x"}}}"#);
    assert!(!format!("{0} {0:?}", store.read().unwrap_err()).contains("s3cr3t"));
}

#[test]
fn a_folder_in_the_file_s_place_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("auth.json")).unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    assert!(matches!(store.read().unwrap_err(), StoreError::Unreadable { .. }));
    assert!(store.commit(|document| document.activate("acme")).is_err());
}

#[test]
fn s20_a_file_that_others_can_read_is_closed_to_them_with_a_warning() {
    let (folder, store) = store_with(HERMES);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = store.read().unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!((mode(folder.path()), mode(&store.path())), (0o700, 0o600));
    assert!(store.read().unwrap().warnings.is_empty());
}

#[test]
fn s20_files_are_for_their_owner_whatever_the_umask() {
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(Home::at(folder.path().join("home")));
    log_in(&store, "acme", &[]);
    store.with_grant("acme", Duration::ZERO, |held| held.journal(MAIN).begin(&intent())).unwrap().unwrap();
    rustix::process::umask(umask);
    let home = store.home().path();
    for (path, expect) in [("", 0o700), ("locks", 0o700), ("journal", 0o700)] {
        assert_eq!(mode(&home.join(path)), expect, "{path}");
    }
    for path in ["auth.json", "auth.lock", "locks/acme", "journal/acme"] {
        assert_eq!(mode(&home.join(path)), 0o600, "{path}");
    }
}

#[test]
fn s20_a_file_that_somebody_else_owns_is_refused() {
    let (_folder, store) = store_with(HERMES);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(store.path(), Some(12345), None).unwrap();
    let error = store.commit(|document| document.activate("acme")).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { owner: 12345, .. }), "{error}");
    assert_eq!(text(&store), HERMES);
}

#[test]
fn a_symlink_stays_one_and_its_target_is_replaced() {
    let (target_folder, target) = store_with(HERMES);
    let folder = tempfile::tempdir().unwrap();
    symlink(target.path(), folder.path().join("auth.json")).unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    renew(&store, &grant("a2", None));
    assert!(store.path().symlink_metadata().unwrap().is_symlink());
    assert_eq!(target.read().unwrap().record("acme").unwrap().access_token(), Some(Secret::new("a2")));
    let shared = target.with_grant("acme", Duration::ZERO, |_| {
        store.with_grant("acme", Duration::ZERO, |_| ()).map_err(|e| matches!(e, StoreError::Busy { .. }))
    });
    assert_eq!(shared.unwrap(), Err(true), "homes that share a file share the grant's lock");
    drop(target_folder);
}

#[test]
fn a_symlink_into_a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    symlink(folder.path().join("not/mounted/auth.json"), folder.path().join("auth.json")).unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    assert!(matches!(store.read().unwrap_err(), StoreError::Unreadable { .. }));
}

#[test]
fn s21_writers_lose_nothing_and_readers_see_whole_files() {
    let (_folder, store) = store_with(HERMES);
    let reads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = &store;
            scope.spawn(move || (0..10).for_each(|i| drop(log_in(store, &format!("p{writer}-{i}"), &[]))));
        }
        scope.spawn(|| {
            while store.read().unwrap().providers().len() < 82 {
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    assert_eq!(store.read().unwrap().providers().len(), 82);
    let left: Vec<_> = fs::read_dir(store.home().path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "auth.json and auth.lock only: {left:?}");
}

#[test]
fn what_a_killed_writer_left_is_swept_away() {
    let (folder, store) = store_with(HERMES);
    let left = folder.path().join(".auth.json.abc123.new");
    fs::write(&left, "half").unwrap();
    log_in(&store, "acme", &[]);
    assert!(!left.exists());
}

#[test]
fn a_file_lock_that_another_program_holds_is_waited_for() {
    let (folder, store) = store_with(HERMES);
    let lock = fs::File::create(folder.path().join("auth.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| log_in(&store, "acme", &[]));
        // It writes nothing before the lock is free, and needs far less time for it.
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!(text(&store), HERMES);
        assert!(!writer.is_finished());
        drop(lock);
        assert_eq!(writer.join().unwrap().access_token(), Some(Secret::new("n")));
    });
}

#[test]
fn one_grant_has_one_holder_and_others_go_on() {
    let (_folder, store) = store_with(HERMES);
    store
        .with_grant("acme", Duration::ZERO, |_| {
            let again = store.with_grant("acme", Duration::from_millis(1), |_| ());
            assert!(matches!(again, Err(StoreError::Busy { .. })));
            store.with_grant("other", Duration::ZERO, |_| ()).unwrap();
        })
        .unwrap();
    assert_eq!(Trouble::from(StoreError::Busy { path: "x".into() }).class, TroubleClass::Retry);
}

#[test]
fn an_id_that_is_no_id_can_name_no_file_elsewhere() {
    for id in ["../../x", "a/b", "", "Acme", "."] {
        assert_eq!(file_name(id).len(), 64, "{id}");
    }
    assert_eq!(file_name("acme-2"), "acme-2");
}

#[test]
fn a_byte_order_mark_is_read_over_and_not_written_again() {
    let (_folder, store) = store_with(&format!("\u{feff}{HERMES}"));
    renew(&store, &grant("a2", Some("r2")));
    assert!(text(&store).starts_with('{'));
    assert_eq!(store.read().unwrap().record("acme").unwrap().access_token(), Some(Secret::new("a2")));
}
