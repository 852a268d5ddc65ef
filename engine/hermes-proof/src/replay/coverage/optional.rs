//! The optional values of a provider: fields of answers that are read, and that no rule guarantees.

use std::collections::BTreeSet;

use super::reach;
use hermes_format::condition::{Wire, analyse};
use hermes_format::provider::{
    Act, Active, Auth, Back, Body, JsonTemplate, Provider, Request, StateId, StateKind, Success, Then,
    ValueSource,
};
use hermes_format::query::Step;
use hermes_format::source::Span;
use hermes_format::template::{Name, Template};
use hermes_format::time::{Time, TimeValue};

/// A field of an answer that may be absent, and who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Optional {
    /// The state whose answer it is in.
    pub(super) state: StateId,
    /// Where in the answer it is.
    pub(super) path: Vec<Step>,
    /// Where it is read.
    pub(super) span: Span,
    /// `success`, where only the answer that leads there is read.
    only_to: Option<StateId>,
}

impl Optional {
    /// As a template would name it: `request_code.interval`.
    pub(super) fn name(&self, provider: &Provider) -> String {
        let mut name = provider.state(self.state).name.clone();
        for step in &self.path {
            name.push('.');
            match step {
                Step::Key(key) => name.push_str(key),
                Step::Index(index) => name.push_str(&index.to_string()),
            }
        }
        name
    }

    /// Whether an answer that leads to this state is read for the value.
    pub(super) fn is_read_on_the_way_to(&self, to: StateId) -> bool {
        match self.only_to {
            Some(only) => only == to,
            None => self.state != to,
        }
    }
}

/// All optional values of these states, in the order of the file, each once.
pub(super) fn all(provider: &Provider, states: &BTreeSet<StateId>) -> Vec<Optional> {
    let mut found: Vec<Optional> = Vec::new();
    for (read, span, only_to) in reads(provider, states) {
        let of: Vec<StateId> = match &read {
            Read::Named(state, _) => provider.state_id(state).into_iter().collect(),
            Read::Last(_) => states.iter().copied().filter(|id| leads_to(provider, *id, only_to)).collect(),
        };
        let (Read::Named(_, path) | Read::Last(path)) = read;
        for state in of {
            let optional = Optional { state, path: path.clone(), span, only_to };
            let is_known = found.iter().any(|known| known.state == state && known.path == optional.path);
            if !path.is_empty() && !is_known && !is_guaranteed(provider, &optional) {
                found.push(optional);
            }
        }
    }
    found.sort_by_key(|optional| (optional.span, optional.state));
    found
}

/// A value of an answer that something reads.
enum Read {
    /// Of the answer of a state, by name.
    Named(String, Vec<Step>),
    /// Of the answer that led to `success`.
    Last(Vec<Step>),
}

type Reads = Vec<(Read, Span, Option<StateId>)>;

fn reads(provider: &Provider, states: &BTreeSet<StateId>) -> Reads {
    let mut reads = Reads::new();
    let mut templates: Vec<&Template> =
        provider.api_templates().into_iter().map(|placed| placed.template).collect();
    for active in reach::active(provider, states) {
        active_templates(active, &mut templates);
    }
    let success = provider.state_id("success").filter(|id| states.contains(id));
    if let (Some(id), Some(written)) = (success, provider.success()) {
        success_reads(id, provider.state(id).span, written, &mut reads, &mut templates);
    }
    for template in templates {
        for (name, span) in template.names() {
            if let Name::Answer { state, path } = name {
                reads.push((Read::Named(state.clone(), path.clone()), span, None));
            }
        }
    }
    reads
}

