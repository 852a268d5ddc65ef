//! What a person can do about a failure *here*: with this file in force, these variables set, nothing stored yet.

use hermes_engine::input::{self, Inputs};
use hermes_engine_core::machine::Code;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, shell};
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
        if !self.judged.withheld.is_empty() {
            let message = format!("`{id}` has no credential, and its file is not trusted to read one");
            return Failure::new(Exit::Refused, "untrusted_file", message).help(self.trust_help()).about(id);
        }
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

    /// Names what brought a host in that the credential was not made for: a file that is not trusted, or a variable.
    fn explain_refusal(&self, failure: Failure, inputs: &Inputs) -> Failure {
        let is_meant = |url: &str| failure.host.as_deref().is_some_and(|host| is_host_of(host, url));
        if self.judged.new_hosts.iter().any(|origin| is_meant(origin)) {
            // The path stands there once: a long help would be cut.
            return failure.help(format!("the file in force names it; {}", self.trust_help()));
        }
        let mut sources = inputs.origins.iter().filter(|(_, origin)| origin.is_source());
        let source = sources.find(|(name, _)| inputs.values.get(*name).is_some_and(|value| is_meant(value)));
        let Some((_, origin)) = source else { return failure };
        let mend = match &failure.help {
            Some(help) if failure.code == Code::PlainHttp => help.to_string(),
            _ => format!("unset it, or log in anew with `hermes-engine run-flow {}`", self.provider.id),
        };
        failure.help(format!("{origin} names it: {mend}"))
    }

    /// What the provider's file wants and may not until it is trusted; a sentence for a screen.
    pub(crate) fn distrust(&self) -> Option<String> {
        let judged = &self.judged;
        let wants: Vec<String> = judged.withheld.iter().map(|want| safe(&want.to_string())).collect();
        let hosts: Vec<String> = judged.new_hosts.iter().map(|host| safe(host)).collect();
        let what = match (wants.is_empty(), hosts.is_empty()) {
            (true, true) => return None,
            (true, false) => format!("send what is stored to {}", hosts.join(", ")),
            (false, true) => format!("read {}", wants.join(", ")),
            (false, false) => format!("read {} and to send to {}", wants.join(", "), hosts.join(", ")),
        };
        let source = safe(&self.source);
        Some(format!(
            "`{source}` wants to {what}, which it may not until it is trusted; {}",
            self.trust_help()
        ))
    }

    fn trust_help(&self) -> String {
        format!("if you trust the file, run `hermes-engine trust {}`", shell::word(&safe(&self.source)))
    }
}

/// Whether a host is that of a URL.
fn is_host_of(host: &str, url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str) == Some(host)
}
