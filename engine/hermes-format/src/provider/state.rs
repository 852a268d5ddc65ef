//! The states of a provider: what each does, and the rules that read its answer.

use std::time::Duration;

use indexmap::IndexMap;

use super::{At, Request, StateId};
use crate::condition::Condition;
use crate::query::Query;
use crate::raw::time::First;
use crate::source::Span;
use crate::template::Template;
use crate::time::Time;

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
    Request(Box<Request>),
    /// It sends a person's browser somewhere and takes what comes back.
    Browser(Browser),
}

impl Act {
    /// The URLs that it can go to, in order.
    pub fn urls(&self) -> Vec<&Template> {
        match self {
            Act::Request(request) => request.urls().collect(),
            Act::Browser(browser) => vec![&browser.open],
        }
    }
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
    /// To a listener on loopback: the first of these whose port is free. Never empty.
    Listen(Vec<Listen>),
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
    /// The path, from its `/`; empty where the service has registered an address without one.
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
    /// Whether the next URL of the state's list is asked first.
    pub next: bool,
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
    /// When the access token expires: the first that is present and can be used. Empty is unknown.
    pub expires: Vec<Time>,
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
