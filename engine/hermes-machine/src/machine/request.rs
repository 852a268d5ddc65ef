//! A state's request, with every template rendered into its typed slot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use url::Url;

use super::effect::{Body, HeaderValue, Request};
use super::run::Run;
use hermes_format::label::label_template;
use hermes_format::provider::{self, Auth, Client, JsonTemplate};
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
    /// The server takes none of the ways in which the client could prove itself.
    Client,
}

/// The first of a request's URLs from one on that has all its values.
pub(super) fn url_at(request: &provider::Request, from: usize, run: &Run) -> Option<usize> {
    let has_values = |url: &Template| !matches!(render_url(url, run), Err(UrlTrouble::Missing(_)));
    request.urls().enumerate().skip(from).find(|(_, url)| has_values(url)).map(|(at, _)| at)
}

/// Makes the request of a state, to one of its URLs.
pub(super) fn build(
    state: &str,
    request: &provider::Request,
    at: usize,
    run: &Run,
) -> Result<Request, Unmade> {
    let template = request.urls().nth(at).unwrap_or(&request.url);
    let mut url = url(template, request.method.as_str(), run)?;
    add_query(&mut url, &request.query, run)?;
    let mut headers = vec![("accept".to_owned(), plain("application/json"))];
    let mut proof = Vec::new();
    match &request.auth {
        Some(Auth::Client(client)) => match client_proof(client, run)? {
            Proof::Basic(value) => headers.push(("authorization".to_owned(), value)),
            Proof::Form(fields) => proof = fields,
        },
        Some(auth) => {
            headers.extend(authorization(auth, run)?.map(|value| ("authorization".to_owned(), value)))
        }
        None => {}
    }
    for (name, template) in &request.headers {
        set_header(&mut headers, name, template, run)?;
    }
    let mut body = request.body.as_ref().map(|body| self::body(body, run)).transpose()?;
    if let Some(Body::Form(fields)) = &mut body {
        fields.extend(proof);
    }
    let path_template = path_text(template, &run.constants());
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
        Auth::Basic(id, secret) => Some(basic(&text(id)?, &text(secret)?)),
        Auth::Bearer(token) => Some(text(token)?).filter(|t| !t.is_empty()).map(|t| format!("Bearer {t}")),
        // What a client gets has none.
        Auth::Client(_) => None,
    })
}

/// How a client proves itself in one request.
enum Proof {
    /// By the header `Authorization`.
    Basic(HeaderValue),
    /// By fields of the form.
    Form(Vec<(String, String)>),
}

/// The ways to prove a client that are known, the best first
/// ([RFC 7591 §2](https://www.rfc-editor.org/rfc/rfc7591#section-2), [OpenID Connect Core
/// §9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)).
const METHODS: [&str; 4] = ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"];

/// The first way that the server takes and for which there is a value.
fn client_proof(client: &Client, run: &Run) -> Result<Proof, Unmade> {
    let id = text(&client.id, || "auth.client.id".to_owned(), run)?;
    let value = |template: &Option<Template>| {
        template.as_ref().and_then(|t| t.render(run).ok()).filter(|text| !text.is_empty())
    };
    let (secret, assertion) = (value(&client.secret), value(&client.assertion));
    let taken = client.methods.as_ref().and_then(|methods| methods.render_json(run).ok());
    let taken: Vec<String> = match taken {
        Some(Value::String(one)) if !one.is_empty() => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let has_value = |method: &str| match method {
        "private_key_jwt" => assertion.is_some(),
        "client_secret_basic" | "client_secret_post" => secret.is_some(),
        // A client that has a secret is not to leave it out, unless the server says that it takes none.
        _ => (secret.is_none() && assertion.is_none()) || !taken.is_empty(),
    };
    let is_taken = |method: &str| taken.is_empty() || taken.iter().any(|own| own == method);
    let method =
        METHODS.into_iter().find(|method| is_taken(method) && has_value(method)).ok_or(Unmade::Client)?;
    let field = |name: &str, value: String| (name.to_owned(), value);
    Ok(match (method, secret, assertion) {
        ("private_key_jwt", _, Some(assertion)) => Proof::Form(vec![
            field("client_id", id),
            field(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
            ),
            field("client_assertion", assertion),
        ]),
        ("client_secret_basic", Some(secret), _) => {
            let value = header_text("authorization", basic(&id, &secret))?;
            Proof::Basic(HeaderValue { value, sensitive: true })
        }
        ("client_secret_post", Some(secret), _) => {
            Proof::Form(vec![field("client_id", id), field("client_secret", secret)])
        }
        _ => Proof::Form(vec![field("client_id", id)]),
    })
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", form_encoded(id), form_encoded(secret))))
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
