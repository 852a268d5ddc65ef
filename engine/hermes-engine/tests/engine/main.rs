//! The door of the library, used as an agent uses it, against a server that the library did not make.

mod cancel;
mod server;
mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hermes_engine::{BoxFuture, Engine, ErrorKind, Page, Question, Rejection, Secret, Ui};
use server::Server;
use tempfile::TempDir;

const ACME: &str = r#"
name    = "Acme"
extends = "device-code"
models  = ["acme-large", { id = "acme-small", aliases = ["small"] }]

[vars]
client_id  = "acme-cli"
scope      = "models:read"
device_url = "https://auth.acme.example/device"
token_url  = "https://auth.acme.example/token"

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

/// A home, a folder of provider files and a server.
pub(crate) struct Scene {
    home: TempDir,
    pub(crate) server: Server,
}

impl Scene {
    pub(crate) fn new(life: u64) -> Scene {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join("files")).expect("a folder");
        std::fs::write(home.path().join("files/acme.toml"), ACME).expect("a file");
        Scene { home, server: Server::start(life) }
    }

    pub(crate) async fn engine(&self) -> Engine {
        engine(self.home.path(), self.server.address).await
    }

    /// An engine whose credentials are in this store.
    pub(crate) async fn engine_with(&self, store: impl hermes_engine::store::Store) -> Engine {
        builder(self.home.path(), self.server.address).store(store).build().await.expect("an engine")
    }

    /// A file of the home.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join("home").join(name)
    }

    pub(crate) async fn logged_in(life: u64) -> (Scene, Engine) {
        let scene = Scene::new(life);
        let engine = scene.engine().await;
        engine.account("acme").expect("a name").login(Silent).await.expect("a login");
        (scene, engine)
    }

    pub(crate) fn auth_json(&self) -> String {
        std::fs::read_to_string(self.home.path().join("home/auth.json")).unwrap_or_default()
    }

    /// Whether a renewal was left unfinished.
    pub(crate) fn has_journal(&self) -> bool {
        let journals = std::fs::read_dir(self.home.path().join("home/journal"));
        journals.is_ok_and(|mut files| files.next().is_some())
    }
}

async fn engine(root: &Path, address: SocketAddr) -> Engine {
    builder(root, address).build().await.expect("an engine")
}

fn builder(root: &Path, address: SocketAddr) -> hermes_engine::EngineBuilder {
    Engine::builder()
        .home(root.join("home"))
        .providers_dir(root.join("files"))
        .connect_to("auth.acme.example", address)
        .environment(|_| None)
        .timeout(Duration::from_secs(10))
}

/// A user who looks on.
pub(crate) struct Silent;

impl Ui for Silent {
    fn show(&self, _: &Page) {}
}

#[tokio::test]
async fn without_a_login_access_asks_for_one() {
    let scene = Scene::new(3600);
    let engine = scene.engine().await;
    let error = engine.account("acme").unwrap().access().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    let error = engine.account("acmee").unwrap().access().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert!(error.help().is_some_and(|help| help.contains("acme")), "{error:?}");
}

#[tokio::test]
async fn a_login_shows_its_page_and_gives_access() {
    struct Watching(std::sync::Arc<Mutex<Vec<Page>>>);
    impl Ui for Watching {
        fn show(&self, page: &Page) {
            self.0.lock().unwrap().push(page.clone());
        }
    }
    let scene = Scene::new(3600);
    scene.server.answer_pending(1);
    let engine = scene.engine().await;
    let pages = std::sync::Arc::new(Mutex::default());
    engine.account("acme").unwrap().login(Watching(pages.clone())).await.expect("a login");
    let pages = std::mem::take(&mut *pages.lock().unwrap());
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0].code.as_deref(), Some("WDJB-MJHT"));
    let access = engine.account("acme").unwrap().access().await.expect("access");
    assert_eq!(access.token().expose_secret(), "access-0");
    assert_eq!(access.model(), Some("acme-large"));
    assert_eq!(access.url("models").unwrap().as_str(), "https://auth.acme.example/v1/models");
    assert!(access.headers()["authorization"].is_sensitive());
    let small = engine.account("acme").unwrap().access().model("small").await.expect("access");
    assert_eq!(small.model(), Some("acme-small"));
    assert_eq!(scene.server.connections(), 1, "one login, one connection");
}

