//! What kind of word belongs in a place of a file.

use super::cursor::Cursor;

/// What a word in some place is a word for.
pub(super) enum Room<'a> {
    /// A state.
    State,
    /// An error code.
    Code,
    /// A unit of time.
    Unit,
    /// A JSONPath into the answers of a state.
    PathOf(&'a str),
    /// A JSONPath into the answer that leads to `success`.
    PathOfSuccess,
}

/// The kind of the word at the cursor; `None` where it is a key of the schema or any text.
pub(super) fn of(cursor: &Cursor, is_test: bool) -> Option<Room<'_>> {
    match cursor {
        Cursor::Elsewhere => None,
        Cursor::Key { table, .. } | Cursor::Heading { table, .. } => of_key(&parts(table), is_test),
        Cursor::Value { path, .. } => of_value(&parts(path), is_test),
    }
}

fn parts(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn of_key<'a>(table: &[&'a str], is_test: bool) -> Option<Room<'a>> {
    match *table {
        ["replies" | "sent"] | ["test", "*", "replies" | "sent"] if is_test => Some(Room::State),
        ["states"] => Some(Room::State),
        ["errors"] => Some(Room::Code),
        ["states", state, "on", "*", "if" | "unless", ..] => Some(Room::PathOf(state)),
        _ => None,
    }
}

/// The kind of the value of a key.
pub(super) fn of_value<'a>(path: &[&'a str], is_test: bool) -> Option<Room<'a>> {
    match *path {
        ["test", "*", "from"] | ["test", "*", "expect", "state" | "end"] if is_test => Some(Room::State),
        ["test", "*", "expect", "code"] if is_test => Some(Room::Code),
        ["start", _]
        | ["start", _, "*"]
        | ["states", _, "on", "*", "to"]
        | ["states", _, "refresh", "to"] => Some(Room::State),
        ["states", _, "on", "*", "fail"] => Some(Room::Code),
        ["states", _, "every" | "until" | "expires", "unit"] => Some(Room::Unit),
        ["states", state, "on", "*", "if" | "unless", "exists"]
        | ["states", state, "on", "*", "if" | "unless", "exists", "*"] => Some(Room::PathOf(state)),
        ["states", "success", "access_token" | "refresh_token" | "notice"]
        | ["states", "success", "keep", _]
        | ["states", "success", "expires", "value"] => Some(Room::PathOfSuccess),
        _ => None,
    }
}
