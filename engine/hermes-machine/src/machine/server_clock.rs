//! The server's clock, where it is another than this computer's.
//!
//! Note: a lifetime in seconds needs no clock, but `exp` of a JSON Web Token and every other moment is the server's.

use std::time::Duration;

use serde_json::Value;

use super::event::Response;
use hermes_format::template::claim;
use hermes_format::time::UnixMs;

/// Clocks that differ by less agree: `Date` has whole seconds, and an answer takes time.
const AGREE_MS: i64 = 30_000;
/// A difference that a user should know of.
const WORTH_TELLING: Duration = Duration::from_secs(120);

/// The server's wall clock when it answered ([RFC 9110 §6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1));
/// this computer's where they agree, `None` where the answer has no date.
pub(super) fn read(response: &Response, here: UnixMs) -> Option<UnixMs> {
    let date = response.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date.trim()).ok())?;
    let there = UnixMs(date.timestamp().as_millisecond());
    Some(if there.0.saturating_sub(here.0).abs() > AGREE_MS { there } else { here })
}

/// The server's wall clock when it made a JSON Web Token that it has just sent without a date: `iat`, where this
/// computer's clock can't be right. By it the token was made in the future, or has expired already.
pub(super) fn of_token(token: &str, here: UnixMs) -> Option<UnixMs> {
    let moment = |name: &str| match claim(token, &[name])? {
        Value::Number(seconds) => Some((seconds.as_f64()? * 1000.0) as i64),
        _ => None,
    };
    let (made, expires) = (moment("iat")?, moment("exp")?);
    let is_impossible = made.saturating_sub(here.0) > AGREE_MS || expires <= here.0;
    (is_impossible && made < expires).then_some(UnixMs(made))
}

/// How far the clocks are apart, where that is worth telling.
pub(super) fn difference(there: UnixMs, here: UnixMs) -> Option<String> {
    let apart = Duration::from_millis(there.0.saturating_sub(here.0).unsigned_abs());
    (apart >= WORTH_TELLING).then(|| {
        let minutes = (apart.as_secs() + 30) / 60;
        let apart = if minutes >= 60 && minutes.is_multiple_of(60) {
            format!("{} h", minutes / 60)
        } else {
            format!("{minutes} min")
        };
        let side = if there > here { "behind" } else { "ahead of" };
        format!("this computer's clock differs from the server's by {apart} (it is {side} it): set the clock")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z
    const HERE: UnixMs = UnixMs(1_767_225_600_000);

    #[track_caller]
    fn check(date: &str, expect: Option<i64>) {
        let headers = vec![("date".to_owned(), date.to_owned())];
        let response = Response { status: 200, headers, body: Vec::new(), truncated: false };
        assert_eq!(read(&response, HERE).map(|there| there.0 - HERE.0), expect);
    }

    #[test]
    fn the_servers_clock_counts_where_it_differs() {
        check("Wed, 31 Dec 2025 23:00:00 GMT", Some(-3_600_000));
        check("Thu, 01 Jan 2026 00:00:20 GMT", Some(0));
        check("yesterday", None);
    }

    #[test]
    fn a_difference_is_told_from_two_minutes_on() {
        let at = |ms: i64| difference(UnixMs(HERE.0 + ms), HERE);
        assert_eq!(at(60_000), None);
        assert!(at(-3_600_000).unwrap().contains("by 1 h (it is ahead of it)"));
        assert!(at(45 * 60_000).unwrap().contains("by 45 min (it is behind it)"));
    }
}
