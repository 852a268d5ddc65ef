//! HTTP middleware against an API that refuses a token early, and says when it has had enough.

#[path = "engine/server.rs"]
mod server;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hermes_engine::tower::AuthorizeLayer;
use hermes_engine::{Account, Engine, Page, Ui, reqwest_middleware::Authorize};
use http::{Request, Response, StatusCode};
use server::Server;
use tempfile::TempDir;
use tower_layer::Layer as _;
use tower_service::Service;

const ACME: &str = r#"
name    = "Acme"
extends = "device-code"
models  = ["acme-large"]

[vars]
client_id  = "acme-cli"
scope      = "models:read"
device_url = "https://auth.acme.example/device"
token_url  = "https://auth.acme.example/token"

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

struct Silent;

impl Ui for Silent {
    fn show(&self, _: &Page) {}
}

async fn logged_in() -> (TempDir, Server, Account) {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("files")).unwrap();
    std::fs::write(home.path().join("files/acme.toml"), ACME).unwrap();
    let server = Server::start(3600);
    let engine = Engine::builder()
        .home(home.path().join("home"))
        .providers_dir(home.path().join("files"))
        .connect_to("auth.acme.example", server.address)
        .build()
        .await
        .unwrap();
    let account = engine.account("acme").unwrap();
    account.login(Silent).await.unwrap();
    (home, server, account)
}

/// An API in memory: what it was sent, and which token it refuses with which status.
#[derive(Clone)]
struct Api {
    refused: (&'static str, StatusCode),
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Service<Request<String>> for Api {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let token = request.headers()["authorization"].to_str().unwrap().to_owned();
        let refused = token.ends_with(self.refused.0);
        self.seen.lock().unwrap().push((token, request.body().clone()));
        let status = if refused { self.refused.1 } else { StatusCode::OK };
        std::future::ready(Ok(Response::builder().status(status).body(()).unwrap()))
    }
}

async fn ask(
    account: Account,
    refused: (&'static str, StatusCode),
    uri: &str,
) -> (Result<u16, String>, Vec<(String, String)>) {
    let api = Api { refused, seen: Arc::default() };
    let mut service = AuthorizeLayer::new(account).layer(api.clone());
    let request = Request::builder().uri(uri).body("the prompt".to_owned()).unwrap();
    let answer = service.call(request).await.map(|answer| answer.status().as_u16());
    let seen = api.seen.lock().unwrap().clone();
    (answer.map_err(|error| error.to_string()), seen)
}

fn sent(token: &str) -> (String, String) {
    (format!("Bearer {token}"), "the prompt".to_owned())
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_repeated_once() {
    let (_home, server, account) = logged_in().await;
    let uri = "https://auth.acme.example/v1/chat";
    let (answer, seen) = ask(account.clone(), ("access-0", StatusCode::UNAUTHORIZED), uri).await;
    assert_eq!(answer, Ok(200));
    assert_eq!(seen, [sent("access-0"), sent("access-1")]);
    // One that refuses every token is told to the caller, not asked for ever.
    let (answer, seen) = ask(account, ("", StatusCode::UNAUTHORIZED), uri).await;
    assert_eq!(answer, Ok(401));
    assert!(seen.len() <= 2, "{seen:?}");
    assert_eq!(server.reuses(), 0);
}

#[tokio::test]
async fn a_limit_goes_to_the_caller_as_it_is() {
    let (_home, server, account) = logged_in().await;
    let uri = "https://auth.acme.example/v1/chat";
    let (answer, seen) = ask(account, ("access-0", StatusCode::TOO_MANY_REQUESTS), uri).await;
    assert_eq!((answer, seen.len(), server.refreshes()), (Ok(429), 1, 0));
}

#[tokio::test]
async fn a_request_to_another_origin_is_not_sent() {
    let (_home, _server, account) = logged_in().await;
    for uri in
        ["https://evil.example/v1/chat", "http://auth.acme.example/v1", "https://auth.acme.example:444/"]
    {
        let (answer, seen) = ask(account.clone(), ("x", StatusCode::OK), uri).await;
        assert!(answer.is_err_and(|error| error.contains("not for")), "{uri}");
        assert!(seen.is_empty(), "{uri}");
    }
    // This workspace's reqwest leaves the choice of cryptography to the program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(Authorize::new(account)).build();
    let refused = client.get("https://evil.example/v1/chat").send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("not for"), "{refused:?}");
}
