//! Keeping what a login brought, and forgetting it.

use hermes_engine_core::machine::Grant;
use hermes_engine_core::provider::Shared;

use super::Inputs;
use crate::store::{Store, StoreError};

/// A login that has ended well.
pub struct Login<'a> {
    /// The provider.
    pub provider: &'a Shared,
    /// What the flow brought.
    pub grant: &'a Grant,
    /// The inputs that it ran with; typed ones that a later flow or `[api]` reads are kept.
    pub inputs: &'a Inputs,
    /// What a person calls it.
    pub label: Option<&'a str>,
}

/// Stores a login in place of an earlier one, and makes its provider the active one.
pub fn save_login(store: &Store, login: &Login<'_>) -> Result<(), StoreError> {
    let _ = (store, login);
    unimplemented!()
}

/// Removes every copy of a provider's credential. Tells whether there was one.
pub fn remove(store: &Store, provider: &str) -> Result<bool, StoreError> {
    let _ = (store, provider);
    unimplemented!()
}
