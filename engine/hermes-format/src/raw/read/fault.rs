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
    WrongType { expected: String },
    WrongValue { expected: String },
    WrongLength { expected: String },
    UnknownWord { word: String, known: &'static [&'static str] },
    UnknownKey { key: String, known: &'static [&'static str] },
    MissingKey(&'static str),
    Other(String),
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
        Fault::new(Kind::WrongType { expected: expected.to_string() })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::new(Kind::WrongValue { expected: expected.to_string() })
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Fault {
        Fault::new(Kind::WrongLength { expected: expected.to_string() })
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
