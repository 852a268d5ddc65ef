//! Whatever comes over the wire gets an answer.

use proptest::prelude::*;

use super::ALL;
use super::walk::{World, status};
use crate::simulate::{Asked, Reply, Scenario};

/// Requests near enough to real ones that they get past the first look.
fn asked() -> impl Strategy<Value = Asked> {
    let paths = [
        "/",
        "/oauth/code",
        "/oauth/token",
        "/oauth/device/code",
        "/authorize",
        "/token",
        "/me",
        "/device",
        "/keys//new",
        "/keys/%ff%/new",
        "/simulated/verify",
        "/simulated/decide",
        "/simulated/moved/token",
    ];
    let hosts = ["auth.acme.example", "api.acme.example", "auth.example.com", "127.0.0.1:1", ""];
    let kinds = ["application/x-www-form-urlencoded", "application/json", ""];
    let body = prop_oneof![
        any::<Vec<u8>>(),
        "(grant_type|client_id|device_code|user_code|session|decision)=[a-z%&=+]{0,20}"
            .prop_map(String::into_bytes),
        "\\{\"(device|client_id|usercode)\":(\\{\\}|\\[1\\]|\"x\")\\}".prop_map(String::into_bytes),
    ];
    (
        prop::sample::select(vec!["GET", "POST", "PUT", "x"]),
        prop::sample::select(hosts.to_vec()),
        prop_oneof![prop::sample::select(paths.to_vec()).prop_map(str::to_owned), "/\\PC{0,20}"],
        "\\PC{0,40}",
        (prop::sample::select(kinds.to_vec()), "(Basic|Bearer|basic) ?\\PC{0,12}"),
        body,
    )
        .prop_map(|(method, host, path, query, (kind, authorization), body)| Asked {
            method: method.into(),
            host: host.into(),
            path,
            query,
            headers: vec![("content-type".into(), kind.into()), ("authorization".into(), authorization)],
            body,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_is_answered_and_none_gets_a_token(
        requests in prop::collection::vec(asked(), 1..8),
        file in prop::sample::select(ALL.to_vec()),
        scenario in prop::sample::select(Scenario::all().collect::<Vec<_>>()),
    ) {
        let mut world = World::new(file, scenario);
        for request in &requests {
            let reply = world.ask(request);
            prop_assert!(reply == Reply::Broken || (200..600).contains(&status(&reply)));
        }
        prop_assert!(!world.bodies.iter().any(|body| body.contains("sim-access-")));
    }
}
