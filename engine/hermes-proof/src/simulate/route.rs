//! Which state's request it is: by method, host and path, then by the fields that the file writes out.

use std::cmp::Reverse;

use indexmap::IndexMap;
use regex::Regex;

use super::body::Content;
use super::slot::{Place, Slot, Want, plain, slots};
use hermes_format::provider::{Act, Active, Provider, StateId, StateKind};
use hermes_format::template::{Expression, Part, Scope, Template, evaluate};

/// The URLs of a provider's states.
pub(super) struct Routes {
    patterns: Vec<Pattern>,
    /// The provider's hosts.
    hosts: Vec<String>,
}

/// The URL of a state in one region, as a pattern.
struct Pattern {
    state: StateId,
    region: Option<String>,
    method: &'static str,
    url: Regex,
    /// Which of the state's URLs it is.
    place: usize,
    /// Which part of the URL's template each group holds.
    captured: Vec<usize>,
}

/// A request's state.
pub(super) struct Route<'a> {
    /// The state.
    pub(super) state: StateId,
    /// What it does.
    pub(super) active: &'a Active,
    /// The region whose URL it is.
    pub(super) region: Option<&'a str>,
    /// All its places, those of the path included.
    pub(super) slots: Vec<Slot<'a>>,
}

/// A scope of one region and the vars that need nothing else.
struct Constant<'a> {
    provider: &'a Provider,
    region: Option<&'a str>,
    /// The values of inputs; one that is not here has no value.
    inputs: &'a IndexMap<String, String>,
}

impl Scope for Constant<'_> {
    fn value(&self, name: &hermes_format::template::Name) -> Option<serde_json::Value> {
        use hermes_format::template::Name;
        match name {
            Name::Var(var) => {
                hermes_format::template::render_var(self.provider.vars.get(var)?, self).map(Into::into)
            }
            Name::Input(input) => self.inputs.get(input).map(|text| text.clone().into()),
            Name::Region(key) => {
                let table = self.provider.regions.as_ref()?.tables.get(self.region?)?;
                table.get(key).map(|at| at.value.clone().into())
            }
            _ => None,
        }
    }
}

/// The names of all regions, the default first, or one `None` where there are none.
fn regions(provider: &Provider) -> Vec<Option<&str>> {
    let Some(regions) = &provider.regions else { return vec![None] };
    let others = regions.tables.keys().map(String::as_str).filter(|name| *name != regions.default);
    std::iter::once(regions.default.as_str()).chain(others).map(Some).collect()
}

/// A request as the routes see it.
pub(super) struct Arrival<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The host; `None` stands for any: a client that was given the loopback address itself.
    pub(super) host: Option<&'a str>,
    /// The path, without what a redirect put before it.
    pub(super) path: &'a str,
    /// The rest.
    pub(super) content: &'a Content,
}

impl Routes {
    /// The routes of a provider that has these hosts.
    pub(super) fn new(provider: &Provider, hosts: Vec<String>) -> Routes {
        Routes { patterns: patterns(provider), hosts }
    }

    /// The provider's hosts.
    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Finds the state of a request. Where several have its URL, the one whose literal fields it has; of those the one
    /// that has most.
    pub(super) fn find<'a>(&self, provider: &'a Provider, arrival: &Arrival<'_>) -> Option<Route<'a>> {
        let url = |host: &str| format!("https://{host}{}", arrival.path);
        let urls: Vec<String> = match arrival.host {
            Some(host) => vec![url(host)],
            None => self.hosts.iter().map(|host| url(host)).collect(),
        };
        let none = IndexMap::new();
        let mut best: Option<((usize, Reverse<usize>), Route<'a>)> = None;
        for pattern in self.patterns.iter().filter(|pattern| pattern.method == arrival.method) {
            let Some(route) = urls.iter().find_map(|url| pattern.route(provider, url)) else { continue };
            let scope = Constant { provider, region: route.region, inputs: &none };
            let wrong = route.slots.iter().filter(|slot| contradicts(slot, arrival.content, &scope)).count();
            let written = route.slots.iter().filter(|slot| slot.want.value(&scope).is_some()).count();
            let rank = (wrong, Reverse(written));
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, route));
            }
        }
        best.map(|(_, route)| route)
    }
}

