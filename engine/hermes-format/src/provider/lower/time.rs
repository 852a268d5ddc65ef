//! Durations, pauses and deadlines.

use std::time::Duration;

use super::Lowering;
use super::code::{BAD_DURATION, UNKNOWN_UNIT};
use super::names::Slot;
use super::site::Site;
use crate::diagnostic::{Diagnostic, nearest};
use crate::provider::Every;
use crate::raw::time::{DurationText, Every as RawEvery, First, Time as RawTime, TimeTable};
use crate::time::{Time, TimeValue, UNITS, Unit, parse_duration};

/// Where a time stands: a path reads the answer that led to `success`, and there is one only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In `[states.success]`.
    Success,
    /// In a state that acts.
    Active,
}

impl Lowering<'_> {
    pub(super) fn duration(&mut self, text: &str, site: Site<'_>) -> Option<Duration> {
        match parse_duration(text) {
            Ok(duration) => Some(duration),
            Err(_) => {
                let finding =
                    Diagnostic::new(&BAD_DURATION, site.span(), format!("`{text}` is not a duration"));
                self.push(match meant(text) {
                    Some(meant) => {
                        finding.help(format!("write `\"{meant}\"`")).fix(site.span(), format!("\"{meant}\""))
                    }
                    None if is_number(text) => {
                        finding.help(format!("write the unit too: `\"{text}s\"` for seconds"))
                    }
                    None => {
                        finding.help("write one number and `ms`, `s`, `m`, `h` or `d`, such as `\"90s\"`")
                    }
                });
                None
            }
        }
    }

    pub(super) fn time(&mut self, raw: &RawTime, site: Site<'_>, place: Place) -> Option<Time> {
        match raw {
            RawTime::Text(text) => self.fixed(text, site),
            RawTime::Table(table) => self.time_table(table, site, place),
        }
    }

    pub(super) fn every(&mut self, raw: &RawEvery, site: Site<'_>) -> Option<Every> {
        match raw {
            RawEvery::Text(text) => {
                self.fixed(text, site).map(|time| Every { time, first: First::default() })
            }
            RawEvery::Table(table) => {
                let time = TimeTable {
                    value: table.value.clone(),
                    unit: table.unit.clone(),
                    default: table.default.clone(),
                    min: table.min.clone(),
                    max: table.max.clone(),
                };
                self.time_table(&time, site, Place::Active).map(|time| Every { time, first: table.first })
            }
        }
    }

    fn fixed(&mut self, text: &str, site: Site<'_>) -> Option<Time> {
        if text.contains("{{") || text.starts_with('$') {
            self.push(Diagnostic::new(&UNKNOWN_UNIT, site.span(), "a value without a unit").help(format!(
                "write `{{ value = \"{text}\", unit = \"s\" }}`, with the unit that the service uses"
            )));
            return None;
        }
        let value = TimeValue::Fixed(self.duration(text, site)?);
        Some(Time { value, default: None, min: None, max: None, span: site.span() })
    }

    fn time_table(&mut self, table: &TimeTable, site: Site<'_>, place: Place) -> Option<Time> {
        let bound = |this: &mut Self, key: &str, text: &Option<DurationText>| {
            text.as_ref().and_then(|text| this.duration(text, site.key(key)))
        };
        let (default, min, max) = (
            bound(self, "default", &table.default),
            bound(self, "min", &table.min),
            bound(self, "max", &table.max),
        );
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            self.push(
                Diagnostic::new(&BAD_DURATION, site.key("min").span(), "`min` is longer than `max`")
                    .also(site.key("max").span(), "`max`")
                    .help("write the shorter one as `min`"),
            );
        }
        let value = self.time_value(table, site, place)?;
        Some(Time { value, default, min, max, span: site.span() })
    }

    fn time_value(&mut self, table: &TimeTable, site: Site<'_>, place: Place) -> Option<TimeValue> {
        let (text, value) = (&*table.value, site.key("value"));
        if text.contains("{{") {
            let template = self.template(text, value, Slot::State);
            return Some(TimeValue::Template(template, self.unit(table, site)?));
        }
        if text.starts_with('$') {
            if place == Place::Active {
                self.push(
                    Diagnostic::new(
                        &BAD_DURATION,
                        value.span(),
                        "there is no answer yet that a path could read",
                    )
                    .help("name the state whose answer is meant: `\"{{STATE.field}}\"`"),
                );
                return None;
            }
            let query = self.query(text, value.span());
            return Some(TimeValue::Path(query?.value, self.unit(table, site)?));
        }
        if table.unit.is_some() {
            self.push(
                Diagnostic::new(&UNKNOWN_UNIT, site.key("unit").span(), "a duration says its own unit")
                    .help("take `unit` out"),
            );
        }
        self.duration(text, value).map(TimeValue::Fixed)
    }

    fn unit(&mut self, table: &TimeTable, site: Site<'_>) -> Option<Unit> {
        let known = UNITS.map(|(name, _)| name);
        let list = known.map(|name| format!("`{name}`")).join(", ");
        let Some(unit) = &table.unit else {
            self.push(
                Diagnostic::new(&UNKNOWN_UNIT, site.key("value").span(), "a value without a unit")
                    .help(format!("add `unit`: one of {list}")),
            );
            return None;
        };
        let found = UNITS.iter().find(|(name, _)| name == unit).map(|(_, unit)| *unit);
        if found.is_none() {
            let span = site.key("unit").span();
            let finding = Diagnostic::new(&UNKNOWN_UNIT, span, format!("there is no unit `{unit}`"));
            self.push(match unit_meant(unit).or_else(|| nearest(unit, known)) {
                Some(meant) => finding.meant(meant),
                None => finding.help(format!("the units are {list}")),
            });
        }
        found
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The unit that a word most likely means.
fn unit_meant(word: &str) -> Option<&'static str> {
    Some(match word {
        "sec" | "secs" | "second" | "seconds" => "s",
        "millis" | "millisecond" | "milliseconds" | "msec" => "ms",
        "unix-s" | "epoch" | "timestamp" => "unix",
        "unix_ms" | "epoch-ms" | "epoch_ms" => "unix-ms",
        "rfc3339" | "iso8601" | "date" => "iso",
        _ => return None,
    })
}

/// The duration that a person meant by `5 minutes`, or by a bare `0`.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, word) = text.split_at(split);
    let unit = match word.trim().to_ascii_lowercase().as_str() {
        "ms" | "millis" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    };
    let meant = format!("{number}{unit}");
    parse_duration(&meant).is_ok().then_some(meant)
}
