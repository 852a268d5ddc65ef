//! What holds for every answer, every recording and every set of mends.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::replay::record::{Exchange, Recording, Started, test_file};
use hermes_format::diagnostic::Fix;
use hermes_format::provider::{Action, Method};
use hermes_format::source::{FileId, Span};
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Outcome, Request, Response, Trouble};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

/// An answer with the fields that a device flow reads, each as it likes, or not at all.
fn answer() -> impl Strategy<Value = Value> {
    let names = [
        "user_code",
        "verification_uri",
        "state",
        "interval",
        "access_token",
        "expires_in",
        "error",
        "notice",
    ];
    prop::collection::btree_map(prop::sample::select(names.to_vec()), leaf(), 0..8)
        .prop_map(|members| {
            members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<serde_json::Map<_, _>>()
        })
        .prop_map(Value::Object)
}

fn text_of(value: &Value) -> String {
    // A template in an answer is the test's own doing; here braces are noise.
    value.to_string().replace(['{', '}'], "")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_run_ends_whatever_is_answered(first in answer(), second in answer(), status in 100u16..600, raw in "\\PC{0,20}") {
        let reply = |value: &Value| json!({ "status": status, "text": format!("{{{}}}", text_of(value)) });
        let good = json!({ "json": { "user_code": "AB", "verification_uri": "https://auth.eu.example.com/go", "state": "{{random.state}}", "interval": second["interval"].clone() } });
        let tests = json!({
            "replies": { "device": [good], "poll": [reply(&first), { "json": { "a": raw.replace('{', "") } }, reply(&second)] },
            "test": [
                { "name": "it", "expect": { "end": "success" } },
                { "name": "odd", "replies": { "device": reply(&first) }, "expect": { "end": "success" } },
            ],
        });
        let (mut sources, provider) = provider(DEVICE);
        let file = super::text("acme.test", Language::Yaml, &tests.to_string());
        let (file, findings) = load(&mut sources, &file, &provider);
        prop_assert!(file.is_some(), "{:?}", findings);
        let report = file.map(|file| run(&provider, &file)).expect("asserted");
        prop_assert_eq!(report.tests.len(), 2);
        let endless = mismatches(&report).into_iter().find(|line| line.contains("an end of the run"));
        prop_assert_eq!(endless, None);
    }

    #[test]
    fn no_text_of_a_recorded_answer_is_written(secrets in prop::collection::vec("[A-Za-z0-9]{12,40}", 1..6), text in "[A-Za-z0-9]{12,40}") {
        let members: serde_json::Map<String, Value> =
            secrets.iter().enumerate().map(|(i, s)| (format!("f{i}"), json!([s, { "token": s }]))).collect();
        let body = Value::Object(members).to_string();
        let request = |state: &str| Request {
            state: state.to_owned(),
            method: Method::Post,
            url: url::Url::parse("https://auth.eu.example.com/").expect("a URL"),
            path_template: "/".to_owned(),
            headers: Vec::new(),
            body: None,
        };
        let response = |body: &str| Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec(), truncated: false };
        let exchanges = vec![
            Exchange::Http(request("device"), response(&body)),
            Exchange::Http(request("poll"), response(&text)),
        ];
        let trouble = Trouble::plain(Code::Timeout, text.clone());
        let (_, provider) = provider(DEVICE);
        let started = Started { action: Action::Login, from: None, region: None, browser: true, inputs: Default::default(), began: UnixMs(0) };
        let recording = Recording { started, exchanges, outcome: Outcome::Failed(trouble) };
        let written = test_file(&provider, &recording);
        for secret in secrets.iter().chain([&text]) {
            // Digits alone are a number, and numbers stay.
            prop_assert!(!written.contains(secret) || secret.parse::<f64>().is_ok(), "{} in {}", secret, written);
        }
    }

    #[test]
    fn mends_never_break_a_text(text in "\\PC{0,30}", mends in prop::collection::vec((0u32..40, 0u32..40, "[a-z]{0,3}"), 0..6)) {
        let fixes: Vec<Fix> = mends
            .into_iter()
            .map(|(start, end, replacement)| Fix { span: Span { file: FileId(0), start, end }, replacement })
            .collect();
        let _ = update::apply(&text, &fixes);
        prop_assert_eq!(update::apply(&text, &[]), text);
    }
}
