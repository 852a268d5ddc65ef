//! What is in memory of an account: the credential that was handed out last, the renewal that is under way, and the token
//! that a server has refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hermes_format::provider::{Model, Provider};
use hermes_format::time::UnixMs;
use hermes_machine::access as rendered;
use url::Url;

use super::access::{Access, Parts, headers};
use super::account::Rejection;
use super::error::{Error, ErrorKind, Result};
use super::explain::explain;
use super::flight::Flight;
use super::lock;
use super::provider_file::ProviderFile;
use super::request::AccessRequest;
use crate::clock;
use crate::credential::{self, Credential};
use crate::input::Inputs;
use crate::store::{Stamp, sha256};

/// For how long what is in memory is believed without a look at the store.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long a refusal holds where the server names no time: that of a token, and that of its use.
const REFUSED_FOR: Duration = Duration::from_secs(300);
const LIMITED_FOR: Duration = Duration::from_secs(3600);

/// What is known of an account in memory.
#[derive(Default)]
pub(super) struct State {
    pub(super) memory: Mutex<Memory>,
}

#[derive(Default)]
pub(super) struct Memory {
    pub(super) current: Option<Current>,
    pub(super) flight: Option<Flight<Arc<Held>>>,
    pub(super) rejected: Option<Rejected>,
}

/// The credential that was handed out last.
pub(super) struct Current {
    pub(super) held: Arc<Held>,
    seen: Instant,
    stamp: Option<Stamp>,
}

/// A credential with all that access is rendered from.
pub(super) struct Held {
    file: Arc<ProviderFile>,
    pub(super) credential: Credential,
    /// What it was asked for with.
    pub(super) inputs: Inputs,
    /// As programs read it: `auth.json`, `env:NAME`, …
    source: String,
    pub(super) sha256: String,
    /// By the model that was asked for.
    rendered: Mutex<HashMap<Option<String>, Access>>,
}

/// A token that a server has refused.
#[derive(Clone)]
pub(super) struct Rejected {
    pub(super) sha256: String,
    why: Rejection,
    at: Instant,
}

impl State {
    /// Notes that a server refused a token, unless it is not the current one any more.
    pub(super) fn reject(&self, sha256: &str, why: Rejection) {
        let mut memory = lock(&self.memory);
        let is_past = memory.current.as_ref().is_some_and(|current| current.held.sha256 != sha256);
        if !is_past {
            memory.current = None;
            memory.rejected = Some(Rejected::now(sha256.to_owned(), why));
        }
    }

    /// Forgets all but what is under way.
    pub(super) fn forget(&self) {
        let mut memory = lock(&self.memory);
        memory.current = None;
        memory.rejected = None;
    }
}

impl Memory {
    /// What was handed out before, where it still serves.
    pub(super) fn remembered(&mut self, request: &AccessRequest) -> Option<Arc<Held>> {
        let inner = &request.account().engine().inner;
        let current = self.current.as_mut().filter(|current| current.held.satisfies(request))?;
        if current.seen.elapsed() >= BELIEVED {
            let file = inner.files.remembered(request.account().name());
            let same_file = file.is_some_and(|file| Arc::ptr_eq(&file, &current.held.file));
            let scope = credential::scope(&current.held.file.provider);
            let is_same = current.stamp.is_some() && inner.store.stamp(&scope) == current.stamp;
            if !same_file || !is_same {
                self.current = None;
                return None;
            }
            current.seen = Instant::now();
        }
        Some(current.held.clone())
    }

    pub(super) fn remember(&mut self, held: &Arc<Held>, stamp: Option<Stamp>) {
        if self.rejected.as_ref().is_some_and(|rejected| rejected.sha256 != held.sha256) {
            self.rejected = None;
        }
        if self.rejected.is_none() {
            self.current = Some(Current { held: held.clone(), seen: Instant::now(), stamp });
        }
    }
}

