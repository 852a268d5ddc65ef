//! A request for a token, with what follows from it.

use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::provider::{Action, Provider};
use hermes_format::time::UnixMs;
use hermes_machine::machine::Start;
use serde_json::Value;

use super::freshness::{Demand, Freshness, early_of, freshness};
use super::made;
use super::plan::Given;
use super::token::{Credential, Request, Source};
use crate::clock;
use crate::entropy::System;
use crate::store::{GrantId, Scope, StoreError, StoredGrant, wait};

/// The limit of one request where nothing is said (S6).
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A request for the token of one credential.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request<'a>,
    /// Its grants.
    pub(super) scope: &'a Scope,
    /// Which of them.
    pub(super) id: &'a GrantId,
}

impl<'a> Ask<'a> {
    pub(super) fn provider(&self) -> &'a Provider {
        self.request.provider
    }

    /// The id of the provider.
    pub(super) fn provider_id(&self) -> &'a str {
        &self.provider().id
    }

    pub(super) fn given(&self) -> Given<'a> {
        let Request { provider, inputs, region, .. } = *self.request;
        Given { provider, inputs, region }
    }

    /// The same, in the region of the credential that is replaced.
    pub(super) fn given_for(&self, region: Option<&'a str>) -> Given<'a> {
        Given { region: region.or(self.request.region), ..self.given() }
    }

    /// The stored credential as it is now.
    pub(super) fn read(&self) -> Result<Option<StoredGrant>, StoreError> {
        let all = wait(self.request.store.grants(self.scope))?.grants;
        let named = all.iter().filter(|one| one.id == self.id.id).map(|one| one.grant());
        Ok({ named }.find(|grant| grant.key() == *self.id))
    }

    /// What the stored access token is good for.
    pub(super) fn freshness(&self, grant: &StoredGrant, now: UnixMs) -> Freshness {
        // What was made of a value that has changed since is not this person's credential any more.
        if made::has_changed(self.provider(), grant, self.request.inputs) {
            return Freshness::Ended;
        }
        let demand = Demand { min_ttl: self.request.min_ttl, rejected_sha256: self.rejected() };
        freshness(self.provider(), grant, demand, now)
    }

    /// The token that a server has refused for what it is, and not for how often it was used.
    pub(super) fn rejected(&self) -> Option<&'a str> {
        self.request.rejected.filter(|rejected| !rejected.is_limit()).map(|rejected| rejected.sha256)
    }

    /// How long the lock of a grant is waited for: as long as a refresh of two requests would take here. A holder that is
    /// given more time is not waited for to its end.
    pub(super) fn lock_limit(&self) -> Duration {
        let limit = self.request.http.timeout.unwrap_or(REQUEST_LIMIT);
        limit.saturating_mul(2).saturating_add(Duration::from_secs(5))
    }

    /// Where a stored credential may go: where it was made for, and where the built-in or trusted file of its id goes.
    pub(super) fn origins(&self, grant: &StoredGrant) -> Origins {
        super::origins(grant, self.request.vouched.map(|file| &**file))
    }

    /// What a refresh of a stored credential is started with.
    pub(super) fn refresh(&self, grant: &StoredGrant, token: Value) -> Start {
        Start {
            provider: self.request.provider.clone(),
            action: Action::Refresh,
            from: None,
            region: grant.made.region.clone().or_else(|| self.request.region.map(str::to_owned)),
            inputs: self.request.inputs.values.clone(),
            token: Some(token),
            bound_to: Some(self.origins(grant)),
            earlier: Default::default(),
            browser: false,
            entropy: Box::new(System),
        }
    }

    /// A stored credential that is handed out. `None` where it has no access token.
    pub(super) fn credential(&self, grant: &StoredGrant, source: Source) -> Option<Credential> {
        Some(Credential {
            access_token: grant.tokens.access.clone()?,
            token: grant.token(),
            region: grant.made.region.clone().or_else(|| self.request.region.map(str::to_owned)),
            inputs: self.request.inputs.values.clone(),
            expires_at: grant.expires_at(),
            renew_at: grant.expires_at().map(|at| self.renew_at(grant, at)),
            origins: self.origins(grant),
            source,
            warnings: Vec::new(),
        })
    }

    fn renew_at(&self, grant: &StoredGrant, expires: UnixMs) -> UnixMs {
        let early = early_of(self.provider(), grant).as_millis();
        UnixMs(expires.0.saturating_sub(i64::try_from(early).unwrap_or(i64::MAX)))
    }

    /// The stored credential, where a renewal failed and the access token still lives; with the reason as a warning.
    pub(super) fn still_alive(&self, grant: Option<&StoredGrant>, warning: String) -> Option<Credential> {
        let grant = grant.filter(|grant| self.freshness(grant, clock::wall()) != Freshness::Ended)?;
        let credential = self.credential(grant, Source::Stored)?;
        Some(Credential { warnings: vec![warning], ..credential })
    }
}
