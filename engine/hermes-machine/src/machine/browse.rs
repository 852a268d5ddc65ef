//! States that send a person's browser somewhere: bind, open, take what comes back.

use url::Url;

use super::callback::{self, Pasted};
use super::code::Code;
use super::effect::{Effect, Listener, Prompt};
use super::event::{CallbackQuery, CallbackTie, Failure};
use super::prompt::{self, Unshown};
use super::{Machine, acting, request};
use hermes_format::condition::{Operand, Test};
use hermes_format::label::may_be_shown;
use hermes_format::provider::{self, Act, Action, Active, Back, Browser, Listen, Spot};
use hermes_format::query::Step;
use hermes_format::secret::equal_in_constant_time;
use hermes_format::template::Name;
use hermes_format::time::{self, Now};

impl Machine {
    /// Begins a visit: the listener first, so that its URL can stand in the request.
    pub(super) fn browse(&mut self, browser: &Browser, now: Now) -> Effect {
        if self.action == Action::Refresh {
            return self.because(Code::BadFlow, "a refresh can't ask a person");
        }
        if self.is_resumed {
            return self.because(Code::NotLoggedIn, "the login needs its user once more");
        }
        match &browser.back {
            Back::Paste => self.open(browser, now),
            Back::Listen(listeners) => {
                let Some(at) = self.at else { return self.fail(Code::BadFlow) };
                // Bound before, for a state that had to send the redirect URI.
                if self.listening.replace((at, false)) == Some((at, true)) {
                    return self.open(browser, now);
                }
                self.unbound = 0;
                self.bind(listeners)
            }
        }
    }

    /// Binds the listener of the next browser state where a request sends the redirect URI before it
    /// ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591), [RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)).
    pub(super) fn bind_before(&mut self, request: &provider::Request) -> Option<Effect> {
        if self.run.redirect_uri.is_some() || !request.uses(|name| *name == Name::RedirectUri) {
            return None;
        }
        let provider = self.run.provider.clone();
        let (id, listeners) = provider.next_listener(self.at?)?;
        self.listening = Some((id, true));
        self.unbound = 0;
        Some(self.bind(listeners))
    }

    /// Binds the next of a state's listeners.
    fn bind(&mut self, listeners: &[Listen]) -> Effect {
        let Some(listen) = listeners.get(self.unbound) else { return self.fail(Code::BadFlow) };
        match listen.path.render(&self.run) {
            Ok(path) => Effect::Bind(Listener { host: listen.host.clone(), port: listen.port, path }),
            Err(missing) => self.because(Code::BadAnswer, missing.to_string()),
        }
    }

    /// The listener is bound: now the URL can be opened.
    pub(super) fn bound(&mut self, uri: String, now: Now) -> Effect {
        self.run.redirect_uri = Some(uri);
        let provider = self.run.provider.clone();
        match acting(&provider, self.at) {
            Some((_, Active { act: Act::Browser(browser), .. })) => self.open(browser, now),
            Some(_) => self.act(now),
            None => self.fail(Code::BadFlow),
        }
    }

    /// A listener could not be bound: the next one of the state is tried, and then the next start of the action.
    pub(super) fn not_bound(&mut self, failure: &Failure, now: Now) -> Effect {
        self.unbound += 1;
        let provider = self.run.provider.clone();
        if let Some((_, Active { act: Act::Browser(Browser { back: Back::Listen(listeners), .. }), .. })) =
            acting(&provider, self.listening.map(|(id, _)| id))
            && self.unbound < listeners.len()
        {
            return self.bind(listeners);
        }
        match self.next_start() {
            Some(id) => self.enter_start(id, now),
            None => self.because(Code::ListenerUnavailable, failure.message.clone()),
        }
    }

    fn open(&mut self, browser: &Browser, now: Now) -> Effect {
        if let Err(unshown) = self.shows_no_secret(browser) {
            return self.finish(|failing| failing.unshown(unshown));
        }
        let url = match self.visit_url(browser) {
            Ok(url) => url,
            Err(unmade) => return self.finish(|failing| failing.unmade(unmade)),
        };
        if let Some(refusal) = self.run.refusal(&url) {
            return self.refuse(&url, format!("the page was not opened: {refusal}"));
        }
        let deadline = self.at.and_then(|id| self.paces.get(&id)?.deadline);
        let until = deadline.unwrap_or_else(|| now.elapsed.saturating_add(time::LOGIN_DEADLINE.max));
        let code = match self.shown_code() {
            Ok(code) => code,
            Err(unshown) => return self.finish(|failing| failing.unshown(unshown)),
        };
        let paste = matches!(browser.back, Back::Paste);
        let state = acting(&self.run.provider, self.at).map(|(name, _)| name.to_owned()).unwrap_or_default();
        Effect::Listen { state, show: Prompt { url: Some(url), code }, until, paste, again: None }
    }

