//! What a file may hold before its meaning is looked at.

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// The deepest nesting: the outermost table is 1, each table or list inside it one more.
pub const MAX_DEPTH: usize = 16;
