//! What the user can do about a failure *here*: with these variables set, nothing stored yet.

use hermes_format::provider::Provider;
use hermes_machine::machine::Code;
use url::Url;

use super::error::{Error, ErrorKind};
use crate::input::{self, Inputs};

/// Adds to a failure what the user can do about it here.
pub(super) fn explain(error: Error, provider: &Provider, inputs: &Inputs) -> Error {
    let error = error.about(&provider.id);
    match error.kind() {
        ErrorKind::LoginRequired => of_login(error, provider, inputs),
        ErrorKind::Refused => of_refusal(error, provider, inputs),
        _ => error,
    }
}

fn of_login(error: Error, provider: &Provider, inputs: &Inputs) -> Error {
    let own = provider.errors.get(error.code());
    if own.is_some_and(|words| words.help.is_some()) {
        return error;
    }
    let login = format!("run `hermes-engine run-flow {}`", provider.id);
    if error.code() != Code::NotLoggedIn.as_str() {
        return error.with_help(login);
    }
    let help = match key_variable(provider) {
        Some(name) => format!("set {name}, or {login}"),
        None => login,
    };
    because_of(error, inputs).with_help(help)
}

/// The variable that a key or another secret is read from first.
fn key_variable(provider: &Provider) -> Option<&str> {
    let secrets = provider.inputs.values().filter(|input| input.secret);
    input::variables_of(secrets).next()
}

/// Names the variable that brought a host in that the credential was not made for.
fn of_refusal(error: Error, provider: &Provider, inputs: &Inputs) -> Error {
    let is_meant = |url: &str| error.host().is_some_and(|host| is_host_of(host, url));
    let mut sources = inputs.origins.iter().filter(|(_, origin)| origin.is_source());
    let source = sources.find(|(name, _)| inputs.values.get(*name).is_some_and(|value| is_meant(value)));
    let Some((_, origin)) = source else { return error };
    let fix = match error.help() {
        Some(help) if error.code() == Code::PlainHttp.as_str() => help.to_owned(),
        _ => format!("unset it, or log in anew with `hermes-engine run-flow {}`", provider.id),
    };
    let help = format!("{origin} names it: {fix}");
    error.with_help(help)
}

/// Adds the sources that failed to a message that says that a value is missing.
pub(super) fn because_of(error: Error, inputs: &Inputs) -> Error {
    let unread = inputs.unread_env_file.as_ref().map(|why| format!("the home's .env is not read: {why}"));
    let failed = inputs.failed_for_want().map(ToString::to_string).chain(unread);
    let failed: Vec<String> = failed.collect();
    if failed.is_empty() {
        return error;
    }
    let message = format!("{error}; {}", failed.join("; "));
    error.with_message(message)
}

/// Whether a host is that of a URL.
fn is_host_of(host: &str, url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str) == Some(host)
}
