//! Logout: revoke where the file says how, then forget every copy.

use std::path::Path;

use hermes_engine::catalog::{Entry, Place};
use hermes_engine::credential;
use hermes_engine::driver::Nobody;
use hermes_engine::store::{FileStore, StoredGrant};
use hermes_format::provider::Action;
use hermes_machine::machine::{Outcome, Start};

use super::Wire;
use super::run::{block_on, drive, witness};
use crate::audit::{self, Fate};
use crate::command::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, safe_sentence, say, warn};
use crate::session::{Session, Wanted};

/// Which of a provider's credentials are meant.
pub(crate) enum Which<'a> {
    /// The one that there is; where there are several, none.
    Only,
    /// The one of this label or id.
    Called(&'a str),
    /// Every one.
    All,
}

impl<'a> Which<'a> {
    /// The one of a label, where it is given.
    pub(crate) fn called(label: Option<&'a str>) -> Which<'a> {
        label.map_or(Which::Only, Which::Called)
    }
}

/// Revokes and forgets a provider's credentials. Whatever the server says, the copies here are gone afterwards, and what
/// it said is told as it was (S32).
pub(crate) fn logout(context: &Context, name: Option<&str>, which: Which<'_>, wire: &Wire) -> Ended {
    let entry = context.find(name)?;
    let session = match context.open(&entry) {
        Ok(provider) => Session::of(context, &entry, provider),
        Err(failure) => match session_without(context, &entry, &failure)? {
            Some(session) => session,
            None => return forget_unread(context, &entry.id, &which),
        },
    };
    if let Which::Called(label) = which {
        let slot = session.called(label)?;
        of_this_home(&session, vec![slot.clone()])?;
        return logout_of(&session, &slot, wire);
    }
    let slots = of_this_home(&session, session.credentials()?)?;
    if slots.len() > 1 && !matches!(which, Which::All) {
        let id = &session.provider.id;
        let names: Vec<String> = slots.iter().map(|slot| format!("`{}`", safe(slot.name()))).collect();
        let message = format!("`{id}` has {} credentials: {}", slots.len(), names.join(", "));
        let help = format!("name one, or remove them all with `hermes-engine auth remove {id} --all`");
        return Err(Failure::usage(message).help(help).about(id));
    }
    for slot in &slots {
        revoke_and_tell(&session, slot, wire)?;
    }
    forget(&session.store, &session.provider.id, &session.provider.name)?;
    slots.iter().for_each(|slot| note_removed(&session, slot));
    Ok(Exit::Done)
}

fn note_removed(session: &Session<'_>, slot: &StoredGrant) {
    let origins = credential::origins(slot, Some(&session.provider));
    audit::note(session, Fate::Removed, Some(slot.name()), &origins);
}

/// The credentials that are this home's own. Those of a profile's root are used by others, and stay: where there are no
/// others, nothing is removed.
fn of_this_home(session: &Session<'_>, slots: Vec<StoredGrant>) -> Result<Vec<StoredGrant>, Failure> {
    let root = slots.iter().find_map(|slot| slot.root_file()).map(Path::to_owned);
    let own: Vec<StoredGrant> = slots.into_iter().filter(|slot| slot.root_file().is_none()).collect();
    match root {
        Some(file) if own.is_empty() => {
            let id = &session.provider.id;
            let home = safe(&file.parent().unwrap_or(&file).display().to_string());
            let message = format!("the credential of `{id}` is in the root of this profile, {home}");
            let help =
                format!("remove it for all profiles with `hermes-engine --home {home} auth remove {id}`");
            Err(Failure::usage(message).help(help).about(id))
        }
        _ => Ok(own),
    }
}

/// The built-in provider of an id whose file in force does not act: one can log out all the same. Nothing of the file is
/// used.
fn session_without<'c>(
    context: &'c Context,
    entry: &Entry,
    failure: &Failure,
) -> Result<Option<Session<'c>>, Failure> {
    warn(&format!("{}; its credential is removed all the same", safe_sentence(&failure.message)));
    let Some(built_in) = context.catalog.built_in(&entry.id).filter(|_| entry.place != Place::BuiltIn) else {
        return Ok(None);
    };
    say(&format!("The built-in `{}` says how its credential is revoked.", safe(&entry.id)));
    let provider = context.open(&built_in)?;
    Ok(Some(Session::of(context, &built_in, provider)))
}

