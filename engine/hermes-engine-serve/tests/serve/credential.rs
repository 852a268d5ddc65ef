//! Which credential a request gets, and what becomes of it when the server refuses it.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hermes_engine_serve::Scope;
use serde_json::json;

use crate::scene::{Scene, read_reply};
use crate::upstream::reply;

#[test]
fn the_servers_credential_takes_the_place_of_the_clients_key() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    let more = "Cookie: a=1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Acme: by-client\r\nX-Own: kept\r\nConnection: X-Secret\r\nX-Secret: 1\r\nVia: 1.1 x\r\n";
    let answer = proxy.send("POST", "/acme/chat/completions?beta=true", more, r#"{"model":"large"}"#);
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"ok":true}"#));
    let requests = scene.api.requests();
    assert_eq!(requests.len(), 1);
    let seen = &requests[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/base/v1/chat/completions?beta=true"));
    assert_eq!(seen.header("authorization"), Some("Bearer access-0"));
    assert_eq!((seen.header("x-acme"), seen.header("x-own")), (Some("by-file"), Some("kept")));
    assert_eq!(seen.header("host"), Some("api.acme.example"));
    for name in ["cookie", "x-forwarded-for", "x-secret", "via", "connection", "accept", "accept-encoding"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.body, br#"{"model":"large"}"#);
    assert!(!format!("{seen:?}").contains(&proxy.key));
}

#[test]
fn a_token_that_is_revoked_early_is_renewed_and_the_request_repeated() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    scene.api.revoke("access-0");
    let answer = proxy.post("/acme/x", "the whole body");
    assert_eq!(answer.status, 200, "{answer:?}");
    let requests = scene.api.requests();
    let tokens: Vec<&str> = requests.iter().map(|seen| seen.token()).collect();
    assert_eq!((tokens, scene.auth.refreshes()), (vec!["access-0", "access-1"], 1));
    assert!(requests.iter().all(|seen| seen.body == b"the whole body"));
    assert_eq!(proxy.post("/acme/x", "").status, 200);
    assert_eq!(scene.auth.refreshes(), 1);
}

#[test]
fn a_token_that_expires_in_mid_session_is_renewed_before_it_is_sent() {
    let scene = Scene::new(1);
    scene.auth.live(3600);
    let proxy = scene.proxy();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(proxy.post("/acme/x", "").status, 200);
    assert_eq!((scene.api.requests()[0].token(), scene.auth.refreshes()), ("access-1", 1));
}

#[test]
fn a_refusal_while_the_body_still_arrives_is_repeated_with_all_of_it() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    scene.api.revoke("access-0");
    scene.api.refuse_early();
    let mut stream = proxy.connect();
    let head =
        format!("POST /acme/x HTTP/1.1\r\n{}Connection: close\r\nContent-Length: 12\r\n\r\n", proxy.good());
    stream.write_all(format!("{head}first-").as_bytes()).unwrap();
    // The server has refused, and the second request is on its way.
    crate::scene::wait_until(|| scene.auth.refreshes() == 1);
    stream.write_all(b"second").unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
    assert_eq!(scene.api.requests().last().unwrap().body, b"first-second");
}

#[test]
fn a_body_that_is_longer_than_what_is_held_gets_the_refusal_and_the_next_request_goes_on() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", |builder| builder.hold(8));
    scene.api.revoke("access-0");
    assert_eq!(proxy.post("/acme/x", "longer than eight").status, 401);
    assert_eq!(proxy.post("/acme/x", "longer than eight").status, 200);
    assert_eq!(scene.auth.refreshes(), 1);
}

#[test]
fn many_requests_on_a_revoked_token_redeem_it_once() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    scene.api.revoke("access-0");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..200).map(|_| scope.spawn(|| proxy.post("/acme/x", "body").status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses, vec![200; 200]);
    assert_eq!((scene.auth.refreshes(), scene.auth.reuses()), (1, 0));
}

#[test]
fn a_403_that_stays_after_a_renewal_is_passed_on_and_renews_no_more() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| reply(stream, "403 Forbidden", "", r#"{"error":"no such model for you"}"#));
    let proxy = scene.proxy();
    for _ in 0..3 {
        let answer = proxy.post("/acme/x", "");
        assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"error":"no such model for you"}"#));
    }
    assert_eq!(scene.auth.refreshes(), 1);
}

#[test]
fn a_403_for_a_wider_scope_renews_nothing() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| {
        let challenge = "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"files:write\"\r\n";
        reply(stream, "403 Forbidden", challenge, "{}");
    });
    let answer = scene.proxy().post("/acme/x", "");
    assert_eq!(answer.status, 403);
    assert!(answer.header("www-authenticate").is_some_and(|value| value.contains("files:write")));
    assert_eq!(scene.auth.refreshes(), 0);
}

