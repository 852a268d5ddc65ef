//! The credential as a client uses it: provider, model, protocol, base URL, headers.

use std::collections::BTreeSet;

use hermes_engine::catalog::{api_mode, mode_variables};
use hermes_engine::config;
use hermes_engine::credential::{Source, made_from};
use hermes_engine::input::Inputs;
use hermes_format::provider::{Model, Provider};
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::access::{Access, Held, access};
use hermes_machine::machine::HeaderValue;
use indexmap::IndexMap;

use crate::context::Context;
use crate::failure::Failure;
use crate::session::{Session, Wanted};

/// The provider and the model that are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The provider, as it was named here or where it was chosen.
    pub(crate) provider: String,
    /// The model, as it was named.
    model: Option<String>,
    /// The provider and the model that `config.yaml` names.
    configured: Option<(String, String)>,
}

/// What a client needs.
#[derive(Clone)]
pub(crate) struct Resolved {
    /// The provider's id.
    pub(crate) provider: String,
    /// The provider as it was asked for.
    pub(crate) requested: String,
    /// The protocol, base URL and headers.
    pub(crate) access: Access,
    /// The token.
    pub(crate) token: Secret,
    /// The stored credential's other members.
    pub(crate) record: serde_json::Value,
    /// Where the token came from.
    pub(crate) source: String,
    /// The region.
    pub(crate) region: Option<String>,
    /// The model's id.
    pub(crate) model: Option<String>,
    /// The small model's id.
    pub(crate) aux_model: Option<String>,
    /// Whether the model was chosen, here or in `config.yaml`, and is not only the provider's first.
    pub(crate) is_model_chosen: bool,
    /// When the token expires.
    pub(crate) expires_at: Option<UnixMs>,
}

impl Chosen {
    /// From the command line, where `PROVIDER:MODEL` names both, and from `config.yaml`.
    pub(crate) fn read(
        context: &Context,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> Result<Chosen, Failure> {
        // Both may be named at once, wherever a provider or a model is.
        let split = |text| both(context, text);
        // A file that nobody vouches for takes no model's name for its own.
        let in_model = model.and_then(split).filter(|(id, _)| context.is_vouched_for(id));
        let (provider, model) = match (provider.and_then(split), provider, in_model) {
            (Some((id, named)), ..) => (id.to_owned(), model.or(Some(named))),
            (None, None, Some((id, named))) => (id.to_owned(), Some(named)),
            (None, Some(name), Some((id, named))) if is_same(context, name, id) => {
                (name.to_owned(), Some(named))
            }
            (None, ..) => (context.name(provider)?, model),
        };
        let model = model.map(str::to_owned);
        // Who names the model needs no file of choices, broken or not.
        let choice = match &model {
            Some(_) => config::Choice::default(),
            None => config::read(context.home.path())?,
        };
        let configured = choice.provider.zip(choice.model);
        Ok(Chosen { provider, model, configured })
    }

    /// Whether a model was named on the command line.
    pub(crate) fn names_model(&self) -> bool {
        self.model.is_some()
    }

    /// The model that was named on the command line.
    pub(crate) fn named_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The same with this model.
    pub(crate) fn with_model(self, model: Option<String>) -> Chosen {
        Chosen { model: self.model.or(model), ..self }
    }

    /// Whether a model was chosen, on the command line or in `config.yaml` for this provider.
    fn is_chosen(&self, session: &Session<'_>) -> bool {
        self.model.is_some() || self.configured(session).is_some()
    }

    /// The model that `config.yaml` names for this provider.
    fn configured(&self, session: &Session<'_>) -> Option<&String> {
        let own = |name: &str| {
            session.context.catalog.find(name).is_ok_and(|entry| entry.id == session.provider.id)
        };
        self.configured.as_ref().filter(|(of, _)| own(of)).map(|(_, name)| name)
    }

    /// The model that is meant: the one that was named, the chosen one of this provider, the first.
    fn model<'p>(&self, session: &'p Session<'_>) -> (Option<&'p Model>, Option<String>) {
        let provider = &session.provider;
        match self.model.as_ref().or(self.configured(session)) {
            // A model that the file doesn't list may exist all the same: services add models without telling.
            Some(name) => {
                let model = find_model(provider, name);
                (model, Some(model.map_or_else(|| name.clone(), |model| model.id.clone())))
            }
            None => {
                let first = provider.models.first();
                (first, first.map(|model| model.id.clone()))
            }
        }
    }
}

/// A credential that can be used now, with all that a client needs to use it.
pub(crate) fn resolve(session: &Session<'_>, chosen: &Chosen, wanted: &Wanted) -> Result<Resolved, Failure> {
    let provider = &session.provider;
    let inputs = session.inputs(&Default::default())?;
    let credential = session.credential(wanted, &inputs)?;
    let (model, model_id) = chosen.model(session);
    let held = Held {
        region: credential.region.as_deref(),
        inputs: &credential.inputs,
        token: &credential.token,
        origins: &credential.origins,
    };
    let access =
        access(provider, &held, model).map_err(|trouble| session.explain(trouble.into(), &inputs))?;
    let source = source(provider, credential.source, &inputs);
    let region =
        credential.region.or_else(|| provider.regions.as_ref().map(|regions| regions.default.clone()));
    Ok(Resolved {
        provider: provider.id.clone(),
        requested: chosen.provider.clone(),
        access,
        token: credential.access_token,
        record: credential.token,
        source,
        region,
        is_model_chosen: chosen.is_chosen(session),
        model: model_id,
        aux_model: provider.models.iter().find(|model| model.aux).map(|model| model.id.clone()),
        expires_at: credential.expires_at,
    })
}

