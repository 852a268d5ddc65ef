//! Collects what differs between a test and its run, each with its place and the mend.

use serde_json::Value;

use super::file::{Test, TestFile, place};
use super::fill::Texts;
use super::inline::inline;
use super::report::Mismatch;
use hermes_format::diagnostic::Fix;
use hermes_format::provider::Provider;
use hermes_format::raw::test_union::Wanted;
use hermes_format::template::Scope;

/// The word for a value that is not there.
const NONE: &str = "none";

/// Compares the values of one test.
pub(super) struct Judge<'a> {
    pub(super) file: &'a TestFile,
    pub(super) test: &'a Test,
    pub(super) provider: &'a Provider,
    /// The values of the run, for the names in what is wanted.
    pub(super) scope: &'a dyn Scope,
    pub(super) found: Vec<Mismatch>,
}

impl Judge<'_> {
    /// Compares a text, if the test wants one or none.
    pub(super) fn text(&mut self, pointer: &str, wanted: Option<&Wanted>, got: Option<&str>) {
        match wanted {
            Some(Wanted::Text(text)) => {
                let text = self.filled(text);
                if got != Some(text.as_str()) {
                    self.mismatch(pointer, Some(&Value::from(text)), got.map(Value::from).as_ref());
                }
            }
            Some(Wanted::Present) if got.is_none() => self.mismatch(pointer, Some(&Value::Bool(true)), None),
            Some(Wanted::Absent) if got.is_some() => {
                self.mismatch(pointer, None, got.map(Value::from).as_ref())
            }
            _ => {}
        }
    }

    /// Compares a JSON value: of an object the members that the test writes, all else exactly; `false` also means none.
    pub(super) fn value(&mut self, pointer: &str, wanted: &Value, got: Option<&Value>) {
        match (wanted, got) {
            (Value::Bool(false), None) => {}
            (Value::String(text), Some(Value::String(got))) if self.filled(text) == *got => {}
            (Value::Object(members), Some(Value::Object(there))) => {
                for (key, value) in members {
                    self.value(&format!("{pointer}/{}", super::file::escaped(key)), value, there.get(key));
                }
            }
            (wanted, Some(got)) if same(wanted, got) => {}
            (wanted, got) => self.mismatch(pointer, Some(wanted), got),
        }
    }

    /// A wanted text with the values of the run in the place of their names; as it is written where one has none.
    fn filled(&self, text: &str) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        let mut unknown = Vec::new();
        let mut texts = Texts { provider: self.provider, root: &self.file.root, findings: &mut unknown };
        let template = texts.text(&self.test.pointer, text);
        template.render(self.scope).ok().filter(|_| unknown.is_empty()).unwrap_or_else(|| text.to_owned())
    }

    /// Says that two words differ.
    pub(super) fn differ(&mut self, pointer: &str, wanted: &str, got: &str) {
        self.mismatch(pointer, Some(&Value::from(wanted)), Some(&Value::from(got)));
    }

    /// Says that the run could not go on.
    pub(super) fn stuck(&mut self, field: &str, needed: &str, found: &str) {
        let pointer = format!("{}/{}", self.test.pointer, field.replace('.', "/"));
        let span = match self.file.root.at(&pointer) {
            Some(node) => node.span,
            None => self.test.span,
        };
        let (expected, got) = (needed.to_owned(), found.to_owned());
        self.found.push(Mismatch { field: field.to_owned(), span, expected, got, fix: None });
    }

    /// Adds to the end that was got why it came.
    pub(super) fn note(&mut self, why: Option<String>) {
        if let (Some(why), Some(end)) = (why, self.found.iter_mut().find(|m| m.field == "expect.end")) {
            end.got = format!("{} ({why})", end.got);
        }
    }

    fn mismatch(&mut self, pointer: &str, wanted: Option<&Value>, got: Option<&Value>) {
        let language = self.file.language;
        let show = |value: Option<&Value>| value.map_or_else(|| NONE.to_owned(), |v| inline(v, language));
        let whole = format!("{}{pointer}", self.test.pointer);
        let replacement = got.map_or_else(|| "false".to_owned(), |v| inline(v, language));
        let fix = self.file.root.at(&whole).map(|node| Fix { span: node.span, replacement });
        self.found.push(Mismatch {
            field: field(pointer),
            span: place(&self.file.root, &whole),
            expected: show(wanted),
            got: show(got),
            fix,
        });
    }
}

/// Equality of JSON in which a number is its value: 1 and 1.0 are one.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// A pointer as a person reads it: `sent.poll[1].form.user_code`.
fn field(pointer: &str) -> String {
    let mut field = String::new();
    for step in pointer.split('/').skip(1) {
        if step.parse::<usize>().is_ok() {
            field.push_str(&format!("[{step}]"));
            continue;
        }
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(&step.replace("~1", "/").replace("~0", "~"));
    }
    field
}
