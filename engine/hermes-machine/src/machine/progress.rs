//! How far a run has come: enough to go on with it later, in another process.
//!
//! Note: it holds what servers answered and the verifier, all of it secret.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::code::Code;
use super::effect::Effect;
use super::pace::Pace;
use super::redact;
use super::start::refusal;
use super::{Machine, Start, acting, reach};
use hermes_format::provider::{Act, Active, Provider, StateId, StateKind};
use hermes_format::time::Now;

/// A run that is about to send the request of a state.
#[derive(Clone, Serialize, Deserialize)]
pub struct Progress {
    /// The name of the state.
    pub state: String,
    /// The answers that led out of earlier states, by state.
    answers: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verifier: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    randoms: BTreeMap<String, String>,
    /// The origins that answers name and that the user has agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agreed: Vec<String>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered: Vec<&String> = self.answers.keys().collect();
        f.debug_struct("Progress")
            .field("state", &self.state)
            .field("answered", &answered)
            .finish_non_exhaustive()
    }
}

impl Progress {
    /// Whether the run has left a state in which it waited for a user: their approval can't be had again for nothing.
    pub fn is_approved(&self, provider: &Provider) -> bool {
        self.answers.keys().filter_map(|name| provider.state_id(name)).any(|id| asks_user(provider, id))
    }
}

/// Whether a body is JSON that holds a token or a code for one, as far as names tell: what a login is run for.
pub fn wins_token(body: &[u8]) -> bool {
    redact::holds_any(body, |name| {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        !matches!(
            plain.to_ascii_lowercase().as_str(),
            "assertion" | "clientsecret" | "code" | "codeverifier" | "deviceauthid" | "devicecode"
        )
    })
}

fn asks_user(provider: &Provider, id: StateId) -> bool {
    match provider.states.get(id.0).map(|state| &state.kind) {
        Some(StateKind::Active(active)) => active.show.is_some() || matches!(active.act, Act::Browser(_)),
        _ => false,
    }
}

impl Machine {
    /// How far the run has come, where a request is next.
    pub fn progress(&self) -> Option<Progress> {
        let Effect::Send(_) = &self.outstanding else { return None };
        let (state, _) = acting(&self.run.provider, self.at)?;
        let (answers, randoms) = self.run.made_so_far();
        Some(Progress {
            state: state.to_owned(),
            answers,
            redirect_uri: self.run.redirect_uri.clone(),
            verifier: self.run.verifier_so_far(),
            randoms,
            agreed: self.run.agreed_so_far(),
        })
    }

    /// Goes on with a run: sends the request that was next, without another pause. No user is there any more: a state that
    /// opens a page ends the run.
    pub fn resume(start: Start, progress: Progress, now: Now) -> (Machine, Effect) {
        let mut machine = Machine::new(start);
        machine.is_resumed = true;
        machine.outstanding = match refusal(&machine.run, machine.action) {
            Some(trouble) => Effect::Finish(super::Outcome::Failed(trouble)),
            None => machine.go_on(progress, now),
        };
        let first = machine.outstanding.clone();
        (machine, first)
    }

    fn go_on(&mut self, progress: Progress, now: Now) -> Effect {
        let provider = self.run.provider.clone();
        let Progress { state, answers, redirect_uri, verifier, randoms, agreed } = progress;
        let id = provider.state_id(&state);
        let Some((_, active @ Active { act: Act::Request(_), .. })) = acting(&provider, id) else {
            return self.because(Code::BadFlow, format!("it has no request `{state}` any more"));
        };
        self.run.put_back((answers, randoms), redirect_uri, verifier);
        self.run.agree_again(agreed);
        self.at = id;
        let (pace, warnings) = Pace::of(active, &self.run, now);
        self.run.warnings.extend(warnings);
        self.paces.extend(id.map(|id| (id, pace)));
        match id.and_then(|id| reach::refusal(&self.run, id)) {
            Some(trouble) => Effect::Finish(super::Outcome::Failed(trouble)),
            None => self.act(now),
        }
    }
}
