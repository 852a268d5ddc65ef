//! A server that remembers what came, and answers with tokens where a test says nothing else. It knows nothing of the engine.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Listens on loopback for as long as the test runs.
pub struct Recorder {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// Starts one at a free port.
    pub fn start() -> Recorder {
        Recorder::answering(|_| TOKENS.to_owned())
    }

    /// The same with an answer of the test's own: all that follows `HTTP/1.1 `, but for the length of the body.
    pub fn answering(reply: impl Fn(&str) -> String + Send + 'static) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        // It ends with the process: nothing else can end a wait for a connection.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = answer(stream, &reply);
                log.lock().expect("the log").push(request);
            }
        });
        Recorder { addr, heard }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// All requests so far, as they came.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("the log").clone()
    }

    /// All requests since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("the log"))
    }
}

const TOKENS: &str = "200 OK\r\ncontent-type: application/json\r\n\r\n{\"access_token\": \"LE-ANSWERED-ACCESS\", \
                      \"refresh_token\": \"LE-ANSWERED-REFRESH\", \"expires_in\": 3600, \"data\": []}";

fn answer(mut stream: TcpStream, reply: &dyn Fn(&str) -> String) -> String {
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        heard.extend_from_slice(part.get(..read).unwrap_or_default());
        if heard.windows(4).any(|end| end == b"\r\n\r\n") && read < part.len() {
            break;
        }
    }
    let heard = String::from_utf8_lossy(&heard).into_owned();
    let reply = reply(&heard);
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
    // A connection that nobody reads from any more is one that was heard all the same.
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    heard
}
