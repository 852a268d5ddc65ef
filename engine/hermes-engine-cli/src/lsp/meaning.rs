//! What the words mean that every file may use: units, helpers and the engine's error codes.

use std::fmt::Write as _;

use hermes_format::provider::{Provider, State, StateKind, Then};
use hermes_format::source::Span;
use hermes_format::time::{UNITS, Unit};
use hermes_machine::machine::{TroubleClass, code};

use crate::exit::Exit;

/// The helpers of templates, and what each gives.
pub(super) const HELPERS: [(&str, &str); 3] = [
    ("first", "`{{first a b 'c'}}`: the first of its names and texts that is present."),
    (
        "jwt",
        "`{{jwt token 'claim'}}`: a claim of a JSON Web Token's payload; further texts step into it. No signature is verified.",
    ),
    (
        "match",
        "`{{match text 'regex'}}`: the first group of the first match, or the match where there is no group.",
    ),
];

/// What a helper gives.
pub(super) fn helper(word: &str) -> Option<&'static str> {
    HELPERS.iter().find(|(name, _)| *name == word).map(|(_, what)| *what)
}

/// How a unit reads a value.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == word)?;
    Some(match unit {
        Unit::Seconds => "`s`: the value is a number of seconds, counted from the answer.",
        Unit::Milliseconds => "`ms`: the value is a number of milliseconds, counted from the answer.",
        Unit::Unix => "`unix`: the value is a moment, in seconds since 1970.",
        Unit::UnixMilliseconds => "`unix-ms`: the value is a moment, in milliseconds since 1970.",
        Unit::Iso => "`iso`: the value is a date and time of RFC 3339, such as `2026-01-01T00:00:00Z`.",
        Unit::Jwt => "`jwt`: the value is a JSON Web Token; its `exp` claim is the moment.",
        Unit::Auto => {
            "`auto`: the value is a number. Below 1e9 it is seconds from the answer, below 1e12 a moment in seconds since 1970, \
             else one in milliseconds."
        }
    })
}

/// What follows from an error code: its class, its exit status, its text, and the states that fail with it.
pub(super) fn error(provider: &Provider, word: &str) -> Option<String> {
    let known = code::lookup(word);
    let fails: Vec<(&State, bool, Span)> = fails(provider)
        .filter(|(_, code, ..)| *code == word)
        .map(|(state, _, relogin, span)| (state, relogin, span))
        .collect();
    if known.is_none() && fails.is_empty() {
        return None;
    }
    let class = known.map_or(TroubleClass::Denied, |known| known.class);
    let own = provider.errors.get(word);
    let text = own.and_then(|own| own.text.as_ref()).map(|text| text.text.as_str());
    let help = own.and_then(|own| own.help.as_ref()).map(|help| help.text.as_str());
    let mut said =
        format!("The error code `{word}`: {}, exit status {}\n", class_text(class), Exit::from(class).code());
    let standard = known.map_or("the flow failed with this code", |known| known.text);
    let _ = write!(said, "\n- says: {}", text.unwrap_or(standard));
    if let Some(help) = help.or(known.map(|known| known.help)) {
        let _ = write!(said, "\n- advises: {}", help.replace("{id}", &provider.id));
    }
    let mut told: Vec<String> = Vec::new();
    for (state, relogin, _) in fails {
        let login = format!(" and asks for a new login: exit status {}", Exit::Login.code());
        let line = format!("\n- `{}` fails with it{}", state.name, if relogin { login.as_str() } else { "" });
        if !told.contains(&line) {
            said.push_str(&line);
            told.push(line);
        }
    }
    Some(said)
}

/// The rules that fail: the state, the code, whether only a new login helps, and where the code is written.
pub(super) fn fails(provider: &Provider) -> impl Iterator<Item = (&State, &str, bool, Span)> {
    let rules = provider.states.iter().flat_map(|state| match &state.kind {
        StateKind::Active(active) => active.on.iter().map(|rule| (state, rule)).collect(),
        _ => Vec::new(),
    });
    rules.filter_map(|(state, rule)| match &rule.then {
        Then::Fail { code, relogin } => Some((state, code.value.as_str(), *relogin, code.span)),
        Then::Go(_) => None,
    })
}

fn class_text(class: TroubleClass) -> &'static str {
    match class {
        TroubleClass::Login => "a login is needed",
        TroubleClass::Denied => "denied, or the flow failed",
        TroubleClass::TimedOut => "timed out or expired",
        TroubleClass::Retry => "worth trying again",
        TroubleClass::Refused => "refused for safety",
        TroubleClass::Store => "the store can't be read or written",
        TroubleClass::File => "the provider's file is wrong",
    }
}
