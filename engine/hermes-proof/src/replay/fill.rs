//! Templates in the replies of a test file, over the values of the run that it replays.

use indexmap::IndexMap;
use serde_json::Value;

use super::STALE_TEST;
use super::file::{escaped, place};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::parse::Node;
use hermes_format::provider::{JsonTemplate, Provider};
use hermes_format::template::{Name, Names, Template, TemplateError, UnknownName, steps};

/// Reads the texts of a test file.
pub(super) struct Texts<'a> {
    pub(super) provider: &'a Provider,
    pub(super) root: &'a Node,
    pub(super) findings: &'a mut Vec<Diagnostic>,
}

impl Texts<'_> {
    pub(super) fn map(
        &mut self,
        pointer: &str,
        map: &IndexMap<String, String>,
    ) -> IndexMap<String, Template> {
        let each = map.iter();
        each.map(|(key, text)| (key.clone(), self.text(&format!("{pointer}/{}", escaped(key)), text)))
            .collect()
    }

    pub(super) fn json(&mut self, pointer: &str, value: &Value) -> JsonTemplate {
        match value {
            Value::String(text) => JsonTemplate::Text(self.text(pointer, text)),
            Value::Array(items) => {
                let each = items.iter().enumerate();
                JsonTemplate::Array(
                    each.map(|(i, item)| self.json(&format!("{pointer}/{i}"), item)).collect(),
                )
            }
            Value::Object(members) => JsonTemplate::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        (key.clone(), self.json(&format!("{pointer}/{}", escaped(key)), value))
                    })
                    .collect(),
            ),
            other => JsonTemplate::Literal(other.clone()),
        }
    }

    /// A text whose names are those of a run. A name that no run of the provider has is a stale test.
    pub(super) fn text(&mut self, pointer: &str, text: &str) -> Template {
        let span = place(self.root, pointer);
        Template::parse(text, span, &RunNames(self.provider)).unwrap_or_else(|errors| {
            self.findings.extend(errors.into_iter().map(finding));
            Template::literal(text, span)
        })
    }
}

fn finding(error: TemplateError) -> Diagnostic {
    let finding = Diagnostic::new(&STALE_TEST, error.span, error.fault.to_string());
    match error.help {
        Some(advice) => finding.advice(advice),
        None => finding,
    }
}

/// The names that a run of a provider gives a value.
struct RunNames<'a>(&'a Provider);

impl Names for RunNames<'_> {
    fn resolve(&self, path: &[&str]) -> Result<Name, UnknownName> {
        let provider = self.0;
        match path {
            ["pkce", "verifier"] => Ok(Name::PkceVerifier),
            ["pkce", "challenge"] => Ok(Name::PkceChallenge),
            ["random", name] => Ok(Name::Random((*name).to_owned())),
            ["region", key] => Ok(Name::Region((*key).to_owned())),
            ["token", path @ ..] if !path.is_empty() => Ok(Name::Token(steps(path))),
            ["redirect_uri"] => Ok(Name::RedirectUri),
            [var] if provider.vars.contains_key(*var) => Ok(Name::Var((*var).to_owned())),
            [input] if provider.inputs.contains_key(*input) => Ok(Name::Input((*input).to_owned())),
            [state, path @ ..] if !path.is_empty() && provider.state_id(state).is_some() => {
                Ok(Name::Answer { state: (*state).to_owned(), path: steps(path) })
            }
            _ => Err(UnknownName::default()),
        }
    }
}
