//! `graph`: a provider's flow as a picture.

use std::path::Path;

use clap::ValueEnum;
use hermes_engine::catalog::{Entry, Kind, Target};
use hermes_format::provider::Shared;
use hermes_format::source::Sources;
use hermes_proof::graph::{Form, Graph};
use hermes_proof::replay::{self, Coverage};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render;

/// Draw the flow of a provider.
///
/// Rules that no test covers are marked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider, or a provider or flow file [default: the one in use]
    provider: Option<String>,
    /// Output format
    #[arg(long = "as", value_enum, default_value_t = As::Text, value_name = "FORM")]
    form: As,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// Text for a terminal
    Text,
    /// Mermaid flowchart
    Mermaid,
    /// Graphviz
    Dot,
    /// SVG picture
    Svg,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let target = target(args.provider.as_deref(), context)?;
    let provider = match target.kind {
        Kind::Provider => context.open_any(&target.entry)?,
        Kind::Flow => context.open_flow(&target.entry)?,
    };
    let graph = Graph::of(&provider, coverage(&target.entry, &provider, context).as_ref());
    render::answer(&graph.draw(match args.form {
        As::Text => Form::Text,
        As::Mermaid => Form::Mermaid,
        As::Dot => Form::Dot,
        As::Svg => Form::Svg,
    }))?;
    Ok(Exit::Done)
}

/// The file that is meant: one by its path, or a provider by its name.
fn target(name: Option<&str>, context: &Context) -> Result<Target, Failure> {
    match name.filter(|name| Path::new(name).is_file()) {
        Some(path) => {
            context.catalog.target(path)?.pop().ok_or_else(|| Failure::usage("no provider is named"))
        }
        None => Ok(Target { kind: Kind::Provider, entry: context.find(name)? }),
    }
}

/// What the tests beside the provider reach; `None` without tests that can be run: nothing is known then.
fn coverage(entry: &Entry, provider: &Shared, context: &Context) -> Option<Coverage> {
    let file = context.catalog.test_file(entry)?.ok()?;
    let (tests, _) = replay::load(&mut Sources::default(), &file, provider);
    Some(replay::run(provider, &tests?).coverage)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine graph my-provider
  hermes-engine graph my-provider --as mermaid
  hermes-engine graph my-provider --as svg > my-provider.svg";
