//! Which fields of a state's answers the file reads, and as what.
//!
//! A field that is read as a time must hold a number, one that is opened a URL: the file says it all, by where it reads.

use indexmap::IndexMap;

use hermes_format::provider::{
    Act, Active, Auth, Body, JsonTemplate, Provider, State, StateKind, Success, Then, ValueSource,
};
use hermes_format::query::Step;
use hermes_format::template::{Expression, Helper, Name, Part, Template};
use hermes_format::time::{Time, TimeValue, Unit};

/// What a field is read as. Of two, the greater wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Any text.
    Text,
    /// This text.
    Fixed(String),
    /// The refresh token.
    Refresh,
    /// The access token.
    Access,
    /// The code that a person types.
    Code,
    /// The page that a person opens.
    Page,
    /// A URL, or the labels of a host, that requests go to.
    Endpoint,
    /// How long something takes or lasts.
    Time(Lasts, Read),
    /// A JSON Web Token with these claims.
    Jwt(Vec<Vec<String>>),
}

/// What it is that a time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lasts {
    /// A pause between two requests.
    Pause,
    /// The life of a code.
    Code,
    /// The life of a token.
    Token,
}

/// The unit of a time, in an order of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Read {
    /// `s`.
    Seconds,
    /// `ms`.
    Milliseconds,
    /// `unix`.
    Unix,
    /// `unix-ms`, and `auto`.
    UnixMilliseconds,
    /// `iso`.
    Iso,
}

/// The fields that the file reads of one state's answers.
pub(super) type Fields = IndexMap<Vec<Step>, Use>;

/// Collects every state's fields by its name; the stored credential's stand under `""`.
struct Reader<'a> {
    provider: &'a Provider,
    fields: IndexMap<String, Fields>,
}

/// The fields that the file reads, by the state whose answers hold them.
pub(super) fn fields(provider: &Provider) -> IndexMap<String, Fields> {
    let mut reader = Reader { provider, fields: IndexMap::new() };
    reader.api();
    for state in &provider.states {
        if let StateKind::Active(active) = &state.kind {
            reader.active(active);
        }
    }
    if let Some(success) = provider.success() {
        reader.success(success);
    }
    reader.fields
}

/// Whether an answer of the state can lead to `success`.
pub(super) fn leads_to_success(provider: &Provider, state: &State) -> bool {
    let StateKind::Active(active) = &state.kind else { return false };
    active.on.iter().any(|rule| match &rule.then {
        Then::Go(to) => matches!(provider.state(to.value).kind, StateKind::Success(_)),
        Then::Fail { .. } => false,
    })
}

