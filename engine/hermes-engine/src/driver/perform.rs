//! One act for each kind of effect.

use std::io;
use std::time::Duration;

use hermes_format::origin::Origin;
use hermes_format::time::{Now, UnixMs};
use hermes_machine::machine::{
    CallbackTie, Effect, Event, Failure, FailureKind, Listener as Wanted, Progress, Prompt, Request, Response,
};
use url::Url;

use super::person::{Opened, Person, Witness};
use super::signal::Signals;
use crate::browser;
use crate::clock::Clock;
use crate::http::Http;
use crate::listener::{Listener, StartPage};

/// The longest sleep without a look at the clock: timers don't count the time in which the computer slept (S12).
const TICK: Duration = Duration::from_secs(1);

/// Performs the effects of one run.
pub(super) struct Performer<'a> {
    clock: Clock,
    http: &'a Http,
    person: &'a mut dyn Person,
    witness: &'a mut dyn Witness,
    browser: bool,
    signals: Interrupts,
    listener: Option<Listener>,
    /// Whether a browser was awaited at it.
    heard: bool,
    shown: Option<Prompt>,
    /// Where the browser was started, for as long as its prompt is the one that is shown.
    start: Option<StartPage>,
    stray_errors: usize,
}

/// How many errors of callbacks that may not be this login's are told.
const STRAY_ERRORS: usize = 3;

/// Caught signals, and what they do.
pub(super) enum Interrupts {
    /// They cancel the run.
    Cancel(Signals),
    /// They are somebody else's.
    Ignore,
    /// They wait for its end: caught, so that they don't end the process, and not looked at.
    Hold {
        /// Alive for as long as they are caught.
        _caught: Signals,
    },
}

impl Interrupts {
    /// Resolves when a signal says to stop.
    async fn cancelled(&mut self) {
        match self {
            Interrupts::Cancel(signals) => signals.next().await,
            Interrupts::Hold { .. } | Interrupts::Ignore => std::future::pending().await,
        }
    }
}

/// What a run is performed with.
pub(super) struct Setting {
    /// Its clock.
    pub(super) clock: Clock,
    /// Whether pages are opened in a browser.
    pub(super) browser: bool,
    /// What signals do.
    pub(super) signals: Interrupts,
}

impl<'a> Performer<'a> {
    pub(super) fn new(
        setting: Setting,
        http: &'a Http,
        person: &'a mut dyn Person,
        witness: &'a mut dyn Witness,
    ) -> Performer<'a> {
        let Setting { clock, browser, signals } = setting;
        Performer {
            clock,
            http,
            person,
            witness,
            browser,
            signals,
            listener: None,
            heard: false,
            shown: None,
            start: None,
            stray_errors: 0,
        }
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// The answer that an earlier run left, and when it arrived.
    pub(super) fn known(&mut self, request: &Request) -> Option<(Response, UnixMs)> {
        self.witness.known(request)
    }

    /// Tells the witness how far the run has come.
    pub(super) fn reached(&mut self, progress: Option<Progress>) {
        if let Some(progress) = progress {
            self.witness.reached(progress);
        }
    }

    /// Tells the witness what came of an effect.
    pub(super) fn performed(&mut self, effect: &Effect, event: &Event) {
        self.witness.performed(effect, event);
    }

    /// Sends a request, once more where the witness asks for it.
    pub(super) async fn send(&mut self, request: &Request) -> io::Result<Event> {
        // A callback that comes after its state was left is nobody's.
        if self.heard {
            self.listener = None;
        }
        let event = self.send_once(request).await?;
        match &event {
            Event::Failed(failure) if self.witness.again(request, failure) => self.send_once(request).await,
            _ if self.start.as_ref().is_some_and(StartPage::is_used_again) => Ok(Event::Intercepted),
            _ => Ok(event),
        }
    }

    async fn send_once(&mut self, request: &Request) -> io::Result<Event> {
        self.witness.sending(request)?;
        let answer = tokio::select! {
            biased;
            () = self.signals.cancelled() => return Ok(Event::Cancelled),
            answer = self.http.send(request) => answer,
        };
        Ok(match answer {
            Ok(response) => {
                // The answer in hand is worth more than its record; see `Witness::answered`.
                let _ = self.witness.answered(request, &response);
                Event::Answered(response)
            }
            Err(failure) => Event::Failed(failure),
        })
    }

    /// Tells what the last answer was, where it was none.
    pub(super) fn note(&mut self, note: Option<&str>) {
        if let Some(note) = note {
            self.person.note(note);
        }
    }

    /// Waits until a moment of the elapsed clock.
    pub(super) async fn wait(
        &mut self,
        until: Duration,
        deadline: Option<Duration>,
        show: Option<&Prompt>,
    ) -> Event {
        if let Some(prompt) = show
            && self.show(prompt).await == Stop::Cancelled
        {
            return Event::Cancelled;
        }
        let mut told = false;
        let event = loop {
            let now = self.now().elapsed;
            let Some(left) = until.checked_sub(now).filter(|left| !left.is_zero()) else { break Event::Woke };
            self.person.waiting(deadline.map(|deadline| deadline.saturating_sub(now)));
            told = true;
            tokio::select! {
                biased;
                () = self.signals.cancelled() => break Event::Cancelled,
                () = intercepted(self.start.as_ref()) => break Event::Intercepted,
                () = tokio::time::sleep(left.min(TICK)) => {}
            }
        };
        if told {
            self.person.waited();
        }
        event
    }

