//! From a provider to what is drawn of it.

use std::collections::BTreeMap;

use super::{Graph, Kind, Node, To, Way, words};
use crate::replay::Coverage;
use crate::replay::coverage::ItemKind;
use hermes_format::provider::{
    ACTIONS, Act, Action, Active, Back, Browser, Listen, Provider, Rule, StateId, StateKind, Success, Then,
};
use hermes_format::raw::time::First;
use hermes_format::text::sanitise;
use hermes_format::time::format_duration;

/// What the drawing of a state needs to know of the whole.
struct Whole<'a> {
    provider: &'a Provider,
    coverage: Option<&'a Coverage>,
    /// The place of each state in the drawing.
    places: BTreeMap<StateId, usize>,
}

pub(super) fn build(provider: &Provider, coverage: Option<&Coverage>) -> Graph {
    let order = order(provider);
    let reached = order.len();
    let left =
        (0..provider.states.len()).map(StateId).filter(|id| !order.contains(id) && is_active(provider, *id));
    let order: Vec<StateId> = order.iter().copied().chain(left).collect();
    let places = order.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let whole = Whole { provider, coverage, places };
    let states = order.iter().enumerate().filter_map(|(place, id)| whole.node(*id, place >= reached));
    Graph { id: sanitise(&provider.id), name: sanitise(&provider.name), states: states.collect() }
}

fn is_active(provider: &Provider, id: StateId) -> bool {
    matches!(provider.state(id).kind, StateKind::Active(_))
}

/// The states that some action reaches, breadth first, in the order of the actions; the two that only end badly left out.
fn order(provider: &Provider) -> Vec<StateId> {
    let mut order: Vec<StateId> = Vec::new();
    for action in ACTIONS {
        let mut open = provider.starts(action);
        while !open.is_empty() {
            let fresh: Vec<StateId> = open.drain(..).filter(|id| !order.contains(id)).collect();
            for id in fresh {
                if !order.contains(&id) {
                    order.push(id);
                    open.extend(provider.successors(id));
                }
            }
        }
    }
    order.retain(|id| !matches!(provider.state(*id).kind, StateKind::Error | StateKind::Timeout));
    // What a way of login ends in stands below all that leads there.
    let ends = |id: &StateId| matches!(provider.state(*id).kind, StateKind::Success(_) | StateKind::Done);
    let login = provider.reachable(&provider.starts(Action::Login));
    order.sort_by_key(|id| (!login.contains(id), ends(id)));
    order
}

impl Whole<'_> {
    fn node(&self, id: StateId, unreachable: bool) -> Option<Node> {
        let state = self.provider.state(id);
        let (kind, does, ways) = match &state.kind {
            StateKind::Active(active) => {
                let kind = match active.act {
                    Act::Request(_) => Kind::Request,
                    Act::Browser(_) => Kind::Browser,
                };
                (kind, does(active), self.ways(active))
            }
            StateKind::Success(success) => (Kind::Success, keeps(success), self.renewal(success)),
            StateKind::Done => (Kind::Done, Vec::new(), Vec::new()),
            StateKind::Error | StateKind::Timeout => return None,
        };
        Some(Node { name: sanitise(&state.name), kind, does, begins: self.begins(id), unreachable, ways })
    }

    fn begins(&self, id: StateId) -> Vec<String> {
        let mut begins = Vec::new();
        for (action, word) in
            [(Action::Login, "login"), (Action::Logout, "logout"), (Action::Verify, "verify")]
        {
            let starts = self.provider.starts(action);
            if let Some(place) = starts.iter().position(|start| *start == id) {
                let number = if starts.len() > 1 { format!(" {}", place + 1) } else { String::new() };
                begins.push(format!("{word}{number}"));
            }
        }
        begins
    }

    fn ways(&self, active: &Active) -> Vec<Way> {
        let is_only = active.on.len() == 1;
        let mut ways: Vec<Way> = active.on.iter().filter_map(|rule| self.way(rule, is_only)).collect();
        if let Some(until) = &active.until {
            let when = format!("after {}", words::time(until));
            ways.push(Way { when, to: To::Timeout, note: None, untested: false });
        }
        ways
    }

    fn way(&self, rule: &Rule, is_only: bool) -> Option<Way> {
        let (to, note) = match &rule.then {
            Then::Go(to) => {
                let slower =
                    rule.slower.map(|slower| format!("{} slower from now on", format_duration(slower)));
                (To::State(*self.places.get(&to.value)?), slower)
            }
            Then::Fail { code, relogin } => {
                let note = relogin.then(|| "needs a new login".to_owned());
                (To::Error(sanitise(&code.value)), note)
            }
        };
        Some(Way { when: words::rule(rule, is_only), to, note, untested: self.is_untested(rule) })
    }

    fn is_untested(&self, rule: &Rule) -> bool {
        let missing = self.coverage.iter().flat_map(|coverage| coverage.missing());
        missing.into_iter().any(|item| item.kind == ItemKind::Rule && item.span == rule.span)
    }

    fn renewal(&self, success: &Success) -> Vec<Way> {
        let Some(refresh) = &success.refresh else { return Vec::new() };
        let Some(place) = self.places.get(&refresh.to.value) else { return Vec::new() };
        let when = match refresh.early {
            Some(early) => format!("{} before it expires", format_duration(early)),
            None => "when it expires".to_owned(),
        };
        vec![Way { when, to: To::Refresh(*place), note: None, untested: false }]
    }
}

/// What a state does, a line each.
fn does(active: &Active) -> Vec<String> {
    let mut lines = match &active.act {
        Act::Request(request) => {
            let urls: Vec<String> = request.urls().map(words::url).collect();
            vec![format!("{} {}", request.method.as_str(), urls.join(", else "))]
        }
        Act::Browser(browser) => visit(browser),
    };
    if let Some(show) = &active.show {
        let shown = [(&show.url, "page"), (&show.code, "code")];
        let shown: Vec<&str> =
            shown.iter().filter(|(value, _)| value.is_some()).map(|(_, word)| *word).collect();
        lines.push(format!("shows the {}", shown.join(" and the ")));
    }
    if let Some(every) = &active.every {
        let first = if every.first == First::AtOnce { ", the first at once" } else { "" };
        lines.push(format!("every {}{first}", words::time(&every.time)));
    }
    lines
}

fn visit(browser: &Browser) -> Vec<String> {
    let back = match &browser.back {
        Back::Listen(listeners) => {
            let places: Vec<String> = listeners.iter().map(place).collect();
            format!("listens on {}", places.join(", or on "))
        }
        Back::Paste => "takes what a person pastes".to_owned(),
    };
    vec![format!("opens {}", words::url(&browser.open)), back]
}

fn place(listen: &Listen) -> String {
    let port = if listen.port == 0 { "any port".to_owned() } else { format!("port {}", listen.port) };
    format!("{}, {port}, at {}", sanitise(&listen.host), words::url(&listen.path))
}

fn keeps(success: &Success) -> Vec<String> {
    let mut lines = vec![format!("access token: {}", words::source(&success.access_token))];
    lines.extend(success.expires.iter().map(|expires| format!("expires: {}", words::time(expires))));
    lines
}
