//! Hermes Agent's `credential_pool`: several credentials of one provider, tried by priority.
//!
//! A row that has a record's refresh token is a copy of the same grant, so one commit writes both: a copy that stays
//! behind would spend the token a second time.

use hermes_engine_core::secret::Secret;
use serde_json::{Value, json};

use super::json::{Node, Object};
use super::moment;
use super::record::Record;

/// What a row says of its last failure; a renewed token has had none.
pub(super) const FAILURE: [&str; 6] = [
    "last_status",
    "last_status_at",
    "last_error_code",
    "last_error_reason",
    "last_error_message",
    "last_error_reset_at",
];

/// Brings the rows that hold the spent refresh token up to a renewed record.
pub(super) fn follow(pool: Option<&mut Object>, provider: &str, spent: &Secret, record: &Record) {
    let Some(rows) = pool.and_then(|pool| pool.list_mut(provider)) else { return };
    for row in rows {
        let Some(mut object) = row.object() else { continue };
        if object.text("refresh_token").map(Secret::new).as_ref() == Some(spent) {
            renew(&mut object, record);
            *row = Node::Object(object);
        }
    }
}

fn renew(row: &mut Object, record: &Record) {
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
    // A rate limit is not healed by a new token; a refused or dead token is.
    let refused = row.value("last_error_code") == Some(json!(401));
    if refused || row.text("last_status").as_deref() == Some("dead") {
        for name in FAILURE.into_iter().filter(|name| row.contains(name)).collect::<Vec<_>>() {
            row.set(name, Value::Null);
        }
    }
}
