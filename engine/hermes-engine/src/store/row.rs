//! A row of the pool before it is read: what tells it from the others, and what it has to do with the record.
//!
//! Note: a pool can hold a thousand rows, and one is wanted. So a row stays text until it is used; only the few members
//! that decide its place are read of all.

use std::borrow::Cow;
use std::collections::HashSet;

use hermes_format::secret::Secret;
use serde_json::value::RawValue;

use super::json::{Node, Object, member_texts};
use super::record::{Record, is_token};
use super::sha256;

/// What tells a row from the others.
pub(super) struct Head<'d> {
    text: Cow<'d, RawValue>,
    pub(super) id: Option<String>,
    pub(super) label: Option<String>,
    pub(super) priority: i64,
    /// Whether it is a key, which nothing renews.
    pub(super) is_key: bool,
    /// Whether it says anything of a failure.
    pub(super) is_troubled: bool,
    source: String,
    access: Option<Secret>,
    refresh: Option<Secret>,
    /// Whether this engine wrote it.
    is_ours: bool,
}

/// What a row has to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// It holds the record's grant as it is now.
    Current,
    /// It holds the record's grant as it was, or another program derives it from the record.
    Earlier,
    /// It holds what the record held when another program wrote it, and nothing shows whether the record has moved since.
    Presumed,
    /// It is another credential.
    None,
}

impl<'d> Head<'d> {
    /// Reads the head of a row; `None` where it is no object.
    pub(super) fn read(text: Cow<'d, RawValue>) -> Option<Head<'d>> {
        let mut head = Head {
            text: Cow::Owned(RawValue::NULL.to_owned()),
            id: None,
            label: None,
            priority: 0,
            is_key: false,
            is_troubled: false,
            source: String::new(),
            access: None,
            refresh: None,
            is_ours: false,
        };
        member_texts(&text, &mut |name, value| head.see(name, value))?;
        Some(Head { text, ..head })
    }

    fn see(&mut self, name: &str, value: &RawValue) {
        let string = || serde_json::from_str::<String>(value.get()).ok();
        let token = || string().filter(|text| is_token(text)).map(Secret::new);
        let is_there = value.get() != "null";
        match name {
            "id" => self.id = string(),
            "label" => self.label = string(),
            "priority" => self.priority = serde_json::from_str(value.get()).unwrap_or_default(),
            "source" => self.source = string().unwrap_or_default(),
            "auth_type" => self.is_key = string().as_deref() == Some("api_key"),
            "access_token" => self.access = token(),
            "refresh_token" => self.refresh = token(),
            "origins" | "generation" => self.is_ours |= is_there,
            "last_status" | "last_auth_error" => self.is_troubled |= is_there,
            _ => {}
        }
    }

    /// The same on its own.
    pub(super) fn into_owned(self) -> Head<'static> {
        Head { text: Cow::Owned(self.text.into_owned()), ..self }
    }

    /// The whole row.
    pub(super) fn object(&self) -> Object {
        Object::parse(self.text.get()).unwrap_or_default()
    }

    /// Whether there is anything in it to use.
    pub(super) fn holds_tokens(&self) -> bool {
        self.access.is_some() || self.refresh.is_some()
    }