/// Forgets the credentials of a provider of which nothing is known but its id.
fn forget_unread(context: &Context, id: &str, which: &Which<'_>) -> Ended {
    if let Which::Called(_) = which {
        let message = format!("without its file, no single credential of `{}` can be removed", safe(id));
        let help = format!("remove them all with `hermes-engine auth remove {id} --all`");
        return Err(Failure::usage(message).help(help).about(id));
    }
    warn("nothing says how to revoke it, so it may still work at the server");
    forget_of(context, id)
}

/// Revokes and forgets one of a provider's credentials.
fn logout_of(session: &Session<'_>, slot: &StoredGrant, wire: &Wire) -> Ended {
    revoke_and_tell(session, slot, wire)?;
    credential::remove_one(&session.store, &session.provider, slot)?;
    note_removed(session, slot);
    say(&format!("✓ {} credential `{}` removed.", safe(&session.provider.name), safe(slot.name())));
    Ok(Exit::Done)
}

fn revoke_and_tell(session: &Session<'_>, slot: &StoredGrant, wire: &Wire) -> Result<(), Failure> {
    if session.provider.starts(Action::Logout).is_empty() {
        if slot.tokens.refresh.is_some() {
            let name = safe(&session.provider.name);
            say(&format!("{name} has no way to revoke a login: what it gave out ends by itself."));
        }
        return Ok(());
    }
    let finished = finish(session, slot, wire)?;
    tell(&revoke(session, finished.as_ref().unwrap_or(slot), wire)?)
}

/// Brings a renewal that was cut off to its end: what it left may hold the token that is to be revoked. Gives the record
/// that it came to.
fn finish(session: &Session<'_>, slot: &StoredGrant, wire: &Wire) -> Result<Option<StoredGrant>, Failure> {
    if !session.store.is_unfinished(&session.provider.id, &slot.id) {
        return Ok(None);
    }
    let wanted = Wanted { label: Some(slot.id.clone()), network: wire.network.clone(), ..Wanted::default() };
    // Whether or not it can be finished, what is stored is revoked; but not for a person who has interrupted it.
    match session.credential(&wanted, &session.inputs(&Default::default())?) {
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Ok(_) | Err(_) => {}
    }
    Ok(session.credentials()?.into_iter().find(|now| now.id == slot.id))
}

/// Forgets the credentials of a provider that has no file here.
pub(crate) fn forget_of(context: &Context, id: &str) -> Ended {
    if forget(&FileStore::open(context.home.clone()), id, id)? {
        audit::note_removed_unread(context, id);
    }
    Ok(Exit::Done)
}

/// Removes every copy of a credential, and says whether there was one.
fn forget(store: &FileStore, id: &str, name: &str) -> Result<bool, Failure> {
    let is_removed = credential::remove(store, id)?;
    if is_removed {
        say(&format!("✓ {} credential removed.", safe(name)));
        if let Some(file) = store.read()?.is_only_of_root(id, &[]) {
            say(&format!(
                "From now on that of the profile's root is used, {}.",
                safe(&file.display().to_string())
            ));
        }
    } else {
        say(&format!("{} had no stored credential.", safe(name)));
    }
    Ok(is_removed)
}

fn revoke(session: &Session<'_>, record: &StoredGrant, wire: &Wire) -> Result<Outcome, Failure> {
    let inputs = session.inputs(&Default::default())?;
    let start = Start {
        provider: session.provider.clone(),
        action: Action::Logout,
        from: None,
        region: record.made.region.clone(),
        inputs: inputs.values.clone(),
        token: Some(record.token()),
        bound_to: Some(credential::origins(record, Some(&session.provider))),
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(hermes_engine::entropy::System),
    };
    block_on(drive(start, wire.network.options(), &mut Nobody, witness(wire).as_mut()))?
}

/// Says what the server said. Who interrupts a revocation keeps the credential: nobody could revoke it afterwards.
fn tell(outcome: &Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Cancelled => return Err(Failure::interrupted()),
        Outcome::Done { status: Some(200..=299) } => say("✓ The server has revoked the credential."),
        Outcome::Done { status: Some(status) } => {
            warn(&format!(
                "the server answered {status} to the revocation, so the credential may still work there"
            ));
        }
        Outcome::Failed(trouble) => {
            warn(&format!(
                "the server has not revoked the credential: {}",
                safe_sentence(&trouble.to_string())
            ));
        }
        Outcome::Success(_) | Outcome::Done { status: None } => {}
    }
    Ok(())
}
