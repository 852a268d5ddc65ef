//! `auth remove`, `auth reset`, `auth priority`: what a person does to stored credentials.

use hermes_engine::credential;
use hermes_engine::store::FileStore;

use crate::command::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::flow::{self, Which, Wire};
use crate::render::{self, safe};
use crate::session::Session;

pub(in crate::command) fn remove(
    name: &str,
    which: Option<&str>,
    all: bool,
    wire: &Wire,
    context: &Context,
) -> Ended {
    if let Err(unknown) = context.catalog.find(name) {
        // A credential can outlive its provider's file, and must be removable all the same.
        let store = FileStore::open(context.home.clone());
        if store.read()?.providers().iter().any(|id| id == name) {
            return flow::forget_of(context, name);
        }
        return Err(unknown.into());
    }
    let which = which.map_or(if all { Which::All } else { Which::Only }, Which::Called);
    flow::logout(context, Some(name), which, wire)
}

pub(super) fn reset(name: &str, which: Option<&str>, context: &Context) -> Ended {
    let session = Session::open(context, Some(name))?;
    let only = which.map(|which| session.called(which)).transpose()?;
    let id = session.provider.id.clone();
    let name = safe(&session.provider.name);
    if credential::reset(&session.store, &id, only.as_ref())? {
        render::say(&format!("✓ {name} will be tried again."));
    } else {
        render::say(&format!("{name} had nothing to forget."));
    }
    Ok(Exit::Done)
}

pub(super) fn priority(name: &str, which: &str, priority: i64, context: &Context) -> Ended {
    let session = Session::open(context, Some(name))?;
    let slot = session.called(which)?;
    credential::set_priority(&session.store, &session.provider, &slot, priority)?;
    let names: Vec<String> = session.credentials()?.iter().map(|slot| safe(slot.name())).collect();
    render::say(&format!(
        "✓ {} credentials, in their order: {}.",
        safe(&session.provider.name),
        names.join(", ")
    ));
    Ok(Exit::Done)
}