impl Held {
    pub(super) fn new(file: Arc<ProviderFile>, credential: Credential, inputs: Inputs) -> Held {
        let source = match credential.source {
            credential::Source::Stored | credential::Source::Renewed => "auth.json".to_owned(),
            credential::Source::Made => {
                credential::made_from(&file.provider, &inputs).unwrap_or_else(|| "input".to_owned())
            }
        };
        let sha256 = sha256(credential.access_token.expose_secret());
        Held { file, credential, inputs, source, sha256, rendered: Mutex::default() }
    }

    /// Whether a use would take it as it is.
    pub(super) fn satisfies(&self, request: &AccessRequest) -> bool {
        let now = clock::wall();
        let is_alive = self.credential.renew_at.is_none_or(|at| at > now);
        let wanted = request.least_life().map_or(0, |ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
        let lives = |at: UnixMs| at.0.saturating_sub(now.0) >= wanted;
        is_alive && request.takes(&self.sha256) && self.credential.expires_at.is_none_or(lives)
    }

    /// Access for a model, rendered once.
    pub(super) fn access(&self, model: Option<&str>) -> Result<Access> {
        if let Some(access) = lock(&self.rendered).get(&model.map(str::to_owned)) {
            return Ok(access.clone());
        }
        let access = self.render(model)?;
        lock(&self.rendered).insert(model.map(str::to_owned), access.clone());
        Ok(access)
    }

    fn render(&self, name: Option<&str>) -> Result<Access> {
        let Held { file, credential, .. } = self;
        let provider = &file.provider;
        let model = match name {
            Some(name) => find_model(provider, name),
            None => provider.models.first(),
        };
        let held = rendered::Held {
            region: credential.region.as_deref(),
            inputs: &credential.inputs,
            token: &credential.token,
            origins: &credential.origins,
        };
        let access = rendered::access(provider, &held, model)
            .map_err(|trouble| explain(trouble.into(), provider, &self.inputs))?;
        let bad_url = |error| Error::because(ErrorKind::File, "bad_url", error);
        let default_region = || provider.regions.as_ref().map(|regions| regions.default.clone());
        Ok(Access(Arc::new(Parts {
            provider: provider.id.clone(),
            is_renewable: credential.source != credential::Source::Made && !credential::is_key(provider),
            token: credential.access_token.clone(),
            members: credential.token.clone(),
            origins: credential.origins.clone(),
            source: self.source.clone(),
            base_url: access.base_url.as_deref().map(Url::parse).transpose().map_err(bad_url)?,
            base: access.base_url,
            mode: access.mode,
            // A model that the file doesn't list may exist all the same.
            model: model.map(|model| model.id.clone()).or_else(|| name.map(str::to_owned)),
            is_model_chosen: name.is_some(),
            aux_model: provider.models.iter().find(|model| model.aux).map(|model| model.id.clone()),
            region: credential.region.clone().or_else(default_region),
            headers: headers(&access.headers)?,
            named_headers: access.headers,
            expires_at: credential.expires_at,
            warnings: credential.warnings.clone(),
            notes: self.inputs.failed.iter().map(ToString::to_string).collect(),
        })))
    }
}

impl Rejected {
    pub(super) fn now(sha256: String, why: Rejection) -> Rejected {
        Rejected { sha256, why, at: Instant::now() }
    }

    /// A limit is over when the time is that the server asked for; a refusal is not believed for ever either.
    pub(super) fn is_in_force(&self) -> bool {
        let usual = if self.why.is_limit() { LIMITED_FOR } else { REFUSED_FOR };
        self.at.elapsed() < self.why.wait().unwrap_or(usual)
    }

    pub(super) fn as_request(&self) -> credential::Rejected<'_> {
        credential::Rejected { sha256: &self.sha256, status: self.why.code(), retry_after: self.why.wait() }
    }
}

/// A model of the file, by its id or an alias.
pub(super) fn find_model<'p>(provider: &'p Provider, name: &str) -> Option<&'p Model> {
    let by_id = provider.models.iter().find(|model| model.id == name);
    by_id.or_else(|| provider.models.iter().find(|model| model.aliases.iter().any(|alias| alias == name)))
}
