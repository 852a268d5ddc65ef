//! The person at the approval page, played.
//!
//! Knows no provider: it opens the page of a prompt, and goes where a browser would be sent.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use hermes_format::origin::Origin;
use hermes_format::provider::Method;
use hermes_machine::machine::{Failure, Prompt, Request, Response};
use hermes_proof::simulate::PASTE_HEADER;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use url::Url;

use crate::driver::{Opened, Person};
use crate::http::{Http, HttpOptions};

/// How often a page may send the browser on.
const HOPS: usize = 5;

/// Plays the person: visits the page of a prompt, as a browser would, and follows it back to the listener.
#[derive(Debug, Clone)]
pub struct Visitor {
    http: HttpOptions,
    /// Where the login's listener is, which the browser is sent back to.
    listener: Option<Url>,
}

/// What a visit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// The page was shown, and there is nothing to bring back: the flow polls.
    Shown,
    /// The listener on loopback got the callback.
    CalledBack,
    /// This text is to be pasted.
    Paste(String),
}

impl Visitor {
    pub(super) fn new(http: HttpOptions) -> Visitor {
        Visitor { http, listener: None }
    }

    /// Visits the prompt's page. A prompt without one is shown already.
    ///
    /// # Errors
    ///
    /// Where the server or the listener could not be reached.
    pub async fn visit(&self, prompt: &Prompt) -> Result<Visit, Failure> {
        let Some(mut url) = prompt.url.clone() else { return Ok(Visit::Shown) };
        let http = Http::new(self.http.clone());
        for _ in 0..HOPS {
            let response = http.send(&page(url.clone())).await?;
            if let Some(text) = header(&response, PASTE_HEADER) {
                return Ok(Visit::Paste(text.to_owned()));
            }
            let is_redirect = (300..400).contains(&response.status);
            match header(&response, "location").filter(|_| is_redirect).and_then(|to| url.join(to).ok()) {
                Some(next) if self.is_listener(&next) => {
                    let answer = Http::new(HttpOptions::default()).send(&page(next.clone())).await?;
                    // A listener that refuses the callback goes on waiting: the user pastes the address that they see.
                    let is_refused = answer.status == 400;
                    return Ok(if is_refused { Visit::Paste(next.into()) } else { Visit::CalledBack });
                }
                Some(next) => url = next,
                None => return Ok(Visit::Shown),
            }
        }
        Ok(Visit::Shown)
    }

    /// Whether a page leads back to the login's own listener: there alone the browser leaves the simulation.
    fn is_listener(&self, next: &Url) -> bool {
        self.listener.as_ref().is_some_and(|own| own.origin() == next.origin() && own.path() == next.path())
    }
}

fn page(url: Url) -> Request {
    let path_template = url.path().to_owned();
    Request { state: "page".into(), method: Method::Get, url, path_template, headers: Vec::new(), body: None }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A person who is shown everything that another is, while a [`Visitor`] does what there is to do.
///
/// Start the machine without a browser at hand, or a real one opens too.
pub struct Visiting<P> {
    person: P,
    visitor: Visitor,
    pastes: UnboundedReceiver<String>,
    sender: UnboundedSender<String>,
}

impl<P: Person> Visiting<P> {
    /// Plays beside `person`.
    pub fn new(person: P, visitor: Visitor) -> Visiting<P> {
        let (sender, pastes) = unbounded_channel();
        Visiting { person, visitor, pastes, sender }
    }
}

impl<P: Person> Person for Visiting<P> {
    fn listening(&mut self, redirect_uri: &str) {
        self.visitor.listener = Url::parse(redirect_uri).ok();
        self.person.listening(redirect_uri);
    }

    fn agrees(&mut self, _: &[Origin], _: bool) -> bool {
        true
    }

    fn show(&mut self, prompt: &Prompt, opened: &Opened) {
        self.person.show(prompt, opened);
        let (visitor, prompt, sender) = (self.visitor.clone(), prompt.clone(), self.sender.clone());
        tokio::spawn(async move {
            // A page that can't be reached is a person who does nothing: the flow's deadline deals with both.
            if let Ok(Visit::Paste(text)) = visitor.visit(&prompt).await {
                let _ = sender.send(text);
            }
        });
    }

    fn waiting(&mut self, left: Option<Duration>) {
        self.person.waiting(left);
    }

    fn waited(&mut self) {
        self.person.waited();
    }

    fn again(&mut self, reason: &str) {
        self.person.again(reason);
    }

    fn port_taken(&mut self, port: u16) {
        self.person.port_taken(port);
    }

    fn stray_error(&mut self, error: &str) {
        self.person.stray_error(error);
    }

    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(async {
            tokio::select! {
                Some(text) = self.pastes.recv() => text,
                text = self.person.paste() => text,
            }
        })
    }
}
