//! Whether a stored access token can be used, by the right clock.
//!
//! A token may live 15 minutes, so this is asked at every use. What a reader would get wrong: a lifetime that nobody
//! told is no reason to renew (the token serves until a server rejects it), a lifetime that can't be true is.

use std::time::Duration;

use hermes_format::provider::Provider;
use hermes_format::secret::equal_in_constant_time;
use hermes_format::time::UnixMs;

use crate::store::{Expiry, StoredGrant, sha256};

/// How long before its end a token is renewed, where the file does not say.
const EARLY: Duration = Duration::from_secs(60);
/// How far two clocks that agree may differ.
const SKEW_MS: i64 = 5_000;
/// The longest life of a token (S7), and a day for clocks that differ.
const LONGEST_MS: i64 = 401 * 24 * 3600 * 1000;

/// What is asked of a token.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Demand<'a> {
    /// How long it must live on.
    pub(super) min_ttl: Option<Duration>,
    /// SHA-256, in hex, of a token that a server has refused.
    pub(super) rejected_sha256: Option<&'a str>,
}

/// What a stored access token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It can be used.
    Fresh,
    /// It should be renewed, and can be used if that fails.
    Due,
    /// It has ended, was refused, or isn't there.
    Ended,
}

/// Judges a stored access token.
pub(super) fn freshness(
    provider: &Provider,
    grant: &StoredGrant,
    demand: Demand<'_>,
    now: UnixMs,
) -> Freshness {
    let Some(token) = &grant.tokens.access else { return Freshness::Ended };
    if demand.rejected_sha256.is_some_and(|hash| is_hash_of(hash, token.expose_secret())) {
        return Freshness::Ended;
    }
    let obtained = grant.tokens.obtained_at;
    let expires = match grant.tokens.expiry {
        Expiry::Unknown => return Freshness::Fresh,
        Expiry::Unreadable => return Freshness::Due,
        Expiry::At(expires) => expires,
    };
    let from = obtained.map_or(now.0, |at| at.0.max(now.0));
    if expires.0.saturating_sub(from) > LONGEST_MS {
        return Freshness::Due;
    }
    // The clock went backwards: what is left can't be known.
    if obtained.is_some_and(|at| at.0.saturating_sub(now.0) > SKEW_MS) {
        return Freshness::Due;
    }
    let left = expires.0.saturating_sub(now.0);
    let life = obtained.map(|at| expires.0.saturating_sub(at.0));
    match left {
        ..=0 => Freshness::Ended,
        _ if left < early(provider, life) || left < demand.min_ttl.map_or(0, millis) => Freshness::Due,
        _ => Freshness::Fresh,
    }
}

/// How long before its end a token is renewed: at most a quarter of its life, or one that is short would be at every use.
fn early(provider: &Provider, life: Option<i64>) -> i64 {
    let Some(refresh) = provider.success().and_then(|success| success.refresh.as_ref()) else { return 0 };
    let early = millis(refresh.early.unwrap_or(EARLY));
    life.map_or(early, |life| early.min(life / 4))
}

/// The same for a grant: how long before the end of its token a use would renew it.
pub(super) fn early_of(provider: &Provider, grant: &StoredGrant) -> Duration {
    let life = grant.tokens.obtained_at.zip(grant.expires_at()).map(|(from, to)| to.0.saturating_sub(from.0));
    Duration::from_millis(early(provider, life.filter(|life| *life > 0)).unsigned_abs())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether a hash, in hex of either case, is that of a token.
pub(super) fn is_hash_of(hash: &str, token: &str) -> bool {
    equal_in_constant_time(&hash.trim().to_ascii_lowercase(), &sha256(token))
}