impl Reader<'_> {
    fn note(&mut self, state: &str, path: &[Step], used: Use) {
        if path.is_empty() {
            return;
        }
        let known = self.fields.entry(state.to_owned()).or_default().entry(path.to_vec());
        known.and_modify(|known| *known = merge(known.clone(), used.clone())).or_insert(used);
    }

    fn expression(&mut self, expression: &Expression, used: &Use) {
        match expression {
            Expression::Name(Name::Answer { state, path }, _) => self.note(state, path, used.clone()),
            Expression::Name(Name::Token(path), _) => self.note("", path, used.clone()),
            Expression::Name(..) | Expression::Literal(_) => {}
            Expression::First(list) => list.iter().for_each(|inner| self.expression(inner, used)),
            Expression::Jwt(inner, claim) => self.expression(inner, &Use::Jwt(vec![claim.clone()])),
            Expression::Match(inner, _) => self.expression(inner, &Use::Text),
            // What a document about a URL is at is where requests go, too.
            Expression::Call(Helper::Origin | Helper::WellKnown, list) => {
                list.iter().for_each(|inner| self.expression(inner, used));
            }
            Expression::Call(_, list) => list.iter().for_each(|inner| self.expression(inner, &Use::Text)),
            Expression::Var(_, _, template) if *used == Use::Endpoint => self.url(template),
            Expression::Var(_, _, template) => self.template(template, used),
        }
    }

    fn template(&mut self, template: &Template, used: &Use) {
        for part in &template.parts {
            if let Part::Expression(expression, _) = part {
                self.expression(expression, used);
            }
        }
    }

    /// A URL: what stands before its path is where requests go.
    fn url(&mut self, template: &Template) {
        let mut written = String::new();
        for part in &template.parts {
            match part {
                Part::Text(text) => written.push_str(text),
                Part::Expression(expression, _) => {
                    // Further on a value is a label of the host, or part of the path.
                    self.expression(expression, if written.is_empty() { &Use::Endpoint } else { &Use::Text });
                    written.push('x');
                }
            }
        }
    }

    fn api(&mut self) {
        let provider = self.provider;
        let models = provider.models.iter().filter_map(|model| model.base_url.as_ref());
        provider.api.base_url.iter().chain(models).for_each(|url| self.url(url));
        provider.api.headers.values().for_each(|header| self.template(header, &Use::Text));
    }

    fn active(&mut self, active: &Active) {
        match &active.act {
            Act::Request(request) => {
                request.urls().for_each(|url| self.url(url));
                request
                    .query
                    .values()
                    .chain(request.headers.values())
                    .for_each(|t| self.template(t, &Use::Text));
                match &request.body {
                    Some(Body::Form(fields)) => fields.values().for_each(|t| self.template(t, &Use::Text)),
                    Some(Body::Json(fields)) => fields.values().for_each(|value| self.json(value)),
                    None => {}
                }
                match &request.auth {
                    Some(Auth::Basic(id, secret)) => {
                        [id, secret].into_iter().for_each(|t| self.template(t, &Use::Text))
                    }
                    Some(Auth::Bearer(token)) => self.template(token, &Use::Text),
                    Some(Auth::Client(client)) => {
                        client.templates().for_each(|t| self.template(t, &Use::Text))
                    }
                    None => {}
                }
            }
            Act::Browser(browser) => {
                self.url(&browser.open);
                browser.query.values().for_each(|t| self.template(t, &Use::Text));
            }
        }
        if let Some(show) = &active.show {
            show.url.iter().for_each(|t| self.template(t, &Use::Page));
            show.code.iter().for_each(|t| self.template(t, &Use::Code));
        }
        active.every.iter().for_each(|every| self.time(&every.time, Lasts::Pause));
        active.until.iter().for_each(|until| self.time(until, Lasts::Code));
    }

    fn json(&mut self, value: &JsonTemplate) {
        match value {
            JsonTemplate::Text(template) => self.template(template, &Use::Text),
            JsonTemplate::Literal(_) => {}
            JsonTemplate::Array(list) => list.iter().for_each(|item| self.json(item)),
            JsonTemplate::Object(fields) => fields.values().for_each(|item| self.json(item)),
        }
    }

    fn time(&mut self, time: &Time, lasts: Lasts) {
        if let TimeValue::Template(template, unit) = &time.value {
            self.template(template, &time_use(lasts, *unit));
        }
    }

    /// What is kept is read from every answer that leads to `success`, as what the stored value is read as.
    fn success(&mut self, success: &Success) {
        self.source(&success.access_token, &Use::Access);
        self.source(&success.refresh_token, &Use::Refresh);
        for (name, source) in
            [("access_token", &success.access_token), ("refresh_token", &success.refresh_token)]
                .into_iter()
                .chain(success.keep.iter().map(|(name, source)| (name.as_str(), source)))
        {
            let stored =
                self.fields.get("").and_then(|fields| fields.get([Step::Key(name.to_owned())].as_slice()));
            let used = stored.cloned().unwrap_or(Use::Text);
            self.source(source, &used);
        }
        // [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1) requires it.
        let token_type = success.token_type.clone().unwrap_or_else(|| "Bearer".to_owned());
        self.path(&[Step::Key("token_type".into())], &Use::Fixed(token_type));
        success.notice.iter().for_each(|notice| self.source(notice, &Use::Text));
        for time in &success.expires {
            match &time.value {
                TimeValue::Path(path, unit) => self.path(path.steps(), &time_use(Lasts::Token, *unit)),
                TimeValue::Template(template, unit) => {
                    self.template(template, &time_use(Lasts::Token, *unit))
                }
                TimeValue::Fixed(_) => {}
            }
        }
    }

    fn source(&mut self, source: &ValueSource, used: &Use) {
        match source {
            ValueSource::Path(path) => self.path(path.value.steps(), used),
            ValueSource::Template(template) => self.template(template, used),
        }
    }

    fn path(&mut self, path: &[Step], used: &Use) {
        let provider = self.provider;
        for state in provider.states.iter().filter(|state| leads_to_success(provider, state)) {
            self.note(&state.name, path, used.clone());
        }
    }
}

fn merge(a: Use, b: Use) -> Use {
    match (a, b) {
        (Use::Jwt(mut claims), Use::Jwt(more)) => {
            claims.extend(more);
            Use::Jwt(claims)
        }
        (a, b) => a.max(b),
    }
}

fn time_use(lasts: Lasts, unit: Unit) -> Use {
    Use::Time(
        lasts,
        match unit {
            Unit::Seconds => Read::Seconds,
            Unit::Milliseconds => Read::Milliseconds,
            Unit::Unix => Read::Unix,
            // A pause is no date.
            Unit::Auto if lasts == Lasts::Pause => Read::Seconds,
            Unit::UnixMilliseconds | Unit::Auto => Read::UnixMilliseconds,
            Unit::Iso => Read::Iso,
            Unit::Jwt => return Use::Jwt(Vec::new()),
        },
    )
}
