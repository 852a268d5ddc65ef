//! Logout: revoked where the file says how, then forgotten, every copy.

use std::path::Path;

use hermes_format::provider::{Action, Provider};
use hermes_machine::machine::{Outcome, Start};
use indexmap::IndexMap;

use super::Engine;
use super::account::Account;
use super::error::{Error, ErrorKind, Result};
use super::provider_file::ProviderFile;
use super::status::{AccountStatus, Reading};
use crate::credential;
use crate::driver::{self, Nobody};
use crate::store::StoredGrant;

/// An account that was removed, and what the server said of its revocation: the status of its answer, or nothing, where
/// the provider's file has no way to revoke or the server gave no status.
pub(super) type Removed = (AccountStatus, Result<Option<u16>>);

impl Account {
    /// Revokes the account where the provider has a way, and forgets it, every copy. Whatever the server says, the copies
    /// here are gone afterwards; what it said comes with each account that was removed.
    ///
    /// Dropping the future before an answer came keeps the account, as nobody could revoke it afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: the provider has several accounts and none is named, or the one is in a profile's root.
    /// [`ErrorKind::File`], [`ErrorKind::Refused`]: the provider's file does not act. [`ErrorKind::Store`].
    pub async fn logout(&self) -> Result<Vec<Removed>> {
        let removal = removal(self.clone(), false);
        self.engine().attended(removal).await
    }

    /// The same for all accounts of the provider.
    ///
    /// # Errors
    ///
    /// As [`Account::logout`].
    pub async fn logout_all(&self) -> Result<Vec<Removed>> {
        let removal = removal(self.clone(), true);
        self.engine().attended(removal).await
    }

    /// Forgets that the account has failed or cools down, so that it is tried again; without a label, all of the
    /// provider's. Tells whether any had.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`], and as [`Account::status`].
    pub async fn reset(&self) -> Result<bool> {
        let account = self.clone();
        let done = self.engine().block(move |engine| {
            let file = engine.inner.files.open(account.name())?;
            let only = account.label().map(|label| account.called(&file, label)).transpose()?;
            let done = credential::reset(&*engine.inner.store, &file.provider.id, only.as_ref())?;
            account.forget_memory();
            Ok(done)
        });
        done.await
    }

    /// Moves the account of this label in the order in which the provider's are tried; the lowest is first. Gives all, in
    /// their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: it has no label. [`ErrorKind::Store`], and as [`Account::status`].
    pub async fn set_priority(&self, priority: i64) -> Result<Vec<AccountStatus>> {
        let account = self.clone();
        let done = self.engine().block(move |engine| {
            let file = engine.inner.files.open(account.name())?;
            let grant = account.called(&file, account.label().unwrap_or_default())?;
            credential::set_priority(&*engine.inner.store, &file.provider, &grant, priority)?;
            account.forget_memory();
            account.statuses(&file, Reading::WithoutPrograms)
        });
        done.await
    }

    /// The stored account of this label or id.
    pub(super) fn called(&self, file: &ProviderFile, name: &str) -> Result<StoredGrant> {
        let all = self.engine().inner.grants(&file.provider)?;
        let found = all.iter().find(|grant| grant.is_called(name)).cloned();
        found.ok_or_else(|| unknown(file, &all, name))
    }
}

/// That no account has this label.
pub(super) fn unknown(file: &ProviderFile, all: &[StoredGrant], name: &str) -> Error {
    let id = &file.provider.id;
    let names: Vec<String> = all.iter().map(|grant| format!("`{}`", grant.name())).collect();
    let error = Error::new(ErrorKind::Usage, "usage", format!("`{id}` has no credential `{name}`")).about(id);
    if names.is_empty() { error } else { error.with_help(format!("it has {}", names.join(", "))) }
}

impl Engine {
    /// Forgets every account of a provider by its id alone, without a look at its file: an account can outlive that.
    /// Nothing is revoked. Tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub async fn forget(&self, provider: &str) -> Result<bool> {
        let id = provider.to_owned();
        self.block(move |engine| Ok(credential::remove(&*engine.inner.store, &id)?)).await
    }
}

/// Revokes and removes.
async fn removal(account: Account, all: bool) -> Result<Vec<Removed>> {
    let engine = account.engine().clone();
    let (file, grants) = {
        let account = account.clone();
        let open = engine.block(move |_| {
            let file = account.engine().inner.files.open(account.name())?;
            let grants = meant(&account, &file, all)?;
            Ok((file, grants))
        });
        open.await?
    };
    let mut removed = Vec::new();
    for grant in &grants {
        let outcome = revoke(&account, &file, grant).await?;
        removed.push((AccountStatus::of_grant(&file.provider, grant), outcome));
    }
    let is_named = account.label().is_some();
    let forgetting = account.clone();
    let forgotten = engine.block(move |engine| {
        let (store, provider) = (&*engine.inner.store, &file.provider);
        match grants.first().filter(|_| is_named) {
            Some(grant) => credential::remove_one(store, provider, grant)?,
            None => drop(credential::remove(store, &provider.id)?),
        }
        forgetting.forget_memory();
        Ok(())
    });
    forgotten.await?;
    Ok(removed)
}