fn success_reads<'a>(
    id: StateId,
    span: Span,
    success: &'a Success,
    reads: &mut Reads,
    templates: &mut Vec<&'a Template>,
) {
    let sources = [Some(&success.access_token), Some(&success.refresh_token), success.notice.as_ref()];
    for source in sources.into_iter().flatten().chain(success.keep.values()) {
        match source {
            ValueSource::Path(at) => reads.push((Read::Last(at.value.steps().to_vec()), at.span, Some(id))),
            ValueSource::Template(template) => templates.push(template),
        }
    }
    for time in &success.expires {
        match &time.value {
            TimeValue::Path(query, _) => {
                reads.push((Read::Last(query.steps().to_vec()), time.span, Some(id)))
            }
            TimeValue::Template(template, _) => templates.push(template),
            TimeValue::Fixed(_) => {}
        }
    }
    // A default that is written nowhere has no place of its own.
    for (_, place, _) in reads.iter_mut().filter(|(_, place, _)| place.start == place.end) {
        *place = span;
    }
}

fn active_templates<'a>(active: &'a Active, templates: &mut Vec<&'a Template>) {
    match &active.act {
        Act::Request(request) => request_templates(request, templates),
        Act::Browser(browser) => {
            templates.push(&browser.open);
            templates.extend(browser.query.values());
            if let Back::Listen(listeners) = &browser.back {
                templates.extend(listeners.iter().map(|listen| &listen.path));
            }
        }
    }
    templates.extend(active.show.iter().flat_map(|show| show.url.iter().chain(&show.code)));
    let times = active.every.iter().map(|every| &every.time).chain(&active.until);
    templates.extend(times.filter_map(time_template));
}

fn request_templates<'a>(request: &'a Request, templates: &mut Vec<&'a Template>) {
    templates.extend(request.urls());
    templates.extend(request.query.values().chain(request.headers.values()));
    match &request.body {
        Some(Body::Form(fields)) => templates.extend(fields.values()),
        Some(Body::Json(members)) => members.values().for_each(|member| json_templates(member, templates)),
        None => {}
    }
    match &request.auth {
        Some(Auth::Basic(id, secret)) => templates.extend([id, secret]),
        Some(Auth::Bearer(token)) => templates.push(token),
        Some(Auth::Client(client)) => templates.extend(client.templates()),
        None => {}
    }
}

fn json_templates<'a>(json: &'a JsonTemplate, templates: &mut Vec<&'a Template>) {
    match json {
        JsonTemplate::Text(text) => templates.push(text),
        JsonTemplate::Literal(_) => {}
        JsonTemplate::Array(items) => items.iter().for_each(|item| json_templates(item, templates)),
        JsonTemplate::Object(members) => {
            members.values().for_each(|member| json_templates(member, templates))
        }
    }
}

fn time_template(time: &Time) -> Option<&Template> {
    match &time.value {
        TimeValue::Template(template, _) => Some(template),
        TimeValue::Fixed(_) | TimeValue::Path(..) => None,
    }
}

fn leads_to(provider: &Provider, from: StateId, to: Option<StateId>) -> bool {
    leaving(provider, from).any(|(_, _, target)| Some(target) == to)
}

/// The rules by which a state is left for another one.
fn leaving(provider: &Provider, from: StateId) -> impl Iterator<Item = (&Active, usize, StateId)> {
    let active = match &provider.state(from).kind {
        StateKind::Active(active) => Some(&**active),
        _ => None,
    };
    active.into_iter().flat_map(move |active| {
        active.on.iter().enumerate().filter_map(move |(i, rule)| match &rule.then {
            Then::Go(to) if to.value != from => Some((active, i, to.value)),
            _ => None,
        })
    })
}

/// Whether every rule by which the answer is passed on makes sure that the value is there.
fn is_guaranteed(provider: &Provider, optional: &Optional) -> bool {
    leaving(provider, optional.state).filter(|(_, _, to)| optional.is_read_on_the_way_to(*to)).all(
        |(active, rule, _)| {
            // What the last of a list of URLs answered has no fields.
            active.on.get(rule).is_some_and(|rule| rule.next)
                || analyse(&active.on, wire(active), None).guaranteed(rule).contains(&optional.path)
        },
    )
}

fn wire(active: &Active) -> Wire {
    match &active.act {
        Act::Request(_) => Wire::Http,
        Act::Browser(_) => Wire::Callback,
    }
}
