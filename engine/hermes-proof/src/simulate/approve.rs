//! The pages of the server: where a person types the code, decides, and reads what was decided.

use url::Url;

use super::answer::Step;
use super::body::{Content, once};
use super::page::{self, DECIDE, Page, VERIFY};
use super::plan::Role;
use super::reply::{done, oauth_error, refused};
use super::session::{Decision, Session};
use super::turn::Turn;
use super::{Outcome, Server};
use hermes_format::provider::{StateId, StateKind};

impl Server {
    /// Answers a request for one of the server's own pages; `None` where it is for something else.
    pub(super) fn page(&mut self, turn: &Turn<'_>) -> Option<Outcome> {
        match (turn.asked.method.as_str(), turn.path) {
            ("GET", VERIFY) => Some(self.verify(&turn.content)),
            ("POST", DECIDE) => Some(self.decide(turn)),
            _ => None,
        }
    }

    /// A request that no state makes: a page that the file shows, the list of waiting logins, or nothing.
    pub(super) fn lost(&self, turn: &Turn<'_>) -> Outcome {
        let is_page =
            turn.asked.method == "GET" && (self.is_shown(turn) || (turn.path == "/" && turn.host.is_none()));
        if is_page {
            return self.verify(&turn.content);
        }
        let text = format!("no state of `{}` asks for {} {}", self.provider.id, turn.asked.method, turn.path);
        refused(oauth_error(404, "not_found", &text), &text)
    }

    /// Whether the file shows this page by a URL that it writes out.
    fn is_shown(&self, turn: &Turn<'_>) -> bool {
        let blank = Session::default();
        let view = self.view(&blank);
        self.provider.states.iter().any(|state| match &state.kind {
            StateKind::Active(active) => {
                let url = active.show.as_ref().and_then(|show| show.url.as_ref()?.render(&view).ok());
                url.and_then(|url| Url::parse(&url).ok()).is_some_and(|url| url.path() == turn.path)
            }
            _ => false,
        })
    }

    fn verify(&self, content: &Content) -> Outcome {
        let Some(typed) = once(&content.query, "user_code") else {
            return self.show("Log in", page::enter_code(""));
        };
        let wanted = normal(typed);
        match self.book.newest(|session| session.visit.is_none() && normal(&session.code) == wanted) {
            Some(id) => self.ask(id).unwrap_or_else(|| self.show("Log in", page::enter_code(""))),
            None => self.show("Log in", page::enter_code("No login that waits has this code.")),
        }
    }

    /// The page with the two buttons, or what was decided.
    pub(super) fn ask(&self, id: u64) -> Option<Outcome> {
        let session = self.book.session(id)?;
        let decided = match session.decision {
            Decision::Open => {
                let code = session.visit.is_none().then_some(session.code.as_str());
                let content = page::consent(&session.handle, code, &session.facts);
                return Some(self.show("Let this program in?", content));
            }
            decided => decided,
        };
        Some(self.decided(decided))
    }

    fn decide(&mut self, turn: &Turn<'_>) -> Outcome {
        let field = |name| once(&turn.content.form, name);
        let decision = match field("decision") {
            Some("approve") => Decision::Approved,
            Some("deny") => Decision::Denied,
            _ => Decision::Open,
        };
        let id = field("session").and_then(|handle| self.book.newest(|session| session.handle == handle));
        let Some((id, session)) = id.and_then(|id| Some((id, self.book.session_mut(id)?))) else {
            return refused(
                oauth_error(400, "invalid_request", "no login that waits is meant"),
                "unknown login",
            );
        };
        if decision == Decision::Open || session.decision != Decision::Open {
            return self.ask(id).unwrap_or_else(|| self.decided(decision));
        }
        session.decision = decision;
        match session.visit.as_ref().map(|visit| visit.state) {
            Some(state) => self.leave(turn, id, state),
            None => self.decided(decision),
        }
    }

    /// The person has decided in a browser that came from the client: it goes back there.
    fn leave(&mut self, turn: &Turn<'_>, session: u64, id: StateId) -> Outcome {
        let provider = self.provider.clone();
        let StateKind::Active(active) = &provider.state(id).kind else { return self.lost(turn) };
        let role = Role::of(&provider, id, active, false);
        self.respond(turn, &Step { id, active, session, role })
    }

    fn decided(&self, decision: Decision) -> Outcome {
        match decision {
            Decision::Denied => {
                self.show("Denied", page::paragraph("The program was not let in. You can close this page."))
            }
            _ => self.show(
                "Approved",
                page::paragraph("You are logged in. Go back to your program; you can close this page."),
            ),
        }
    }

    fn show(&self, title: &str, content: String) -> Outcome {
        let page = Page { status: 200, provider: &self.provider.name, title, content };
        done(page.reply(), "page")
    }
}

/// A code as a person may type it: case, blanks and dashes don't count
/// ([RFC 8628 §6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1)).
fn normal(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