    /// Its refresh token.
    pub(super) fn token(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// Whether a user has put it there. What another program copies from variables and from files of others is read at
    /// its source or not at all.
    pub(super) fn is_a_person_s(&self) -> bool {
        self.is_derived() || self.is_manual()
    }

    /// Whether a user added it by hand.
    pub(super) fn is_manual(&self) -> bool {
        self.source.starts_with("manual")
    }

    /// Whether another program makes it from the record, where there is one.
    fn is_derived(&self) -> bool {
        matches!(self.source.as_str(), "oauth" | "device_code")
    }

    /// Whether it is a login that this engine has neither made nor renewed: nothing tells how old its tokens are.
    pub(super) fn is_of_unknown_age(&self) -> bool {
        !self.is_ours && !self.is_key && self.refresh.is_some()
    }
}

/// What the rows of a provider have to do with one of its credentials. `is_kept` tells the ids of rows that this engine
/// has made or renewed.
///
/// The record is the authority for the rows that another program derives from it: whatever tokens they hold, they are no
/// login of their own. A row that was written at the login that made the record is told by its source, which names the
/// provider; only the last of them can be that one. What holds the same tokens as such a row is no other login either.
pub(super) fn kinship(
    provider: &str,
    record: &Record,
    heads: &[Option<Head<'_>>],
    is_kept: &dyn Fn(&str) -> bool,
) -> Vec<Kin> {
    let (access, refresh) = (record.access_token(), record.refresh_token());
    // The same refresh token, or, where there is none, the same key.
    let is_copy = |head: &Head<'_>| match &refresh {
        Some(_) => head.refresh == refresh,
        None => access.is_some() && head.access == access,
    };
    let earlier: HashSet<String> = record.earlier().into_iter().collect();
    let is_earlier = |token: &Secret| !earlier.is_empty() && earlier.contains(&sha256(token.expose_secret()));
    let presumed: HashSet<String> = record.presumed().into_iter().collect();
    let is_presumed = |head: &Head<'_>| {
        !presumed.is_empty()
            && head.token().is_some_and(|token| presumed.contains(&sha256(token.expose_secret())))
    };
    let is_authority = record.row().is_none() && record.is_login();
    let written = format!("manual:{}", provider.replace('-', "_"));
    let is_unknown = |head: &Head<'_>| head.is_of_unknown_age() && !head.id.as_deref().is_some_and(is_kept);
    let last = heads.iter().rposition(|head| head.as_ref().is_some_and(|head| head.source == written));
    let kin = |(n, head): (usize, &Option<Head<'_>>)| {
        let Some(head) = head else { return Kin::None };
        let id = head.id.as_deref();
        if (id.is_some() && record.row() == id) || is_copy(head) {
            Kin::Current
        } else if head.refresh.as_ref().is_some_and(is_earlier) || (is_authority && head.is_derived()) {
            Kin::Earlier
        } else if is_authority && is_unknown(head) && (Some(n) == last || is_presumed(head)) {
            Kin::Presumed
        } else {
            Kin::None
        }
    };
    let mut all: Vec<Kin> = heads.iter().enumerate().map(kin).collect();
    let of_record = heads.iter().zip(&all).filter(|(_, kin)| matches!(kin, Kin::Earlier | Kin::Presumed));
    let tokens: HashSet<&str> =
        of_record.filter_map(|(head, _)| Some(head.as_ref()?.token()?.expose_secret())).collect();
    for (kin, head) in all.iter_mut().zip(heads.iter()).filter(|(kin, _)| **kin == Kin::None && is_authority)
    {
        // An earlier row of an earlier login may be of another account.
        let is_shared = |head: &Head<'_>| {
            head.source != written
                && is_unknown(head)
                && head.token().is_some_and(|token| tokens.contains(token.expose_secret()))
        };
        if head.as_ref().is_some_and(is_shared) {
            *kin = Kin::Presumed;
        }
    }
    all
}

/// The hashes of the refresh tokens of rows that are presumed to be the login of a record.
pub(super) fn presumed(heads: &[Option<Head<'_>>], kin: &[Kin]) -> Vec<String> {
    let all = heads.iter().zip(kin).filter(|(_, kin)| **kin == Kin::Presumed);
    let all = all.filter_map(|(head, _)| head.as_ref()?.token());
    all.map(|token| sha256(token.expose_secret())).collect()
}

/// The heads of rows as they stand in a list; `None` where one is no object.
pub(super) fn heads(nodes: &[Node]) -> Vec<Option<Head<'_>>> {
    nodes.iter().map(|node| Head::read(node.text()?)).collect()
}

/// Takes out every row that holds the same refresh token as one before it.
pub(super) fn without_twins<'d>(heads: Vec<Head<'d>>) -> Vec<Head<'d>> {
    let mut seen = HashSet::new();
    let tokens = heads.iter().map(|head| head.refresh.as_ref().map(Secret::expose_secret));
    let first: Vec<bool> = tokens.map(|token| token.is_none_or(|token| seen.insert(token))).collect();
    heads.into_iter().zip(first).filter_map(|(head, is_first)| is_first.then_some(head)).collect()
}
