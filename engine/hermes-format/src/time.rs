//! Durations, units, and the two clocks that the machine is given.

use std::time::Duration;

use serde_json::Value;

use crate::query::{Query, present};
use crate::source::Span;
use crate::template::{Scope, Template, claim};

#[cfg(test)]
mod tests;

/// A moment on the wall clock, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMs(pub i64);

/// The two clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: for times that a server names and for the lives of tokens. It may jump.
    pub wall: UnixMs,
    /// Time since the run began, time in which the machine slept included: for pauses and deadlines. It never goes back.
    pub elapsed: Duration,
}

/// How a number or text of an answer is read as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `s`: seconds from now.
    Seconds,
    /// `ms`: milliseconds from now.
    Milliseconds,
    /// `unix`: seconds since the epoch.
    Unix,
    /// `unix-ms`: milliseconds since the epoch.
    UnixMilliseconds,
    /// `iso`: a date and time of RFC 3339.
    Iso,
    /// `jwt`: the `exp` claim of a token.
    Jwt,
    /// `auto`: below 1e9 seconds from now; below 1e12 Unix seconds; else Unix milliseconds.
    Auto,
}

/// All units by the name that a file writes.
pub const UNITS: [(&str, Unit); 7] = [
    ("s", Unit::Seconds),
    ("ms", Unit::Milliseconds),
    ("unix", Unit::Unix),
    ("unix-ms", Unit::UnixMilliseconds),
    ("iso", Unit::Iso),
    ("jwt", Unit::Jwt),
    ("auto", Unit::Auto),
];

/// A time of a file, checked.
#[derive(Debug, Clone)]
pub struct Time {
    /// Where the value comes from.
    pub value: TimeValue,
    /// The duration where the value is not present.
    pub default: Option<Duration>,
    /// The shortest duration that is taken.
    pub min: Option<Duration>,
    /// The longest duration that is taken.
    pub max: Option<Duration>,
    /// Where it is written.
    pub span: Span,
}

impl Time {
    /// What its value counts, where the value is not the file's own.
    pub fn unit(&self) -> Option<Unit> {
        match self.value {
            TimeValue::Fixed(_) => None,
            TimeValue::Path(_, unit) | TimeValue::Template(_, unit) => Some(unit),
        }
    }
}

/// Where a time comes from.
#[derive(Debug, Clone)]
pub enum TimeValue {
    /// The file says it.
    Fixed(Duration),
    /// The answer that led to `success` says it.
    Path(Query, Unit),
    /// An earlier answer, or the stored credential, says it.
    Template(Template, Unit),
}

/// Why a value can't be read as a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not one number and one of `ms`, `s`, `m`, `h`, `d`.
    #[error("not a duration: write one number and ms, s, m, h or d, such as \"90s\"")]
    BadDuration,
    /// The value has the wrong type, is negative, is not a number, or is out of all range.
    #[error("not a time that can be used")]
    BadValue,
}

/// Reads a duration of a file: one number and `ms`, `s`, `m`, `h` or `d`.
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let (_, nanos) = DURATION_UNITS.iter().find(|(name, _)| *name == unit).ok_or(TimeError::BadDuration)?;
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(w, f)| (w, Some(f)));
    if whole.is_empty() || fraction.is_some_and(|f| f.is_empty() || f.len() > 9 || f.contains('.')) {
        return Err(TimeError::BadDuration);
    }
    let whole: u128 = whole.parse().map_err(|_| TimeError::BadDuration)?;
    let fraction = fraction.unwrap_or("0");
    let part: u128 = fraction.parse().map_err(|_| TimeError::BadDuration)?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(9));
    let total = whole.checked_mul(*nanos).and_then(|n| n.checked_add(part * nanos / scale));
    total.and_then(duration_of_nanos).filter(|d| *d <= LONGEST).ok_or(TimeError::BadDuration)
}

/// A duration as a file would write it, in the largest unit that is whole: `90s`, `2h`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let whole = DURATION_UNITS.iter().rev().find(|(_, unit)| nanos.is_multiple_of(*unit));
    match whole {
        Some((name, unit)) => format!("{}{name}", nanos / unit),
        None => {
            let fraction = format!("{:06}", nanos % MILLI);
            format!("{}.{}ms", nanos / MILLI, fraction.trim_end_matches('0'))
        }
    }
}

/// Reads a value of an answer as a duration from `now`; a moment that is past is zero.
pub fn read(value: &Value, unit: Unit, now: UnixMs) -> Result<Duration, TimeError> {
    let text = || value.as_str().ok_or(TimeError::BadValue);
    match unit {
        Unit::Seconds => number(value).and_then(|n| n.span(SECOND)),
        Unit::Milliseconds => number(value).and_then(|n| n.span(MILLI)),
        Unit::Unix => number(value).and_then(|n| n.moment(SECOND, now)),
        Unit::UnixMilliseconds => number(value).and_then(|n| n.moment(MILLI, now)),
        Unit::Iso => {
            let moment: jiff::Timestamp = text()?.parse().map_err(|_| TimeError::BadValue)?;
            Ok(until(i128::from(moment.as_millisecond()), now))
        }
        Unit::Jwt => {
            let expiry = claim(text()?, &["exp"]).ok_or(TimeError::BadValue)?;
            number(&expiry).and_then(|n| n.moment(SECOND, now))
        }
        Unit::Auto => number(value).and_then(|n| match n.0 {
            n if n < 1e9 => Number(n).span(SECOND),
            n if n < 1e12 => Number(n).moment(SECOND, now),
            n => Number(n).moment(MILLI, now),
        }),
    }
}

