//! Pauses and deadlines of the states that repeat.

use std::time::Duration;

use super::run::Run;
use crate::provider::Active;
use crate::raw::time::First;
use crate::template::Name;
use crate::time::{self, Bounds, Now, Reading, Time, TimeError, TimeValue, Unit};

/// The longest pause that hiccups grow to.
const LONGEST_HICCUP: Duration = Duration::from_secs(60);
/// The pause after a first hiccup where the state's own pace is shorter.
const SHORTEST_HICCUP: Duration = Duration::from_secs(1);

/// A time of the file for which an answer gave nothing that is one.
#[derive(Debug, thiserror::Error)]
#[error("`{written}`, the `{key}` of its state, is not a time that can be used")]
pub(super) struct Unusable {
    key: &'static str,
    written: String,
}

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
    /// The pace of a state that is entered for the first time.
    pub(super) fn of(active: &Active, run: &Run, now: Now) -> Result<Pace, Unusable> {
        let mut pace = Pace::default();
        if let Some(every) = &active.every {
            let interval = duration(&every.time, time::INTERVAL, run, now)
                .map_err(|_| Unusable { key: "every", written: written(&every.time) })?;
            pace.interval = interval.unwrap_or(time::INTERVAL.min);
            pace.first_waits = every.first == First::Wait;
        }
        if let Some(until) = &active.until {
            let life = duration(until, time::LOGIN_DEADLINE, run, now).ok().flatten();
            let life = life.ok_or_else(|| Unusable { key: "until", written: written(until) })?;
            pace.deadline = Some(counted_from(until, run, now) + life);
        }
        Ok(pace)
    }

    /// The pause before the first request.
    pub(super) fn first_pause(&self) -> Duration {
        if self.first_waits { self.interval } else { Duration::ZERO }
    }

    /// The pause before the next request, after an answer that a rule read.
    pub(super) fn next_pause(&mut self, slower: Option<Duration>, retry_after: Option<Duration>) -> Duration {
        self.hiccup = None;
        self.interval = self.interval.saturating_add(slower.unwrap_or_default());
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

fn duration(time: &Time, bounds: Bounds, run: &Run, now: Now) -> Result<Option<Duration>, TimeError> {
    time::resolve(time, bounds, &Reading { answer: None, scope: run, now: now.wall })
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
