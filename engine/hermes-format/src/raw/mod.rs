//! The types of the files as they are written.
//!
//! The doc comments on the fields are the schema's descriptions, the editor's hover and the rows of
//! `docs/provider-format.md`: they are written once, here. What a value *means* is `provider`'s business.

pub mod client;
pub mod condition;
pub mod pattern;
pub mod provider;
pub mod read;
pub mod schema;
pub mod test;
pub mod test_union;
pub mod time;
pub mod union;
