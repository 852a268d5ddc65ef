//! One request of a client, from its route to its answer.

use serde_json::Value;
use url::Url;

use super::answer::Step;
use super::body::{Content, once};
use super::compose::Made;
use super::invent::user_code;
use super::page::{self, Page};
use super::plan::{Intent, Role, targets};
use super::reply::{done, json_reply, oauth_error, redirect, refused, text_reply};
use super::route::{Arrival, Route};
use super::scenario::Scenario;
use super::session::{Session, Visit};
use super::slot::plain;
use super::verify::{self, Link, Violation, check, is_refresh_token};
use super::wire::{Asked, Reply};
use super::{MOVED, Outcome, Server};
use hermes_format::provider::{Act, Back, Listen};
use hermes_format::template::Name;
use hermes_format::time::UnixMs;
use hermes_machine::machine::Entropy;

/// A request, with what its answer is made from.
pub(super) struct Turn<'a> {
    pub(super) asked: &'a Asked,
    pub(super) content: Content,
    /// The path, without what a redirect put before it.
    pub(super) path: &'a str,
    /// Whether a redirect brought it here.
    is_moved: bool,
    /// The host, where it is one of the provider's.
    pub(super) host: Option<&'a str>,
    pub(super) now: UnixMs,
    pub(super) nonce: [u8; 32],
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        asked: &'a Asked,
        now: UnixMs,
        entropy: &mut dyn Entropy,
        hosts: &[String],
    ) -> Turn<'a> {
        let mut nonce = [0; 32];
        entropy.fill(&mut nonce);
        let moved = asked.path.strip_prefix(MOVED);
        let host = Some(asked.host.as_str()).filter(|host| hosts.iter().any(|known| known == host));
        Turn {
            asked,
            content: Content::of(asked),
            path: moved.unwrap_or(&asked.path),
            is_moved: moved.is_some(),
            host: host.filter(|_| moved.is_none()),
            now,
            nonce,
        }
    }

    fn session(&self, route: &Route<'_>, grant: Option<usize>) -> Session {
        let mut code = [0; 8];
        code.copy_from_slice(&self.nonce[..8]);
        let handle = self.nonce[8..24].iter().map(|byte| format!("{byte:02x}")).collect();
        let fact = |name: &'static str, key: &str| {
            let slot = route.slots.iter().find(|slot| slot.label.rsplit('.').next() == Some(key))?;
            Some((name, plain(&slot.received(&self.content)?)))
        };
        let facts = [fact("Client", "client_id"), fact("Asks for", "scope")].into_iter().flatten().collect();
        Session {
            region: route.region.map(str::to_owned),
            grant,
            code: user_code(code),
            handle,
            facts,
            ..Session::default()
        }
    }
}

impl Server {
    /// Answers a client's request.
    pub(super) fn turn(&mut self, turn: &Turn<'_>) -> Outcome {
        let provider = self.provider.clone();
        let arrival =
            Arrival { method: &turn.asked.method, host: turn.host, path: turn.path, content: &turn.content };
        let Some(route) = self.routes.find(&provider, &arrival) else {
            return self.lost(turn);
        };
        let name = provider.state(route.state).name.clone();
        let is_browser = matches!(route.active.act, Act::Browser(_));
        let outcome = match self.moved(turn, route.region) {
            Some(outcome) if !is_browser => outcome,
            _ => match self.admit(turn, &route) {
                Ok(step) => self.respond(turn, &step),
                Err(violation) => self.refuse(turn, &route, &violation),
            },
        };
        Outcome { state: Some(name), ..outcome }
    }

    /// Finds the run of a request and checks it. A state that a run has left does not answer it again.
    fn admit<'a>(&mut self, turn: &Turn<'_>, route: &Route<'a>) -> Result<Step<'a>, Violation> {
        let link = verify::link(&route.slots, &turn.content, &self.book, &self.inputs)?;
        let fresh = match link {
            Link::Session(_) => None,
            Link::Fresh { grant } => Some(turn.session(route, grant)),
        };
        let session = match (link, &fresh) {
            (Link::Session(id), _) => self.book.session(id),
            (_, fresh) => fresh.as_ref(),
        }
        .ok_or_else(|| Violation::new("invalid_grant", "the login is too old"))?;
        if session.passed.contains(&route.state) {
            return Err(Violation::new("invalid_grant", "the code was used before"));
        }
        let learned = check(&route.slots, &turn.content, &self.view(session))?;
        let id = match (link, fresh) {
            (Link::Session(id), _) => id,
            (_, Some(fresh)) => self.book.begin(fresh),
            (_, None) => return Err(Violation::new("server_error", "no session")),
        };
        let is_refresh = route.slots.iter().any(is_refresh_token);
        let role = Role::of(&self.provider, route.state, route.active, is_refresh);
        let visit = visit(route, turn, &learned)?;
        if let Some(session) = self.book.session_mut(id) {
            session.known.extend(learned);
            session.visit = visit;
        }
        Ok(Step { id: route.state, active: route.active, session: id, role })
    }

