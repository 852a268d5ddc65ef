use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source::FileId;
use crate::template::{Expression, Name, Part};

const NOW: UnixMs = UnixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn check(value: Value, unit: Unit, expect: Result<Duration, TimeError>) {
    assert_eq!(read(&value, unit, NOW), expect, "{value} as {unit:?}");
}

#[test]
fn durations_are_one_number_and_one_unit() {
    let check = |text: &str, expect| assert_eq!(parse_duration(text), Ok(expect), "{text}");
    check("90s", seconds(90));
    check("2h", seconds(7200));
    check("250ms", ms(250));
    check("1.5m", seconds(90));
    check("0.5ms", Duration::from_micros(500));
    check("1d", seconds(86_400));
    check("0s", Duration::ZERO);
    check("36500d", LONGEST);
}

#[test]
fn other_texts_are_no_durations() {
    for text in [
        "",
        "s",
        "5",
        "5 s",
        " 5s",
        "5s ",
        "5 minutes",
        "5M",
        "-5s",
        "+5s",
        "1e3s",
        "1h30m",
        ".5s",
        "5.s",
        "1..2s",
        "1.2.3s",
        "0x5s",
        "٥s",
        "36501d",
        "99999999999999999999999999999999999999999999d",
        "1.0000000001s",
        "∞s",
    ] {
        assert_eq!(parse_duration(text), Err(TimeError::BadDuration), "{text:?}");
    }
}

#[test]
fn durations_are_written_in_the_largest_whole_unit() {
    let check = |duration, expect: &str| assert_eq!(format_duration(duration), expect);
    check(seconds(90), "90s");
    check(seconds(120), "2m");
    check(seconds(7200), "2h");
    check(seconds(86_400), "1d");
    check(ms(1500), "1500ms");
    check(Duration::from_micros(1500), "1.5ms");
    check(Duration::ZERO, "0s");
}

#[test]
fn s7_numbers_come_as_integers_floats_and_texts() {
    for value in [json!(3600), json!(3600.0), json!("3600"), json!(" 3600 "), json!("3.6e3")] {
        check(value, Unit::Seconds, Ok(seconds(3600)));
    }
    check(json!(1.5), Unit::Seconds, Ok(ms(1500)));
    check(json!(3000), Unit::Milliseconds, Ok(seconds(3)));
}

#[test]
fn s7_what_is_no_number_is_refused() {
    for value in [
        json!(-1),
        json!("-1"),
        json!("NaN"),
        json!("inf"),
        json!("1e999"),
        json!(1e300),
        json!(true),
        json!(null),
        json!([3600]),
        json!({}),
        json!("soon"),
        json!(""),
        json!("0x10"),
        json!("1_000"),
    ] {
        for unit in [Unit::Seconds, Unit::Milliseconds, Unit::Unix, Unit::UnixMilliseconds, Unit::Auto] {
            check(value.clone(), unit, Err(TimeError::BadValue));
        }
    }
}

#[test]
fn moments_are_seen_from_now_and_the_past_is_zero() {
    check(json!(1_767_229_200), Unit::Unix, Ok(seconds(3600)));
    check(json!(1_767_229_200_500_i64), Unit::UnixMilliseconds, Ok(ms(3_600_500)));
    check(json!(1_000), Unit::Unix, Ok(Duration::ZERO));
    check(json!("2026-01-01T01:00:00Z"), Unit::Iso, Ok(seconds(3600)));
    check(json!("2026-01-01T02:00:00+01:00"), Unit::Iso, Ok(seconds(3600)));
    check(json!("2026-01-01T00:00:00.250Z"), Unit::Iso, Ok(ms(250)));
    check(json!("1999-12-31T23:59:59Z"), Unit::Iso, Ok(Duration::ZERO));
    for bad in [json!("2026-01-01"), json!("2026-01-01T00:00:00"), json!(1_767_229_200), json!("tomorrow")] {
        check(bad, Unit::Iso, Err(TimeError::BadValue));
    }
}

#[test]
fn auto_tells_spans_from_dates_by_their_size() {
    check(json!(300), Unit::Auto, Ok(seconds(300)));
    check(json!(999_999_999), Unit::Auto, Ok(seconds(999_999_999)));
    check(json!(1_000_000_000), Unit::Auto, Ok(Duration::ZERO));
    check(json!(1_767_229_200), Unit::Auto, Ok(seconds(3600)));
    check(json!(999_999_999_999_i64), Unit::Auto, Ok(ms(999_999_999_999_000 - 1_767_225_600_000)));
    check(json!(1_000_000_000_000_i64), Unit::Auto, Ok(Duration::ZERO));
    check(json!("1767232800000"), Unit::Auto, Ok(seconds(7200)));
}