/// The environment of a program that uses a credential, as far as it is about credentials.
pub(crate) struct Environment {
    /// Variables to set, under the names that programs of the protocol read.
    pub(crate) set: IndexMap<String, Secret>,
    /// Variables of any protocol to take away, so that no other credential is found beside this one.
    pub(crate) unset: BTreeSet<String>,
}

/// What a protocol's programs read, for a resolved credential.
pub(crate) fn environment(resolved: &Resolved) -> Result<Environment, Failure> {
    let id = &resolved.provider;
    let unknown =
        |what: String| Failure::usage(what).help("use `hermes-engine resolve` and its JSON").about(id);
    let name = resolved.access.mode.as_deref().ok_or_else(|| unknown(format!("`{id}` names no protocol")))?;
    let mode = api_mode(name).ok_or_else(|| {
        unknown(format!("no program is known to take a `{name}` credential from its environment"))
    })?;
    let mut variables = IndexMap::new();
    if let (Some(variable), Some(url)) = (&mode.base_url, &resolved.access.base_url) {
        let added = mode.added.as_deref().unwrap_or_default();
        variables.insert(variable.clone(), Secret::new(url.strip_suffix(added).unwrap_or(url)));
    }
    // A program's own default model is one of its maker's, which this provider need not have.
    if let Some(model) = resolved.model.as_ref().filter(|_| resolved.is_model_chosen) {
        let aux = resolved.aux_model.as_ref().unwrap_or(model);
        let models = mode.model.iter().map(|name| (name, model));
        let all = models.chain(mode.aux_model.iter().map(|name| (name, aux)));
        variables.extend(all.map(|(name, model)| (name.clone(), Secret::new(model.clone()))));
    }
    let mut others = Vec::new();
    for (header, value) in &resolved.access.headers {
        match mode.token.get(&header.to_ascii_lowercase()) {
            Some(variable) => {
                variables.insert(variable.clone(), bare(header, value));
            }
            None => others.push(format!("{header}: {}", value.value.expose_secret())),
        }
    }
    if let Some(variable) = mode.headers.as_ref().filter(|_| !others.is_empty()) {
        variables.insert(variable.clone(), Secret::new(others.join("\n")));
    }
    let unset = mode_variables().into_iter().filter(|name| !variables.contains_key(name)).collect();
    Ok(Environment { set: variables, unset })
}

/// The credential of a header: of `Authorization`, what follows the scheme.
fn bare(header: &str, value: &HeaderValue) -> Secret {
    let text = value.value.expose_secret();
    let scheme = header.eq_ignore_ascii_case("authorization").then(|| text.split_once(' ')).flatten();
    Secret::new(scheme.map_or(text, |(_, credential)| credential))
}

/// What `PROVIDER:MODEL` names.
fn both<'t>(context: &Context, text: &'t str) -> Option<(&'t str, &'t str)> {
    text.split_once(':').filter(|(id, _)| context.catalog.find(id).is_ok())
}

/// Whether two names are those of one provider.
fn is_same(context: &Context, one: &str, other: &str) -> bool {
    let id = |name| context.catalog.find(name).map(|entry| entry.id).ok();
    id(one).is_some() && id(one) == id(other)
}

pub(crate) fn find_model<'p>(provider: &'p Provider, name: &str) -> Option<&'p Model> {
    let by_id = provider.models.iter().find(|model| model.id == name);
    by_id.or_else(|| provider.models.iter().find(|model| model.aliases.iter().any(|alias| alias == name)))
}

/// Where a token came from, for programs: `auth.json`, `env:NAME`, `.env:NAME`, `file:PATH`, `command:PROGRAM`.
fn source(provider: &Provider, source: Source, inputs: &Inputs) -> String {
    match source {
        Source::Stored | Source::Renewed => "auth.json".to_owned(),
        Source::Made => made_from(provider, inputs).unwrap_or_else(|| "input".to_owned()),
    }
}

impl Resolved {
    /// The same through a proxy: its URL and its key in the place of the credential.
    pub(crate) fn proxied(&self, base_url: &str, key: &str) -> Resolved {
        let value = HeaderValue { value: Secret::new(format!("Bearer {key}")), sensitive: true };
        Resolved {
            access: Access {
                mode: self.access.mode.clone(),
                base_url: Some(base_url.to_owned()),
                headers: vec![("Authorization".to_owned(), value)],
            },
            token: Secret::new(key),
            record: serde_json::Value::Null,
            source: "proxy".to_owned(),
            expires_at: None,
            ..self.clone()
        }
    }

    /// The same for a client that is told this model, chosen or not.
    pub(crate) fn with_model(&self, model: Option<String>) -> Resolved {
        Resolved {
            is_model_chosen: model.is_some(),
            model: model.or_else(|| self.model.clone()),
            ..self.clone()
        }
    }

    /// A member of the stored credential that is text.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        self.record.get(name).and_then(serde_json::Value::as_str)
    }
}
