//! A file as Hermes Agent writes it, and what is done to it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Grant, Response};
use serde_json::{Map, json};

use super::super::*;

pub(super) const HERMES: &str = r#"{
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

pub(super) fn store_with(text: &str) -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("auth.json"), text).unwrap();
    fs::set_permissions(folder.path().join("auth.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let store = FileStore::open(Home::at(folder.path()));
    (folder, store)
}

pub(super) fn grant(access: &str, refresh: Option<&str>) -> Grant {
    Grant {
        warnings: Vec::new(),
        access_token: Secret::new(access),
        refresh_token: refresh.map(Secret::new),
        token_type: None,
        obtained_at: UnixMs(1_795_400_000_000),
        expires_at: Some(UnixMs(1_795_403_600_000)),
        keep: Map::from_iter([("client_id".to_owned(), json!("c2"))]),
        notice: None,
        account: None,
        region: Some("global".to_owned()),
        origins: Origins(vec!["https://auth.example".to_owned()]),
    }
}

pub(super) fn renew(store: &FileStore, grant: &Grant) {
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

pub(super) fn text(store: &FileStore) -> String {
    fs::read_to_string(store.path()).unwrap()
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The file without the time of its last change, which every write moves.
pub(super) fn without_stamp(text: &str) -> String {
    text.lines().filter(|line| !line.contains("\"updated_at\"")).map(|line| format!("{line}\n")).collect()
}

pub(super) fn log_in(store: &FileStore, provider: &str, place: &[String]) -> Record {
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

pub(super) fn intent() -> Intent {
    Intent {
        slot: Some(MAIN.to_owned()),
        generation: 3,
        refresh_token_sha256: Some(sha256("r1")),
        started_at: 7,
    }
}

pub(super) fn answer(body: &[u8]) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Answer::new(
        "refresh",
        UnixMs(9),
        &Response { status: 200, headers, body: body.to_vec(), truncated: false },
    )
}
