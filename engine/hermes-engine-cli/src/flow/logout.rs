//! Logout: revoke where the file says how, then forget every copy.

use hermes_engine::catalog::{Entry, Place};
use hermes_engine::{Account, AccountStatus, Error};

use super::Wire;
use crate::audit::{Auditor, Fate};
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::{safe, safe_sentence, say, warn};

/// Which of a provider's credentials are meant.
#[derive(Clone, Copy)]
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
pub(crate) fn logout(context: &Context, name: &str, which: Which<'_>, wire: &Wire) -> Ended {
    let door = Door::open(context, &wire.network, wire.trace)?;
    let entry = match context.find(Some(name)) {
        Ok(entry) => entry,
        // A credential can outlive its provider's file, and must be removable all the same.
        Err(unknown) => return if forget(&door, name)? { Ok(Exit::Done) } else { Err(unknown) },
    };
    let account = door.account(Some(name))?;
    match context.open(&entry) {
        Ok(_) => remove(&door, &account, which),
        Err(failure) => without_file(&door, &entry, (which, wire), &failure),
    }
}

/// Logs out of a provider whose file in force does not act: by the built-in file of its id, if there is one. Nothing of the
/// file is used.
fn without_file(
    door: &Door<'_>,
    entry: &Entry,
    (which, wire): (Which<'_>, &Wire),
    failure: &Failure,
) -> Ended {
    warn(&format!("{}; its credential is removed all the same", safe_sentence(&failure.message)));
    let id = &entry.id;
    if door.context.catalog.built_in(id).is_some() && entry.place != Place::BuiltIn {
        say(&format!("The built-in `{}` says how its credential is revoked.", safe(id)));
        let built_in = Door::open_built_in(door.context, &wire.network, wire.trace)?;
        let account = built_in.engine.account(id)?;
        return remove(&built_in, &account, which);
    }
    if let Which::Called(_) = which {
        let message = format!("without its file, no single credential of `{}` can be removed", safe(id));
        let help = format!("remove them all with `hermes-engine auth remove {id} --all`");
        return Err(Failure::usage(message).help(help).about(id));
    }
    warn("nothing says how to revoke it, so it may still work at the server");
    if !forget(door, id)? {
        say(&format!("{} had no stored credential.", safe(id)));
    }
    Ok(Exit::Done)
}

/// Forgets what is stored of an id, and says so where there was something.
fn forget(door: &Door<'_>, id: &str) -> Result<bool, Failure> {
    let is_forgotten = hermes_engine::blocking::wait(door.engine.forget(id))?;
    if is_forgotten {
        say(&format!("✓ {} credential removed.", safe(id)));
        Auditor::of(door).write(Fate::Removed, id, None, &[]);
    }
    Ok(is_forgotten)
}

fn remove(door: &Door<'_>, account: &Account, which: Which<'_>) -> Ended {
    let account = match which {
        Which::Called(label) => account.clone().labelled(label),
        Which::Only | Which::All => account.clone(),
    };
    let info = door.wait(&account, account.provider())?;
    let removal = async {
        if matches!(which, Which::All) { account.logout_all().await } else { account.logout().await }
    };
    let removed = door.run(account.name(), removal)?;
    let name = safe(info.name());
    for (status, said) in &removed {
        tell(&name, info.can_revoke(), status, said);
        let origins: Vec<&str> = status.origins.iter().map(String::as_str).collect();
        let account = status.label.as_deref().or(status.id.as_deref());
        Auditor::of(door).write(Fate::Removed, &status.provider, account, &origins);
    }
    match (which, removed.as_slice()) {
        (Which::Called(label), [(status, _)]) => {
            let called = status.label.as_deref().or(status.id.as_deref()).unwrap_or(label);
            say(&format!("✓ {name} credential `{}` removed.", safe(called)));
        }
        (_, []) => say(&format!("{name} had no stored credential.")),
        _ => {
            say(&format!("✓ {name} credential removed."));
            let left = door.engine.stored(account.name())?;
            if let Some(file) = left.iter().find_map(|status| status.source.as_deref()) {
                say(&format!("From now on that of the profile's root is used, {}.", safe(file)));
            }
        }
    }
    Ok(Exit::Done)
}

/// Says what the server said.
fn tell(name: &str, can_revoke: bool, status: &AccountStatus, said: &Result<Option<u16>, Error>) {
    match said {
        _ if !can_revoke => {
            if status.is_refreshed {
                say(&format!("{name} has no way to revoke a login: what it gave out ends by itself."));
            }
        }
        Ok(Some(200..=299)) => say("✓ The server has revoked the credential."),
        Ok(Some(status)) => warn(&format!(
            "the server answered {status} to the revocation, so the credential may still work there"
        )),
        Ok(None) => {}
        Err(error) => {
            warn(&format!("the server has not revoked the credential: {}", safe_sentence(&error.to_string())))
        }
    }
}
