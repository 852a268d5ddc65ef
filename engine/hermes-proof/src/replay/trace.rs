//! What a replayed run did: sent, showed, took, and came to.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use hermes_format::provider::StateId;
use hermes_format::raw::test::End;
use hermes_format::template::{Name, Scope};
use hermes_machine::machine::{self, Code, Machine, Outcome, Prompt};

/// Everything that a test can be asked about.
#[derive(Default)]
pub(super) struct Trace {
    /// The requests and the visits of the browser, by state, in order.
    pub(super) sent: IndexMap<String, Vec<Sending>>,
    /// What the person was shown last.
    pub(super) shown: Option<Prompt>,
    /// The answers that a rule took, in order.
    pub(super) heard: Vec<Heard>,
    /// How much time passed.
    pub(super) waited: Duration,
    /// The region of the run, by name.
    pub(super) region: Option<String>,
    /// The variables of the environment that inputs were read from.
    pub(super) variables: Vec<String>,
    /// How it ended; `None` only while it runs.
    pub(super) ending: Option<Ending>,
    /// The machine as it was at the end.
    pub(super) machine: Option<Machine>,
}

impl Scope for Trace {
    fn value(&self, name: &Name) -> Option<Value> {
        self.machine.as_ref()?.value(name)
    }
}

/// A request, or a URL that was opened.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) method: &'static str,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<machine::Body>,
}

/// An answer and the rule that took it.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) state: StateId,
    pub(super) rule: usize,
    pub(super) answer: Value,
}

/// How a replay ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The machine came to an end.
    Finished(Outcome),
    /// The test can't go on: what is wrong with it.
    Stuck {
        /// What the test should have had, by the name of its field.
        field: String,
        /// What the run needed there.
        needed: String,
        /// What was there.
        found: String,
    },
}

impl Trace {
    /// How the run ended, in the words of a test; `None` where it did not, or a person ended it.
    pub(super) fn end(&self) -> Option<End> {
        match self.ending.as_ref()? {
            Ending::Finished(Outcome::Success(_)) => Some(End::Success),
            Ending::Finished(Outcome::Done { .. }) => Some(End::Done),
            Ending::Finished(Outcome::Failed(trouble)) if trouble.code == Code::Timeout => Some(End::Timeout),
            Ending::Finished(Outcome::Failed(_)) => Some(End::Error),
            Ending::Finished(Outcome::Cancelled) | Ending::Stuck { .. } => None,
        }
    }
}
