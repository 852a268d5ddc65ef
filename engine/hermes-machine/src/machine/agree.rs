//! Hosts that an answer names: the user is asked about them once, before anything is sent there.

use serde_json::Value;

use super::code::Code;
use super::effect::Effect;
use super::outcome::Trouble;
use super::{Machine, StateId};
use hermes_format::origin::Origin;
use hermes_format::time::Now;

impl Machine {
    /// Goes on to a state, once the user has agreed to the hosts that the answer names.
    pub(super) fn go(&mut self, to: StateId, answer: Value, now: Now) -> Effect {
        let origins = self.run.undecided();
        if origins.is_empty() {
            return self.enter(to, &answer, now);
        }
        self.pending = Some((to, answer));
        Effect::Agree { origins, sends_secret: self.run.has_secret_input() }
    }

    pub(super) fn agreed(&mut self, origins: &[Origin], now: Now) -> Effect {
        self.run.agree(origins);
        match self.pending.take() {
            Some((to, answer)) => self.enter(to, &answer, now),
            None => self.fail(Code::BadFlow),
        }
    }

    pub(super) fn declined(&mut self, origins: &[Origin]) -> Effect {
        let hosts: Vec<&str> = origins.iter().map(Origin::host).collect();
        let allow: Vec<String> = hosts.iter().map(|host| format!("--allow {host}")).collect();
        let named = hosts.join("`, `");
        self.finish(|failing| {
            let detail =
                format!("the server's answer leads to `{named}`, and the user did not agree to that");
            let help = format!("if the login belongs there, agree to it: `{}`", allow.join(" "));
            let host = hosts.first().copied().unwrap_or_default();
            Trouble { help: Some(help), ..failing.refused(Code::OriginRefused, host, detail) }
        })
    }
}
