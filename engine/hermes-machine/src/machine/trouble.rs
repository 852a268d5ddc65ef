//! Failures in words: a code, a sentence, the advice. The one place where they are written, in a run and outside of one.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::code::{self, Code};
use super::outcome::{Facts, Trouble, TroubleClass};
use super::prompt::Unshown;
use super::reason::Reason;
use super::redact;
use super::request::Unmade;
use super::run::{Run, shows};
use super::server_error::{self, ServerError};
use super::success::Unusable;
use hermes_format::label::{label_template, may_name_secret};
use hermes_format::provider::{Action, Constants, Provider, Request};
use hermes_format::query::walk;
use hermes_format::template::{Missing, Name, Scope, Template, UrlTrouble, render_var};

/// The advice where a server gave a reason that nothing is known of.
const AS_THE_SERVER_SAYS: &str = "resolve what the server reports, then start the login again";

/// The longest text of `[errors]`, in characters.
const LINE: usize = 200;

/// Where and with what a flow fails.
pub(super) struct Failing<'a> {
    pub(super) provider: &'a Provider,
    /// The run; `None` where nothing runs.
    pub(super) run: Option<&'a Run>,
    /// The state's name.
    pub(super) state: Option<&'a str>,
    /// The answer that was read, where there is one.
    pub(super) answer: Option<&'a Answered<'a>>,
}

/// An answer as `[errors]` may quote it.
pub(super) struct Answered<'a> {
    pub(super) status: Option<u16>,
    pub(super) json: Option<&'a Value>,
    pub(super) body: &'a str,
    /// What it lacks that its rule asked for.
    pub(super) lack: Option<String>,
    /// What the server says of the failure.
    pub(super) server: Option<ServerError>,
    /// How long it asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl<'a> Answered<'a> {
    /// An answer to a state's request, or a callback where there is none; `words` is what it says outside of JSON.
    pub(super) fn new(
        run: &Run,
        sent: Option<&Request>,
        status: Option<u16>,
        json: Option<&'a Value>,
        words: Option<&Value>,
    ) -> Self {
        let read = |said| server_error::read(said, status, &redact::secrets(run, sent, (status, json)));
        let in_words = || read(words).filter(|_| words.is_some());
        let server = read(json).filter(|said| said.is_said() || words.is_none()).or_else(in_words);
        Answered { status, json, body: "", lack: None, server, retry_after: None }
    }
}

/// What is said beside the standard sentence of a code.
enum Words {
    Standard,
    /// A detail after it.
    Because(String),
    /// Another sentence in its place.
    Instead(String),
}

impl Trouble {
    /// A failure of a provider that no server has a part in.
    pub fn new(provider: &Provider, code: Code) -> Trouble {
        Failing::outside(provider).code(code, false)
    }

    /// The same, with a detail after the standard sentence.
    pub fn because(provider: &Provider, code: Code, detail: impl Into<String>) -> Trouble {
        Failing::outside(provider).because(code, detail)
    }

    /// The same, with another sentence after the provider's name.
    pub fn worded(provider: &Provider, code: Code, sentence: impl Into<String>) -> Trouble {
        Failing::outside(provider).make(code, false, Words::Instead(sentence.into()))
    }
}

impl<'a> Failing<'a> {
    fn outside(provider: &'a Provider) -> Failing<'a> {
        Failing { provider, run: None, state: None, answer: None }
    }

    /// A failure of a run in a state, before any answer was read.
    pub(super) fn of(run: &'a Run, state: Option<&'a str>) -> Failing<'a> {
        Failing { provider: &run.provider, run: Some(run), state, answer: None }
    }

    fn action(&self) -> Action {
        self.run.map_or(Action::Refresh, |run| run.action)
    }

    /// A trouble with a code of the file's or the engine's.
    pub(super) fn code(&self, code: Code, relogin: bool) -> Trouble {
        self.make(code, relogin, Words::Standard)
    }

