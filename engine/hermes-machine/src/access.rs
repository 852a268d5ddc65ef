//! What a client gets from a credential: protocol, base URL and headers, rendered from `[api]`.

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use crate::machine::{Code, HeaderValue, Request, Trouble, authorization_text};
use hermes_format::label::label_template;
use hermes_format::origin::{Origin, Origins, transport_allowed};
use hermes_format::provider::{Constants, Method, Model, Provider};
use hermes_format::query::walk;
use hermes_format::secret::Secret;
use hermes_format::template::{
    Missing, Name, Scope, Template, UrlTrouble, path_text, render_url, render_var,
};

/// How a client reaches the provider with a credential.
#[derive(Debug, Clone)]
pub struct Access {
    /// The protocol.
    pub mode: Option<String>,
    /// The URL that requests go to, without a `/` at its end.
    pub base_url: Option<String>,
    /// The headers to send, `Authorization` among them; names as written.
    pub headers: Vec<(String, HeaderValue)>,
}

/// A credential as `[api]` reads it.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The region that it was made in; `None` is the file's default.
    pub region: Option<&'a str>,
    /// The inputs that are in force.
    pub inputs: &'a IndexMap<String, String>,
    /// The JSON object whose members are `{{token.*}}`.
    pub token: &'a Value,
    /// Where the credential may go.
    pub origins: &'a Origins,
}

impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Renders `[api]` for a credential, and for a model where one is chosen.
///
/// A base URL outside the credential's origins is refused with `origin_refused`; a name without a value is `bad_answer`.
pub fn access(provider: &Provider, held: &Held<'_>, model: Option<&Model>) -> Result<Access, Trouble> {
    let scope = HeldScope::of(provider, held);
    let mode = model.and_then(|m| m.mode.clone()).or_else(|| provider.api.mode.clone());
    let template = model.and_then(|m| m.base_url.as_ref()).or(provider.api.base_url.as_ref());
    let base_url = template.map(|template| url(provider, template, &scope, held.origins)).transpose()?;
    let base_url = base_url.map(|url| url.as_str().trim_end_matches('/').to_owned());
    Ok(Access { mode, base_url, headers: headers(provider, &scope)? })
}

/// The request for the provider's list of models, as a client would send it; `None` where the file says none.
///
/// Fails as [`access`] does.
pub fn listing(provider: &Provider, held: &Held<'_>) -> Result<Option<Request>, Trouble> {
    let Some(listing) = &provider.api.models else { return Ok(None) };
    let scope = HeldScope::of(provider, held);
    let url = url(provider, &listing.url, &scope, held.origins)?;
    let own = headers(provider, &scope)?.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let accept = HeaderValue { value: Secret::new("application/json"), sensitive: false };
    let headers = std::iter::once(("accept".to_owned(), accept)).chain(own).collect();
    let path_template = path_text(&listing.url, &scope.constants);
    let state = "api.models".to_owned();
    Ok(Some(Request { state, method: Method::Get, url, path_template, headers, body: None }))
}

fn url(
    provider: &Provider,
    template: &Template,
    scope: &HeldScope<'_>,
    origins: &Origins,
) -> Result<Url, Trouble> {
    let url = render_url(template, scope).map_err(|trouble| match trouble {
        UrlTrouble::Missing(missing) => {
            let detail = format!("{missing}, and `{}` needs it", template.text);
            Trouble::because(provider, Code::MissingInput, detail)
        }
        trouble => {
            // A var is made of constants alone.
            let is_given = template.names().iter().all(|(name, _)| name.is_constant());
            let code = if is_given { Code::BadInput } else { Code::BadAnswer };
            Trouble::because(provider, code, format!("`{}` {trouble}", template.text))
        }
    })?;
    if !transport_allowed(&url) {
        return Err(plain_http(provider, &url));
    }
    if Origin::of(&url).is_some_and(|origin| origins.allows(&origin)) {
        return Ok(url);
    }
    let host = url.host_str().unwrap_or_default();
    let detail = format!("the credential was not made for `{host}`");
    Err(Trouble::because(provider, Code::OriginRefused, detail).at_host(host))
}

/// S1: what is sent in the clear goes no further than this computer.
fn plain_http(provider: &Provider, url: &Url) -> Trouble {
    let host = url.host_str().unwrap_or_default();
    let detail = format!("`{host}` is not this computer, and plain http goes no further");
    Trouble::because(provider, Code::PlainHttp, detail).at_host(host)
}

fn headers(provider: &Provider, scope: &HeldScope<'_>) -> Result<Vec<(String, HeaderValue)>, Trouble> {
    let mut headers = Vec::new();
    let own = |name: &str| provider.api.headers.keys().any(|key| key.eq_ignore_ascii_case(name));
    if let Some(value) = authorization(provider, scope)?.filter(|_| !own("authorization")) {
        fits_header(provider, "Authorization", &value)?;
        let value = Secret::new(value);
        headers.push(("Authorization".to_owned(), HeaderValue { value, sensitive: true }));
    }
    for (name, template) in &provider.api.headers {
        let value = template.render(scope).map_err(|missing| missing_header(provider, name, &missing))?;
        fits_header(provider, name, &value)?;
        if !value.is_empty() {
            let sensitive = !label_template(template, provider).may_be_seen();
            headers.push((name.clone(), HeaderValue { value: Secret::new(value), sensitive }));
        }
    }
    Ok(headers)
}

/// Refuses a value that would not be one line of a header.
fn fits_header(provider: &Provider, name: &str, value: &str) -> Result<(), Trouble> {
    if value.bytes().any(|b| b.is_ascii_control() || !b.is_ascii()) {
        let detail = format!("the header `{name}` can't hold its value");
        return Err(Trouble::because(provider, Code::BadAnswer, detail));
    }
    Ok(())
}

/// The value of `Authorization`: the access token as a bearer token, or what the file says.
fn authorization(provider: &Provider, scope: &HeldScope<'_>) -> Result<Option<String>, Trouble> {
    let token = || scope.token.get("access_token").and_then(Value::as_str);
    let Some(auth) = &provider.api.auth else { return Ok(token().map(|token| format!("Bearer {token}"))) };
    let text = |template: &Template| template.render(scope);
    authorization_text(auth, text).map_err(|missing| missing_header(provider, "Authorization", &missing))
}

fn missing_header(provider: &Provider, name: &str, missing: &Missing) -> Trouble {
    Trouble::because(provider, Code::BadAnswer, format!("{missing}, and the header `{name}` needs it"))
}

/// Constants and the stored credential.
struct HeldScope<'a> {
    constants: Constants<'a>,
    token: &'a Value,
}

impl<'a> HeldScope<'a> {
    fn of(provider: &'a Provider, held: &Held<'a>) -> HeldScope<'a> {
        let constants = Constants { provider, region: held.region, inputs: held.inputs };
        HeldScope { constants, token: held.token }
    }
}

impl Scope for HeldScope<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Token(path) => walk(self.token, path).cloned(),
            Name::Var(var) => render_var(self.constants.provider.vars.get(var)?, self).map(Value::String),
            other => self.constants.value(other),
        }
    }
}
