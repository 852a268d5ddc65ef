//! What goes wrong on the way to a server.

use std::net::TcpListener;

use hermes_engine_serve::Scope;

use crate::scene::{Scene, wait_until};

#[test]
fn a_server_that_can_t_be_reached_is_worth_another_try() {
    let scene = Scene::new(3600);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let with =
        move |builder: hermes_engine_serve::ServerBuilder| builder.connect_to("gone.acme.example", nobody);
    scene.write("gone", &crate::scene::KEYED.replace("api.acme.example", "gone.acme.example"));
    let proxy = scene.proxy_with(Scope::default(), "127.0.0.1:0", with);
    let answer = proxy.post("/gone/v1/messages", "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (502, None));
    assert!(answer.body.contains("gone.acme.example"), "{answer:?}");
}

#[test]
fn a_server_that_hangs_up_is_worth_another_try() {
    let scene = Scene::new(3600);
    scene.api.answer(|_, stream| drop(stream.shutdown(std::net::Shutdown::Both)));
    assert_eq!(scene.proxy().post("/acme/x", "{}").status, 502);
}

#[test]
fn a_renewal_that_the_server_refuses_asks_for_a_login() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    scene.api.revoke("access-0");
    // Another program has spent the refresh token.
    let auth = scene.root.path().join("home/auth.json");
    let text = std::fs::read_to_string(&auth).unwrap();
    std::fs::write(&auth, text.replace("refresh-0", "refresh-spent")).unwrap();
    let answer = proxy.post("/acme/chat/completions", "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, Some("false")), "{answer:?}");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("hermes-engine"), "{message}");
}

#[test]
fn another_process_that_renews_is_followed() {
    let scene = Scene::new(3600);
    let proxy = scene.proxy();
    assert_eq!(proxy.post("/acme/x", "").status, 200);
    scene.login(None);
    wait_until(|| {
        proxy.post("/acme/x", "");
        scene.api.requests().last().unwrap().token() == "access-1"
    });
    assert_eq!(scene.auth.refreshes(), 0);
}
