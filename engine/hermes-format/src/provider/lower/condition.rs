//! Conditions: a table of which every key must hold.

use serde_json::Value;

use super::Lowering;
use super::code::VACUOUS_CONDITION;
use super::names::Slot;
use super::site::Site;
use crate::condition::{Condition, Operand, StatusPattern, Term, Test};
use crate::diagnostic::{Diagnostic, nearest};
use crate::query::Query;
use crate::raw;
use crate::raw::read::{UNKNOWN_KEY, WRONG_TYPE};
use crate::source::Span;

impl Lowering<'_> {
    pub(super) fn condition(&mut self, raw: &raw::condition::Condition, site: Site<'_>) -> Condition {
        if raw.0.is_empty() {
            self.vacuous(site.span(), "a condition that asks nothing always holds");
        }
        let mut terms = Vec::with_capacity(raw.0.len());
        for (key, value) in &raw.0 {
            let place = site.key(key);
            match key.as_str() {
                "exists" => terms.extend(self.exists(value, place)),
                "status" => terms.extend(self.status(value, place)),
                "body" => terms.extend(self.body(value, place)),
                known if known.starts_with("{{") => {
                    let template = self.template_at(known, site.name(key), Slot::State);
                    let (operands, span) = self.operands(value, site.name(key), place);
                    terms.push(Term { test: Test::KnownEquals(template, operands), span });
                }
                path if path.starts_with('$') => {
                    terms.extend(self.equals(path, value, site.name(key), place));
                }
                _ => self.unknown_key(key, site.name(key)),
            }
        }
        Condition { terms, span: site.span() }
    }

    fn vacuous(&mut self, span: Span, message: &str) {
        self.push(
            Diagnostic::new(&VACUOUS_CONDITION, span, message).help("ask for something, or take it out"),
        );
    }

    /// A text where a list of texts is wanted.
    fn no_list(&mut self, value: &Value, span: Span, message: &str) {
        let finding = Diagnostic::new(&WRONG_TYPE, span, message);
        self.push(match value {
            Value::String(_) => {
                let list = format!("[{value}]");
                finding.help(format!("write `{list}`")).fix(span, list)
            }
            _ => finding.help("write `[\"…\"]`"),
        });
    }

    /// A value that can't be a status.
    fn no_status(&mut self, value: &Value, span: Span) {
        let message = "a status is a number from 100 to 599, or a class such as \"2xx\"";
        let finding = Diagnostic::new(&WRONG_TYPE, span, message);
        let text = value.as_str().unwrap_or_default();
        let class = text.chars().next().filter(|c| ('1'..='5').contains(c) && text.len() <= 3);
        self.push(match (text.parse::<u16>(), class) {
            (Ok(number), _) if (100..=599).contains(&number) => {
                finding.help(format!("write `{number}`")).fix(span, number.to_string())
            }
            (Err(_), Some(class)) => finding.meant(format!("\"{class}xx\"")),
            _ if !text.is_empty() && text.parse::<f64>().is_err() => finding
                .help("`status` is the HTTP status; a field of that name in the answer is `\"$.status\"`"),
            _ => finding.help("write such a number, such as `200`, or a list of them"),
        });
    }

    fn unknown_key(&mut self, key: &str, span: Span) {
        let finding = Diagnostic::new(&UNKNOWN_KEY, span, format!("a condition has no key `{key}`"));
        let path = format!("$.{key}");
        self.push(match nearest(key, ["exists", "status", "body"]) {
            Some(meant) => finding.meant(meant).fix(span, meant),
            None => {
                let finding = finding.help(format!("a field of the answer is a JSONPath: `\"{path}\"`"));
                match Query::parse(&path) {
                    Ok(_) => finding.fix(span, format!("\"{path}\"")),
                    Err(_) => finding,
                }
            }
        });
    }

    fn exists(&mut self, value: &Value, site: Site<'_>) -> Vec<Term> {
        let Value::Array(paths) = value else {
            self.no_list(value, site.span(), "`exists` is a list of JSONPaths and known values");
            return Vec::new();
        };
        if paths.is_empty() {
            self.vacuous(site.span(), "`exists` of nothing always holds");
        }
        let mut terms = Vec::with_capacity(paths.len());
        for (i, path) in paths.iter().enumerate() {
            let span = site.item(i, paths.len()).span();
            let Value::String(path) = path else {
                self.no_list(path, span, "`exists` is a list of JSONPaths and known values");
                continue;
            };
            if path.starts_with("{{") {
                let template = self.template_at(path, span, Slot::State);
                terms.push(Term { test: Test::Known(template), span });
                continue;
            }
            let Some(query) = self.query(path, span) else { continue };
            if query.value.steps().is_empty() {
                self.vacuous(span, "every JSON answer has a root");
            }
            terms.push(Term { test: Test::Exists(query.value), span });
        }
        terms
    }

    fn status(&mut self, value: &Value, site: Site<'_>) -> Option<Term> {
        let mut patterns = Vec::new();
        for (item, span) in one_or_many(value, site) {
            match status_pattern(item) {
                Some(pattern) => patterns.push(pattern),
                None => self.no_status(item, span),
            }
        }
        if patterns.is_empty() && value.as_array().is_some_and(Vec::is_empty) {
            self.vacuous(site.span(), "no status is in an empty list: it never holds");
        }
        Some(Term { test: Test::Status(patterns), span: site.span() })
    }

    fn body(&mut self, value: &Value, site: Site<'_>) -> Option<Term> {
        let Value::Array(words) = value else {
            self.no_list(value, site.span(), "`body` is a list of words");
            return None;
        };
        if words.is_empty() {
            self.vacuous(site.span(), "no word is in an empty list: it never holds");
        }
        let mut list = Vec::with_capacity(words.len());
        for (i, word) in words.iter().enumerate() {
            let span = site.item(i, words.len()).span();
            match word.as_str() {
                Some("") => self.vacuous(span, "every text holds the empty word"),
                Some(word) => list.push(word.to_owned()),
                None => self.no_list(word, span, "`body` is a list of words"),
            }
        }
        Some(Term { test: Test::Body(list), span: site.span() })
    }

    fn equals(&mut self, path: &str, value: &Value, name: Span, site: Site<'_>) -> Option<Term> {
        let list = path.strip_suffix("[*]");
        let query = self.query(list.unwrap_or(path), name);
        let (operands, span) = self.operands(value, name, site);
        let query = query?.value;
        let test = if list.is_some() { Test::Holds(query, operands) } else { Test::Equals(query, operands) };
        Some(Term { test, span })
    }

    /// What a value is compared with, and the span of the comparison.
    fn operands(&mut self, value: &Value, name: Span, site: Site<'_>) -> (Vec<Operand>, Span) {
        if value.as_array().is_some_and(Vec::is_empty) {
            self.vacuous(site.span(), "no value is in an empty list: it never holds");
        }
        let mut operands = Vec::new();
        for (item, span) in one_or_many(value, site) {
            match item {
                Value::String(text) => operands.push(self.operand(text, span)),
                Value::Number(_) | Value::Bool(_) => operands.push(Operand::Literal(item.clone())),
                Value::Null => {
                    self.push(
                        Diagnostic::new(&WRONG_TYPE, span, "nothing equals null")
                            .help("write `unless = { exists = [\"$.path\"] }`"),
                    );
                }
                _ => {
                    let message = "a value is compared with a string, a number or a boolean";
                    let help = "name the field that is meant by a path of its own, such as `\"$.a.b\"`";
                    self.push(Diagnostic::new(&WRONG_TYPE, span, message).help(help));
                }
            }
        }
        let span = Span { end: site.span().end.max(name.end), ..name };
        let span = if site.span().file == name.file { span } else { name };
        (operands, span)
    }

    fn operand(&mut self, text: &str, span: Span) -> Operand {
        let template = self.template_at(text, span, Slot::State);
        match template.as_literal() {
            Some(literal) => Operand::Literal(Value::from(literal)),
            None => Operand::Template(template),
        }
    }
}

fn one_or_many<'v>(value: &'v Value, site: Site<'_>) -> Vec<(&'v Value, Span)> {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(i, item)| (item, site.item(i, items.len()).span())).collect()
        }
        one => vec![(one, site.span())],
    }
}

fn status_pattern(value: &Value) -> Option<StatusPattern> {
    match value {
        Value::Number(number) => {
            let status = u16::try_from(number.as_u64()?).ok()?;
            (100..=599).contains(&status).then_some(StatusPattern::Exactly(status))
        }
        Value::String(text) => {
            let class = text.strip_suffix("xx")?.parse().ok()?;
            (1..=5).contains(&class).then_some(StatusPattern::Class(class))
        }
        _ => None,
    }
}
