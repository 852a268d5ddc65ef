use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hermes_engine_core::machine::{Grant, Response, Trouble, TroubleClass};
use hermes_engine_core::origin::Origins;
use hermes_engine_core::secret::Secret;
use hermes_engine_core::time::UnixMs;
use serde_json::{Map, Value, json};

use super::*;

const HERMES: &str = r#"{
  "version": 1,
  "providers": {
    "acme": {
      "provider": "acme",
      "region": "global",
      "client_id": "c",
      "access_token": "a1",
      "refresh_token": "r1",
      "resource_url": null,
      "obtained_at": "2026-11-22T01:41:17.033025+00:00",
      "expires_at": "2026-11-23T01:41:17.033025+00:00",
      "expires_in": 86400,
      "later": {"n": 1.10E+2, "s": "caf\u00e9 \ud800"}
    },
    "other": {
      "tokens": {
        "access_token": "oa",
        "refresh_token": "or",
        "id_token": "oi"
      },
      "last_refresh": "2026-11-22T01:41:17Z",
      "auth_mode": "chatgpt"
    }
  },
  "active_provider": "other",
  "updated_at": "2026-11-22T01:41:36.692221+00:00",
  "credential_pool": {
    "acme": [
      {
        "id": "eeae18",
        "source": "oauth",
        "access_token": "a1",
        "refresh_token": "r1",
        "last_status": "dead",
        "last_error_code": 401,
        "expires_at_ms": 1795398077033,
        "request_count": 12345678901234567890123
      },
      {"id": "ffff00", "refresh_token": "else", "last_status": "dead", "tls":  true}
    ]
  },
  "suppressed_sources": {
    "acme": ["oauth"],
    "other": ["env"]
  },
  "unknown": [1,  2]
}
"#;

fn store_with(text: &str) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("auth.json"), text).unwrap();
    fs::set_permissions(folder.path().join("auth.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let store = Store::open(Home::at(folder.path()));
    (folder, store)
}

fn grant(access: &str, refresh: Option<&str>) -> Grant {
    Grant {
        access_token: Secret::new(access),
        refresh_token: refresh.map(Secret::new),
        token_type: None,
        obtained_at: UnixMs(1_795_400_000_000),
        expires_at: Some(UnixMs(1_795_403_600_000)),
        keep: Map::from_iter([("client_id".to_owned(), json!("c2"))]),
        notice: None,
        region: Some("global".to_owned()),
        origins: Origins(vec!["https://auth.example".to_owned()]),
    }
}

fn renew(store: &Store, grant: &Grant) {
    let origins = Origins(vec!["https://bound.example".to_owned()]);
    store
        .commit(|document| {
            let before = document.record("acme").unwrap();
            let mut after = before.clone();
            after.renew(grant, &origins, UnixMs(1_795_400_000_500));
            document.put("acme", Some(&before), &after);
        })
        .unwrap();
}

fn text(store: &Store) -> String {
    fs::read_to_string(store.path()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The file without the time of its last change, which every write moves.
fn without_stamp(text: &str) -> String {
    text.lines().filter(|line| !line.contains("\"updated_at\"")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_refresh_changes_its_own_grant_and_nothing_else() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &grant("a2", Some("r2")));
    let expect = HERMES
        .replace("\"client_id\": \"c\"", "\"client_id\": \"c2\"")
        .replace("\"a1\"", "\"a2\"")
        .replace("\"r1\"", "\"r2\"")
        .replace("2026-11-22T01:41:17.033025+00:00\",\n      \"expires_at\": \"2026-11-23T01:41:17.033025", "2026-11-23T02:13:20.000000+00:00\",\n      \"expires_at\": \"2026-11-23T03:13:20.000000")
        .replace("\"expires_in\": 86400", "\"expires_in\": 3600")
        .replace("\"expires_at_ms\": 1795398077033", "\"expires_at_ms\": 1795403600000")
        .replace("\"last_status\": \"dead\",\n        \"last_error_code\": 401", "\"last_status\": null,\n        \"last_error_code\": null")
        .replace("\\ud800\"}", "\\ud800\"},\n      \"generation\": 1,\n      \"origins\": [\n        \"https://bound.example\"\n      ],\n      \"last_redeem_at\": \"2026-11-23T02:13:20.500000+00:00\"");
    assert_eq!(without_stamp(&text(&store)), without_stamp(&expect));
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let (_folder, store) = store_with("{ \"providers\" : {} }");
    store.commit(|document| assert!(document.record("acme").is_none())).unwrap();
    assert_eq!(text(&store), "{ \"providers\" : {} }");
}

#[test]
fn s30_a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    for refresh in [None, Some("")] {
        let (_folder, store) = store_with(HERMES);
        renew(&store, &grant("a2", refresh));
        let record = store.read().unwrap().record("acme").unwrap();
        assert_eq!(record.refresh_token(), Some(Secret::new("r1")));
        assert_eq!(record.access_token(), Some(Secret::new("a2")));
    }
}

#[test]
fn a_refresh_without_a_lifetime_makes_it_unknown() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &Grant { expires_at: None, ..grant("a2", None) });
    assert_eq!(store.read().unwrap().record("acme").unwrap().expiry(), Expiry::Unknown);
}

