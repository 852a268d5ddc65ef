//! The page that a browser is started on: it sends the browser on to the real one, once.
//!
//! The arguments of a process can be read by every user of the computer, and a browser's page is one of them. Who reads
//! an authorization URL there has its `state` and its code challenge, and can finish the login with an account of their
//! own. So the browser is given an address that is worth nothing after the first visit, and a second visit shows that
//! somebody else made the first.
//!
//! Note: the address has the literal 127.0.0.1 in it. A development server's `Strict-Transport-Security` for `localhost`
//! would turn plain http away from all its ports.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hermes_machine::machine::Entropy as _;
use hermes_machine::pkce::random_text;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use url::Url;

use super::exchange::{self, Answer, Service};
use super::peer::Ends;
use super::request::{self, Expected};
use crate::entropy::System;

/// A page on loopback that sends its first visitor on. Dropping it closes its socket.
#[derive(Debug)]
pub struct StartPage {
    url: String,
    visits: Arc<Visits>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Visits {
    is_used: AtomicBool,
    is_used_again: AtomicBool,
    bell: Notify,
}

struct Pages {
    expected: Expected,
    to: Url,
    visits: Arc<Visits>,
}

impl StartPage {
    /// Serves a page that leads to this one.
    ///
    /// # Errors
    ///
    /// Where no port of 127.0.0.1 can be bound.
    pub async fn serve(to: Url) -> io::Result<StartPage> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = socket.local_addr()?.port();
        let mut bytes = [0; 32];
        System.fill(&mut bytes);
        let path = format!("/{}", random_text(&bytes));
        let url = format!("http://127.0.0.1:{port}{path}");
        let visits = Arc::new(Visits::default());
        let pages = Pages { expected: Expected::page(path, port), to, visits: visits.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(exchange::serve(socket, Arc::new(pages)));
        Ok(StartPage { url, visits, _tasks: tasks })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it was visited more than once.
    pub fn is_used_again(&self) -> bool {
        self.visits.is_used_again.load(Ordering::SeqCst)
    }

    /// Waits until it is visited for a second time.
    pub async fn used_again(&self) {
        while !self.is_used_again() {
            self.visits.bell.notified().await;
        }
    }
}

impl Service for Pages {
    fn answer(&self, head: &[u8], ends: &Ends) -> Answer {
        let is_visit = match self.expected.read(head, |headers, _| is_visit(headers)) {
            Ok(is_visit) => is_visit,
            Err(verdict) => return verdict.answer().into(),
        };
        if ends.belong_to_another_user() {
            return request::another_user().into();
        }
        if !is_visit {
            return request::not_a_visit().into();
        }
        if !self.visits.is_used.swap(true, Ordering::SeqCst) {
            return request::redirect(&self.to).into();
        }
        let visits = self.visits.clone();
        visits.is_used_again.store(true, Ordering::SeqCst);
        Answer { text: request::used_up(), then: Some(Box::new(move || visits.bell.notify_one())) }
    }
}

/// Whether a user goes to the page: a browser says of an image, a script or a prefetch that it is one. Other clients say
/// nothing ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/)).
fn is_visit(headers: &[httparse::Header<'_>]) -> bool {
    let values = |name: &'static str| {
        headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let is_prefetch = ["sec-purpose", "purpose", "x-moz"]
        .into_iter()
        .flat_map(values)
        .any(|purpose| purpose.windows(8).any(|word| word.eq_ignore_ascii_case(b"prefetch")));
    !is_prefetch && values("sec-fetch-mode").all(|mode| mode.eq_ignore_ascii_case(b"navigate"))
}
