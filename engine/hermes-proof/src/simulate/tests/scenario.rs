//! Each scenario, and how the engine takes it.

use std::time::Duration;

use super::walk::{World, stored};
use super::{ALL, DEVICE, LOOPBACK, MINT, USER_CODE};
use crate::simulate::Scenario;
use hermes_format::provider::Action;
use hermes_machine::machine::{Code, Outcome, Trouble};

/// Runs a login that must fail with this code.
#[track_caller]
fn check(file: &str, scenario: Scenario, code: &str) -> Trouble {
    let mut world = World::new(file, scenario);
    match world.login() {
        Outcome::Failed(trouble) => {
            assert_eq!(
                trouble.code.as_str(),
                code,
                "{trouble:?}\n{:#?}\n{}",
                world.seen,
                world.bodies.join("\n")
            );
            trouble
        }
        other => panic!("{other:?}\n{:#?}\n{}", world.seen, world.bodies.join("\n")),
    }
}

#[test]
fn a_login_that_nobody_approves_times_out() {
    for file in ALL {
        check(file, Scenario::Pending, "timeout");
    }
}

#[test]
fn a_denied_login_says_so() {
    check(USER_CODE, Scenario::Deny, "authorization_denied");
    check(DEVICE, Scenario::Deny, "authorization_denied");
    check(LOOPBACK, Scenario::Deny, "authorization_denied");
    // The file has no word for it, so any failure will do.
    check(MINT, Scenario::Deny, "token_exchange_failed");
}

#[test]
fn an_old_code_expires() {
    check(DEVICE, Scenario::Expire, "expired");
    for file in [USER_CODE, LOOPBACK, MINT] {
        check(file, Scenario::Expire, "timeout");
    }
}

#[test]
fn another_state_than_was_sent_is_found_out() {
    check(USER_CODE, Scenario::BadState, "state_mismatch");
    check(LOOPBACK, Scenario::BadState, "state_mismatch");
}

#[test]
fn a_redirect_to_a_named_host_is_followed_and_one_elsewhere_is_not() {
    for file in ALL {
        let mut world = World::new(file, Scenario::Redirect);
        let grant = world.log_in();
        world.expect_grant(Action::Refresh, Some(stored(&grant)));
        assert!(world.notes().contains(&"redirected"));
        check(file, Scenario::RedirectAway, "redirected");
    }
}

#[test]
fn a_slower_pace_is_kept() {
    let mut approved = World::new(DEVICE, Scenario::Approve);
    approved.log_in();
    let mut slowed = World::new(DEVICE, Scenario::SlowDown);
    slowed.log_in();
    assert_eq!(slowed.waited() - approved.waited(), Duration::from_secs(6), "one more poll, 5 s later");
    // Without a rule for it there is 429 and Retry-After.
    let mut world = World::new(USER_CODE, Scenario::SlowDown);
    world.log_in();
    assert!(world.seen.iter().any(|exchange| exchange.status == Some(429)));
}

#[test]
fn a_poll_that_fails_three_ways_is_not_the_end() {
    for file in [USER_CODE, DEVICE, MINT] {
        let mut world = World::new(file, Scenario::Hiccup);
        world.log_in();
        assert_eq!(world.notes().iter().filter(|note| **note == "hiccup").count(), 3);
        assert!(world.seen.iter().any(|exchange| exchange.status.is_none()), "one connection broke");
    }
}

#[test]
fn a_spent_refresh_token_asks_for_a_new_login() {
    for file in [USER_CODE, DEVICE, LOOPBACK] {
        let mut world = World::new(file, Scenario::SpentRefresh);
        let token = stored(&world.log_in());
        match world.run(Action::Refresh, None, Some(token)) {
            Outcome::Failed(trouble) => assert!(trouble.relogin && trouble.code.as_str() == "refresh_failed"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_no_token_is_not_taken_for_one() {
    check(LOOPBACK, Scenario::Garbage, "token_incomplete");
    check(MINT, Scenario::Garbage, "mint_failed");
    // A page is no answer of the service, and the next poll may have one.
    check(DEVICE, Scenario::Garbage, "timeout");
    check(USER_CODE, Scenario::Garbage, "timeout");
    check(LOOPBACK, Scenario::MissingField, "token_incomplete");
    check(USER_CODE, Scenario::MissingField, "token_incomplete");
    check(MINT, Scenario::MissingField, "mint_failed");
    for (file, code) in
        [(LOOPBACK, "token_incomplete"), (DEVICE, "token_exchange_failed"), (MINT, "mint_failed")]
    {
        check(file, Scenario::Huge, code);
    }
}

#[test]
fn f3_times_that_are_no_times_end_no_login() {
    for file in ALL {
        match World::new(file, Scenario::WrongType).login() {
            Outcome::Success(grant) => assert!(!grant.warnings.is_empty()),
            // A file without times is given a token that is none.
            other => assert!(matches!(&other, Outcome::Failed(t) if t.code == Code::BadAnswer), "{other:?}"),
        }
    }
}

#[test]
fn every_scenario_ends_for_every_flow_and_breaks_no_rule_of_the_protocol() {
    for file in ALL {
        for scenario in Scenario::all() {
            let mut world = World::new(file, scenario);
            let outcome = world.login();
            let refused: Vec<_> = world.seen.iter().filter(|exchange| exchange.refused).collect();
            assert!(refused.is_empty(), "{scenario}: {outcome:?} {refused:#?}");
        }
    }
}

#[test]
fn an_unknown_name_gets_the_nearest_and_the_list() {
    let error = "slowdown".parse::<Scenario>().expect_err("no such scenario");
    assert_eq!(error.near, Some("slow-down"));
    assert!(error.to_string().contains("did you mean `slow-down`?"), "{error}");
    for scenario in Scenario::all() {
        assert_eq!(scenario.name().parse(), Ok(scenario));
        assert!(!scenario.description().is_empty() && error.to_string().contains(scenario.name()));
    }
}