#[test]
fn a_key_that_the_server_refuses_is_an_error_of_the_user_in_the_clients_protocol() {
    let scene = Scene::new(3600);
    scene.api.revoke("key-of-the-user");
    let proxy = scene.proxy();
    let answer = proxy.post("/keyed/v1/messages", r#"{"model":"m"}"#);
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, Some("false")));
    let error = answer.json();
    assert_eq!(error["type"], "error");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("refused the key") && message.contains("hermes-engine"), "{message}");
    // The client of the other protocol shows a 400 at once.
    let answer = proxy.post("/keyed/v1/responses", "{}");
    assert_eq!(answer.status, 400);
    assert!(answer.json()["error"]["message"].as_str().is_some());
}

#[test]
fn without_a_login_the_message_names_the_command() {
    let scene = Scene::new(3600);
    scene.write("other", crate::scene::ACME);
    let answer = scene.proxy().post("/other/chat/completions", "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, Some("false")));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("hermes-engine") && message.contains("other"), "{message}");
    assert!(scene.api.requests().is_empty());
    let answer = scene.proxy().post("/acmee/x", "{}");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("acme"), "{answer:?}");
}

#[test]
fn a_limited_account_gives_way_to_another_of_the_provider() {
    let scene = Scene::new(3600);
    scene.login(Some("work"));
    scene.api.answer(|seen, stream| match seen.token() {
        "access-0" => reply(stream, "429 Too Many Requests", "retry-after: 600\r\n", "{}"),
        _ => reply(stream, "200 OK", "", "{}"),
    });
    let proxy = scene.proxy();
    assert_eq!(proxy.post("/acme/x", "body").status, 200);
    assert_eq!(proxy.post("/acme/x", "body").status, 200);
    let tokens: Vec<String> = scene.api.requests().iter().map(|seen| seen.token().to_owned()).collect();
    assert_eq!(tokens, ["access-0", "access-1", "access-1"], "the first one rests");
    assert_eq!(scene.auth.refreshes(), 0);
}

#[test]
fn a_long_limit_of_the_only_account_ends_the_clients_patience() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| {
        let body = r#"{"error":{"type":"rate_limit_error","message":"Weekly limit"}}"#;
        reply(stream, "429 Too Many Requests", "retry-after: 7200\r\n", body);
    });
    let proxy = scene.proxy();
    for _ in 0..2 {
        let answer = proxy.post("/acme/x", "body");
        assert_eq!((answer.status, answer.header("retry-after")), (429, None));
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert_eq!(
            answer.json(),
            json!({"error": {"type": "rate_limit_error", "message": "Weekly limit (`acme` asks to wait 2 h)"}})
        );
    }
    assert_eq!(scene.api.requests().len(), 2, "a limit may be one model's: the server says it each time");
    scene.api.answer(|_, stream| reply(stream, "429 Too Many Requests", "retry-after: 3\r\n", "{}"));
    let answer = proxy.post("/acme/x", "body");
    assert_eq!((answer.header("retry-after"), answer.header("x-should-retry")), (Some("3"), None));
}

#[test]
fn the_path_names_one_of_several_accounts() {
    let scene = Scene::new(3600);
    scene.login(Some("work"));
    let proxy = scene.proxy();
    assert_eq!(proxy.post("/acme:work/x", "").status, 200);
    assert_eq!(scene.api.requests()[0].token(), "access-1");
    assert_eq!(proxy.post("/acme:nobody/x", "").status, 403);
}

#[test]
fn a_scope_of_models_is_read_from_the_body_however_late_it_names_one() {
    let scene = Scene::new(3600);
    let scope = Scope { models: vec!["small".to_owned()], ..Scope::default() };
    let proxy = scene.proxy_with(scope, "127.0.0.1:0", |builder| builder);
    let filler = "x".repeat(100_000);
    let body = |model: &str| format!(r#"{{"messages":["{filler}",{{"model":"small"}}],"model":"{model}"}}"#);
    assert_eq!(proxy.post("/acme/x", &body("small")).status, 200);
    assert_eq!(proxy.post("/acme/x", &body("mini")).status, 200, "an alias of it");
    assert_eq!(proxy.post("/acme/x", &body("large")).status, 403);
    assert_eq!(proxy.post("/acme/x", "{}").status, 403, "no model is not any model");
    assert_eq!(proxy.send("GET", "/acme/models", "", "").status, 200);
    let requests = scene.api.requests();
    assert_eq!(requests[0].body, body("small").into_bytes(), "what was read ahead is sent");
    assert_eq!(requests.len(), 3);
}

#[test]
fn a_401_that_has_no_end_reaches_the_client_after_one_renewal() {
    let scene = Scene::new(3600);
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    scene.api.answer(move |_, stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        reply(stream, "401 Unauthorized", "", "{}");
    });
    assert_eq!(scene.proxy().post("/acme/x", "").status, 401);
    assert_eq!((count.load(Ordering::SeqCst), scene.auth.refreshes()), (2, 1));
}
