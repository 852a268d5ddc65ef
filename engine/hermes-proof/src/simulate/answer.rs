//! The answer of a state: what it says, and what the server remembers of it.

use std::time::Duration;

use serde_json::Value;

use super::compose::{Made, Workshop};
use super::fault;
use super::field::Fields;
use super::invent::Inventor;
use super::page::VERIFY;
use super::plan::{Intent, Role, intent, targets};
use super::reply::{done, read_reply, text_reply};
use super::scenario::Scenario;
use super::session::{Session, View};
use super::slot::plain;
use super::turn::Turn;
use super::{Outcome, Server};
use hermes_format::condition::Wire;
use hermes_format::provider::{Act, Action, Active, Read, StateId, StateKind, Then};
use hermes_format::template::Name;

/// A state of one run that is about to be answered.
pub(super) struct Step<'a> {
    pub(super) id: StateId,
    pub(super) active: &'a Active,
    pub(super) session: u64,
    pub(super) role: Role,
}

impl Server {
    /// Answers a state of a run as the scenario says.
    pub(super) fn respond(&mut self, turn: &Turn<'_>, step: &Step<'_>) -> Outcome {
        let Some(session) = self.book.session_mut(step.session) else { return self.lost(turn) };
        let asked = session.asked.entry(step.id).or_insert(0);
        let times = *asked;
        *asked += 1;
        let intent = intent(self.scenario, step.role, session, times);
        let outcome = match intent {
            Intent::AskThePerson => self.ask(step.session),
            Intent::Hiccup(number) => self.hiccup(number, step),
            _ => None,
        };
        if let Some(outcome) = outcome {
            return outcome;
        }
        let intent = match intent {
            Intent::Hiccup(_) => Intent::Wait,
            other => other,
        };
        match self.make(turn, step, intent) {
            Some(made) => self.send(step, intent, made),
            None => self.without_a_rule(turn, step, intent),
        }
    }

    /// An answer that says what is intended, by the best rule for it.
    pub(super) fn make(&self, turn: &Turn<'_>, step: &Step<'_>, intent: Intent) -> Option<Made> {
        let session = self.book.session(step.session)?;
        let targets: Vec<usize> = targets(&self.provider, step.id, step.active, intent).collect();
        self.make_for(turn, session, (step.id, step.active), (intent, &targets))
    }

    /// An answer that takes one of the wanted rules.
    pub(super) fn make_for(
        &self,
        turn: &Turn<'_>,
        session: &Session,
        (id, active): (StateId, &Active),
        (intent, targets): (Intent, &[usize]),
    ) -> Option<Made> {
        let hosts = self.hosts();
        let host = turn.host.or(hosts.first().map(String::as_str)).unwrap_or("simulated.invalid");
        let endpoint = self.provider.hosts.first().and(hosts.iter().find(|host| self.is_extra(host)));
        let is_short = self.scenario.may_poll_to_the_end();
        let inventor = Inventor {
            nonce: turn.nonce,
            now: turn.now,
            host,
            endpoint: endpoint.map_or(host, String::as_str),
            code: &session.code,
            code_life: Duration::from_secs(if is_short { 10 } else { 300 }),
        };
        let is_browser = matches!(active.act, Act::Browser(_));
        let csrf_state = session.visit.as_ref().and_then(|visit| visit.csrf_state.clone());
        let workshop = Workshop {
            rules: &active.on,
            wire: if is_browser { Wire::Callback } else { Wire::Http },
            fields: self.fields.get(&self.provider.state(id).name),
            inventor: &inventor,
            scope: &self.view(session),
            echo: csrf_state.filter(|_| is_browser).map(|value| ("state".to_owned(), value)),
        };
        workshop.make(intent, targets)
    }

    /// Whether a host is one of `hosts`, where endpoints that an answer names may be.
    fn is_extra(&self, host: &str) -> bool {
        self.provider.hosts.iter().any(|named| named.pattern.matches(host))
    }

    pub(super) fn view<'a>(&'a self, session: &'a Session) -> View<'a> {
        let token = session.grant.and_then(|number| self.book.grant(number)).map(|grant| &grant.token);
        View { provider: &self.provider, inputs: &self.inputs, session, token }
    }