/// The accounts that are meant.
fn meant(account: &Account, file: &ProviderFile, all: bool) -> Result<Vec<StoredGrant>> {
    if let Some(label) = account.label() {
        return of_this_home(&file.provider, vec![account.called(file, label)?]);
    }
    let grants = of_this_home(&file.provider, account.engine().inner.grants(&file.provider)?)?;
    if grants.len() > 1 && !all {
        let id = &file.provider.id;
        let names: Vec<String> = grants.iter().map(|grant| format!("`{}`", grant.name())).collect();
        let message = format!("`{id}` has {} credentials: {}", grants.len(), names.join(", "));
        let help = format!("name one, or remove them all with `hermes-engine auth remove {id} --all`");
        return Err(Error::new(ErrorKind::Usage, "usage", message).with_help(help).about(id));
    }
    Ok(grants)
}

/// The accounts that are this home's own. Those of a profile's root are used by others, and stay: where there are no
/// others, nothing is removed.
fn of_this_home(provider: &Provider, grants: Vec<StoredGrant>) -> Result<Vec<StoredGrant>> {
    let root = grants.iter().find_map(|grant| grant.root_file()).map(Path::to_owned);
    let own: Vec<StoredGrant> = grants.into_iter().filter(|grant| grant.root_file().is_none()).collect();
    match root {
        Some(file) if own.is_empty() => {
            let id = &provider.id;
            let home = file.parent().unwrap_or(&file).display().to_string();
            let message = format!("the credential of `{id}` is in the root of this profile, {home}");
            let help =
                format!("remove it for all profiles with `hermes-engine --home {home} auth remove {id}`");
            Err(Error::new(ErrorKind::Usage, "usage", message).with_help(help).about(id))
        }
        _ => Ok(own),
    }
}

/// What the server says of a revocation; `Err` where nothing may be removed.
async fn revoke(account: &Account, file: &ProviderFile, grant: &StoredGrant) -> Result<Result<Option<u16>>> {
    let provider = &file.provider;
    if provider.starts(Action::Logout).is_empty() {
        return Ok(Ok(None));
    }
    let grant = finished(account, file, grant).await?.unwrap_or_else(|| grant.clone());
    let engine = account.engine().clone();
    let inputs = {
        let (account, provider) = (account.clone(), provider.clone());
        engine.block(move |_| account.inputs(&ProviderFile { provider }, &IndexMap::new())).await?
    };
    let start = Start {
        provider: provider.clone(),
        action: Action::Logout,
        from: None,
        region: grant.made.region.clone(),
        inputs: inputs.values,
        token: Some(grant.token()),
        bound_to: Some(credential::origins(&grant, Some(provider))),
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(crate::entropy::System),
    };
    Ok(match engine.flow(start).await? {
        Outcome::Done { status } => Ok(status),
        Outcome::Failed(trouble) => Err(trouble.into()),
        Outcome::Success(_) => Ok(None),
        Outcome::Cancelled => return Err(Error::cancelled()),
    })
}

/// Brings a renewal that was cut off to its end: what it left may hold the token that is to be revoked. Gives the grant
/// that it came to.
async fn finished(
    account: &Account,
    file: &ProviderFile,
    grant: &StoredGrant,
) -> Result<Option<StoredGrant>> {
    let engine = account.engine();
    if !grant.is_unfinished {
        return Ok(None);
    }
    // Whether or not it can be finished, what is stored is revoked; but not for a user who has interrupted it.
    match account.clone().labelled(grant.id.clone()).access().await {
        Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let (provider, id) = (file.provider.clone(), grant.id.clone());
    let now =
        engine.block(move |engine| Ok(engine.inner.grants(&provider)?.into_iter().find(|now| now.id == id)));
    now.await
}

impl Engine {
    /// Runs a flow without a user, on the engine's thread.
    pub(super) async fn flow(&self, start: Start) -> Result<Outcome> {
        let shared = self.inner.shared().map_err(|error| Error::because(ErrorKind::Bug, "bug", error))?;
        let (mut witness, mut nobody) = (self.inner.witness(), Nobody);
        let run = driver::run_uninterrupted(start, &shared.http, &mut nobody, witness.as_mut());
        run.await.map_err(|error| {
            Error::new(ErrorKind::Retryable, "network", format!("the flow could not be run: {error}"))
        })
    }
}
