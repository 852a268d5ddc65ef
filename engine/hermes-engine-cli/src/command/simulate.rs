//! `simulate`: a provider's authorization server on loopback.

use hermes_engine::driver::Signals;
use hermes_engine::simulate::{Exchange, Scenario, Server, Simulator};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::flow::block_on;
use crate::options::Output;
use crate::render::{self, safe};
use crate::session::Session;

/// Simulate a provider's authorization server on loopback.
///
/// Runs until interrupted and logs each request on stderr.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias
    provider: String,
    /// Port; 0 for any free one
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,
    /// Behavior of the server
    #[arg(long, default_value = "ask", value_name = "SCENARIO", help = scenarios())]
    scenario: Scenario,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let session = Session::open_simulated(context, Some(&args.provider))?;
    let server = Server::new(session.provider.clone(), args.scenario);
    block_on(serve(server, args))?
}

async fn serve(server: Server, args: Args) -> Ended {
    let mut simulator = Simulator::bind(server, args.port).await.map_err(|error| {
        let message = format!("port {} can't be served: {error}", args.port);
        Failure::new(Exit::Retry, "port_taken", message).help("choose another port, or none")
    })?;
    // Caught once and held: a listener that is made anew for every wait would miss what comes between two of them.
    let mut signals = Signals::catch().map_err(|error| Failure::no_signals(&error))?;
    announce(&simulator, args.output)?;
    loop {
        tokio::select! {
            exchange = simulator.next_exchange() => match exchange {
                Some(exchange) => {
                    render::say(&line(&exchange));
                    if let Some(page) = &exchange.page {
                        render::say(&format!("  decide at http://{}{}", simulator.addr(), safe(page)));
                    }
                }
                None => return Ok(Exit::Done),
            },
            () = signals.next() => return Ok(Exit::Interrupted),
        }
    }
}

fn announce(simulator: &Simulator, output: Output) -> Result<(), Failure> {
    let options: Vec<String> =
        simulator.connect_to().iter().map(|(host, address)| format!("{host}={address}")).collect();
    if output.is_json() {
        let address = simulator.addr().to_string();
        return render::answer_json(&json!({ "version": 1, "address": address, "connect_to": options }));
    }
    render::say(&format!("Simulated server at http://{}.", simulator.addr()));
    render::say(
        "A login at it takes the place of a real one: give it a home, `export HERMES_HOME=$(mktemp -d)`.",
    );
    render::say("To log in to it, add:");
    let options: Vec<String> = options.iter().map(|option| format!("--connect-to {option}")).collect();
    render::answer_line(&options.join(" "))
}

fn line(exchange: &Exchange) -> String {
    let status = exchange.status.map_or_else(|| "broken".to_owned(), |status| status.to_string());
    let state = exchange.state.as_deref().unwrap_or("-");
    let refused = if exchange.refused { " REFUSED:" } else { "" };
    let Exchange { method, host, path, note, .. } = exchange;
    safe(&format!("{state}: {method} {host}{path} -> {status}{refused} {note}"))
}

/// Every scenario with its description.
pub(crate) fn scenarios() -> String {
    let lines = Scenario::all().map(|scenario| format!("{}: {}", scenario.name(), scenario.description()));
    format!("Behavior of the server\n{}", lines.collect::<Vec<_>>().join("\n"))
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine simulate PROVIDER
  hermes-engine simulate PROVIDER --port 8080 --scenario deny";
