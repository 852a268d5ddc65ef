//! The checked model: a provider that can't be wrong in its references, types and syntax.
//!
//! Made from [`crate::raw`] by [`lower`]; run by [`crate::machine`]; read by [`crate::check`] with the spans it carries.
//! Whether it is also *sensible* (every field guaranteed, every loop bounded) is for `check` to say.

pub mod constants;
pub mod lower;
mod place;
mod reach;
mod spot;

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

pub use self::constants::Constants;
pub use self::reach::ACTIONS;
pub use self::spot::{Placed, Spot};
use crate::condition::Condition;
use crate::origin::HostPattern;
use crate::query::Query;
pub use crate::raw::provider::Status;
use crate::raw::time::First;
use crate::source::Span;
use crate::template::{Pattern, Template};
use crate::time::Time;

/// Which state, by its place in [`Provider::states`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub usize);

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// A provider, whole: its flow merged in, its names resolved.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The id: the file's name.
    pub id: String,
    /// What a person calls it; the id where the file has no name.
    pub name: String,
    /// One line on what it is.
    pub summary: Option<String>,
    /// The address of its documentation.
    pub docs: Option<String>,
    /// Its other ids.
    pub aliases: Vec<At<String>>,
    /// Whether it can still be logged in to.
    pub status: Status,
    /// Why not, and what to use instead.
    pub status_note: Option<String>,
    /// Its models; the first is the default.
    pub models: Vec<Model>,
    /// The flow files it was merged over, nearest first.
    pub extends: Vec<String>,
    /// Where it says that it extends the nearest one.
    pub extends_at: Option<Span>,
    /// Where each action begins.
    pub start: Starts,
    /// Hosts beyond those of its URLs.
    pub hosts: Vec<At<HostPattern>>,
    /// Its constants.
    pub vars: IndexMap<String, Template>,
    /// Its regions.
    pub regions: Option<Regions>,
    /// What a person or the environment supplies.
    pub inputs: IndexMap<String, Input>,
    /// What a client gets.
    pub api: Api,
    /// Its states; the four final ones are always there.
    pub states: Vec<State>,
    /// The texts of its error codes.
    pub errors: IndexMap<String, ErrorText>,
    /// The whole file, for findings that have no better place.
    pub span: Span,
}

/// A provider that is shared by those who run and read it.
pub type Shared = Arc<Provider>;

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its id on the wire.
    pub id: String,
    /// Its context window, in tokens.
    pub context: Option<u64>,
    /// Its longest answer, in tokens.
    pub output: Option<u64>,
    /// What it is best for.
    pub best_for: Option<String>,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Whether it is the small one, for auxiliary tasks.
    pub aux: bool,
    /// Its protocol, where it is not the provider's.
    pub mode: Option<String>,
    /// Its base URL, where it is not the provider's.
    pub base_url: Option<Template>,
    /// Where it is written.
    pub span: Span,
}

/// What a machine can be started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// To get a credential.
    Login,
    /// To renew it.
    Refresh,
    /// To revoke it.
    Logout,
    /// To prove it.
    Verify,
}

/// The states in which each action may begin, in the order of preference. Empty where the file has none.
#[derive(Debug, Clone, Default)]
pub struct Starts {
    /// Login.
    pub login: Vec<At<StateId>>,
    /// Logout.
    pub logout: Vec<At<StateId>>,
    /// Verification.
    pub verify: Vec<At<StateId>>,
}

/// The regions of a provider.
#[derive(Debug, Clone)]
pub struct Regions {
    /// The one that is taken where none is named.
    pub default: String,
    /// The keys of each.
    pub tables: IndexMap<String, IndexMap<String, At<String>>>,
}

/// Something that a person or the environment supplies.
#[derive(Debug, Clone)]
pub struct Input {
    /// What a person is asked.
    pub prompt: Option<String>,
    /// Whether it must never be seen.
    pub secret: bool,
    /// What the whole value must match; already anchored at both ends.
    pub pattern: Option<Pattern>,
    /// The values that are allowed; empty where any is.
    pub choices: Vec<String>,
    /// The value where nothing else supplies one.
    pub default: Option<String>,
    /// Where it may come from, in this order.
    pub from: Vec<InputSource>,
    /// Where it is written.
    pub span: Span,
}

