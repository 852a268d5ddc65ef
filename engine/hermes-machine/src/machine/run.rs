//! The values of one run, by name.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use super::{Earlier, Entropy, redact};
use crate::pkce;
use hermes_format::origin::{Origin, Origins, transport_allowed};
use hermes_format::provider::{Action, Constants, Provider, Shared};
use hermes_format::query::walk;
use hermes_format::secret::Secret;
use hermes_format::template::{Name, Scope, render_url, render_var};
use hermes_format::text::sanitise;
use hermes_format::time::UnixMs;

/// An answer that took the machine out of a state.
pub(super) struct Kept {
    /// What it said; null where it was no JSON.
    pub(super) value: Value,
    /// When it arrived, on the elapsed clock.
    pub(super) arrived: Duration,
}

/// Everything that `{{…}}` can name while a flow runs.
pub(super) struct Run {
    pub(super) provider: Shared,
    pub(super) action: Action,
    pub(super) region: Option<String>,
    pub(super) inputs: IndexMap<String, String>,
    pub(super) token: Value,
    pub(super) redirect_uri: Option<String>,
    /// The server's clock when it gave the last answer, where it said.
    pub(super) server_clock: Option<UnixMs>,
    /// What was not as it should be, and did not end the run.
    pub(super) warnings: Vec<String>,
    answers: BTreeMap<String, Kept>,
    /// What the run may send to, where its caller says it: where the stored credential may go.
    bound_to: Option<Origins>,
    /// What it may send to where nothing is stored: what the file names, and what the user agrees to.
    own: OnceCell<Origins>,
    earlier: Earlier,
    randoms: RefCell<BTreeMap<String, String>>,
    verifier: OnceCell<Secret>,
    entropy: RefCell<Box<dyn Entropy + Send>>,
}

impl Run {
    pub(super) fn new(start: super::Start) -> Run {
        Run {
            provider: start.provider,
            action: start.action,
            region: start.region,
            inputs: start.inputs,
            token: start.token.unwrap_or(Value::Null),
            redirect_uri: None,
            server_clock: None,
            warnings: Vec::new(),
            answers: BTreeMap::new(),
            bound_to: start.bound_to,
            own: OnceCell::new(),
            earlier: start.earlier,
            randoms: RefCell::default(),
            verifier: OnceCell::new(),
            entropy: RefCell::new(start.entropy),
        }
    }

