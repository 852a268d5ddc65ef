//! States: a request, a visit of the browser, or a final one.

use super::Lowering;
use super::code::NO_SINGLE_OUTCOME;
use super::names::Slot;
use super::site::Site;
use super::time::Place;
use crate::diagnostic::Diagnostic;
use crate::provider::{Act, Active, Auth, Back, Body, Browser, Client, Method, Request, Show, StateKind};
use crate::raw::provider::State as Raw;
use crate::raw::read::WRONG_TYPE;
use crate::raw::union::{OneOrMany, Urls};
use crate::template::Template;

/// The methods of a request, by the key that a file writes.
const METHODS: [(&str, Method); 4] =
    [("get", Method::Get), ("post", Method::Post), ("put", Method::Put), ("delete", Method::Delete)];

/// The keys that only `[states.success]` has.
const SUCCESS_KEYS: [&str; 8] =
    ["access_token", "refresh_token", "token_type", "expires", "keep", "notice", "refresh", "stored_at"];

/// The keys that only a request has.
const REQUEST_KEYS: [&str; 5] = ["headers", "form", "json", "auth", "read"];

/// The keys that only a browser state has.
const BROWSER_KEYS: [&str; 2] = ["listen", "paste"];

impl Lowering<'_> {
    pub(super) fn state(&mut self, name: &str, raw: &Raw, site: Site<'_>) -> StateKind {
        match name {
            "success" => {
                let others: Vec<&str> = site.keys().filter(|key| !SUCCESS_KEYS.contains(key)).collect();
                self.no_place(&others, site, "`success` is final: it sends nothing and has no rules");
                let span = self.site.key("states").name(name);
                StateKind::Success(Box::new(self.success(raw, span, site)))
            }
            "done" | "error" | "timeout" => {
                let keys: Vec<&str> = site.keys().collect();
                self.no_place(&keys, site, "this final state has no keys, and needs no table");
                match name {
                    "done" => StateKind::Done,
                    "error" => StateKind::Error,
                    _ => StateKind::Timeout,
                }
            }
            _ => StateKind::Active(Box::new(self.active(name, raw, site))),
        }
    }

    /// Keys that are known, but not in a state of this form.
    fn no_place(&mut self, keys: &[&str], site: Site<'_>, help: &str) {
        for key in keys.iter().filter(|key| site.has(key)) {
            let message = format!("`{key}` has no place in this state");
            self.push(Diagnostic::new(&NO_SINGLE_OUTCOME, site.name(key), message).help(help));
        }
    }

    fn active(&mut self, name: &str, raw: &Raw, site: Site<'_>) -> Active {
        self.no_place(&SUCCESS_KEYS, site, "it belongs in `[states.success]`");
        Active {
            act: self.act(name, raw, site),
            show: raw.show.as_ref().map(|show| self.show(show, site.key("show"))),
            every: raw.every.as_ref().and_then(|every| self.every(every, site.key("every"))),
            until: raw.until.as_ref().and_then(|until| self.time(until, site.key("until"), Place::Active)),
            on: self.rules(name, raw.on.as_deref().unwrap_or_default(), site.key("on")),
        }
    }

    fn act(&mut self, name: &str, raw: &Raw, site: Site<'_>) -> Act {
        let urls = [&raw.get, &raw.post, &raw.put, &raw.delete];
        let requests: Vec<(&str, Method, &Urls)> = METHODS
            .iter()
            .zip(urls)
            .filter_map(|((key, method), url)| url.as_ref().map(|url| (*key, *method, url)))
            .collect();
        let written = requests.iter().map(|(key, ..)| *key).chain(raw.open.as_ref().map(|_| "open"));
        let written: Vec<&str> = written.collect();
        if let [first, .., second] = written.as_slice() {
            self.push(
                Diagnostic::new(
                    &NO_SINGLE_OUTCOME,
                    site.name(second),
                    format!("a state with both `{first}` and `{second}`"),
                )
                .also(site.name(first), "the other")
                .help("a state is one request: write two states, and a rule from one to the other"),
            );
        }
        match (requests.first(), &raw.open) {
            (Some((key, method, url)), _) => {
                self.no_place(&BROWSER_KEYS, site, "it belongs beside `open`");
                let urls = self.urls(url, site.key(key));
                self.next_of(&urls, raw, site);
                Act::Request(Box::new(self.request(raw, *method, urls, site)))
            }
            (None, Some(open)) => Act::Browser(self.browser(raw, open, site)),
            (None, None) => {
                if !self.is_gone(&["get", "post", "put", "delete", "open"]) {
                    let span = self.site.key("states").name(name);
                    self.push(
                        Diagnostic::new(&NO_SINGLE_OUTCOME, span, format!("state `{name}` does nothing"))
                            .help("write one of `get`, `post`, `put`, `delete` and `open`"),
                    );
                }
                let urls = vec![Template::literal("", site.span())];
                Act::Request(Box::new(self.request(raw, Method::Get, urls, site)))
            }
        }
    }

    /// The URLs of a request; at least one.
    fn urls(&mut self, raw: &Urls, site: Site<'_>) -> Vec<Template> {
        match &raw.0 {
            OneOrMany::One(url) => vec![self.url(url, site, Slot::State)],
            OneOrMany::Many(urls) if urls.is_empty() => {
                let finding = Diagnostic::new(&WRONG_TYPE, site.span(), "an empty list of URLs");
                self.push(finding.help("write the URL of the request"));
                vec![Template::literal("", site.span())]
            }
            OneOrMany::Many(urls) => {
                let places = urls.iter().enumerate().map(|(i, url)| (url, site.item(i, urls.len())));
                places.map(|(url, site)| self.url(url, site, Slot::State)).collect()
            }
        }
    }

    /// A list of URLs and a rule with `next` need each other.
    fn next_of(&mut self, urls: &[Template], raw: &Raw, site: Site<'_>) {
        let rules = raw.on.as_deref().unwrap_or_default();
        let next = rules.iter().position(|rule| rule.next);
        match (urls, next) {
            ([_], Some(at)) => {
                let rule = site.key("on").item(at, rules.len());
                self.push(
                    Diagnostic::new(&NO_SINGLE_OUTCOME, rule.name("next"), "`next` where there is one URL")
                        .help("write a list of URLs, or take `next` out"),
                );
            }
            ([_, second, ..], None) => {
                self.push(
                    Diagnostic::new(&NO_SINGLE_OUTCOME, second.span, "no rule leads to the next URL")
                        .help("write `next = true` in the rule that takes what is no answer"),
                );
            }
            _ => {}
        }
    }

    fn request(&mut self, raw: &Raw, method: Method, mut urls: Vec<Template>, site: Site<'_>) -> Request {
        let others = urls.split_off(1);
        Request {
            method,
            url: urls.swap_remove(0),
            others,
            read: raw.read.unwrap_or_default(),
            query: self.templates(&raw.query, site.key("query"), Slot::State),
            headers: self.headers(&raw.headers, site, Slot::State),
            body: self.body_of(raw, site),
            auth: raw.auth.as_ref().and_then(|auth| self.auth(auth, site.key("auth"), Slot::State)),
        }
    }

    fn body_of(&mut self, raw: &Raw, site: Site<'_>) -> Option<Body> {
        if raw.auth.as_ref().is_some_and(|auth| auth.client.is_some()) && raw.form.is_none() {
            self.push(
                Diagnostic::new(&NO_SINGLE_OUTCOME, site.name("auth"), "`auth.client` without a form")
                    .help("the client's id may have to stand in the body: write `form.grant_type = \"…\"`"),
            );
        }
        let form = raw.form.as_ref().map(|form| self.templates(form, site.key("form"), Slot::State));
        let json = raw.json.as_ref().map(|json| {
            let site = site.key("json");
            json.iter().map(|(key, value)| (key.clone(), self.json(value, site.key(key)))).collect()
        });
        if form.is_some() && json.is_some() {
            self.push(
                Diagnostic::new(
                    &NO_SINGLE_OUTCOME,
                    site.name("json"),
                    "a request with both `form` and `json`",
                )
                .also(site.name("form"), "the other")
                .help("a request has one body"),
            );
        }
        let key = if form.is_some() { "form" } else { "json" };
        let is_get = raw.get.is_some() && raw.post.is_none() && raw.put.is_none() && raw.delete.is_none();
        if is_get && (form.is_some() || json.is_some()) {
            let message = format!("a `get` with `{key}`: it has no body");
            self.push(
                Diagnostic::new(&NO_SINGLE_OUTCOME, site.name(key), message)
                    .also(site.name("get"), "the request")
                    .help("write `post` in the place of `get`, or send the fields as `query`"),
            );
        }
        form.map(Body::Form).or(json.map(Body::Json))
    }

    pub(super) fn auth(
        &mut self,
        raw: &crate::raw::provider::Auth,
        site: Site<'_>,
        slot: Slot,
    ) -> Option<Auth> {
        match (&raw.basic, &raw.bearer, &raw.client) {
            (Some([id, secret]), None, None) => {
                let pair = site.key("basic");
                let id = self.template(id, pair.item(0, 2), slot);
                Some(Auth::Basic(id, self.template(secret, pair.item(1, 2), slot)))
            }
            (None, Some(token), None) => Some(Auth::Bearer(self.template(token, site.key("bearer"), slot))),
            (None, None, Some(client)) => {
                let site = site.key("client");
                Some(Auth::Client(Box::new(Client {
                    id: self.template(&client.id, site.key("id"), slot),
                    secret: self.optional(client.secret.as_ref(), site.key("secret"), slot),
                    assertion: self.optional(client.assertion.as_ref(), site.key("assertion"), slot),
                    methods: self.optional(client.methods.as_ref(), site.key("methods"), slot),
                })))
            }
            _ => {
                self.push(
                    Diagnostic::new(&NO_SINGLE_OUTCOME, site.span(), "`auth` is exactly one of `basic`, `bearer` and `client`")
                        .help("write `auth = { basic = [id, secret] }` or `auth = { bearer = \"{{token.access_token}}\" }`"),
                );
                None
            }
        }
    }

    fn browser(&mut self, raw: &Raw, open: &str, site: Site<'_>) -> Browser {
        self.no_place(&REQUEST_KEYS, site, "a browser is sent to a URL: it takes `query`");
        let back = match (&raw.listen, raw.paste.unwrap_or_default()) {
            (Some(listen), false) => Back::Listen(self.listeners(listen, site.key("listen"))),
            (None, true) => Back::Paste,
            (listen, _) => {
                let message = if listen.is_some() {
                    "both `listen` and `paste`"
                } else {
                    "neither `listen` nor `paste`"
                };
                self.push(
                    Diagnostic::new(&NO_SINGLE_OUTCOME, site.name("open"), format!("a browser state with {message}"))
                        .help("write `listen = \"http://127.0.0.1:0/callback\"`; where no browser is at hand the pasted URL is taken all the same"),
                );
                match listen {
                    Some(listen) => Back::Listen(self.listeners(listen, site.key("listen"))),
                    None => Back::Paste,
                }
            }
        };
        Browser {
            open: self.url(open, site.key("open"), Slot::State),
            query: self.templates(&raw.query, site.key("query"), Slot::State),
            back,
        }
    }

    fn show(&mut self, raw: &crate::raw::provider::Show, site: Site<'_>) -> Show {
        Show {
            url: self.optional(raw.url.as_ref(), site.key("url"), Slot::State),
            code: self.optional(raw.code.as_ref(), site.key("code"), Slot::State),
            moves: raw.moves.clone(),
        }
    }
}
