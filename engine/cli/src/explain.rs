//! What the user can do about a failure *here*: with these variables set, nothing stored yet.

use hermes_engine::input::{self, Inputs};
use hermes_engine_core::machine::Code;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

impl Session<'_> {
    /// Adds to a failure what a person can do about it here.
    pub(crate) fn explain(&self, failure: Failure, inputs: &Inputs) -> Failure {
        let failure = failure.about(&self.provider.id);
        match failure.exit {
            Exit::Login => self.explain_login(failure),
            Exit::Refused => self.explain_refusal(failure, inputs),
            _ => failure,
        }
    }

    fn explain_login(&self, failure: Failure) -> Failure {
        let id = &self.provider.id;
        let own = self.provider.errors.get(failure.code.as_str());
        if own.is_some_and(|words| words.help.is_some()) {
            return failure;
        }
        let variables = input::variables(&self.provider);
        let login = format!("run `hermes-engine run-flow {id}`");
        let help = match variables.first() {
            Some(name) if failure.code == Code::NotLoggedIn => format!("set {name}, or {login}"),
            _ => login,
        };
        failure.help(help)
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

/// Whether a host is that of a URL.
fn is_host_of(host: &str, url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str) == Some(host)
}
