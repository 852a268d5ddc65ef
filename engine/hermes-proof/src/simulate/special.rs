//! Answers that are not made from a rule alone: callbacks, hiccups, and what a file has no rule for.

use serde_json::Value;
use url::Url;

use super::answer::Step;
use super::compose::Made;
use super::page::{self, Page};
use super::plan::Intent;
use super::reply::{done, oauth_error, redirect, refused, text_reply, with_header};
use super::slot::plain;
use super::turn::Turn;
use super::wire::Reply;
use super::{Outcome, Server, fault};
use hermes_format::condition::{StatusPattern, Test};
use hermes_format::provider::{Act, Active, Back, Provider};

impl Server {
    /// Sends a browser back to the client with a callback, or shows what is to be pasted.
    pub(super) fn send_back(&self, provider: &Provider, step: &Step<'_>, made: Made, note: &str) -> Outcome {
        let visit = self.book.session(step.session).and_then(|session| session.visit.clone());
        let parameters: Vec<(String, String)> = match &made.json {
            Some(Value::Object(object)) => object.iter().map(|(k, v)| (k.clone(), plain(v))).collect(),
            _ => Vec::new(),
        };
        let back = visit.and_then(|visit| visit.back).and_then(|back| Url::parse(&back).ok());
        let Act::Browser(browser) = &step.active.act else { return done(text_reply(500, ""), note) };
        match (&browser.back, back) {
            (Back::Listen(_), Some(mut back)) => {
                back.query_pairs_mut().extend_pairs(&parameters);
                done(redirect(302, back.as_str()), note)
            }
            (_, _) => {
                let text =
                    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
                let page = Page {
                    status: 200,
                    provider: &provider.name,
                    title: "Nearly there",
                    content: page::copy(&text),
                };
                done(with_header(page.reply(), page::PASTE_HEADER, &text), note)
            }
        }
    }

    /// An answer where no rule of the state says what the scenario wants.
    pub(super) fn without_a_rule(&mut self, turn: &Turn<'_>, step: &Step<'_>, intent: Intent) -> Outcome {
        match intent {
            Intent::Expire if step.role.is_polled => match self.make(turn, step, Intent::Wait) {
                Some(made) => self.send(step, Intent::Wait, made),
                None => done(oauth_error(400, "expired_token", "the code is too old"), "expired"),
            },
            Intent::Expire if step.role.is_browser => {
                let content = page::paragraph("This login is too old. Start again in the program.");
                let page = Page { status: 400, provider: &self.provider.name, title: "Too late", content };
                done(page.reply(), "expired")
            }
            Intent::Expire => done(oauth_error(400, "expired_token", "the code is too old"), "expired"),
            Intent::Slower if !writes_status(step.active, 429) => done(
                with_header(oauth_error(429, "slow_down", "asked too often"), "retry-after", "2"),
                "slow down",
            ),
            Intent::Slower => match self.make(turn, step, Intent::Wait) {
                Some(made) => self.send(step, Intent::Wait, made),
                None => done(oauth_error(400, "slow_down", "asked too often"), "slow down"),
            },
            Intent::Deny => done(oauth_error(400, "access_denied", "the person said no"), "denied"),
            Intent::Relogin => done(
                oauth_error(400, "invalid_grant", "the refresh token was used before"),
                "spent refresh token",
            ),
            _ => refused(
                oauth_error(500, "server_error", "no answer takes a rule that goes on"),
                "no rule goes on",
            ),
        }
    }

    /// Something breaks; `None` where a rule of the file would read it.
    pub(super) fn hiccup(&self, number: u32, step: &Step<'_>) -> Option<Outcome> {
        let reply = match number {
            1 if !writes_status(step.active, 500) => fault::garbage(&self.provider.name, 500),
            2 if !writes_status(step.active, 429) => with_header(
                oauth_error(429, "temporarily_unavailable", "too many requests"),
                "retry-after",
                "1",
            ),
            3 => Reply::Broken,
            _ => return None,
        };
        Some(done(reply, "hiccup"))
    }
}

/// Whether a rule of the state writes the status, so that the engine leaves it to the rules.
fn writes_status(active: &Active, status: u16) -> bool {
    let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
    conditions.flat_map(|condition| &condition.terms).any(|term| match &term.test {
        Test::Status(patterns) => patterns.iter().any(|pattern| match pattern {
            StatusPattern::Exactly(exactly) => *exactly == status,
            StatusPattern::Class(class) => u16::from(*class) == status / 100,
        }),
        _ => false,
    })
}
