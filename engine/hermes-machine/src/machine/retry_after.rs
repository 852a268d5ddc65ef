//! `Retry-After`: how long a server asks a client to wait ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).

use std::time::Duration;

use serde_json::Value;

use super::event::Response;
use hermes_format::time::UnixMs;

/// The pause that an answer asks for: seconds or a date, the milliseconds of some services, or `retry_after` beside an error in
/// its body. What can't be read asks for none.
pub(super) fn pause(response: &Response, body: Option<&Value>, now: UnixMs) -> Option<Duration> {
    let milliseconds = || response.header("retry-after-ms")?.trim().parse().ok().map(Duration::from_millis);
    let in_body = || {
        let body = body.filter(|_| response.status >= 400)?;
        let seconds = body.get("retry_after").or_else(|| body.pointer("/error/retry_after"))?.as_f64()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    standard(response, now).or_else(milliseconds).or_else(in_body)
}

fn standard(response: &Response, now: UnixMs) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    let left = date.timestamp().as_millisecond().checked_sub(now.0)?;
    u64::try_from(left).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expect: Option<u64>) {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        let response = Response { status: 503, headers, body: Vec::new(), truncated: false };
        // 2026-01-01T00:00:00Z
        assert_eq!(pause(&response, None, UnixMs(1_767_225_600_000)), expect.map(Duration::from_secs));
    }

    #[test]
    fn seconds_and_dates_are_read() {
        check("7", Some(7));
        check("Thu, 01 Jan 2026 00:01:00 GMT", Some(60));
    }

    #[test]
    fn milliseconds_and_the_body_of_an_error_are_read_too() {
        let headers = vec![("retry-after-ms".to_owned(), "1500".to_owned())];
        let mut response = Response { status: 429, headers, body: Vec::new(), truncated: false };
        let body = serde_json::json!({ "retry_after": 2.5 });
        let now = UnixMs(1_767_225_600_000);
        assert_eq!(pause(&response, Some(&body), now), Some(Duration::from_millis(1500)));
        response.headers.clear();
        assert_eq!(pause(&response, Some(&body), now), Some(Duration::from_millis(2500)));
        response.status = 200;
        assert_eq!(pause(&response, Some(&body), now), None);
    }

    #[test]
    fn a_past_date_and_nonsense_ask_for_nothing() {
        check("Thu, 01 Jan 2025 00:01:00 GMT", None);
        check("-3", None);
        check("soon", None);
    }
}
