//! What a person pastes into a login that has sent a `state`: no text makes the machine panic, and none goes on with a
//! `state` other than the one that was sent (S16, S17).
//!
//! In an input, `{{state}}` stands for a `state`: first this login's own, then what differs from it.

use std::sync::LazyLock;

use hermes_format::provider::{Action, Shared};
use hermes_machine::machine::{Effect, Event, Machine, Outcome};

use super::scene::{BEGINNING, at, provider, seed, start};

/// A login whose callback comes to a listener.
static LISTENS: LazyLock<Shared> = LazyLock::new(|| {
    provider(
        r#"
        name    = "Acme"
        extends = "authorization-code"
        vars    = { client_id = "cli", scope = "a", auth_url = "https://acme.example/a", token_url = "https://acme.example/t" }
        api     = { base_url = "https://acme.example" }
        models  = ["m"]
        "#,
    )
});

/// A login whose code is shown on a page of the service.
static PASTES: LazyLock<Shared> =
    LazyLock::new(|| provider(include_str!("../../flows/anthropic-paste.toml")));

const STATE: &str = "{{state}}";

/// Pastes any text.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Two seeds that the text decides, so that it can hold neither `state` but through the placeholder.
    let seed = seed(data);
    for provider in [&LISTENS, &PASTES] {
        let with = |seed, state: &str| Login::begin(provider, seed).takes(&text.replace(STATE, state));
        let own = Login::begin(provider, seed).state;
        if with(seed, &own) {
            assert!(text.contains(STATE), "without the state: {text}");
            assert!(!with(!seed, &own), "with the state of another login: {text}");
        }
        for wrong in ["", &format!("{own}a"), &own[12..], &own.to_uppercase()] {
            assert!(!with(seed, wrong), "with {wrong} in place of {own}: {text}");
        }
    }
}

/// A login that waits for its callback.
struct Login {
    machine: Machine,
    state: String,
}

impl Login {
    fn begin(provider: &Shared, seed: u64) -> Login {
        let (mut machine, mut effect) = Machine::start(start(provider, Action::Login, seed), at(BEGINNING));
        if let Effect::Bind(listener) = &effect {
            let uri = format!("http://{}:7{}", listener.host, listener.path);
            effect = machine.step(Event::Bound(uri), at(BEGINNING));
        }
        let Effect::Listen { show, .. } = effect else { panic!("it does not wait: {effect:?}") };
        let sent = show
            .url
            .and_then(|url| Some(url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned()));
        Login { machine, state: sent.unwrap_or_else(|| panic!("no state was sent")) }
    }

    /// Whether it goes on with a paste.
    fn takes(mut self, text: &str) -> bool {
        match self.machine.step(Event::Pasted(text.into()), at(BEGINNING)) {
            Effect::Listen { .. } | Effect::Finish(Outcome::Failed(_)) => false,
            Effect::Send(_) => true,
            other => panic!("after a paste: {other:?}"),
        }
    }
}
