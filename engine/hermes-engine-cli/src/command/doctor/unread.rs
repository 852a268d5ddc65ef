//! Which variables are set for nothing: those that programs of a protocol read, and that a provider of it does not.

use std::collections::BTreeSet;
use std::env;

use hermes_engine::AccountStatus;
use hermes_engine::catalog::{api_mode, mode_credentials};
use hermes_engine::input;

use crate::context::Context;

/// A line for each variable and each provider in use that does not read it; for the others one line that says who does.
pub(super) fn unread(providers: &[AccountStatus], context: &Context) -> Vec<String> {
    let chosen = context.find(None).ok().map(|entry| entry.id);
    let in_use: Vec<&AccountStatus> = providers
        .iter()
        .filter(|status| status.state.is_usable() || chosen.as_ref() == Some(&status.provider))
        .collect();
    let in_file = input::env_file_variables(&context.home);
    let mut lines = Vec::new();
    for (name, place) in mode_credentials().iter().flat_map(|name| places(name, &in_file)) {
        let idle = in_use.iter().filter(|status| may_expect(status, name) && !reads(status, name));
        lines.extend(
            idle.map(|status| format!("`{name}` is set{place}; `{}` does not read it", status.provider)),
        );
        let readers: Vec<String> = providers
            .iter()
            .filter(|status| reads(status, name))
            .map(|status| format!("`{}`", status.provider))
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

fn reads(status: &AccountStatus, name: &str) -> bool {
    status.info.as_ref().is_some_and(|info| info.variables().contains(&name))
}

/// Whether programs of the provider's protocol read a variable, so that a user may expect it to count here.
fn may_expect(status: &AccountStatus, name: &str) -> bool {
    let mode = status.info.as_ref().and_then(|info| api_mode(info.mode()?));
    mode.is_some_and(|mode| mode.credentials().any(|credential| credential == name))
}
