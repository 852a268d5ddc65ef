//! What the server remembers: codes, tokens, and what it was asked.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::options::{ExpiredIn, Options};

/// Which half of the service a host belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Global,
    China,
}

/// How often each kind of request came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// `POST /oauth/code`, where it was answered.
    pub code: u32,
    /// Polls of the token endpoint.
    pub poll: u32,
    /// Refreshes.
    pub refresh: u32,
    /// Refreshes that gave out a token, a repeated answer not counted.
    pub redeemed: u32,
    /// Redirects that were sent.
    pub redirected: u32,
    /// Requests with a bearer token.
    pub inference: u32,
    /// Requests for anything else.
    pub unknown: u32,
    /// Requests by host.
    pub hosts: HashMap<String, u32>,
}

/// A user code that was given out.
pub(super) struct Code {
    pub(super) region: Region,
    pub(super) challenge: String,
    pub(super) ends: Instant,
    pub(super) polls: u32,
    pub(super) is_spent: bool,
}

/// A refresh token that was given out.
pub(super) struct Grant {
    pub(super) region: Region,
    pub(super) refresh_token: String,
    /// When it was used, and what that answered.
    pub(super) spent: Option<(Instant, Value)>,
}

/// All that the server remembers.
pub(super) struct Book {
    pub(super) options: Options,
    pub(super) counts: Counts,
    pub(super) violations: Vec<String>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) grants: Vec<Grant>,
    /// The PKCE verifiers that were sent.
    pub(super) verifiers: Vec<String>,
    access: Vec<(String, Option<Instant>)>,
    made: u32,
}

impl Book {
    pub(super) fn new(options: Options) -> Book {
        let logins = options.logins.clone();
        let mut book = Book {
            options,
            counts: Counts::default(),
            violations: Vec::new(),
            codes: HashMap::new(),
            grants: Vec::new(),
            verifiers: Vec::new(),
            access: Vec::new(),
            made: 0,
        };
        for (access_token, refresh_token) in logins {
            book.access.push((access_token, None));
            book.grants.push(Grant { region: Region::Global, refresh_token, spent: None });
        }
        book
    }

    /// A text that was not given out before.
    pub(super) fn fresh(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("mm-{kind}-{:04}", self.made)
    }

    /// A user code as the service writes it.
    pub(super) fn fresh_code(&mut self) -> String {
        self.made += 1;
        format!("MMAX-{:04}", self.made)
    }

    /// `expired_in` for something that lives this long.
    pub(super) fn expired_in(&self, life: Duration) -> Value {
        let end = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + life;
        match self.options.expired_in {
            ExpiredIn::UnixMs => json!(u64::try_from(end.as_millis()).expect("fits")),
            ExpiredIn::UnixSeconds => json!(end.as_secs()),
            ExpiredIn::Seconds => json!(life.as_secs()),
            ExpiredIn::SecondsAsText => json!(life.as_secs().to_string()),
        }
    }

    /// Gives out an access token.
    pub(super) fn access_token(&mut self) -> String {
        let token = self.fresh("access");
        self.access.push((token.clone(), Some(Instant::now() + self.options.token_life)));
        token
    }

    /// Gives out a refresh token.
    pub(super) fn refresh_token(&mut self, region: Region) -> String {
        let refresh_token = self.fresh("refresh");
        self.grants.push(Grant { region, refresh_token: refresh_token.clone(), spent: None });
        refresh_token
    }

    pub(super) fn live_refresh_tokens(&self) -> Vec<String> {
        let live = self.grants.iter().filter(|grant| grant.spent.is_none());
        live.map(|grant| grant.refresh_token.clone()).collect()
    }

    /// All access tokens that were ever given out.
    pub(super) fn access_tokens(&self) -> Vec<String> {
        self.access.iter().map(|(token, _)| token.clone()).collect()
    }

    /// All else that nobody but the client may know: refresh tokens and PKCE verifiers.
    pub(super) fn other_secrets(&self) -> Vec<String> {
        let refresh_tokens = self.grants.iter().map(|grant| grant.refresh_token.clone());
        refresh_tokens.chain(self.verifiers.clone()).collect()
    }

    pub(super) fn knows_access_token(&self, token: &str) -> bool {
        self.access
            .iter()
            .any(|(known, ends)| known == token && ends.is_none_or(|ends| Instant::now() < ends))
    }

    /// Notes what a client must not do.
    pub(super) fn wrong(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }
}

/// Whether a verifier belongs to a challenge, by S256.
pub(super) fn verifies(verifier: &str, challenge: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}
