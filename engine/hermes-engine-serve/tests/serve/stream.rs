//! Bodies that pass as they come, and connections that are handed over.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::scene::{Proxy, Scene, wait_until};
use crate::upstream::reply;

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nset-cookie: a=1\r\naccess-control-allow-origin: *\r\n\r\n";

fn event(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn begin(proxy: &Proxy, path: &str) -> BufReader<std::net::TcpStream> {
    let mut stream = proxy.connect();
    let head = format!("POST {path} HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", proxy.good());
    stream.write_all(head.as_bytes()).unwrap();
    BufReader::new(stream)
}

fn until(reader: &mut BufReader<std::net::TcpStream>, what: &str) -> String {
    let mut text = String::new();
    while !text.contains(what) {
        assert_ne!(reader.read_line(&mut text).expect("it goes on"), 0, "{text}");
    }
    text
}

#[test]
fn an_event_reaches_the_client_while_the_server_still_waits() {
    let scene = Scene::new(3600);
    let step = Arc::new(Barrier::new(2));
    let steps = step.clone();
    scene.api.answer(move |_, stream| {
        stream.write_all(format!("{EVENTS}{}", event("data: one\n\n")).as_bytes()).unwrap();
        steps.wait();
        stream.write_all(format!("{}0\r\n\r\n", event("data: two\n\n")).as_bytes()).unwrap();
    });
    let proxy = scene.proxy();
    let mut reader = begin(&proxy, "/acme/x");
    let head = until(&mut reader, "data: one").to_ascii_lowercase();
    assert!(!head.contains("set-cookie") && !head.contains("access-control"), "{head}");
    step.wait();
    until(&mut reader, "data: two");
}

#[test]
fn a_client_that_goes_away_ends_the_request_at_the_server() {
    let scene = Scene::new(3600);
    let has_ended = Arc::new(AtomicBool::new(false));
    let ended = has_ended.clone();
    scene.api.answer(move |_, stream| {
        stream.write_all(format!("{EVENTS}{}", event("data: one\n\n")).as_bytes()).unwrap();
        ended.store(stream.read(&mut [0]).is_ok_and(|read| read == 0), Ordering::SeqCst);
    });
    let proxy = scene.proxy();
    let mut reader = begin(&proxy, "/acme/x");
    until(&mut reader, "data: one");
    drop(reader);
    wait_until(|| has_ended.load(Ordering::SeqCst));
}

#[test]
fn a_server_that_dies_in_mid_stream_does_not_look_like_an_end() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| {
        stream.write_all(format!("{EVENTS}{}", event("data: one\n\n")).as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let proxy = scene.proxy();
    let mut reader = begin(&proxy, "/acme/x");
    until(&mut reader, "data: one");
    let mut rest = String::new();
    let _ = reader.read_to_string(&mut rest);
    assert!(!rest.contains("0\r\n\r\n"), "the last chunk is missing: {rest:?}");
    // The next request goes its way.
    scene.api.answer(|_, stream| reply(stream, "200 OK", "", "{}"));
    assert_eq!(proxy.post("/acme/x", "").status, 200);
}

#[test]
fn a_client_that_does_not_read_stops_the_server_from_sending() {
    let scene = Scene::new(3600);
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    scene.api.answer(move |_, stream| {
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n").unwrap();
        while stream.write_all(&[0; 65536]).is_ok() {
            counted.fetch_add(65536, Ordering::SeqCst);
        }
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let proxy = scene.proxy();
    let _reader = begin(&proxy, "/acme/x");
    wait_until(|| sent.load(Ordering::SeqCst) % 2 == 1);
    // What both kernels buffer, and little more.
    assert!(sent.load(Ordering::SeqCst) < 40_000_000, "{sent:?}");
}

#[test]
fn a_websocket_is_handed_over_and_nothing_else() {
    let scene = Scene::new(3600);
    scene.api.answer(|seen, stream| {
        if seen.header("upgrade") != Some("websocket") {
            return reply(stream, "200 OK", "", "no upgrade was asked for");
        }
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
        let _ = stream.read(&mut bytes);
    });
    let proxy = scene.proxy();
    let ask = |upgrade: &str| {
        let mut stream = proxy.connect();
        let head = format!(
            "GET /acme/live HTTP/1.1\r\n{}Connection: Upgrade\r\nUpgrade: {upgrade}\r\nSec-WebSocket-Key: k\r\n\r\n",
            proxy.good()
        );
        stream.write_all(head.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let mut socket = ask("websocket");
    let head = until(&mut socket, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("sec-websocket-accept: x"), "{head}");
    socket.get_mut().write_all(b"hello").unwrap();
    let mut bytes = [0; 5];
    socket.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
    assert_eq!(scene.api.requests()[0].token(), "access-0");
    let mut other = ask("h2c");
    until(&mut other, "no upgrade was asked for");
}

#[test]
fn a_101_that_nobody_asked_for_is_not_believed() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| {
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
    });
    assert_eq!(scene.proxy().post("/acme/x", "").status, 502);
}

#[test]
fn a_large_upload_passes_whole() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    let body = "0123456789abcdef".repeat(256 * 1024);
    assert_eq!(proxy.post("/acme/x", &body).status, 200);
    assert!(scene.api.requests()[0].body == body.as_bytes());
}