    /// Remembers what an answer gives, spoils it where the scenario says so, and sends it.
    pub(super) fn send(&mut self, step: &Step<'_>, intent: Intent, mut made: Made) -> Outcome {
        let note = note_of(intent, step.role);
        let spoils = intent == Intent::Onwards && self.spoil(step, &mut made);
        if spoils && self.scenario == Scenario::Garbage {
            return done(fault::garbage(&self.provider.name, 200), "answered with a page");
        }
        let provider = self.provider.clone();
        let rule = step.active.on.get(made.rule).filter(|_| intent == Intent::Onwards && !spoils);
        if let Some(Then::Go(to)) = rule.map(|rule| &rule.then) {
            self.advance(step, to.value, made.json.as_ref());
        }
        if step.role.is_browser {
            return self.send_back(&provider, step, made, note);
        }
        let read = match &step.active.act {
            Act::Request(request) => request.read,
            Act::Browser(_) => Read::Json,
        };
        let body = match &made.json {
            Some(json) => read_reply(read, made.status.unwrap_or(200), json),
            None => text_reply(made.status.unwrap_or(200), &made.text),
        };
        Outcome { page: self.page_for(step, &made), ..done(body, note) }
    }

    /// The approval page of a login that goes on to be polled.
    fn page_for(&self, step: &Step<'_>, made: &Made) -> Option<String> {
        let Then::Go(to) = &step.active.on.get(made.rule)?.then else { return None };
        let StateKind::Active(next) = &self.provider.state(to.value).kind else { return None };
        let role = Role::of(&self.provider, to.value, next, false);
        let code = &self.book.session(step.session)?.code;
        (role.is_polled && to.value != step.id).then(|| format!("{VERIFY}?user_code={code}"))
    }

    /// Spoils an answer as the scenario says. Tells whether it did.
    fn spoil(&self, step: &Step<'_>, made: &mut Made) -> bool {
        let fields = self.fields.get(&self.provider.state(step.id).name);
        let (Some(json), Some(session)) = (made.json.as_mut(), self.book.session(step.session)) else {
            return self.scenario == Scenario::Garbage && step.role.is_last && !step.role.is_browser;
        };
        let none = Fields::new();
        let fields = fields.unwrap_or(&none);
        let before = json.clone();
        match self.scenario {
            Scenario::BadState => {
                let own = session.known.iter().filter(|(name, _)| matches!(name, Name::Random(_)));
                fault::wrong_state(json, &own.map(|(_, value)| plain(value)).collect::<Vec<_>>());
            }
            Scenario::WrongType => return fault::wrong_type(json, fields),
            _ if !step.role.is_last || step.role.is_browser => {}
            Scenario::Garbage => return true,
            Scenario::Huge => fault::huge(json),
            Scenario::MissingField => fault::without_token(json, fields),
            _ => {}
        }
        *json != before
    }

    /// A run goes on: its answer is remembered, its state is left, and at the end there is a credential.
    fn advance(&mut self, step: &Step<'_>, to: StateId, answer: Option<&Value>) {
        let provider = self.provider.clone();
        let answer = answer.cloned().unwrap_or(Value::Null);
        let Some(session) = self.book.session_mut(step.session) else { return };
        session.answers.insert(provider.state(step.id).name.clone(), answer.clone());
        session.passed.insert(step.id);
        let grant = session.grant;
        if provider.starts(Action::Logout).contains(&step.id) {
            grant
                .and_then(|number| self.book.grant_mut(number))
                .into_iter()
                .for_each(|grant| grant.is_revoked = true);
        }
        let StateKind::Success(success) = &provider.state(to).kind else { return };
        let Some(session) = self.book.session(step.session) else { return };
        let token = self.view(session).token_of(success, &answer);
        let old = grant.and_then(|number| self.book.grant_mut(number));
        if let Some(old) = old.filter(|old| old.token.get("refresh_token") != token.get("refresh_token")) {
            old.is_spent = true;
        }
        self.book.issue(token);
    }
}

fn note_of(intent: Intent, role: Role) -> &'static str {
    match intent {
        Intent::Wait => "pending",
        Intent::Slower => "slow down",
        Intent::Deny => "denied",
        Intent::Expire => "expired",
        Intent::Relogin => "spent refresh token",
        _ if role.decides => "approved",
        _ => "answered",
    }
}