    /// Asks the person whether hosts may take part.
    pub(super) fn agree(&mut self, origins: &[Origin], sends_secret: bool) -> Event {
        if self.person.agrees(origins, sends_secret) { Event::Agreed } else { Event::Declined }
    }

    /// Binds a listener in the place of any earlier one.
    pub(super) async fn bind(&mut self, wanted: &Wanted) -> Event {
        self.listener = None;
        self.heard = false;
        match Listener::bind(wanted).await {
            Ok(listener) => {
                let uri = listener.redirect_uri().to_owned();
                self.person.listening(&uri);
                self.listener = Some(listener);
                Event::Bound(uri)
            }
            Err(error) => {
                Event::Failed(Failure { kind: FailureKind::Connect, sent: false, message: error.to_string() })
            }
        }
    }

    /// Says that a port could not be listened on, and that the login goes on in another way.
    pub(super) fn gives_way(&mut self, port: u16) {
        self.person.port_taken(port);
    }

    /// From now on the listener takes no callback but one that brings this back.
    pub(super) fn expect(&self, tie: Option<CallbackTie>) {
        if let Some(listener) = &self.listener {
            listener.expect(tie);
        }
    }

    /// Opens a page, and takes the callback or the paste that comes first.
    pub(super) async fn listen(&mut self, show: &Prompt, until: Duration, again: Option<&str>) -> Event {
        if let Some(reason) = again {
            self.person.again(reason);
        }
        self.heard = true;
        let listener = self.listener.take();
        let event = {
            let callback = async {
                match &listener {
                    Some(listener) => listener.callback().await,
                    None => std::future::pending().await,
                }
            };
            let visit = self.visit(show, until, listener.as_ref());
            tokio::select! {
                // In this order somebody already waits for the callback when the browser starts.
                biased;
                query = callback => Event::CalledBack(query),
                event = visit => event,
            }
        };
        // A browser can be back before it is known that it was started: the user reads where it went all the same.
        if matches!(event, Event::CalledBack(_)) && self.shown.as_ref() != Some(show) {
            self.person.show(show, &Opened::Yes);
            self.shown = Some(show.clone());
        }
        self.person.waited();
        // A paste that says nothing leaves the machine where it is, and its listener with it.
        self.listener = listener;
        event
    }

    /// Sends the person to a page and waits for what they paste.
    async fn visit(&mut self, show: &Prompt, until: Duration, listener: Option<&Listener>) -> Event {
        if self.show(show).await == Stop::Cancelled {
            return Event::Cancelled;
        }
        loop {
            let now = self.now().elapsed;
            let Some(left) = until.checked_sub(now).filter(|left| !left.is_zero()) else {
                return Event::Woke;
            };
            self.person.waiting(Some(left));
            tokio::select! {
                biased;
                () = self.signals.cancelled() => return Event::Cancelled,
                () = intercepted(self.start.as_ref()) => return Event::Intercepted,
                error = stray_error(listener, self.stray_errors) => {
                    self.stray_errors += 1;
                    self.person.stray_error(&error);
                }
                text = self.person.paste() => return Event::Pasted(text.into()),
                () = tokio::time::sleep(left.min(TICK)) => {}
            }
        }
    }

    /// Shows a prompt that was not shown yet, its page opened where a browser is at hand.
    async fn show(&mut self, prompt: &Prompt) -> Stop {
        if self.shown.as_ref() == Some(prompt) {
            return Stop::Not;
        }
        let page = prompt.url.as_ref().filter(|_| self.browser).map(|url| self.http.reached_at(url));
        self.start = None;
        let opened = match page {
            Some(page) => {
                // Without a start page the page's own address would be in the browser's arguments.
                self.start = StartPage::serve(page).await.ok();
                tokio::select! {
                    biased;
                    () = self.signals.cancelled() => return Stop::Cancelled,
                    opened = open(self.start.as_ref()) => opened,
                }
            }
            None => Opened::NotTried,
        };
        self.person.show(prompt, &opened);
        self.shown = Some(prompt.clone());
        Stop::Not
    }
}

/// Starts a browser on a start page.
async fn open(start: Option<&StartPage>) -> Opened {
    let Some(url) = start.and_then(|start| Url::parse(start.url()).ok()) else { return Opened::Failed };
    if browser::open(&url).await { Opened::Yes } else { Opened::Failed }
}

/// Resolves when a start page is visited for a second time.
async fn intercepted(start: Option<&StartPage>) {
    match start {
        Some(start) => start.used_again().await,
        None => std::future::pending().await,
    }
}

/// The next error of a callback that may not be this login's, while they are few.
async fn stray_error(listener: Option<&Listener>, told: usize) -> String {
    match listener.filter(|_| told < STRAY_ERRORS) {
        Some(listener) => listener.stray_error().await,
        None => std::future::pending().await,
    }
}

/// Whether a signal came.
#[derive(PartialEq)]
enum Stop {
    Not,
    Cancelled,
}
