//! A request for a token, with what follows from it.

use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::provider::{Action, Provider};
use hermes_format::time::UnixMs;
use hermes_machine::machine::Start;
use serde_json::Value;

use super::freshness::{Demand, Freshness, early_of, freshness};
use super::plan::Given;
use super::token::{Credential, Request, Source};
use super::{made, place};
use crate::clock;
use crate::entropy::System;
use crate::store::{Document, GrantKey, Record, StoreError};

/// The limit of one request where nothing is said (S6).
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A request for the token of one credential.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request<'a>,
    /// Which of its grants.
    pub(super) key: GrantKey<'a>,
}

impl<'a> Ask<'a> {
    pub(super) fn provider(&self) -> &'a Provider {
        self.request.provider
    }

    pub(super) fn id(&self) -> &'a str {
        &self.provider().id
    }

    /// A request for the provider's own record.
    pub(super) fn main(request: &'a Request<'a>) -> Ask<'a> {
        Ask { request, key: GrantKey::main(&request.provider.id) }
    }

    /// Which of the provider's credentials it is.
    pub(super) fn slot(&self) -> &'a str {
        self.key.slot
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
    pub(super) fn read(&self) -> Result<Option<Record>, StoreError> {
        Ok(self.record(&self.request.store.read()?))
    }

    pub(super) fn record(&self, document: &Document) -> Option<Record> {
        document.find(self.key, &place(self.provider()))
    }

    /// What the stored access token is good for.
    pub(super) fn freshness(&self, record: &Record, now: UnixMs) -> Freshness {
        // What was made of a value that has changed since is not this person's credential any more.
        if made::has_changed(self.provider(), record, self.request.inputs) {
            return Freshness::Ended;
        }
        let demand = Demand { min_ttl: self.request.min_ttl, rejected_sha256: self.rejected() };
        freshness(self.provider(), record, demand, now)
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
    pub(super) fn origins(&self, record: &Record) -> Origins {
        super::origins(record, self.request.vouched.map(|file| &**file))
    }

    /// What a refresh of a stored credential is started with.
    pub(super) fn refresh(&self, record: &Record, token: Value) -> Start {
        Start {
            provider: self.request.provider.clone(),
            action: Action::Refresh,
            from: None,
            region: record.region().or_else(|| self.request.region.map(str::to_owned)),
            inputs: self.request.inputs.values.clone(),
            token: Some(token),
            bound_to: Some(self.origins(record)),
            browser: false,
            entropy: Box::new(System),
        }
    }

    /// A stored credential that is handed out. `None` where it has no access token.
    pub(super) fn credential(&self, record: &Record, source: Source) -> Option<Credential> {
        Some(Credential {
            access_token: record.access_token()?,
            token: record.token(),
            region: record.region().or_else(|| self.request.region.map(str::to_owned)),
            inputs: self.request.inputs.values.clone(),
            expires_at: record.expires_at(),
            renew_at: record.expires_at().map(|at| self.renew_at(record, at)),
            origins: self.origins(record),
            source,
            warnings: Vec::new(),
        })
    }

    fn renew_at(&self, record: &Record, expires: UnixMs) -> UnixMs {
        let early = early_of(self.provider(), record).as_millis();
        UnixMs(expires.0.saturating_sub(i64::try_from(early).unwrap_or(i64::MAX)))
    }

    /// The stored credential, where a renewal failed and the access token still lives; with the reason as a warning.
    pub(super) fn still_alive(&self, record: Option<&Record>, warning: String) -> Option<Credential> {
        let record = record.filter(|record| self.freshness(record, clock::wall()) != Freshness::Ended)?;
        let credential = self.credential(record, Source::Stored)?;
        Some(Credential { warnings: vec![warning], ..credential })
    }
}
