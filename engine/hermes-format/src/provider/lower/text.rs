//! Texts of a file: templates, paths, and the texts of error codes.

use indexmap::IndexMap;
use serde_json::Value;

use super::Lowering;
use super::code::{BAD_JSONPATH, FILTER_AS_CONDITION, PLURAL_COMPARISON, TEMPLATE_LOGIC, UNKNOWN_NAME};
use super::names::{NOT_FOR_A_CLIENT, Scoped, Slot};
use super::site::Site;
use crate::diagnostic::{Advice, Diagnostic, nearest};
use crate::provider::{At, ErrorText, JsonTemplate};
use crate::query::{Query, QueryError};
use crate::raw::union;
use crate::source::Span;
use crate::template::{Name, Template, TemplateError, TemplateFault};

/// The most bytes of all templates of a file.
const MOST_TEMPLATES: usize = 64 * 1024;

impl Lowering<'_> {
    /// A template; where it can't be parsed, its text as it stands.
    pub(super) fn template(&mut self, text: &str, site: Site<'_>, slot: Slot) -> Template {
        self.template_at(text, site.span(), slot)
    }

    pub(super) fn template_at(&mut self, text: &str, span: Span, slot: Slot) -> Template {
        if self.has_enough() || self.is_beyond_templates(text, span) {
            return Template::literal(text, span);
        }
        match Template::parse(text, span, &Scoped { names: &self.names, slot }) {
            Ok(mut template) => {
                template.expand(&|var| self.late.get(var).cloned());
                self.is_for_slot(&template, slot);
                template
            }
            Err(errors) => {
                for error in errors {
                    let finding = self.misspelt_for_flow(&error).unwrap_or_else(|| finding(error));
                    self.push(finding);
                }
                Template::literal(text, span)
            }
        }
    }

    /// Refuses a var whose own names have no value in this place.
    fn is_for_slot(&mut self, template: &Template, slot: Slot) {
        let fits = |name: &Name| match slot {
            Slot::Api => name.is_constant() || matches!(name, Name::Token(_)),
            Slot::Host => name.is_constant(),
            Slot::Vars | Slot::State | Slot::Errors => true,
        };
        if template.names().iter().any(|(name, _)| !fits(name)) {
            let message = format!("`{}` uses a var that has no value here", template.text);
            self.push(Diagnostic::new(&UNKNOWN_NAME, template.span, message).help(NOT_FOR_A_CLIENT));
        }
    }

    /// A name that a flow wants, where the file gives one of nearly that name a value: the file is to be mended then.
    fn misspelt_for_flow(&self, error: &TemplateError) -> Option<Diagnostic> {
        let TemplateFault::UnknownName(wanted) = &error.fault else { return None };
        let (flow, _) = self.file.extends.iter().find(|(_, file)| *file == error.span.file)?;
        let rooms = ["vars", "inputs"].map(|room| self.site.key(room));
        let own = rooms.into_iter().flat_map(|room| room.keys().map(move |key| (key, room.name(key))));
        let own: Vec<_> = own.filter(|(_, span)| span.file == self.site.span().file).collect();
        let near = nearest(wanted, own.iter().map(|(key, _)| *key))?;
        let (_, span) = own.iter().find(|(key, _)| *key == near)?;
        let message = format!("the flow `{flow}` wants `{wanted}`; is `{near}` meant to be it?");
        Some(
            Diagnostic::new(&UNKNOWN_NAME, *span, message)
                .also(error.span, "wanted here")
                .help(format!("write `{wanted}` in its place, or give `{wanted}` a value too")),
        )
    }

    /// Counts a template; whether there are more than a file may have, which is said once.
    fn is_beyond_templates(&mut self, text: &str, span: Span) -> bool {
        if !text.contains("{{") {
            return false;
        }
        let before = self.templates;
        self.templates += text.len();
        if before <= MOST_TEMPLATES && self.templates > MOST_TEMPLATES {
            let message = format!("the templates of a file may have {} KiB in all", MOST_TEMPLATES / 1024);
            self.push(Diagnostic::new(&TEMPLATE_LOGIC, span, message).help("write fewer or shorter ones"));
        }
        self.templates > MOST_TEMPLATES
    }

    pub(super) fn optional(&mut self, text: Option<&String>, site: Site<'_>, slot: Slot) -> Option<Template> {
        text.map(|text| self.template(text, site, slot))
    }

    /// The templates of a table.
    pub(super) fn templates(
        &mut self,
        table: &IndexMap<String, String>,
        site: Site<'_>,
        slot: Slot,
    ) -> IndexMap<String, Template> {
        table.iter().map(|(key, text)| (key.clone(), self.template(text, site.key(key), slot))).collect()
    }

    /// A JSON value whose strings are templates.
    pub(super) fn json(&mut self, value: &Value, site: Site<'_>) -> JsonTemplate {
        match value {
            Value::String(text) => JsonTemplate::Text(self.template(text, site, Slot::State)),
            Value::Array(items) => JsonTemplate::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| self.json(item, site.item(i, items.len())))
                    .collect(),
            ),
            Value::Object(entries) => JsonTemplate::Object(
                entries.iter().map(|(key, item)| (key.clone(), self.json(item, site.key(key)))).collect(),
            ),
            literal => JsonTemplate::Literal(literal.clone()),
        }
    }

    /// A path, where it is one that selects a single value.
    pub(super) fn query(&mut self, text: &str, span: Span) -> Option<At<Query>> {
        match Query::parse(text) {
            Ok(value) => Some(At { value, span }),
            Err(error) => {
                let (code, help) = match error {
                    QueryError::Syntax { .. } | QueryError::TooLarge => {
                        (&BAD_JSONPATH, "write the steps from the answer's root, such as `$.data.token`")
                    }
                    QueryError::Plural => (
                        &PLURAL_COMPARISON,
                        "name one value, such as `$.items[0].status`, or any item of a list: `$.items[*]`",
                    ),
                    QueryError::Filter => {
                        (&FILTER_AS_CONDITION, "write `exists = [\"$.path\"]`, or `\"$.path\" = value`")
                    }
                };
                let finding = Diagnostic::new(code, span, format!("`{text}`: {error}"));
                self.push(match meant_path(text).filter(|_| code == &BAD_JSONPATH) {
                    Some(path) => finding.meant(path.as_str()).fix(span, format!("\"{path}\"")),
                    None => finding.help(help),
                });
                None
            }
        }
    }

    pub(super) fn error_text(&mut self, code: &str, text: &union::ErrorText, site: Site<'_>) -> ErrorText {
        let value = site.key(code);
        let (text, help) = match text {
            union::ErrorText::Text(text) => (Some(self.template(text, value, Slot::Errors)), None),
            union::ErrorText::Table(table) => (
                self.optional(table.text.as_ref(), value.key("text"), Slot::Errors),
                self.optional(table.help.as_ref(), value.key("help"), Slot::Errors),
            ),
        };
        ErrorText { text, help, span: site.name(code) }
    }
}

