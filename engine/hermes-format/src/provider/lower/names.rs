//! The names that `{{…}}` may hold, and where each may stand.
//!
//! Vars, inputs and states share one namespace with the format's own words, so a name means one thing in a whole file.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use super::Lowering;
use super::code::{BAD_ID, NAME_TAKEN};
use super::site::Site;
use crate::diagnostic::{Advice, Diagnostic, nearest, slip};
use crate::source::Span;
use crate::template::{Name, Names, UnknownName, helpers, steps};

/// The words that the format has taken.
const WORDS: [&str; 8] = ["region", "token", "last", "pkce", "random", "uuid", "redirect_uri", "response"];

/// Whether the format itself has taken a name.
fn is_taken(name: &str) -> bool {
    WORDS.contains(&name) || helpers().any(|helper| helper == name)
}

/// The message for a name that a client's part of the file can't use.
pub(super) const NOT_FOR_A_CLIENT: &str = "what a client gets may use `token.*`, regions, inputs and vars: keep what is needed in `[states.success]`";

/// What a record holds whatever its file keeps: what the engine itself stores.
const STORED: [&str; 14] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_at",
    "expires_at_ms",
    "expires_in",
    "obtained_at",
    "provider",
    "region",
    "inputs",
    "made_from",
    "label",
    "generation",
    "origins",
];

/// The final states.
pub(super) const FINAL: [&str; 4] = ["success", "done", "error", "timeout"];

/// Where in a file a template stands; that decides which names have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// In `[vars]`.
    Vars,
    /// In a host of `hosts`.
    Host,
    /// In `[api]` and in models: what a client gets.
    Api,
    /// In a state.
    State,
    /// In `[errors]`.
    Errors,
}

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    vars: IndexSet<String>,
    inputs: IndexSet<String>,
    region_keys: IndexSet<String>,
    states: IndexSet<String>,
    /// What `[states.success]` keeps beside the tokens.
    kept: IndexSet<String>,
    /// Whether a record may hold more than this file says: what another program stores there, what a provider keeps.
    shared: bool,
    /// Names of what can't be read.
    gone: BTreeSet<String>,
    /// Whether what is not known is what a provider will supply.
    flow: bool,
}

/// The names of a file as one place in it sees them.
pub(super) struct Scoped<'a> {
    pub(super) names: &'a Namespace,
    pub(super) slot: Slot,
}

impl Lowering<'_> {
    /// Collects the names of the file; refuses malformed ones and those that are taken.
    pub(super) fn namespace(&mut self) {
        let raw = self.file.raw;
        let mut names =
            Namespace { flow: self.file.flow, gone: self.file.gone.clone(), ..Namespace::default() };
        let mut seen = IndexMap::new();
        for (room, keys) in [
            ("vars", raw.vars.keys().map(String::as_str).collect::<Vec<_>>()),
            ("inputs", raw.inputs.keys().map(String::as_str).collect()),
            ("states", self.raw_states.keys().copied().collect()),
        ] {
            let site = self.site.key(room);
            for key in keys {
                self.claim(key, site.name(key), room, &mut seen);
            }
        }
        names.vars.extend(raw.vars.keys().cloned());
        names.inputs.extend(raw.inputs.keys().cloned());
        names.states.extend(
            self.raw_states.keys().filter(|name| !FINAL.contains(name)).map(|name| (*name).to_owned()),
        );
        if let Some(success) = raw.states.get("success") {
            names.kept.extend(success.keep.keys().cloned());
            names.shared = success.stored_at.is_some();
        }
        names.shared |= self.file.flow || self.is_gone(&["success", "keep", "stored_at"]);
        for (region, table) in &raw.regions {
            let site = self.site.key("regions").key(region);
            table.keys().for_each(|key| self.well_formed(key, site.name(key)));
            names.region_keys.extend(table.keys().cloned());
        }
        self.names = names;
    }

    fn claim<'n>(&mut self, name: &'n str, span: Span, room: &str, seen: &mut IndexMap<&'n str, Span>) {
        self.well_formed(name, span);
        if is_taken(name) || (room != "states" && FINAL.contains(&name)) {
            let otherwise = format!("call it otherwise, such as `my_{name}`");
            let is_files = name == "region" && self.file.raw.region.is_none();
            let help = match is_files && !self.file.raw.regions.is_empty() {
                true => format!(
                    "the file's own `{name}` stands at its top, outside of `{room}`; else {otherwise}"
                ),
                false => otherwise,
            };
            let finding = Diagnostic::new(&NAME_TAKEN, span, format!("`{name}` is a word of the format"));
            self.push(finding.help(help));
        } else if let Some(other) = seen.insert(name, span) {
            self.push(
                Diagnostic::new(&NAME_TAKEN, span, format!("`{name}` is the name of something else too"))
                    .also(other, "the other")
                    .help("vars, inputs and states share one namespace: `{{…}}` must mean one thing"),
            );
        }
    }

    fn well_formed(&mut self, name: &str, span: Span) {
        if !is_name(name) {
            let finding = Diagnostic::new(&BAD_ID, span, format!("`{name}` can't be a name"));
            let meant = small(name);
            self.push(if is_name(&meant) {
                finding.help(format!("write `{meant}`: a name is small letters, digits and `_`"))
            } else {
                finding.help("a name is a small letter, then small letters, digits and `_`")
            });
        }
    }

    /// A list of names in which each must be well-formed.
    pub(super) fn codes_are_names<'n>(&mut self, codes: impl Iterator<Item = &'n String>, site: Site<'_>) {
        for code in codes {
            self.well_formed(code, site.name(code));
        }
    }

    /// Refuses an error code that no file can have.
    pub(super) fn code_is_a_name(&mut self, code: &str, span: Span) {
        self.well_formed(code, span);
    }
}

