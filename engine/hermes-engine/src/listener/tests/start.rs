//! The start page: one visit, by a browser, of this user's.

use url::Url;

use super::*;

const TO: &str = "https://auth.example/authorize?state=s&x=%0d%0aSet-Cookie:%20a";

async fn served() -> (StartPage, SocketAddr, String) {
    let page = StartPage::serve(Url::parse(TO).unwrap()).await.unwrap();
    let url = Url::parse(page.url()).unwrap();
    assert_eq!((url.scheme(), url.host_str()), ("http", Some("127.0.0.1")));
    assert!(url.path().len() > 40, "{url}");
    let address = ([127, 0, 0, 1], url.port().unwrap()).into();
    let path = url.path().to_owned();
    (page, address, path)
}

async fn ask(address: SocketAddr, start: &str, headers: &str) -> String {
    exchange(address, format!("{start} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n").as_bytes()).await
}

#[tokio::test]
async fn the_first_visit_is_sent_on_and_a_second_is_told() {
    let (page, address, path) = served().await;
    let navigate = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n";
    let answer = ask(address, &format!("GET {path}"), navigate).await;
    assert!(answer.starts_with("HTTP/1.1 302 Found\r\n"), "{answer}");
    assert!(answer.contains(&format!("\r\nLocation: {TO}\r\n")), "{answer}");
    assert!(answer.contains("Referrer-Policy: no-referrer") && answer.contains("Cache-Control: no-store"));
    assert!(!page.is_used_again());
    let answer = ask(address, &format!("GET {path}"), "").await;
    assert!(answer.starts_with("HTTP/1.1 410 Gone\r\n") && !answer.contains("auth.example"), "{answer}");
    tokio::time::timeout(Duration::from_secs(10), page.used_again()).await.expect("it is told");
}

#[tokio::test]
async fn what_is_no_visit_uses_nothing_up() {
    let (page, address, path) = served().await;
    let noise = [
        (format!("HEAD {path}"), "", "405"),
        (format!("POST {path}"), "", "405"),
        (format!("GET {path}"), "Sec-Fetch-Mode: no-cors\r\n", "400"),
        (format!("GET {path}"), "Sec-Fetch-Mode: cors\r\n", "400"),
        (format!("GET {path}"), "Sec-Fetch-Mode: navigate\r\nSec-Purpose: prefetch;prerender\r\n", "400"),
        (format!("GET {path}"), "Purpose: prefetch\r\n", "400"),
        ("GET /".to_owned(), "", "404"),
        ("GET /favicon.ico".to_owned(), "", "404"),
        (format!("GET {path}x"), "", "404"),
    ];
    // Twice, as each could be the first visit or the second.
    for (start, headers, status) in noise.iter().chain(&noise) {
        let answer = ask(address, start, headers).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{start} {headers}: {answer}");
        assert!(!answer.contains("auth.example"), "{answer}");
    }
    let evil = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(exchange(address, evil.as_bytes()).await.starts_with("HTTP/1.1 421 "));
    let localhost = format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", address.port());
    assert!(exchange(address, localhost.as_bytes()).await.starts_with("HTTP/1.1 421 "));
    assert!(ask(address, &format!("GET {path}"), "").await.starts_with("HTTP/1.1 302 "));
    assert!(!page.is_used_again());
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "a test that can't be run says so")]
#[tokio::test]
async fn another_user_is_refused_and_uses_nothing_up() {
    if !rustix::process::getuid().is_root() {
        // What is decided of the kernel's table is tested beside it.
        eprintln!("not tried: only root can act as another user");
        return;
    }
    let (page, address, path) = served().await;
    let listener = bound().await;
    let callback: SocketAddr = ([127, 0, 0, 1], port(&listener)).into();
    for (address, target) in
        [(address, path.as_str()), (address, path.as_str()), (callback, "/callback?code=1")]
    {
        let answer = as_another_user(address, target).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden"), "{target}: {answer}");
    }
    assert!(ask(address, &format!("GET {path}"), "").await.starts_with("HTTP/1.1 302 "));
    assert!(!page.is_used_again());
}

/// Asks as a user who is neither this one nor anybody whom the program knows.
#[cfg(target_os = "linux")]
async fn as_another_user(address: SocketAddr, target: &str) -> String {
    use std::os::unix::process::CommandExt as _;
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; printf 'GET {target} HTTP/1.1\\r\\nHost: {address}\\r\\n\\r\\n' >&3; cat <&3",
        address.port()
    );
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).uid(12_345).gid(12_345).current_dir("/");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
