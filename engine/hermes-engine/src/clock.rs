//! The two clocks that a machine is given.
//!
//! Elapsed time includes the time in which the computer slept: a deadline of ten minutes is over after a night in a bag
//! (S12). Timers of the async runtime don't count that time, so whoever sleeps looks at this clock again when it wakes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hermes_format::time::{Now, UnixMs};
use rustix::time::{ClockId, clock_gettime};

/// The clock that goes on while the computer sleeps.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ELAPSED: ClockId = ClockId::Boottime;
/// The clock that goes on while the computer sleeps; on macOS the monotonic one does.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const ELAPSED: ClockId = ClockId::Monotonic;

/// The clocks of one run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Duration,
}

impl Clock {
    /// A clock whose elapsed time begins now.
    pub fn start() -> Clock {
        Clock { started: since_boot() }
    }

    /// Both clocks at this moment.
    pub fn now(&self) -> Now {
        Now { wall: wall(), elapsed: since_boot().saturating_sub(self.started) }
    }
}

/// The wall clock. A clock before 1970 counts as 1970.
pub fn wall() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn since_boot() -> Duration {
    let time = clock_gettime(ELAPSED);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn s12_elapsed_time_is_read_from_the_clock_that_sleep_does_not_stop() {
        let boottime = || Duration::new(clock_gettime(ClockId::Boottime).tv_sec.cast_unsigned(), 0);
        let before = boottime();
        assert!((before..=boottime() + Duration::from_secs(1)).contains(&since_boot()));
        assert_eq!(ELAPSED, ClockId::Boottime, "the two clocks agree on a computer that has never slept");
    }

    #[test]
    fn elapsed_time_begins_at_zero_and_never_goes_back() {
        let clock = Clock::start();
        let (first, second) = (clock.now(), clock.now());
        assert!(first.elapsed <= second.elapsed && second.elapsed < Duration::from_secs(60));
        assert!(first.wall > UnixMs(1_600_000_000_000));
    }
}
