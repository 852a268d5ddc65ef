//! Which names can have a value in the template of a key.
//!
//! The question that HE202 and HE203 answer of names that are written, asked of those that could be: a name may have a
//! value on one way to a state and none on another. Where every way must give it one, only such names are offered; inside
//! `first`, and in what is kept of a success, one way is enough.

use hermes_format::provider::Provider;
use hermes_format::template::Name;
use hermes_machine::check::{Context, Presence, presence};

use super::document::Read;
use super::name::{self, Known};

/// The names that can have a value in the template of a key; `open` is what is written of the template before the cursor.
pub(super) fn offered(read: &Read, path: &[String], open: &str) -> Vec<Known> {
    let room: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut known = name::all(&read.provider);
    match room.as_slice() {
        ["errors", ..] => return known,
        ["vars" | "inputs" | "hosts", ..] => known.retain(|known| {
            let of_a_run = matches!(known.first(), "pkce" | "random" | "uuid" | "token" | "redirect_uri");
            !of_a_run && read.provider.state_id(known.first()).is_none()
        }),
        ["api" | "models", ..] => known.retain(|known| {
            let of_a_login = matches!(known.first(), "pkce" | "random" | "uuid" | "redirect_uri");
            !of_a_login && read.provider.state_id(known.first()).is_none()
        }),
        ["states", state, ..] => {
            let is_choice = open.split(|c: char| c.is_whitespace() || c == '(').any(|word| word == "first");
            let is_kept = matches!(room.as_slice(), [_, "success", key, ..] if *key != "access_token");
            known = present(read, state, is_choice || is_kept, known);
        }
        _ => {}
    }
    known.retain(|known| known.first() != "response");
    known
}

/// Those that have a value when a state runs: on every way to it, or on one where that is enough.
fn present(read: &Read, state: &str, is_lenient: bool, mut known: Vec<Known>) -> Vec<Known> {
    let names: Vec<Name> = known.iter().map(|known| resolved(&read.provider, known)).collect();
    let context = Context { sources: &read.sources, flow: false, modes: &[] };
    let at = read.provider.state_id(state);
    let Some(presence) = at.and_then(|at| presence(&read.provider, &context, at, &names)) else {
        // Of a state that nothing leads to yet nothing is known, but that it has not got its own answer.
        known.retain(|known| known.first() != state);
        return known;
    };
    let known = known.into_iter().zip(presence).filter(|(_, presence)| match presence {
        Presence::Always => true,
        Presence::Sometimes => is_lenient,
        Presence::Never => false,
    });
    known.map(|(known, _)| known).collect()
}

/// What a name is a name of, as far as that decides whether it has a value.
fn resolved(provider: &Provider, known: &Known) -> Name {
    let (first, field) = known.name.split_once('.').unwrap_or((&known.name, ""));
    match first {
        "redirect_uri" => Name::RedirectUri,
        "token" => Name::Token(name::steps(field)),
        state if provider.state_id(state).is_some() => {
            Name::Answer { state: state.to_owned(), path: name::steps(field) }
        }
        given => Name::Var(given.to_owned()),
    }
}
