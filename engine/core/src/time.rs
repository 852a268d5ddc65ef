//! Durations, units, and the two clocks that the machine is given.

use std::time::Duration;

use crate::query::Query;
use crate::source::Span;
use crate::template::Template;

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
    let _ = text;
    unimplemented!()
}

/// A duration as a file would write it, in the largest unit that is whole: `90s`, `2h`.
pub fn format_duration(duration: Duration) -> String {
    let _ = duration;
    unimplemented!()
}

/// Reads a value of an answer as a duration from `now`; a moment that is past is zero.
pub fn read(value: &serde_json::Value, unit: Unit, now: UnixMs) -> Result<Duration, TimeError> {
    let _ = (value, unit, now);
    unimplemented!()
}

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
    pub answer: Option<&'a serde_json::Value>,
    /// The values of names.
    pub scope: &'a dyn crate::template::Scope,
    /// The wall clock, when the answer that carries the value arrived.
    pub now: UnixMs,
}

/// The duration of a time, within the file's `min` and `max` and the engine's `bounds`; `None` where the value is not
/// present and the file has no `default`.
pub fn resolve(time: &Time, bounds: Bounds, from: &Reading<'_>) -> Result<Option<Duration>, TimeError> {
    let _ = (time, bounds, from);
    unimplemented!()
}
