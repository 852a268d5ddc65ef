//! One test, played: a machine, a virtual clock, fixed entropy, and the replies of the file.

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::file::{Body, Reply, Test, What};
use super::trace::{Ending, Heard, Sending, Trace};
use hermes_format::provider::{Action, Constants, JsonTemplate, Shared};
use hermes_format::raw::test::Fail;
use hermes_format::secret::Secret;
use hermes_format::template::{Missing, Name, Scope, Template};
use hermes_format::time::{Now, UnixMs, format_duration};
use hermes_machine::machine::{
    CallbackQuery, Earlier, Effect, Entropy, Event, Failure, FailureKind, Listener, Machine, Prompt, Request,
    Response, Start,
};

/// More effects than all tests of a flow with paces and deadlines have.
const MOST_EFFECTS: usize = 25_000;

/// How many effects the tests of a file may still have.
pub(super) struct Budget(usize);

impl Budget {
    /// That of one file.
    pub(super) fn new() -> Budget {
        Budget(MOST_EFFECTS)
    }

    /// Takes one effect out; false where none is left.
    fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

/// The port of a listener whose file leaves it open.
const ANY_PORT: u16 = 49_152;

/// Plays a test to its end, or to the point where it can't go on.
pub(super) fn play(provider: &Shared, test: &Test, now: UnixMs, budget: &mut Budget) -> Trace {
    let default_region = provider.regions.as_ref().map(|regions| regions.default.clone());
    let region = test.region.clone().or(default_region);
    let trace = Trace { region, variables: test.variables.clone(), ..Trace::default() };
    let clock = Now { wall: now, elapsed: Duration::ZERO };
    let (machine, effect) = Machine::start(start(provider, test), clock);
    let mut player = Player { provider, test, machine, clock, trace, asked: Vec::new() };
    match player.lacks_input(&effect) {
        Some(ending) => player.trace.ending = Some(ending),
        None => player.run(effect, budget),
    }
    Trace { waited: player.clock.elapsed, machine: Some(player.machine), ..player.trace }
}

fn start(provider: &Shared, test: &Test) -> Start {
    Start {
        provider: provider.clone(),
        action: test.action,
        from: test.from,
        region: test.region.clone(),
        inputs: test.inputs.clone(),
        token: test.token.clone(),
        bound_to: None,
        earlier: Earlier { last: test.last.clone(), ..Earlier::default() },
        browser: test.browser,
        entropy: Box::new(Fixed { seed: test.name.clone(), block: 0 }),
    }
}

/// Bytes that depend on the name of the test alone, so that a run repeats exactly.
struct Fixed {
    seed: String,
    block: u64,
}

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.block += 1;
            let block =
                Sha256::new().chain_update(&self.seed).chain_update(self.block.to_be_bytes()).finalize();
            for (to, from) in chunk.iter_mut().zip(block) {
                *to = from;
            }
        }
    }
}

struct Player<'a> {
    provider: &'a Shared,
    test: &'a Test,
    machine: Machine,
    clock: Now,
    trace: Trace,
    /// How often each state was answered.
    asked: Vec<(String, usize)>,
}

/// What happens next: an event with the answer it carries, or the end.
type Next = Result<(Event, Value), Ending>;

