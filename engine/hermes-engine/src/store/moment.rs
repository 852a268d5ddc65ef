//! Moments as `auth.json` writes them: `2026-11-22T01:41:17.033025+00:00`.
//!
//! Other programs write other shapes under the same names; all that can be told apart safely is read.

use hermes_format::time::UnixMs;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Below this, a number is Unix seconds; from it on, Unix milliseconds. In seconds it is the year 33658.
const FIRST_MILLISECONDS: f64 = 1e12;

/// A moment as Hermes Agent writes it: UTC, with microseconds and offset.
pub(crate) fn write(at: UnixMs) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// Reads a moment: a date and time (without an offset it is UTC), Unix seconds or milliseconds.
pub(crate) fn read(value: &Value) -> Option<UnixMs> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            from_iso(text).or_else(|| from_number(text.parse().ok()?))
        }
        Value::Number(number) => from_number(number.as_f64()?),
        _ => None,
    }
}

/// Whether a moment is yet to come. What lies further ahead than it can was written by a clock that has been set back
/// since.
pub(crate) fn is_ahead(moment: UnixMs, longest_ms: i64, now: UnixMs) -> bool {
    (1..=longest_ms).contains(&moment.0.saturating_sub(now.0))
}

fn from_iso(text: &str) -> Option<UnixMs> {
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    Some(UnixMs(at.as_millisecond()))
}

fn from_number(number: f64) -> Option<UnixMs> {
    let ms = if number < FIRST_MILLISECONDS { number * 1000.0 } else { number };
    // Beyond 2^53 a float counts no single milliseconds; that is the year 287396.
    (ms.is_finite() && (0.0..9e15).contains(&ms)).then_some(UnixMs(ms as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expect: Option<i64>) {
        assert_eq!(read(&value), expect.map(UnixMs), "{value}");
    }

    #[test]
    fn a_moment_is_written_as_hermes_agent_writes_it() {
        assert_eq!(write(UnixMs(1_795_311_677_033)), "2026-11-22T01:41:17.033000+00:00");
        assert_eq!(write(UnixMs(0)), "1970-01-01T00:00:00.000000+00:00");
    }

    #[test]
    fn every_shape_that_other_programs_write_is_read() {
        check(json!("2026-11-22T01:41:17.033025+00:00"), Some(1_795_311_677_033));
        check(json!("2026-11-22T02:41:17.033025+01:00"), Some(1_795_311_677_033));
        check(json!("2026-11-22T01:41:17Z"), Some(1_795_311_677_000));
        check(json!("2026-11-22T01:41:17.033025"), Some(1_795_311_677_033));
        check(json!(1_795_311_677), Some(1_795_311_677_000));
        check(json!(1_795_311_677.5), Some(1_795_311_677_500));
        check(json!(1_795_311_677_033_i64), Some(1_795_311_677_033));
        check(json!("1795311677033"), Some(1_795_311_677_033));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for value in [json!("soon"), json!(""), json!(-5), json!(null), json!([]), json!(1e300), json!("NaN")]
        {
            check(value, None);
        }
    }
}
