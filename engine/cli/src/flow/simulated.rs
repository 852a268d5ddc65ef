//! `--simulate`: the same login against a server made from the file, with a home that is thrown away.

use hermes_engine::driver::Witness;
use hermes_engine::home::Home;
use hermes_engine::input::Inputs;
use hermes_engine::simulate::{Scenario, Server, Simulator, Visiting};
use hermes_engine::store::Store;
use hermes_engine_core::machine::{Outcome, Start};
use hermes_engine_core::provider::{Action, Input, Provider};
use hermes_engine_core::simulate::example_input;
use indexmap::IndexMap;
use tempfile::TempDir;

use super::How;
use super::run::{block_on, drive};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::person::Terminal;
use crate::render::say;
use crate::session::Session;

/// Gives a session a home of its own, for as long as the folder is held.
pub(super) fn home(session: &mut Session<'_>) -> Result<TempDir, Failure> {
    let home = tempfile::tempdir().map_err(failed)?;
    session.store = Store::open(Home::at(home.path()));
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
            "Simulated server at http://{} ({}); nothing is stored.",
            simulator.addr(),
            scenario.name()
        ));
        // Nothing is sent but to the simulator: what `--connect-to` says is not asked.
        let http = simulator.http(how.wire.network.options().timeout);
        let person = Terminal::new(how.stdin.is_none(), http.clone());
        let mut person = Visiting::new(person, simulator.visitor());
        drive(start, http, &mut person, witness).await
    })?
}

/// Inputs without a person and without a look at what is theirs: what was given, defaults, and inventions.
pub(super) fn inputs(session: &Session<'_>, given: IndexMap<String, String>) -> Result<Inputs, Failure> {
    let mut set: IndexMap<String, String> = session
        .provider
        .inputs
        .iter()
        .filter(|(name, input)| input.default.is_none() && is_wanted(&session.provider, name, input))
        .map(|(name, input)| (name.clone(), example_input(name, input)))
        .collect();
    set.extend(given);
    session.inputs_from(&set, &IndexMap::new(), &|_| false)
}

/// Whether the login can't do without an input: one that is asked for, or the key where there is no other login.
fn is_wanted(provider: &Provider, name: &str, input: &Input) -> bool {
    let has_one_way = provider.starts(Action::Login).len() == 1;
    input.prompt.is_some() || (has_one_way && provider.key_inputs().contains(name))
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(Exit::Store, "simulation_failed", format!("the simulation can't be set up: {error}"))
}
