//! What a run sent, compared with what a test wants.

use serde_json::Value;
use url::Url;

use super::file::{Test, escaped};
use super::judge::Judge;
use super::trace::{Sending, Trace};
use hermes_format::raw::test::Sent;
use hermes_format::raw::test_union::{OneOrList, Wanted};
use hermes_machine::machine::Body;

/// Compares everything that `sent` writes: a table with a state's first request, a list with all of them.
pub(super) fn compare(test: &Test, trace: &Trace, judge: &mut Judge<'_>) {
    for (state, wanted) in &test.sent {
        let pointer = format!("/sent/{}", escaped(state));
        let sendings = trace.sent.get(state).map(Vec::as_slice).unwrap_or_default();
        match wanted {
            OneOrList::One(wanted) => first(&pointer, wanted, sendings, judge),
            OneOrList::List(list) => {
                if list.len() != sendings.len() {
                    let (expected, got) = (requests(list.len()), requests(sendings.len()));
                    judge.stuck(&format!("sent.{state}"), &expected, &got);
                }
                for (i, (wanted, sending)) in list.iter().zip(sendings).enumerate() {
                    one(&format!("{pointer}/{i}"), wanted, sending, judge);
                }
            }
        }
    }
}

fn first(pointer: &str, wanted: &Sent, sendings: &[Sending], judge: &mut Judge<'_>) {
    if let Some(times) = wanted.times {
        judge.value(&format!("{pointer}/times"), &Value::from(times), Some(&Value::from(sendings.len())));
    }
    match sendings.first() {
        Some(sending) => one(pointer, wanted, sending, judge),
        None if wanted.times == Some(0) => {}
        None => judge.stuck(&pointer.replacen('/', "", 1).replace('/', "."), "a request", "none was sent"),
    }
}

fn one(pointer: &str, wanted: &Sent, sending: &Sending, judge: &mut Judge<'_>) {
    if let Some(url) = &wanted.url {
        let got = comparable(&sending.url, url.contains('?'));
        judge.text(&format!("{pointer}/url"), Some(&Wanted::Text(url.clone())), Some(&got));
    }
    if let Some(method) = &wanted.method {
        judge.text(&format!("{pointer}/method"), Some(&Wanted::Text(method.clone())), Some(sending.method));
    }
    let part = |name: &str, key: &str| format!("{pointer}/{name}/{}", escaped(key));
    for (key, value) in &wanted.query {
        let got =
            sending.url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned());
        judge.text(&part("query", key), Some(value), got.as_deref());
    }
    for (key, value) in &wanted.form {
        judge.text(&part("form", key), Some(value), form_field(sending, key));
    }
    for (key, value) in &wanted.headers {
        let got = sending.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        judge.text(&part("headers", key), Some(value), got.map(|(_, value)| value.as_str()));
    }
    if let Some(json) = &wanted.json {
        let got = match &sending.body {
            Some(Body::Json(value)) => Some(value),
            _ => None,
        };
        judge.value(&format!("{pointer}/json"), json, got);
    }
}

fn form_field<'a>(sending: &'a Sending, key: &str) -> Option<&'a str> {
    match &sending.body {
        Some(Body::Form(fields)) => {
            fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
        }
        _ => None,
    }
}

fn comparable(url: &Url, with_query: bool) -> String {
    let mut url = url.clone();
    if !with_query {
        url.set_query(None);
    }
    url.to_string()
}

fn requests(count: usize) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}
