//! Clients that are not the engine: what a standard one may rely on, and what a wrong one is told.

use serde_json::{Value, json};

use super::walk::{World, get, header, post, status};
use super::{DEVICE, LOOPBACK};
use crate::simulate::{Asked, Reply, Scenario};
use url::Url;

/// The pair of [RFC 7636, appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://127.0.0.1:9999/callback";

fn body(reply: &Reply) -> Value {
    match reply {
        Reply::Answer { body, .. } => serde_json::from_slice(body).unwrap_or_default(),
        Reply::Broken => Value::Null,
    }
}

/// The URL that a client opens, with some of its parameters changed; `""` takes one out.
fn authorize(changes: &[(&str, &str)]) -> Url {
    let mut url = Url::parse("https://auth.example.com/authorize").expect("a URL");
    let usual = [
        ("response_type", "code"),
        ("client_id", "acme-cli"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid models offline_access"),
        ("state", "opaque"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in usual {
        let changed = changes.iter().find(|(known, _)| *known == name).map_or(value, |(_, value)| value);
        if !changed.is_empty() {
            url.query_pairs_mut().append_pair(name, changed);
        }
    }
    url
}

fn code(world: &mut World) -> String {
    let reply = world.ask(&get(&authorize(&[])));
    let location = Url::parse(header(&reply, "location").expect("a redirect")).expect("a URL");
    assert!(location.as_str().starts_with(REDIRECT));
    let query: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    assert!(query.contains(&("state".into(), "opaque".into())), "{query:?}");
    query.into_iter().find(|(name, _)| name == "code").expect("a code").1
}

fn exchange(code: &str, verifier: &str, redirect: &str) -> Asked {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "acme-cli"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ];
    post("https://auth.example.com/token", &form)
}

#[test]
fn a_standard_client_logs_in_with_a_code() {
    let mut world = World::new(LOOPBACK, Scenario::Approve);
    let code = code(&mut world);
    let reply = world.ask(&exchange(&code, VERIFIER, REDIRECT));
    assert_eq!(status(&reply), 200);
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    assert_eq!(body(&reply)["expires_in"], 3_600);
    assert_eq!(body(&reply)["token_type"], "Bearer");
}

#[test]
fn a_code_serves_once() {
    let mut world = World::new(LOOPBACK, Scenario::Approve);
    let code = code(&mut world);
    world.ask(&exchange(&code, VERIFIER, REDIRECT));
    let again = world.ask(&exchange(&code, VERIFIER, REDIRECT));
    assert_eq!((status(&again), &body(&again)["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn each_wrong_field_of_an_exchange_is_named() {
    let other = VERIFIER.replace('d', "e");
    for (verifier, redirect, word) in [
        (other.as_str(), REDIRECT, "code_challenge"),
        ("short", REDIRECT, "43"),
        (VERIFIER, "http://127.0.0.1:9998/callback", "redirect_uri"),
    ] {
        let mut world = World::new(LOOPBACK, Scenario::Approve);
        let code = code(&mut world);
        let reply = world.ask(&exchange(&code, verifier, redirect));
        assert_eq!((status(&reply), &body(&reply)["error"]), (400, &json!("invalid_grant")));
        let text = body(&reply)["error_description"].as_str().unwrap_or_default().to_owned();
        assert!(text.contains(word), "{text}");
        assert_eq!(status(&world.ask(&exchange(&code, VERIFIER, REDIRECT))), 200, "a refusal spends nothing");
    }
}

#[test]
fn a_wrong_authorization_request_is_not_sent_back() {
    for change in [
        ("client_id", "other"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:9999/other"),
        ("state", ""),
    ] {
        let mut world = World::new(LOOPBACK, Scenario::Approve);
        let reply = world.ask(&get(&authorize(&[change])));
        assert_eq!((status(&reply), header(&reply, "location")), (400, None), "{change:?}");
    }
}

#[test]
fn a_client_that_was_given_the_loopback_address_is_served_too() {
    let mut world = World::new(DEVICE, Scenario::Approve);
    let form = [("client_id", "acme-cli"), ("scope", "models:read offline_access")];
    let asked = Asked { host: "127.0.0.1:8080".into(), ..post("https://x.example/oauth/device/code", &form) };
    let device = body(&world.ask(&asked));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device["device_code"].as_str().expect("a code")),
        ("client_id", "acme-cli"),
    ];
    let poll = Asked { host: "127.0.0.1:8080".into(), ..post("https://x.example/oauth/token", &form) };
    let pending = world.ask(&poll);
    assert_eq!((status(&pending), &body(&pending)["error"]), (400, &json!("authorization_pending")));
    assert_eq!(status(&world.ask(&poll)), 200);
}

#[test]
fn what_the_file_does_not_know_is_not_found() {
    let mut world = World::new(DEVICE, Scenario::Approve);
    assert_eq!(status(&world.ask(&post("https://auth.acme.example/nowhere", &[]))), 404);
    let wrong = post("https://auth.acme.example/oauth/token", &[("grant_type", "password")]);
    assert_eq!(status(&world.ask(&wrong)), 400);
}