#[test]
fn a_refresh_never_widens_the_origins() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &grant("a2", None));
    renew(&store, &Grant { origins: Origins(vec!["https://evil.example".to_owned()]), ..grant("a3", None) });
    let origins = store.read().unwrap().record("acme").unwrap().origins().unwrap();
    assert_eq!(origins.0, ["https://bound.example"]);
}

fn log_in(store: &Store, provider: &str, place: &[String]) -> Record {
    store
        .commit(|document| {
            let before = document.record_at(provider, place);
            let record = Record::of_login(provider, before.as_ref(), &grant("n", Some("m")), place);
            document.put(provider, before.as_ref(), &record);
            document.activate(provider);
        })
        .unwrap();
    store.read().unwrap().record_at(provider, place).unwrap()
}

#[test]
fn a_login_replaces_the_record_activates_its_provider_and_ends_its_suppression() {
    let (_folder, store) = store_with(HERMES);
    log_in(&store, "acme", &[]);
    let file: Value = serde_json::from_str(&text(&store).replace("\\ud800", "")).unwrap();
    assert_eq!(
        file["providers"]["acme"],
        json!({
            "provider": "acme", "region": "global", "client_id": "c2", "token_type": "Bearer",
            "access_token": "n", "refresh_token": "m",
            "obtained_at": "2026-11-23T02:13:20.000000+00:00", "expires_at": "2026-11-23T03:13:20.000000+00:00",
            "expires_in": 3600, "generation": 1, "origins": ["https://auth.example"],
        })
    );
    assert_eq!(file["active_provider"], "acme");
    assert_eq!(file["suppressed_sources"], json!({ "other": ["env"] }));
    assert_eq!(file["credential_pool"]["acme"][0]["refresh_token"], "m");
    assert_eq!(file["credential_pool"]["acme"][1]["refresh_token"], "else");
}

#[test]
fn nested_tokens_are_read_and_written_where_they_are() {
    let (_folder, store) = store_with(HERMES);
    let place = ["tokens".to_owned()];
    let before = store.read().unwrap().record_at("other", &place).unwrap();
    assert_eq!(before.access_token(), Some(Secret::new("oa")));
    assert_eq!(before.token()["id_token"], "oi");
    assert_eq!(before.token()["auth_mode"], "chatgpt");
    let after = log_in(&store, "other", &place);
    assert_eq!((after.access_token(), after.generation()), (Some(Secret::new("n")), 1));
    let file = text(&store);
    assert!(file.contains("\"auth_mode\": \"chatgpt\"") && !file.contains("\"oi\""), "{file}");
}

#[test]
fn the_first_login_makes_a_file_that_hermes_agent_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Home::at(folder.path().join("new/home")));
    assert!(store.read().unwrap().providers().is_empty());
    assert!(!store.home().path().exists(), "reading leaves no trace");
    log_in(&store, "acme", &[]);
    let written = text(&store);
    assert!(written.starts_with("{\n  \"version\": 1,\n  \"providers\": {\n    \"acme\": {\n"), "{written}");
    assert!(written.ends_with("\n}\n"));
    assert_eq!((mode(store.home().path()), mode(&store.path())), (0o700, 0o600));
}

