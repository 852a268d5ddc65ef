//! Forgetting that a credential has failed, so that it is tried again.

use serde_json::Value;

use super::document::Document;
use super::json::{Node, Object};
use super::pool::FAILURE;

/// What a record says of its last failure.
const RECORD_FAILURE: [&str; 2] = ["last_auth_error", "refresh_pause"];

impl Document {
    /// Forgets what record and pool rows say of a provider's failures; tokens stay. Tells whether there was anything.
    pub fn forgive(&mut self, provider: &str) -> bool {
        let record = self.root_mut().object_mut("providers").and_then(|all| all.object_mut(provider));
        let of_record = record.is_some_and(|record| {
            RECORD_FAILURE.iter().filter(|name| record.remove(name).is_some()).count() > 0
        });
        let rows = self.root_mut().object_mut("credential_pool").and_then(|pool| pool.list_mut(provider));
        // Every row, not the first that has failed.
        let of_rows = rows.into_iter().flatten().filter_map(forgive_row).count() > 0;
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
