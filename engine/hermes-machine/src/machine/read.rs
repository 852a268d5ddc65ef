//! An answer, read in one order: redirects, hiccups, the gates of size and depth, then the rules.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::code::{Code, LOOK_FOR_NEWER};
use super::effect::Effect;
use super::event::{Failure, FailureKind, Response};
use super::outcome::{Outcome, Trouble};
use super::redirect::{self, Redirect};
use super::trouble::{Answered, Failing};
use super::{
    Machine, Taken, acting, json, page, plain_words, reading, request, retry_after, server_clock,
    server_error,
};
use hermes_format::condition::{self, AnswerView, Test};
use hermes_format::provider::{Act, Action, Read, Rule, StateId, Then};
use hermes_format::query::present;
use hermes_format::time::Now;

/// How often the one request of a login's state is sent again at most.
const MOST_REPEATS: u32 = 2;
/// The pause before the first of them; each further one is twice as long.
const FIRST_REPEAT: Duration = Duration::from_secs(1);
/// A server that asks to wait for longer is not waited for.
const LONGEST_REPEAT: Duration = Duration::from_secs(60);

/// Why a request is to be sent again.
enum Unread<'a> {
    /// An answer that says nothing.
    Answered(u16),
    /// No answer.
    Nothing(&'a Failure),
}

impl Machine {
    /// Reads an HTTP answer.
    pub(super) fn answered(&mut self, response: &Response, now: Now) -> Effect {
        let Some((request, hops)) = self.asking.take() else { return self.fail(Code::BadFlow) };
        self.last_status = Some(response.status);
        self.run.server_clock = server_clock::read(response, now.wall);
        let provider = self.run.provider.clone();
        let Some((_, active)) = acting(&provider, self.at) else { return self.fail(Code::BadFlow) };
        let read = match &active.act {
            Act::Request(request) => request.read,
            Act::Browser(_) => Read::Json,
        };
        let value = reading::value(read, response);
        let there = self.run.server_clock.unwrap_or(now.wall);
        let retry_after = retry_after::pause(response, value.as_ref(), there);
        match redirect::judge(&request, response, hops, self.run.allowance()) {
            Redirect::Follow(next) => return self.send(next, hops + 1),
            // A network that wants a login sends every request to its page; nothing is sent there.
            Redirect::Refuse { to, why: _ } if active.every.is_some() => {
                let host = to.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
                return self.hiccup(format!("a redirect to `{host}`"), retry_after, now);
            }
            Redirect::Refuse { to, why } => return self.refuse_redirect(to.as_ref(), why),
            Redirect::No => {}
        }
        let text = String::from_utf8_lossy(&response.body);
        let page = page::describe(response, value.is_some());
        let is_transient = is_hiccup(response.status, &active.on);
        // What no rule leads on with is none of the service's: a page, or a success without a word of JSON.
        let is_foreign = !page::is_read_by(&active.on)
            && (page.is_some()
                || (value.is_none() && !response.truncated && self.is_lost(&active.on, response)));
        if active.every.is_some() && (is_transient || is_foreign) {
            let note = page.unwrap_or_else(|| match is_transient {
                true => format!("HTTP {}", response.status),
                false => format!("HTTP {}: {}", response.status, json::why_not(&response.body)),
            });
            return self.hiccup(note, retry_after, now);
        }
        if is_transient && let Some(again) = self.again(Unread::Answered(response.status), retry_after, now) {
            return again;
        }
        let words = match &value {
            Some(value) if server_error::is_told(value, response.status) => None,
            _ => plain_words::read(response, &text, page.is_some()),
        };
        let is_page = page.is_some();
        let unread = match &value {
            Some(_) => None,
            None if page::is_challenge(response) => page,
            None if is_page => Some("the answer is a web page".to_owned()),
            None => Some(reading::why_not(read, response).to_owned()),
        };
        let view = View {
            text: &text,
            unread: unread.as_deref(),
            is_page,
            words: words.as_ref(),
            retry_after,
            status: response.status,
        };
        self.judge(&value.unwrap_or(Value::Null), Some(view), now)
    }

