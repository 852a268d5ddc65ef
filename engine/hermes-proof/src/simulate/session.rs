//! What the server remembers: runs that are under way, and the credentials that they came to.

use std::collections::{BTreeMap, HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::slot::plain;
use hermes_format::provider::{Provider, StateId, Success, ValueSource};
use hermes_format::query::{Step, present, walk};
use hermes_format::template::{Name, Scope, Template, render_var};

/// How many runs are remembered; the oldest go first.
const KEPT: usize = 1_000;

/// What a person decided on the approval page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing yet.
    #[default]
    Open,
    /// To let the client in.
    Approved,
    /// Not to.
    Denied,
}

/// One run of a flow.
#[derive(Default)]
pub(super) struct Session {
    /// The region whose hosts it talks to.
    pub(super) region: Option<String>,
    /// What its requests taught: the PKCE challenge, `random.*`, the redirect URI, inputs.
    pub(super) known: HashMap<Name, Value>,
    /// The answers that took it onwards, by state.
    pub(super) answers: HashMap<String, Value>,
    /// The credential that it began with.
    pub(super) grant: Option<usize>,
    /// The states that it has left; none of them answers again.
    pub(super) passed: HashSet<StateId>,
    /// How often each state was asked.
    pub(super) asked: HashMap<StateId, u32>,
    /// What a person decided.
    pub(super) decision: Decision,
    /// The code that a person types.
    pub(super) code: String,
    /// The name by which the approval page knows it; can't be guessed.
    pub(super) handle: String,
    /// The browser's visit that waits for a decision.
    pub(super) visit: Option<Visit>,
    /// What the approval page tells about the client.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// A browser at the server's page.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// The state that sent it.
    pub(super) state: StateId,
    /// The `state` that it brought, to be sent back.
    pub(super) csrf_state: Option<String>,
    /// Where it is to go.
    pub(super) back: Option<String>,
}

/// A credential that the server gave out.
pub(super) struct Grant {
    /// What a client stores: the members of `{{token.*}}`.
    pub(super) token: Value,
    /// Whether its refresh token was used.
    pub(super) is_spent: bool,
    /// Whether it was revoked.
    pub(super) is_revoked: bool,
}

/// All that the server remembers.
#[derive(Default)]
pub(super) struct Book {
    next: u64,
    sessions: BTreeMap<u64, Session>,
    grants: Vec<Grant>,
}

/// The values of names in one session.
pub(super) struct View<'a> {
    pub(super) provider: &'a Provider,
    pub(super) inputs: &'a IndexMap<String, String>,
    pub(super) session: &'a Session,
    pub(super) token: Option<&'a Value>,
}

impl Book {
    /// Begins a session.
    pub(super) fn begin(&mut self, session: Session) -> u64 {
        self.next += 1;
        self.sessions.insert(self.next, session);
        if self.sessions.len() > KEPT {
            self.sessions.pop_first();
        }
        self.next
    }

    /// The session of a number that this book gave out.
    pub(super) fn session(&self, id: u64) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The same, to change it.
    pub(super) fn session_mut(&mut self, id: u64) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    /// The newest session that `wanted` takes.
    pub(super) fn newest(&self, wanted: impl Fn(&Session) -> bool) -> Option<u64> {
        self.sessions.iter().rev().find(|(_, session)| wanted(session)).map(|(id, _)| *id)
    }

    /// The session in which the answer of `state` held this value at `path`.
    pub(super) fn by_answer(&self, state: &str, path: &[Step], value: &str) -> Option<u64> {
        self.newest(|session| {
            let found = session.answers.get(state).and_then(|answer| walk(answer, path));
            found.is_some_and(|found| plain(found) == value)
        })
    }

    /// The credential that has this value at `path`.
    pub(super) fn by_token(&self, path: &[Step], value: &str) -> Option<usize> {
        self.grants
            .iter()
            .rposition(|grant| walk(&grant.token, path).is_some_and(|found| plain(found) == value))
    }

    /// A credential by its number.
    pub(super) fn grant(&self, number: usize) -> Option<&Grant> {
        self.grants.get(number)
    }

    /// The same, to change it.
    pub(super) fn grant_mut(&mut self, number: usize) -> Option<&mut Grant> {
        self.grants.get_mut(number)
    }

    /// Remembers a credential.
    pub(super) fn issue(&mut self, token: Value) {
        self.grants.push(Grant { token, is_spent: false, is_revoked: false });
    }
}

impl Scope for View<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Var(var) => render_var(self.provider.vars.get(var)?, self).map(Value::String),
            Name::Input(input) => self.input(input),
            Name::Region(key) => {
                let table = self.provider.regions.as_ref()?.tables.get(self.session.region.as_ref()?)?;
                table.get(key).map(|at| Value::from(at.value.as_str()))
            }
            Name::Answer { state, path } => walk(self.session.answers.get(state)?, path).cloned(),
            Name::Token(path) => walk(self.token?, path).cloned(),
            // Fresh at each use, so there is nothing to compare it with.
            Name::Uuid | Name::Last(_) | Name::Response(_) | Name::ResponseBody => None,
            other => self.session.known.get(other).cloned(),
        }
    }
}

impl View<'_> {
    /// An input as the session taught it, as the server was told it, or none: a client may have any.
    fn input(&self, name: &str) -> Option<Value> {
        let learned = self.session.known.get(&Name::Input(name.to_owned())).cloned();
        learned.or_else(|| self.inputs.get(name).map(|text| Value::from(text.as_str())))
    }

    /// The credential that a client makes of an answer that led to `success`.
    pub(super) fn token_of(&self, success: &Success, answer: &Value) -> Value {
        let value = |source: &ValueSource| match source {
            ValueSource::Path(path) => present(path.value.select(answer)).cloned(),
            ValueSource::Template(template) => self.template(template),
        };
        let mut token = match self.token {
            Some(Value::Object(old)) => old.clone(),
            _ => Map::new(),
        };
        let own = [("access_token", &success.access_token), ("refresh_token", &success.refresh_token)];
        let kept = success.keep.iter().map(|(name, source)| (name.as_str(), source));
        for (name, source) in own.into_iter().chain(kept) {
            if let Some(found) = value(source) {
                token.insert(name.to_owned(), found);
            }
        }
        Value::Object(token)
    }

    fn template(&self, template: &Template) -> Option<Value> {
        let value = template.render_json(self).ok();
        present(value.as_ref()).cloned()
    }
}
