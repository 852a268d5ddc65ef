//! The places of a request where the file puts values, and what each should hold.

use indexmap::IndexMap;
use serde_json::Value;

use super::body::{Content, once};
use hermes_format::provider::{Act, Auth, Body, JsonTemplate};
use hermes_format::query::{Step, walk};
use hermes_format::template::{Expression, Name, Part, Scope, Template};

/// One value of a request.
pub(super) struct Slot<'a> {
    /// Where it stands, in words: `form.client_id`.
    pub(super) label: String,
    /// Where it stands.
    pub(super) place: Place<'a>,
    /// What the file puts there.
    pub(super) want: Want<'a>,
}

/// Where a value of a request stands.
pub(super) enum Place<'a> {
    /// A parameter of the URL.
    Query(&'a str),
    /// A field of a form.
    Form(&'a str),
    /// A leaf of a JSON body.
    Json(Vec<Step>),
    /// A header.
    Header(String),
    /// The client's id, wherever the way that the server takes puts it.
    ClientId,
    /// The client id of Basic authentication.
    BasicId,
    /// The client secret of Basic authentication.
    BasicSecret,
    /// The bearer token.
    Bearer,
    /// A value in the URL's path, as the route captured it.
    Path(String),
}

/// What the file puts in a place.
#[derive(Clone, Copy)]
pub(super) enum Want<'a> {
    /// A template.
    Template(&'a Template),
    /// An expression of a URL.
    Expression(&'a Expression),
    /// A JSON value without names.
    Literal(&'a Value),
}

impl Want<'_> {
    /// The value that belongs there; `None` where a name has no value yet.
    pub(super) fn value(&self, scope: &dyn Scope) -> Option<Value> {
        match self {
            Want::Template(template) => template.render_json(scope).ok(),
            Want::Expression(expression) => hermes_format::template::evaluate(expression, scope),
            Want::Literal(value) => Some((*value).clone()),
        }
    }

    /// All names in it.
    pub(super) fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        match self {
            Want::Template(template) => names.extend(template.names().into_iter().map(|(name, _)| name)),
            Want::Expression(expression) => collect(expression, &mut names),
            Want::Literal(_) => {}
        }
        names
    }

    /// What stands in the place of the one `{{…}}`, without the text around it; the whole text where there are more.
    pub(super) fn bare(&self, got: &str) -> String {
        let around = match self {
            Want::Template(template) => match template.parts.as_slice() {
                [Part::Text(before), Part::Expression(..)] => Some((before.as_str(), "")),
                [Part::Expression(..), Part::Text(after)] => Some(("", after.as_str())),
                [Part::Text(before), Part::Expression(..), Part::Text(after)] => {
                    Some((before.as_str(), after.as_str()))
                }
                _ => None,
            },
            _ => None,
        };
        let bare = around.and_then(|(before, after)| got.strip_prefix(before)?.strip_suffix(after));
        bare.unwrap_or(got).to_owned()
    }

    /// The one name that has no value yet, and the value that a received text gives it.
    pub(super) fn learn(&self, got: &str, scope: &dyn Scope) -> Option<(Name, String)> {
        let parts: Vec<(Option<String>, Option<&Name>)> = match self {
            Want::Expression(Expression::Name(name, _)) => return Some((name.clone(), got.to_owned())),
            Want::Template(template) => template.parts.iter().map(|part| piece(part, scope)).collect(),
            _ => return None,
        };
        let at = parts.iter().position(|(text, _)| text.is_none())?;
        let name = parts[at].1?;
        let known = |pieces: &[(Option<String>, Option<&Name>)]| -> Option<String> {
            pieces.iter().map(|(text, _)| text.clone()).collect()
        };
        let rest = got.strip_prefix(&known(&parts[..at])?)?.strip_suffix(&known(&parts[at + 1..])?)?;
        Some((name.clone(), rest.to_owned()))
    }
}

fn piece<'a>(part: &'a Part, scope: &dyn Scope) -> (Option<String>, Option<&'a Name>) {
    match part {
        Part::Text(text) => (Some(text.clone()), None),
        Part::Expression(expression, _) => {
            let value = hermes_format::template::evaluate(expression, scope).map(|value| plain(&value));
            let name = match expression {
                Expression::Name(name, _) => Some(name),
                _ => None,
            };
            (value, name)
        }
    }
}

