//! Signals at any moment of a run.

use rustix::process::{Signal, getpid, kill_process};

use super::*;

/// Runs a test that signals its own process where no other test can hear it.
fn check_alone(test: &str) {
    in_process_of_its_own(&format!("driver::tests::signal::{test}"), &[]);
}

fn signal_self(signal: Signal) {
    kill_process(getpid(), signal).unwrap();
}

#[test]
fn s33_signals_end_a_wait_at_once() {
    check_alone("a_wait_that_is_interrupted");
}

#[tokio::test]
#[ignore = "runs in a process of its own, which it interrupts"]
async fn a_wait_that_is_interrupted() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for listen in [false, true] {
            let (mut person, _paste) = Somebody::new();
            person.when_waiting = Box::new(move || signal_self(signal));
            let effect = if listen {
                Effect::Listen {
                    state: "page".into(),
                    show: prompt("A"),
                    until: HOUR,
                    paste: true,
                    again: None,
                }
            } else {
                Effect::Wait { until: HOUR, deadline: None, show: None, note: None }
            };
            let began = Instant::now();
            let events = perform(vec![effect], &mut person, &mut NoWitness, Action::Login).await.unwrap();
            assert_eq!(names(&events), ["Cancelled"]);
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        }
    }
}

#[test]
fn s33_signals_end_a_request_of_a_login_at_once() {
    check_alone("a_request_that_is_interrupted");
}

#[tokio::test]
#[ignore = "runs in a process of its own, which it interrupts"]
async fn a_request_that_is_interrupted() {
    let server = Server::start(|_| {
        signal_self(Signal::INT);
        Reply::Stall(Vec::new())
    })
    .await;
    let send = Effect::Send(post(server.url("/"), None));
    let events = perform(vec![send], &mut Nobody, &mut NoWitness, Action::Login).await.unwrap();
    assert_eq!(names(&events), ["Cancelled"]);
}

#[test]
fn s33_a_refresh_is_finished_before_a_signal_is_heard() {
    check_alone("a_refresh_that_is_interrupted");
}

#[tokio::test]
#[ignore = "runs in a process of its own, which it interrupts"]
async fn a_refresh_that_is_interrupted() {
    let server = Server::start(|_| {
        signal_self(Signal::INT);
        signal_self(Signal::TERM);
        ok(r#"{"access_token": "new-access"}"#)
    })
    .await;
    let mut signals = Signals::catch().unwrap();
    assert!(!signals.caught().await);
    let http = Http::new(HttpOptions::default());
    let refresh = start(device_flow(&server), Action::Refresh);
    let outcome = run(refresh, &http, &mut Nobody, &mut NoWitness).await.unwrap();
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    assert!(signals.caught().await);
}
