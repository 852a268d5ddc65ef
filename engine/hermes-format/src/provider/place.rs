//! Where a provider's requests and credentials may go.
//!
//! One definition, used when a request is sent, when a redirect is followed, when a URL is shown and when `[api]` is
//! handed to a client.

use indexmap::IndexMap;

use super::{Constants, NamedHost, Provider, StateKind};
use crate::origin::{HostPattern, Origin, Origins};
use crate::template::{self, Destination, Scope, Template, render_url};

impl Provider {
    /// The URL templates that a request goes to: those of states and of logins in a browser.
    pub fn request_urls(&self) -> impl Iterator<Item = &Template> {
        self.states.iter().flat_map(|state| match &state.kind {
            StateKind::Active(active) => active.act.urls(),
            _ => Vec::new(),
        })
    }

    /// The URL templates that a client sends a credential to: `base_url` of `[api]` and of models, and the list of models.
    pub fn api_urls(&self) -> impl Iterator<Item = &Template> {
        let listing = self.api.models.iter().map(|listing| &listing.url);
        let models = self.models.iter().filter_map(|model| model.base_url.as_ref());
        self.api.base_url.iter().chain(models).chain(listing)
    }

    /// Where a run of this provider may go in one region, and a credential that it makes: the origins that the file's URLs
    /// have before the first answer, and the `hosts` of that region. No host of another region is among them.
    pub fn origins(&self, region: Option<&str>, inputs: &IndexMap<String, String>) -> Origins {
        let urls = self.request_urls().chain(self.api_urls());
        let known = urls.flat_map(|url| self.destination(url, region, inputs).known);
        let known = known.filter_map(|url| Some(Origin::of(&url)?.as_str().to_owned()));
        let mut all: Vec<String> = Vec::new();
        for entry in known.chain(self.origins_of_hosts(region, inputs)) {
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
        Origins(all)
    }

    /// The `hosts` of a region, as [`Origins`] keeps them: over https, at its default port.
    pub fn origins_of_hosts(&self, region: Option<&str>, inputs: &IndexMap<String, String>) -> Vec<String> {
        let in_force = region.or(self.regions.as_ref().map(|regions| regions.default.as_str()));
        let is_own =
            |host: &&NamedHost| host.region.as_ref().is_none_or(|own| Some(own.region.as_str()) == in_force);
        let constants = Constants { provider: self, region, inputs };
        let own = self.hosts.iter().filter(is_own).filter_map(|host| host.in_force(&constants));
        own.map(|pattern| match pattern {
            HostPattern::Exactly(host) => format!("https://{host}"),
            HostPattern::Below(host) => format!("https://*.{host}"),
        })
        .collect()
    }

    /// Whether the origin of a URL is one that the user is asked about: `hosts` has the value that it begins with.
    pub fn asks_about(&self, url: &Template) -> bool {
        let name = template::origin_name(url);
        name.is_some() && self.asked_hosts.iter().any(|asked| template::origin_name(asked) == name)
    }

    /// The regions by name; one that has no name where the file has none.
    pub fn regions_or_none(&self) -> Vec<Option<&str>> {
        match &self.regions {
            Some(regions) => regions.tables.keys().map(|name| Some(name.as_str())).collect(),
            None => vec![None],
        }
    }

    /// Where a URL can lead before the first answer, by vars, inputs and the region alone.
    pub fn destination(
        &self,
        url: &Template,
        region: Option<&str>,
        inputs: &IndexMap<String, String>,
    ) -> Destination {
        let constants = Constants { provider: self, region, inputs };
        template::destination(url, &constants, &|name| !name.is_constant())
    }
}

impl NamedHost {
    /// The host with the values of a run; `None` where a value is missing, or can't be part of a host.
    fn in_force(&self, scope: &dyn Scope) -> Option<HostPattern> {
        let Some(template) = &self.made_of else { return Some(self.pattern.clone()) };
        let url = render_url(template, scope).ok()?;
        let host = url.host_str()?;
        // What the values make is held to the same rules as what the file writes.
        HostPattern::parse(&if self.is_below { format!("*.{host}") } else { host.to_owned() }).ok()
    }
}
