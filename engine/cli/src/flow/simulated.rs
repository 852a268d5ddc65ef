//! `--simulate`: the same login against a server made from the file, with a home that is thrown away.

use hermes_engine::home::Home;
use hermes_engine::input::Inputs;
use hermes_engine::simulate::{Scenario, Server, Simulator, Visiting};
use hermes_engine::store::Store;
use hermes_engine_core::provider::{Action, Input, Provider};
use hermes_engine_core::simulate::example;
use hermes_engine_core::template::Pattern;
use indexmap::IndexMap;

use super::login::{finish, start, start_state};
use super::run::{block_on, drive};
use super::{Options, ask, needs};
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
        .filter(|(name, input)| input.default.is_none() && is_wanted(&session.provider, name, input))
        .map(|(name, input)| (name.clone(), invent(name, input)))
        .collect();
    set.extend(given);
    session.inputs_from(&set, &IndexMap::new(), &|_| false)
}

/// Whether the login can't do without an input: one that is asked for, or the key where there is no other login.
fn is_wanted(provider: &Provider, name: &str, input: &Input) -> bool {
    let has_one_way = provider.starts(Action::Login).len() == 1;
    input.prompt.is_some() || (has_one_way && needs::is_key(provider, name))
}

fn invent(name: &str, input: &Input) -> String {
    let plain = || format!("simulated-{}", name.replace('_', "-"));
    let fits = |pattern: &Pattern| example(&pattern.0).filter(|_| !pattern.0.is_match(&plain()));
    input.choices.first().cloned().or_else(|| input.pattern.as_ref().and_then(fits)).unwrap_or_else(plain)
}
