//! Which variables are set for nothing: those that programs of a protocol read, and that a provider of it does not.

use std::collections::BTreeSet;
use std::env;

use hermes_engine::catalog::{api_mode, mode_credentials};
use hermes_engine::credential::Status;
use hermes_engine::input;

use crate::context::Context;
use crate::session::Session;

/// A line for each variable and each provider in use that does not read it; for the others one line that says who does.
pub(super) fn unread(providers: &[(&Session<'_>, Status)], context: &Context) -> Vec<String> {
    let chosen = context.find(None).ok().map(|entry| entry.id);
    let in_use: Vec<&Session<'_>> = providers
        .iter()
        .filter(|(session, status)| {
            status.standing.is_usable() || chosen.as_ref() == Some(&session.provider.id)
        })
        .map(|(session, _)| *session)
        .collect();
    let in_file = input::env_file_variables(&context.home);
    let mut lines = Vec::new();
    for (name, place) in mode_credentials().iter().flat_map(|name| places(name, &in_file)) {
        let idle = in_use.iter().filter(|session| may_expect(session, name) && !reads(session, name));
        lines.extend(
            idle.map(|session| format!("`{name}` is set{place}; `{}` does not read it", session.provider.id)),
        );
        let readers: Vec<String> = providers
            .iter()
            .filter(|(session, _)| reads(session, name))
            .map(|(session, _)| format!("`{}`", session.provider.id))
            .collect();
        lines.push(match readers.as_slice() {
            [] => format!("`{name}` is set{place}; no provider reads it"),
            [one] => format!("`{name}` is set{place}; only {one} reads it"),
            many => format!("`{name}` is set{place}; only {} read it", many.join(", ")),
        });
    }
    lines
}

/// Where a variable is set: in the environment, in `.env`, in both.
fn places<'n>(name: &'n str, in_file: &BTreeSet<String>) -> Vec<(&'n str, &'static str)> {
    let in_environment = env::var_os(name).is_some_and(|value| !value.is_empty());
    let all = [(in_environment, ""), (in_file.contains(name), " in .env")];
    all.into_iter().filter(|(is_set, _)| *is_set).map(|(_, place)| (name, place)).collect()
}

fn reads(session: &Session<'_>, name: &str) -> bool {
    input::variables(&session.provider).contains(&name)
}

/// Whether programs of the provider's protocol read a variable, so that a person may expect it to count here.
fn may_expect(session: &Session<'_>, name: &str) -> bool {
    let mode = session.provider.api.mode.as_deref().and_then(api_mode);
    mode.is_some_and(|mode| mode.credentials().any(|credential| credential == name))
}
