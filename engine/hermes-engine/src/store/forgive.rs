//! Forgetting that a credential has failed, so that it is tried again.

use serde_json::Value;

use super::document::Document;
use super::json::Object;
use super::pool::{self, FAILURE};
use super::row::{Head, Kin};
use super::slot::Slot;

/// What a record says of its last failure.
const RECORD_FAILURE: [&str; 3] = ["last_auth_error", "refresh_pause", "unread_answer"];

impl Document {
    /// Forgets what record and pool rows say of failures: those of one credential, or of all. Tokens stay. Tells whether
    /// there was anything.
    pub fn forgive(&mut self, provider: &str, only: Option<&Slot>) -> bool {
        let of_root = match only {
            Some(slot) if slot.record.root_file().is_none() => false,
            _ => self.beneath_mut().is_some_and(|root| root.forgive(provider, only)),
        };
        self.forgive_own(provider, only) || of_root
    }

    fn forgive_own(&mut self, provider: &str, only: Option<&Slot>) -> bool {
        let of_login = only.map(|slot| self.kinship_of(provider, &slot.record, |kin| kin != Kin::None));
        let is_meant = |heads: &[Option<Head<'_>>]| match &of_login {
            Some(of_login) => of_login(heads),
            None => vec![true; heads.len()],
        };
        let mut of_rows = false;
        // Every row, not the first that has failed.
        pool::change(self.root_mut().object_mut("credential_pool"), provider, is_meant, |row| {
            of_rows |= forgive_row(row);
        });
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

fn forgive_row(row: &mut Object) -> bool {
    let failed: Vec<&str> = FAILURE.into_iter().filter(|name| row.has(name)).collect();
    failed.iter().for_each(|name| row.set(name, Value::Null));
    // A row can be a credential of its own, and then it is marked as a record is.
    let marked = RECORD_FAILURE.iter().filter(|name| row.remove(name).is_some()).count() > 0;
    marked || !failed.is_empty()
}
