//! `serve`: a proxy on loopback that adds the credential to each request.

mod child;
mod key;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use hermes_engine::Engine;
use hermes_engine::driver::Signals;
use hermes_engine_serve::{AccessLog, Keys, Listener, Server, ServerBuilder, notify, raise_descriptor_limit};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Network, duration};
use crate::render::{safe, say, warn};

pub(super) use child::{Reach, run as run_child};

/// Where it listens unless it is told otherwise.
const ADDRESS: &str = "127.0.0.1:4180";

/// Run a proxy that adds the credential to the requests of clients.
///
/// A client is given the base URL http://127.0.0.1:4180/PROVIDER and a key of `serve key add`. Tokens are renewed ahead of
/// their end and when a server refuses one; the request is then sent again.
///
/// Each request is a line of JSON on stdout. SIGTERM and Ctrl-C end it once the answers under way are sent.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The loopback address to listen on, or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = ADDRESS)]
    listen: String,
    /// Write the access log to this file; `off` writes none [default: stdout]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Cut answers that take longer than this once it is to end
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    drain: Duration,
    /// Answer more connections than this with 503 [default: what the descriptors allow]
    #[arg(long, value_name = "NUMBER")]
    max_connections: Option<usize>,
    #[command(flatten)]
    network: Network,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add, list and revoke the keys of clients
    Key(key::Args),
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    if let Some(What::Key(args)) = args.what {
        return key::run(args, context);
    }
    let log = access_log(args.log.as_deref())?;
    let most = raise_descriptor_limit();
    let keys = Keys::of_home(context.home.path());
    let is_empty = keys.list().map_err(key::failure)?.is_empty();
    in_runtime(async {
        let server = builder(context, &args.network, keys).await?.log(log).drain(args.drain);
        let server = match args.max_connections {
            Some(count) => server.max_connections(count),
            None => server,
        };
        let server = server.build().map_err(|error| unserved(&error))?;
        let listener = Listener::bind(&args.listen).await.map_err(|error| unbound(&args.listen, &error))?;
        let mut signals = Signals::catch().map_err(|error| Failure::no_signals(&error))?;
        let most = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
        say(&format!("Listening on {} ({most} descriptors)", safe(listener.url())));
        if is_empty {
            warn(
                "no client has a key yet; make one with `hermes-engine serve key add NAME --provider PROVIDER`",
            );
        }
        tell("READY=1");
        let stop = async {
            signals.next().await;
            tell("STOPPING=1");
            say("Stopping; answers under way are brought to their end");
        };
        server.run(listener, stop).await.map_err(|error| unserved(&error))?;
        Ok(Exit::Done)
    })
}

/// A server over the credentials of this home.
async fn builder(context: &Context, network: &Network, keys: Keys) -> Result<ServerBuilder, Failure> {
    let options = network.options();
    let mut engine = context.engine();
    if let Some(timeout) = options.timeout {
        engine = engine.timeout(timeout);
    }
    for (host, to) in &options.connect_to {
        engine = engine.connect_to(host, *to);
    }
    let engine: Engine = engine.build().await.map_err(|error| Failure::usage(error.to_string()))?;
    let server = Server::builder(engine, keys);
    Ok(options.connect_to.into_iter().fold(server, |server, (host, to)| server.connect_to(host, to)))
}

/// Runs on an async runtime of this thread.
fn in_runtime(work: impl Future<Output = Ended>) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Bug, "bug", format!("no async runtime: {error}")))?;
    let ended = runtime.block_on(work);
    // A look-up of a name that hangs is nobody's business any more.
    runtime.shutdown_background();
    ended
}

fn access_log(file: Option<&std::path::Path>) -> Result<AccessLog, Failure> {
    let Some(path) = file else { return Ok(AccessLog::to(io::stdout())) };
    if path.as_os_str() == "off" {
        return Ok(AccessLog::off());
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map(AccessLog::to).map_err(|error| {
        let path = safe(&path.display().to_string());
        Failure::new(Exit::Store, "log_unwritable", format!("`{path}` can't be written: {error}"))
    })
}

/// A service manager that can't be told waits in vain, and says so itself.
fn tell(state: &str) {
    if let Err(error) = notify(state) {
        warn(&format!("the service manager can't be told {state}: {error}"));
    }
}

fn unbound(address: &str, error: &io::Error) -> Failure {
    let message = format!("can't listen on `{}`: {error}", safe(address));
    match error.kind() {
        io::ErrorKind::InvalidInput => Failure::usage(message),
        io::ErrorKind::AddrInUse => Failure::new(Exit::Retry, "address_in_use", message)
            .help("another process listens there; choose another with --listen"),
        _ => Failure::new(Exit::Retry, "not_listening", message),
    }
}

fn unserved(error: &io::Error) -> Failure {
    Failure::new(Exit::Retry, "not_served", format!("the proxy can't be set up: {error}"))
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine serve
  hermes-engine serve --listen unix:/run/user/1000/hermes.sock --log off
  hermes-engine serve key add NAME --provider PROVIDER --ttl 8h
  curl http://127.0.0.1:4180/PROVIDER/models -H \"Authorization: Bearer $KEY\"";
