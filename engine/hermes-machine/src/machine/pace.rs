//! Pauses and deadlines of the states that repeat.

use std::time::Duration;

use serde_json::Value;

use super::run::Run;
use hermes_format::provider::Active;
use hermes_format::query::{present, walk};
use hermes_format::raw::time::First;
use hermes_format::template::Name;
use hermes_format::time::{self, Now, Reading, Time, TimeValue, Unit};

/// The longest pause that hiccups grow to.
const LONGEST_HICCUP: Duration = Duration::from_secs(60);
/// The pause after a first hiccup where the state's own pace is shorter.
const SHORTEST_HICCUP: Duration = Duration::from_secs(1);

/// The pause where nothing says how long ([RFC 8628 §3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// How a state that was entered goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// The pause between two requests; zero where the state has no `every`.
    interval: Duration,
    /// The pause after the last hiccup, while hiccups go on.
    hiccup: Option<Duration>,
    /// When to give up, on the elapsed clock.
    pub(super) deadline: Option<Duration>,
    /// Whether the first entry waits.
    first_waits: bool,
}

impl Pace {
    /// The pace of a state that is entered for the first time, and what of its times could not be used.
    ///
    /// A time that can't be used never ends a login: the file's default counts, else the usual pause, and the longest wait.
    pub(super) fn of(active: &Active, run: &Run, now: Now) -> (Pace, Vec<String>) {
        let mut pace = Pace::default();
        let mut warnings = Vec::new();
        let mut read = |time: &Time, bounds, key| {
            let reading = Reading { answer: None, scope: run, now: run.server_clock.unwrap_or(now.wall) };
            // A deadline that is over before it begins was not meant.
            let is_over = bounds == time::LOGIN_DEADLINE && is_zero(time, &reading);
            let (duration, is_unusable) = match is_over {
                true => (time.default.or(time.max), true),
                false => time::resolve_first(std::slice::from_ref(time), bounds, &reading),
            };
            if is_unusable {
                warnings.push(unusable(key, time, duration));
            }
            duration
        };
        if let Some(every) = &active.every {
            pace.interval = read(&every.time, time::INTERVAL, "every").unwrap_or(USUAL_INTERVAL);
            pace.first_waits = every.first == First::Wait;
        }
        if let Some(until) = &active.until {
            let life = read(until, time::LOGIN_DEADLINE, "until");
            let life = life.or(until.max).unwrap_or(time::LOGIN_DEADLINE.max);
            pace.deadline = Some(counted_from(until, run, now) + life);
        }
        (pace, warnings)
    }

    /// Slows the pace for good: by what the rule adds, and at least to the pause that the answer itself names
    /// (`interval` beside `slow_down`).
    pub(super) fn slow(&mut self, by: Option<Duration>, time: &Time, answer: &Value, now: Now) {
        self.interval = self.interval.saturating_add(by.unwrap_or_default());
        let TimeValue::Template(template, unit) = &time.value else { return };
        let names = template.names();
        let [(Name::Answer { path, .. }, _)] = names.as_slice() else { return };
        let named = present(walk(answer, path)).and_then(|value| time::read(value, *unit, now.wall).ok());
        if let Some(named) = named {
            self.interval = self.interval.max(named.min(time.max.unwrap_or(time::INTERVAL.max)));
        }
    }

    /// The pause before the first request.
    pub(super) fn first_pause(&self) -> Duration {
        if self.first_waits { self.interval } else { Duration::ZERO }
    }

    /// The pause before the next request, after an answer that a rule read.
    pub(super) fn next_pause(&mut self, retry_after: Option<Duration>) -> Duration {
        self.hiccup = None;
        self.interval.max(retry_after.unwrap_or_default())
    }

    /// The pause before the next request, after an answer that says nothing.
    pub(super) fn hiccup_pause(&mut self, retry_after: Option<Duration>) -> Duration {
        let last = self.hiccup.unwrap_or_else(|| (self.interval / 2).max(SHORTEST_HICCUP / 2));
        let pause = (last * 2).min(LONGEST_HICCUP).max(self.interval);
        self.hiccup = Some(pause);
        pause.max(retry_after.unwrap_or_default())
    }
}

/// What the file says that a time is.
fn written(time: &Time) -> String {
    match &time.value {
        TimeValue::Template(template, _) => template.text.clone(),
        TimeValue::Path(query, _) => query.text().to_owned(),
        TimeValue::Fixed(duration) => time::format_duration(*duration),
    }
}

fn is_zero(time: &Time, reading: &Reading<'_>) -> bool {
    const ANY: time::Bounds = time::Bounds { min: Duration::ZERO, max: time::LONGEST, hard: false };
    let bare = Time { min: None, max: None, default: None, ..time.clone() };
    !matches!(time.value, TimeValue::Fixed(_))
        && time::resolve(&bare, ANY, reading) == Ok(Some(Duration::ZERO))
}

fn unusable(key: &str, time: &Time, taken: Option<Duration>) -> String {
    let taken = taken.map_or_else(|| "the usual one".to_owned(), time::format_duration);
    format!(
        "the server's `{}`, the `{key}` of its state, is not a time that can be used; {taken} is taken",
        written(time)
    )
}

/// A lifetime that an answer named counts from that answer's arrival, anything else from now.
fn counted_from(until: &Time, run: &Run, now: Now) -> Duration {
    let TimeValue::Template(template, unit) = &until.value else { return now.elapsed };
    if !matches!(unit, Unit::Seconds | Unit::Milliseconds | Unit::Auto) {
        return now.elapsed;
    }
    let arrivals = template.names().into_iter().filter_map(|(name, _)| match name {
        Name::Answer { state, .. } => run.answer(state).map(|kept| kept.arrived),
        _ => None,
    });
    arrivals.min().unwrap_or(now.elapsed)
}
