//! When credentials that are kept fresh are renewed: ahead of their end, and not all at once.
//!
//! Pure: it is told the time and what is stored, and says what is due and when to look again. What a reader would get
//! wrong: nobody sleeps until a renewal is due. The store is looked at every minute, for others renew and log in too, and
//! a computer that was suspended wakes up late.

use std::collections::HashMap;
use std::time::Duration;

use hermes_format::time::UnixMs;

/// The longest time between two looks at the store.
const LOOK: Duration = Duration::from_secs(60);
/// The first pause after a renewal that failed, and the longest.
const RETRY_MS: i64 = 30_000;
const LONGEST_RETRY_MS: i64 = 900_000;

/// A credential as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watched {
    /// What tells it from all others.
    pub key: String,
    /// When it ends; `None` is unknown, and nothing to renew ahead of.
    pub expires_at: Option<UnixMs>,
    /// How long before its end a use would renew it.
    pub early: Duration,
}

/// What was done about the credentials so far.
#[derive(Debug, Default)]
pub struct Schedule {
    /// How often in a row a renewal has failed, and when the next is tried.
    failed: HashMap<String, (u32, UnixMs)>,
    /// Two programs that keep one credential don't renew at the same moment.
    seed: u64,
}

impl Schedule {
    /// A schedule whose jitter is its own.
    pub fn new(seed: u64) -> Schedule {
        Schedule { failed: HashMap::new(), seed }
    }

    /// How long before its end a credential is renewed: somewhat earlier than its users would, by up to as much again.
    pub fn lead(&self, watched: &Watched) -> Duration {
        let whole = watched.early.max(Duration::from_secs(1));
        whole + whole.mul_f64(self.fraction(watched))
    }

    /// When a credential is renewed next; `None` where there is nothing to renew ahead of.
    pub fn due(&self, watched: &Watched) -> Option<UnixMs> {
        let lead = i64::try_from(self.lead(watched).as_millis()).unwrap_or(i64::MAX);
        let due = UnixMs(watched.expires_at?.0.saturating_sub(lead));
        Some(self.failed.get(&watched.key).map_or(due, |(_, next)| (*next).max(due)))
    }

    /// How long to wait before the next look.
    pub fn pause<'w>(&self, all: impl IntoIterator<Item = &'w Watched>, now: UnixMs) -> Duration {
        let next = all.into_iter().filter_map(|watched| self.due(watched)).map(|at| at.0).min();
        let left = next.map_or(i64::MAX, |next| next.saturating_sub(now.0)).max(0);
        Duration::from_millis(left.unsigned_abs()).min(LOOK)
    }

    /// Notes that a credential was renewed.
    pub fn renewed(&mut self, key: &str) {
        self.failed.remove(key);
    }

    /// Notes that a renewal failed: the next is tried after a pause that doubles each time. Tells when.
    pub fn failed(&mut self, key: &str, now: UnixMs) -> UnixMs {
        let (count, next) = self.failed.entry(key.to_owned()).or_insert((0, now));
        let wait = RETRY_MS.saturating_mul(1_i64 << (*count).min(5)).min(LONGEST_RETRY_MS);
        *count = count.saturating_add(1);
        *next = UnixMs(now.0.saturating_add(wait));
        *next
    }

    /// A number from 0 to 1 that is another for each program and each end.
    fn fraction(&self, watched: &Watched) -> f64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (self.seed, watched).hash(&mut hasher);
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(expires_at: Option<i64>) -> Watched {
        Watched {
            key: "acme/main".to_owned(),
            expires_at: expires_at.map(UnixMs),
            early: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_credential_is_renewed_before_its_users_would_and_no_more_than_twice_as_early() {
        for seed in 0..100 {
            let due = Schedule::new(seed).due(&watched(Some(3_600_000))).unwrap();
            assert!((3_480_000..=3_540_000).contains(&due.0), "{due:?}");
        }
    }

    #[test]
    fn two_programs_renew_at_different_moments_and_each_at_one() {
        let due = |seed| Schedule::new(seed).due(&watched(Some(3_600_000)));
        assert_ne!(due(1), due(2));
        assert_eq!(due(1), due(1));
    }

    #[test]
    fn nobody_waits_longer_than_a_minute_or_for_what_is_over() {
        let schedule = Schedule::new(1);
        let pause = |expires_at| schedule.pause(&[watched(expires_at)], UnixMs(0));
        assert_eq!(pause(None), LOOK);
        assert_eq!(pause(Some(3_600_000)), LOOK);
        assert_eq!(pause(Some(-5)), Duration::ZERO);
        assert!(pause(Some(140_000)) <= Duration::from_secs(80));
    }

    #[test]
    fn what_fails_is_tried_again_after_pauses_that_double_to_a_limit() {
        let mut schedule = Schedule::new(1);
        let waits: Vec<i64> = (0..7).map(|_| schedule.failed("acme/main", UnixMs(0)).0 / 1000).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(schedule.due(&watched(Some(0))), Some(UnixMs(900_000)));
        schedule.renewed("acme/main");
        assert!(schedule.due(&watched(Some(0))).is_some_and(|due| due.0 < 0));
    }
}
