//! Login: from nothing to a stored credential.

use hermes_engine::browser;
use hermes_engine::credential::{self, Login};
use hermes_engine::input::Inputs;
use hermes_engine_core::machine::{Grant, Outcome, Start};
use hermes_engine_core::provider::{Action, StateId};

use super::run::{block_on, drive};
use super::{Options, ask, simulated};
use crate::command::{Ended, refuse_discontinued};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::person::Terminal;
use crate::render::{safe, say};
use crate::session::Session;

/// Logs in, and stores the credential.
pub(crate) fn login(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let session = Session::open(context, name)?;
    refuse_discontinued(&session.provider)?;
    session.region(options.region.as_deref())?;
    if let Some(scenario) = options.simulate {
        return simulated::login(session, options, scenario);
    }
    if options.if_needed && is_usable(&session, options.label.as_deref())? {
        say(&format!("{} needs no login: its credential can be used.", safe(&session.provider.name)));
        return Ok(Exit::Done);
    }
    let from = start_state(&session, options.from.as_deref())?;
    let given = ask::given(&session, &options.set, options.stdin.as_deref())?;
    let inputs = ask::complete(&session, given, from)?;
    say(&opening(&session, options));
    let no_browser = no_browser(options);
    let start = start(&session, &inputs, options, from, no_browser.is_none());
    let mut person = Terminal::new(options.stdin.is_none()).without_browser(no_browser);
    let outcome = block_on(drive(start, options.network.options(), &mut person, options.trace))??;
    drop(person);
    finish(&session, &inputs, options, outcome)
}

/// What a login is started with.
pub(super) fn start(
    session: &Session<'_>,
    inputs: &Inputs,
    options: &Options,
    from: Option<StateId>,
    browser: bool,
) -> Start {
    Start {
        provider: session.provider.clone(),
        action: Action::Login,
        from,
        region: options.region.clone(),
        inputs: inputs.values.clone(),
        token: None,
        bound_to: None,
        browser,
        entropy: Box::new(hermes_engine::entropy::System),
    }
}

/// Stores what the run brought, and says how it ended.
pub(super) fn finish(session: &Session<'_>, inputs: &Inputs, options: &Options, outcome: Outcome) -> Ended {
    let grant = grant_of(session, outcome)?;
    let login = Login {
        provider: &session.provider,
        grant: &grant,
        inputs,
        label: options.label.as_deref(),
        priority: options.priority,
    };
    credential::save_login(&session.store, &login)?;
    if let Some(notice) = &grant.notice {
        say(&format!("Note from {}: {}", safe(&session.provider.name), safe(notice)));
    }
    if session.context.verbose > 0 {
        say(&format!("Stored in {}.", safe(&session.store.path().display().to_string())));
    }
    say(&format!("✓ {} login successful.", safe(&session.provider.name)));
    Ok(Exit::Done)
}

fn grant_of(session: &Session<'_>, outcome: Outcome) -> Result<Grant, Failure> {
    match outcome {
        Outcome::Success(grant) => Ok(*grant),
        Outcome::Failed(trouble) => Err(retry_help(session, trouble.into())),
        Outcome::Cancelled => Err(Failure::interrupted()),
        Outcome::Done { .. } => {
            Err(Failure::new(Exit::File, "no_credential", "the login ended without a credential"))
        }
    }
}

/// A login that ran out of time or was denied can be started again: by a person, never by itself (S14).
fn retry_help(session: &Session<'_>, failure: Failure) -> Failure {
    let id = &session.provider.id;
    let failure = failure.about(id);
    match (&failure.help, failure.exit) {
        (None, Exit::TimedOut | Exit::Denied | Exit::Login) => {
            failure.help(format!("to try again, run `hermes-engine run-flow {id}`"))
        }
        (None, Exit::Retry) => failure.help("check the connection, and try again"),
        _ => failure,
    }
}

/// The state of `--from`, one of those that the file lists for a login.
pub(super) fn start_state(session: &Session<'_>, name: Option<&str>) -> Result<Option<StateId>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let starts = session.provider.starts(Action::Login);
    let found = session.provider.state_id(name).filter(|id| starts.contains(id));
    let known: Vec<&str> = starts
        .iter()
        .filter_map(|id| session.provider.states.get(id.0))
        .map(|state| state.name.as_str())
        .collect();
    found.map(Some).ok_or_else(|| {
        Failure::usage(format!("no login of `{}` begins in `{name}`", session.provider.id))
            .help(format!("it begins in {}", known.join(" or ")))
    })
}

/// Whether a credential can be used: that of a label, or any.
fn is_usable(session: &Session<'_>, label: Option<&str>) -> Result<bool, Failure> {
    let inputs = session.inputs(&Default::default())?;
    let document = session.store.read()?;
    let now = hermes_engine::clock::wall();
    let all = credential::statuses(&document, &session.provider, &inputs, now);
    let mut meant = all.iter().filter(|status| label.is_none() || status.label.as_deref() == label);
    Ok(meant.any(|status| status.standing.is_usable()))
}

/// Why no browser is opened.
fn no_browser(options: &Options) -> Option<String> {
    if options.no_browser {
        return Some("--no-browser says so".to_owned());
    }
    browser::at_hand(&|name| std::env::var(name).ok()).err().map(|reason| reason.to_string())
}

fn opening(session: &Session<'_>, options: &Options) -> String {
    let provider = &session.provider;
    let default = provider.regions.as_ref().map(|regions| regions.default.as_str());
    let region = options.region.as_deref().or(default).map(|region| format!(" ({})", safe(region)));
    format!("Starting login to {}{}...", safe(&provider.name), region.unwrap_or_default())
}