#[test]
fn the_expiry_of_a_token_is_read_from_its_payload() {
    // {"exp":1767229200}
    check(json!("e30.eyJleHAiOjE3NjcyMjkyMDB9.c2ln"), Unit::Jwt, Ok(seconds(3600)));
    for bad in ["opaque", "e30.e30.c2ln", "e30.!!.c2ln", "e30.eyJleHAiOjE3NjcyMjkyMDB9", "a.b.c.d"] {
        check(json!(bad), Unit::Jwt, Err(TimeError::BadValue));
    }
}

struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Name) -> Option<Value> {
        None
    }
}

fn span() -> Span {
    Span { file: FileId(0), start: 0, end: 0 }
}

fn time(value: TimeValue) -> Time {
    Time { value, default: None, min: None, max: None, span: span() }
}

fn path(text: &str) -> TimeValue {
    TimeValue::Path(Query::parse(text).expect("a path"), Unit::Seconds)
}

fn resolved(time: &Time, bounds: Bounds, answer: Value) -> Result<Option<Duration>, TimeError> {
    resolve(time, bounds, &Reading { answer: Some(&answer), scope: &Nothing, now: NOW })
}

#[test]
fn s7_an_interval_is_clamped_where_the_file_sets_nothing_else() {
    let mut every = time(path("$.interval"));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": 0 })), Ok(Some(seconds(1))));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": 3600 })), Ok(Some(seconds(60))));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": 5 })), Ok(Some(seconds(5))));
    every.min = Some(ms(100));
    every.max = Some(seconds(120));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": 0 })), Ok(Some(ms(100))));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": 3600 })), Ok(Some(seconds(120))));
    assert_eq!(resolved(&time(TimeValue::Fixed(seconds(300))), INTERVAL, json!({})), Ok(Some(seconds(300))));
}

#[test]
fn s7_a_login_and_a_token_have_limits_that_no_file_moves() {
    let mut until = time(path("$.expires_in"));
    until.max = Some(seconds(86_400));
    assert_eq!(resolved(&until, LOGIN_DEADLINE, json!({ "expires_in": 7200 })), Ok(Some(seconds(1800))));
    assert_eq!(resolved(&until, LOGIN_DEADLINE, json!({ "expires_in": 0 })), Ok(Some(seconds(1))));
    let forever = time(path("$.expires_in"));
    assert_eq!(resolved(&forever, TOKEN_LIFE, json!({ "expires_in": 9e14 })), Ok(Some(TOKEN_LIFE.max)));
}

#[test]
fn an_absent_value_takes_the_default_and_a_bad_one_is_an_error() {
    let mut every = time(path("$.interval"));
    for absent in [json!({}), json!({ "interval": null }), json!({ "interval": "" })] {
        assert_eq!(resolved(&every, INTERVAL, absent), Ok(None));
    }
    every.default = Some(seconds(2));
    assert_eq!(resolved(&every, INTERVAL, json!({})), Ok(Some(seconds(2))));
    assert_eq!(resolved(&every, INTERVAL, json!({ "interval": "often" })), Err(TimeError::BadValue));
    let name = Expression::Name(Name::Token(Vec::new()), span());
    let template =
        Template { parts: vec![Part::Expression(name, span())], span: span(), text: "{{token}}".to_owned() };
    every.value = TimeValue::Template(template, Unit::Seconds);
    assert_eq!(resolved(&every, INTERVAL, json!({})), Ok(Some(seconds(2))));
}

proptest! {
    #[test]
    fn a_written_duration_is_read_as_itself(nanos in 0..LONGEST.as_nanos()) {
        let duration = duration_of_nanos(nanos).ok_or_else(|| TestCaseError::fail("too long"))?;
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn any_text_is_a_duration_or_refused(text in "\\PC{0,30}|[0-9.]{0,40}(ms|s|m|h|d)?") {
        let _ = parse_duration(&text);
    }

    #[test]
    fn any_number_at_any_time_is_read_or_refused(number in any::<f64>(), text in "\\PC{0,20}", now in any::<i64>()) {
        for (_, unit) in UNITS {
            let _ = read(&json!(number), unit, UnixMs(now));
            let _ = read(&json!(text), unit, UnixMs(now));
        }
    }
}