/// One place that an input may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputSource {
    /// An environment variable.
    Env(At<String>),
    /// A file, and where in its JSON the value is.
    File {
        /// The path; `~` is the person's home.
        path: At<String>,
        /// Where in its JSON; `None` takes the text.
        at: Option<Query>,
    },
    /// What a program prints.
    Command(At<Vec<String>>),
}

/// What a client gets.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// The protocol.
    pub mode: Option<String>,
    /// The URL that requests go to.
    pub base_url: Option<Template>,
    /// Headers beside `Authorization`; an empty literal removes one.
    pub headers: IndexMap<String, Template>,
    /// Where the provider lists its models.
    pub models: Option<Listing>,
}

/// Where a provider lists its models.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The URL of a GET request.
    pub url: Template,
    /// Where in the answer the list is.
    pub list: Query,
    /// Where in an item its id is.
    pub id: Query,
}

/// A state of the machine.
#[derive(Debug, Clone)]
pub struct State {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: StateKind,
    /// Where its name is written, or the whole file for a final state that has no table.
    pub span: Span,
}

/// What a state does.
#[derive(Debug, Clone)]
pub enum StateKind {
    /// It asks a server, or a person's browser, and reads the answer.
    Active(Box<Active>),
    /// A credential was obtained.
    Success(Box<Success>),
    /// An action without a credential is finished.
    Done,
    /// The flow failed with a code.
    Error,
    /// `until` passed.
    Timeout,
}

/// A state that acts.
#[derive(Debug, Clone)]
pub struct Active {
    /// What it does.
    pub act: Act,
    /// What the person needs while it waits.
    pub show: Option<Show>,
    /// The pause before it is entered again.
    pub every: Option<Every>,
    /// When to give up.
    pub until: Option<Time>,
    /// The rules that read the answer.
    pub on: Vec<Rule>,
}

/// What an active state does.
#[derive(Debug, Clone)]
pub enum Act {
    /// It sends a request.
    Request(Request),
    /// It sends a person's browser somewhere and takes what comes back.
    Browser(Browser),
}

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
    /// The URL.
    pub url: Template,
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
}

/// A visit of a person's browser.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The URL to open.
    pub open: Template,
    /// Its parameters.
    pub query: IndexMap<String, Template>,
    /// How the result comes back.
    pub back: Back,
}

/// How the result of a browser's visit comes back.
#[derive(Debug, Clone)]
pub enum Back {
    /// To a listener on loopback.
    Listen(Listen),
    /// By a person's paste.
    Paste,
}

/// A listener on loopback.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The host as the redirect URI writes it: `127.0.0.1`, `[::1]` or `localhost`.
    pub host: String,
    /// The port; 0 is any free one.
    pub port: u16,
    /// The path, from its `/`.
    pub path: Template,
    /// Where it is written.
    pub span: Span,
}

/// What a person needs while a state waits.
#[derive(Debug, Clone)]
pub struct Show {
    /// The page to open.
    pub url: Option<Template>,
    /// The code to enter there.
    pub code: Option<Template>,
    /// Hosts to put in the place of others.
    pub moves: IndexMap<String, String>,
}

/// The pause of a state that repeats.
#[derive(Debug, Clone)]
pub struct Every {
    /// How long.
    pub time: Time,
    /// Whether the first entry waits too.
    pub first: First,
}

/// A rule: what follows if an answer is of this kind.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Must hold.
    pub when: Option<Condition>,
    /// Must not hold.
    pub unless: Option<Condition>,
    /// What follows.
    pub then: Then,
    /// What is added to the pace, for good.
    pub slower: Option<Duration>,
    /// Where the rule is written.
    pub span: Span,
}

/// What follows from a rule.
#[derive(Debug, Clone)]
pub enum Then {
    /// Another state.
    Go(At<StateId>),
    /// The end, with a code; `relogin` where only a new login helps.
    Fail {
        /// The code.
        code: At<String>,
        /// Whether only a new login helps.
        relogin: bool,
    },
}

