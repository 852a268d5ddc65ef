//! The values that a run has before its first answer: vars, inputs, the chosen region.

use indexmap::IndexMap;
use serde_json::Value;

use super::Provider;
use crate::template::{Name, Scope, render_var};

/// A scope of vars, inputs and one region. Everything else has no value in it.
#[derive(Debug, Clone, Copy)]
pub struct Constants<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// The chosen region; `None` is the file's default.
    pub region: Option<&'a str>,
    /// What something supplied; an input that is not here has its default.
    pub inputs: &'a IndexMap<String, String>,
}

impl Constants<'_> {
    /// The value of an input: what was supplied, else the file's default.
    pub fn input(&self, name: &str) -> Option<&str> {
        let supplied = self.inputs.get(name).map(String::as_str);
        supplied.or_else(|| self.provider.inputs.get(name)?.default.as_deref())
    }

    /// The value of a key of the chosen region.
    pub fn region_key(&self, key: &str) -> Option<&str> {
        let regions = self.provider.regions.as_ref()?;
        let table = regions.tables.get(self.region.unwrap_or(&regions.default))?;
        table.get(key).map(|at| at.value.as_str())
    }
}

impl Scope for Constants<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Var(var) => render_var(self.provider.vars.get(var)?, self).map(Value::String),
            Name::Input(input) => self.input(input).map(Value::from),
            Name::Region(key) => self.region_key(key).map(Value::from),
            _ => None,
        }
    }
}
