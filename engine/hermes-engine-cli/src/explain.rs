//! What the user can do about a failure *here*: with these variables set, nothing stored yet.

use hermes_engine::input::{self, Inputs};
use hermes_machine::machine::Code;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::safe;
use crate::session::Session;

impl Session<'_> {
    /// Adds to a failure what a person can do about it here.
    pub(crate) fn explain(&self, failure: Failure, inputs: &Inputs) -> Failure {
        let failure = failure.about(&self.provider.id);
        match failure.exit {
            Exit::Login => self.explain_login(failure, inputs),
            Exit::Refused => self.explain_refusal(failure, inputs),
            _ => failure,
        }
    }

    fn explain_login(&self, failure: Failure, inputs: &Inputs) -> Failure {
        let id = &self.provider.id;
        let own = self.provider.errors.get(failure.code.as_str());
        if own.is_some_and(|words| words.help.is_some()) {
            return failure;
        }
        let login = format!("run `hermes-engine run-flow {id}`");
        if failure.code != Code::NotLoggedIn {
            return failure.help(login);
        }
        let help = match self.key_variable() {
            Some(name) => format!("set {name}, or {login}"),
            None => login,
        };
        because_of(failure, inputs).help(help)
    }

    /// The variable that a key or another secret is read from first.
    fn key_variable(&self) -> Option<&str> {
        let secrets = self.provider.inputs.values().filter(|input| input.secret);
        input::variables_of(secrets).next()
    }

    /// Names the variable that brought a host in that the credential was not made for.
    fn explain_refusal(&self, failure: Failure, inputs: &Inputs) -> Failure {
        let is_meant = |url: &str| failure.host.as_deref().is_some_and(|host| is_host_of(host, url));
        let mut sources = inputs.origins.iter().filter(|(_, origin)| origin.is_source());
        let source = sources.find(|(name, _)| inputs.values.get(*name).is_some_and(|value| is_meant(value)));
        let Some((_, origin)) = source else { return failure };
        let mend = match &failure.help {
            Some(help) if failure.code == Code::PlainHttp => help.to_string(),
            _ => format!("unset it, or log in anew with `hermes-engine run-flow {}`", self.provider.id),
        };
        failure.help(format!("{origin} names it: {mend}"))
    }
}

/// Adds the sources that failed to a message that says that a value is missing.
pub(crate) fn because_of(failure: Failure, inputs: &Inputs) -> Failure {
    let failed: Vec<String> = inputs.failed_for_want().map(|failed| safe(&failed.to_string())).collect();
    if failed.is_empty() {
        return failure;
    }
    Failure { message: format!("{}; {}", failure.message, failed.join("; ")).into(), ..failure }
}

/// Whether a host is that of a URL.
fn is_host_of(host: &str, url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str) == Some(host)
}
