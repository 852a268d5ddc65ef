//! The witness of a refresh: it writes every answer down before anybody reads it, and brings back those of a run that
//! was cut off.

use std::collections::VecDeque;
use std::io;

use hermes_format::time::UnixMs;
use hermes_machine::machine::{Failure, FailureKind, Request, Response, holds_token};

use crate::clock;
use crate::driver::Witness;
use crate::store::{Answer, Journal};

/// Writes a journal while a refresh runs.
#[derive(Debug)]
pub(super) struct Scribe {
    journal: Journal,
    known: VecDeque<Answer>,
    /// All answers of the run, in order.
    seen: Vec<Answer>,
    may_send: bool,
    may_repeat: bool,
    /// Whether a server was asked.
    pub(super) asked: bool,
    /// Why an answer could not be made durable.
    pub(super) lost: Option<io::Error>,
}

impl Scribe {
    /// A scribe for a run that begins.
    pub(super) fn new(journal: Journal) -> Scribe {
        Scribe {
            journal,
            known: VecDeque::new(),
            seen: Vec::new(),
            may_send: true,
            may_repeat: true,
            asked: false,
            lost: None,
        }
    }

    /// For a run whose token was sent before by one that was cut off: this is the repeat.
    pub(super) fn without_repeat(self) -> Scribe {
        Scribe { may_repeat: false, ..self }
    }

    /// For a run that was cut off after these answers.
    pub(super) fn knowing(self, answers: Vec<Answer>) -> Scribe {
        Scribe { known: answers.into(), ..self }
    }

    /// For a run that must not send: its token is not at hand.
    pub(super) fn without_sending(self) -> Scribe {
        Scribe { may_send: false, ..self }
    }

    /// Whether the last answer says of itself that it went well, holds a token, and is what a state could not read: its
    /// own, or `success` where the run came so far.
    pub(super) fn holds_token(&self, unread_in: Option<&str>) -> bool {
        let Some(last) = self.seen.last().filter(|last| unread_in.is_none_or(|state| state == last.state))
        else {
            return false;
        };
        let response = last.response();
        (200..300).contains(&response.status) && holds_token(&response.body)
    }

    /// All answers of the run, in order.
    pub(super) fn seen(&self) -> &[Answer] {
        &self.seen
    }

    /// The journal, at the end of the run.
    pub(super) fn into_journal(self) -> Journal {
        self.journal
    }

    /// Ends a run that failed in a state. What earlier states were answered can be the only successor of a spent refresh
    /// token: where the server may yet answer otherwise, the journal stays and the run is taken up in that state.
    pub(super) fn end(mut self, failed_in: Option<&str>, only_login_helps: bool) {
        let (earlier, later): (Vec<&Answer>, Vec<&Answer>) =
            self.seen.iter().partition(|answer| Some(answer.state.as_str()) != failed_in);
        let transient = later.last().is_none_or(|answer| answer.is_transient());
        let taken_up = !only_login_helps && transient && !earlier.is_empty();
        match failed_in.filter(|_| taken_up) {
            // What can't be taken back now is read again, and taken back then.
            Some(state) if !later.is_empty() => drop(self.journal.retract(state)),
            Some(_) => {}
            // What can't be removed now is looked at again at the next start.
            None => drop(self.journal.clear()),
        }
    }
}

impl Witness for Scribe {
    fn sending(&mut self, _: &Request) -> io::Result<()> {
        if !self.may_send {
            return Err(io::Error::other("the refresh token is not at hand any more"));
        }
        self.asked = true;
        Ok(())
    }

    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        let answer = Answer::new(&request.state, clock::wall(), response);
        let noted = self.journal.note(&answer);
        self.seen.push(answer);
        if let Err(error) = &noted {
            self.lost = Some(io::Error::new(error.kind(), error.to_string()));
        }
        noted
    }

    fn known(&mut self, request: &Request) -> Option<(Response, UnixMs)> {
        let answer = self.known.pop_front()?;
        if answer.state == request.state {
            self.asked = true;
            self.seen.push(answer.clone());
            return Some((answer.response(), UnixMs(answer.at)));
        }
        // The file has changed since: what follows answers other questions.
        self.known.clear();
        None
    }

    fn again(&mut self, _: &Request, failure: &Failure) -> bool {
        // A certificate that is not trusted now will not be a moment later.
        failure.kind != FailureKind::Tls && std::mem::take(&mut self.may_repeat)
    }
}
