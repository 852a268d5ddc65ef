//! Forgetting that a credential has failed, so that it is tried again.

use serde_json::Value;

use super::document::Document;
use super::json::{Node, Object};
use super::pool::{self, FAILURE};
use super::slot::Slot;

/// What a record says of its last failure.
const RECORD_FAILURE: [&str; 2] = ["last_auth_error", "refresh_pause"];

impl Document {
    /// Forgets what record and pool rows say of failures: those of one credential, or of all. Tokens stay. Tells whether
    /// there was anything.
    pub fn forgive(&mut self, provider: &str, only: Option<&Slot>) -> bool {
        let is_meant = |row: &Object| only.is_none_or(|slot| pool::is_row_of(row, &slot.record));
        let rows = self.root_mut().object_mut("credential_pool").and_then(|pool| pool.list_mut(provider));
        // Every row, not the first that has failed.
        let rows = rows.into_iter().flatten().filter(|node| node.object().is_some_and(|row| is_meant(&row)));
        let of_rows = rows.filter_map(forgive_row).count() > 0;
        if only.is_some_and(|slot| slot.record.row().is_some()) {
            return of_rows;
        }
        let record = self.root_mut().object_mut("providers").and_then(|all| all.object_mut(provider));
        let all = || RECORD_FAILURE.into_iter().chain(FAILURE);
        let of_record =
            record.is_some_and(|record| all().filter(|name| record.remove(name).is_some()).count() > 0);
        of_record || of_rows
    }
}

fn forgive_row(row: &mut Node) -> Option<()> {
    let mut object: Object = row.object()?;
    let failed: Vec<&str> = FAILURE.into_iter().filter(|name| object.has(name)).collect();
    failed.iter().for_each(|name| object.set(name, Value::Null));
    // A row can be a credential of its own, and then it is marked as a record is.
    let marked = RECORD_FAILURE.iter().filter(|name| object.remove(name).is_some()).count() > 0;
    (marked || !failed.is_empty()).then(|| *row = Node::Object(object))
}