impl Player<'_> {
    /// The end of a login that would have to ask for an input first. One that ends at once asks nothing.
    fn lacks_input(&self, first: &Effect) -> Option<Ending> {
        let begins_in = self.machine.state().filter(|_| !matches!(first, Effect::Finish(_)))?;
        if self.test.action != Action::Login {
            return None;
        }
        let (region, inputs) = (self.test.region.as_deref(), &self.test.inputs);
        let constants = Constants { provider: self.provider, region, inputs };
        let name = self.provider.inputs_needed(begins_in, &constants).first().copied()?;
        Some(Ending::Stuck {
            field: format!("inputs.{name}"),
            needed: format!(
                "a value: a login that begins in `{}` asks for it",
                self.provider.state(begins_in).name
            ),
            found: "none".to_owned(),
        })
    }

    fn run(&mut self, first: Effect, budget: &mut Budget) {
        let mut effect = first;
        while budget.take() {
            match self.perform(effect) {
                Ok((event, answer)) => effect = self.step(event, answer),
                Err(ending) => {
                    self.trace.ending = Some(ending);
                    return;
                }
            }
        }
        self.trace.ending = Some(Ending::Stuck {
            field: "expect.end".to_owned(),
            needed: "an end of the run".to_owned(),
            found: format!(
                "none when the tests of the file had taken {MOST_EFFECTS} steps, {} of it here",
                format_duration(self.clock.elapsed)
            ),
        });
    }

    fn step(&mut self, event: Event, answer: Value) -> Effect {
        let before = self.machine.taken().len();
        let effect = self.machine.step(event, self.clock);
        let taken = self.machine.taken().get(before..).unwrap_or_default();
        let heard = taken.iter().filter_map(|t| Some((t.state, t.rule?)));
        for (state, rule) in heard {
            let whole = Name::Answer { state: self.provider.state(state).name.clone(), path: Vec::new() };
            let answer =
                self.machine.value(&whole).filter(|v| !v.is_null()).unwrap_or_else(|| answer.clone());
            self.trace.heard.push(Heard { state, rule, answer });
        }
        effect
    }

    fn perform(&mut self, effect: Effect) -> Next {
        match effect {
            Effect::Send(request) => self.send(request),
            Effect::Wait { until, show, .. } => {
                self.show(show);
                self.wait_until(until);
                Ok((Event::Woke, Value::Null))
            }
            Effect::Agree { .. } if self.test.agrees => Ok((Event::Agreed, Value::Null)),
            Effect::Agree { .. } => Ok((Event::Declined, Value::Null)),
            Effect::Bind(listener) => Ok((Event::Bound(redirect_uri(&listener)), Value::Null)),
            Effect::Listen { state, until, again: Some(_), .. } if self.has_no_more(&state) => {
                self.wait_until(until);
                Ok((Event::Woke, Value::Null))
            }
            Effect::Listen { state, show, until, .. } => self.listen(&state, show, until),
            Effect::Finish(outcome) => Err(Ending::Finished(outcome)),
        }
    }

    fn send(&mut self, request: Request) -> Next {
        let state = request.state.clone();
        self.record(&state, sending(request));
        let reply = self.reply(&state)?;
        self.wait(reply.delay);
        match &reply.what {
            What::Answer { status, headers, body } => self.answer(*status, headers.iter(), body),
            What::Nothing(fail) => Ok((Event::Failed(failure(*fail)), Value::Null)),
            What::Callback(_) | What::Paste(_) => Err(stuck(
                &state,
                "an HTTP answer",
                "a callback or a paste, which only a browser state takes",
            )),
        }
    }

    fn answer<'t>(
        &self,
        status: u16,
        headers: impl Iterator<Item = (&'t String, &'t Template)>,
        body: &Body,
    ) -> Next {
        let headers: Result<Vec<_>, Missing> =
            headers.map(|(name, value)| Ok((name.to_ascii_lowercase(), value.render(self)?))).collect();
        let headers = headers.map_err(missing)?;
        let body = match body {
            Body::Text(text) => text.render(self).map_err(missing)?,
            Body::Json(json) => self.json(json).map_err(missing)?.to_string(),
        };
        let answer = serde_json::from_str(&body).unwrap_or_default();
        Ok((Event::Answered(Response { status, headers, body: body.into_bytes(), truncated: false }), answer))
    }

    fn json(&self, json: &JsonTemplate) -> Result<Value, Missing> {
        Ok(match json {
            JsonTemplate::Text(text) => text.render_json(self)?,
            JsonTemplate::Literal(value) => value.clone(),
            JsonTemplate::Array(items) => {
                Value::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?)
            }
            JsonTemplate::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), self.json(item)?)))
                    .collect::<Result<_, Missing>>()?,
            ),
        })
    }

    fn listen(&mut self, state: &str, show: Prompt, until: Duration) -> Next {
        let opened = show.url.clone();
        self.show(Some(show));
        if let Some(url) = opened {
            self.record(state, Sending { method: "GET", url, headers: Vec::new(), body: None });
        }
        let reply = self.reply(state)?;
        self.wait(reply.delay);
        match &reply.what {
            What::Callback(query) => {
                let pairs: Result<Vec<_>, Missing> =
                    query.iter().map(|(name, value)| Ok((name.clone(), value.render(self)?))).collect();
                let pairs = pairs.map_err(missing)?;
                let answer =
                    pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
                Ok((Event::CalledBack(CallbackQuery(pairs)), Value::Object(answer)))
            }
            What::Paste(text) => {
                Ok((Event::Pasted(Secret::new(text.render(self).map_err(missing)?)), Value::Null))
            }
            What::Nothing(Fail::Timeout) => {
                self.wait_until(until);
                Ok((Event::Woke, Value::Null))
            }
            What::Answer { .. } | What::Nothing(_) => {
                Err(stuck(state, "`callback`, `paste` or `fail = \"timeout\"`", "an HTTP answer"))
            }
        }
    }

    /// Whether every reply of a state was given: who was asked to paste again does nothing then.
    fn has_no_more(&self, state: &str) -> bool {
        let given = self.asked.iter().find(|(name, _)| name == state).map_or(0, |(_, last)| last + 1);
        given >= self.test.replies.get(state).map_or(0, Vec::len)
    }

    /// The reply to the next request of a state; the last one of a list repeats.
    fn reply(&mut self, state: &str) -> Result<Reply, Ending> {
        let index = match self.asked.iter_mut().find(|(name, _)| name == state) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.asked.push((state.to_owned(), 0));
                0
            }
        };
        let replies = self.test.replies.get(state).map(Vec::as_slice).unwrap_or_default();
        replies.get(index).or(replies.last()).cloned().ok_or_else(|| stuck(state, "a reply", "none"))
    }

    fn record(&mut self, state: &str, sending: Sending) {
        self.trace.sent.entry(state.to_owned()).or_default().push(sending);
    }

    fn show(&mut self, prompt: Option<Prompt>) {
        if prompt.is_some() {
            self.trace.shown = prompt;
        }
    }

    fn wait_until(&mut self, until: Duration) {
        self.wait(until.saturating_sub(self.clock.elapsed));
    }

    fn wait(&mut self, pause: Duration) {
        self.clock.elapsed = self.clock.elapsed.saturating_add(pause);
        let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.clock.wall = UnixMs(self.clock.wall.0.saturating_add(millis));
    }
}

