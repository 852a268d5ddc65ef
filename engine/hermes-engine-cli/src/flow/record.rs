//! `test --record`: a login that is watched and written down as a test. Nothing of it is stored.

use std::io;

use hermes_engine::clock;
use hermes_engine::driver::Witness;
use hermes_format::provider::{Action, Shared};
use hermes_machine::machine::{Effect, Event, Outcome, Request, Response};
use hermes_proof::replay::record::{Exchange, Recording, Started, test_file};

use super::login::{Watched, open, run};
use super::run::witness;
use super::{How, ask};
use crate::context::Context;
use crate::failure::Failure;

/// Keeps what every effect came to, beside another witness.
struct Recorder {
    other: Box<dyn Witness>,
    exchanges: Vec<Exchange>,
}

impl Witness for Recorder {
    fn sending(&mut self, request: &Request) -> io::Result<()> {
        self.other.sending(request)
    }

    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        self.other.answered(request, response)
    }

    fn performed(&mut self, effect: &Effect, event: &Event) {
        Exchange::keep(&mut self.exchanges, effect, event);
    }
}

/// Runs a login, however it ends, and gives its provider and the text of a test that says what happened.
pub(crate) fn record(context: &Context, name: &str, how: &How) -> Result<(Shared, String), Failure> {
    let session = open(context, Some(name), how)?;
    let began = clock::wall();
    let mut recorder = Recorder { other: witness(&how.wire), exchanges: Vec::new() };
    let given = ask::given(&session, &how.set, how.stdin.as_deref())?;
    let ran = run(&session, how, Watched { given, witness: &mut recorder, keep: None })?;
    if matches!(ran.outcome, Outcome::Cancelled) {
        return Err(Failure::interrupted());
    }
    let provider = &session.provider;
    let default = provider.regions.as_ref().map(|regions| regions.default.clone());
    let started = Started {
        action: Action::Login,
        from: ran.from.map(|id| provider.state(id).name.clone()),
        region: how.region.clone().or(default),
        browser: ran.browser,
        inputs: ran.inputs.values,
        began,
    };
    let recording = Recording { started, exchanges: recorder.exchanges, outcome: ran.outcome };
    let text = test_file(provider, &recording);
    Ok((session.provider, text))
}
