//! Every template of a provider, and where in the file it stands.

use super::{Act, Auth, Back, Body, JsonTemplate, Provider, State, StateKind, Success, ValueSource};
use crate::condition::{Condition, Operand};
use crate::template::Template;
use crate::time::{Time, TimeValue};

/// What a template is the value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<'a> {
    /// The URL of a request.
    Url,
    /// The URL that a browser opens.
    Open,
    /// A parameter of the URL, by its name.
    Query(&'a str),
    /// A header, by its name.
    Header(&'a str),
    /// A field of a form, by its name.
    Form(&'a str),
    /// A string in a JSON body, by the nearest key.
    Json(&'a str),
    /// The id of `auth.basic`.
    BasicId,
    /// The secret of `auth.basic`.
    BasicSecret,
    /// `auth.bearer`.
    Bearer,
    /// The path of a listener.
    ListenPath,
    /// `show.url`.
    ShowUrl,
    /// `show.code`.
    ShowCode,
    /// `every`.
    Every,
    /// `until`.
    Until,
    /// What a condition compares with.
    Operand,
    /// What a condition asks that is known already.
    Known,
    /// `auth.client.methods`.
    ClientMethods,
    /// `access_token` of `success`.
    AccessToken,
    /// `refresh_token` of `success`.
    RefreshToken,
    /// `expires` of `success`.
    Expires,
    /// `keep` of `success`, by the key.
    Keep(&'a str),
    /// `notice` of `success`.
    Notice,
    /// `base_url` of `[api]` or of a model, and the URL of the list of models.
    BaseUrl,
    /// A header of `[api]`, by its name.
    ApiHeader(&'a str),
    /// A text of `[errors]`, by the code.
    ErrorText(&'a str),
}

/// A template and what it is the value of.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// What it is the value of.
    pub spot: Spot<'a>,
    /// The template.
    pub template: &'a Template,
    /// Whether a name in it without a value is an error; else the value is then not present, or a default is taken.
    pub required: bool,
}

fn placed<'a>(spot: Spot<'a>, template: &'a Template) -> Placed<'a> {
    Placed { spot, template, required: true }
}

impl State {
    /// Every template of the state, in the order in which a run meets them.
    pub fn templates(&self) -> Vec<Placed<'_>> {
        let mut all = Vec::new();
        match &self.kind {
            StateKind::Active(active) => {
                act(&active.act, &mut all);
                if let Some(show) = &active.show {
                    all.extend(show.url.iter().map(|url| placed(Spot::ShowUrl, url)));
                    all.extend(show.code.iter().map(|code| placed(Spot::ShowCode, code)));
                }
                all.extend(active.every.as_ref().and_then(|every| time(Spot::Every, &every.time)));
                all.extend(active.until.as_ref().and_then(|until| time(Spot::Until, until)));
                let conditions = active.on.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless));
                for condition in conditions {
                    all.extend(operands(condition).map(|operand| placed(Spot::Operand, operand)));
                    let known = condition.terms.iter().filter_map(|term| term.test.known());
                    // Whether it has a value is what is asked.
                    all.extend(
                        known.map(|template| Placed { required: false, ..placed(Spot::Known, template) }),
                    );
                }
            }
            StateKind::Success(success) => success_templates(success, &mut all),
            StateKind::Done | StateKind::Error | StateKind::Timeout => {}
        }
        all
    }
}

impl Provider {
    /// The templates of `[api]` and of models.
    pub fn api_templates(&self) -> Vec<Placed<'_>> {
        let urls = self.api_urls().map(|url| placed(Spot::BaseUrl, url));
        let headers = self.api.headers.iter().map(|(name, value)| placed(Spot::ApiHeader(name), value));
        urls.chain(auth(self.api.auth.as_ref())).chain(headers).collect()
    }

    /// The templates of `[errors]`; a name without a value makes the standard text stand.
    pub fn error_templates(&self) -> Vec<Placed<'_>> {
        let texts = self.errors.iter().flat_map(|(code, error)| {
            error.text.iter().chain(&error.help).map(move |text| (Spot::ErrorText(code), text))
        });
        texts.map(|(spot, template)| Placed { spot, template, required: false }).collect()
    }
}

