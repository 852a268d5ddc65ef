//! One run of the machine, driven on a runtime of this thread.

use std::future::Future;

use hermes_engine::driver::{self, NoWitness, Person, Witness};
use hermes_engine::http::{Http, HttpOptions};
use hermes_machine::machine::{Outcome, Start};

use super::Wire;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::trace::Trace;

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    driver::block_on(future)
        .map_err(|error| Failure::new(Exit::Bug, "bug", format!("no runtime can be started: {error}")))
}

/// Who watches a run: `--trace`, or nobody.
pub(super) fn witness(wire: &Wire) -> Box<dyn Witness> {
    if wire.trace { Box::new(Trace) } else { Box::new(NoWitness) }
}

/// Runs a flow to its end.
pub(super) async fn drive(
    start: Start,
    http: HttpOptions,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
) -> Result<Outcome, Failure> {
    let outcome = driver::run(start, &Http::new(http), person, witness).await;
    outcome
        .map_err(|error| Failure::new(Exit::Retry, "network", format!("the flow could not be run: {error}")))
}
