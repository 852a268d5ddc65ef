//! The witness of a refresh: it writes every answer down before anybody reads it, and brings back those of a run that
//! was cut off.

use std::collections::VecDeque;
use std::io;

use hermes_format::time::UnixMs;
use hermes_machine::machine::{Failure, FailureKind, Request, Response, holds_token};

use crate::clock;
use crate::driver::Witness;
use crate::store::{Answer, AnyStore, Attempt, Journal, Lease, StoreError, wait};

/// What makes answers durable.
pub(super) trait Keeper: Send {
    /// Keeps one; it is durable when this returns.
    fn keep(&mut self, answer: &Answer) -> Result<(), StoreError>;

    /// Whether what is kept is not this run's own any more.
    fn is_over(&self) -> bool {
        false
    }
}

/// A grant that is held while it is renewed.
pub(super) struct Leased<'a> {
    pub(super) store: &'a dyn AnyStore,
    pub(super) lease: &'a mut Lease,
}

impl Keeper for Leased<'_> {
    fn keep(&mut self, answer: &Answer) -> Result<(), StoreError> {
        wait(self.store.answer(self.lease, answer))
    }

    fn is_over(&self) -> bool {
        self.lease.until.is_some_and(|until| until <= clock::wall())
    }
}

/// The file of a login.
impl Keeper for Journal {
    fn keep(&mut self, answer: &Answer) -> Result<(), StoreError> {
        self.note(answer)
    }
}

/// Keeps the answers of a run.
pub(super) struct Scribe<K> {
    pub(super) keeper: K,
    known: VecDeque<Answer>,
    /// All answers of the run, in order.
    seen: Vec<Answer>,
    may_send: bool,
    is_last: bool,
    may_repeat: bool,
    /// Whether a server was asked.
    pub(super) asked: bool,
    /// Why an answer could not be made durable.
    pub(super) lost: Option<StoreError>,
}

impl<K> Scribe<K> {
    /// A scribe for a run that begins.
    pub(super) fn new(keeper: K) -> Scribe<K> {
        Scribe {
            keeper,
            known: VecDeque::new(),
            seen: Vec::new(),
            may_send: true,
            is_last: false,
            may_repeat: true,
            asked: false,
            lost: None,
        }
    }

    /// For a run whose token was sent before by one that was cut off: this is the repeat.
    pub(super) fn without_repeat(self) -> Scribe<K> {
        Scribe { may_repeat: false, ..self }
    }

    /// For a run that was cut off after these answers.
    pub(super) fn knowing(self, answers: Vec<Answer>) -> Scribe<K> {
        Scribe { known: answers.into(), ..self }
    }

    /// For a run after which nothing is done with the grant.
    pub(super) fn that_is_last(self) -> Scribe<K> {
        Scribe { is_last: true, ..self }
    }

    /// Whether nothing is done with the grant afterwards.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// For a run that must not send: its token is not at hand.
    pub(super) fn without_sending(self) -> Scribe<K> {
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

    /// What keeps the answers, at the end of the run.
    pub(super) fn into_keeper(self) -> K {
        self.keeper
    }

    /// What becomes of the attempt of a run that failed in a state. What earlier states were answered can be the only
    /// successor of a spent refresh token: where the server may yet answer otherwise, the attempt stays and is taken up in
    /// that state.
    pub(super) fn attempt(&self, failed_in: Option<&str>, only_login_helps: bool) -> Attempt {
        let (earlier, later): (Vec<&Answer>, Vec<&Answer>) =
            self.seen.iter().partition(|answer| Some(answer.state.as_str()) != failed_in);
        let transient = later.last().is_none_or(|answer| answer.is_transient());
        let taken_up = !only_login_helps && transient && !earlier.is_empty();
        match failed_in.filter(|_| taken_up) {
            Some(state) if !later.is_empty() => Attempt::Retracts(state.to_owned()),
            Some(_) => Attempt::Stays,
            None => Attempt::Ends,
        }
    }
}

impl<K: Keeper> Witness for Scribe<K> {
    fn sending(&mut self, _: &Request) -> io::Result<()> {
        if !self.may_send {
            return Err(io::Error::other("the refresh token is not at hand any more"));
        }
        if self.keeper.is_over() {
            return Err(io::Error::other("the hold on the credential has expired"));
        }
        self.asked = true;
        Ok(())
    }

    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        let answer = Answer::new(&request.state, clock::wall(), response);
        let noted = self.keeper.keep(&answer);
        self.seen.push(answer);
        noted.map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.lost = Some(error);
            told
        })
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
