//! What accounts are good for, as far as it can be known without asking a server.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hermes_format::provider::{InputSource, Provider, Status as Life};
use hermes_format::template::claim;
use hermes_format::time::UnixMs;
use hermes_machine::machine::Code;
use serde_json::Value;

use super::Engine;
use super::access::Access;
use super::account::Account;
use super::error::{Error, Result};
use super::info::ProviderInfo;
use super::logout::unknown;
use super::provider_file::ProviderFile;
use crate::catalog::Entry;
use crate::clock;
use crate::credential::{self, Standing, Status};
use crate::store::{StoredGrant, wait};
use crate::trust::{self, Refused};

/// What is known of an account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccountStatus {
    /// The provider's id.
    pub provider: String,
    /// The provider's name.
    pub name: String,
    /// What the account is good for.
    pub state: AccountState,
    /// Why, without secrets. The text may quote a server: clean it before it reaches a terminal.
    pub reason: Option<String>,
    /// The code with which a use would fail.
    pub code: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// When the token expires; `None` is unknown.
    pub expires_at: Option<SystemTime>,
    /// When it is renewed next, or tried again. Only [`Engine::keep`] tells.
    pub renew_at: Option<SystemTime>,
    /// What the user calls it.
    pub label: Option<String>,
    /// What tells it from the provider's other stored accounts.
    pub id: Option<String>,
    /// Its place in the order; the lowest is tried first.
    pub priority: Option<i64>,
    /// Where it comes from: `auth.json`, the path of a profile's root file, `env:NAME`, …
    pub source: Option<String>,
    /// Whose it is, as the claims of its tokens say; nothing of it is verified.
    pub account: Option<String>,
    /// The access that was renewed just now. Only [`Engine::keep`] tells.
    pub access: Option<Access>,
    /// Why the last renewal failed. Only [`Engine::keep`] tells.
    pub error: Option<Error>,
    /// The origins that it may be sent to; of a stored one.
    pub origins: Vec<String>,
    /// Whether a refresh token is stored with it.
    pub is_refreshed: bool,
    /// What the provider's file says; `None` where it is not used.
    pub info: Option<ProviderInfo>,
    /// How long before its end a use would renew it; `None` where nothing can.
    pub(super) early: Option<Duration>,
}

/// What an account is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountState {
    /// It can be used as it is.
    LoggedIn,
    /// Its token has expired, and the next use renews it.
    Refreshable,
    /// It could be used, and the provider's others go first for a while: a server has refused or limited it.
    CoolingDown,
    /// The answer to its last renewal is kept, and the provider's file can't read it.
    AnswerUnread,
    /// A login was approved, and is kept until it can be finished.
    LoginUnfinished,
    /// Nothing but a new login helps.
    ReloginRequired,
    /// There is none.
    NotLoggedIn,
    /// The provider's file is not trusted, so nothing is known.
    Untrusted,
    /// There is no such provider, or its file has errors.
    Unknown,
}

impl AccountState {
    /// Whether a use would succeed, as far as can be known without asking.
    pub fn is_usable(self) -> bool {
        use AccountState::{CoolingDown, LoggedIn, Refreshable};
        matches!(self, LoggedIn | Refreshable | CoolingDown)
    }

    /// The word for programs: `logged_in`, `refreshable`, …
    pub fn as_str(self) -> &'static str {
        match self {
            AccountState::LoggedIn => "logged_in",
            AccountState::Refreshable => "refreshable",
            AccountState::CoolingDown => "cooling_down",
            AccountState::AnswerUnread => "answer_unread",
            AccountState::LoginUnfinished => "login_unfinished",
            AccountState::ReloginRequired => "relogin_required",
            AccountState::NotLoggedIn => "not_logged_in",
            AccountState::Untrusted => "untrusted",
            AccountState::Unknown => "unknown",
        }
    }
}

impl From<Standing> for AccountState {
    fn from(standing: Standing) -> AccountState {
        match standing {
            Standing::LoggedIn => AccountState::LoggedIn,
            Standing::Refreshable => AccountState::Refreshable,
            Standing::CoolingDown => AccountState::CoolingDown,
            Standing::AnswerUnread => AccountState::AnswerUnread,
            Standing::LoginUnfinished => AccountState::LoginUnfinished,
            Standing::ReloginRequired => AccountState::ReloginRequired,
            Standing::NotLoggedIn => AccountState::NotLoggedIn,
        }
    }
}

impl AccountStatus {
    fn bare(entry_id: &str, state: AccountState) -> AccountStatus {
        AccountStatus {
            provider: entry_id.to_owned(),
            name: entry_id.to_owned(),
            state,
            reason: None,
            code: None,
            region: None,
            expires_at: None,
            renew_at: None,
            label: None,
            id: None,
            priority: None,
            source: None,
            account: None,
            access: None,
            error: None,
            origins: Vec::new(),
            is_refreshed: false,
            info: None,
            early: None,
        }
    }

