//! HE504: a time that can hardly be meant.

use std::time::Duration;

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::time::{LOGIN_DEADLINE, TOKEN_LIFE, Time, TimeValue, format_duration};

/// HE504.
pub(super) static CODE: Code = Code::warning("HE504", "implausible-time");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

/// The longest pause between two requests that anybody waits for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);

/// The shortest pause that can be meant.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time in which a token can be renewed before its end.
const SHORTEST_EARLY: Duration = Duration::from_secs(1);

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (_, _, active) in subject.active() {
        let every = active.every.as_ref().map(|every| &every.time);
        findings.extend(every.into_iter().chain(&active.until).filter_map(default_out_of_bounds));
        if let Some(pause) = every.filter(|every| written(every).any(|length| length < SHORTEST_PAUSE)) {
            findings.push(
                Diagnostic::new(&CODE, pause.span, "a pause of less than a tenth of a second")
                    .help("is the unit right?"),
            );
        }
        if let Some(until) =
            active.until.as_ref().filter(|until| written(until).any(|l| l < LOGIN_DEADLINE.min))
        {
            let limit = format_duration(LOGIN_DEADLINE.min);
            findings.push(
                Diagnostic::new(
                    &CODE,
                    until.span,
                    format!("a login waits for {limit} at least, whatever this says"),
                )
                .help(format!("write at least `\"{limit}\"`; is the unit right?")),
            );
        }
        if let Some(pause) = every.filter(|every| longest(every).is_some_and(|length| length > LONGEST_PAUSE))
        {
            findings.push(
                Diagnostic::new(&CODE, pause.span, "a pause of more than ten minutes")
                    .help("is the unit right?"),
            );
        }
        let Some(until) = &active.until else { continue };
        if longest(until).is_some_and(|length| length > LOGIN_DEADLINE.max) {
            let limit = format_duration(LOGIN_DEADLINE.max);
            findings.push(
                Diagnostic::new(
                    &CODE,
                    until.span,
                    format!("a login is given up after {limit}, whatever this says"),
                )
                .help(format!("write at most `\"{limit}\"`")),
            );
        }
        if let Some((pause, end)) =
            every.and_then(fixed).zip(fixed(until)).filter(|(pause, end)| pause >= end)
        {
            let (pause, end) = (format_duration(pause), format_duration(end));
            findings.push(
                Diagnostic::new(
                    &CODE,
                    until.span,
                    format!("it gives up after {end}, and pauses for {pause}"),
                )
                .help("write a longer `until` or a shorter `every`"),
            );
        }
    }
    findings.extend(of_success(subject));
    findings.extend(of_refresh(subject));
    findings
}

fn of_success(subject: &Subject<'_>) -> Option<Diagnostic> {
    let success = subject.provider.success()?;
    let (life, length) = success.expires.iter().find_map(|life| Some((life, fixed(life)?)))?;
    if length > TOKEN_LIFE.max {
        return Some(
            Diagnostic::new(&CODE, life.span, "a token that lives for more than 400 days")
                .help("is the unit right?"),
        );
    }
    let refresh = success.refresh.as_ref()?;
    let early = refresh.early.filter(|early| *early >= length)?;
    Some(
        Diagnostic::new(
            &CODE,
            refresh.to.span,
            format!("`early` ({}) is not below the token's life", format_duration(early)),
        )
        .also(life.span, "the token's life")
        .help("write a shorter `early`; is the unit of `expires` right?"),
    )
}

fn of_refresh(subject: &Subject<'_>) -> Option<Diagnostic> {
    let refresh = subject.provider.success()?.refresh.as_ref()?;
    let early = refresh.early.filter(|early| *early < SHORTEST_EARLY)?;
    Some(
        Diagnostic::new(
            &CODE,
            refresh.to.span,
            format!("`early` ({}) leaves no time to renew the token", format_duration(early)),
        )
        .help("is the unit right?"),
    )
}

fn default_out_of_bounds(time: &Time) -> Option<Diagnostic> {
    let default = time.default?;
    let below = time.min.is_some_and(|min| default < min);
    let beyond = time.max.is_some_and(|max| default > max);
    (below || beyond).then(|| {
        let (default, side) = (format_duration(default), if below { "below `min`" } else { "beyond `max`" });
        Diagnostic::new(&CODE, time.span, format!("`default` ({default}) is {side}"))
            .help("write a `default` between them, or another bound")
    })
}

fn fixed(time: &Time) -> Option<Duration> {
    match time.value {
        TimeValue::Fixed(length) => Some(length),
        TimeValue::Path(..) | TimeValue::Template(..) => None,
    }
}

/// What the file itself writes: the time, its default and its bounds.
fn written(time: &Time) -> impl Iterator<Item = Duration> {
    [fixed(time), time.default, time.min, time.max].into_iter().flatten()
}

fn longest(time: &Time) -> Option<Duration> {
    written(time).max()
}
