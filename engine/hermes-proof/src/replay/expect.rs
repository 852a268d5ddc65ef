//! What a run came to, compared with what a test wants.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::file::{Test, escaped};
use super::judge::Judge;
use super::trace::{Ending, Trace};
use hermes_format::provider::{Action, Model, Provider};
use hermes_format::raw::test::{End, ExpectApi, ExpectShown, ExpectToken};
use hermes_format::raw::test_union::Wanted;
use hermes_format::time::{format_duration, parse_duration};
use hermes_machine::access::{Access, Held, access};
use hermes_machine::machine::{Grant, Outcome, Prompt, Trouble};

/// Compares everything that `expect` writes.
pub(super) fn compare(provider: &Provider, test: &Test, trace: &Trace, judge: &mut Judge<'_>) {
    if let Some(Ending::Stuck { field, needed, found }) = &trace.ending {
        return judge.stuck(field, needed, found);
    }
    let expect = &test.expect;
    let end = trace.end();
    if end != Some(expect.end) {
        judge.differ("/expect/end", word(Some(expect.end)), word(end));
    }
    let trouble = trouble(trace);
    failure(test, trouble, judge);
    if let Some(waited) = &expect.waited {
        let same = parse_duration(waited).is_ok_and(|wanted| wanted == trace.waited);
        if !same {
            judge.differ("/expect/waited", waited, &format_duration(trace.waited));
        }
    }
    if let Some(shown) = &expect.shown {
        compare_shown(shown, trace.shown.as_ref(), judge);
    }
    let grant = grant(trace);
    judge.text("/expect/notice", expect.notice.as_ref(), grant.and_then(|g| g.notice.as_deref()));
    if let Some(token) = &expect.token {
        compare_token(token, &stored(test, grant), grant, judge);
    }
    if let Some(api) = &expect.api {
        let access = client(provider, test, trace, grant, None);
        compare_api(api, access.as_ref(), judge);
        for (id, wanted) in &api.models {
            let model = provider.models.iter().find(|model| model.id == *id);
            let access = model.and_then(|model| client(provider, test, trace, grant, Some(model)));
            let (mode, url) = access.map(|a| (a.mode, a.base_url)).unwrap_or_default();
            let at = format!("/expect/api/models/{}", escaped(id));
            judge.text(&format!("{at}/mode"), wanted.mode.as_ref(), mode.as_deref());
            judge.text(&format!("{at}/base_url"), wanted.base_url.as_ref(), url.as_deref());
        }
    }
    if expect.end != End::Error && end == Some(End::Error) && expect.message.is_none() {
        judge.note(trouble.map(|t| format!("{}: {}", t.code, t.message)));
    }
}

fn failure(test: &Test, trouble: Option<&Trouble>, judge: &mut Judge<'_>) {
    let expect = &test.expect;
    judge.text("/expect/code", expect.code.as_ref(), trouble.map(|t| t.code.as_str()));
    judge.text("/expect/state", expect.state.as_ref(), trouble.and_then(|t| t.state.as_deref()));
    judge.text("/expect/message", expect.message.as_ref(), trouble.map(|t| t.message.as_str()));
    judge.text("/expect/help", expect.help.as_ref(), trouble.and_then(|t| t.help.as_deref()));
    if let Some(relogin) = expect.relogin {
        let got = trouble.is_some_and(|t| t.relogin);
        judge.value("/expect/relogin", &Value::from(relogin), Some(&Value::from(got)));
    }
}

fn compare_shown(wanted: &ExpectShown, shown: Option<&Prompt>, judge: &mut Judge<'_>) {
    let url = shown.and_then(|prompt| prompt.url.as_ref()).map(url::Url::as_str);
    judge.text("/expect/shown/url", wanted.url.as_ref(), url);
    judge.text("/expect/shown/code", wanted.code.as_ref(), shown.and_then(|prompt| prompt.code.as_deref()));
}

