//! `use`: the provider and the model that are taken where nothing else is said.

use hermes_engine::config::{self, Model};
use hermes_format::diagnostic::nearest;
use hermes_format::provider::{Provider, Status as Life};
use serde_json::json;

use super::Ended;
use super::auth::standings_of;
use crate::args::Output;
use crate::client::{Chosen, find_model, resolve};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flow::{self, Options};
use crate::render::{self, safe, say};
use crate::session::{Session, Wanted};

/// Set the default provider and model.
///
/// What is not given is asked at a terminal. Logs in first where that is needed, then writes `model.default`,
/// `model.provider` and `model.base_url` to config.yaml; the rest of that file stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias, or PROVIDER:MODEL [default: prompt]
    provider: Option<String>,
    /// Model [default: prompt at a terminal, else the provider's first]
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// The same as MODEL
    #[arg(long = "model", value_name = "MODEL", conflicts_with = "model")]
    model_option: Option<String>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let model = args.model.or(args.model_option);
    let named = match (&args.provider, &model) {
        (Some(provider), _) => Some(provider.clone()),
        (None, Some(model)) if model.contains(':') => None,
        (None, _) => Some(ask_provider(context)?),
    };
    let chosen = Chosen::read(context, named.as_deref(), model.as_deref())?;
    let session = Session::open(context, Some(&chosen.provider))?;
    if let Some(name) = chosen.named_model() {
        check_model(&session.provider, name)?;
    }
    let region = args.options.how.region.as_deref();
    session.region(region)?;
    if !flow::is_usable(&session, None, region)? {
        flow::login(context, Some(&chosen.provider), &args.options)?;
    }
    let model = if chosen.names_model() { None } else { ask_model(&session.provider)? };
    let (region, network) = (region.map(str::to_owned), args.options.how.wire.network.clone());
    let wanted = Wanted { region, network, ..Wanted::default() };
    let resolved = resolve(&session, &chosen.with_model(model), &wanted)?;
    let id = resolved.provider;
    let Some(default) = resolved.model else {
        return Err(Failure::usage(format!("`{id}` names no model"))
            .help("name one with --model")
            .about(&id));
    };
    let model = Model { default, provider: id, base_url: resolved.access.base_url };
    config::choose(&context.home, &model)?;
    tell(&model, args.output)
}

/// Refuses a model that the provider does not have. A provider whose file lists none, or that lists its models itself, may
/// have any.
fn check_model(provider: &Provider, name: &str) -> Result<(), Failure> {
    if provider.models.is_empty() || find_model(provider, name).is_some() {
        return Ok(());
    }
    let ids: Vec<&str> = provider.models.iter().map(|model| model.id.as_str()).collect();
    let known = provider.models.iter().flat_map(|model| std::iter::once(&model.id).chain(&model.aliases));
    let near = nearest(name, known.map(String::as_str));
    let message = format!("`{}` lists no model `{}`", provider.id, safe(name));
    if provider.api.models.is_some() {
        let near = near.map(|near| format!("; did you mean `{}`?", safe(near))).unwrap_or_default();
        render::warn(&format!("{message} in its file{near}"));
        return Ok(());
    }
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", ids.join(", ")),
    };
    Err(Failure::usage(message).help(help).about(&provider.id))
}

fn tell(model: &Model, output: Output) -> Ended {
    if output.is_json() {
        let Model { default, provider, base_url } = model;
        render::answer_json(
            &json!({ "version": 1, "provider": provider, "model": default, "base_url": base_url }),
        )?;
    }
    say(&format!("✓ {} of {} is used from now on.", safe(&model.default), safe(&model.provider)));
    Ok(Exit::Done)
}

fn ask_provider(context: &Context) -> Result<String, Failure> {
    if !render::ask::at_terminal() {
        return Err(Failure::usage("no provider is named").help("name one: `hermes-engine use PROVIDER`"));
    }
    let sessions = context.catalog.entries().into_iter();
    let sessions = sessions.filter_map(|entry| Session::open_quietly(context, &entry));
    let mut known = Vec::new();
    for session in sessions.filter(|session| session.provider.status != Life::Discontinued) {
        let document = session.store.read()?;
        let first = standings_of(&session, &document, &|_| true)?.into_iter().next();
        let is_usable = first.is_some_and(|status| status.standing.is_usable());
        let mark = if is_usable { "✓" } else { " " };
        let line = format!("{mark} {}  ({})", safe(&session.provider.name), session.provider.id);
        known.push((!is_usable, line, session.provider.id.clone()));
    }
    // Those that need no login come first.
    known.sort_by_key(|(needs_login, ..)| *needs_login);
    let lines: Vec<String> = known.iter().map(|(_, line, _)| line.clone()).collect();
    let at = render::ask::choice("Provider:", lines)?;
    known.into_iter().nth(at).map(|(.., id)| id).ok_or_else(Failure::interrupted)
}

fn ask_model(provider: &Provider) -> Result<Option<String>, Failure> {
    if !render::ask::at_terminal() {
        return Ok(None);
    }
    if provider.models.is_empty() {
        let name = render::ask::text("Model:")?;
        return Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    let line = |model: &hermes_format::provider::Model| match &model.best_for {
        Some(what) => format!("{}  {}", safe(&model.id), safe(what)),
        None => safe(&model.id),
    };
    let lines: Vec<String> = provider.models.iter().map(line).collect();
    let at = render::ask::choice("Model:", lines)?;
    Ok(provider.models.get(at).map(|model| model.id.clone()))
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine use                              choose from lists
  hermes-engine use PROVIDER MODEL
  hermes-engine use PROVIDER:MODEL --region REGION";