/// The path that was meant by `$status` or by `status`.
fn meant_path(text: &str) -> Option<String> {
    let steps = text.strip_prefix('$').unwrap_or(text);
    let steps = steps.strip_prefix('.').unwrap_or(steps);
    let path = format!("$.{steps}");
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let is_plain =
        steps.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && steps.chars().all(is_name);
    (is_plain && path != text && Query::parse(&path).is_ok()).then_some(path)
}

fn finding(error: TemplateError) -> Diagnostic {
    let code = match error.fault {
        TemplateFault::UnknownName(_) => &UNKNOWN_NAME,
        _ => &TEMPLATE_LOGIC,
    };
    let otherwise = match &error.fault {
        TemplateFault::Logic(_) => Some("a fallback is `{{first a b}}`; a choice is a rule of a state"),
        TemplateFault::UnknownName(_) => {
            Some("name a var, an input, `region.KEY`, `token.FIELD`, or `STATE.FIELD` of an answer")
        }
        TemplateFault::Syntax(_) => Some("write `{{NAME}}`, with two braces on each side"),
        TemplateFault::TooLong => Some("write a shorter text"),
        TemplateFault::Regex(_) => Some("write a sign that means itself after a `\\`"),
    };
    let finding = Diagnostic::new(code, error.span, error.fault.to_string());
    match error.help.or(otherwise.map(|help| Advice::Do(help.to_owned()))) {
        Some(advice) => finding.advice(advice),
        None => finding,
    }
}