    /// A provider whose file nobody vouches for: its path is all that is told of it.
    pub fn untrusted(entry: &Entry) -> AccountStatus {
        AccountStatus {
            code: Some("untrusted_file".to_owned()),
            source: Some(entry.source()),
            ..AccountStatus::bare(&entry.id, AccountState::Untrusted)
        }
    }

    fn of(file: &Arc<ProviderFile>, status: Status) -> AccountStatus {
        AccountStatus {
            name: file.provider.name.clone(),
            reason: status.reason,
            code: status.code.as_ref().map(|code| code.as_str().to_owned()),
            region: status.region,
            expires_at: status.expires_at.map(system_time),
            label: status.label,
            id: status.id,
            priority: status.priority,
            source: status.source,
            info: Some(ProviderInfo(file.clone())),
            early: status.early,
            ..AccountStatus::bare(&file.provider.id, status.standing.into())
        }
    }

    /// A stored account, as far as its record says.
    pub(super) fn of_grant(provider: &Provider, grant: &StoredGrant) -> AccountStatus {
        AccountStatus {
            name: provider.name.clone(),
            region: grant.made.region.clone(),
            label: grant.label.clone(),
            id: Some(grant.id.clone()),
            priority: Some(grant.priority),
            account: owner(grant),
            source: grant.root_file().map(|file| file.display().to_string()),
            origins: credential::origins(grant, Some(provider)).0,
            is_refreshed: grant.tokens.refresh.is_some(),
            ..AccountStatus::bare(&provider.id, AccountState::NotLoggedIn)
        }
    }

    /// A value that can't be used makes an account that can't be.
    fn unusable(file: &Arc<ProviderFile>, error: &Error) -> AccountStatus {
        let status = Status::unusable(Code::from(error.code()), &error.to_string());
        AccountStatus::of(file, status)
    }
}

/// Which sources are read to tell what an account is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All that the file names.
    All,
    /// All but programs, which can take seconds.
    WithoutPrograms,
}

impl Account {
    /// What the provider's accounts are good for, in the order in which they are tried; at least one. Of an account with a
    /// label only its own.
    ///
    /// # Errors
    ///
    /// As [`Account::access`] before anything is sent, but for what is only wrong with the account itself.
    pub async fn status(&self) -> Result<Vec<AccountStatus>> {
        let account = self.clone();
        self.engine()
            .block(move |engine| {
                let file = Arc::new(engine.inner.files.open_to_list(account.name())?);
                let all = account.statuses(&file, Reading::All)?;
                let is_meant = |status: &AccountStatus| {
                    account.label().is_none_or(|label| {
                        status.label.as_deref() == Some(label) || status.id.as_deref() == Some(label)
                    })
                };
                let found: Vec<AccountStatus> = all.into_iter().filter(is_meant).collect();
                match account.label().filter(|_| found.is_empty()) {
                    Some(label) => Err(unknown(&file, &engine.inner.grants(&file.provider)?, label)),
                    None => Ok(found),
                }
            })
            .await
    }

    /// Whether an account can be used without a login, as far as can be known without asking: that of the label, of the
    /// region, or any.
    ///
    /// # Errors
    ///
    /// As [`Account::status`].
    pub async fn is_usable(&self) -> Result<bool> {
        let account = self.clone();
        self.engine()
            .block(move |engine| {
                let file = engine.inner.files.open(account.name())?;
                let region = super::request::known_region(&file.provider, account.region())?;
                let default = file.provider.regions.as_ref().map(|regions| regions.default.as_str());
                let all = account.statuses(&file, Reading::All)?;
                let is_meant = |status: &&AccountStatus| {
                    (account.label().is_none() || status.label.as_deref() == account.label())
                        && (region.is_none() || status.region.as_deref().or(default) == region)
                };
                Ok(all.iter().filter(is_meant).any(|status| status.state.is_usable()))
            })
            .await
    }

    pub(super) fn statuses(&self, file: &Arc<ProviderFile>, reading: Reading) -> Result<Vec<AccountStatus>> {
        let snapshot = wait(self.engine().inner.store.grants(&credential::scope(&file.provider)))?;
        let grants = credential::credentials(&snapshot, &file.provider);
        let kept = grants.first().map(|grant| grant.made.inputs.clone()).unwrap_or_default();
        let is_read =
            |source: &InputSource| reading == Reading::All || !matches!(source, InputSource::Command(_));
        let inputs = self.inputs_from(file, &Default::default(), &kept, &is_read)?;
        let all = credential::statuses(&snapshot, &file.provider, &inputs, clock::wall());
        let store = &*self.engine().inner.store;
        let all = credential::with_unfinished(store, &file.provider, all).into_iter().map(|status| {
            let grant = grants.iter().find(|grant| status.id.as_deref() == Some(grant.id.as_str()));
            AccountStatus { account: grant.and_then(owner), ..AccountStatus::of(file, status) }
        });
        Ok(all.collect())
    }
}

impl Engine {
    /// Every account that is stored or set, in the order of the providers' ids and then of use. Runs no program but for
    /// providers of which something is stored.
    ///
    /// # Errors
    ///
    /// [`super::ErrorKind::Store`]: the store can't be read.
    pub async fn accounts(&self) -> Result<Vec<AccountStatus>> {
        self.block(|engine| engine.all_accounts()).await
    }