fn auth(auth: Option<&Auth>) -> Vec<Placed<'_>> {
    match auth {
        Some(Auth::Basic(id, secret)) => vec![placed(Spot::BasicId, id), placed(Spot::BasicSecret, secret)],
        Some(Auth::Bearer(token)) => vec![placed(Spot::Bearer, token)],
        Some(Auth::Client(client)) => {
            let mut all = vec![placed(Spot::BasicId, &client.id)];
            let optional = |spot, template| Placed { required: false, ..placed(spot, template) };
            let secrets = client.secret.iter().chain(&client.assertion);
            all.extend(secrets.map(|secret| optional(Spot::BasicSecret, secret)));
            all.extend(client.methods.iter().map(|methods| optional(Spot::ClientMethods, methods)));
            all
        }
        None => Vec::new(),
    }
}

fn act<'a>(act: &'a Act, all: &mut Vec<Placed<'a>>) {
    match act {
        Act::Request(request) => {
            // Of a list, one without its values is passed over, but the last is asked if none was.
            let last = request.urls().count() - 1;
            let urls = request.urls().enumerate();
            all.extend(urls.map(|(i, url)| Placed { required: i == last, ..placed(Spot::Url, url) }));
            all.extend(request.query.iter().map(|(name, value)| placed(Spot::Query(name), value)));
            all.extend(request.headers.iter().map(|(name, value)| placed(Spot::Header(name), value)));
            match &request.body {
                Some(Body::Form(form)) => {
                    all.extend(form.iter().map(|(name, value)| placed(Spot::Form(name), value)));
                }
                Some(Body::Json(entries)) => entries.iter().for_each(|(key, value)| json(key, value, all)),
                None => {}
            }
            all.extend(auth(request.auth.as_ref()));
        }
        Act::Browser(browser) => {
            if let Back::Listen(listeners) = &browser.back {
                all.extend(listeners.iter().map(|listen| placed(Spot::ListenPath, &listen.path)));
            }
            all.push(placed(Spot::Open, &browser.open));
            all.extend(browser.query.iter().map(|(name, value)| placed(Spot::Query(name), value)));
        }
    }
}

fn json<'a>(key: &'a str, value: &'a JsonTemplate, all: &mut Vec<Placed<'a>>) {
    match value {
        JsonTemplate::Text(template) => all.push(placed(Spot::Json(key), template)),
        JsonTemplate::Literal(_) => {}
        JsonTemplate::Array(items) => items.iter().for_each(|item| json(key, item, all)),
        JsonTemplate::Object(entries) => entries.iter().for_each(|(key, item)| json(key, item, all)),
    }
}

fn time<'a>(spot: Spot<'a>, time: &'a Time) -> Option<Placed<'a>> {
    match &time.value {
        TimeValue::Template(template, _) => Some(Placed { spot, template, required: time.default.is_none() }),
        TimeValue::Fixed(_) | TimeValue::Path(..) => None,
    }
}

fn operands(condition: &Condition) -> impl Iterator<Item = &Template> {
    condition.terms.iter().flat_map(|term| term.test.operands()).filter_map(|operand| match operand {
        Operand::Template(template) => Some(template),
        Operand::Literal(_) => None,
    })
}

fn success_templates<'a>(success: &'a Success, all: &mut Vec<Placed<'a>>) {
    let optional = |spot, source: &'a ValueSource| match source {
        ValueSource::Template(template) => Some(Placed { spot, template, required: false }),
        ValueSource::Path(_) => None,
    };
    let token = optional(Spot::AccessToken, &success.access_token);
    all.extend(token.map(|token| Placed { required: true, ..token }));
    all.extend(optional(Spot::RefreshToken, &success.refresh_token));
    let expires = success.expires.iter().filter_map(|expires| time(Spot::Expires, expires));
    all.extend(expires.map(|placed| Placed { required: false, ..placed }));
    all.extend(success.keep.iter().filter_map(|(key, source)| optional(Spot::Keep(key), source)));
    all.extend(success.notice.as_ref().and_then(|notice| optional(Spot::Notice, notice)));
}
