//! The requests of a provider's states, their values still templates.

use indexmap::IndexMap;

pub use crate::raw::provider::Read;
use crate::template::Template;

/// A method of HTTP that a file can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `get`.
    Get,
    /// `post`.
    Post,
    /// `put`.
    Put,
    /// `delete`.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// A request, its values still templates.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL; of a list the first.
    pub url: Template,
    /// The URLs that a rule with `next` leads to, in order.
    pub others: Vec<Template>,
    /// What of the answer `$` is.
    pub read: Read,
    /// The parameters of the URL.
    pub query: IndexMap<String, Template>,
    /// The headers.
    pub headers: IndexMap<String, Template>,
    /// The body.
    pub body: Option<Body>,
    /// How the client proves itself.
    pub auth: Option<Auth>,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// `application/x-www-form-urlencoded`.
    Form(IndexMap<String, Template>),
    /// `application/json`: an object.
    Json(IndexMap<String, JsonTemplate>),
}

/// A JSON value whose strings are templates.
#[derive(Debug, Clone)]
pub enum JsonTemplate {
    /// A string.
    Text(Template),
    /// A number, a boolean or null.
    Literal(serde_json::Value),
    /// A list.
    Array(Vec<JsonTemplate>),
    /// An object.
    Object(IndexMap<String, JsonTemplate>),
}

/// How the client proves itself.
#[derive(Debug, Clone)]
pub enum Auth {
    /// HTTP Basic: id and secret.
    Basic(Template, Template),
    /// A bearer token.
    Bearer(Template),
    /// By what the server takes.
    Client(Box<Client>),
}

/// A client that proves itself by what the server takes.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: Template,
    /// Its secret, where it has one.
    pub secret: Option<Template>,
    /// A signed assertion, where it has one.
    pub assertion: Option<Template>,
    /// The ways that the server takes, where it says so.
    pub methods: Option<Template>,
}

impl Client {
    /// Every template of it.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.id).chain(&self.secret).chain(&self.assertion).chain(&self.methods)
    }
}

impl Request {
    /// The URLs, in the order in which they are asked.
    pub fn urls(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.url).chain(&self.others)
    }

    /// Whether a name that `test` accepts stands anywhere in the request.
    pub fn uses(&self, test: impl Fn(&crate::template::Name) -> bool) -> bool {
        self.templates().iter().any(|template| template.names().iter().any(|(name, _)| test(name)))
    }

    /// Every template of the request.
    pub fn templates(&self) -> Vec<&Template> {
        let mut all: Vec<&Template> = self.urls().collect();
        all.extend(self.query.values());
        all.extend(self.headers.values());
        match &self.auth {
            Some(Auth::Basic(id, secret)) => all.extend([id, secret]),
            Some(Auth::Bearer(token)) => all.push(token),
            Some(Auth::Client(client)) => all.extend(client.templates()),
            None => {}
        }
        match &self.body {
            Some(Body::Form(table)) => all.extend(table.values()),
            Some(Body::Json(table)) => table.values().for_each(|json| json.templates(&mut all)),
            None => {}
        }
        all
    }
}

impl JsonTemplate {
    /// Adds every template of the value to `all`.
    pub fn templates<'a>(&'a self, all: &mut Vec<&'a Template>) {
        match self {
            JsonTemplate::Text(template) => all.push(template),
            JsonTemplate::Literal(_) => {}
            JsonTemplate::Array(list) => list.iter().for_each(|json| json.templates(all)),
            JsonTemplate::Object(table) => table.values().for_each(|json| json.templates(all)),
        }
    }
}