    /// Whether an answer without JSON looks like a success, and no rule takes it for one.
    fn is_lost(&self, rules: &[Rule], response: &Response) -> bool {
        let answer = AnswerView { status: Some(response.status), body: "", json: None };
        let leads_on = condition::taken(rules, &answer, &self.run)
            .is_some_and(|index| matches!(rules[index].then, Then::Go(_)));
        (200..300).contains(&response.status) && !leads_on
    }

    fn refuse_redirect(&mut self, url: Option<&Url>, why: &str) -> Effect {
        let host = url.and_then(Url::host_str);
        let to = host.map_or_else(|| "somewhere".to_owned(), |host| format!("to `{host}`"));
        self.finish(|failing| {
            let trouble = failing.because(Code::Redirected, format!("{to}, and {why}"));
            let own = failing.provider.errors.get("redirected").is_some_and(|text| text.help.is_some());
            // The server's word alone is no reason to send a credential to a host.
            let help = Some(LOOK_FOR_NEWER.to_owned());
            if own { trouble } else { Trouble { help, ..trouble } }
        })
    }

    /// Reads that there was no answer.
    pub(super) fn unanswered(&mut self, failure: &Failure, now: Now) -> Effect {
        self.asking = None;
        if failure.kind == FailureKind::NotSimulated {
            let help = "only what the provider's file names is simulated: its URLs, and `hosts = [\"…\"]`";
            return self.finish(|failing| Trouble {
                help: Some(help.to_owned()),
                ..failing.because(Code::OriginRefused, failure.message.clone())
            });
        }
        let repeats = acting(&self.run.provider, self.at).is_some_and(|(_, active)| active.every.is_some());
        // A certificate that is not trusted now will not be in five seconds.
        if repeats && failure.kind != FailureKind::Tls {
            return self.hiccup(format!("none: {}", failure.message), None, now);
        }
        if failure.kind != FailureKind::Tls
            && let Some(again) = self.again(Unread::Nothing(failure), None, now)
        {
            return again;
        }
        self.because(Code::Network, failure.message.clone())
    }

    /// Asks again later: the answer said nothing. `note` is what it was.
    fn hiccup(&mut self, note: String, retry_after: Option<Duration>, now: Now) -> Effect {
        let Some(id) = self.at else { return self.fail(Code::BadFlow) };
        self.taken.push(Taken { state: id, rule: None });
        self.note = Some(note.clone());
        match self.paces.get_mut(&id) {
            Some(pace) => {
                let pause = pace.hiccup_pause(retry_after);
                Self::wait(pace, pause, (None, Some(note)), now)
            }
            None => self.fail(Code::BadFlow),
        }
    }

    /// Sends the one request of a login's state again, where that is safe: a login that a user has approved is worth more
    /// than a moment. A refresh is repeated by whoever keeps its journal.
    fn again(&mut self, unread: Unread<'_>, retry_after: Option<Duration>, now: Now) -> Option<Effect> {
        if self.run.action != Action::Login || self.tries.again >= MOST_REPEATS {
            return None;
        }
        let note = match unread {
            Unread::Answered(status) => format!("HTTP {status}"),
            Unread::Nothing(failure) => {
                // It may have been read: once more, and where nothing came of that no further.
                let may_be_read = failure.sent;
                if may_be_read && (self.tries.may_be_read || failure.kind == FailureKind::TimedOut) {
                    return None;
                }
                self.tries.may_be_read |= may_be_read;
                format!("none: {}", failure.message)
            }
        };
        let pause = FIRST_REPEAT.saturating_mul(1 << self.tries.again).max(retry_after.unwrap_or_default());
        if pause > LONGEST_REPEAT {
            return None;
        }
        self.tries.again += 1;
        let id = self.at?;
        self.taken.push(Taken { state: id, rule: None });
        Some(Self::wait(self.paces.get(&id)?, pause, (None, Some(note)), now))
    }

