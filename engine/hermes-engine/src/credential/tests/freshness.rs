use std::time::Duration;

use serde_json::{Value, json};

use super::super::freshness::{Demand, Freshness, freshness};
use super::scene::{ACME, Scene, at, provider, record, with};
use crate::clock;

#[track_caller]
fn check_for(min_ttl: Option<Duration>, record: Value, expect: Freshness) {
    let scene = Scene::new(record.clone());
    let stored = super::super::first(&scene.snapshot(), &scene.provider).unwrap();
    let demand = Demand { min_ttl, rejected_sha256: None };
    assert_eq!(freshness(&provider(ACME), &stored, demand, clock::wall()), expect, "{record}");
}

#[track_caller]
fn check(record: Value, expect: Freshness) {
    check_for(None, record, expect);
}

#[test]
fn a_token_is_renewed_early_but_not_at_every_use_of_a_short_one() {
    check(record(61), Freshness::Fresh);
    check(record(59), Freshness::Due);
    check(record(0), Freshness::Ended);
    check(record(-1), Freshness::Ended);
    // A life of 100 s is renewed in its last 25 s, not in its last 60.
    let short = |left: i64| with(record(left), json!({ "obtained_at": at(left - 100) }));
    check(short(26), Freshness::Fresh);
    check(short(24), Freshness::Due);
}

#[test]
fn a_longer_life_makes_a_token_due() {
    check_for(Some(Duration::from_secs(3000)), record(2000), Freshness::Due);
    check_for(Some(Duration::from_secs(1000)), record(2000), Freshness::Fresh);
    check_for(Some(Duration::from_secs(1000)), record(-1), Freshness::Ended);
}

#[test]
fn an_unknown_life_serves_until_it_is_rejected() {
    let unknown = json!({ "expires_at": null, "expires_in": null });
    check(with(record(5), unknown.clone()), Freshness::Fresh);
    check_for(Some(Duration::from_secs(1000)), with(record(5), unknown), Freshness::Fresh);
}

#[test]
fn a_clock_that_went_backwards_makes_the_life_unsure() {
    check(with(record(3600), json!({ "obtained_at": at(2) })), Freshness::Fresh);
    check(with(record(7200), json!({ "obtained_at": at(3600) })), Freshness::Due);
}

#[test]
fn a_life_that_can_t_be_true_is_renewed() {
    check(with(record(5), json!({ "expires_at": "+058381-01-01T00:00:00+00:00" })), Freshness::Due);
    check(with(record(5), json!({ "expires_at": at(500 * 24 * 3600) })), Freshness::Due);
    check(
        with(record(5), json!({ "expires_at": null, "expires_in": 1_795_398_077_033_i64 })),
        Freshness::Due,
    );
    check(with(record(5), json!({ "expires_at": "soon" })), Freshness::Due);
}

#[test]
fn other_programs_shapes_of_a_life_are_read() {
    check(with(record(3000), json!({ "expires_at": null })), Freshness::Fresh);
    check(with(record(-5), json!({ "expires_at": null })), Freshness::Ended);
    let at_ms = clock::wall().0;
    let unsaid = json!({ "expires_at": null, "expires_in": null });
    check(with(with(record(5), unsaid.clone()), json!({ "expires_at_ms": at_ms - 1 })), Freshness::Ended);
    check(with(with(record(5), unsaid), json!({ "expires_at": (at_ms + 600_000) / 1000 })), Freshness::Fresh);
}

#[test]
fn no_access_token_is_no_fresh_one() {
    for token in [json!(null), json!(""), json!(5)] {
        let mut record = record(3000);
        record["access_token"] = token;
        check(record, Freshness::Ended);
    }
}
