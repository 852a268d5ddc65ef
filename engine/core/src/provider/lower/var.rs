//! Constants, which may be made from each other but not in a circle.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::Lowering;
use super::code::CIRCULAR_VAR;
use super::names::Slot;
use crate::diagnostic::Diagnostic;
use crate::template::{Name, Template};

impl Lowering<'_> {
    pub(super) fn vars(&mut self) -> IndexMap<String, Template> {
        let site = self.site.key("vars");
        let raw = &self.file.raw.vars;
        let mut vars = IndexMap::with_capacity(raw.len());
        for (name, text) in raw {
            // A var that is a URL with values in it is held to what a URL is held to.
            let is_url = text.contains("{{") && (text.starts_with("https://") || text.starts_with("http://"));
            let template = if is_url {
                self.url(text, site.key(name), Slot::Vars)
            } else {
                self.template(text, site.key(name), Slot::Vars)
            };
            self.plain_http_in(text, template.span);
            vars.insert(name.clone(), template);
        }
        let circular: Vec<String> = vars.keys().filter(|name| leads_back(name, &vars)).cloned().collect();
        for name in circular {
            let span = site.key(&name).span();
            self.push(
                Diagnostic::new(&CIRCULAR_VAR, span, format!("`{name}` is made from itself"))
                    .help("give one of the vars on the way a value of its own"),
            );
            vars.insert(name, Template::literal("", span));
        }
        vars
    }
}

fn leads_back(name: &str, vars: &IndexMap<String, Template>) -> bool {
    let mut open = uses(name, vars);
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if next == name {
            return true;
        }
        if seen.insert(next) {
            open.extend(uses(next, vars));
        }
    }
    false
}

fn uses<'a>(name: &str, vars: &'a IndexMap<String, Template>) -> Vec<&'a str> {
    let names = vars.get(name).map(Template::names).unwrap_or_default();
    names
        .into_iter()
        .filter_map(|(name, _)| match name {
            Name::Var(var) => Some(var.as_str()),
            _ => None,
        })
        .collect()
}