    /// Takes the first rule that applies. `view` is `None` for what came back from a browser.
    pub(super) fn judge(&mut self, value: &Value, view: Option<View<'_>>, now: Now) -> Effect {
        let provider = self.run.provider.clone();
        let (Some(id), Some((name, active))) = (self.at, acting(&provider, self.at)) else {
            return self.fail(Code::BadFlow);
        };
        let json = (!value.is_null()).then_some(value);
        let answer = AnswerView { status: view.map(|v| v.status), body: view.map_or("", |v| v.text), json };
        let Some(index) = condition::taken(&active.on, &answer, &self.run) else {
            return self.because(Code::BadAnswer, "no rule of its state reads it");
        };
        self.taken.push(Taken { state: id, rule: Some(index) });
        let rule = &active.on[index];
        if rule.next
            && let Act::Request(request) = &active.act
            && let Some(at) = request::url_at(request, self.url_at + 1, &self.run)
        {
            self.url_at = at;
            return self.act(now);
        }
        match &rule.then {
            Then::Fail { code, relogin } => {
                // An error's status says enough, but for a page that is none of the service.
                let fine = view.filter(|v| matches!(v.status, 200..=299));
                let unread = fine.or(view.filter(|v| v.is_page)).and_then(|v| v.unread).map(str::to_owned);
                let sent = match &active.act {
                    Act::Request(request) => Some(&**request),
                    Act::Browser(_) => None,
                };
                let quoted = Answered {
                    body: answer.body,
                    lack: unread.or_else(|| lack(rule, json)).or_else(|| fine.and_then(|_| unknown(rule))),
                    retry_after: view.and_then(|v| v.retry_after),
                    ..Answered::new(&self.run, sent, answer.status, json, view.and_then(|v| v.words))
                };
                let failing = Failing { answer: Some(&quoted), ..Failing::of(&self.run, Some(name)) };
                Effect::Finish(Outcome::Failed(failing.code(Code::from(code.value.as_str()), *relogin)))
            }
            Then::Go(to) if to.value == id => {
                self.note = None;
                if let (Some(every), Some(_)) = (&active.every, rule.slower)
                    && let Some(pace) = self.paces.get_mut(&id)
                {
                    pace.slow(rule.slower, &every.time, value, now);
                }
                self.repeat(id, view, now)
            }
            Then::Go(to) => {
                // What the last URL of a list answered is dropped.
                let value = if rule.next { Value::Null } else { value.clone() };
                self.run.keep_answer(name, value.clone(), now.elapsed);
                self.go(to.value, value, now)
            }
        }
    }

    /// Enters the same state again, after its pause.
    fn repeat(&mut self, id: StateId, view: Option<View<'_>>, now: Now) -> Effect {
        self.entries += 1;
        if self.entries > super::MAX_ENTRIES {
            return self.fail(Code::BadFlow);
        }
        match self.paces.get_mut(&id) {
            Some(pace) => {
                let pause = pace.next_pause(view.and_then(|v| v.retry_after));
                Self::wait(pace, pause, (None, None), now)
            }
            None => self.fail(Code::BadFlow),
        }
    }
}

/// What of an HTTP answer is not its JSON.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    text: &'a str,
    /// Why it is no JSON, where it is none.
    unread: Option<&'a str>,
    is_page: bool,
    /// What it says outside of JSON.
    words: Option<&'a Value>,
    status: u16,
    retry_after: Option<Duration>,
}

/// The last rule of a list takes what no other knows.
fn unknown(rule: &Rule) -> Option<String> {
    (rule.when.is_none() && rule.unless.is_none()).then(|| "an unexpected answer".to_owned())
}

/// What of all that a rule asks for an answer does not have.
fn lack(rule: &Rule, json: Option<&Value>) -> Option<String> {
    let terms = rule.unless.iter().flat_map(|condition| &condition.terms);
    let missing = terms.filter_map(|term| match &term.test {
        Test::Exists(path) if present(json.and_then(|root| path.select(root))).is_none() => Some(path.text()),
        _ => None,
    });
    let missing: Vec<String> = missing.map(|path| format!("no `{path}`")).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// Whether a status says that the server has trouble of its own, and no rule of the state writes that status.
fn is_hiccup(status: u16, rules: &[Rule]) -> bool {
    let transient = matches!(status, 408 | 425 | 429 | 500..=599);
    transient && !rules.iter().any(|rule| writes(rule, status))
}

fn writes(rule: &Rule, status: u16) -> bool {
    let terms = rule.when.iter().chain(&rule.unless).flat_map(|condition| &condition.terms);
    terms.into_iter().any(|term| match &term.test {
        Test::Status(patterns) => patterns.iter().any(|pattern| pattern.matches(status)),
        _ => false,
    })
}
