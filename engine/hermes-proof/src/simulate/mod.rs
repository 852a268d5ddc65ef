//! An authorization server for any provider file, made from the file alone.
//!
//! It knows the file's requests and rules, so it can answer each request in a way that takes any wanted rule; and it
//! checks what a real server would: PKCE, `state`, `redirect_uri`, literal fields, single use of codes and refresh tokens.
//! It is pure: time and randomness are arguments, and it has no socket. What looks like a secret here is invented, and
//! says so in its first letters.
//!
//! ```text
//! request ─► route ─► link ─► verify ─► plan ─► compose ─► answer
//!            which    which   is it     which   a reply
//!            state    run     right     rule    that takes it
//! ```

mod answer;
mod approve;
mod body;
mod compose;
mod example;
mod fault;
mod field;
mod invent;
mod page;
mod plan;
mod reply;
mod route;
mod scenario;
mod session;
mod slot;
mod special;
#[cfg(test)]
mod tests;
mod turn;
mod verify;
mod wire;

use indexmap::{IndexMap, IndexSet};

pub use example::{example, example_input, forms};
pub use page::PASTE_HEADER;
pub use scenario::{Scenario, UnknownScenario};
use url::{Host, Url};
pub use wire::{Asked, Exchange, Reply};

use hermes_format::origin::HostPattern;
use hermes_format::provider::{Provider, Shared};
use hermes_format::template::{OriginShape, origin_shape};
use hermes_format::time::UnixMs;
use hermes_machine::machine::Entropy;

/// What a redirect of [`Scenario::Redirect`] puts before the path.
const MOVED: &str = "/simulated/moved";

/// A simulated authorization server.
pub struct Server {
    provider: Shared,
    scenario: Scenario,
    inputs: IndexMap<String, String>,
    fields: IndexMap<String, field::Fields>,
    routes: route::Routes,
    book: session::Book,
}

/// What became of a request, before it is told.
struct Outcome {
    reply: Reply,
    state: Option<String>,
    note: String,
    is_refused: bool,
    page: Option<String>,
}

impl Server {
    /// A server for a provider that behaves as the scenario says.
    pub fn new(provider: Shared, scenario: Scenario) -> Server {
        let fields = field::fields(&provider);
        let inputs = IndexMap::new();
        let routes = route::Routes::new(&provider, hosts(&provider, &inputs));
        Server { provider, scenario, inputs, fields, routes, book: session::Book::default() }
    }

    /// Tells the values of inputs, where hosts depend on them. A client may have others all the same.
    pub fn with_inputs(mut self, inputs: IndexMap<String, String>) -> Server {
        self.routes = route::Routes::new(&self.provider, hosts(&self.provider, &inputs));
        self.inputs = inputs;
        self
    }

    /// What the server does.
    pub fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// What a person calls the provider.
    pub fn provider_name(&self) -> &str {
        &self.provider.name
    }

    /// The hosts that the server stands in for: all that the file's URLs and `hosts` name, in any region. Of a pattern such
    /// as `*.example.com` it is `sim.example.com`.
    pub fn hosts(&self) -> &[String] {
        self.routes.hosts()
    }

    /// Whether a `Host` header is of a host that the server stands in for, or of this computer. A page of another site whose
    /// name leads here sends its own.
    pub fn serves(&self, host: &str) -> bool {
        let name = Url::parse(&format!("https://{host}/")).ok();
        let name = name.as_ref().and_then(Url::host_str).unwrap_or_default();
        let labels =
            self.provider.request_urls().chain(self.provider.api_urls()).filter_map(
                |url| match origin_shape(url) {
                    Ok(OriginShape::Labels { suffix, .. }) => Some(HostPattern::Below(suffix)),
                    _ => None,
                },
            );
        is_loopback(host)
            || self.hosts().iter().any(|known| known == host)
            || self.provider.hosts.iter().any(|named| named.pattern.matches(name))
            || labels.into_iter().any(|below| below.matches(name))
    }

    /// Answers a request, and says what happened.
    pub fn answer(&mut self, asked: &Asked, now: UnixMs, entropy: &mut dyn Entropy) -> (Reply, Exchange) {
        let turn = turn::Turn::new(asked, now, entropy, self.hosts());
        let outcome = match self.page(&turn) {
            Some(outcome) => outcome,
            None => self.turn(&turn),
        };
        let status = match &outcome.reply {
            Reply::Answer { status, .. } => Some(*status),
            Reply::Broken => None,
        };
        let exchange = Exchange {
            state: outcome.state,
            method: asked.method.clone(),
            host: asked.host.clone(),
            path: asked.path.clone(),
            status,
            note: outcome.note,
            refused: outcome.is_refused,
            page: outcome.page,
        };
        (outcome.reply, exchange)
    }
}

/// The hosts of all regions, as a `Host` header writes them.
fn hosts(provider: &Provider, inputs: &IndexMap<String, String>) -> Vec<String> {
    let mut all = IndexSet::new();
    for region in provider.regions_or_none() {
        all.extend(hosts_of(provider, region, inputs));
    }
    all.into_iter().collect()
}

/// The hosts of one region, those of `hosts` first.
fn hosts_of(provider: &Provider, region: Option<&str>, inputs: &IndexMap<String, String>) -> Vec<String> {
    let origins =
        provider.origins_of_hosts(region, inputs).into_iter().chain(provider.origins(region, inputs).0);
    let authority = |origin: String| {
        let authority = origin.split_once("://")?.1;
        Some(authority.strip_prefix("*.").map_or(authority.to_owned(), |below| format!("sim.{below}")))
    };
    let hosts: IndexSet<String> = origins.filter_map(authority).filter(|host| !is_loopback(host)).collect();
    hosts.into_iter().collect()
}

/// Whether a `Host` header names this computer.
fn is_loopback(host: &str) -> bool {
    let url = Url::parse(&format!("http://{host}/")).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
