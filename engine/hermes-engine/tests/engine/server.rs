//! An authorization server of a few lines, over plain sockets: device codes that are approved at once, refresh tokens that
//! are good for one use.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the server answers, and what it has seen.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

struct Seen {
    life: AtomicU64,
    latency_ms: AtomicU64,
    pending: AtomicUsize,
    serial: AtomicUsize,
    refreshes: AtomicUsize,
    reuses: AtomicUsize,
    connections: AtomicUsize,
    good: Mutex<HashSet<String>>,
}

impl Server {
    /// Starts one whose access tokens live so many seconds.
    pub(crate) fn start(life: u64) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen {
            life: AtomicU64::new(life),
            latency_ms: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            serial: AtomicUsize::new(0),
            refreshes: AtomicUsize::new(0),
            reuses: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            good: Mutex::default(),
        });
        let shared = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let seen = shared.clone();
                thread::spawn(move || serve(&seen, stream));
            }
        });
        Server { address, seen }
    }

    pub(crate) fn answer_after(&self, latency: Duration) {
        self.seen.latency_ms.store(latency.as_millis().try_into().expect("short"), Ordering::SeqCst);
    }

    pub(crate) fn answer_pending(&self, times: usize) {
        self.seen.pending.store(times, Ordering::SeqCst);
    }

    pub(crate) fn live(&self, seconds: u64) {
        self.seen.life.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn refreshes(&self) -> usize {
        self.seen.refreshes.load(Ordering::SeqCst)
    }

    pub(crate) fn reuses(&self) -> usize {
        self.seen.reuses.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

fn serve(seen: &Seen, stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8(body).expect("a form");
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        thread::sleep(Duration::from_millis(seen.latency_ms.load(Ordering::SeqCst)));
        let (status, answer) = answer(seen, &path, &body);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(answer.as_bytes())).is_err() {
            return;
        }
    }
}

fn answer(seen: &Seen, path: &str, body: &str) -> (&'static str, String) {
    if path == "/device" {
        let answer = r#"{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://auth.acme.example/activate","expires_in":600,"interval":1}"#;
        return ("200 OK", answer.to_owned());
    }
    if body.contains("device_code") {
        let left = seen.pending.load(Ordering::SeqCst);
        if left > 0 {
            seen.pending.store(left - 1, Ordering::SeqCst);
            return ("400 Bad Request", r#"{"error":"authorization_pending"}"#.to_owned());
        }
        return ("200 OK", tokens(seen));
    }
    seen.refreshes.fetch_add(1, Ordering::SeqCst);
    let field = body.split('&').find_map(|field| field.strip_prefix("refresh_token=")).unwrap_or_default();
    if !seen.good.lock().expect("no panic").remove(field) {
        seen.reuses.fetch_add(1, Ordering::SeqCst);
        return ("400 Bad Request", r#"{"error":"invalid_grant"}"#.to_owned());
    }
    ("200 OK", tokens(seen))
}

fn tokens(seen: &Seen) -> String {
    let serial = seen.serial.fetch_add(1, Ordering::SeqCst);
    seen.good.lock().expect("no panic").insert(format!("refresh-{serial}"));
    let life = seen.life.load(Ordering::SeqCst);
    format!(
        r#"{{"access_token":"access-{serial}","refresh_token":"refresh-{serial}","token_type":"Bearer","expires_in":{life}}}"#
    )
}
