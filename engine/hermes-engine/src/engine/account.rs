//! One account of a provider: access to it, rejections, its state.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hermes_format::provider::InputSource;
use indexmap::IndexMap;

use super::access::Access;
use super::error::Result;
use super::login::LoginRequest;
use super::memory::State;
use super::provider_file::ProviderFile;
use super::request::AccessRequest;
use super::ui::Ui;
use super::{Engine, lock};
use crate::credential;
use crate::input::{self, Inputs, Supply};
use crate::store::{StoredGrant, sha256};

/// An account of a provider. Cheap to clone.
#[derive(Clone)]
pub struct Account {
    engine: Engine,
    name: String,
    label: Option<String>,
    model: Option<String>,
    region: Option<String>,
}

/// Why a server refused an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    retry_after: Option<Duration>,
}

impl Rejection {
    /// By the HTTP status of the answer: 401 and 403 mean the token, 402 and 429 how much the account was used. Any other
    /// status says nothing of the credential, and is ignored.
    pub fn status(status: u16) -> Rejection {
        Rejection { status, retry_after: None }
    }

    /// How long the server asked to wait.
    pub fn retry_after(self, wait: Duration) -> Rejection {
        Rejection { retry_after: Some(wait), ..self }
    }

    pub(super) fn code(self) -> u16 {
        self.status
    }

    pub(super) fn wait(self) -> Option<Duration> {
        self.retry_after
    }

    pub(super) fn is_limit(self) -> bool {
        matches!(self.status, 402 | 429)
    }

    fn is_of_credential(self) -> bool {
        matches!(self.status, 401..=403 | 429)
    }
}

impl Account {
    pub(super) fn new(engine: Engine, name: &str) -> Account {
        Account { engine, name: name.trim().to_owned(), label: None, model: None, region: None }
    }

    /// The account of this label or id, where the provider has several.
    pub fn labelled(self, label: impl Into<String>) -> Account {
        Account { label: Some(label.into()), ..self }
    }

    /// The same, for this model where a request names none.
    pub fn with_model(self, model: impl Into<String>) -> Account {
        Account { model: Some(model.into()), ..self }
    }

    /// A token that is valid now, renewed if need be, with all that a request needs. Never asks the user.
    ///
    /// Await it: `account.access().await?`. In a spawned task, write `async move { account.access().await }`.
    pub fn access(&self) -> AccessRequest {
        AccessRequest::new(self.clone())
    }

    /// Logs in: runs the flow of the provider's file with a user, and stores what it brings.
    pub fn login(&self, ui: impl Ui) -> LoginRequest {
        LoginRequest::new(self.clone(), Arc::new(ui))
    }

    /// Notes that a server refused an access. Sends nothing.
    ///
    /// After 401 and 403 the next [`Account::access`] gives another token; after 402 and 429 another account of the
    /// provider goes first for as long as the server said, else for an hour. A rejection of a token that is not current
    /// any more is ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](super::ErrorKind::Store): the pause could not be noted.
    pub async fn reject(&self, access: &Access, why: Rejection) -> Result<()> {
        if !why.is_of_credential() {
            return Ok(());
        }
        let sha256 = sha256(access.token().expose_secret());
        for state in self.states() {
            state.reject(&sha256, why);
        }
        if !why.is_limit() {
            return Ok(());
        }
        let account = self.clone();
        let noted = self.engine.inner.io()?.worker.block(move || {
            let inner = &account.engine.inner;
            let file = inner.files.open(&account.name)?;
            // What was refused may have been handed out before it was stored.
            inner.committing.wait(&file.provider.id, &AtomicBool::new(false))?;
            let rejected =
                credential::Rejected { sha256: &sha256, status: why.status, retry_after: why.retry_after };
            Ok(credential::note_refusal(&*inner.store, &file.provider, rejected)?)
        });
        noted.outcome().await
    }

    /// The same, in this region where a request names none.
    pub fn in_region(self, region: impl Into<String>) -> Account {
        Account { region: Some(region.into()), ..self }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The provider's id or alias, as it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model that a request takes where it names none.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Forgets what is in memory of the provider's accounts, after a change that was made here.
    pub(super) fn forget_memory(&self) {
        for state in self.states() {
            state.forget();
        }
    }

    fn states(&self) -> Vec<Arc<State>> {
        let accounts = lock(&self.engine.inner.accounts);
        accounts
            .iter()
            .filter(|(key, _)| key.provider.eq_ignore_ascii_case(&self.name))
            .map(|(_, state)| state.clone())
            .collect()
    }

    /// The values of the inputs: what is given, the sources of the file, the stored ones, defaults. Reads files, and can
    /// run programs.
    pub(super) fn inputs(&self, file: &ProviderFile, set: &IndexMap<String, String>) -> Result<Inputs> {
        // What a provider without inputs has stored can't matter to them.
        let has_inputs = !file.provider.inputs.is_empty();
        let grant = if has_inputs { self.grant(file)? } else { None };
        let kept = grant.map(|grant| grant.made.inputs).unwrap_or_default();
        self.inputs_from(file, set, &kept, &|_| true)
    }

    /// The same, with only some of the sources.
    pub(super) fn inputs_from(
        &self,
        file: &ProviderFile,
        set: &IndexMap<String, String>,
        kept: &IndexMap<String, String>,
        allowed: &dyn Fn(&InputSource) -> bool,
    ) -> Result<Inputs> {
        let inner = &self.engine.inner;
        let variable = |name: &str| (inner.environment)(name);
        let supply = Supply { set, kept, home: &inner.home, variable: &variable, allowed };
        Ok(input::resolve(&file.provider, &supply)?)
    }

    fn grant(&self, file: &ProviderFile) -> Result<Option<StoredGrant>> {
        let all = self.engine.inner.grants(&file.provider)?;
        let is_meant = |grant: &StoredGrant| self.label().is_none_or(|label| grant.is_called(label));
        Ok(all.into_iter().find(is_meant))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