/// A name in small letters, with `_` for what no name holds.
pub(super) fn small(name: &str) -> String {
    let mut small = String::with_capacity(name.len());
    for c in name.chars() {
        let begins_word = c.is_ascii_uppercase() && small.ends_with(|c: char| c.is_ascii_lowercase());
        small.extend(begins_word.then_some('_'));
        small.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    small
}

/// `[a-z][a-z0-9_]*`
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Names for Scoped<'_> {
    fn resolve(&self, path: &[&str]) -> Result<Name, UnknownName> {
        let name = self.lookup(path).ok_or_else(|| self.unknown(path))?;
        match self.refusal(&name) {
            Some(reason) => Err(help(reason)),
            None => Ok(name),
        }
    }
}

impl Scoped<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Name> {
        let names = self.names;
        Some(match path {
            ["uuid"] => Name::Uuid,
            ["redirect_uri"] => Name::RedirectUri,
            ["pkce", "verifier"] => Name::PkceVerifier,
            ["pkce", "challenge"] => Name::PkceChallenge,
            ["random", name] => Name::Random((*name).to_owned()),
            ["region", key] if names.flow || names.region_keys.contains(*key) => {
                Name::Region((*key).to_owned())
            }
            ["token", field, ..] if names.may_store(field) => Name::Token(steps(path.get(1..)?)),
            ["last", field, ..] if names.was_kept(field) => Name::Last(steps(path.get(1..)?)),
            ["response", "body"] => Name::ResponseBody,
            ["response", rest @ ..] if !rest.is_empty() => Name::Response(steps(rest)),
            [name] if names.vars.contains(*name) => Name::Var((*name).to_owned()),
            [name] if names.inputs.contains(*name) => Name::Input((*name).to_owned()),
            [state, rest @ ..] if names.states.contains(*state) && !rest.is_empty() => {
                Name::Answer { state: (*state).to_owned(), path: steps(rest) }
            }
            [name] if names.flow && !names.states.contains(*name) && !is_taken(name) => {
                Name::Var((*name).to_owned())
            }
            // What is wrong with it is told where it is written.
            [name, ..] if names.gone.contains(*name) => Name::Var((*name).to_owned()),
            ["region", key] if names.gone.contains(*key) || holds_small(&names.region_keys, key) => {
                Name::Region((*key).to_owned())
            }
            [name] if holds_small(&names.vars, name) || holds_small(&names.inputs, name) => {
                Name::Var((*name).to_owned())
            }
            [state, rest @ ..] if holds_small(&names.states, state) && !rest.is_empty() => {
                Name::Answer { state: (*state).to_owned(), path: steps(rest) }
            }
            _ => return None,
        })
    }

    /// Why a known name has no value in this slot.
    fn refusal(&self, name: &Name) -> Option<&'static str> {
        let constant = name.is_constant();
        match (self.slot, name) {
            (Slot::Errors, _) => None,
            (_, Name::Response(_) | Name::ResponseBody) => {
                Some("`response` is known in `[errors]` alone; elsewhere name a state: `{{STATE.field}}`")
            }
            (Slot::State | Slot::Vars, _) => None,
            (Slot::Api, Name::Token(_)) => None,
            (Slot::Host, _) if !constant => Some("a part of a host may be a region's key, an input or a var"),
            (Slot::Api, _) if !constant => Some(NOT_FOR_A_CLIENT),
            _ => None,
        }
    }

    fn unknown(&self, path: &[&str]) -> UnknownName {
        let written = path.join(".");
        let names = self.names;
        let meant = match path {
            ["pkce", ..] => return help("`pkce` has `verifier` and `challenge`"),
            ["uuid" | "redirect_uri", ..] => return help("it has no fields"),
            ["random", ..] => {
                return help("write `random.` and a name of your choice, such as `random.state`");
            }
            [word @ ("token" | "response")] => {
                return help(format!("name one of its fields: `{word}.FIELD`"));
            }
            ["token", field, rest @ ..] => return names.not_stored(field, rest),
            ["last", ..] => {
                return help(
                    "`last` has `challenge` and what `keep` of `[states.success]` names, and no token",
                );
            }
            [state] if names.states.contains(*state) => {
                return help(format!("name a field of its answer: `{state}.FIELD`"));
            }
            [state, ..] if FINAL.contains(state) => {
                return help("a final state has no answer; what is stored is `token.*`");
            }
            ["region", key] => {
                nearest(key, names.region_keys.iter().map(String::as_str)).map(|k| format!("region.{k}"))
            }
            [word @ ("vars" | "inputs" | "states"), rest @ ..] if !rest.is_empty() => {
                let alone = self.without_room(rest);
                return alone.unwrap_or_else(|| help(format!("a name is written without `{word}.`")));
            }
            [first, rest @ ..] if !rest.is_empty() => self.nearest_root(first, rest),
            [field] if names.is_stored(field) && self.slot != Slot::Vars => Some(format!("token.{field}")),
            _ => self.nearest_word(&written),
        };
        match meant {
            Some(meant) => UnknownName { help: Some(Advice::Meant(meant)) },
            None if path.len() == 1 => {
                help(format!("give it a value: `{written} = \"…\"` in `[vars]`, or `[inputs.{written}]`"))
            }
            None => UnknownName::default(),
        }
    }

    /// What was meant by a name that is written with the table it stands in, `vars.client_id`.
    fn without_room(&self, path: &[&str]) -> Option<UnknownName> {
        let meant = match (self.lookup(path), path) {
            (Some(_), _) => path.join("."),
            (None, [first, rest @ ..]) if !rest.is_empty() => self.nearest_root(first, rest)?,
            (None, _) => self.nearest_word(&path.concat())?,
        };
        Some(UnknownName { help: Some(Advice::Meant(meant)) })
    }

    fn nearest_root(&self, first: &str, rest: &[&str]) -> Option<String> {
        let states = self.names.states.iter().map(String::as_str);
        let known = states.chain(["region", "token", "last", "pkce", "random"]);
        nearest(first, known).map(|state| format!("{state}.{}", rest.join(".")))
    }

    fn nearest_word(&self, written: &str) -> Option<String> {
        let names = self.names;
        let known =
            names.vars.iter().chain(&names.inputs).map(String::as_str).chain(["uuid", "redirect_uri"]);
        nearest(written, known).map(str::to_owned)
    }
}

