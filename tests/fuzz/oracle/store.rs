//! `auth.json` as any program may have left it: it is read or refused, and a renewal changes its own grant and nothing
//! else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hermes_engine::home::Home;
use hermes_engine::store::{Document, FileStore};
use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::Grant;
use indexmap::IndexMap;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use tempfile::TempDir;

/// The provider whose grant is renewed.
const OWN: &str = "acme";
/// The members of the file that a renewal may write, or writes into.
const CHANGED: [&str; 4] = ["version", "updated_at", "providers", "credential_pool"];
/// The members of a record that a renewal may write.
const RENEWED: [&str; 21] = [
    "access_token",
    "refresh_token",
    "obtained_at",
    "expires_at",
    "expires_at_ms",
    "expires_in",
    "client_id",
    "generation",
    "origins",
    "last_redeem_at",
    "last_auth_error",
    "refresh_pause",
    "refresh_tokens_sha256",
    "row_tokens_sha256",
    "token_type",
    "last_status",
    "last_status_at",
    "last_error_code",
    "last_error_reason",
    "last_error_message",
    "last_error_reset_at",
];

/// The members of an object with their texts, byte for byte.
type Members = IndexMap<String, Box<RawValue>>;

/// Takes any bytes as the file.
pub fn holds(data: &[u8]) {
    let (_folder, store) = store_with(data);
    let Ok(document) = store.read() else {
        assert!(store.commit(|_| ()).is_err(), "what can't be read is written");
        return assert_eq!(
            fs::read(store.path()).ok().as_deref(),
            Some(data),
            "what can't be read is changed"
        );
    };
    is_told(&document);
    let renewed = store.commit(renew).unwrap_or_else(|error| panic!("{error}"));
    let after = fs::read(store.path()).unwrap_or_default();
    if !renewed {
        return assert_eq!(after, data, "nothing changed, and it is written");
    }
    let (before, after) = (members(data), members(&after));
    are_kept(&before, &after, &CHANGED);
    for name in ["providers", "credential_pool"] {
        are_kept(&inner(&before, name), &inner(&after, name), &[OWN]);
    }
    let record = |file: &Members| inner(&inner(file, "providers"), OWN);
    are_kept(&record(&before), &record(&after), &RENEWED);
    let record = store.read().ok().and_then(|document| document.record(OWN));
    assert_eq!(record.and_then(|record| record.access_token()), Some(Secret::new("new-access")));
}

/// Everything that is asked of a file can be asked of this one.
fn is_told(document: &Document) {
    let _ = document.active_provider();
    for provider in document.providers() {
        for place in [&[][..], &["tokens".to_owned()]] {
            let slots = document.slots(&provider, place);
            for slot in &slots {
                let _ = (slot.name(), slot.rest(UnixMs(0)), slot.holds_tokens());
            }
            for record in
                document.record_at(&provider, place).iter().chain(slots.iter().map(|slot| &slot.record))
            {
                let _ = (record.expiry(), record.pause(), record.relogin_mark(), record.last_redeem_at());
                let _ =
                    (record.token(), record.inputs(), record.made_from(), record.origins(), record.region());
            }
        }
    }
}

/// Renews the grant, as a refresh does. Tells whether there was one.
fn renew(document: &mut Document) -> bool {
    let Some(before) = document.record(OWN) else { return false };
    let grant = Grant {
        warnings: Vec::new(),
        access_token: Secret::new("new-access"),
        refresh_token: Some(Secret::new("new-refresh")),
        token_type: None,
        obtained_at: UnixMs(1_795_400_000_000),
        expires_at: Some(UnixMs(1_795_403_600_000)),
        keep: Map::from_iter([("client_id".to_owned(), json!("c"))]),
        notice: None,
        account: None,
        region: None,
        origins: Origins::default(),
    };
    let mut after = before.clone();
    after.renew(&grant, &Origins::default(), UnixMs(1_795_400_000_500));
    document.put(OWN, Some(&before), &after);
    true
}

fn store_with(data: &[u8]) -> (TempDir, FileStore) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.unwrap_or_else(|error| panic!("{error}"));
    let store = FileStore::open(Home::at(folder.path()));
    let written = fs::write(store.path(), data);
    let closed = written.and_then(|()| fs::set_permissions(store.path(), fs::Permissions::from_mode(0o600)));
    closed.unwrap_or_else(|error| panic!("{error}"));
    (folder, store)
}

/// The object in a text, behind the mark of the byte order that some editors write.
fn members(text: &[u8]) -> Members {
    serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
        .unwrap_or_else(|error| panic!("no object any more: {error}"))
}

/// The members of a member; none where it is no object.
fn inner(members: &Members, name: &str) -> Members {
    members.get(name).and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

/// All members but some are there after as they were before, in their order.
fn are_kept(before: &Members, after: &Members, but: &[&str]) {
    let kept = |members: &Members| -> Vec<(String, String)> {
        let others = members.iter().filter(|(name, _)| !but.contains(&name.as_str()));
        others.map(|(name, value)| (name.clone(), value.get().to_owned())).collect()
    };
    assert_eq!(kept(before), kept(after));
}
