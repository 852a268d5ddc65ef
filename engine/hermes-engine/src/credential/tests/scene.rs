//! A provider, a store with one credential, and a server that renews it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::Shared;
use hermes_format::source::Sources;
use hermes_format::time::UnixMs;
use hermes_machine::machine::Trouble;
use serde_json::{Value, json};

use super::super::*;
use super::server::{Reply, Server};
use crate::clock;
use crate::home::Home;
use crate::http::HttpOptions;
use crate::store::{AnyStore, FileStore, Snapshot, moment, wait};

pub(super) const ACME: &str = r#"
name  = "Acme"
start = { login = "ask" }

[vars]
client_id = "cli"

[api]
mode     = "chat_completions"
base_url = "https://api.example/v1"

[states.ask]
show = { url = "https://auth.example/verify" }
post = "https://auth.example/code"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { fail = "authorization_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
refresh = { to = "refresh", early = "60s" }
keep.client_id = "{{client_id}}"

[states.refresh]
post               = "https://auth.example/token"
form.grant_type    = "refresh_token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "invalid_grant" }, fail = "refresh_failed", relogin = true },
  { fail = "refresh_failed" },
]
"#;

pub(super) fn provider(text: &str) -> Shared {
    let file =
        FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: text.into() };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// A moment so many seconds from now, as the store writes it.
pub(super) fn at(seconds: i64) -> String {
    moment::write(UnixMs(clock::wall().0 + seconds * 1000))
}

/// A record whose token has so many seconds left of an hour.
pub(super) fn record(left: i64) -> Value {
    json!({
        "provider": "acme", "client_id": "cli", "token_type": "Bearer",
        "access_token": "a1", "refresh_token": "r1",
        "obtained_at": at(left - 3600), "expires_at": at(left), "expires_in": 3600,
        "origins": ["https://auth.example", "https://api.example"],
    })
}

/// A record with some members put in place, or taken out by null.
pub(super) fn with(mut record: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            record.as_object_mut().unwrap().remove(name);
        } else {
            record[name] = value.clone();
        }
    }
    record
}

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) provider: Shared,
    pub(super) inputs: Inputs,
    pub(super) vouched: Option<Shared>,
    pub(super) min_ttl: Option<Duration>,
    pub(super) rejected: Option<String>,
    pub(super) rejected_with: u16,
    pub(super) only: Option<String>,
    pub(super) server: Option<SocketAddr>,
}

impl Scene {
    /// A store that holds this record.
    pub(super) fn new(record: Value) -> Scene {
        let scene = Scene::empty(ACME);
        scene.put(record);
        scene
    }

    /// An empty store.
    pub(super) fn empty(file: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Scene {
            folder,
            provider: provider(file),
            inputs: Inputs::default(),
            vouched: None,
            min_ttl: None,
            rejected: None,
            rejected_with: 401,
            only: None,
            server: None,
        }
    }

    pub(super) fn at(self, server: &Server) -> Scene {
        Scene { server: Some(server.address), ..self }
    }

    pub(super) fn home(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The stored grants.
    pub(super) fn snapshot(&self) -> Snapshot {
        wait(AnyStore::grants(&self.store(), &scope(&self.provider))).unwrap()
    }

    pub(super) fn store(&self) -> FileStore {
        FileStore::open(Home::at(self.folder.path()))
    }

    /// Puts a record into the file, as another program would.
    pub(super) fn put(&self, record: Value) {
        let file = json!({
            "version": 1, "providers": { "acme": record }, "active_provider": "other",
            "credential_pool": { "acme": [{ "id": "aaaaaa", "refresh_token": record["refresh_token"], "access_token": record["access_token"] }] },
        });
        let path = self.folder.path().join("auth.json");
        fs::write(&path, serde_json::to_string_pretty(&file).unwrap()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(super) fn file(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.path().join("auth.json")).unwrap()).unwrap()
    }

    pub(super) fn stored(&self) -> Value {
        self.file()["providers"]["acme"].clone()
    }

    pub(super) fn ask(&self) -> Result<Credential, Error> {
        self.ask_at(&self.store())
    }

    /// Asks with this scene's provider and server at the store of another.
    pub(super) fn ask_at(&self, store: &FileStore) -> Result<Credential, Error> {
        token(&Request {
            io: None,
            stop: None,
            later: None,
            store,
            provider: &self.provider,
            region: None,
            inputs: &self.inputs,
            vouched: self.vouched.as_ref(),
            min_ttl: self.min_ttl,
            rejected: self.rejected.as_deref().map(|sha256| Rejected {
                sha256,
                status: self.rejected_with,
                retry_after: None,
            }),
            only: self.only.as_deref(),
            http: HttpOptions {
                timeout: Some(Duration::from_secs(5)),
                connect_to: self
                    .server
                    .map(|address| ("auth.example".to_owned(), address))
                    .into_iter()
                    .collect(),
                ..HttpOptions::default()
            },
        })
    }

    /// The access token that is handed out.
    #[track_caller]
    pub(super) fn token(&self) -> String {
        self.ask().unwrap().access_token.expose_secret().to_owned()
    }

    /// Why none is handed out.
    #[track_caller]
    pub(super) fn trouble(&self) -> Trouble {
        match self.ask() {
            Err(Error::Trouble(trouble)) => trouble,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn status(&self) -> Status {
        status(&self.snapshot(), &self.provider, &self.inputs, clock::wall())
    }
}

/// A server that renews a single-use refresh token: `r1` gives `a2` and `r2`, and so on; one that was spent is refused.
pub(super) fn single_use() -> Server {
    let current = std::sync::Mutex::new(1);
    Server::start(move |_, body| {
        let mut current = current.lock().unwrap();
        if !body.contains(&format!("refresh_token=r{current}")) {
            return Reply::Json(400, json!({ "error": "invalid_grant" }).to_string());
        }
        *current += 1;
        Reply::Json(200, tokens(*current))
    })
}

pub(super) fn tokens(n: usize) -> String {
    json!({ "access_token": format!("a{n}"), "refresh_token": format!("r{n}"), "expires_in": 3600 })
        .to_string()
}
