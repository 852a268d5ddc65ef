//! What an operator relies on: limits, log, metrics, reload, a clean end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use hermes_engine_serve::{AccessLog, Scope};

use crate::scene::{ACME, Scene, read_reply, wait_until};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn all(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn each_request_is_a_line_of_the_log_and_no_secret_is_in_it() {
    let scene = Scene::new(3600);
    let lines = Lines::default();
    let log = lines.clone();
    let with = move |builder: hermes_engine_serve::ServerBuilder| builder.log(AccessLog::to(log));
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    scene.api.revoke("access-0");
    proxy.post("/acme/v1/files/file-0123456789abcdef?key=query-secret", "body-secret");
    wait_until(|| lines.all().len() == 1);
    let line = lines.all().pop().unwrap();
    assert_eq!(line["path"], "/v1/files/{}");
    assert_eq!(
        (&line["client"], &line["account"], &line["status"]),
        (&"test".into(), &"acme".into(), &200.into())
    );
    assert_eq!(
        (&line["repeated"], &line["end"], &line["bytes"]),
        (&1.into(), &"complete".into(), &11.into())
    );
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for secret in
        ["query-secret", "body-secret", "access-0", "access-1", "0123456789abcdef", proxy.key.as_str()]
    {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn metrics_count_requests_and_renewals() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    scene.api.revoke("access-0");
    proxy.post("/acme/x", "");
    let metrics = proxy.send("GET", "/metrics", "", "").body;
    for line in [
        "hermes_serve_requests_total{account=\"acme\",status=\"200\"} 1",
        "hermes_serve_renewals_total 1",
        "hermes_serve_connections 1",
        "# TYPE hermes_serve_requests_total counter",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let open = |path: &str| {
        proxy.raw(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", proxy.address()))
    };
    assert_eq!((open("/healthz").status, open("/readyz").status), (200, 200));
}

#[test]
fn a_provider_file_that_breaks_while_it_runs_is_told_and_works_again_once_fixed() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    assert_eq!(proxy.post("/acme/x", "").status, 200);
    scene.write("acme", &ACME.replace("[api]", "[api"));
    let mut answer = proxy.post("/acme/x", "");
    wait_until(|| {
        answer = proxy.post("/acme/x", "");
        answer.status != 200
    });
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, Some("false")));
    assert!(answer.body.contains("hermes-engine check"), "{answer:?}");
    assert_eq!(proxy.post("/keyed/v1/messages", "").status, 200, "the others go on");
    scene.write("acme", &ACME.replace("by-file", "by-new-file"));
    wait_until(|| proxy.post("/acme/x", "").status == 200);
    assert_eq!(scene.api.requests().last().unwrap().header("x-acme"), Some("by-new-file"));
}

#[test]
fn the_end_brings_a_stream_to_its_end_and_takes_no_new_connection() {
    let scene = Scene::new(3600);
    let step = Arc::new(Barrier::new(2));
    let steps = step.clone();
    scene.api.answer(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none").unwrap();
        steps.wait();
        stream.write_all(b"two").unwrap();
    });
    let mut proxy = scene.proxy();
    let mut stream = proxy.connect();
    let head = format!("POST /acme/x HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", proxy.good());
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"one") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        first.push(byte[0]);
    }
    proxy.stop();
    wait_until(|| TcpStream::connect(proxy.address()).is_err());
    assert!(!proxy.has_ended());
    step.wait();
    assert_eq!(read_reply(&mut stream).head, "two");
    wait_until(|| proxy.has_ended());
}

#[test]
fn a_stream_that_has_no_end_is_cut_when_the_time_for_it_is_over() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none").unwrap();
        let _ = stream.read(&mut [0]);
    });
    let with = |builder: hermes_engine_serve::ServerBuilder| builder.drain(Duration::from_millis(200));
    let mut proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    let mut stream = proxy.connect();
    stream
        .write_all(format!("POST /acme/x HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", proxy.good()).as_bytes())
        .unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    proxy.stop();
    wait_until(|| proxy.has_ended());
    assert_eq!(read_reply(&mut stream).body, "one");
}

#[test]
fn silent_connections_and_slow_headers_end() {
    let scene = Scene::new(3600);
    let with =
        |builder: hermes_engine_serve::ServerBuilder| builder.header_timeout(Duration::from_millis(300));
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    for sent in ["", "POST /acme/x HTTP/1.1\r\nHost: 12"] {
        let mut stream = proxy.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        let begun = Instant::now();
        assert_eq!(read_reply(&mut stream).status, 0);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn one_connection_too_many_is_told_so() {
    let scene = Scene::new(3600);
    let with = |builder: hermes_engine_serve::ServerBuilder| builder.max_connections(2);
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    let held = [proxy.connect(), proxy.connect()];
    wait_until(|| proxy.post("/acme/x", "").status == 503);
    drop(held);
    wait_until(|| proxy.post("/acme/x", "").status == 200);
}

#[test]
fn what_is_too_long_is_refused() {
    let scene = Scene::new(3600);
    let with = |builder: hermes_engine_serve::ServerBuilder| builder.max_body(10);
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    assert_eq!(proxy.post("/acme/x", "eleven bytes").status, 413);
    assert!(scene.api.requests().is_empty());
    let chunked = format!(
        "POST /acme/x HTTP/1.1\r\n{}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nelevenbytes\r\n0\r\n\r\n",
        proxy.good()
    );
    assert_eq!(proxy.raw(&chunked).status, 413);
    assert_eq!(proxy.send("GET", "/acme/x", &format!("X-Long: {}\r\n", "x".repeat(100_000)), "").status, 431);
    let many = "X-A: 1\r\n".repeat(150);
    assert_eq!(proxy.send("GET", "/acme/x", &many, "").status, 431);
}