    pub(super) fn constants(&self) -> Constants<'_> {
        Constants { provider: &self.provider, region: self.region.as_deref(), inputs: &self.inputs }
    }

    /// The run's allowance: where its requests, its redirects and its pages may lead, whatever a template says.
    pub(super) fn allowance(&self) -> &Origins {
        let own = || self.provider.origins(self.region.as_deref(), &self.inputs);
        self.bound_to.as_ref().unwrap_or_else(|| self.own.get_or_init(own))
    }

    /// Why the run may not send to a URL, in words.
    pub(super) fn refusal(&self, url: &Url) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        if !transport_allowed(url) {
            return Some(format!("`{host}` would be reached without https"));
        }
        if Origin::of(url).is_some_and(|origin| self.allowance().allows(&origin)) {
            return None;
        }
        let at = if self.allowance().names_host(host) { authority(url) } else { host.to_owned() };
        Some(match self.bound_to {
            Some(_) => format!("the stored credential was not made for `{at}`"),
            None => format!("the file does not name `{at}`"),
        })
    }

    /// The origins that answers name and that nothing allows yet. Those that were agreed to before are allowed at once.
    pub(super) fn undecided(&mut self) -> Vec<Origin> {
        if self.action != Action::Login {
            return Vec::new();
        }
        let mut named: Vec<Origin> = Vec::new();
        for template in &self.provider.asked_hosts {
            let url = render_url(template, self).ok().filter(transport_allowed);
            let origin = url.as_ref().and_then(Origin::of).filter(|origin| !self.allowance().allows(origin));
            named.extend(origin.filter(|origin| !named.contains(origin)));
        }
        let is_agreed = |origin: &Origin| {
            self.earlier.agreed.allows(origin) || self.earlier.hosts.iter().any(|host| host == origin.host())
        };
        let (agreed, undecided): (Vec<_>, Vec<_>) = named.into_iter().partition(is_agreed);
        self.agree(&agreed);
        undecided
    }

    /// The origins that answers name and that the user has agreed to.
    pub(super) fn agreed_so_far(&self) -> Vec<String> {
        let named = self.provider.origins(self.region.as_deref(), &self.inputs).0;
        self.allowance().0.iter().filter(|origin| !named.contains(origin)).cloned().collect()
    }

    /// Allows what was agreed to in an earlier process, as far as the answers name it still.
    pub(super) fn agree_again(&mut self, agreed: Vec<String>) {
        self.earlier.agreed.0.extend(agreed);
        self.undecided();
    }

    /// Adds origins to the allowance of this login.
    pub(super) fn agree(&mut self, origins: &[Origin]) {
        let mut all = self.allowance().clone();
        all.0.extend(origins.iter().map(|origin| origin.as_str().to_owned()));
        self.own = OnceCell::from(all);
    }

    /// Where a credential of this run may go: what the file names, and what the user has agreed to, now or for the login
    /// that is renewed.
    pub(super) fn granted(&self) -> Origins {
        let mut all = self.provider.origins(self.region.as_deref(), &self.inputs);
        if !self.provider.asked_hosts.is_empty() {
            for origin in &self.allowance().0 {
                if !all.0.contains(origin) {
                    all.0.push(origin.clone());
                }
            }
        }
        all
    }

    /// Whether the user has supplied a secret.
    pub(super) fn has_secret_input(&self) -> bool {
        self.secret_inputs().next().is_some()
    }

    /// The region in force, by name.
    pub(super) fn region_name(&self) -> Option<&str> {
        let default = self.provider.regions.as_ref().map(|r| r.default.as_str());
        self.region.as_deref().or(default)
    }

    pub(super) fn keep_answer(&mut self, state: &str, value: Value, arrived: Duration) {
        self.answers.insert(state.to_owned(), Kept { value, arrived });
    }

    pub(super) fn answer(&self, state: &str) -> Option<&Kept> {
        self.answers.get(state)
    }

    /// The answers that led on and the random texts, by name.
    pub(super) fn made_so_far(&self) -> (BTreeMap<String, Value>, BTreeMap<String, String>) {
        let answers = self.answers.iter().map(|(state, kept)| (state.clone(), kept.value.clone()));
        (answers.collect(), self.randoms.borrow().clone())
    }

    /// The verifier, where it was made.
    pub(super) fn verifier_so_far(&self) -> Option<String> {
        self.verifier.get().map(|verifier| verifier.expose_secret().to_owned())
    }

    /// Puts back what an earlier process made and was answered.
    pub(super) fn put_back(
        &mut self,
        (answers, randoms): (BTreeMap<String, Value>, BTreeMap<String, String>),
        redirect_uri: Option<String>,
        verifier: Option<String>,
    ) {
        for (state, value) in answers {
            self.keep_answer(&state, value, Duration::ZERO);
        }
        self.randoms.replace(randoms);
        self.redirect_uri = redirect_uri;
        self.verifier = verifier.map(|verifier| OnceCell::from(Secret::new(&verifier))).unwrap_or_default();
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.borrow_mut().fill(&mut bytes);
        bytes
    }

    fn verifier(&self) -> &Secret {
        self.verifier.get_or_init(|| pkce::verifier(&self.bytes()))
    }

    fn random(&self, name: &str) -> String {
        let known = self.randoms.borrow().get(name).cloned();
        known.unwrap_or_else(|| {
            let made = pkce::random_text(&self.bytes());
            self.randoms.borrow_mut().insert(name.to_owned(), made.clone());
            made
        })
    }

    /// Whether this text holds a value that no screen may show: a token, the verifier, a secret input. A net below the
    /// label of a template, which is the judge.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        self.secrets().any(|secret| secret.len() >= SHORTEST_SECRET && shows(text, &secret))
    }

    /// The stored credential, and all answers so far.
    pub(super) fn held(&self) -> impl Iterator<Item = &Value> {
        std::iter::once(&self.token).chain(self.answers.values().map(|kept| &kept.value))
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        let verifier = self.verifier.get().map(|v| v.expose_secret().to_owned());
        self.held().flat_map(redact::in_held).chain(verifier).chain(self.secret_inputs())
    }

    fn secret_inputs(&self) -> impl Iterator<Item = String> {
        let secret = |name: &str, provider: &Provider| provider.inputs.get(name).is_some_and(|i| i.secret);
        self.inputs
            .iter()
            .filter(move |(name, _)| secret(name, &self.provider))
            .map(|(_, value)| value.clone())
    }
}

/// Host and port, the scheme's own port too: where the host alone would be right, it is the port that is not.
fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// A text shorter than this occurs by chance, so its being shown tells nothing.
const SHORTEST_SECRET: usize = 8;

/// Whether a text holds a secret, or would on a screen: what is taken out of it there can stand in the secret's midst.
pub(super) fn shows(text: &str, secret: &str) -> bool {
    text.contains(secret) || sanitise(text).contains(secret)
}

impl Scope for Run {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Var(var) => render_var(self.provider.vars.get(var)?, self).map(Value::String),
            Name::Input(_) | Name::Region(_) => self.constants().value(name),
            Name::Answer { state, path } => walk(&self.answers.get(state)?.value, path).cloned(),
            Name::Token(path) => walk(&self.token, path).cloned(),
            Name::Last(path) => walk(self.earlier.last.as_ref()?, path).cloned(),
            Name::PkceVerifier => Some(Value::from(self.verifier().expose_secret())),
            Name::PkceChallenge => Some(Value::from(pkce::challenge(self.verifier().expose_secret()))),
            Name::Random(name) => Some(Value::from(self.random(name))),
            Name::Uuid => Some(Value::from(pkce::uuid(self.bytes()))),
            Name::RedirectUri => self.redirect_uri.as_deref().map(Value::from),
            Name::Response(_) | Name::ResponseBody => None,
        }
    }
}
