//! What a provider file asks of the user: what it reads, runs and replaces, and where it sends. Sentences for a person,
//! complete: nothing is cut, and they are compared as they are shown.

use std::collections::BTreeSet;

use hermes_format::origin::Origin;
use hermes_format::provider::{InputSource, Provider};
use hermes_format::template::{Expression, Name, OriginShape, Template, origin_shape};
use hermes_machine::check::allowances;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::catalog::{Catalog, Opened};

/// What a file asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The ids that it takes over or adds, its aliases included.
    pub takes: BTreeSet<String>,
    /// The variables and files that it reads.
    pub reads: BTreeSet<String>,
    /// The programs that it runs, each argument in quotes.
    pub runs: BTreeSet<String>,
    /// Where it sends to, in any of its regions.
    pub sends: BTreeSet<String>,
    /// What of `check` it wants to be let pass.
    pub allowances: BTreeSet<String>,
    /// URLs whose host nothing in the file limits: such a file is not trusted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub anywhere: BTreeSet<String>,
}

impl Facts {
    /// What a file asks for; `None` where it has errors and is no provider.
    pub fn of(catalog: &Catalog, opened: &Opened) -> Option<Facts> {
        let provider = opened.provider.as_deref()?;
        let mut facts = Facts::default();
        let id = &provider.id;
        let takes = match catalog.built_in(id) {
            Some(_) => format!("replaces the built-in `{id}`; your stored key will be used with it"),
            None => format!("adds the provider `{id}`"),
        };
        facts.takes.insert(takes);
        let aliases = provider.aliases.iter().map(|alias| format!("takes the name `{}`, too", alias.value));
        facts.takes.extend(aliases);
        provider.inputs.values().flat_map(|input| &input.from).for_each(|source| facts.add_source(source));
        for url in provider.request_urls().chain(provider.api_urls()) {
            facts.add_url(provider, url, DEPTH);
        }
        facts.sends.extend(hosts(provider));
        let texts = opened.sources.iter().flat_map(|(_, source)| allowances(&source.text));
        facts.allowances.extend(texts.map(|text| format!("`{text}`")));
        Some(facts)
    }

    /// Whether it asks for nothing that the other does not ask for, too.
    pub fn is_within(&self, other: &Facts) -> bool {
        let known = other.lines();
        self.anywhere.is_empty() && self.lines().iter().all(|line| known.contains(line))
    }

    /// All of it, a sentence a line.
    pub fn lines(&self) -> Vec<String> {
        let all = |set: &BTreeSet<String>, before: &str| -> Vec<String> {
            set.iter().map(|what| format!("{before}{what}")).collect()
        };
        let groups = [
            all(&self.takes, ""),
            all(&self.reads, "reads "),
            all(&self.runs, "runs "),
            all(&self.sends, "sends to "),
            all(&self.anywhere, "sends to anywhere: "),
            all(&self.allowances, "allows itself "),
        ];
        groups.concat()
    }

    fn add_source(&mut self, source: &InputSource) {
        match source {
            InputSource::Env(name) => self.reads.insert(format!("the variable `{}`", name.value)),
            InputSource::File { path, at: None } => self.reads.insert(format!("the file `{}`", path.value)),
            InputSource::File { path, at: Some(at) } => {
                self.reads.insert(format!("`{at}` of the file `{}`", path.value))
            }
            InputSource::Command(words) => {
                let words: Vec<String> = words.value.iter().map(|word| format!("{word:?}")).collect();
                self.runs.insert(words.join(" "))
            }
        };
    }

    /// Every place that a URL's template can lead to.
    fn add_url(&mut self, provider: &Provider, url: &Template, depth: usize) {
        match origin_shape(url) {
            Ok(OriginShape::Literal(origin)) => {
                self.sends.insert(origin.as_str().to_owned());
            }
            Ok(OriginShape::Labels { pattern, .. }) => {
                self.sends.insert(pattern);
            }
            Ok(OriginShape::Value(expression, _)) => self.add_value(provider, expression, url, depth),
            Err(_) => {
                self.anywhere.insert(url.text.clone());
            }
        }
    }

    fn add_value(&mut self, provider: &Provider, value: &Expression, url: &Template, depth: usize) {
        match value {
            Expression::First(choices) => {
                choices.iter().for_each(|choice| self.add_value(provider, choice, url, depth));
            }
            Expression::Literal(text) => self.add_text(text, url),
            Expression::Name(Name::Region(key), _) => {
                let tables = provider.regions.iter().flat_map(|regions| regions.tables.values());
                tables.filter_map(|table| table.get(key)).for_each(|at| self.add_text(&at.value, url));
            }
            Expression::Name(Name::Input(name), _) => {
                let default = provider.inputs.get(name).and_then(|input| input.default.as_deref());
                default.into_iter().for_each(|text| self.add_text(text, url));
                self.sends.insert(format!("the address given as `{name}`"));
            }
            Expression::Name(Name::Var(name), _) => match (depth.checked_sub(1), provider.vars.get(name)) {
                (Some(depth), Some(var)) => self.add_url(provider, var, depth),
                _ => self.add_unknown(provider, url),
            },
            _ => self.add_unknown(provider, url),
        }
    }

    fn add_text(&mut self, text: &str, url: &Template) {
        match Url::parse(text).ok().as_ref().and_then(Origin::of) {
            Some(origin) => self.sends.insert(origin.as_str().to_owned()),
            None => self.anywhere.insert(url.text.clone()),
        };
    }

    /// An answer says where: one of `hosts`, and without any it may be anywhere.
    fn add_unknown(&mut self, provider: &Provider, url: &Template) {
        if provider.hosts.is_empty() {
            self.anywhere.insert(url.text.clone());
        }
    }
}

/// How deep vars are followed; a cycle of vars is refused when a file is loaded.
const DEPTH: usize = 16;

/// The hosts that the file names beside those of its URLs.
fn hosts(provider: &Provider) -> impl Iterator<Item = String> {
    use hermes_format::origin::HostPattern;
    provider.hosts.iter().map(|host| match &host.pattern {
        HostPattern::Exactly(host) => format!("https://{host}"),
        HostPattern::Below(host) => format!("https://*.{host}"),
    })
}