fn collect<'a>(expression: &'a Expression, names: &mut Vec<&'a Name>) {
    match expression {
        Expression::Name(name, _) => names.push(name),
        Expression::Literal(_) => {}
        Expression::First(list) => list.iter().for_each(|inner| collect(inner, names)),
        Expression::Jwt(inner, _) | Expression::Match(inner, _) => collect(inner, names),
        Expression::Call(_, list) => list.iter().for_each(|inner| collect(inner, names)),
        Expression::Var(_, _, template) => names.extend(template.names().into_iter().map(|(name, _)| name)),
    }
}

/// A value as a form would carry it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Slot<'_> {
    /// What a request holds in this place.
    pub(super) fn received(&self, content: &Content) -> Option<Value> {
        let text = match &self.place {
            Place::Query(name) => once(&content.query, name),
            Place::Form(name) => once(&content.form, name),
            Place::Json(steps) => return walk(content.json.as_ref()?, steps).cloned(),
            Place::Header(name) => once(&content.headers, name),
            Place::ClientId => match &content.basic {
                Some((id, _)) => Some(id.as_str()),
                None => once(&content.form, "client_id"),
            },
            Place::BasicId => content.basic.as_ref().map(|(id, _)| id.as_str()),
            Place::BasicSecret => content.basic.as_ref().map(|(_, secret)| secret.as_str()),
            Place::Bearer => content.bearer.as_deref(),
            Place::Path(text) => Some(text.as_str()),
        };
        text.map(Value::from)
    }
}

/// All places of a state's request, those of the URL's path excepted: the route knows them.
pub(super) fn slots(act: &Act) -> Vec<Slot<'_>> {
    let mut all = Vec::new();
    let query = match act {
        Act::Request(request) => &request.query,
        Act::Browser(browser) => &browser.query,
    };
    let template = |kind: &str, name: &str, place, template| Slot {
        label: format!("{kind}.{name}"),
        place,
        want: Want::Template(template),
    };
    all.extend(query.iter().map(|(name, value)| template("query", name, Place::Query(name), value)));
    let Act::Request(request) = act else { return all };
    all.extend(
        request
            .headers
            .iter()
            .filter(|(name, _)| is_judged(name))
            .map(|(name, value)| template("headers", name, Place::Header(name.to_ascii_lowercase()), value)),
    );
    match &request.body {
        Some(Body::Form(fields)) => {
            all.extend(fields.iter().map(|(name, value)| template("form", name, Place::Form(name), value)));
        }
        Some(Body::Json(fields)) => object(fields, &[], &mut all),
        None => {}
    }
    match &request.auth {
        Some(Auth::Basic(id, secret)) => {
            all.push(template("auth", "basic id", Place::BasicId, id));
            all.push(template("auth", "basic secret", Place::BasicSecret, secret));
        }
        Some(Auth::Bearer(token)) => all.push(template("auth", "bearer", Place::Bearer, token)),
        Some(Auth::Client(client)) => all.push(template("auth", "client_id", Place::ClientId, &client.id)),
        None => {}
    }
    all
}

/// Headers that say nothing about the protocol are the client's own affair.
fn is_judged(header: &str) -> bool {
    !["accept", "user-agent", "content-type"].contains(&header.to_ascii_lowercase().as_str())
}

fn object<'a>(fields: &'a IndexMap<String, JsonTemplate>, at: &[Step], all: &mut Vec<Slot<'a>>) {
    for (key, value) in fields {
        json(value, &[at, &[Step::Key(key.clone())]].concat(), all);
    }
}

fn json<'a>(value: &'a JsonTemplate, at: &[Step], all: &mut Vec<Slot<'a>>) {
    let mut leaf = |want| {
        let names: Vec<String> = at
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Index(index) => index.to_string(),
            })
            .collect();
        all.push(Slot { label: format!("json.{}", names.join(".")), place: Place::Json(at.to_vec()), want });
    };
    match value {
        JsonTemplate::Text(template) => leaf(Want::Template(template)),
        JsonTemplate::Literal(literal) => leaf(Want::Literal(literal)),
        JsonTemplate::Array(list) => {
            for (index, item) in (0_i64..).zip(list) {
                json(item, &[at, &[Step::Index(index)]].concat(), all);
            }
        }
        JsonTemplate::Object(fields) => object(fields, at, all),
    }
}
