//! What a provider can be asked with a credential: whether it works, and which models there are.

use hermes_format::provider::{Action, Provider};
use hermes_machine::access::Held;
use hermes_machine::machine::{Outcome, Start};

use super::account::Account;
use super::error::{Error, ErrorKind, Result};
use super::explain::explain;
use crate::models::{LiveError, live};

impl Account {
    /// Asks the provider whether the account works, by the request that its file has for that.
    ///
    /// # Errors
    ///
    /// As [`Account::access`], and what the server says. [`ErrorKind::Usage`]: the file has no such request.
    pub async fn verify(&self) -> Result<()> {
        let account = self.clone();
        self.engine().attended(async move { account.verified().await }).await
    }

    async fn verified(&self) -> Result<()> {
        let name = self.name().to_owned();
        let file = self.engine().block(move |engine| engine.inner.files.open(&name)).await?;
        let id = &file.provider.id;
        if file.provider.starts(Action::Verify).is_empty() {
            let message = format!("`{id}` has no verify flow");
            return Err(Error::new(ErrorKind::Usage, "usage", message).about(id));
        }
        let held = self.access().credential().await?;
        let credential = &held.credential;
        let start = Start {
            provider: file.provider.clone(),
            action: Action::Verify,
            from: None,
            region: credential.region.clone(),
            inputs: credential.inputs.clone(),
            token: Some(credential.token.clone()),
            bound_to: Some(credential.origins.clone()),
            earlier: Default::default(),
            browser: false,
            entropy: Box::new(crate::entropy::System),
        };
        match self.engine().flow(start).await? {
            Outcome::Done { .. } | Outcome::Success(_) => Ok(()),
            Outcome::Failed(trouble) => Err(explain(trouble.into(), &file.provider, &held.inputs)),
            Outcome::Cancelled => Err(Error::cancelled()),
        }
    }

    /// Renews the account now, whatever its token's age.
    ///
    /// # Errors
    ///
    /// As [`Account::access`]. [`ErrorKind::Usage`]: the provider's file has no refresh.
    pub async fn refresh(&self) -> Result<super::Access> {
        let account = self.clone();
        let current = self.engine().block(move |engine| {
            let file = engine.inner.files.open(account.name())?;
            let id = &file.provider.id;
            if file.provider.starts(Action::Refresh).is_empty() {
                let message = format!("`{id}` has no refresh");
                return Err(Error::new(ErrorKind::Usage, "usage", message).about(id));
            }
            let grant = match account.label() {
                Some(label) => Some(account.called(&file, label)?),
                None => engine.inner.grants(&file.provider)?.into_iter().next(),
            };
            Ok(grant.map(|grant| (grant.id, grant.tokens.access)))
        });
        let current = current.await?;
        let request = match &current {
            Some((id, _)) => self.clone().labelled(id.clone()).access(),
            None => self.access(),
        };
        // To say that a server has refused the token is how a client asks for another one.
        match current.and_then(|(_, token)| token) {
            Some(token) => {
                let sha256 = crate::store::sha256(token.expose_secret());
                request.rejected(sha256, super::Rejection::status(401)).await
            }
            None => request.await,
        }
    }

    /// The ids of the models that the provider lists now, in its order. Models that its file knows are in
    /// `catalog`.
    ///
    /// # Errors
    ///
    /// As [`Account::access`]. [`ErrorKind::Usage`]: the file has no request that lists models.
    pub async fn models(&self) -> Result<Vec<String>> {
        let account = self.clone();
        self.engine().attended(async move { account.listed().await }).await
    }

    async fn listed(&self) -> Result<Vec<String>> {
        let name = self.name().to_owned();
        let file = self.engine().block(move |engine| engine.inner.files.open(&name)).await?;
        if file.provider.api.models.is_none() {
            return Err(unlisted(&file.provider, LiveError::NotListed));
        }
        let held = self.access().credential().await?;
        let credential = &held.credential;
        let view = Held {
            region: credential.region.as_deref(),
            inputs: &credential.inputs,
            token: &credential.token,
            origins: &credential.origins,
        };
        let shared =
            self.engine().inner.shared().map_err(|error| Error::because(ErrorKind::Bug, "bug", error))?;
        live(&shared.http, &file.provider, &view).await.map_err(|error| unlisted(&file.provider, error))
    }
}

/// Why the models can't be asked for.
pub(super) fn unlisted(provider: &Provider, error: LiveError) -> Error {
    let id = &provider.id;
    let (kind, code) = match &error {
        LiveError::NotListed => (ErrorKind::Usage, "not_supported"),
        LiveError::Trouble(trouble) => return Error::from(trouble.clone()).about(id),
        LiveError::Unanswered(_) => (ErrorKind::Retryable, "network"),
        LiveError::Status(401 | 403) => (ErrorKind::Denied, "refused"),
        LiveError::Status(301..=308) => (ErrorKind::Refused, "redirected"),
        LiveError::Status(_) => (ErrorKind::Retryable, "server_unavailable"),
        LiveError::NoList => (ErrorKind::Denied, "bad_answer"),
    };
    Error::new(kind, code, format!("the models of `{id}` can't be asked for: {error}")).about(id)
}
