//! Who may call: nothing of what is refused here reaches a server.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use hermes_engine_serve::Scope;

use crate::scene::{Scene, read_reply};

#[test]
fn what_is_no_request_of_a_client_is_refused_before_any_server_sees_it() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    let (host, key) = (proxy.address().to_string(), format!("Authorization: Bearer {}\r\n", proxy.key));
    let good = proxy.good();
    for (status, line, headers) in [
        (403, "POST /acme/x", key.clone()),
        (403, "POST /acme/x", format!("Host: {host}\r\n{good}")),
        (403, "POST /acme/x", format!("Host: {host}.evil.example\r\n{key}")),
        (403, "POST /acme/x", format!("Host: evil.example\r\n{key}")),
        (403, "POST /acme/x", format!("{good}Origin: http://evil.example\r\n")),
        (
            403,
            "OPTIONS /acme/x",
            format!("{good}Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n"),
        ),
        (403, "GET /acme/x", format!("{good}Sec-Fetch-Site: same-origin\r\n")),
        (400, "GET http://auth.acme.example/acme/x", good.clone()),
        (400, "OPTIONS *", good.clone()),
        (405, "TRACE /acme/x", good.clone()),
        (400, "POST /acme/../x", good.clone()),
        (400, "POST /acme/%2e%2e/x", good.clone()),
        (400, "POST /acme/a%5c..%5cx", good.clone()),
        (400, "POST /", good.clone()),
        (403, "POST /acme@127.0.0.2:9009/x", good.clone()),
        (403, "POST /acme/x", format!("Host: {host}\r\n")),
        (403, "POST /acme/x", format!("Host: {host}\r\nAuthorization: Bearer hek_unknown\r\n")),
        (403, "POST /acme/x", format!("{good}x-api-key: hek_another\r\n")),
        (403, "GET /metrics", format!("Host: {host}\r\n")),
    ] {
        let answer = proxy.raw(&format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"));
        assert_eq!(answer.status, status, "{line} {headers} {answer:?}");
        assert_eq!(answer.header("x-should-retry"), Some("false"), "{line}");
        assert!(!answer.head.to_ascii_lowercase().contains("access-control"), "{answer:?}");
    }
    let connect = proxy.raw(&format!("CONNECT evil.example:443 HTTP/1.1\r\n{good}\r\n"));
    assert_eq!(connect.status, 405);
    assert!(scene.api.requests().is_empty(), "{:?}", scene.api.requests());
    assert_eq!(proxy.send("GET", "/acme/x", "Sec-Fetch-Mode: cors\r\n", "").status, 200);
}

#[test]
fn what_could_be_read_as_two_requests_reaches_a_server_as_one() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    let smuggled = "0\r\n\r\nGET /base/v1/admin HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = format!("POST /acme/x HTTP/1.1\r\n{}Connection: close\r\n", proxy.good());
    for lengths in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}", smuggled.len()),
        format!("Content-Length: 4\r\nContent-Length: 5\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n{smuggled}"),
        format!("Content-Length : 4\r\n\r\n{smuggled}"),
    ] {
        drop(proxy.raw(&format!("{head}{lengths}")));
    }
    assert!(
        scene.api.requests().iter().all(|seen| seen.target == "/base/v1/x"),
        "{:?}",
        scene.api.requests()
    );
}

#[test]
fn a_key_is_good_for_its_provider_and_its_time() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy_with(Scope::provider("acme"), "127.0.0.1:0", |builder| builder);
    assert_eq!(proxy.post("/acme/x", "").status, 200);
    let answer = proxy.post("/keyed/v1/messages", "");
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (403, Some("key_scope")));
    let expired = Scope::default().expiring_in(Duration::ZERO);
    let answer = scene.proxy_with(expired, "127.0.0.1:0", |builder| builder).post("/acme/x", "");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("expired"), "{answer:?}");
}

#[test]
fn a_scope_is_of_the_provider_whatever_alias_the_path_names() {
    let scene = Scene::new(3600);
    scene.write("keyed", &format!("aliases = [\"nick\"]\n{}", crate::scene::KEYED));
    let proxy = scene.proxy_with(Scope::provider("keyed"), "127.0.0.1:0", |builder| builder);
    assert_eq!(proxy.post("/nick/v1/messages", "").status, 200);
    assert_eq!(proxy.post("/acme/x", "").status, 403);
}

#[test]
fn a_probe_is_answered_without_a_key_and_without_a_server() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    for path in ["/acme", "/acme/", "/nobody"] {
        let answer = proxy
            .raw(&format!("HEAD {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", proxy.address()));
        assert_eq!(answer.status, 200, "{path}");
    }
    assert!(scene.api.requests().is_empty());
}

#[test]
fn a_unix_socket_serves_its_user() {
    let scene = Scene::new(3600);
    let path = scene.root.path().join("serve.sock");
    let listen = format!("unix:{}", path.display());
    let proxy = scene.proxy_with(Scope::default(), &listen, |builder| builder);
    let call = |host: &str, key: &str| {
        let mut stream = UnixStream::connect(&path).expect("it listens");
        let head = format!("POST /acme/x HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 0\r\n");
        std::io::Write::write_all(
            &mut stream,
            format!("{head}Authorization: Bearer {key}\r\n\r\n").as_bytes(),
        )
        .unwrap();
        read_reply(&mut stream).status
    };
    assert_eq!(call("Host: localhost\r\n", &proxy.key), 200);
    assert_eq!(call("", &proxy.key), 403, "one Host all the same");
    assert_eq!(call("Host: localhost\r\n", "hek_other"), 403);
}
