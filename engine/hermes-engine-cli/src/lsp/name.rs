//! What names in `{{…}}` mean.

use std::fmt::Write as _;

use hermes_format::condition::{Analysis, Wire, analyse};
use hermes_format::provider::{Act, Active, InputSource, Provider, StateKind, Then};
use hermes_format::query::Step;
use hermes_proof::graph::{Graph, To};

use super::path;

/// The names that the engine itself gives, and what they are.
pub(super) const GIVEN: [(&str, &str); 8] = [
    ("pkce.verifier", "The PKCE verifier: made once a login, a secret."),
    ("pkce.challenge", "The S256 challenge of the PKCE verifier."),
    ("random.state", "Random text, made once a login; any name may follow `random.`."),
    ("uuid", "A fresh UUID at each use."),
    ("redirect_uri", "Where the listener is."),
    ("token.access_token", "The access token of the stored credential."),
    ("token.refresh_token", "The refresh token of the stored credential."),
    ("response.body", "In `[errors]`: the text of the answer that failed."),
];

/// A name that can be written, and what it is.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) what: String,
}

impl Known {
    /// The name up to its first dot.
    pub(super) fn first(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// All names that a template of the provider can use.
pub(super) fn all(provider: &Provider) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    let mut add = |name: String| known.extend(describe(provider, &name).map(|what| Known { name, what }));
    provider.vars.keys().chain(provider.inputs.keys()).for_each(|name| add(name.clone()));
    region_keys(provider).into_iter().for_each(|key| add(format!("region.{key}")));
    for state in &provider.states {
        if let StateKind::Active(active) = &state.kind {
            fields(active).into_iter().for_each(|field| add(format!("{}.{field}", state.name)));
        }
    }
    known.extend(GIVEN.map(|(name, what)| Known { name: name.to_owned(), what: what.to_owned() }));
    known
}

/// What a dotted name means; `None` where it is unknown.
pub(super) fn describe(provider: &Provider, name: &str) -> Option<String> {
    if let Some((_, what)) = GIVEN.iter().find(|(given, _)| *given == name) {
        return Some((*what).to_owned());
    }
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    match (first, rest) {
        ("region", key) => region(provider, key),
        ("token", _) => Some("A field of the stored credential.".to_owned()),
        ("random", _) => Some("Random text, made once a login.".to_owned()),
        ("response", _) => Some("In `[errors]`: a field of the answer that failed.".to_owned()),
        (name, "") if provider.vars.contains_key(name) => {
            provider.vars.get(name).map(|value| format!("A var: `{}`", value.text))
        }
        (name, "") if provider.inputs.contains_key(name) => input(provider, name),
        (state, "") => self::state(provider, state),
        (state, field) => path::describe(provider, state, &steps(field)),
    }
}

/// What a state does, what leads there, and where its rules lead.
pub(super) fn state(provider: &Provider, name: &str) -> Option<String> {
    let graph = Graph::of(provider, None);
    let at = graph.states.iter().position(|state| state.name == name)?;
    let node = graph.states.get(at)?;
    let mut text = format!("The state `{name}`\n");
    for line in &node.does {
        let _ = write!(text, "\n{line}  ");
    }
    for begun in &node.begins {
        let _ = write!(text, "\n- begins {begun}");
    }
    for from in graph.states.iter().filter(|from| from.name != name) {
        for way in
            from.ways.iter().filter(|way| matches!(way.to, To::State(to) | To::Refresh(to) if to == at))
        {
            let _ = write!(text, "\n- from `{}`: {}", from.name, way.when);
        }
    }
    if node.unreachable {
        text.push_str("\n- nothing leads here");
    }
    for way in &node.ways {
        let to = match &way.to {
            To::Error(code) => format!("fails `{code}`"),
            To::Timeout => "times out".to_owned(),
            To::State(at) | To::Refresh(at) => {
                format!("to `{}`", graph.states.get(*at).map_or("", |s| &s.name))
            }
        };
        let _ = write!(text, "\n- {}: {to}", way.when);
    }
    Some(text)
}

fn region(provider: &Provider, key: &str) -> Option<String> {
    let regions = provider.regions.as_ref()?;
    let values = regions.tables.iter().filter_map(|(name, keys)| Some((name, keys.get(key)?)));
    let lines: Vec<String> = values.map(|(name, value)| format!("- {name}: `{}`", value.value)).collect();
    (!lines.is_empty()).then(|| format!("A key of the region:\n{}", lines.join("\n")))
}

fn region_keys(provider: &Provider) -> Vec<&str> {
    let first = provider.regions.as_ref().and_then(|regions| regions.tables.values().next());
    first.into_iter().flat_map(|keys| keys.keys().map(String::as_str)).collect()
}

fn input(provider: &Provider, name: &str) -> Option<String> {
    let input = provider.inputs.get(name)?;
    let mut lines = vec![format!("{} input", if input.secret { "A secret" } else { "An" })];
    lines.extend(input.from.iter().map(|source| match source {
        InputSource::Env(name) => format!("- from the variable `{}`", name.value),
        InputSource::File { path, .. } => format!("- from the file `{}`", path.value),
        InputSource::Command(command) => format!("- from `{}`", command.value.join(" ")),
    }));
    lines.extend(input.prompt.as_ref().map(|prompt| format!("- asked for: {prompt}")));
    lines.extend(input.default.as_ref().map(|default| format!("- else `{default}`")));
    Some(lines.join("\n"))
}

/// The fields that some rule that leads on guarantees.
fn fields(active: &Active) -> Vec<String> {
    let analysis = analysis(active);
    let mut fields: Vec<String> = Vec::new();
    for (at, rule) in active.on.iter().enumerate() {
        if matches!(rule.then, Then::Go(_)) {
            for path in analysis.guaranteed(at).0 {
                let field = dotted(&path);
                if !field.is_empty() && !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
    }
    fields
}

pub(super) fn analysis(active: &Active) -> Analysis {
    let wire = match active.act {
        Act::Request(_) => Wire::Http,
        Act::Browser(_) => Wire::Callback,
    };
    analyse(&active.on, wire, None)
}

pub(super) fn dotted(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(at) => at.to_string(),
    };
    path.iter().map(step).collect::<Vec<_>>().join(".")
}

pub(super) fn steps(field: &str) -> Vec<Step> {
    field
        .split('.')
        .map(|part| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index))
        .collect()
}
