//! `--simulate`: the same login against a server made from the file, with a home that is thrown away.

use hermes_engine::home::Home;
use hermes_engine::input::Inputs;
use hermes_engine::simulate::{Scenario, Server, Simulator, Visiting};
use hermes_engine::store::Store;
use hermes_engine_core::provider::Input;
use indexmap::IndexMap;

use super::login::{finish, start, start_state};
use super::run::{block_on, drive};
use super::{Options, ask};
use crate::command::Ended;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::person::Terminal;
use crate::render::say;
use crate::session::Session;

/// Logs in to the simulated server.
pub(super) fn login(mut session: Session<'_>, options: &Options, scenario: Scenario) -> Ended {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Store, "simulation_failed", format!("the simulation can't be set up: {error}"))
    };
    let home = tempfile::tempdir().map_err(failed)?;
    session.store = Store::open(Home::at(home.path()));
    let from = start_state(&session, options.from.as_deref())?;
    let inputs = invented(&session, options)?;
    let server = Server::new(session.provider.clone(), scenario).with_inputs(inputs.values.clone());
    let outcome = block_on(async {
        let simulator = Simulator::bind(server, 0).await.map_err(failed)?;
        say(&format!(
            "Simulated server at http://{} ({}); nothing is stored.",
            simulator.addr(),
            scenario.name()
        ));
        let mut http = options.network.options();
        http.connect_to.extend(simulator.connect_to());
        let mut person = Visiting::new(Terminal::new(options.stdin.is_none()), simulator.visitor());
        // The visitor is the browser: none is opened.
        drive(start(&session, &inputs, options, from, false), http, &mut person, options.trace).await
    })??;
    finish(&session, &inputs, options, outcome)
}

/// Inputs without a person and without a look at what is theirs: what was given, defaults, and inventions.
fn invented(session: &Session<'_>, options: &Options) -> Result<Inputs, Failure> {
    let given = ask::given(session, &options.set, options.stdin.as_deref())?;
    let mut set: IndexMap<String, String> = session
        .provider
        .inputs
        .iter()
        .filter(|(_, input)| input.default.is_none())
        .map(|(name, input)| (name.clone(), invent(name, input)))
        .collect();
    set.extend(given);
    session.inputs_from(&set, &IndexMap::new(), &|_| false)
}

fn invent(name: &str, input: &Input) -> String {
    input.choices.first().cloned().unwrap_or_else(|| format!("simulated-{}", name.replace('_', "-")))
}
