//! Hermes Agent's `credential_pool`: several credentials of one provider, tried by priority.
//!
//! A row that has a record's tokens, or had them, is a copy of the same grant, so one commit writes both: a copy that stays
//! behind would spend the refresh token a second time. Other rows are credentials of their own, if a user has put them
//! there.

use serde_json::{Value, json};

use super::json::{Node, Object};
use super::moment;
use super::record::Record;
use super::rest::is_refusal;
use super::row::{Head, Kin, heads, kinship};
use super::sha256;

/// What a row says of its last failure; a renewed token has had none.
pub(super) const FAILURE: [&str; 6] = [
    "last_status",
    "last_status_at",
    "last_error_code",
    "last_error_reason",
    "last_error_message",
    "last_error_reset_at",
];

/// Adds a row at the end.
pub(super) fn add(pool: &mut Object, provider: &str, record: &Record) {
    if !pool.has(provider) {
        pool.set(provider, json!([]));
    }
    if let Some(rows) = pool.list_mut(provider) {
        rows.push(Node::Object(record.object().clone()));
    }
}

/// Changes the rows of a provider that have something to do with a record.
pub(super) fn change(
    pool: Option<&mut Object>,
    provider: &str,
    is_meant: impl Fn(&[Option<Head<'_>>]) -> Vec<bool>,
    mut change: impl FnMut(&mut Object),
) {
    let Some(rows) = pool.and_then(|pool| pool.list_mut(provider)) else { return };
    let meant = is_meant(&heads(rows));
    for (node, _) in rows.iter_mut().zip(meant).filter(|(_, is_meant)| *is_meant) {
        if let Some(mut row) = node.object() {
            change(&mut row);
            *node = Node::Object(row);
        }
    }
}

/// Takes rows of a provider out, and the list with the last. Tells whether there were any.
pub(super) fn remove(
    pool: Option<&mut Object>,
    provider: &str,
    is_meant: impl Fn(&[Option<Head<'_>>]) -> Vec<bool>,
) -> bool {
    let Some(pool) = pool else { return false };
    let Some(rows) = pool.list_mut(provider) else { return false };
    let mut meant = is_meant(&heads(rows)).into_iter();
    let before = rows.len();
    rows.retain(|_| !meant.next().unwrap_or_default());
    let (left, removed) = (rows.len(), rows.len() < before);
    if removed && left == 0 {
        pool.remove(provider);
    }
    removed
}

/// Puts a row in its place.
pub(super) fn put(pool: Option<&mut Object>, provider: &str, id: &str, record: &Record) {
    let rows = pool.and_then(|pool| pool.list_mut(provider));
    let is_it = |node: &&mut Node| node.object().and_then(|row| row.text("id")).as_deref() == Some(id);
    if let Some(node) = rows.and_then(|rows| rows.iter_mut().find(is_it)) {
        *node = Node::Object(record.object().clone());
    }
}

/// Brings a row up to the record that its grant came to.
pub(super) fn renew(row: &mut Object, record: &Record) {
    let (access, refresh) = (record.access_token(), record.refresh_token());
    for (name, token) in [("access_token", access), ("refresh_token", refresh)] {
        if let Some(token) = token {
            row.set(name, token.expose_secret());
        }
    }
    let expires_at = record.expires_at();
    if row.contains("expires_at_ms") || expires_at.is_some() {
        row.set("expires_at_ms", expires_at.map_or(Value::Null, |at| json!(at.0)));
    }
    if row.contains("expires_at") {
        row.set("expires_at", expires_at.map_or(Value::Null, |at| json!(moment::write(at))));
    }
    heal(row);
}

/// Forgets the failure that a new token heals: that it was refused, or dead. A rate limit is not healed by it.
pub(super) fn heal(row: &mut Object) {
    let status = row.value("last_error_code").and_then(|code| code.as_u64()).and_then(|n| n.try_into().ok());
    let refused = status.is_some_and(is_refusal);
    if refused || row.text("last_status").as_deref() == Some("dead") {
        for name in FAILURE.into_iter().filter(|name| row.contains(name)).collect::<Vec<_>>() {
            row.set(name, Value::Null);
        }
    }
}

/// What a key is called in the pool that a person has given no name: Hermes Agent wants one.
pub(super) const OFFERED: &str = "hermes-engine";

/// Adds a row for a key, unless one holds it.
pub(super) fn offer_key(pool: &mut Object, provider: &str, record: &Record) {
    let Some(key) = record.access_token() else { return };
    if !pool.has(provider) {
        pool.set(provider, json!([]));
    }
    let Some(rows) = pool.list_mut(provider) else { return };
    if kinship(provider, record, &heads(rows), &|_| true).contains(&Kin::Current) {
        return;
    }
    let mut row = Object::default();
    let id: String = sha256(key.expose_secret()).chars().take(6).collect();
    row.set("id", id);
    row.set("label", record.label().unwrap_or_else(|| OFFERED.to_owned()));
    row.set("auth_type", "api_key");
    row.set("priority", rows.len());
    row.set("source", "manual");
    row.set("access_token", key.expose_secret());
    FAILURE.into_iter().for_each(|name| row.set(name, Value::Null));
    row.set("request_count", 0);
    rows.push(Node::Object(row));
}