impl Namespace {
    fn is_stored(&self, field: &str) -> bool {
        STORED.contains(&field) || self.kept.contains(field)
    }

    /// Whether the record can have this member. In a shared one only what is nearly a token's name is none.
    fn may_store(&self, field: &str) -> bool {
        let is_slip = || ["access_token", "refresh_token"].iter().any(|token| slip(field, token).is_some());
        self.is_stored(field) || self.gone.contains(field) || (self.shared && !is_slip())
    }

    /// Whether a login can read this of the credential that it replaces: what the file keeps, and no token.
    fn was_kept(&self, field: &str) -> bool {
        field == "challenge" || self.kept.contains(field) || self.gone.contains(field) || self.flow
    }

    fn not_stored(&self, field: &str, rest: &[&str]) -> UnknownName {
        let known = STORED.into_iter().chain(self.kept.iter().map(String::as_str));
        match nearest(field, known) {
            Some(meant) => {
                let path: Vec<&str> = ["token", meant].into_iter().chain(rest.iter().copied()).collect();
                UnknownName { help: Some(Advice::Meant(path.join("."))) }
            }
            None => help(format!("keep it: `keep.{field} = \"$.{field}\"` in `[states.success]`")),
        }
    }
}

/// Whether one of the names is this one but for its form, which is found fault with where it is written.
fn holds_small(names: &IndexSet<String>, name: &str) -> bool {
    names.iter().any(|known| !is_name(known) && small(known) == name)
}

fn help(text: impl Into<String>) -> UnknownName {
    UnknownName { help: Some(Advice::Do(text.into())) }
}
