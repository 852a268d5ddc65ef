//! The machine: a value that is given its time and its randomness, and only ever *says* what should happen next.
//!
//! ```text
//!            start                    Answered / Failed / Woke / Bound / CalledBack / Pasted / Cancelled
//!              │                                              │
//!              ▼                                              ▼
//!   Send ── Wait ── Bind ── Listen ◄──────────────────────── step ──► Finish(Outcome)
//! ```
//!
//! It never touches a socket, a clock or a generator, so the same machine runs a real login, a replayed test on a
//! virtual clock, and a property test that feeds it every event in every state.

mod effect;
mod event;
mod outcome;

use indexmap::IndexMap;
use serde_json::Value;

use crate::origin::Origins;
use crate::provider::{Action, Shared, StateId};
use crate::time::Now;

pub use effect::{Body, Effect, HeaderValue, Listener, Prompt, Request};
pub use event::{CallbackQuery, Event, Failure, FailureKind, Response};
pub use outcome::{Grant, Outcome, Trouble, TroubleClass};

/// Where a machine takes its random bytes from: the operating system's generator, or a test's.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// What a run is started with.
pub struct Start {
    /// The provider.
    pub provider: Shared,
    /// What the run is for.
    pub action: Action,
    /// The state to begin in, where it is not the file's choice (`--from`).
    pub from: Option<StateId>,
    /// The region; `None` is the file's default.
    pub region: Option<String>,
    /// The values of inputs that something supplied.
    pub inputs: IndexMap<String, String>,
    /// The stored credential as a JSON object whose members are `{{token.*}}`; a login starts without one.
    pub token: Option<Value>,
    /// Where the stored credential may go; `None` for what this file itself allows.
    pub bound_to: Option<Origins>,
    /// Whether a browser is at hand.
    pub browser: bool,
    /// Where random bytes come from.
    pub entropy: Box<dyn Entropy + Send>,
}

/// A rule that was taken, or the engine's own reading of an answer (`rule` is then `None`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Taken {
    /// The state whose answer was read.
    pub state: StateId,
    /// Which of its rules applied.
    pub rule: Option<usize>,
}

/// A run of a flow.
pub struct Machine {
    taken: Vec<Taken>,
    at: Option<StateId>,
}

impl Machine {
    /// Starts a run. The effect is the first thing to do; it can already be the end.
    pub fn start(start: Start, now: Now) -> (Machine, Effect) {
        let _ = (start, now);
        unimplemented!()
    }

    /// Takes what happened, and says what should happen next.
    pub fn step(&mut self, event: Event, now: Now) -> Effect {
        let _ = (event, now);
        unimplemented!()
    }

    /// The state that the machine is in.
    pub fn state(&self) -> Option<StateId> {
        self.at
    }

    /// The rules that were taken so far, in order.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }
}