    /// The same, with a detail after the standard sentence.
    pub(super) fn because(&self, code: Code, detail: impl Into<String>) -> Trouble {
        self.make(code, false, Words::Because(detail.into()))
    }

    fn make(&self, code: Code, relogin: bool, words: Words) -> Trouble {
        let own = self.provider.errors.get(code.as_str());
        let text = own.and_then(|error| self.render(error.text.as_ref()));
        let help = own.and_then(|error| self.render(error.help.as_ref()));
        let relogin = relogin || self.is_grant_over(&code);
        let class = if relogin { TroubleClass::Login } else { code.class() };
        let relogin = class == TroubleClass::Login;
        let help = help.or_else(|| {
            let advice = if relogin { Some(code::LOG_IN) } else { self.advice(&code) };
            let advice = advice.map(|advice| advice.replace("{id}", &self.provider.id));
            let wait = self.answer.and_then(|answer| answer.retry_after).filter(|_| !relogin);
            match wait {
                Some(wait) => Some(format!("the server asks to wait {}; then try again", in_words(wait))),
                None => advice,
            }
        });
        let (message, detail) = match (text, words) {
            (Some(text), Words::Standard) => (text, None),
            (Some(text), Words::Because(detail) | Words::Instead(detail)) => (text, Some(detail)),
            (None, words) => (self.standard(&code, words), None),
        };
        // What does not belong to this login is not repeated.
        let answer = self.answer.filter(|_| code != Code::StateMismatch);
        let server = answer.and_then(|answer| answer.server.clone());
        let state = self.state.map(str::to_owned);
        let retry_after = answer.and_then(|answer| answer.retry_after);
        let facts = Box::new(Facts { detail, server, retry_after, host: None });
        Trouble { code, class, state, message, help, relogin, facts }
    }

