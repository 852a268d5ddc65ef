//! Login: from nothing to a stored credential.

use std::time::Duration;

use hermes_engine::browser;
use hermes_engine::credential::{
    self, Beginning, Login, LoginKeeper, Repeated, Resumed, Unfinished, Unresumed,
};
use hermes_engine::driver::{Interrupt, Witness};
use hermes_engine::input::{InputOrigin, Inputs, variables_of};
use hermes_engine::store::{MAIN, StoreError};
use hermes_format::provider::StateId;
use hermes_machine::machine::{Code, Grant, Outcome};
use indexmap::IndexMap;

use super::run::{block_on, drive, witness};
use super::{How, Options, ask, key, simulated, start};
use crate::audit::{self, Fate};
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::person::Terminal;
use crate::render::{safe, safe_sentence, say, warn};
use crate::session::Session;

/// Logs in, and stores the credential.
pub(crate) fn login(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let mut session = open(context, name, &options.how)?;
    // A simulated credential is nobody's: it is stored where it is gone again in the end.
    let _home = options.how.simulate.map(|_| simulated::home(&mut session)).transpose()?;
    if options.if_needed && is_usable(&session, options.label.as_deref(), options.how.region.as_deref())? {
        say(&format!("{} needs no login: its credential can be used.", safe(&session.provider.name)));
        return Ok(Exit::Done);
    }
    if let Some(label) = &options.label {
        check_label(&session, label)?;
    }
    session.store.prove_ready(&session.provider.id)?;
    let is_real = options.how.simulate.is_none();
    let given = ask::given(&session, &options.how.set, options.how.stdin.as_deref())?;
    let resumed = if is_real { resume(&session, options, &given)? } else { None };
    let ran = match resumed {
        Some(ran) => ran,
        None => {
            let how = How { replaces: options.label.clone(), ..options.how.clone() };
            let mut witness = witness(&how.wire);
            run(
                &session,
                &how,
                Watched { given, witness: witness.as_mut(), keep: is_real.then_some(options) },
            )?
        }
    };
    finish(&session, options, ran)
}

/// Goes on with a login that was approved before and not finished. `None` where there is none, or where it is worth nothing.
fn resume(
    session: &Session<'_>,
    options: &Options,
    given: &IndexMap<String, String>,
) -> Result<Option<Ran>, Failure> {
    let how = &options.how;
    let (label, region, from) = (options.label.as_deref(), how.region.as_deref(), how.from.as_deref());
    let asked = Repeated { label, region, from, set: given };
    let Some(unfinished) = Unfinished::find(&session.store, &session.provider, &asked) else {
        return Ok(None);
    };
    let name = safe(&session.provider.name);
    say(&format!("Finishing the login to {name} that was approved before..."));
    let inputs = session.inputs(&Default::default())?;
    let request = session.request(&inputs, how.wire.network.options());
    match unfinished.resume(&request)? {
        None => Ok(None),
        Some(Ok(Resumed { grant, inputs, .. })) => {
            Ok(Some(Ran { inputs, from: None, browser: false, outcome: Outcome::Success(Box::new(grant)) }))
        }
        // A new approval brings no other answer while the service has trouble.
        Some(Err(Unresumed { failure, is_kept: true, is_unread: false })) => {
            let help = failure.help.clone().unwrap_or_default();
            let id = &session.provider.id;
            let help = format!("{help}; `hermes-engine auth reset {id}` drops it for a new login");
            Err(Failure::from(failure).help(help).about(id))
        }
        Some(Err(Unresumed { failure, .. })) => {
            warn(&format!(
                "it can't be finished: {}; a new login begins",
                safe_sentence(&failure.to_string())
            ));
            Ok(None)
        }
    }
}

/// What a login is run with beside its options.
pub(super) struct Watched<'a> {
    /// What was set on the command line and on stdin.
    pub(super) given: IndexMap<String, String>,
    /// Who watches it.
    pub(super) witness: &'a mut dyn Witness,
    /// How it is stored, where what it wins is to be kept.
    pub(super) keep: Option<&'a Options>,
}

/// Refuses a name by which another credential is known already, or none.
fn check_label(session: &Session<'_>, label: &str) -> Result<(), Failure> {
    let id = &session.provider.id;
    if label.trim().is_empty() {
        let help = "name the credential, or leave --label out";
        return Err(Failure::usage("label must not be empty").help(help).about(id));
    }
    let is_id = label == MAIN || session.credentials()?.iter().any(|slot| slot.id == label);
    if is_id {
        let message = format!("`{}` is the id of a credential of `{id}`, and can't be a label", safe(label));
        let help = "take another name; without --label the provider's first credential is replaced";
        return Err(Failure::usage(message).help(help).about(id));
    }
    Ok(())
}

