//! Whether a provider file may read a person's environment, files and programs.
//!
//! A file that came with a checkout must not be able to carry off a key. One in `./providers.d` or a `--providers-dir`
//! reads only what the built-in file of its id reads, and only while it sends to the hosts of that file alone; everything
//! else waits for `hermes-engine trust FILE`, which holds for exactly the text that was seen. What may not be read is
//! *taken out of the provider*, so that nothing that runs it can forget to ask.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use hermes_engine_core::provider::{InputSource, Provider, Shared};
use indexmap::IndexMap;

pub use file::{Trust, TrustError};

use crate::catalog::{Catalog, Opened, Place};

/// Something that a file wants to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// An environment variable.
    Variable(String),
    /// A file.
    File(String),
    /// What a program prints.
    Command(Vec<String>),
}

impl Want {
    fn of(source: &InputSource) -> Want {
        match source {
            InputSource::Env(name) => Want::Variable(name.value.clone()),
            InputSource::File { path, .. } => Want::File(path.value.clone()),
            InputSource::Command(words) => Want::Command(words.value.clone()),
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Variable(name) => write!(f, "the variable `{name}`"),
            Want::File(path) => write!(f, "the file `{path}`"),
            Want::Command(words) => write!(f, "the output of `{}`", words.join(" ")),
        }
    }
}

/// A provider as far as its file may be trusted.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The provider, without the sources that it may not read.
    pub provider: Shared,
    /// The provider whose hosts a stored credential of this id may go to, whichever file is in force: this one where it
    /// is vouched for, else the built-in one of the id.
    pub vouched: Option<Shared>,
    /// What the file wants to read and may not.
    pub withheld: Vec<Want>,
    /// Hosts that the file would send to and the built-in one of its id does not.
    pub new_hosts: Vec<String>,
}

/// All that a file wants to read, in its order.
pub fn wants(provider: &Provider) -> Vec<Want> {
    let mut wants = Vec::new();
    for want in provider.inputs.values().flat_map(|input| &input.from).map(Want::of) {
        if !wants.contains(&want) {
            wants.push(want);
        }
    }
    wants
}

/// All origins that a file can send to, in any of its regions, as far as it can be known before a run.
pub fn destinations(provider: &Provider) -> BTreeSet<String> {
    // An input without a default stands in for itself, or a host that holds one would stay unseen.
    let stand_in = |name: &String| (name.clone(), "value".to_owned());
    let open = provider.inputs.iter().filter(|(_, input)| input.default.is_none());
    let inputs: IndexMap<String, String> = open.map(|(name, _)| stand_in(name)).collect();
    let regions = provider.regions.iter().flat_map(|regions| regions.tables.keys());
    let regions = regions.map(|name| Some(name.as_str())).chain([None]);
    regions.flat_map(|region| provider.origins(region, &inputs).0).collect()
}

/// Judges a provider that was read without errors; `None` where there is none. `trust.json` is read only where something
/// depends on it.
///
/// # Errors
/// `trust.json` would decide, and can't be read.
pub fn judge(
    catalog: &Catalog,
    opened: &Opened,
    trust: impl FnOnce() -> Result<Trust, TrustError>,
) -> Result<Option<Judged>, TrustError> {
    let Some(provider) = opened.provider.clone() else { return Ok(None) };
    let vouched_for = |provider: Shared| Judged {
        vouched: Some(provider.clone()),
        provider,
        withheld: Vec::new(),
        new_hosts: Vec::new(),
    };
    if opened.entry.place != Place::Folder {
        return Ok(Some(vouched_for(provider)));
    }
    let built_in = catalog.built_in(&opened.entry.id).and_then(|entry| catalog.open(&entry).ok()?.provider);
    let judged = against(provider, built_in);
    if judged.withheld.is_empty() && judged.new_hosts.is_empty() {
        return Ok(Some(judged));
    }
    let trusted = trust()?.holds(opened);
    Ok(Some(if trusted { opened.provider.clone().map_or(judged, vouched_for) } else { judged }))
}

/// Judges a file that nobody vouches for by the built-in one of its id.
fn against(provider: Shared, built_in: Option<Shared>) -> Judged {
    let known_hosts = built_in.as_deref().map(destinations).unwrap_or_default();
    let known_wants = built_in.as_deref().map(wants).unwrap_or_default();
    let new_hosts: Vec<String> = destinations(&provider).difference(&known_hosts).cloned().collect();
    let allowed = |want: &Want| new_hosts.is_empty() && known_wants.contains(want);
    let withheld: Vec<Want> = wants(&provider).into_iter().filter(|want| !allowed(want)).collect();
    let provider = if withheld.is_empty() { provider } else { Arc::new(without(&provider, &withheld)) };
    Judged { provider, vouched: built_in, withheld, new_hosts }
}

fn without(provider: &Provider, withheld: &[Want]) -> Provider {
    let mut provider = provider.clone();
    for input in provider.inputs.values_mut() {
        input.from.retain(|source| !withheld.contains(&Want::of(source)));
    }
    provider
}
