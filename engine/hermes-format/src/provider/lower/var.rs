//! Vars, which may be made from each other but not in a circle.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Lowering;
use super::code::{CIRCULAR_VAR, TEMPLATE_LOGIC};
use super::names::Slot;
use crate::diagnostic::Diagnostic;
use crate::template::{Name, Template};

/// The most texts and names that a var is made from.
const MOST_PARTS: usize = 1_000;

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
        self.too_many_parts(&mut vars);
        self.late = late(&vars);
        for (name, template) in &self.late {
            vars.insert(name.clone(), (**template).clone());
        }
        vars
    }

    /// Vars that double each other again and again would fill any memory.
    fn too_many_parts(&mut self, vars: &mut IndexMap<String, Template>) {
        let mut known = HashMap::new();
        let large: Vec<String> =
            vars.keys().filter(|name| parts(name, vars, &mut known) > MOST_PARTS).cloned().collect();
        let Some(first) = large.first() else { return };
        let span = self.site.key("vars").key(first).span();
        self.push(
            Diagnostic::new(
                &TEMPLATE_LOGIC,
                span,
                format!("`{first}` is made from more than {MOST_PARTS} parts"),
            )
            .help("make it from fewer other vars"),
        );
        for name in large {
            vars.insert(name, Template::literal("", span));
        }
    }
}

/// The vars that are made of more than constants, each with the others put in place. There are no circles any more.
fn late(vars: &IndexMap<String, Template>) -> HashMap<String, Arc<Template>> {
    let mut known = HashMap::new();
    for name in vars.keys() {
        expanded(name, vars, &mut known);
    }
    known.into_iter().filter_map(|(name, template)| Some((name.to_owned(), template?))).collect()
}

/// A var with all vars in it put in place; `None` for one that is a constant.
fn expanded<'a>(
    name: &'a str,
    vars: &'a IndexMap<String, Template>,
    known: &mut HashMap<&'a str, Option<Arc<Template>>>,
) -> Option<Arc<Template>> {
    if let Some(found) = known.get(name) {
        return found.clone();
    }
    for used in uses(name, vars) {
        expanded(used, vars, known);
    }
    let mut template = vars.get(name)?.clone();
    template.expand(&|var| known.get(var).cloned().flatten());
    let is_late = template.names().iter().any(|(name, _)| !name.is_constant());
    let found = is_late.then(|| Arc::new(template));
    known.insert(name, found.clone());
    found
}

/// How many texts and names a var is made from, all that it names taken apart. There are no circles any more.
fn parts<'a>(
    name: &'a str,
    vars: &'a IndexMap<String, Template>,
    known: &mut HashMap<&'a str, usize>,
) -> usize {
    if let Some(count) = known.get(name) {
        return *count;
    }
    let own = vars.get(name).map_or(0, |template| template.parts.len());
    let others = uses(name, vars).into_iter().map(|used| parts(used, vars, known));
    let count = others.fold(own, usize::saturating_add);
    known.insert(name, count);
    count
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
