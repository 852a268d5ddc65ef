//! Which state's request it is: by method, host and path, then by the fields that the file writes out.

use indexmap::IndexMap;
use regex::Regex;

use super::body::Content;
use super::slot::{Place, Slot, Want, slots};
use crate::provider::{Act, Active, Provider, StateId, StateKind};
use crate::template::{Expression, Part, Scope, Template, evaluate};

/// The URL of a state in one region, as a pattern.
struct Pattern<'a> {
    state: StateId,
    region: Option<&'a str>,
    method: &'static str,
    url: Regex,
    captured: Vec<&'a Expression>,
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
pub(super) struct Constant<'a> {
    pub(super) provider: &'a Provider,
    pub(super) region: Option<&'a str>,
    /// The values of inputs; one that is not here has no value.
    pub(super) inputs: &'a IndexMap<String, String>,
}

impl Scope for Constant<'_> {
    fn value(&self, name: &crate::template::Name) -> Option<serde_json::Value> {
        use crate::template::Name;
        match name {
            Name::Var(var) => self.provider.vars.get(var)?.render(self).ok().map(Into::into),
            Name::Input(input) => self.inputs.get(input).map(|text| text.clone().into()),
            Name::Region(key) => {
                let table = self.provider.regions.as_ref()?.tables.get(self.region?)?;
                table.get(key).map(|at| at.value.clone().into())
            }
            _ => None,
        }
    }
}

/// The names of all regions, or one `None` where there are none.
pub(super) fn regions(provider: &Provider) -> Vec<Option<&str>> {
    match &provider.regions {
        Some(regions) => regions.tables.keys().map(|name| Some(name.as_str())).collect(),
        None => vec![None],
    }
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

/// Finds the state of a request. Where several have its URL, the one whose literal fields it has.
pub(super) fn find<'a>(provider: &'a Provider, hosts: &[String], arrival: &Arrival<'_>) -> Option<Route<'a>> {
    let url = |host: &str| format!("https://{host}{}", arrival.path);
    let urls: Vec<String> = match arrival.host {
        Some(host) => vec![url(host)],
        None => hosts.iter().map(|host| url(host)).collect(),
    };
    let none = IndexMap::new();
    let mut best: Option<(usize, Route<'a>)> = None;
    for pattern in patterns(provider).into_iter().filter(|pattern| pattern.method == arrival.method) {
        let Some(found) = urls.iter().find_map(|url| pattern.url.captures(url)) else { continue };
        let StateKind::Active(active) = &provider.state(pattern.state).kind else { continue };
        let mut slots = slots(&active.act);
        let captured = pattern.captured.iter().zip(found.iter().skip(1));
        slots.extend(
            captured.map(|(expression, text)| path_slot(expression, text.map_or("", |m| m.as_str()))),
        );
        let scope = Constant { provider, region: pattern.region, inputs: &none };
        let wrong = slots.iter().filter(|slot| contradicts(slot, arrival.content, &scope)).count();
        if best.as_ref().is_none_or(|(least, _)| wrong < *least) {
            best = Some((wrong, Route { state: pattern.state, active, region: pattern.region, slots }));
        }
    }
    best.map(|(_, route)| route)
}

/// Whether a place that the file writes out holds something else, or nothing.
fn contradicts(slot: &Slot<'_>, content: &Content, scope: &dyn Scope) -> bool {
    match (slot.received(content), slot.want.value(scope)) {
        (Some(got), Some(want)) => super::slot::plain(&got) != super::slot::plain(&want),
        (None, Some(want)) => want != "",
        (got, None) => got.is_none(),
    }
}

fn path_slot<'a>(expression: &'a Expression, text: &str) -> Slot<'a> {
    let decoded: String = match url::Url::parse(&format!("https://x/?{}", text.replace('+', "%2B"))) {
        Ok(url) => url.query_pairs().next().map(|(name, _)| name.into_owned()).unwrap_or_default(),
        Err(_) => text.to_owned(),
    };
    Slot { label: "the URL's path".into(), place: Place::Path(decoded), want: Want::Expression(expression) }
}

fn patterns(provider: &Provider) -> Vec<Pattern<'_>> {
    let mut all = Vec::new();
    for (index, state) in provider.states.iter().enumerate() {
        let StateKind::Active(active) = &state.kind else { continue };
        let (method, url) = match &active.act {
            Act::Request(request) => (request.method.as_str(), &request.url),
            Act::Browser(browser) => ("GET", &browser.open),
        };
        for region in regions(provider) {
            if let Some((url, captured)) = pattern(provider, region, url) {
                all.push(Pattern { state: StateId(index), region, method, url, captured });
            }
        }
    }
    all
}

/// A URL as a regular expression, and what each of its groups holds.
fn pattern<'a>(
    provider: &Provider,
    region: Option<&str>,
    url: &'a Template,
) -> Option<(Regex, Vec<&'a Expression>)> {
    let none = IndexMap::new();
    let scope = Constant { provider, region, inputs: &none };
    let mut text = String::from("^");
    let mut captured = Vec::new();
    for part in &url.parts {
        let fixed = match part {
            Part::Text(literal) => Some(literal.clone()),
            Part::Expression(expression, _) => evaluate(expression, &scope).map(|v| super::slot::plain(&v)),
        };
        match (fixed, part) {
            (Some(literal), _) => text.push_str(&regex::escape(literal.split('?').next().unwrap_or(""))),
            // A whole URL, or a label of the host: which one it is, is not the server's to judge.
            (None, Part::Expression(..)) if !in_path(&text) => text.push_str("[^?#]*"),
            (None, Part::Expression(expression, _)) => {
                text.push_str("([^?#]*)");
                captured.push(expression);
            }
            (None, Part::Text(_)) => {}
        }
    }
    text.push_str("/?$");
    Some((Regex::new(&text).ok()?, captured))
}

fn in_path(pattern: &str) -> bool {
    pattern.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
        || (pattern.starts_with("^[^?#]*") && pattern.contains('/'))
}