    /// Redirects, where the scenario says so and no redirect brought the request: to a host of the same region.
    fn moved(&self, turn: &Turn<'_>, region: Option<&str>) -> Option<Outcome> {
        let hosts = super::hosts_of(&self.provider, region, &self.inputs);
        let host = match self.scenario {
            Scenario::Redirect if !turn.is_moved => {
                let other = hosts.iter().find(|host| Some(host.as_str()) != turn.host);
                other.or(hosts.first())?.clone()
            }
            Scenario::RedirectAway => "elsewhere.invalid".to_owned(),
            _ => return None,
        };
        let query =
            if turn.asked.query.is_empty() { String::new() } else { format!("?{}", turn.asked.query) };
        Some(done(redirect(307, &format!("https://{host}{MOVED}{}{query}", turn.path)), "redirected"))
    }

    /// Says what was wrong with a request.
    fn refuse(&self, turn: &Turn<'_>, route: &Route<'_>, violation: &Violation) -> Outcome {
        let reply = if matches!(route.active.act, Act::Browser(_)) {
            let content = page::paragraph(&format!("{}: {}", violation.error, violation.description));
            Page { status: 400, provider: &self.provider.name, title: "Not a login that can go on", content }
                .reply()
        } else {
            self.refusal(turn, route, violation)
        };
        refused(reply, &format!("{}: {}", violation.error, violation.description))
    }

    /// An unusable refresh token is answered in the way that the file has a rule for.
    fn refusal(&self, turn: &Turn<'_>, route: &Route<'_>, violation: &Violation) -> Reply {
        let rules: Vec<usize> = if violation.is_spent_token {
            targets(&self.provider, route.state, route.active, Intent::Relogin).collect()
        } else {
            Vec::new()
        };
        let session = turn.session(route, None);
        let made = self.make_for(turn, &session, (route.state, route.active), (Intent::Relogin, &rules));
        match made.filter(|_| !rules.is_empty()) {
            Some(Made { status, json: Some(json), .. }) => json_reply(status.unwrap_or(400), &json),
            Some(Made { status, text, .. }) => text_reply(status.unwrap_or(400), &text),
            None => oauth_error(violation.status, violation.error, &violation.description),
        }
    }
}

/// The visit of a browser state. A callback may only go where the file's listener is
/// ([RFC 8252 §7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
fn visit(route: &Route<'_>, turn: &Turn<'_>, learned: &[(Name, Value)]) -> Result<Option<Visit>, Violation> {
    let Act::Browser(browser) = &route.active.act else { return Ok(None) };
    let query = |name: &str| once(&turn.content.query, name).map(str::to_owned);
    let own = learned.iter().find(|(name, _)| *name == Name::RedirectUri).map(|(_, value)| plain(value));
    let back = own.or_else(|| query("redirect_uri")).or_else(|| query("callback_url"));
    if let Back::Listen(listeners) = &browser.back {
        let url = back.as_deref().and_then(|back| Url::parse(back).ok());
        if !url.is_some_and(|url| listeners.iter().any(|listen| is_at(&url, listen))) {
            return Err(Violation::new("invalid_request", "redirect_uri is not the one that was registered"));
        }
    }
    Ok(Some(Visit { state: route.state, csrf_state: query("state"), back }))
}

fn is_at(url: &Url, listen: &Listen) -> bool {
    url.scheme() == "http"
        && url.host_str() == Some(listen.host.as_str())
        && (listen.port == 0 || url.port_or_known_default() == Some(listen.port))
        && listen
            .path
            .as_literal()
            .is_none_or(|path| path == url.path() || (path.is_empty() && url.path() == "/"))
}