/// A login that came to its end.
pub(super) struct Ran {
    /// What it was started with.
    pub(super) inputs: Inputs,
    /// The state that it was told to begin in.
    pub(super) from: Option<StateId>,
    /// Whether a browser was at hand.
    pub(super) browser: bool,
    /// How it ended.
    pub(super) outcome: Outcome,
}

/// The provider of a login, where it takes any.
pub(super) fn open<'c>(context: &'c Context, name: Option<&str>, how: &How) -> Result<Session<'c>, Failure> {
    let session = match how.simulate {
        Some(_) => Session::open_simulated(context, name)?,
        None => Session::open(context, name)?,
    };
    start::refuse_discontinued(&session.provider)?;
    session.region(how.region.as_deref())?;
    Ok(session)
}

/// Runs a login to its end. Stores nothing.
pub(super) fn run(session: &Session<'_>, how: &How, watched: Watched<'_>) -> Result<Ran, Failure> {
    let Watched { given, witness, keep } = watched;
    let from = start::named(session, how.from.as_deref())?;
    if let Some(scenario) = how.simulate {
        let inputs = simulated::inputs(session, how, from, given)?;
        // The visitor is the browser: none is opened.
        let start = start::start(session, &inputs, how, from, false);
        let outcome = simulated::run(how, start, scenario, witness)?;
        return Ok(Ran { inputs, from, browser: false, outcome });
    }
    let no_browser = no_browser(how);
    let browser = no_browser.is_none();
    let (from, inputs) = prepare(session, how, from, given, browser)?;
    say(&opening(session, how));
    start::sources(session, &inputs, how, from).iter().for_each(|source| say(&format!("Using {source}.")));
    let start = start::start(session, &inputs, how, from, browser);
    let http = how.wire.network.options();
    let mut person = Terminal::new(how.stdin.is_none(), http.clone()).without_browser(no_browser);
    let Some(options) = keep else {
        let outcome = block_on(drive(start, http, &mut person, witness))??;
        return Ok(Ran { inputs, from, browser, outcome });
    };
    let login = Beginning {
        store: &session.store,
        provider: &session.provider,
        inputs: &inputs,
        region: how.region.as_deref(),
        label: options.label.as_deref(),
        priority: options.priority,
        from: how.from.as_deref(),
    };
    let mut keeper = LoginKeeper::new(login, witness);
    let outcome = block_on(drive(start, http, &mut person, &mut keeper))??;
    let outcome = keeper.end(outcome);
    Ok(Ran { inputs, from, browser, outcome })
}

/// Where the login begins, as far as that is not the file's choice, and with which inputs.
fn prepare(
    session: &Session<'_>,
    how: &How,
    from: Option<StateId>,
    given: IndexMap<String, String>,
    browser: bool,
) -> Result<(Option<StateId>, Inputs), Failure> {
    let inputs = session.inputs(&given)?;
    // One that ends before it begins says why by itself.
    let Some(preferred) = start::begins_in(start::start(session, &inputs, how, from, browser)) else {
        return Ok((from, inputs));
    };
    let chosen = start::choose(session, how, &inputs, preferred)?;
    let begins_in = chosen.unwrap_or(preferred);
    let inputs = ask::complete(session, given, inputs, begins_in, how.region.as_deref())?;
    // The answers may make another start ready, but this is the one that they were asked for.
    let moved = start::begins_in(start::start(session, &inputs, how, from, browser)) != Some(begins_in);
    Ok((chosen.or(from).or_else(|| moved.then_some(begins_in)), inputs))
}

/// Stores what the run brought, and says how it ended.
fn finish(session: &Session<'_>, options: &Options, ran: Ran) -> Ended {
    let grant = grant_of(session, ran.outcome)?;
    let login = Login {
        provider: &session.provider,
        grant: &grant,
        inputs: &ran.inputs,
        label: options.label.as_deref(),
        priority: options.priority,
    };
    let unusable = try_out(session, &login)?;
    let checked = if unusable.is_none() { key::check(session, options, &login)? } else { None };
    store(session, &login)?;
    let door = Door::open(session.context, &options.how.wire.network, false)?;
    let origins: Vec<&str> = grant.origins.0.iter().map(String::as_str).collect();
    let account = grant.account.as_deref().or(options.label.as_deref());
    audit::Auditor::of(&door).write(Fate::Stored, &session.provider.id, account, &origins);
    if let Some(checked) = checked {
        say(&checked);
    }
    warn_of_loss(session, &login);
    grant.warnings.iter().for_each(|warning| warn(&safe(warning)));
    if let Some(notice) = &grant.notice {
        say(&format!("Note from {}: {}", safe(&session.provider.name), safe(notice)));
    }
    if session.context.verbose > 0 {
        say(&format!("Stored in {}.", safe(&session.store.path().display().to_string())));
    }
    if let Some(account) = &grant.account {
        say(&format!("Logged in as {}.", safe(account)));
    }
    if let Some(failure) = unusable {
        return Err(failure);
    }
    say(&format!("✓ {} login successful.", safe(&session.provider.name)));
    Ok(Exit::Done)
}

