//! The checked model: a provider that can't be wrong in its references, types and syntax.
//!
//! Made from [`crate::raw`] by [`lower`], with the spans of its parts; what runs it and what judges it are crates above this one.
//! Whether it is also *sensible* (every field guaranteed, every loop bounded) is for `check` to say.

pub mod constants;
pub mod lower;
mod need;
mod place;
mod reach;
mod request;
mod spot;
mod state;

use std::sync::Arc;

use indexmap::IndexMap;

pub use self::constants::Constants;
pub use self::reach::ACTIONS;
pub use self::request::{Auth, Body, Client, JsonTemplate, Method, Read, Request};
pub use self::spot::{Placed, Spot};
pub use self::state::{
    Act, Active, Back, Browser, Every, Listen, Refresh, Rule, Show, State, StateKind, Success, Then,
    ValueSource,
};
use crate::label::Confiding;
use crate::origin::HostPattern;
use crate::query::Query;
pub use crate::raw::provider::Status;
use crate::source::Span;
use crate::template::{Pattern, Template};

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
    pub hosts: Vec<NamedHost>,
    /// Hosts that an answer names, and that take part once the user agrees: the URLs that hold them.
    pub asked_hosts: Vec<Template>,
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
    /// The states whose requests carry a secret: found once, where a label asks.
    pub(crate) confiding: Confiding,
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

/// A host of `hosts`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedHost {
    /// Which host, or any below one. Where a value stands in it, all that it could be.
    pub pattern: HostPattern,
    /// Where an input, a var or a region's key stands in it: the URL of the host.
    pub made_of: Option<Template>,
    /// Whether that means all hosts below it.
    pub is_below: bool,
    /// The region that it belongs to, where it is that region's value of a key.
    pub region: Option<RegionKey>,
    /// Where it is written.
    pub span: Span,
}

/// A key of one region's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionKey {
    /// The region.
    pub region: String,
    /// The key.
    pub key: String,
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
    /// Where the protocol is written.
    pub mode_at: Option<Span>,
    /// The URL that requests go to.
    pub base_url: Option<Template>,
    /// How the client proves itself, where it is not by the access token as a bearer token.
    pub auth: Option<Auth>,
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
