//! What is wrong with a file: a code, a sentence, the words it is about, and the mend.
//!
//! Diagnostics are values: nothing here prints. The command line renders them with snippets, as JSON, as SARIF.

mod list;
mod yaml;

pub use list::sort;
pub use list::{MOST, in_language_of_files, tidy};

use crate::source::Span;

/// What is said beside the `extends` that brought the words of a finding.
pub const BROUGHT: &str = "brought by this `extends`";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file can be used; somebody should look.
    Warning,
}

/// The fixed parts of one kind of finding: `HE203`, `unguarded-field`, its severity.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// `HE` and three digits.
    pub id: &'static str,
    /// The name in words, as the page under `docs/checks/` is called.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
}

impl Code {
    /// A code whose findings make a file unusable.
    pub const fn error(id: &'static str, name: &'static str) -> Code {
        Code { id, name, severity: Severity::Error }
    }

    /// The page about this code, from the root of the repository.
    pub fn page(&self) -> String {
        format!("docs/checks/{}.md", self.id)
    }

    /// A code whose findings are advice.
    pub const fn warning(id: &'static str, name: &'static str) -> Code {
        Code { id, name, severity: Severity::Warning }
    }
}

/// Words of a file, and what is to be said beside them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The words.
    pub span: Span,
    /// What is said beside them; may be empty.
    pub text: String,
}

/// A certain mend: put `replacement` where `span` is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// What is taken out.
    pub span: Span,
    /// What is put in.
    pub replacement: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: &'static Code,
    /// One sentence: what is wrong.
    pub message: String,
    /// The words it is about.
    pub primary: Label,
    /// Other places that belong to it.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// The word that was probably meant in the place of the primary words; a person decides.
    pub meant: Option<String>,
    /// The mend, where it is certain.
    pub fix: Option<Fix>,
}

/// What to do about something, said before it is a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// A sentence.
    Do(String),
    /// The word that was probably meant.
    Meant(String),
}

impl Diagnostic {
    /// A finding with nothing but its sentence and its place.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: None,
            meant: None,
            fix: None,
        }
    }

    /// Says `text` beside the words.
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Points at another place too.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Asks whether this word was meant.
    pub fn meant(self, word: impl Into<String>) -> Diagnostic {
        let word = word.into();
        Diagnostic { meant: Some(word.clone()), ..self.help(format!("did you mean `{word}`?")) }
    }

    /// Says what to do, or which word was probably meant.
    pub fn advice(self, advice: Advice) -> Diagnostic {
        match advice {
            Advice::Do(text) => self.help(text),
            Advice::Meant(word) => self.meant(word),
        }
    }

    /// Offers a certain mend.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Whether the file can't be used.
    pub fn is_error(&self) -> bool {
        self.code.severity == Severity::Error
    }
}

/// A name longer than this is no slip of a known one; telling them apart takes time that grows with both.
const LONGEST_NAME: usize = 64;

/// The most letters that a slip of the pen gets wrong.
const SLIP: usize = 2;

/// How many letters of a known name a slip of the pen got wrong, where another name is that and no more.
pub fn slip(given: &str, known: &str) -> Option<usize> {
    let is_comparable = given.len() <= LONGEST_NAME;
    is_comparable.then(|| strsim::osa_distance(given, known)).filter(|wrong| (1..=SLIP).contains(wrong))
}

/// The name in `known` that a person most likely meant by `given`, if one is near.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (given.chars().count() / 3).max(1);
    let comparable = |name: &str| name.len() <= LONGEST_NAME;
    let known: Vec<&str> = known.into_iter().collect();
    known
        .iter()
        .copied()
        .filter(|name| comparable(given) && comparable(name) && given.len().abs_diff(name.len()) <= 4 * limit)
        .map(|name| (strsim::osa_distance(given, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
        .or_else(|| known.iter().copied().filter(|name| is_beginning(given, name)).min())
}

/// Whether a name is another's beginning, with little left out.
fn is_beginning(given: &str, name: &str) -> bool {
    let shortest = 3;
    given.len() >= shortest && name.strip_prefix(given).is_some_and(|rest| rest.len() <= shortest)
}
