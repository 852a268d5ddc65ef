//! `--simulate`: the same login against a server made from the file, with a home that is thrown away.

use hermes_engine::driver::Witness;
use hermes_engine::home::Home;
use hermes_engine::input::Inputs;
use hermes_engine::simulate::{Scenario, Server, Simulator, Visiting};
use hermes_engine::store::FileStore;
use hermes_format::provider::{Constants, StateId};
use hermes_machine::machine::{Outcome, Start};
use hermes_proof::simulate::example_input;
use indexmap::IndexMap;
use tempfile::TempDir;

use super::run::{block_on, drive};
use super::{How, start};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::person::Terminal;
use crate::render::say;
use crate::session::Session;

/// Gives a session a home of its own, for as long as the folder is held.
pub(super) fn home(session: &mut Session<'_>) -> Result<TempDir, Failure> {
    let home = tempfile::tempdir().map_err(failed)?;
    session.store = FileStore::open(Home::at(home.path()));
    Ok(home)
}

/// Runs a login against the simulated server, whose person does what the scenario says.
pub(super) fn run(
    how: &How,
    start: Start,
    scenario: Scenario,
    witness: &mut dyn Witness,
) -> Result<Outcome, Failure> {
    let server = Server::new(start.provider.clone(), scenario).with_inputs(start.inputs.clone());
    block_on(async {
        let simulator = Simulator::bind(server, 0).await.map_err(failed)?;
        say(&format!(
            "Simulated server at http://{}: it {}. Nothing is sent anywhere else, and nothing is stored.",
            simulator.addr(),
            scenario.description()
        ));
        // Nothing is sent but to the simulator: what `--connect-to` says is not asked.
        let http = simulator.http(how.wire.network.options().timeout);
        let person = Terminal::new(how.stdin.is_none(), http.clone());
        // Only one scenario waits for the user of this terminal.
        let person = if scenario == Scenario::Ask { person } else { person.simulated() };
        let mut person = Visiting::new(person, simulator.visitor());
        drive(start, http, &mut person, witness).await
    })?
}

/// Inputs without a user and without a look at what is theirs: what was given, defaults, and inventions for what the
/// login would ask for.
pub(super) fn inputs(
    session: &Session<'_>,
    how: &How,
    from: Option<StateId>,
    given: IndexMap<String, String>,
) -> Result<Inputs, Failure> {
    let provider = &session.provider;
    let inputs_from = |set| session.inputs_from(set, &IndexMap::new(), &|_| false);
    let inputs = inputs_from(&given)?;
    let Some(begins_in) = start::begins_in(start::start(session, &inputs, how, from, false)) else {
        return Ok(inputs);
    };
    let region = how.region.as_deref();
    let needed = provider.inputs_needed(begins_in, &Constants { provider, region, inputs: &inputs.values });
    let invented = needed.into_iter().map(|name| (name.to_owned(), example_input(provider, name)));
    let set: IndexMap<String, String> = invented.chain(given.clone()).collect();
    inputs_from(&set)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(Exit::Store, "simulation_failed", format!("the simulation can't be set up: {error}"))
}
