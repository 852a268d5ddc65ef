//! What serde says is wrong, kept in parts instead of a sentence.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

/// One step from a container to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    /// The steps to the value, the innermost first: they are added while the error goes out.
    steps: Vec<Step>,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Kind {
    WrongType { expected: Wanted },
    WrongValue { expected: Wanted },
    WrongLength { expected: Wanted },
    UnknownWord { word: String, known: &'static [&'static str] },
    UnknownKey { key: String, known: &'static [&'static str] },
    MissingKey(&'static str),
    Other(String),
}

/// What belongs at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Text,
    Boolean,
    /// A whole number.
    Integer,
    /// The same, and not below zero.
    Natural,
    Number,
    List,
    /// A list of so many items.
    ListOf(usize),
    Table,
    /// A duration, or what one may be written as instead, in the words of the type itself.
    Duration(String),
    /// Anything else, in the words of the type itself.
    Other(String),
}

impl Wanted {
    /// Note: serde hands over what it expected as a text and in no other way. This is the one place that reads it.
    fn of(expected: &dyn Expected) -> Wanted {
        let text = expected.to_string();
        match text.as_str() {
            "string" | "a string" => Wanted::Text,
            "a boolean" => Wanted::Boolean,
            "a sequence" => Wanted::List,
            "a map" => Wanted::Table,
            "u8" | "u16" | "u32" | "u64" | "usize" => Wanted::Natural,
            "i8" | "i16" | "i32" | "i64" | "isize" => Wanted::Integer,
            "f32" | "f64" => Wanted::Number,
            _ if text.starts_with(A_DURATION) => Wanted::Duration(text),
            _ if text.starts_with("struct ") => Wanted::Table,
            _ => match text.strip_prefix("an array of length ").and_then(|len| len.parse().ok()) {
                Some(len) => Wanted::ListOf(len),
                None => Wanted::Other(text),
            },
        }
    }
}

/// How the words of a type begin that is a duration.
const A_DURATION: &str = "a duration such as ";

impl fmt::Display for Wanted {
    /// In the words of the format.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::Text => "a string",
            Wanted::Boolean => "true or false",
            Wanted::Integer => "a whole number",
            Wanted::Natural => "a whole number that is not negative",
            Wanted::Number => "a number",
            Wanted::List => "a list",
            Wanted::ListOf(len) => return write!(f, "a list of {len}"),
            Wanted::Table => "a table",
            Wanted::Duration(words) | Wanted::Other(words) => words,
        })
    }
}

impl Fault {
    pub(super) fn new(kind: Kind) -> Fault {
        Fault { kind, steps: Vec::new() }
    }

    /// The same fault seen from the container.
    pub(super) fn within(mut self, step: Step) -> Fault {
        self.steps.push(step);
        self
    }

    /// The steps from the outermost value.
    pub(super) fn path(&self) -> Vec<Step> {
        self.steps.iter().rev().cloned().collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Fault {
        Fault::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::new(Kind::WrongType { expected: Wanted::of(expected) })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::new(Kind::WrongValue { expected: Wanted::of(expected) })
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Fault {
        Fault::new(Kind::WrongLength { expected: Wanted::of(expected) })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(Kind::UnknownWord { word: word.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(Kind::UnknownKey { key: key.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Fault {
        Fault::new(Kind::MissingKey(key))
    }
}
