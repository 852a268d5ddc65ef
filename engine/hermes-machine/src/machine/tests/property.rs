//! Any event in any state, any bytes as a body: no panic, no request past the deadline, no secret in sight.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::scenario::{Counting, DEVICE, at, provider, start_of};
use crate::machine::{CallbackQuery, Effect, Event, Failure, FailureKind, Machine, Outcome, Response, Start};
use hermes_format::provider::{Action, Provider};

/// Stands in every answer where a secret would.
const CANARY: &str = "canary-0123456789";

fn body() -> impl Strategy<Value = Vec<u8>> {
    let device = json!({
        "device_code": CANARY, "user_code": "U", "verification_uri": "https://auth.acme.example/", "interval": 1,
        "expires_in": 60
    });
    let token = json!({"access_token": CANARY, "refresh_token": CANARY, "error_description": CANARY, "expires_in": 60});
    prop_oneof![
        3 => Just(device.to_string().into_bytes()),
        1 => Just(token.to_string().into_bytes()),
        2 => Just(json!({"error": "authorization_pending"}).to_string().into_bytes()),
        1 => Just(json!({"error": "slow_down"}).to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..64),
        1 => "\\PC{0,40}".prop_map(String::into_bytes),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let status =
        prop_oneof![4 => Just(200u16), 1 => Just(400), 1 => Just(503), 1 => Just(307), 1 => any::<u16>()];
    let answered = (status, body(), any::<bool>()).prop_map(|(status, body, truncated)| {
        Event::Answered(Response {
            status,
            headers: vec![("location".into(), "https://x.example".into())],
            body,
            truncated,
        })
    });
    let failed =
        prop_oneof![Just(FailureKind::Connect), Just(FailureKind::Broken), Just(FailureKind::TimedOut)]
            .prop_map(|kind| Event::Failed(Failure { kind, sent: true, message: "it broke".into() }));
    prop_oneof![
        6 => answered,
        1 => failed,
        6 => Just(Event::Woke),
        1 => "\\PC{0,20}".prop_map(Event::Bound),
        1 => proptest::collection::vec(("[a-z]{0,5}", "\\PC{0,9}"), 0..3).prop_map(|q| Event::CalledBack(CallbackQuery(q))),
        1 => "\\PC{0,20}".prop_map(|text| Event::Pasted(text.into())),
    ]
}

static FLOW: LazyLock<Arc<Provider>> = LazyLock::new(|| provider(DEVICE));

proptest! {
    #[test]
    fn any_event_in_any_state_is_taken(events in proptest::collection::vec((event(), 0u64..90), 1..60), refresh: bool) {
        let action = if refresh { Action::Refresh } else { Action::Login };
        let token = json!({"refresh_token": CANARY});
        let begin = Start { token: refresh.then_some(token), entropy: Box::new(Counting(9)), ..start_of(&FLOW, action) };
        let mut elapsed = Duration::ZERO;
        let (mut machine, mut effect) = Machine::start(begin, at(elapsed));
        let mut deadline = None;
        for (event, pause) in events {
            if let Effect::Wait { deadline: Some(until), .. } = &effect {
                deadline = Some(*until);
            }
            elapsed += Duration::from_secs(pause);
            let was_sending = matches!(effect, Effect::Send(_));
            effect = machine.step(event, at(elapsed));
            let sends = matches!(effect, Effect::Send(_)) && !was_sending;
            prop_assert!(!(sends && deadline.is_some_and(|d| elapsed >= d)), "a request after the deadline");
            prop_assert!(!format!("{effect:?}").contains(CANARY), "{effect:?}");
            if let Effect::Finish(Outcome::Failed(trouble)) = &effect {
                prop_assert!(!trouble.message.contains(CANARY), "{}", trouble.message);
            }
        }
    }
}
