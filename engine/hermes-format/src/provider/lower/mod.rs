//! What a file says, made into the checked model: names resolved, templates, paths and times parsed.
//!
//! Everything that can be lowered is, whatever else is wrong, so that one reading finds all mistakes. What a reader would
//! get wrong: the [`Provider`] that comes with an error among the findings has gaps filled with literals, and must not be
//! run; [`crate::load`] withholds it.

mod api;
pub mod code;
mod condition;
mod header;
mod identity;
mod input;
mod names;
mod prune;
mod region;
mod rule;
mod site;
mod start;
mod state;
mod success;
mod text;
mod time;
mod url;
mod var;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use self::names::{FINAL, Namespace};
use self::site::Site;
use super::{At, ErrorText, Provider, State, StateId, StateKind};
use crate::diagnostic::{Diagnostic, MOST, nearest};
use crate::parse::Node;
use crate::raw;
use crate::source::{FileId, Span};
use crate::template::Template;

/// A file that was read, and merged over the flows that it extends.
pub(crate) struct File<'a> {
    /// The id.
    pub(crate) id: &'a str,
    /// What was read.
    pub(crate) raw: &'a raw::provider::Provider,
    /// What it was read from; its nodes know their own files.
    pub(crate) node: &'a Node,
    /// The names of what was taken out because it can't be read: that they are not there is told already.
    pub(crate) gone: &'a BTreeSet<String>,
    /// The flows that it was merged over, and their files, nearest first.
    pub(crate) extends: Vec<(String, FileId)>,
    /// Whether it is a flow, read by itself.
    pub(crate) flow: bool,
}

/// Lowers a file. The findings are in no order.
pub(crate) fn lower(file: &File<'_>) -> (Provider, Vec<Diagnostic>) {
    let raw_states = prune::reached(file.raw, file.node);
    let ids = raw_states.keys().copied().chain(FINAL);
    let mut lowering = Lowering {
        file,
        site: Site::of(file.node),
        names: Namespace::default(),
        ids: ids.fold(IndexMap::new(), |mut ids, name| {
            let next = StateId(ids.len());
            ids.entry(name.to_owned()).or_insert(next);
            ids
        }),
        raw_states,
        late: HashMap::new(),
        findings: Vec::new(),
        templates: 0,
    };
    lowering.namespace();
    let provider = lowering.provider();
    (provider, lowering.findings)
}

/// A file on its way to a provider.
struct Lowering<'a> {
    file: &'a File<'a>,
    site: Site<'a>,
    names: Namespace,
    /// The states that are kept, by name.
    raw_states: IndexMap<&'a str, &'a raw::provider::State>,
    /// All states, the final ones too, by name.
    ids: IndexMap<String, StateId>,
    /// The vars that are made of more than constants, those in them put in place.
    late: HashMap<String, Arc<Template>>,
    findings: Vec<Diagnostic>,
    /// How many bytes of templates were seen.
    templates: usize,
}

impl<'a> Lowering<'a> {
    fn push(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// Whether so much is wrong that more would not be told; the file can't be run then.
    fn has_enough(&self) -> bool {
        self.findings.len() > MOST && self.findings.last().is_some_and(Diagnostic::is_error)
    }

    /// Whether one of these names is of something that can't be read.
    fn is_gone(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.file.gone.contains(*name))
    }

    fn provider(&mut self) -> Provider {
        let raw = self.file.raw;
        self.id();
        let aliases = self.aliases();
        // Before all that uses them.
        let vars = self.vars();
        let (hosts, asked_hosts) = self.hosts();
        Provider {
            id: self.file.id.to_owned(),
            name: raw.name.clone().unwrap_or_else(|| self.file.id.to_owned()),
            summary: raw.summary.clone(),
            docs: raw.docs.clone(),
            aliases,
            status: raw.status,
            status_note: raw.status_note.clone(),
            models: self.models(),
            extends: self.file.extends.iter().map(|(name, _)| name.clone()).collect(),
            extends_at: self.site.has("extends").then(|| self.site.key("extends").span()),
            start: self.starts(),
            hosts,
            asked_hosts,
            vars,
            regions: self.regions(),
            inputs: self.inputs(),
            api: self.api(),
            states: self.states(),
            errors: self.errors(),
            confiding: Default::default(),
            span: self.site.span(),
        }
    }

    fn states(&mut self) -> Vec<State> {
        let tables = self.site.key("states");
        let mut states = Vec::with_capacity(self.ids.len());
        for (name, raw) in self.raw_states.clone() {
            let kind = self.state(name, raw, tables.key(name));
            states.push(State { name: name.to_owned(), kind, span: tables.name(name) });
        }
        for name in FINAL {
            if !self.raw_states.contains_key(name) {
                let kind = match name {
                    "success" => StateKind::Success(Box::new(success::standard(self.site.span()))),
                    "done" => StateKind::Done,
                    "error" => StateKind::Error,
                    _ => StateKind::Timeout,
                };
                states.push(State { name: name.to_owned(), kind, span: self.site.span() });
            }
        }
        states
    }

    fn errors(&mut self) -> IndexMap<String, ErrorText> {
        let raw = self.file.raw;
        let site = self.site.key("errors");
        self.codes_are_names(raw.errors.keys(), site);
        raw.errors.iter().map(|(code, text)| (code.clone(), self.error_text(code, text, site))).collect()
    }

    /// The state of a name; a finding, and no state, where the file has none.
    fn state_id(&mut self, name: &str, span: Span) -> Option<At<StateId>> {
        if let Some(id) = self.ids.get(name) {
            return Some(At { value: *id, span });
        }
        // That a state's name is not well-formed is told where it stands.
        if self.is_gone(&[name]) || self.ids.keys().any(|id| id != name && names::small(id) == name) {
            return None;
        }
        // A name that only a wrong one keeps from being reached is a known one too.
        let all = self.file.raw.states.keys().map(String::as_str);
        let known: IndexSet<&str> = all.chain(FINAL).collect();
        let finding = Diagnostic::new(&code::UNKNOWN_STATE, span, format!("there is no state `{name}`"));
        let finding = match nearest(name, known.iter().copied()) {
            Some(meant) => finding.meant(meant),
            None => {
                let ends = ["error", "timeout"];
                let known: Vec<_> = known.iter().filter(|name| !ends.contains(name)).collect();
                let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
                finding.help(format!("the states are {}", known.join(", ")))
            }
        };
        self.push(finding);
        None
    }
}
