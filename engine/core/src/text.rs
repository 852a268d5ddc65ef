//! The one choke point for text from outside (S26).

/// Makes text safe for a screen: one line of at most 200 characters, nothing in it that a terminal obeys.
pub fn sanitise(text: &str) -> String {
    let _ = text;
    unimplemented!()
}

/// S9: a user code that can be shown: at most 64 printable characters. `None` is no code.
pub fn printable_code(text: &str) -> Option<String> {
    let _ = text;
    unimplemented!()
}
