//! Failures in words: a code, a sentence, the advice.

use serde_json::Value;

use super::code;
use super::outcome::{Trouble, TroubleClass};
use super::prompt::Unshown;
use super::request::Unmade;
use super::run::{Run, TOKENS, shows, token_texts};
use super::success::Unusable;
use crate::query::walk;
use crate::template::{Missing, Name, Scope, Template, UrlTrouble};
use crate::text::sanitise;

/// Where and with what a flow fails.
pub(super) struct Failing<'a> {
    pub(super) run: &'a Run,
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
}

impl Failing<'_> {
    /// A trouble with a code of the file's or the engine's.
    pub(super) fn code(&self, code: &str, relogin: bool) -> Trouble {
        self.detailed(code, relogin, None)
    }

    /// The same, with a detail after the standard sentence.
    pub(super) fn because(&self, code: &str, detail: impl Into<String>) -> Trouble {
        self.detailed(code, false, Some(detail.into()))
    }

    fn detailed(&self, code: &str, relogin: bool, detail: Option<String>) -> Trouble {
        let known = code::lookup(code);
        let own = self.run.provider.errors.get(code);
        let text = own.and_then(|error| self.render(error.text.as_ref()));
        let help = own.and_then(|error| self.render(error.help.as_ref()));
        let advice = if relogin { Some(code::LOG_IN) } else { known.map(|k| k.help) };
        Trouble {
            code: code.to_owned(),
            class: class(code, relogin),
            state: self.state.map(str::to_owned),
            message: text.unwrap_or_else(|| self.standard(code, detail)),
            help: help.or_else(|| advice.map(|advice| advice.replace("{id}", &self.run.provider.id))),
            relogin: relogin || known.is_some_and(|k| k.class == TroubleClass::Login),
        }
    }

    fn standard(&self, code: &str, detail: Option<String>) -> String {
        let name = &self.run.provider.name;
        let sentence = match code::lookup(code) {
            Some(known) => format!("{name}: {}", known.text),
            None => format!("{name}: the flow failed with `{code}`"),
        };
        let of_answer = self.answer.filter(|_| detail.is_none());
        let status = of_answer.and_then(|a| a.status).filter(|status| *status != 200);
        let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        match detail.or_else(|| of_answer.and_then(|a| a.lack.clone())) {
            Some(detail) => format!("{sentence}{status}: {detail}"),
            None => format!("{sentence}{status}"),
        }
    }

    /// The file's own words, unless a name is missing or a secret would be seen.
    fn render(&self, template: Option<&Template>) -> Option<String> {
        let text = template?.render(self).ok()?;
        let mut quoted = self.answer.and_then(|a| a.json).into_iter().flat_map(token_texts);
        let shows_secret = self.run.holds_secret(&text) || quoted.any(|token| shows(&text, token));
        // What a server said in it is no longer than a line.
        (!shows_secret).then(|| sanitise(&text))
    }

    /// A trouble of a request that could not be made.
    pub(super) fn unmade(&self, unmade: Unmade) -> Trouble {
        match unmade {
            Unmade::Missing { slot, missing, names } => self.missing(&slot, &missing, &names),
            Unmade::Url(UrlTrouble::Missing(missing)) => self.missing("the URL", &missing, &[]),
            Unmade::Url(trouble) => {
                self.because("bad_answer", format!("no URL can be made of it: {trouble}"))
            }
            Unmade::Header(name) => {
                self.because("bad_answer", format!("the header `{name}` can't hold its value"))
            }
        }
    }

    /// A trouble of a prompt that could not be made.
    pub(super) fn unshown(&self, unshown: Unshown) -> Trouble {
        match unshown {
            Unshown::Missing(missing) => self.missing("show", &missing, &[]),
            Unshown::Refused(refused) => {
                let trouble = self
                    .because("origin_refused", format!("the page to open is {refused}; it was not shown"));
                Trouble { help: Some(code::LOOK_FOR_NEWER.to_owned()), ..trouble }
            }
            Unshown::Secret => self.because("bad_answer", "what it would show holds a secret"),
            Unshown::Code => self.because("bad_answer", "the code to show is none that can be printed"),
        }
    }

    /// A trouble of an answer that is no credential.
    pub(super) fn unusable(&self, unusable: Unusable) -> Trouble {
        match unusable {
            Unusable::NoToken(Some(missing)) => self.no_token(&missing),
            Unusable::NoToken(None) => self.because("token_incomplete", "there is no access token in it"),
            Unusable::Bad(name, problem) => self.because("bad_answer", format!("`{name}` {problem}")),
            Unusable::BadKey(inputs) => self.bad_key(&inputs),
        }
    }

    /// A key that can't be one, wherever it is from.
    fn bad_key(&self, inputs: &[String]) -> Trouble {
        let sources = self.sources_of(|name| inputs.iter().any(|input| input == name));
        let from = if sources.is_empty() { String::new() } else { format!(" ({})", sources.join(", ")) };
        let detail = format!("the key{from} has a blank or another character that no key has");
        let help = "copy it again, the key alone: no `Bearer` before it, no blank in it";
        Trouble { help: Some(help.to_owned()), ..self.because("bad_input", detail) }
    }

    /// A credential that is made of inputs, one of which nothing supplied.
    fn no_token(&self, missing: &Missing) -> Trouble {
        let sources = self.sources_of(|name| missing.expression.split_whitespace().any(|word| word == name));
        let mut trouble = self.code("not_logged_in", true);
        if !sources.is_empty() {
            trouble.message = format!("{}: no key is set", self.run.provider.name);
            trouble.help = Some(format!(
                "set {}, or store one with `hermes-engine auth add {}`",
                sources.join(" or "),
                self.run.provider.id
            ));
        }
        trouble
    }

    /// The environment variables from which some inputs could have come.
    fn sources_of(&self, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        use crate::provider::InputSource::Env;
        let inputs = self.run.provider.inputs.iter().filter(|(name, _)| is_meant(name));
        let envs = inputs.flat_map(|(_, input)| input.from.iter());
        envs.filter_map(|source| if let Env(name) = source { Some(name.value.clone()) } else { None })
            .collect()
    }

    fn missing(&self, slot: &str, missing: &Missing, names: &[Name]) -> Trouble {
        let lacks =
            |test: fn(&Name) -> bool| names.iter().any(|name| test(name) && self.run.value(name).is_none());
        let refresh = [crate::query::Step::Key("refresh_token".to_owned())];
        if names.iter().any(|name| matches!(name, Name::Token(path) if *path == refresh))
            && lacks(|n| matches!(n, Name::Token(_)))
        {
            return self.code("no_refresh_token", true);
        }
        if lacks(|name| matches!(name, Name::Token(_))) {
            return self.code("not_logged_in", true);
        }
        let code = if lacks(|name| matches!(name, Name::Input(_))) { "missing_input" } else { "bad_answer" };
        let place = self.state.map_or_else(String::new, |state| format!(" of `{state}`"));
        self.because(code, format!("{missing}, and `{slot}`{place} needs it"))
    }
}

impl Scope for Failing<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Response(path) => walk(self.answer?.json?, path).cloned(),
            Name::ResponseBody => {
                let answer = self.answer?;
                let quotable = answer.json.is_none() && !may_hold_token(answer.body);
                quotable.then(|| Value::from(answer.body))
            }
            other => self.run.value(other),
        }
    }
}

/// Whether a text that is no JSON may hold a token that no rule could see: JSON that is broken, or another form of answer
/// that names one.
fn may_hold_token(body: &str) -> bool {
    let is_before_json = |c: char| c.is_whitespace() || c == '\u{feff}';
    body.trim_start_matches(is_before_json).starts_with(['{', '['])
        || TOKENS.iter().any(|name| body.contains(name))
}

fn class(code: &str, relogin: bool) -> TroubleClass {
    if relogin {
        TroubleClass::Login
    } else {
        code::lookup(code).map_or(TroubleClass::Denied, |known| known.class)
    }
}