/// A number of an answer that may count time: finite and not negative. Exact up to 2^53, far beyond any date in
/// milliseconds.
struct Number(f64);

impl Number {
    /// So many units, in the nanoseconds of one.
    fn span(self, unit: u128) -> Result<Duration, TimeError> {
        let millis = self.millis(unit)?;
        duration_of_nanos(u128::from(millis) * MILLI).ok_or(TimeError::BadValue)
    }

    /// So many units since the epoch, seen from `now`.
    fn moment(self, unit: u128, now: UnixMs) -> Result<Duration, TimeError> {
        Ok(until(i128::from(self.millis(unit)?), now))
    }

    fn millis(self, unit: u128) -> Result<u64, TimeError> {
        let millis = if unit == SECOND { self.0 * 1000.0 } else { self.0 };
        // Half of the range, so that a sum with a clock can't leave it.
        if millis < 4.0e18 { Ok(millis as u64) } else { Err(TimeError::BadValue) }
    }
}

/// An integer, a float, or a text of one (S7).
fn number(value: &Value) -> Result<Number, TimeError> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        // As JSON writes a number: `inf`, `nan` and `0x10` are none.
        Value::String(text) => {
            serde_json::from_str::<serde_json::Number>(text.trim()).ok().and_then(|n| n.as_f64())
        }
        _ => None,
    };
    number.filter(|n| n.is_finite() && *n >= 0.0).map(Number).ok_or(TimeError::BadValue)
}

fn until(moment_ms: i128, now: UnixMs) -> Duration {
    let left = (moment_ms - i128::from(now.0)).max(0);
    Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX))
}

fn duration_of_nanos(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / SECOND).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanos % SECOND).ok()?))
}

const MILLI: u128 = 1_000_000;
const SECOND: u128 = 1_000 * MILLI;
/// The units of a file's durations, in nanoseconds, smallest first.
const DURATION_UNITS: [(&str, u128); 5] =
    [("ms", MILLI), ("s", SECOND), ("m", 60 * SECOND), ("h", 3_600 * SECOND), ("d", 86_400 * SECOND)];

/// The longest duration that a file can write: a hundred years.
pub const LONGEST: Duration = Duration::from_secs(36_500 * DAY);
const DAY: u64 = 86_400;

/// Limits of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// Whether the file can't go beyond them either.
    pub hard: bool,
}

impl Bounds {
    /// Keeps what an answer says within the file's limits, and within these where the file has none.
    fn of_answer(self, duration: Duration, time: &Time) -> Duration {
        let duration = duration.max(time.min.unwrap_or(self.min)).min(time.max.unwrap_or(self.max));
        self.of_file(duration, time)
    }

    /// Keeps what the file says within its own limits, and within these if they are hard.
    fn of_file(self, duration: Duration, time: &Time) -> Duration {
        let own = duration.min(time.max.unwrap_or(Duration::MAX)).max(time.min.unwrap_or(Duration::ZERO));
        if self.hard { own.min(self.max).max(self.min) } else { own }
    }
}

/// S7: the pause of a state that repeats, where the file sets nothing else.
pub const INTERVAL: Bounds =
    Bounds { min: Duration::from_secs(1), max: Duration::from_secs(60), hard: false };
/// S7: how long a login waits.
pub const LOGIN_DEADLINE: Bounds =
    Bounds { min: Duration::from_secs(1), max: Duration::from_secs(30 * 60), hard: true };
/// S7: the life of a token.
pub const TOKEN_LIFE: Bounds =
    Bounds { min: Duration::ZERO, max: Duration::from_secs(400 * DAY), hard: true };

/// What a time is read from.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The answer that a path selects from.
    pub answer: Option<&'a Value>,
    /// The values of names.
    pub scope: &'a dyn Scope,
    /// The wall clock, when the answer that carries the value arrived.
    pub now: UnixMs,
}

/// The duration of the first of several times whose value is present and can be used; else the first default. Tells too
/// whether a value was there that can't be used.
pub fn resolve_first(times: &[Time], bounds: Bounds, from: &Reading<'_>) -> (Option<Duration>, bool) {
    let mut is_unusable = false;
    for time in times {
        match resolve(&Time { default: None, ..time.clone() }, bounds, from) {
            Ok(Some(duration)) => return (Some(duration), is_unusable),
            Ok(None) => {}
            Err(_) => is_unusable = true,
        }
    }
    let default = times.iter().find_map(|time| Some(bounds.of_file(time.default?, time)));
    (default, is_unusable)
}

/// The duration of a time, within the file's `min` and `max` and the engine's `bounds`; `None` where the value is not
/// present and the file has no `default`.
pub fn resolve(time: &Time, bounds: Bounds, from: &Reading<'_>) -> Result<Option<Duration>, TimeError> {
    let (value, unit) = match &time.value {
        TimeValue::Fixed(duration) => return Ok(Some(bounds.of_file(*duration, time))),
        TimeValue::Path(query, unit) => (from.answer.and_then(|root| query.select(root)).cloned(), *unit),
        TimeValue::Template(template, unit) => (template.render_json(from.scope).ok(), *unit),
    };
    match present(value.as_ref()) {
        Some(value) => Ok(Some(bounds.of_answer(read(value, unit, from.now)?, time))),
        None => Ok(time.default.map(|duration| bounds.of_file(duration, time))),
    }
}