#[tokio::test]
async fn ten_thousand_callers_of_an_expired_grant_redeem_it_once() {
    let (scene, engine) = Scene::logged_in(1).await;
    scene.server.live(3600);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let account = engine.account("acme").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let account = account.clone();
        calls.spawn(async move { account.access().await });
    }
    while let Some(access) = calls.join_next().await {
        assert_eq!(access.unwrap().expect("access").token().expose_secret(), "access-1");
    }
    assert_eq!((scene.server.refreshes(), scene.server.reuses()), (1, 0));
}

#[tokio::test]
async fn a_rejected_token_is_replaced_and_a_rejection_of_an_old_one_is_ignored() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    let first = account.access().await.expect("access");
    account.reject(&first, Rejection::status(500)).await.unwrap();
    assert_eq!(account.access().await.unwrap().token(), first.token());
    account.reject(&first, Rejection::status(401)).await.unwrap();
    let second = account.access().await.expect("access");
    assert_eq!(second.token().expose_secret(), "access-1");
    account.reject(&first, Rejection::status(401)).await.unwrap();
    assert_eq!(account.access().await.unwrap().token(), second.token());
    assert_eq!(scene.server.refreshes(), 1);
}

#[tokio::test]
async fn a_limited_account_gives_way_to_another() {
    let (_scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    account.clone().labelled("work").login(Silent).await.expect("a second login");
    let first = account.access().await.expect("access");
    let limited = Rejection::status(429).retry_after(Duration::from_secs(600));
    account.reject(&first, limited).await.unwrap();
    assert_ne!(account.access().await.expect("access").token(), first.token());
}

#[tokio::test]
async fn the_only_account_is_refused_under_a_limit_unless_limits_are_ignored() {
    let (_scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    let first = account.access().await.expect("access");
    account.reject(&first, Rejection::status(429).retry_after(Duration::from_secs(600))).await.unwrap();
    assert_eq!(account.access().await.unwrap_err().code(), "rate_limited");
    assert_eq!(account.access().ignoring_limits().await.expect("access").token(), first.token());
}

#[tokio::test]
async fn what_a_file_says_needs_no_login() {
    let scene = Scene::new(3600);
    let account = scene.engine().await.account("acme").unwrap();
    let info = account.provider().await.expect("a file");
    assert_eq!((info.id(), info.mode(), info.has_routes()), ("acme", Some("chat_completions"), false));
    assert_eq!((info.model("small"), info.model("other")), (Some("acme-small"), None));
}

#[tokio::test]
async fn another_process_change_is_seen_within_a_second() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    let first = account.access().await.expect("access");
    // Another engine on the same home is another process for this one.
    let other = scene.engine().await;
    let theirs = other.account("acme").unwrap();
    let seen = theirs.access().await.expect("access");
    theirs.reject(&seen, Rejection::status(401)).await.unwrap();
    let renewed = theirs.access().await.expect("access");
    assert_ne!(renewed.token(), first.token());
    let begun = Instant::now();
    while account.access().await.expect("access").token() != renewed.token() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.server.refreshes(), 1);
}

#[tokio::test]
async fn min_ttl_renews_a_token_that_expires_sooner() {
    let (scene, engine) = Scene::logged_in(300).await;
    scene.server.live(3600);
    let account = engine.account("acme").unwrap();
    assert_eq!(account.access().await.unwrap().token().expose_secret(), "access-0");
    let longer = account.access().min_ttl(Duration::from_secs(600)).await.expect("access");
    assert_eq!(longer.token().expose_secret(), "access-1");
    assert_eq!(account.access().await.unwrap().token().expose_secret(), "access-1");
    assert_eq!(scene.server.refreshes(), 1);
}

