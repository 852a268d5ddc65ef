//! Moments as programs and as people read them.

use std::time::{Duration, SystemTime};

use hermes_format::time::UnixMs;
use jiff::Timestamp;

use super::person::rough;

/// A moment as RFC 3339 writes it, in UTC and whole seconds.
pub(crate) fn rfc3339(moment: UnixMs) -> Option<String> {
    let timestamp = Timestamp::from_millisecond(moment.0).ok()?;
    Some(Timestamp::from_second(timestamp.as_second()).ok()?.to_string())
}

/// The same of a moment as the library gives it.
pub(crate) fn rfc3339_of(moment: SystemTime) -> Option<String> {
    rfc3339(unix_ms(moment))
}

/// A moment as the library gives it.
pub(crate) fn unix_ms(moment: SystemTime) -> UnixMs {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How far off a moment is: `in 4m 32s`, `2h ago`.
pub(crate) fn distance(moment: UnixMs, now: UnixMs) -> String {
    let between = |later: UnixMs, earlier: UnixMs| {
        rough(Duration::from_millis(later.0.saturating_sub(earlier.0).try_into().unwrap_or(0)))
    };
    if moment > now {
        format!("in {}", between(moment, now))
    } else {
        format!("{} ago", between(now, moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_and_whole_seconds() {
        assert_eq!(rfc3339(UnixMs(1_767_225_600_999)).as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(rfc3339(UnixMs(i64::MAX)), None);
    }

    #[test]
    fn a_distance_says_on_which_side_of_now_it_is() {
        assert_eq!(distance(UnixMs(90_000), UnixMs(0)), "in 1m 30s");
        assert_eq!(distance(UnixMs(0), UnixMs(90_000)), "1m 30s ago");
        assert_eq!(distance(UnixMs(i64::MIN), UnixMs(0)), "106751991167d 7h ago");
    }
}
