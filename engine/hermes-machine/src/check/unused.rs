//! HE206: a var, an input or a key of the regions that nothing uses.

use std::collections::BTreeSet;

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::template::Name;

/// HE206.
pub(super) static CODE: Code = Code::warning("HE206", "unused");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    let placed = provider.states.iter().flat_map(|state| state.templates());
    let placed = placed.chain(provider.api_templates()).chain(provider.error_templates());
    let hosts = provider.hosts.iter().filter_map(|host| host.made_of.as_ref());
    for template in placed.map(|placed| placed.template).chain(provider.vars.values()).chain(hosts) {
        for (name, _) in template.names() {
            match name {
                Name::Var(name) => used.insert(("var", name)),
                Name::Input(name) => used.insert(("input", name)),
                Name::Region(name) => used.insert(("region key", name)),
                _ => false,
            };
        }
    }
    let keys_of_hosts = provider.hosts.iter().filter_map(|host| host.region.as_ref());
    used.extend(keys_of_hosts.map(|region| ("region key", region.key.as_str())));
    let vars = provider.vars.iter().map(|(name, template)| ("var", name, template.span));
    let inputs = provider.inputs.iter().map(|(name, input)| ("input", name, input.span));
    let regions = provider.regions.as_ref().and_then(|regions| regions.tables.values().next());
    let keys = regions.into_iter().flatten().map(|(name, value)| ("region key", name, value.span));
    vars.chain(inputs)
        .chain(keys)
        .filter(|(kind, name, span)| subject.is_own(*span) && !used.contains(&(*kind, name.as_str())))
        .map(|(kind, name, span)| {
            Diagnostic::new(&CODE, span, format!("nothing uses the {kind} `{name}`")).help("take it out")
        })
        .collect()
}