/// What is kept when a credential was obtained.
#[derive(Debug, Clone)]
pub struct Success {
    /// The access token.
    pub access_token: ValueSource,
    /// The refresh token.
    pub refresh_token: ValueSource,
    /// The type of the token that is accepted, where it is not Bearer.
    pub token_type: Option<String>,
    /// When the access token expires.
    pub expires: Option<Time>,
    /// What else is kept.
    pub keep: IndexMap<String, ValueSource>,
    /// A message of the provider's.
    pub notice: Option<ValueSource>,
    /// How the credential is renewed.
    pub refresh: Option<Refresh>,
    /// Where in the stored record the tokens are; no steps for the record itself.
    pub stored_at: Option<Query>,
}

/// Where a value of `success` comes from.
#[derive(Debug, Clone)]
pub enum ValueSource {
    /// The answer that led there.
    Path(At<Query>),
    /// A template; one with a missing name is not present.
    Template(Template),
}

/// How a credential is renewed.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Where it begins.
    pub to: At<StateId>,
    /// How long before its end the access token is renewed.
    pub early: Option<Duration>,
}

/// The text and the advice of an error code.
#[derive(Debug, Clone)]
pub struct ErrorText {
    /// What went wrong.
    pub text: Option<Template>,
    /// What to do about it.
    pub help: Option<Template>,
    /// Where the code is written.
    pub span: Span,
}

impl Provider {
    /// The state of an id that this provider gave out.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.0]
    }

    /// The id of the state with this name.
    pub fn state_id(&self, name: &str) -> Option<StateId> {
        self.states.iter().position(|s| s.name == name).map(StateId)
    }

    /// What `success` keeps; a provider that never logs in has the defaults.
    pub fn success(&self) -> Option<&Success> {
        self.states.iter().find_map(|s| match &s.kind {
            StateKind::Success(success) => Some(&**success),
            _ => None,
        })
    }

    /// The states in which an action may begin.
    pub fn starts(&self, action: Action) -> Vec<StateId> {
        let ids = |list: &[At<StateId>]| list.iter().map(|s| s.value).collect();
        match action {
            Action::Login => ids(&self.start.login),
            Action::Logout => ids(&self.start.logout),
            Action::Verify => ids(&self.start.verify),
            Action::Refresh => {
                self.success().and_then(|s| s.refresh.as_ref()).map(|r| r.to.value).into_iter().collect()
            }
        }
    }
}

impl Model {
    /// A model of which nothing but its id is known; `span` is where that comes from.
    pub fn named(id: impl Into<String>, span: Span) -> Model {
        Model {
            id: id.into(),
            context: None,
            output: None,
            best_for: None,
            aliases: Vec::new(),
            aux: false,
            mode: None,
            base_url: None,
            span,
        }
    }
}

impl Listing {
    /// The ids of the models that an answer lists, each once; `None` where the list is not there.
    pub fn ids(&self, answer: &serde_json::Value) -> Option<Vec<String>> {
        let items = self.list.select(answer)?.as_array()?;
        let id = |item: &serde_json::Value| match item {
            serde_json::Value::String(id) => Some(id.clone()),
            item => self.id.select(item)?.as_str().map(str::to_owned),
        };
        let ids: indexmap::IndexSet<String> =
            items.iter().filter_map(id).filter(|id| !id.is_empty()).collect();
        Some(ids.into_iter().collect())
    }
}

impl Request {
    /// Whether a name that `test` accepts stands anywhere in the request.
    pub fn uses(&self, test: impl Fn(&crate::template::Name) -> bool) -> bool {
        self.templates().iter().any(|template| template.names().iter().any(|(name, _)| test(name)))
    }

    /// Every template of the request.
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = vec![&self.url];
        all.extend(self.query.values());
        all.extend(self.headers.values());
        match &self.auth {
            Some(Auth::Basic(id, secret)) => all.extend([id, secret]),
            Some(Auth::Bearer(token)) => all.push(token),
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
