//! The user at the other end of a login.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hermes_format::secret::Secret;
use hermes_machine::machine::Prompt;
use url::Url;

use crate::driver::{Opened, Person};

/// A boxed future, as object-safe traits need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A page that the user opens, and the code that they compare or type there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The address.
    pub url: Option<Url>,
    /// The code.
    pub code: Option<String>,
    /// Whether a browser was opened with it.
    pub opened: bool,
}

/// How a login goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// It waits for the user; called about once a second.
    Waiting {
        /// The time that is left.
        left: Option<Duration>,
    },
    /// It waits no longer.
    Resumed,
    /// The server's last answer was none that can be used; it is asked again.
    NoAnswer {
        /// What it was instead.
        what: String,
    },
    /// What was pasted is not of this login; another paste is awaited.
    PasteRejected {
        /// Why.
        reason: String,
    },
}

/// Something that only the user knows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// The value of an input.
    Input {
        /// Its name in the provider's file.
        name: String,
        /// What to ask for.
        prompt: String,
        /// Whether the answer must not be echoed.
        secret: bool,
        /// The allowed values, where there are only some.
        choices: Vec<String>,
    },
    /// The code or the address that the browser showed in the end.
    Paste,
}

/// The user of a login.
///
/// Every method takes `&self`, so that an answer can be awaited while progress goes on.
pub trait Ui: Send + Sync + 'static {
    /// Shows a page, once for each.
    fn show(&self, page: &Page);

    /// Shows how the login goes on.
    fn progress(&self, progress: &Progress) {
        let _ = progress;
    }

    /// Asks the user. `None`: there is nobody to answer.
    ///
    /// There is one future for each question. It is polled until it is ready, or dropped when the login goes on without
    /// an answer.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<Secret>> {
        let _ = question;
        Box::pin(std::future::ready(None))
    }
}

/// What the driver calls, in the place of a [`Ui`].
pub(super) struct Adapter {
    ui: Arc<dyn Ui>,
    paste: Paste,
}

/// The question for a paste. The driver asks again each second and drops what it got, so the answer is kept here.
enum Paste {
    Unasked,
    Asked(BoxFuture<'static, Option<Secret>>),
    /// There is nobody to answer.
    Unanswerable,
}

impl Adapter {
    pub(super) fn new(ui: Arc<dyn Ui>) -> Adapter {
        Adapter { ui, paste: Paste::Unasked }
    }

    async fn pasted(&mut self) -> String {
        if let Paste::Unasked = self.paste {
            let ui = self.ui.clone();
            self.paste = Paste::Asked(Box::pin(async move { ui.ask(&Question::Paste).await }));
        }
        if let Paste::Asked(answer) = &mut self.paste {
            if let Some(text) = answer.await {
                self.paste = Paste::Unasked;
                return text.expose_secret().to_owned();
            }
            self.paste = Paste::Unanswerable;
        }
        std::future::pending().await
    }
}

impl Person for Adapter {
    fn show(&mut self, prompt: &Prompt, opened: &Opened) {
        let page =
            Page { url: prompt.url.clone(), code: prompt.code.clone(), opened: *opened == Opened::Yes };
        self.ui.show(&page);
    }

    fn waiting(&mut self, left: Option<Duration>) {
        self.ui.progress(&Progress::Waiting { left });
    }

    fn waited(&mut self) {
        self.ui.progress(&Progress::Resumed);
    }

    fn note(&mut self, note: &str) {
        self.ui.progress(&Progress::NoAnswer { what: note.to_owned() });
    }

    fn again(&mut self, reason: &str) {
        self.paste = Paste::Unasked;
        self.ui.progress(&Progress::PasteRejected { reason: reason.to_owned() });
    }

    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(self.pasted())
    }
}
