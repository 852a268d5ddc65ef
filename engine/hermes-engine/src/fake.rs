//! What tests of this crate stand on: servers on loopback, a provider from a text, and processes of their own.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::{Method, Shared};
use hermes_format::secret::Secret;
use hermes_format::source::Sources;
use hermes_machine::machine::{Body, HeaderValue, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What a server does with a connection on which it has read a request.
pub(crate) enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes without a word.
    Nothing,
    /// Sends these bytes and keeps the connection open.
    Stall(Vec<u8>),
}

/// A server on loopback that answers each connection once.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _task: tokio::task::JoinSet<()>,
}

impl Server {
    /// Answers as `reply` says, by the text of the request.
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + 'static) -> Server {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut task = tokio::task::JoinSet::new();
        let seen = requests.clone();
        task.spawn(async move {
            let mut stalled = Vec::new();
            loop {
                let (mut stream, _) = socket.accept().await.unwrap();
                let text = read_request(&mut stream).await;
                seen.lock().unwrap().push(text.clone());
                match reply(&text) {
                    Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
                    Reply::Nothing => {}
                    Reply::Stall(bytes) => {
                        let _ = stream.write_all(&bytes).await;
                        stalled.push(stream);
                    }
                }
            }
        });
        Server { address, requests, _task: task }
    }

    /// A URL on this server.
    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// The requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let complete = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0));
        if count == 0 || complete {
            return text.into_owned();
        }
    }
}

/// An answer with status 200.
pub(crate) fn ok(body: &str) -> Reply {
    answer("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

/// An answer with a status line, further headers and a body.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A POST to this URL.
pub(crate) fn post(url: Url, body: Option<Body>) -> Request {
    let secret = HeaderValue { value: Secret::new("Bearer hidden"), sensitive: true };
    Request {
        state: "ask".into(),
        method: Method::Post,
        path_template: url.path().to_owned(),
        url,
        headers: vec![("authorization".into(), secret)],
        body,
    }
}

/// The provider `acme` of this text.
#[track_caller]
pub(crate) fn provider(text: &str) -> Shared {
    let file =
        FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: text.into() };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// Runs an ignored test of this crate in a process of its own, and gives what it printed.
#[track_caller]
pub(crate) fn in_process_of_its_own(test: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "no test is called {test}: {text}");
    text
}
