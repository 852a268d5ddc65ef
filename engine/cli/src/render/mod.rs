//! All that is printed: only this room writes to a screen.

pub(crate) mod diagnostic;