/// A key of a source is read there at each use, and nothing is stored of it: nor is what was typed beside it.
fn warn_of_loss(session: &Session<'_>, login: &Login<'_>) {
    let (provider, inputs) = (&session.provider, login.inputs);
    let token = login.grant.access_token.expose_secret();
    if !inputs.values.iter().any(|(name, value)| value == token && inputs.is_from_source(name)) {
        return;
    }
    let is_typed =
        |name: &&String| inputs.origins.get(*name) == Some(&InputOrigin::Set) && provider.persists(name);
    for name in inputs.values.keys().filter(is_typed) {
        let variable =
            provider.inputs.get(name).and_then(|input| variables_of([input]).next().map(str::to_owned));
        let help = variable.map(|variable| format!("; set {variable} too")).unwrap_or_default();
        warn(&format!("`{name}` is not stored, because the key is read where it is at each use{help}"));
    }
}

/// Why a login is of no use to a client, where it is not. A key that can't be used where it is to go is not taken at all.
/// What a server gave is kept all the same: it can be used once the file or a value is fixed.
fn try_out(session: &Session<'_>, login: &Login<'_>) -> Result<Option<Failure>, Failure> {
    let Err(trouble) = credential::try_out(login) else { return Ok(None) };
    let provider = &session.provider;
    let is_kept = !credential::is_key(provider) || trouble.code == Code::MissingInput;
    let failure = session.explain(trouble.into(), login.inputs);
    if !is_kept {
        return Err(failure);
    }
    let message = format!("{} (the login is stored, and can't be used)", failure.message);
    Ok(Some(Failure { message: message.into(), ..failure }))
}

/// Stores a login, however long a refresh of another process may take.
fn store(session: &Session<'_>, login: &Login<'_>) -> Result<(), Failure> {
    match credential::save_login(&session.store, login, Duration::ZERO) {
        Err(StoreError::Busy { .. }) => {}
        stored => return Ok(stored?),
    }
    let name = safe(&session.provider.name);
    let interrupt = Interrupt::listen().map_err(|error| Failure::no_signals(&error))?;
    say(&format!(
        "Another process is renewing a credential of {name}; the login is stored when that has ended."
    ));
    let store = session.store.clone().stopping_at(interrupt.flag());
    match credential::save_login(&store, login, Duration::MAX) {
        Err(StoreError::Interrupted) => {
            Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted; the login was not stored"))
        }
        stored => Ok(stored?),
    }
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

/// Whether a credential can be used: that of a label or of a region, or any.
pub(crate) fn is_usable(
    session: &Session<'_>,
    label: Option<&str>,
    region: Option<&str>,
) -> Result<bool, Failure> {
    let inputs = session.inputs(&Default::default())?;
    let snapshot = session.snapshot()?;
    let now = hermes_engine::clock::wall();
    let all = credential::statuses(&snapshot, &session.provider, &inputs, now);
    let default = session.provider.regions.as_ref().map(|regions| regions.default.as_str());
    let is_meant = |status: &&credential::Status| {
        (label.is_none() || status.label.as_deref() == label)
            && (region.is_none() || status.region.as_deref().or(default) == region)
    };
    Ok(all.iter().filter(is_meant).any(|status| status.standing.is_usable()))
}

/// Why no browser is opened.
fn no_browser(how: &How) -> Option<String> {
    if how.no_browser {
        return Some("--no-browser says so".to_owned());
    }
    browser::at_hand(&|name| std::env::var(name).ok()).err().map(|reason| reason.to_string())
}

fn opening(session: &Session<'_>, how: &How) -> String {
    let provider = &session.provider;
    let default = provider.regions.as_ref().map(|regions| regions.default.as_str());
    let region = how.region.as_deref().or(default).map(|region| format!(" ({})", safe(region)));
    format!("Starting login to {}{}...", safe(&provider.name), region.unwrap_or_default())
}
