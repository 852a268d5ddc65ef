//! `run-flow`: one flow, to its end.

use serde_json::json;

use super::trust;
use crate::context::Context;
use crate::failure::{Ended, Failure};
use crate::flow::{self, Flow, Options, Which};
use crate::options::Output;
use crate::render;

/// Run a flow of a provider: login, refresh, logout or verify.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    /// Which flow to run
    #[arg(long, value_enum, default_value_t = Flow::Login, value_name = "FLOW")]
    flow: Flow,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let name = args.provider.as_deref();
    if args.flow != Flow::Login && args.options.how.simulate.is_some() {
        let flow = args.flow.name();
        let id = context.find(name)?.id;
        return Err(Failure::usage(format!("a simulated server has no credential to {flow} with")).help(format!(
            "let `hermes-engine simulate {id}` serve in another terminal, log in to it as it says, and {flow} with the same options"
        )));
    }
    if args.options.how.simulate.is_none() && args.flow != Flow::Logout {
        trust::ask_before(context, name)?;
    }
    let (exit, end) = match args.flow {
        Flow::Login => (flow::login(context, name, &args.options)?, "success"),
        Flow::Refresh => (flow::refresh(context, name, &args.options)?, "success"),
        Flow::Logout => {
            let Options { label, how, .. } = &args.options;
            (flow::logout(context, &context.name(name)?, Which::called(label.as_deref()), &how.wire)?, "done")
        }
        Flow::Verify => (flow::verify(context, name, &args.options)?, "done"),
    };
    if args.output.is_json() {
        let provider = context.find(name)?.id;
        render::answer_json(
            &json!({ "version": 1, "provider": provider, "flow": args.flow.name(), "end": end }),
        )?;
    }
    Ok(exit)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine run-flow PROVIDER
  hermes-engine run-flow PROVIDER --region cn --no-browser
  hermes-engine run-flow PROVIDER --simulate           see how a login goes, without an account
  hermes-engine run-flow PROVIDER --simulate=deny      and how it ends when it is denied
  printf %s \"$KEY\" | hermes-engine run-flow PROVIDER --stdin api_key
  hermes-engine run-flow PROVIDER --flow logout";
