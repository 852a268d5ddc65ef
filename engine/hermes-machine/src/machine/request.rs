//! A state's request, with every template rendered into its typed slot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use url::Url;

use super::effect::{Body, HeaderValue, Request};
use super::run::Run;
use hermes_format::label::label_template;
use hermes_format::provider::{self, Auth, JsonTemplate};
use hermes_format::secret::Secret;
use hermes_format::template::{Missing, Name, Template, UrlTrouble, path_text, render_url};

/// Why a request can't be made.
#[derive(Debug)]
pub(super) enum Unmade {
    /// A name has no value; `slot` is where it is used.
    Missing {
        /// `form.user_code`, `headers.x-request-id`, `post`, …
        slot: String,
        /// What is missing.
        missing: Missing,
        /// The names in the template.
        names: Vec<Name>,
    },
    /// The URL can't be used.
    Url(UrlTrouble),
    /// A value can't stand in a header.
    Header(String),
}

/// Makes the request of a state.
pub(super) fn build(state: &str, request: &provider::Request, run: &Run) -> Result<Request, Unmade> {
    let mut url = url(&request.url, request.method.as_str(), run)?;
    add_query(&mut url, &request.query, run)?;
    let mut headers = vec![("accept".to_owned(), plain("application/json"))];
    if let Some(auth) = &request.auth {
        headers.extend(authorization(auth, run)?.map(|value| ("authorization".to_owned(), value)));
    }
    for (name, template) in &request.headers {
        set_header(&mut headers, name, template, run)?;
    }
    let body = request.body.as_ref().map(|body| self::body(body, run)).transpose()?;
    let path_template = path_text(&request.url, &run.constants());
    Ok(Request { state: state.to_owned(), method: request.method, url, path_template, headers, body })
}

/// Renders a URL.
pub(super) fn url(template: &Template, slot: &str, run: &Run) -> Result<Url, Unmade> {
    match render_url(template, run) {
        Ok(url) => Ok(url),
        Err(UrlTrouble::Missing(missing)) => Err(lacking(slot.to_lowercase(), missing, template)),
        Err(trouble) => Err(Unmade::Url(trouble)),
    }
}

/// Adds parameters to a URL; an empty one is not sent.
pub(super) fn add_query(url: &mut Url, query: &IndexMap<String, Template>, run: &Run) -> Result<(), Unmade> {
    for (name, value) in fields(query, "query", run)? {
        url.query_pairs_mut().append_pair(&name, &value);
    }
    Ok(())
}

fn text(template: &Template, slot: impl FnOnce() -> String, run: &Run) -> Result<String, Unmade> {
    template.render(run).map_err(|missing| lacking(slot(), missing, template))
}

fn lacking(slot: String, missing: Missing, template: &Template) -> Unmade {
    let names = template.names().into_iter().map(|(name, _)| name.clone()).collect();
    Unmade::Missing { slot, missing, names }
}

fn fields(
    table: &IndexMap<String, Template>,
    kind: &str,
    run: &Run,
) -> Result<Vec<(String, String)>, Unmade> {
    let mut fields = Vec::with_capacity(table.len());
    for (name, template) in table {
        let value = text(template, || format!("{kind}.{name}"), run)?;
        if !value.is_empty() {
            fields.push((name.clone(), value));
        }
    }
    Ok(fields)
}

fn plain(value: &str) -> HeaderValue {
    HeaderValue { value: Secret::new(value), sensitive: false }
}

fn set_header(
    headers: &mut Vec<(String, HeaderValue)>,
    name: &str,
    template: &Template,
    run: &Run,
) -> Result<(), Unmade> {
    let value = text(template, || format!("headers.{name}"), run)?;
    let name = name.to_ascii_lowercase();
    headers.retain(|(known, _)| *known != name);
    if value.is_empty() {
        return Ok(());
    }
    let sensitive = name == "authorization" || !label_template(template, &run.provider).may_be_seen();
    headers.push((name.clone(), HeaderValue { value: header_text(&name, value)?, sensitive }));
    Ok(())
}

fn header_text(name: &str, value: String) -> Result<Secret, Unmade> {
    if value.chars().all(|c| c == '\t' || (!c.is_control() && c.is_ascii())) {
        Ok(Secret::new(value))
    } else {
        Err(Unmade::Header(name.to_owned()))
    }
}

fn authorization(auth: &Auth, run: &Run) -> Result<Option<HeaderValue>, Unmade> {
    let slot = if matches!(auth, Auth::Basic(..)) { "auth.basic" } else { "auth.bearer" };
    let value = authorization_text(auth, |template| text(template, || slot.to_owned(), run))?;
    let value = value.map(|value| header_text("authorization", value)).transpose()?;
    Ok(value.map(|value| HeaderValue { value, sensitive: true }))
}

/// The value of `Authorization`; `None` where the file makes the bearer token `""`.
pub(crate) fn authorization_text<E>(
    auth: &Auth,
    text: impl Fn(&Template) -> Result<String, E>,
) -> Result<Option<String>, E> {
    Ok(match auth {
        // RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
        Auth::Basic(id, secret) => {
            let (id, secret) = (form_encoded(&text(id)?), form_encoded(&text(secret)?));
            Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
        }
        Auth::Bearer(token) => Some(text(token)?).filter(|t| !t.is_empty()).map(|t| format!("Bearer {t}")),
    })
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn body(body: &provider::Body, run: &Run) -> Result<Body, Unmade> {
    match body {
        provider::Body::Form(table) => fields(table, "form", run).map(Body::Form),
        provider::Body::Json(table) => object(table, "json", run).map(Value::Object).map(Body::Json),
    }
}

fn object(
    table: &IndexMap<String, JsonTemplate>,
    slot: &str,
    run: &Run,
) -> Result<Map<String, Value>, Unmade> {
    let mut object = Map::new();
    for (key, template) in table {
        let slot = format!("{slot}.{key}");
        let value = json(template, &slot, run)?;
        // What the file itself makes "" is not sent.
        if value.as_str() != Some("") {
            object.insert(key.clone(), value);
        }
    }
    Ok(object)
}

fn json(template: &JsonTemplate, slot: &str, run: &Run) -> Result<Value, Unmade> {
    match template {
        JsonTemplate::Text(template) => {
            template.render_json(run).map_err(|missing| lacking(slot.to_owned(), missing, template))
        }
        JsonTemplate::Literal(value) => Ok(value.clone()),
        JsonTemplate::Array(list) => {
            let items = list.iter().enumerate().map(|(i, item)| json(item, &format!("{slot}.{i}"), run));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        JsonTemplate::Object(table) => object(table, slot, run).map(Value::Object),
    }
}
