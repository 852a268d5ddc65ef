//! The text of a recorded test.

use std::fmt::Write as _;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::mask::Mask;
use super::{Recording, Started};
use crate::replay::inline::{inline, key};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Provider};
use hermes_machine::machine::{Code, Outcome};

pub(super) fn write(
    provider: &Provider,
    recording: &Recording,
    replies: &IndexMap<&str, Vec<Value>>,
    mask: &mut Mask,
) -> String {
    let mut text = format!("# hermes-engine test {}: no network, a virtual clock\n", provider.id);
    if let Ok(moment) = Timestamp::from_millisecond(recording.started.began.0) {
        let _ = writeln!(text, "now = \"{moment}\"");
    }
    let _ = writeln!(text, "\n[[test]]\nname = \"as it was recorded\"");
    started(&mut text, provider, &recording.started, mask);
    for (state, list) in replies {
        let written = match list.as_slice() {
            [one] => toml(one),
            many => toml(&Value::Array(many.to_vec())),
        };
        let _ = writeln!(text, "replies.{} = {written}", key(state));
    }
    let _ = writeln!(text, "expect = {}", toml(&expect(&recording.outcome, mask)));
    text
}

/// The lines that say how the run begins.
fn started(text: &mut String, provider: &Provider, started: &Started, mask: &mut Mask) {
    let mut line = |name: &str, value: Value| {
        let _ = writeln!(text, "{name} = {}", toml(&value));
    };
    if let Some(run) = run(started.action) {
        line("run", run.into());
        line("token", json!({ "access_token": "old", "refresh_token": "old" }));
    }
    if let Some(from) = &started.from {
        line("from", from.as_str().into());
    }
    if let Some(region) = &started.region {
        line("region", region.as_str().into());
    }
    if !started.browser {
        line("browser", false.into());
    }
    for (name, value) in &started.inputs {
        let Some(input) = provider.inputs.get(name) else { continue };
        if input.default.as_ref() != Some(value) {
            let value = if input.secret { mask.text(name, value) } else { value.clone() };
            line(&format!("inputs.{}", key(name)), value.into());
        }
    }
}

fn run(action: Action) -> Option<&'static str> {
    match action {
        Action::Login => None,
        Action::Refresh => Some("refresh"),
        Action::Logout => Some("logout"),
        Action::Verify => Some("verify"),
    }
}

fn toml(value: &Value) -> String {
    inline(value, Language::Toml)
}

fn expect(outcome: &Outcome, mask: &mut Mask) -> Value {
    let mut expect = Map::new();
    let mut put = |name: &str, value: Value| expect.insert(name.to_owned(), value);
    match outcome {
        Outcome::Success(grant) => {
            put("end", "success".into());
            let mut token = Map::new();
            let access_token = mask.text("access_token", grant.access_token.expose_secret());
            token.insert("access_token".to_owned(), access_token.into());
            if let Some(refresh_token) = &grant.refresh_token {
                let word = mask.text("refresh_token", refresh_token.expose_secret());
                token.insert("refresh_token".to_owned(), word.into());
            }
            put("token", Value::Object(token));
        }
        Outcome::Done { .. } => drop(put("end", "done".into())),
        Outcome::Failed(trouble) => {
            put("end", if trouble.code == Code::Timeout { "timeout" } else { "error" }.into());
            put("code", trouble.code.as_str().into());
        }
        Outcome::Cancelled => drop(put("end", "error".into())),
    }
    Value::Object(expect)
}
