//! What a provider's file says of it, without a look at any credential.

use std::fmt;
use std::sync::Arc;

use hermes_format::provider::{Action, InputSource};

use super::account::Account;
use super::error::Result;
use super::memory::find_model;
use super::provider_file::ProviderFile;
use crate::input;

/// What a provider's file says of it.
#[derive(Clone)]
pub struct ProviderInfo(pub(super) Arc<ProviderFile>);

impl ProviderInfo {
    /// The id.
    pub fn id(&self) -> &str {
        &self.0.provider.id
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.0.provider.name
    }

    /// The protocol that the provider speaks.
    pub fn mode(&self) -> Option<&str> {
        self.0.provider.api.mode.as_deref()
    }

    /// The id of a model, by the id or an alias.
    pub fn model(&self, name: &str) -> Option<&str> {
        find_model(&self.0.provider, name).map(|model| model.id.as_str())
    }

    /// Whether an account can be asked about.
    pub fn can_verify(&self) -> bool {
        !self.0.provider.starts(Action::Verify).is_empty()
    }

    /// Whether a login can be revoked.
    pub fn can_revoke(&self) -> bool {
        !self.0.provider.starts(Action::Logout).is_empty()
    }

    /// The environment variables that it reads.
    pub fn variables(&self) -> Vec<&str> {
        input::variables(&self.0.provider)
    }

    /// The first program that a credential may come from.
    pub fn program(&self) -> Option<&str> {
        let mut sources = self.0.provider.inputs.values().flat_map(|input| &input.from);
        sources.find_map(|source| match source {
            InputSource::Command(words) => words.value.first().map(String::as_str),
            InputSource::Env(_) | InputSource::File { .. } => None,
        })
    }

    /// Whether a model has a protocol or a base URL of its own.
    pub fn has_routes(&self) -> bool {
        self.0.provider.models.iter().any(|model| model.base_url.is_some())
    }
}

impl fmt::Debug for ProviderInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderInfo").field(&self.id()).finish()
    }
}

impl Account {
    /// What the provider's file says of it. Reads the file, and touches no credential.
    ///
    /// # Errors
    ///
    /// [`super::ErrorKind::Usage`]: no provider has this name. [`super::ErrorKind::File`], [`super::ErrorKind::Refused`]:
    /// its file can't be used.
    pub async fn provider(&self) -> Result<ProviderInfo> {
        if let Some(file) = self.engine().inner.files.remembered(self.name()) {
            return Ok(ProviderInfo(file));
        }
        let name = self.name().to_owned();
        Ok(ProviderInfo(self.engine().block(move |engine| engine.inner.files.open(&name)).await?))
    }
}