    fn visit_url(&self, browser: &Browser) -> Result<Url, request::Unmade> {
        let mut url = request::url(&browser.open, "open", &self.run)?;
        request::add_query(&mut url, &browser.query, &self.run)?;
        Ok(url)
    }

    /// What a browser opens is in its history, and in the arguments of its process.
    fn shows_no_secret(&self, browser: &Browser) -> Result<(), Unshown> {
        let provider = &self.run.provider;
        let opened = std::iter::once((Spot::Open, &browser.open));
        let query = browser.query.iter().map(|(name, value)| (Spot::Query(name), value));
        let mut all = opened.chain(query);
        if all.all(|(spot, template)| may_be_shown(template, spot, provider)) {
            Ok(())
        } else {
            Err(Unshown::Secret)
        }
    }

    /// The code that the state shows beside its page.
    fn shown_code(&self) -> Result<Option<String>, Unshown> {
        let show = acting(&self.run.provider, self.at).and_then(|(_, active)| active.show.as_ref());
        let prompt = show.map(|show| prompt::make(show, &self.run)).transpose()?;
        Ok(prompt.and_then(|prompt| prompt.code))
    }

    /// What ties a callback to this login: the parameter that a rule of the state compares with a random value of the run.
    /// `None` where the state has no such rule.
    pub fn callback_tie(&self) -> Option<CallbackTie> {
        let (_, active) = acting(&self.run.provider, self.at)?;
        let Act::Browser(_) = active.act else { return None };
        let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
        conditions.flat_map(|condition| &condition.terms).find_map(|term| self.tie(&term.test))
    }

    fn tie(&self, test: &Test) -> Option<CallbackTie> {
        let Test::Equals(path, operands) = test else { return None };
        let ([Step::Key(name)], [Operand::Template(template)]) = (path.steps(), operands.as_slice()) else {
            return None;
        };
        let is_random = template.names().iter().any(|(name, _)| matches!(name, Name::Random(_)));
        let value = template.render(&self.run).ok().filter(|_| is_random)?;
        Some(CallbackTie { name: name.clone(), value: value.into() })
    }

    pub(super) fn called_back(&mut self, query: &CallbackQuery, now: Now) -> Effect {
        self.judge(&callback::object(query), None, now)
    }

    /// Takes a paste. One with nothing in it changes nothing, and one that can't be of this login is asked for again: a
    /// slip of a person's is no end. What the parameters say is for the rules.
    pub(super) fn pasted(&mut self, text: &str, now: Now) -> Option<Effect> {
        let query = match callback::read_paste(text) {
            Pasted::Empty => return None,
            Pasted::Url(place, _) if self.is_opened_page(&place) => {
                return self.ask_again("that is the page that was opened, not the one that it leads to");
            }
            Pasted::Url(place, _) if !self.is_redirect_uri(&place) => {
                return self.ask_again("that is not the address that this login comes back to");
            }
            Pasted::Parameters(_) if self.path_stands_for_state() => {
                return self.ask_again("this login needs the whole address of the page");
            }
            Pasted::Url(_, query) | Pasted::Parameters(query) => query,
        };
        Some(self.called_back(&query, now))
    }

    fn ask_again(&self, reason: &'static str) -> Option<Effect> {
        match self.outstanding.clone() {
            Effect::Listen { state, show, until, paste, .. } => {
                Some(Effect::Listen { state, show, until, paste, again: Some(reason) })
            }
            _ => None,
        }
    }

    fn is_opened_page(&self, place: &str) -> bool {
        match &self.outstanding {
            Effect::Listen { show: Prompt { url: Some(opened), .. }, .. } => callback::place(opened) == place,
            _ => false,
        }
    }

    /// Whether a pasted place is where this login's browser was to come back to. Without a listener any place will do:
    /// the service chose it.
    fn is_redirect_uri(&self, place: &str) -> bool {
        let Some(own) = self.run.redirect_uri.as_deref().and_then(|uri| Url::parse(uri).ok()) else {
            return true;
        };
        equal_in_constant_time(own.as_str(), place)
    }

    /// Whether a random part of the listener's path is what tells this login from another.
    fn path_stands_for_state(&self) -> bool {
        match acting(&self.run.provider, self.at) {
            Some((_, Active { act: Act::Browser(Browser { back: Back::Listen(listeners), .. }), .. })) => {
                listeners.get(self.unbound).is_some_and(|listen| listen.path.as_literal().is_none())
            }
            _ => false,
        }
    }
}