    /// Whether the server refuses the grant itself, in whichever shape it says so: no later renewal can succeed.
    fn is_grant_over(&self, code: &Code) -> bool {
        let is_general = matches!(code, Code::RefreshFailed | Code::TokenExchangeFailed);
        let refuses = |answer: &Answered<'_>| {
            let is_refusal = answer.status.is_some_and(|status| matches!(status, 200 | 400..=499));
            is_refusal && answer.server.as_ref().and_then(Reason::of) == Some(Reason::GrantInvalid)
        };
        is_general && self.action() == Action::Refresh && self.answer.is_some_and(refuses)
    }

    /// What to do about a code: what fits the server's reason, where the code itself says little.
    fn advice(&self, code: &Code) -> Option<&'static str> {
        let is_general = matches!(
            code,
            Code::AuthorizationFailed
                | Code::AuthorizationIncomplete
                | Code::TokenExchangeFailed
                | Code::TokenIncomplete
                | Code::RefreshFailed
                | Code::BadAnswer
                | Code::Own(_)
        );
        let server = self.answer.and_then(|answer| answer.server.as_ref()).filter(|_| is_general);
        let fitting = server.and_then(Reason::of).map(|reason| reason.advice(self.action()));
        let unknown = || {
            let is_said = server.is_some_and(ServerError::is_said) && self.action() == Action::Login;
            is_said.then_some(AS_THE_SERVER_SAYS)
        };
        fitting.or_else(unknown).or_else(|| code.known().map(|known| known.help))
    }

    fn standard(&self, code: &Code, words: Words) -> String {
        let name = &self.provider.name;
        let said = self.answer.and_then(|answer| answer.server.as_ref()).filter(|said| said.is_said());
        let detail = match words {
            Words::Instead(sentence) => return format!("{name}: {sentence}"),
            Words::Because(detail) => Some(detail),
            Words::Standard => None,
        };
        let sentence = match (code, code.known()) {
            (Code::AuthorizationIncomplete | Code::TokenIncomplete, _) if said.is_some() => {
                format!("{name}: the server answered with an error")
            }
            // A state that a login and a refresh share.
            (Code::RefreshFailed, _) if self.action() == Action::Login => {
                format!("{name}: the server gave no token")
            }
            (_, Some(known)) => format!("{name}: {}", known.text),
            (code, None) => format!("{name}: the flow failed with `{code}`"),
        };
        let of_answer = self.answer.filter(|_| detail.is_none());
        let status = of_answer.and_then(|a| a.status).filter(|status| *status != 200);
        let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        // The server's own reason says more than what its answer lacks.
        let lack = || of_answer.filter(|_| said.is_none()).and_then(|a| a.lack.clone());
        match detail.or_else(lack) {
            Some(detail) => format!("{sentence}{status}: {detail}"),
            None => format!("{sentence}{status}"),
        }
    }

    /// The file's own words, unless a name is missing or a secret would be seen.
    fn render(&self, template: Option<&Template>) -> Option<String> {
        let template = template?;
        if !label_template(template, self.provider).may_be_seen() {
            return None;
        }
        let text = template.render(self).ok()?;
        let quoted = self.answer.and_then(|a| a.json).map(redact::in_failure).unwrap_or_default();
        let holds_secret = self.run.is_some_and(|run| run.holds_secret(&text));
        let shows_secret = holds_secret || quoted.iter().any(|secret| shows(&text, secret));
        if shows_secret {
            return None;
        }
        // What a server said in it is no longer than a line, and may repeat a part of a secret.
        let secrets: Vec<String> = self.run.into_iter().flat_map(Run::secrets).chain(quoted).collect();
        Some(redact::shown_within(&text, &secrets, LINE))
    }

    /// A refusal to send something to a host.
    pub(super) fn refused(&self, code: Code, host: &str, detail: impl Into<String>) -> Trouble {
        self.because(code, detail).at_host(host)
    }

    /// A trouble of a request that could not be made.
    pub(super) fn unmade(&self, unmade: Unmade) -> Trouble {
        match unmade {
            Unmade::Missing { slot, missing, names } => self.missing(&slot, &missing, &names),
            Unmade::Url(UrlTrouble::Missing(missing)) => self.missing("the URL", &missing, &[]),
            Unmade::Url(trouble) => {
                self.because(Code::BadAnswer, format!("no URL can be made of it: {trouble}"))
            }
            Unmade::Client => self.because(
                Code::BadAnswer,
                "the server takes none of the ways in which this client can prove itself",
            ),
            Unmade::Header(name) => {
                self.because(Code::BadAnswer, format!("the header `{name}` can't hold its value"))
            }
        }
    }

    /// A trouble of a prompt that could not be made.
    pub(super) fn unshown(&self, unshown: Unshown) -> Trouble {
        match unshown {
            Unshown::Missing(missing) => self.missing("show", &missing, &[]),
            Unshown::Refused(refused) => {
                let trouble = self
                    .because(Code::OriginRefused, format!("the page to open is {refused}; it was not shown"));
                Trouble { help: Some(code::LOOK_FOR_NEWER.to_owned()), ..trouble }
            }
            Unshown::Secret => self.because(Code::BadAnswer, "what it would show holds a secret"),
            Unshown::Code => self.because(Code::BadAnswer, "the code to show is none that can be printed"),
        }
    }

    /// A trouble of an answer that is no credential.
    pub(super) fn unusable(&self, unusable: Unusable) -> Trouble {
        match unusable {
            Unusable::NoToken(Some(missing)) => self.no_token(&missing),
            Unusable::NoToken(None) => self.because(Code::TokenIncomplete, "there is no access token in it"),
            Unusable::Bad(name, problem) => self.because(Code::BadAnswer, format!("`{name}` {problem}")),
            Unusable::BadKey(inputs) => self.bad_key(&inputs),
        }
    }

    /// A key that can't be one, wherever it is from.
    fn bad_key(&self, inputs: &[String]) -> Trouble {
        let sources = self.sources_of(|name| inputs.iter().any(|input| input == name));
        let from = if sources.is_empty() { String::new() } else { format!(" ({})", sources.join(", ")) };
        let detail = format!("the key{from} has a blank or another character that no key has");
        let help = "copy it again, the key alone: no `Bearer` before it, no blank in it";
        Trouble { help: Some(help.to_owned()), ..self.because(Code::BadInput, detail) }
    }

    /// A credential that is made of inputs, one of which nothing supplied.
    fn no_token(&self, missing: &Missing) -> Trouble {
        let sources = self.sources_of(|name| missing.expression.split_whitespace().any(|word| word == name));
        let mut trouble = self.code(Code::NotLoggedIn, true);
        if !sources.is_empty() {
            trouble.message = format!("{}: no key is set", self.provider.name);
            trouble.help = Some(format!(
                "set {}, or store one with `hermes-engine auth add {}`",
                sources.join(" or "),
                self.provider.id
            ));
        }
        trouble
    }

    /// The environment variables from which some inputs could have come.
    fn sources_of(&self, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        use hermes_format::provider::InputSource::Env;
        let inputs = self.provider.inputs.iter().filter(|(name, _)| is_meant(name));
        let envs = inputs.flat_map(|(_, input)| input.from.iter());
        envs.filter_map(|source| if let Env(name) = source { Some(name.value.clone()) } else { None })
            .collect()
    }

    fn missing(&self, slot: &str, missing: &Missing, names: &[Name]) -> Trouble {
        let lacks =
            |test: fn(&Name) -> bool| names.iter().any(|name| test(name) && self.value(name).is_none());
        let refresh = [hermes_format::query::Step::Key("refresh_token".to_owned())];
        if names.iter().any(|name| matches!(name, Name::Token(path) if *path == refresh))
            && lacks(|n| matches!(n, Name::Token(_)))
        {
            return self.code(Code::NoRefreshToken, true);
        }
        if lacks(|name| matches!(name, Name::Token(_))) {
            return self.code(Code::NotLoggedIn, true);
        }
        let code = if self.lacks_input(names) { Code::MissingInput } else { Code::BadAnswer };
        let place = self.state.map_or_else(String::new, |state| format!(" of `{state}`"));
        self.because(code, format!("{missing}, and `{slot}`{place} needs it"))
    }

    /// Whether one of these names, or of those in a var that is named, is an input without a value.
    fn lacks_input(&self, names: &[Name]) -> bool {
        names.iter().any(|name| match name {
            Name::Input(_) => self.value(name).is_none(),
            Name::Var(var) => {
                let own = self.provider.vars.get(var).map(|template| template.names());
                let own: Vec<Name> = own.into_iter().flatten().map(|(name, _)| name.clone()).collect();
                self.value(name).is_none() && self.lacks_input(&own)
            }
            _ => false,
        })
    }
}

impl Failing<'_> {
    /// The value of a name that has one without a run.
    fn constant(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Var(var) => render_var(self.provider.vars.get(var)?, self).map(Value::String),
            Name::Region(_) => {
                let inputs = IndexMap::new();
                Constants { provider: self.provider, region: None, inputs: &inputs }.value(name)
            }
            _ => None,
        }
    }
}

impl Scope for Failing<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Response(path) => walk(self.answer?.json?, path).cloned(),
            Name::ResponseBody => {
                let answer = self.answer?;
                let quotable = answer.json.is_none() && !may_hold_secret(answer.body);
                quotable.then(|| Value::from(answer.body))
            }
            other => match self.run {
                Some(run) => run.value(other),
                None => self.constant(other),
            },
        }
    }
}

/// Whether a text that is no JSON may hold a secret that no rule could see: JSON that is broken, or another form of answer
/// that names one.
fn may_hold_secret(body: &str) -> bool {
    let is_before_json = |c: char| c.is_whitespace() || c == '\u{feff}';
    body.trim_start_matches(is_before_json).starts_with(['{', '[']) || may_name_secret(body)
}

/// A pause in the largest units that matter: `90 s`, `10 min`.
fn in_words(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
