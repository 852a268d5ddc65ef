//! Machines log in to servers that were made from the same file, and to servers that do odd things.

mod page;
mod peer;
mod property;
mod scenario;
pub(super) mod walk;

use serde_json::json;

use super::Scenario;
use hermes_format::provider::Action;
use hermes_machine::access::Held;
use hermes_machine::machine::Outcome;
use walk::{World, stored};

const USER_CODE: &str = include_str!("user-code.toml");
const DEVICE: &str = include_str!("device.toml");
const LOOPBACK: &str = include_str!("loopback.toml");
const MINT: &str = include_str!("mint.toml");
const ALL: [&str; 4] = [USER_CODE, DEVICE, LOOPBACK, MINT];

#[test]
fn every_kind_of_flow_logs_in_and_refreshes() {
    for file in ALL {
        let mut world = World::new(file, Scenario::Approve);
        let first = world.log_in();
        assert!(first.expires_at.is_some(), "{}", world.bodies.join("\n"));
        let second = world.expect_grant(Action::Refresh, Some(stored(&first)));
        assert_ne!(first.access_token, second.access_token);
        assert!(world.seen.iter().all(|exchange| !exchange.refused), "{:#?}", world.seen);
    }
}

#[test]
fn a_polled_login_is_pending_once() {
    for file in [USER_CODE, DEVICE, MINT] {
        let mut world = World::new(file, Scenario::Approve);
        world.log_in();
        assert_eq!(world.notes().iter().filter(|note| **note == "pending").count(), 1);
    }
}

#[test]
fn the_person_is_shown_a_code_and_a_page_of_the_provider() {
    for (file, host) in [(USER_CODE, "api.acme.example"), (DEVICE, "auth.acme.example")] {
        let mut world = World::new(file, Scenario::Approve);
        world.log_in();
        let prompt = world.prompts.first().expect("a prompt").clone();
        let url = prompt.url.expect("a page");
        assert_eq!(url.host_str(), Some(host));
        let code = prompt.code.expect("a code");
        assert_eq!((code.len(), code.find('-')), (9, Some(4)), "{code}");
    }
}

#[test]
fn a_region_is_served_on_its_own_hosts() {
    let mut world = World::new(USER_CODE, Scenario::Approve);
    assert!(matches!(world.run(Action::Login, Some("west"), None), Outcome::Success(_)));
    assert!(world.seen.iter().all(|exchange| exchange.host == "api.acme-west.example"));
}

#[test]
fn the_hosts_are_all_that_the_file_names() {
    let hosts = |file| World::new(file, Scenario::Approve).server.hosts().to_vec();
    assert_eq!(hosts(USER_CODE), ["account.acme.example", "api.acme.example", "api.acme-west.example"]);
    assert_eq!(hosts(MINT), ["sim.keys.example", "auth.acme.example", "api.acme.example"]);
}

#[test]
fn a_token_that_is_read_as_a_jwt_is_one_with_the_claims_that_are_read() {
    let mut world = World::new(MINT, Scenario::Approve);
    let grant = world.log_in();
    let token = stored(&grant);
    let held =
        Held { region: None, inputs: &indexmap::IndexMap::new(), token: &token, origins: &grant.origins };
    let access = hermes_machine::access::access(&world.provider, &held, None).expect("an access");
    let account = access.headers.iter().find(|(name, _)| name == "x-account").expect("the header");
    assert_eq!(account.1.value.expose_secret(), "sim-account_id");
}

#[test]
fn secrets_say_that_they_are_simulated() {
    let mut world = World::new(DEVICE, Scenario::Approve);
    let token = stored(&world.log_in());
    assert!(token["access_token"].as_str().is_some_and(|text| text.starts_with("sim-access-")));
    assert!(token["refresh_token"].as_str().is_some_and(|text| text.starts_with("sim-refresh-")));
}

#[test]
fn a_refresh_token_serves_once() {
    for file in [USER_CODE, DEVICE, LOOPBACK] {
        let mut world = World::new(file, Scenario::Approve);
        let token = stored(&world.log_in());
        world.expect_grant(Action::Refresh, Some(token.clone()));
        match world.run(Action::Refresh, None, Some(token)) {
            Outcome::Failed(trouble) => assert!(trouble.relogin, "{trouble:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_credential_is_good_until_it_is_revoked() {
    let mut world = World::new(LOOPBACK, Scenario::Approve);
    let token = stored(&world.log_in());
    assert!(matches!(world.run(Action::Verify, None, Some(token.clone())), Outcome::Done { .. }));
    assert!(matches!(world.run(Action::Logout, None, Some(token.clone())), Outcome::Done { .. }));
    match world.run(Action::Verify, None, Some(token.clone())) {
        Outcome::Failed(trouble) => assert_eq!(trouble.code.as_str(), "login_expired"),
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(world.run(Action::Refresh, None, Some(token)), Outcome::Failed(trouble) if trouble.relogin)
    );
}

#[test]
fn a_token_that_nobody_gave_out_is_refused() {
    let mut world = World::new(LOOPBACK, Scenario::Approve);
    let stranger = json!({ "access_token": "a", "refresh_token": "r" });
    assert!(matches!(world.run(Action::Verify, None, Some(stranger.clone())), Outcome::Failed(_)));
    assert!(
        matches!(world.run(Action::Refresh, None, Some(stranger)), Outcome::Failed(trouble) if trouble.relogin)
    );
    assert_eq!(world.seen.iter().filter(|exchange| exchange.refused).count(), 2);
}