impl Scope for Player<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        self.machine.value(name)
    }
}

fn stuck(state: &str, needed: &str, found: &str) -> Ending {
    Ending::Stuck { field: format!("replies.{state}"), needed: needed.to_owned(), found: found.to_owned() }
}

fn missing(missing: Missing) -> Ending {
    Ending::Stuck {
        field: "replies".to_owned(),
        needed: format!("a value of `{{{{{}}}}}`", missing.expression),
        found: "none yet".to_owned(),
    }
}

fn sending(request: Request) -> Sending {
    let headers =
        request.headers.iter().map(|(name, header)| (name.clone(), header.value.expose_secret().to_owned()));
    Sending {
        method: request.method.as_str(),
        headers: headers.collect(),
        url: request.url,
        body: request.body,
    }
}

fn failure(fail: Fail) -> Failure {
    let (kind, sent, message) = match fail {
        Fail::Connect => (FailureKind::Connect, false, "nothing accepts the connection"),
        Fail::Timeout => (FailureKind::TimedOut, true, "no answer within the limit"),
        Fail::Reset => (FailureKind::Broken, true, "the connection broke"),
    };
    Failure { kind, sent, message: message.to_owned() }
}

fn redirect_uri(listener: &Listener) -> String {
    let port = if listener.port == 0 { ANY_PORT } else { listener.port };
    format!("http://{}:{port}{}", listener.host, listener.path)
}