impl Pattern {
    /// The route that a URL takes, if it is of this pattern.
    fn route<'a>(&self, provider: &'a Provider, url: &str) -> Option<Route<'a>> {
        let found = self.url.captures(url)?;
        let StateKind::Active(active) = &provider.state(self.state).kind else { return None };
        let urls = active.act.urls();
        let parts = &urls.get(self.place)?.parts;
        let mut all = slots(&active.act);
        for (index, text) in self.captured.iter().zip(found.iter().skip(1)) {
            if let Some(Part::Expression(expression, _)) = parts.get(*index) {
                all.push(path_slot(expression, text.map_or("", |found| found.as_str())));
            }
        }
        let region = provider.regions.as_ref().zip(self.region.as_deref());
        let region = region.and_then(|(regions, name)| regions.tables.get_key_value(name));
        let region = region.map(|(name, _)| name.as_str());
        Some(Route { state: self.state, active, region, slots: all })
    }
}

/// The method of a state.
fn method(active: &Active) -> &'static str {
    match &active.act {
        Act::Request(request) => request.method.as_str(),
        Act::Browser(_) => "GET",
    }
}

/// Whether a place that the file writes out holds something else, or nothing.
fn contradicts(slot: &Slot<'_>, content: &Content, scope: &dyn Scope) -> bool {
    match (slot.received(content), slot.want.value(scope)) {
        (Some(got), Some(want)) => plain(&got) != plain(&want),
        (None, Some(want)) => want != "",
        (got, None) => got.is_none(),
    }
}

fn path_slot<'a>(expression: &'a Expression, text: &str) -> Slot<'a> {
    // A form's decoder reads percent signs; what else it reads is hidden from it.
    let hidden = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let decoded = url::form_urlencoded::parse(hidden.as_bytes()).next();
    let decoded = decoded.map(|(name, _)| name.into_owned()).unwrap_or_default();
    Slot { label: "the URL's path".into(), place: Place::Path(decoded), want: Want::Expression(expression) }
}

fn patterns(provider: &Provider) -> Vec<Pattern> {
    let mut all = Vec::new();
    for (index, state) in provider.states.iter().enumerate() {
        let StateKind::Active(active) = &state.kind else { continue };
        for region in regions(provider) {
            let none = IndexMap::new();
            let scope = Constant { provider, region, inputs: &none };
            let patterns = active.act.urls().into_iter().enumerate().filter_map(|(place, url)| {
                let (url, captured) = pattern(url, &scope)?;
                let region = region.map(str::to_owned);
                Some(Pattern { state: StateId(index), region, method: method(active), url, place, captured })
            });
            all.extend(patterns);
        }
    }
    all
}

/// A URL as a regular expression, and which part of the template each of its groups holds.
fn pattern(url: &Template, scope: &dyn Scope) -> Option<(Regex, Vec<usize>)> {
    let mut text = String::from("^");
    let mut captured = Vec::new();
    for (index, part) in url.parts.iter().enumerate() {
        let fixed = match part {
            Part::Text(literal) => Some(literal.clone()),
            Part::Expression(expression, _) => evaluate(expression, scope).map(|value| plain(&value)),
        };
        match fixed.as_deref().map(|literal| literal.split_once('?').ok_or(literal)) {
            Some(Err(literal)) => text.push_str(&regex::escape(literal)),
            // What stands in the URL's own query tells no route from another.
            Some(Ok((path, _))) => {
                text.push_str(&regex::escape(path));
                break;
            }
            // A whole URL, or a label of the host: which one it is, is not the server's to judge.
            None if !is_in_path(&text) => text.push_str("[^?#]*"),
            None => {
                text.push_str("([^?#]*)");
                captured.push(index);
            }
        }
    }
    text.push_str("/?$");
    Some((Regex::new(&text).ok()?, captured))
}

/// Whether a pattern has come as far as the path.
fn is_in_path(pattern: &str) -> bool {
    pattern.trim_start_matches('^').trim_start_matches("https://").contains('/')
}
