//! `use`: the provider and the model that are taken where nothing else is said.

use hermes_engine::{Access, Account, AccountState, AccountStatus};
use hermes_format::diagnostic::nearest;
use hermes_format::provider::Provider;
use serde_json::json;

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::flow::{self, Options};
use crate::options::{Network, Output, Wanted};
use crate::render::{self, safe, say};

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
    let wire = &args.options.how.wire;
    let door = Door::open(context, &wire.network, false)?;
    let account = door.chosen(named.as_deref(), model.as_deref())?;
    let provider = context.open(&context.find(Some(account.name()))?)?;
    let named_model = account.model().filter(|_| model.is_some() || names_both(named.as_deref(), &account));
    if let Some(name) = named_model {
        check_model(&provider, name)?;
    }
    let account = args.options.wanted().account(account.clone());
    let is_usable = door.wait(&account, account.is_usable())?;
    if !is_usable {
        flow::login(context, Some(account.name()), &args.options)?;
    }
    let asked = if named_model.is_some() { None } else { ask_model(&provider)? };
    let account = match asked {
        Some(model) => account.with_model(model),
        None => account,
    };
    let access = door.access(&account, &Wanted::default())?;
    door.wait(&account, door.engine.choose(&access))?;
    tell(&access, args.output)
}

/// Whether a provider was named together with a model.
fn names_both(named: Option<&str>, account: &Account) -> bool {
    named.is_some_and(|named| named != account.name())
}

/// Refuses a model that the provider does not have. A provider whose file lists none, or that lists its models itself, may
/// have any.
fn check_model(provider: &Provider, name: &str) -> Result<(), Failure> {
    if provider.models.is_empty() || lists(provider, name) {
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

fn lists(provider: &Provider, name: &str) -> bool {
    let mut known = provider.models.iter();
    known.any(|model| model.id == name || model.aliases.iter().any(|alias| alias == name))
}

fn tell(access: &Access, output: Output) -> Ended {
    let (provider, model) = (access.provider(), access.model().unwrap_or_default());
    if output.is_json() {
        let base_url = access.base_url();
        render::answer_json(
            &json!({ "version": 1, "provider": provider, "model": model, "base_url": base_url }),
        )?;
    }
    say(&format!("✓ {} of {} is used from now on.", safe(model), safe(provider)));
    Ok(Exit::Done)
}

fn ask_provider(context: &Context) -> Result<String, Failure> {
    if !render::ask::at_terminal() {
        return Err(Failure::usage("no provider is named").help("name one: `hermes-engine use PROVIDER`"));
    }
    let door = Door::open(context, &Network::default(), false)?;
    let mut known = hermes_engine::blocking::wait(door.engine.providers())?;
    known.retain(|status| status.state != AccountState::Untrusted);
    // Those that need no login come first.
    known.sort_by_key(|status| !status.state.is_usable());
    let line = |status: &AccountStatus| {
        let mark = if status.state.is_usable() { "✓" } else { " " };
        format!("{mark} {}  ({})", safe(&status.name), status.provider)
    };
    let at = render::ask::choice("Provider:", known.iter().map(line))?;
    known.into_iter().nth(at).map(|status| status.provider).ok_or_else(Failure::interrupted)
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
