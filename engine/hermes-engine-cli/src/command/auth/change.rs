//! `auth remove`, `auth reset`, `auth priority`: what the user does to stored credentials.

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::flow::{self, Which, Wire};
use crate::options::Network;
use crate::render::{self, safe};

pub(in crate::command) fn remove(
    name: &str,
    which: Option<&str>,
    all: bool,
    wire: &Wire,
    context: &Context,
) -> Ended {
    let which = which.map_or(if all { Which::All } else { Which::Only }, Which::Called);
    flow::logout(context, name, which, wire)
}

pub(super) fn reset(name: &str, which: Option<&str>, context: &Context) -> Ended {
    let door = Door::open(context, &Network::default(), false)?;
    let account = door.account(Some(name))?;
    let info = door.wait(&account, account.provider())?;
    let account = match which {
        Some(label) => account.labelled(label),
        None => account,
    };
    let name = safe(info.name());
    if door.wait(&account, account.reset())? {
        render::say(&format!("✓ {name} will be tried again."));
    } else {
        render::say(&format!("{name} had nothing to forget."));
    }
    Ok(Exit::Done)
}

pub(super) fn priority(name: &str, which: &str, priority: i64, context: &Context) -> Ended {
    let door = Door::open(context, &Network::default(), false)?;
    let account = door.account(Some(name))?.labelled(which);
    let all = door.wait(&account, account.set_priority(priority))?;
    let stored = all.iter().filter_map(|status| status.label.as_deref().or(status.id.as_deref()));
    let names: Vec<String> = stored.map(safe).collect();
    let provider = all.first().map(|status| safe(&status.name)).unwrap_or_default();
    render::say(&format!("✓ {provider} credentials, in their order: {}.", names.join(", ")));
    Ok(Exit::Done)
}
