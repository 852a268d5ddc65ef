//! What uses a field of an answer, in the words of the file.

use hermes_format::provider::{Provider, Spot, ValueSource};
use hermes_format::query::Step;
use hermes_format::template::Name;
use hermes_format::time::{Time, TimeValue};

/// The templates that use a field of a state's answer, or something in it.
pub(super) fn uses(provider: &Provider, of: &str, steps: &[Step]) -> Vec<String> {
    let is_use =
        |name: &Name| matches!(name, Name::Answer { state, path } if state == of && path.starts_with(steps));
    let mut users = Vec::new();
    for state in &provider.states {
        let placed = state.templates().into_iter();
        let using = placed.filter(|placed| placed.template.names().iter().any(|(name, _)| is_use(name)));
        users.extend(using.map(|placed| format!("{} of `{}`", words(placed.spot), state.name)));
    }
    let texts = provider.error_templates().into_iter();
    let using = texts.filter(|placed| placed.template.names().iter().any(|(name, _)| is_use(name)));
    users.extend(using.map(|placed| words(placed.spot)));
    users
}

/// What `success` reads from a field of the answer that leads there.
pub(super) fn read_by_success(provider: &Provider, steps: &[Step]) -> Vec<String> {
    let Some(success) = provider.success() else { return Vec::new() };
    let is_use = |path: &[Step]| path.starts_with(steps);
    let reads =
        |source: &ValueSource| matches!(source, ValueSource::Path(path) if is_use(path.value.steps()));
    let mut keys: Vec<String> = Vec::new();
    if reads(&success.access_token) {
        keys.push("access_token".to_owned());
    }
    if reads(&success.refresh_token) {
        keys.push("refresh_token".to_owned());
    }
    let is_read = |time: &Time| matches!(&time.value, TimeValue::Path(path, _) if is_use(path.steps()));
    if success.expires.iter().any(is_read) {
        keys.push("expires".to_owned());
    }
    keys.extend(
        success.keep.iter().filter(|(_, source)| reads(source)).map(|(key, _)| format!("keep.{key}")),
    );
    if success.notice.as_ref().is_some_and(reads) {
        keys.push("notice".to_owned());
    }
    keys.into_iter().map(|key| format!("`{key}` of `success`")).collect()
}

fn words(spot: Spot<'_>) -> String {
    let key = match spot {
        Spot::Url => return "the URL".to_owned(),
        Spot::Operand | Spot::Known => return "a condition".to_owned(),
        Spot::ErrorText(code) => return format!("the text of `{code}`"),
        Spot::Query(name) => format!("query.{name}"),
        Spot::Header(name) => format!("headers.{name}"),
        Spot::Form(name) => format!("form.{name}"),
        Spot::Json(name) => format!("json.{name}"),
        Spot::Keep(name) => format!("keep.{name}"),
        Spot::ApiHeader(name) => format!("api.headers.{name}"),
        Spot::Open => "open".to_owned(),
        Spot::BasicId | Spot::BasicSecret => "auth.basic".to_owned(),
        Spot::Bearer => "auth.bearer".to_owned(),
        Spot::ClientMethods => "auth.client".to_owned(),
        Spot::ListenPath => "listen".to_owned(),
        Spot::ShowUrl => "show.url".to_owned(),
        Spot::ShowCode => "show.code".to_owned(),
        Spot::Every => "every".to_owned(),
        Spot::Until => "until".to_owned(),
        Spot::AccessToken => "access_token".to_owned(),
        Spot::RefreshToken => "refresh_token".to_owned(),
        Spot::Expires => "expires".to_owned(),
        Spot::Notice => "notice".to_owned(),
        Spot::BaseUrl => "base_url".to_owned(),
    };
    format!("`{key}`")
}