#[test]
fn two_runtimes_and_a_plain_thread_share_one_engine() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (one, two) = (runtime(), runtime());
    let (scene, engine) = one.block_on(Scene::logged_in(3600));
    let account = engine.account("acme").unwrap();
    let renewed = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            let access = account.access().await.expect("access");
            account.reject(&access, Rejection::status(401)).await.unwrap();
            account.access().await.expect("access")
        })
    };
    // The first runtime is alive and not driven while the second asks.
    let first = renewed(&one);
    let second = renewed(&two);
    assert_ne!(first.token(), second.token());
    drop(one);
    let third = renewed(&two);
    assert_ne!(second.token(), third.token());
    assert_eq!((scene.server.refreshes(), scene.server.reuses()), (3, 0));
}

/// A login whose page shows a code that the user pastes.
const PASTE: &str = r#"
name   = "Acme"
models = ["acme-large"]
start  = { login = "page" }

[states.page]
open                        = "https://auth.acme.example/authorize"
paste                       = true
until                       = "30s"
query.state                 = "{{random.state}}"
query.code_challenge        = "{{pkce.challenge}}"
query.code_challenge_method = "S256"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { unless = { exists = ["$.code"] },            fail = "authorization_failed" },
  { to = "exchange" },
]

[states.exchange]
post               = "https://auth.acme.example/token"
form.device_code   = "{{page.code}}"
form.code_verifier = "{{pkce.verifier}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]

[states.success]
expires = { value = "$.expires_in", unit = "s" }

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

#[tokio::test]
async fn a_paste_is_asked_once_and_its_answer_is_kept() {
    #[derive(Default)]
    struct Seen {
        questions: usize,
        page: String,
    }
    struct Typing(std::sync::Arc<Mutex<Seen>>);
    impl Ui for Typing {
        fn show(&self, page: &Page) {
            self.0.lock().unwrap().page = page.url.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<Secret>> {
            assert_eq!(*question, Question::Paste);
            let mut seen = self.0.lock().unwrap();
            seen.questions += 1;
            let state = seen.page.split(['?', '&']).find(|pair| pair.starts_with("state="));
            let paste = format!("https://acme.example/done?code=the-code&{}", state.unwrap_or_default());
            Box::pin(async {
                // Longer than the driver's tick of a second.
                tokio::time::sleep(Duration::from_millis(1500)).await;
                Some(Secret::new(paste))
            })
        }
    }
    let scene = Scene::new(3600);
    std::fs::write(scene.home.path().join("files/acme.toml"), PASTE).unwrap();
    let seen = std::sync::Arc::new(Mutex::default());
    let account = scene.engine().await.account("acme").unwrap();
    account.login(Typing(seen.clone())).await.expect("a login");
    assert_eq!(seen.lock().unwrap().questions, 1);
}

#[tokio::test]
async fn a_provider_file_that_changes_is_read_again() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    assert_eq!(account.access().await.unwrap().base_url(), Some("https://auth.acme.example/v1"));
    let changed = ACME.replace("example/v1", "example/v2beta");
    std::fs::write(scene.home.path().join("files/acme.toml"), changed).unwrap();
    let begun = Instant::now();
    while account.access().await.unwrap().base_url() != Some("https://auth.acme.example/v2beta") {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn futures_can_be_spawned() {
    fn send<T: Send + 'static>(_: T) {}
    fn shared<T: Send + Sync>() {}
    shared::<Engine>();
    shared::<hermes_engine::Account>();
    shared::<hermes_engine::Access>();
    shared::<hermes_engine::Error>();
    let _ = |account: hermes_engine::Account, access: hermes_engine::Access| {
        send(account.access().into_future());
        send(account.login(Silent).into_future());
        send(async move { account.reject(&access, Rejection::status(401)).await });
    };
}