#[test]
fn removal_takes_every_copy() {
    let (_folder, store) = store_with(HERMES);
    log_in(&store, "acme", &[]);
    assert!(store.commit(|document| document.remove("acme")).unwrap());
    assert!(!store.commit(|document| document.remove("acme")).unwrap());
    let document = store.read().unwrap();
    assert_eq!(document.providers(), ["other"]);
    assert_eq!(document.active_provider(), None);
    assert!(!text(&store).contains("\"acme\""));
}

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
    let store = Store::open(Home::at(folder.path()));
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
    let store = Store::open(Home::at(folder.path().join("home")));
    log_in(&store, "acme", &[]);
    store.with_grant("acme", Duration::ZERO, |held| held.journal().begin(&intent())).unwrap().unwrap();
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
    let store = Store::open(Home::at(folder.path()));
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
    let store = Store::open(Home::at(folder.path()));
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
        // However long the writer is given, it writes nothing before the lock is free.
        (0..100).for_each(|_| assert_eq!(text(&store), HERMES));
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
fn a_grant_moves_with_its_tokens_and_generation_but_not_when_it_is_wiped() {
    let (_folder, store) = store_with(HERMES);
    let before = store.read().unwrap().record("acme").unwrap();
    assert!(!before.moved_from(&before));
    renew(&store, &grant("a2", Some("r2")));
    assert!(store.read().unwrap().record("acme").unwrap().moved_from(&before));
    let (_folder, wiped) = store_with(r#"{"providers": {"acme": {"provider": "acme"}}}"#);
    assert!(!wiped.read().unwrap().record("acme").unwrap().moved_from(&before));
    let (_folder, theirs) =
        store_with(r#"{"providers": {"acme": {"access_token": "a9", "refresh_token": "r9"}}}"#);
    assert!(theirs.read().unwrap().record("acme").unwrap().moved_from(&before));
}

#[test]
fn a_mark_keeps_the_tokens_and_is_void_for_others() {
    let (_folder, store) = store_with(HERMES);
    let trouble = Trouble {
        code: "refresh_failed".to_owned(),
        class: TroubleClass::Login,
        state: None,
        message: "spent".to_owned(),
        help: None,
        relogin: true,
    };
    let mut record = store.read().unwrap().record("acme").unwrap();
    record.mark_relogin("acme", &trouble, UnixMs(0));
    assert_eq!(record.refresh_token(), Some(Secret::new("r1")));
    assert_eq!(record.relogin_mark().unwrap().message, "spent");
    let mut newer = record.object().clone();
    newer.set("refresh_token", "r9");
    assert_eq!(Record::new(newer, &[]).relogin_mark(), None);
    let hermes = r#"{"providers": {"acme": {"last_auth_error": {"code": "invalid_grant", "relogin_required": true}}}}"#;
    let (_folder, theirs) = store_with(hermes);
    assert_eq!(theirs.read().unwrap().record("acme").unwrap().relogin_mark().unwrap().code, "invalid_grant");
}

fn intent() -> Intent {
    Intent { generation: 3, refresh_token_sha256: Some(sha256("r1")), started_at: 7 }
}

fn answer(body: &[u8]) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Answer::new(
        "refresh",
        UnixMs(9),
        &Response { status: 200, headers, body: body.to_vec(), truncated: false },
    )
}

#[test]
fn a_journal_brings_back_what_was_in_hand() {
    let (folder, store) = store_with(HERMES);
    store
        .with_grant("acme", Duration::ZERO, |held| {
            let mut journal = held.journal();
            assert!(journal.pending().unwrap().is_none());
            journal.begin(&intent()).unwrap();
            assert!(store.is_unfinished("acme"));
            journal.note(&answer(b"\xff\x00{}")).unwrap();
            let pending = held.journal().pending().unwrap().unwrap();
            assert_eq!(pending.intent, intent());
            assert_eq!(pending.answers[0].response().body, b"\xff\x00{}");
            assert_eq!(
                (mode(&folder.path().join("journal")), mode(&folder.path().join("journal/acme"))),
                (0o700, 0o600)
            );
            let mut later = held.journal();
            later.resume().unwrap();
            later.note(&answer(b"second")).unwrap();
            assert_eq!(held.journal().pending().unwrap().unwrap().answers.len(), 2);
            later.clear().unwrap();
            later.clear().unwrap();
        })
        .unwrap();
    assert!(!store.is_unfinished("acme"));
}

#[test]
fn a_journal_that_was_cut_anywhere_yields_what_was_durable() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| held.journal().begin(&intent())).unwrap().unwrap();
    let path = folder.path().join("journal/acme");
    let first = fs::read(&path).unwrap().len();
    fs::write(
        &path,
        [fs::read(&path).unwrap(), serde_json::to_vec(&answer(b"{}")).unwrap(), b"\n".to_vec()].concat(),
    )
    .unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let pending =
            store.with_grant("acme", Duration::ZERO, |held| held.journal().pending()).unwrap().unwrap();
        let expect = (cut >= first).then(|| usize::from(cut == whole.len()));
        assert_eq!(pending.map(|p| p.answers.len()), expect, "cut at {cut} of {}", whole.len());
    }
}

#[test]
fn readiness_is_proved_without_a_trace() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| held.prove_ready()).unwrap().unwrap();
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "auth.json and locks/");
    assert_eq!(text(&store), HERMES);
}