fn compare_token(wanted: &ExpectToken, stored: &Value, grant: Option<&Grant>, judge: &mut Judge<'_>) {
    let text = |key: &str| stored.get(key).and_then(Value::as_str);
    judge.text("/expect/token/access_token", wanted.access_token.as_ref(), text("access_token"));
    judge.text("/expect/token/refresh_token", wanted.refresh_token.as_ref(), text("refresh_token"));
    let token_type = grant.and_then(|g| g.token_type.as_deref());
    judge.text("/expect/token/token_type", wanted.token_type.as_ref(), token_type);
    compare_life(wanted.expires_in.as_ref(), grant, judge);
    for (name, value) in &wanted.keep {
        let got = stored.get(name).filter(|value| !value.is_null());
        judge.value(&format!("/expect/token/keep/{}", escaped(name)), value, got);
    }
}

fn compare_life(wanted: Option<&Wanted>, grant: Option<&Grant>, judge: &mut Judge<'_>) {
    let life = grant.and_then(|g| {
        let millis = u64::try_from(g.expires_at?.0.saturating_sub(g.obtained_at.0)).ok()?;
        Some(std::time::Duration::from_millis(millis))
    });
    let same = match wanted {
        Some(Wanted::Text(text)) => parse_duration(text).ok() == life && life.is_some(),
        Some(Wanted::Present) => life.is_some(),
        Some(Wanted::Absent) => life.is_none(),
        None => true,
    };
    if !same {
        judge.text("/expect/token/expires_in", wanted, life.map(format_duration).as_deref());
    }
}

fn compare_api(wanted: &ExpectApi, access: Option<&Access>, judge: &mut Judge<'_>) {
    judge.text("/expect/api/mode", wanted.mode.as_ref(), access.and_then(|a| a.mode.as_deref()));
    judge.text("/expect/api/base_url", wanted.base_url.as_ref(), access.and_then(|a| a.base_url.as_deref()));
    let sent: IndexMap<String, &str> = access
        .iter()
        .flat_map(|a| &a.headers)
        .map(|(name, header)| (name.to_ascii_lowercase(), header.value.expose_secret()))
        .collect();
    for (name, value) in &wanted.headers {
        let got = sent.get(&name.to_ascii_lowercase()).copied();
        judge.text(&format!("/expect/api/headers/{}", escaped(name)), Some(value), got);
    }
}

/// The credential as the store has it after the run: what the answer did not carry is what was there.
fn stored(test: &Test, grant: Option<&Grant>) -> Value {
    let before = match test.action {
        Action::Login => None,
        _ => test.token.as_ref().and_then(Value::as_object).cloned(),
    };
    let Some(grant) = grant else { return Value::Object(before.unwrap_or_default()) };
    let mut after: Map<String, Value> = before.unwrap_or_default();
    after.insert("access_token".to_owned(), grant.access_token.expose_secret().into());
    if let Some(refresh_token) = &grant.refresh_token {
        after.insert("refresh_token".to_owned(), refresh_token.expose_secret().into());
    }
    after.extend(grant.keep.clone());
    Value::Object(after)
}

fn client(
    provider: &Provider,
    test: &Test,
    trace: &Trace,
    grant: Option<&Grant>,
    model: Option<&Model>,
) -> Option<Access> {
    let origins = &grant?.origins;
    let (region, inputs, token) = (trace.region.as_deref(), &test.inputs, &stored(test, grant));
    access(provider, &Held { region, inputs, token, origins }, model).ok()
}

fn grant(trace: &Trace) -> Option<&Grant> {
    match &trace.ending {
        Some(Ending::Finished(Outcome::Success(grant))) => Some(grant),
        _ => None,
    }
}

fn trouble(trace: &Trace) -> Option<&Trouble> {
    match &trace.ending {
        Some(Ending::Finished(Outcome::Failed(trouble))) => Some(trouble),
        _ => None,
    }
}

fn word(end: Option<End>) -> &'static str {
    match end {
        Some(End::Success) => "success",
        Some(End::Done) => "done",
        Some(End::Error) => "error",
        Some(End::Timeout) => "timeout",
        None => "cancelled",
    }
}
