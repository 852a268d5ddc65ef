//! Where a provider's requests and credentials may go.
//!
//! One definition, used when a request is sent, when a redirect is followed, when a URL is shown and when `[api]` is
//! handed to a client.

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use super::{Act, Constants, NamedHost, Provider, StateKind};
use crate::origin::{HostPattern, NamedHosts, Origin, Origins};
use crate::template::{Name, Scope, Template, render_url};

impl Provider {
    /// The URL templates that a request goes to: those of states and of logins in a browser.
    pub fn request_urls(&self) -> impl Iterator<Item = &Template> {
        self.states.iter().filter_map(|state| match &state.kind {
            StateKind::Active(active) => Some(match &active.act {
                Act::Request(request) => &request.url,
                Act::Browser(browser) => &browser.open,
            }),
            _ => None,
        })
    }

    /// The URL templates that a client sends a credential to: `base_url` of `[api]` and of models, and the list of models.
    pub fn api_urls(&self) -> impl Iterator<Item = &Template> {
        let listing = self.api.models.iter().map(|listing| &listing.url);
        let models = self.models.iter().filter_map(|model| model.base_url.as_ref());
        self.api.base_url.iter().chain(models).chain(listing)
    }

    /// The hosts that this provider names: those of its URLs in every region, those that a person supplies as an input,
    /// and `hosts`.
    pub fn named_hosts(&self, inputs: &IndexMap<String, String>) -> NamedHosts {
        let patterns = self.hosts.iter().map(|host| host.pattern.clone());
        let urls = self.regions_or_none().into_iter().flat_map(|region| self.known_urls(region, inputs));
        let mut named = NamedHosts(patterns.collect());
        urls.for_each(|url| named.add_url(&url));
        named
    }

    /// Where a credential of this provider may go in one region: no host of another is among them.
    pub fn origins(&self, region: Option<&str>, inputs: &IndexMap<String, String>) -> Origins {
        let in_force = region.or(self.regions.as_ref().map(|regions| regions.default.as_str()));
        let is_own =
            |host: &&NamedHost| host.region.as_ref().is_none_or(|own| Some(own.region.as_str()) == in_force);
        let hosts = self.hosts.iter().filter(is_own).map(|host| match &host.pattern {
            HostPattern::Exactly(host) => format!("https://{host}"),
            HostPattern::Below(host) => format!("https://*.{host}"),
        });
        let mut all: Vec<String> = Vec::new();
        let urls = self.known_urls(region, inputs);
        for entry in urls.iter().filter_map(Origin::of).map(|o| o.as_str().to_owned()).chain(hosts) {
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
        Origins(all)
    }

    /// The regions by name; one that has no name where the file has none.
    pub fn regions_or_none(&self) -> Vec<Option<&str>> {
        match &self.regions {
            Some(regions) => regions.tables.keys().map(|name| Some(name.as_str())).collect(),
            None => vec![None],
        }
    }

    /// All URLs whose origin needs nothing but vars, inputs and the region.
    fn known_urls(&self, region: Option<&str>, inputs: &IndexMap<String, String>) -> Vec<Url> {
        self.request_urls()
            .chain(self.api_urls())
            .filter_map(|url| self.known_url(url, region, inputs))
            .collect()
    }

    /// A URL whose origin needs nothing but vars, inputs and the region; the rest of it may be made up.
    pub fn known_url(
        &self,
        url: &Template,
        region: Option<&str>,
        inputs: &IndexMap<String, String>,
    ) -> Option<Url> {
        let constants = Constants { provider: self, region, inputs };
        render_url(url, &Leading(&constants)).ok()
    }
}

/// A scope in which what has no value yet stands for itself, so that a URL's origin is known before its path is.
struct Leading<'a>(&'a Constants<'a>);

impl Scope for Leading<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Var(_) | Name::Input(_) | Name::Region(_) => self.0.value(name),
            _ => Some(Value::from("value")),
        }
    }
}
