//! An answer that takes a wanted rule: what OAuth would send if the rules read it so, else one made from the conditions.

use serde_json::{Value, json};

use super::field::Fields;
use super::invent::Inventor;
use super::plan::Intent;
use hermes_format::condition::{AnswerView, Wire, Wish, analyse, holds};
use hermes_format::provider::Rule;
use hermes_format::query::{Query, Step};
use hermes_format::template::Scope;

/// An answer that was made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    /// The status; `None` for a callback.
    pub(super) status: Option<u16>,
    /// The content as JSON, where it is JSON.
    pub(super) json: Option<Value>,
    /// The content as text, where it is none.
    pub(super) text: String,
    /// The rule that it takes.
    pub(super) rule: usize,
}

/// What an answer is made from.
pub(super) struct Workshop<'a> {
    /// The rules that will read it.
    pub(super) rules: &'a [Rule],
    /// What it comes over.
    pub(super) wire: Wire,
    /// The fields that the file reads of it.
    pub(super) fields: Option<&'a Fields>,
    /// Where values come from.
    pub(super) inventor: &'a Inventor<'a>,
    /// The values of names in the rules' conditions.
    pub(super) scope: &'a dyn Scope,
    /// What a callback carries whatever its rule: the `state` that came in.
    pub(super) echo: Option<(String, String)>,
}

impl Workshop<'_> {
    /// An answer that takes one of `targets`, the first that can be; `None` where none can.
    pub(super) fn make(&self, intent: Intent, targets: &[usize]) -> Option<Made> {
        let natural = self.natural(intent);
        let first_natural = natural.iter().find(|made| targets.contains(&made.rule));
        if let Some(made) = first_natural.filter(|made| targets.first() == Some(&made.rule)) {
            return Some(made.clone());
        }
        let analysis = analyse(self.rules, self.wire, Some(self.scope));
        let also: Vec<Query> = match intent {
            Intent::Onwards => self.wanted(),
            _ => Vec::new(),
        };
        let fill = |query: &Query| Some(self.fill(query.steps()));
        let wish = Wish { fill: &fill, also: &also };
        let solved = targets.iter().find_map(|rule| {
            let reply = analysis.reply(*rule, &wish)?;
            Some(Made { status: reply.status, json: reply.json, text: reply.body, rule: *rule })
        });
        solved.map(|made| self.with_echo(made)).or_else(|| first_natural.cloned())
    }

    /// The rule that an answer takes.
    fn taken(&self, status: Option<u16>, json: Option<&Value>, text: &str) -> Option<usize> {
        let view = AnswerView { status, body: text, json };
        self.rules.iter().position(|rule| {
            rule.when.as_ref().is_none_or(|condition| holds(condition, &view, self.scope))
                && !rule.unless.as_ref().is_some_and(|condition| holds(condition, &view, self.scope))
        })
    }

    /// What servers send for it, in the order of how usual it is, with the rule that each takes.
    fn natural(&self, intent: Intent) -> Vec<Made> {
        let error = |status: u16, code: &str, text: &str| {
            (status, json!({ "error": code, "error_description": text }))
        };
        let bodies = match intent {
            Intent::Wait => vec![
                error(400, "authorization_pending", "the person has not decided yet"),
                (200, json!({ "status": "pending" })),
                (200, json!({})),
            ],
            Intent::Slower => vec![error(400, "slow_down", "asked too often")],
            Intent::Deny => {
                vec![error(400, "access_denied", "the person said no"), (200, json!({ "status": "error" }))]
            }
            Intent::Expire => vec![error(400, "expired_token", "the code is too old")],
            Intent::Relogin => vec![error(400, "invalid_grant", "the refresh token was used before")],
            _ => Vec::new(),
        };
        let seed = |(status, mut json): (u16, Value)| {
            let status = (self.wire == Wire::Http).then_some(status);
            self.add_echo(&mut json);
            let text = if status.is_some() { json.to_string() } else { String::new() };
            let rule = self.taken(status, Some(&json), &text)?;
            Some(Made { status, json: Some(json), text, rule })
        };
        bodies.into_iter().filter_map(seed).collect()
    }

    fn add_echo(&self, json: &mut Value) {
        if let (Some((name, value)), Some(object)) = (&self.echo, json.as_object_mut()) {
            object.entry(name.clone()).or_insert_with(|| value.clone().into());
        }
    }

    fn with_echo(&self, mut made: Made) -> Made {
        if self.echo.is_some() {
            let mut json = made.json.take().unwrap_or_else(|| json!({}));
            self.add_echo(&mut json);
            made.json = Some(json);
        }
        made
    }

    /// The paths that an answer which leads onwards should have: all that the file reads.
    fn wanted(&self) -> Vec<Query> {
        self.fields.into_iter().flat_map(|fields| fields.keys()).map(|path| Query::of(path.clone())).collect()
    }

    fn fill(&self, path: &[Step]) -> Value {
        let used = self.fields.and_then(|fields| fields.get(path));
        self.inventor.value(path, used)
    }
}