    /// The first account of every provider, usable or not, without those that are discontinued or broken. Runs no program.
    ///
    /// # Errors
    ///
    /// [`super::ErrorKind::Store`]: the store can't be read.
    pub async fn providers(&self) -> Result<Vec<AccountStatus>> {
        self.block(|engine| {
            let entries = engine.inner.files.catalog().entries();
            Ok(entries.iter().filter_map(|entry| engine.first_of(entry)).collect())
        })
        .await
    }

    /// The stored accounts of a provider, with nothing but what their records say. Reads the store on this thread.
    ///
    /// # Errors
    ///
    /// As [`Account::status`].
    pub fn stored(&self, provider: &str) -> Result<Vec<AccountStatus>> {
        let file = self.inner.files.open_to_list(provider)?;
        let grants = self.inner.grants(&file.provider)?;
        Ok(grants.iter().map(|grant| AccountStatus::of_grant(&file.provider, grant)).collect())
    }

    fn all_accounts(&self) -> Result<Vec<AccountStatus>> {
        let stored = wait(self.inner.store.providers())?;
        let catalog = self.inner.files.catalog();
        let mut all = Vec::new();
        for id in &stored {
            match catalog.find(id).map(|entry| (self.seen(&entry), entry)) {
                Ok((Seen::Usable(file), _)) => {
                    all.extend(self.statuses_or_why(&file, Reading::All));
                }
                Ok((Seen::Untrusted, entry)) => all.push(AccountStatus::untrusted(&entry)),
                // A record of a provider that has no file here: another program's, or of a file that is gone.
                Ok((Seen::Broken, _)) | Err(_) => all.push(AccountStatus::bare(id, AccountState::Unknown)),
            }
        }
        for entry in catalog.entries().iter().filter(|entry| !stored.contains(&entry.id)) {
            match self.seen(entry) {
                Seen::Usable(file) => all.extend(self.set(&file)),
                // What would be set for the built-in file of its id is set, and not for this one.
                Seen::Untrusted => {
                    let built_in = catalog.built_in(&entry.id).map(|entry| self.seen(&entry));
                    if let Some(Seen::Usable(file)) = built_in
                        && !self.set(&file).is_empty()
                    {
                        all.push(AccountStatus::untrusted(entry));
                    }
                }
                Seen::Broken => {}
            }
        }
        Ok(all)
    }

    fn first_of(&self, entry: &Entry) -> Option<AccountStatus> {
        match self.seen(entry) {
            Seen::Usable(file) if file.provider.status != Life::Discontinued => {
                self.statuses_or_why(&file, Reading::WithoutPrograms).into_iter().next()
            }
            Seen::Untrusted => Some(AccountStatus::untrusted(entry)),
            Seen::Usable(_) | Seen::Broken => None,
        }
    }

    /// What sources give without a login.
    fn set(&self, file: &Arc<ProviderFile>) -> Vec<AccountStatus> {
        let all = self.statuses_or_why(file, Reading::WithoutPrograms).into_iter();
        all.filter(|status| status.source.is_some()).collect()
    }

    fn statuses_or_why(&self, file: &Arc<ProviderFile>, reading: Reading) -> Vec<AccountStatus> {
        let account = Account::new(self.clone(), &file.provider.id);
        let all = account.statuses(file, reading);
        all.unwrap_or_else(|error| vec![AccountStatus::unusable(file, &error)])
    }

    /// Looks at a provider, with no word on what is wrong.
    fn seen(&self, entry: &Entry) -> Seen {
        match trust::open(self.inner.files.catalog(), entry, &self.inner.home) {
            Err(Refused::Unreadable(_) | Refused::Trust(_)) => Seen::Broken,
            Err(Refused::Untrusted | Refused::NotOwn(_)) => Seen::Untrusted,
            Ok(vouched) => match vouched.opened.provider {
                Some(provider) => Seen::Usable(Arc::new(ProviderFile { provider })),
                None => Seen::Broken,
            },
        }
    }
}

/// A provider as far as it can be told about.
enum Seen {
    /// Somebody vouches for its file.
    Usable(Arc<ProviderFile>),
    /// Nobody does: nothing of the file is told.
    Untrusted,
    /// Its file has errors, or can't be read.
    Broken,
}

/// Claims and members that name an account, the best first.
const OWNERS: [&str; 5] = ["email", "preferred_username", "username", "name", "sub"];

/// Whose a stored account is.
fn owner(grant: &StoredGrant) -> Option<String> {
    let token = grant.token();
    let tokens = ["id_token", "access_token"].map(|name| token.get(name).and_then(Value::as_str));
    let of_claims = tokens.into_iter().flatten().find_map(|jwt| {
        OWNERS.into_iter().find_map(|name| claim(jwt, &[name.to_owned()])?.as_str().map(str::to_owned))
    });
    of_claims.or_else(|| OWNERS.into_iter().find_map(|name| token.get(name)?.as_str().map(str::to_owned)))
}

pub(super) fn system_time(at: UnixMs) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.0.max(0).unsigned_abs())
}
