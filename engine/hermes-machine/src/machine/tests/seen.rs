//! What of a request a log may show, and what is said of an answer.

use serde_json::json;

use super::scenario::{Scenario, start};
use crate::machine::{Code, Start};
use hermes_format::provider::Action;

/// A login of one request, whose answer is read as `token` says.
fn login(headers: &str, token: &str) -> Scenario {
    let file = format!(
        r#"
name  = "Acme"
start = {{ login = "ask" }}
[inputs.secret]
secret = true
[states.ask]
post = "https://auth.acme.example/token"
{headers}
on = [{{ if = {{ exists = ["$.access_token"] }}, to = "success" }}, {{ fail = "authorization_failed" }}]
[states.success]
access_token = "{token}"
"#
    );
    let mut start = Start { ..start(&file, Action::Login) };
    start.inputs.insert("secret".to_owned(), "a secret".to_owned());
    Scenario::begin(start)
}

#[test]
fn s23_a_header_with_a_secret_is_for_no_log_and_a_plain_one_is() {
    let headers = "headers = { x-key = \"{{secret}}\", x-cut = \"{{match secret '..(.*)'}}\", x-plain = \"plain\", \
                   Authorization = \"Token plain\" }";
    let scenario = login(headers, "$.access_token");
    let sensitive = |name: &str| {
        let headers = &scenario.request().headers;
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.sensitive)
    };
    for (name, expect) in [("x-key", true), ("x-cut", true), ("x-plain", false), ("authorization", true)] {
        assert_eq!(sensitive(name), Some(expect), "{name}");
    }
}

#[test]
fn a_firewall_that_answers_in_the_place_of_the_service_is_named() {
    let answered =
        |header| login("", "$.access_token").reply(200, &[(header, "challenge")], "<html>").trouble();
    let named = answered("cf-mitigated").to_string();
    assert!(named.contains("a web page (HTTP 200, Cloudflare challenge)"), "{named}");
    let other = answered("x-other").to_string();
    assert!(!other.contains("challenge"), "{other}");
}

#[test]
fn a_token_with_a_blank_is_a_bad_key_where_the_user_gave_it_and_a_bad_answer_where_a_server_did() {
    let answered = |token| login("", token).answer(200, json!({"access_token": "a token"})).trouble().code;
    assert_eq!(answered("{{secret}}"), Code::BadInput);
    assert_eq!(answered("{{ask.access_token}}"), Code::BadAnswer);
    assert_eq!(answered("$.access_token"), Code::BadAnswer);
}
