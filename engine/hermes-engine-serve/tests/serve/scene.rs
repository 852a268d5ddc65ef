//! A home with a login, a server, a proxy between them, and a client of a few lines.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hermes_engine::{Engine, Page, Ui};
use hermes_engine_serve::{Keys, Listener, Scope, Server, ServerBuilder};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::authority;
use crate::upstream::Upstream;

pub(crate) const ACME: &str = r#"
name    = "Acme"
extends = "device-code"
models  = ["large", { id = "small", aliases = ["mini"] }]

[vars]
client_id  = "acme-cli"
scope      = "models:read"
device_url = "https://auth.acme.example/device"
token_url  = "https://auth.acme.example/token"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/base/v1"

[api.headers]
X-Acme = "by-file"
"#;

pub(crate) const KEYED: &str = r#"
name  = "Keyed"
start = { login = "success" }

[inputs.api_key]
from   = [{ env = "KEYED_API_KEY" }]
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "anthropic_messages"
base_url = "https://api.acme.example"
"#;

/// A user who looks on.
struct Silent;

impl Ui for Silent {
    fn show(&self, _: &Page) {}
}

/// What a test stands on.
pub(crate) struct Scene {
    pub(crate) root: TempDir,
    pub(crate) auth: authority::Server,
    pub(crate) api: Upstream,
}

impl Scene {
    /// With one login of `acme`, whose token lives so many seconds.
    pub(crate) fn new(life: u64) -> Scene {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("files")).expect("a folder");
        let scene = Scene { root, auth: authority::Server::start(life), api: Upstream::start() };
        scene.write("acme", ACME);
        scene.write("keyed", KEYED);
        scene.login(None);
        scene
    }

    pub(crate) fn write(&self, id: &str, text: &str) {
        std::fs::write(self.root.path().join(format!("files/{id}.toml")), text).expect("a file");
    }

    pub(crate) fn login(&self, label: Option<&str>) {
        runtime().block_on(async {
            let account = self.engine().await.account("acme").unwrap();
            let account = match label {
                Some(label) => account.labelled(label),
                None => account,
            };
            account.login(Silent).await.expect("a login");
        });
    }

    async fn engine(&self) -> Engine {
        Engine::builder()
            .home(self.root.path().join("home"))
            .providers_dir(self.root.path().join("files"))
            .connect_to("auth.acme.example", self.auth.address)
            .environment(|name| (name == "KEYED_API_KEY").then(|| "key-of-the-user".into()))
            .timeout(Duration::from_secs(10))
            .build()
            .await
            .expect("an engine")
    }

    /// A proxy with a key for everything.
    pub(crate) fn proxy(&self) -> Proxy {
        self.proxy_with(Scope::default(), "127.0.0.1:0", |builder| builder)
    }

    pub(crate) fn proxy_with(
        &self,
        scope: Scope,
        listen: &str,
        with: impl FnOnce(ServerBuilder) -> ServerBuilder + Send + 'static,
    ) -> Proxy {
        let mut keys = Keys::in_memory();
        let key = keys.add("test", scope).expect("a key").expose_secret().to_owned();
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = runtime();
        let (engine, api) = (runtime.block_on(self.engine()), self.api.address);
        let listen = listen.to_owned();
        let thread = thread::spawn(move || {
            runtime.block_on(async move {
                let listener = Listener::bind(&listen).await.expect("it listens");
                tell.send(listener.url().to_owned()).unwrap();
                let builder = Server::builder(engine, keys).connect_to("api.acme.example", api);
                let server = with(builder).build().expect("a server");
                let stop = async { drop(stopped.await) };
                server.run(listener, stop).await.expect("it ends well");
            });
        });
        let url = told.recv().expect("it listens");
        Proxy { key, url, stop: Some(stop), thread: Some(thread) }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A proxy that runs. It ends with this.
pub(crate) struct Proxy {
    pub(crate) key: String,
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ &str| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        self.head.lines().find(named).map(|line| line[name.len() + 1..].trim())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl Proxy {
    pub(crate) fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").expect("it is TCP").parse().expect("an address")
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// The lines that every good request has.
    pub(crate) fn good(&self) -> String {
        format!("Host: {}\r\nAuthorization: Bearer {}\r\n", self.address(), self.key)
    }

    /// Sends bytes and reads until the end of the connection.
    pub(crate) fn raw(&self, bytes: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(bytes.as_bytes()).unwrap();
        read_reply(&mut stream)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, "", body)
    }

    pub(crate) fn send(&self, method: &str, path: &str, more: &str, body: &str) -> Reply {
        let head = format!("{method} {path} HTTP/1.1\r\n{}{more}Connection: close\r\n", self.good());
        self.raw(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// Tells it to end, and does not wait.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(thread::JoinHandle::is_finished)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "the proxy panicked");
    }
}

pub(crate) fn read_reply(stream: &mut impl std::io::Read) -> Reply {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked { dechunked(body) } else { body.to_owned() };
    Reply { status, head: head.to_owned(), body }
}

fn dechunked(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or_default();
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        text = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

/// Waits until something is so, for at most twenty seconds.
#[track_caller]
pub(crate) fn wait_until(mut what: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing happened");
        thread::sleep(Duration::from_millis(5));
    }
}
